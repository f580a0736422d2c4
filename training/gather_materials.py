# SPDX-License-Identifier: Apache-2.0
"""Copies fonts, photographs and word lists from the installed packages into a folder, for a machine that has none.

    usage: gather_materials.py FOLDER [--megabytes 45]       then: train.py --packages FOLDER/packages.tsv ...

FOLDER, which must be new or empty, then holds packages.tsv, files/PACKAGE/..., dict/... . Photographs are copied as the
renderer keeps them, small and grey; word lists without the words that are not used; of each font the characters that
are written (fontTools), the drawings unchanged, and of the fonts as many as fit: package after package gives its
smallest file, then its next, until the room is used up. The licences are those of the packages (packages.tsv): the
folder is a working copy, not something to publish.
"""

import argparse
import gzip
import io
import shutil
from itertools import zip_longest
from pathlib import Path

import cv2
from fontTools import subset
from fontTools.ttLib import TTLibError

from mistakes import Mistake, number, said_in_one_sentence
from render.backgrounds import load_photographs
from render.packages import PACKAGES, Materials
from render.texts import ALPHABET, TIERS, read_words
from render.typefaces import load_typefaces


def copy_dictionaries(materials, folder):
    folder.mkdir(parents=True)
    for name in {name for tier in TIERS for name in tier}:
        words = "".join(f"{word}\n" for word in sorted(read_words(materials.dictionaries / name)))
        if words:
            opened = gzip.open if name.endswith(".gz") else open
            with opened(folder / name, "wt", encoding="utf-8") as out:
                out.write(words)


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


def shrink_font(path):
    """(bytes, suffix): a font of ALPHABET alone, hinting and kerning included; what fontTools does not read, whole."""
    options = subset.Options(hinting=True, legacy_kern=True, layout_features=[], notdef_outline=True,
                             recalc_bounds=False, ignore_missing_unicodes=True, name_IDs=[1, 2])
    options.font_number = 0 if path.suffix == ".ttc" else -1
    options.drop_tables += ["FFTM", "PfEd", "TeX ", "BDF ", "DSIG"]
    try:
        font = subset.load_font(path, options)
        worker = subset.Subsetter(options)
        worker.populate(text=ALPHABET)
        worker.subset(font)
        out = io.BytesIO()
        font.save(out)
    except (TTLibError, subset.Subsetter.SubsettingError, AssertionError, AttributeError, KeyError):
        return path.read_bytes(), path.suffix
    return out.getvalue(), ".ttf" if path.suffix == ".ttc" else path.suffix


def copy_fonts(typefaces, folder, n_bytes):
    """Returns how many."""
    n_copied = 0
    for package, path in order_fonts(typefaces):
        font, suffix = shrink_font(path)
        if len(font) > n_bytes:
            continue
        n_bytes -= len(font)
        (folder / package).mkdir(parents=True, exist_ok=True)
        (folder / package / f"{path.stem}.{n_copied}{suffix}").write_bytes(font)
        n_copied += 1
    return n_copied


def size_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--megabytes", type=number(0), default=45)
    parser.add_argument("--packages", type=Path, default=PACKAGES)
    options = parser.parse_args(arguments)
    if options.folder.exists() and (not options.folder.is_dir() or any(options.folder.iterdir())):
        raise Mistake(f"{options.folder} is there and not an empty folder: name a new one")
    materials = Materials(options.packages)
    typefaces = load_typefaces(materials)
    copy_dictionaries(materials, options.folder / "dict")
    copy_photographs(materials, options.folder / "files")
    n_fonts = copy_fonts(typefaces, options.folder / "files", options.megabytes * 1e6 - size_of(options.folder))
    if n_fonts == 0:
        raise Mistake(f"no font fits into {options.megabytes:g} MB, of which words and photographs take "
                      f"{size_of(options.folder) / 1e6:.1f}: remove {options.folder} and give more --megabytes")
    shutil.copyfile(options.packages, options.folder / "packages.tsv")
    print(f"{options.folder}: {n_fonts} fonts, {size_of(options.folder) / 1e6:.0f} MB")


if __name__ == "__main__":
    with said_in_one_sentence():
        main()
