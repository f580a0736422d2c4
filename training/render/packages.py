# SPDX-License-Identifier: Apache-2.0
"""The Debian packages that pictures are made from: ../packages.tsv lists them with their purpose and licence."""

import subprocess
from pathlib import Path

PACKAGES = Path(__file__).resolve().parent.parent / "packages.tsv"


def read_packages(path=PACKAGES):
    """[(package, purpose)], in the order of the file."""
    rows = [line.split("\t") for line in Path(path).read_text(encoding="utf-8").splitlines()
            if line and not line.startswith("#")]
    return [(row[0], row[1]) for row in rows]


def list_files(package, suffixes):
    """The package's files with one of these suffixes, sorted; none if it is not installed."""
    listing = subprocess.run(["dpkg", "-L", package], capture_output=True, text=True, check=False)
    return sorted(line for line in listing.stdout.splitlines() if line.lower().endswith(suffixes))
