# SPDX-License-Identifier: Apache-2.0
"""What pictures are made from: fonts, photographs and word lists of the Debian packages in ../packages.tsv (with their
purpose and licence); or copies of them, on a machine that has no such packages (../gather_materials.py)."""

import subprocess
from pathlib import Path

from mistakes import Mistake

PACKAGES = Path(__file__).resolve().parent.parent / "packages.tsv"
DICTIONARIES = Path("/usr/share/dict")


def read_packages(path=PACKAGES):
    """[(package, purpose)], in the order of the file."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
        rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
        return [(row[0], row[1]) for row in rows]
    except (OSError, ValueError, IndexError) as error:
        raise Mistake(f"{path} is no table of packages (package, purpose, licence; tab-separated): give one like "
                      f"{PACKAGES} ({error})") from error


class Materials:
    """The files of the packages of a table: the installed ones or, if folders "files" and "dict" lie beside the table,
    those in there: files/PACKAGE/... and dict/LIST."""

    def __init__(self, table=PACKAGES):
        self.packages = read_packages(table)
        folder = Path(table).resolve().parent
        self._copies = folder / "files" if (folder / "files").is_dir() else None
        self.dictionaries = folder / "dict" if self._copies else DICTIONARIES

    def list_files(self, package, suffixes):
        """The package's files with one of these suffixes, sorted; none if it is not there."""
        if self._copies:
            lines = [str(path) for path in (self._copies / package).rglob("*")]
        else:
            lines = subprocess.run(["dpkg", "-L", package], capture_output=True, text=True,
                                   check=False).stdout.splitlines()
        return sorted(line for line in lines if line.lower().endswith(suffixes))
