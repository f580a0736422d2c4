# SPDX-License-Identifier: Apache-2.0
"""Copies fonts, photographs and word lists from the installed packages into a folder, for a machine that has none.

    usage: gather_materials.py FOLDER [--megabytes 45]       then: train.py --packages FOLDER/packages.tsv ...

FOLDER then holds packages.tsv, files/PACKAGE/..., dict/... . Photographs are copied as the renderer keeps them, small
and grey; of the fonts, as many as fit: package after package gives its smallest file, then its next, until the room is
used up. The licences are those of the packages (packages.tsv): the folder is a working copy, not something to publish.
"""

import argparse
import shutil
from itertools import zip_longest
from pathlib import Path

import cv2

from render.backgrounds import load_photographs
from render.packages import PACKAGES, Materials
from render.texts import TIERS
from render.typefaces import load_typefaces


def copy_dictionaries(materials, folder):
    folder.mkdir(parents=True)
    for name in {name for tier in TIERS for name in tier}:
        if (materials.dictionaries / name).exists():
            shutil.copyfile(materials.dictionaries / name, folder / name)


def copy_photographs(materials, folder):
    """JPEG, in the package's folder of those that are called photographs; any one will do."""
    package = next((package for package, purpose in materials.packages if purpose == "photographs"), None)
    if package is None:
        return
    (folder / package).mkdir(parents=True)
    for number, picture in enumerate(load_photographs(materials)):
        # The renderer will halve it once more when it reads it.
        twice = cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / package / f"{number:04}.jpg"), twice, [cv2.IMWRITE_JPEG_QUALITY, 80])


def order_fonts(typefaces):
    """Paths with their packages: the smallest of every package, then the second of every package, ..."""
    shelves = {}
    for typeface in sorted(typefaces, key=lambda face: Path(face.path).stat().st_size):
        shelves.setdefault(typeface.package, []).append((typeface.package, Path(typeface.path)))
    return [font for row in zip_longest(*shelves.values()) for font in row if font]


def copy_fonts(materials, folder, n_bytes):
    """Returns how many."""
    n_copied = 0
    for package, path in order_fonts(load_typefaces(materials)):
        size = path.stat().st_size
        if size > n_bytes:
            continue
        n_bytes -= size
        n_copied += 1
        (folder / package).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / package / path.name)
    return n_copied


def size_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--megabytes", type=float, default=45)
    parser.add_argument("--packages", type=Path, default=PACKAGES)
    options = parser.parse_args(arguments)
    materials = Materials(options.packages)
    copy_dictionaries(materials, options.folder / "dict")
    copy_photographs(materials, options.folder / "files")
    n_fonts = copy_fonts(materials, options.folder / "files", options.megabytes * 1e6 - size_of(options.folder))
    shutil.copyfile(options.packages, options.folder / "packages.tsv")
    print(f"{options.folder}: {n_fonts} fonts, {size_of(options.folder) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
