# SPDX-License-Identifier: Apache-2.0
"""What is written with: the fonts of the packages of ../packages.tsv, as far as they draw letters one can tell apart.

A font is looked at once: which of the 94 characters it has, and whether it has small letters
(then only capitals are written with it). The result is kept in a file, for that takes seconds.
"""

import json
import os
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import ImageFont

from mistakes import Mistake

from .texts import ALPHABET

# How often a style is drawn. "segment" and "dotmatrix" are displays: they mostly show numbers.
STYLES = {"sans": 38, "serif": 19, "display": 16, "handwriting": 9, "condensed": 7, "monospace": 7, "segment": 1,
          "dotmatrix": 3}
UNREADABLE = Path(__file__).resolve().parent / "words" / "unreadable_fonts.txt"
SUFFIXES = (".ttf", ".otf", ".t1", ".pfb", ".ttc")
SEGMENT_CHARACTERS = "0123456789.:-"  # the letters of seven segments are riddles
MISSING = "\uffff"
LOOKED_AT_SIZE = 32
LEAST_CHARACTERS = 36


@dataclass(frozen=True)
class Typeface:
    path: str
    package: str
    style: str
    characters: str      # those of ALPHABET that it has
    has_lowercase: bool

    def can_write(self, text):
        return all(letter in self.characters for letter in text)


def draw_character(font, letter):
    """uint8 [h, w], or None if there is no ink."""
    mask = font.getmask(letter)
    box = mask.getbbox()
    if box is None:
        return None
    return np.array(mask, np.uint8).reshape(mask.size[1], mask.size[0])[box[1]:box[3], box[0]:box[2]]


def has_small_letters(font):
    """False for capitals in disguise: then a "d" is no taller than an "a", and a "p" goes no deeper."""
    _, a_top, _, a_bottom = font.getbbox("a", anchor="ls")
    d_top, p_bottom = font.getbbox("d", anchor="ls")[1], font.getbbox("p", anchor="ls")[3]
    least = 0.1 * (a_bottom - a_top)
    return a_top - d_top > least and p_bottom - a_bottom > least


def describe(path, package, style):
    """The Typeface, or None if the file is no use: not scalable, too few characters, the same drawing for several."""
    try:
        font = ImageFont.truetype(path, LOOKED_AT_SIZE, layout_engine=ImageFont.Layout.BASIC)
        missing = draw_character(font, MISSING)
        drawings = {letter: draw_character(font, letter) for letter in ALPHABET}
    except (OSError, ValueError):
        return None
    absent = missing.tobytes() if missing is not None else b""
    drawings = {letter: drawing for letter, drawing in drawings.items()
                if drawing is not None and drawing.tobytes() != absent and min(drawing.shape) > 0}
    if style == "segment":
        characters = "".join(letter for letter in SEGMENT_CHARACTERS if letter in drawings)
        return Typeface(path, package, style, characters, False) if "8" in characters else None
    distinct = {drawing.shape + (drawing.tobytes(),) for drawing in drawings.values()}
    if len(drawings) < LEAST_CHARACTERS or len(distinct) < 0.6 * len(drawings) or "E" not in drawings:
        return None
    return Typeface(path, package, style, "".join(drawings), "a" in drawings and has_small_letters(font))


def is_condensed(path):
    return any(word in Path(path).name.lower() for word in ("cond", "narrow", "compressed"))


def read_unreadable():
    lines = UNREADABLE.read_text(encoding="utf-8").splitlines()
    return {name for line in lines if not line.startswith("#") for name in line.split()}


def list_candidates(materials):
    """[(path, package, style)] of everything readable that the packages bring."""
    unreadable = read_unreadable()
    fonts = [(package, purpose) for package, purpose in materials.packages if purpose in STYLES]
    return [(path, package, "condensed" if style in ("sans", "serif") and is_condensed(path) else style)
            for package, style in fonts for path in materials.list_files(package, SUFFIXES)
            if Path(path).stem not in unreadable]


def load_typefaces(materials, cache=None):
    """The usable fonts, one at least; `cache`, a path, keeps what was found out about them."""
    candidates = list_candidates(materials)
    key = [list(candidate) for candidate in candidates]
    if cache and Path(cache).exists():
        try:
            kept = json.loads(Path(cache).read_text(encoding="utf-8"))
            if kept["candidates"] == key:
                return [Typeface(**fields) for fields in kept["typefaces"]]
        except (ValueError, LookupError, TypeError) as error:
            raise Mistake(f"{cache} is not what was found out about fonts: remove it, or name another file") from error
    typefaces = [typeface for typeface in (describe(*candidate) for candidate in candidates) if typeface]
    if not typefaces:
        raise Mistake("no usable font: install the packages of training/packages.tsv (make train-packages), or give "
                      "--packages")
    if cache:
        fields = {"candidates": key, "typefaces": [asdict(typeface) for typeface in typefaces]}
        partial = Path(f"{cache}.{os.getpid()}")  # processes that learn together begin together
        partial.write_text(json.dumps(fields), encoding="utf-8")
        partial.replace(cache)
    return typefaces


class TypeCase:
    """Draws a typeface: style first, then package (a large one more often, but not in proportion), then file."""

    def __init__(self, typefaces):
        self._shelves = defaultdict(lambda: defaultdict(list))
        for typeface in typefaces:
            self._shelves[typeface.style][typeface.package].append(typeface)
        self._styles = {style: weight for style, weight in STYLES.items() if style in self._shelves}
        self._packages = {style: {package: len(faces) ** 0.5 for package, faces in shelf.items()}
                          for style, shelf in self._shelves.items()}
        self._fonts = {}

    def draw(self, dice):
        style = dice.weighted(self._styles)
        return dice.choice(self._shelves[style][dice.weighted(self._packages[style])])

    def font(self, typeface, size):
        """FreeType's object, kept: opening one costs more than a word."""
        key = typeface.path, size
        if key not in self._fonts:
            self._fonts[key] = ImageFont.truetype(typeface.path, size, layout_engine=ImageFont.Layout.BASIC)
        return self._fonts[key]
