# SPDX-License-Identifier: Apache-2.0
"""The number of a picture -> picture and text: texts, typeface, lettering, ink, viewpoint, camera, in this order."""

import copy

import numpy as np
from PIL import Image

from .backgrounds import Backgrounds
from .camera import photograph
from .dice import Dice
from .ink import paint_sign
from .lettering import letter_line
from .packages import PACKAGES, Materials
from .texts import Texts
from .typefaces import TypeCase, load_typefaces
from .viewpoint import look_at

SIZE = 42  # of the font, pixels
DISPLAY_STYLES = ("segment", "dotmatrix")
DISPLAY_KINDS = {"number": 6, "price": 2, "date": 1, "time": 4, "word": 4}
SEGMENT_KINDS = {"number": 6, "price": 2, "time": 4, "date": 1}
NEIGHBOUR_CHANCE = 0.4
BLANK = 3.0  # standard deviation of a picture whose word is lost: all white in the light, black on black
EASE = 0.7  # exponent: below 1, more hard pictures than easy ones


class Renderer:
    """Picture n of a seed: always the same, in any process, with the same packages and libraries installed.

    `difficulty` is that of the hardest pictures, 1 or a little more: each draws its own below it, which scales the
    chances of everything that makes a word hard to read. `longest` limits its characters.
    """

    def __init__(self, seed, height=32, width=100, packages=PACKAGES, cache=None):
        """`packages`: the table of Debian packages (see Materials); `cache`: a file that keeps what was found out about
        the fonts."""
        self._seed, self._height, self._width = seed, height, width
        materials = Materials(packages)
        self._texts = Texts(materials.dictionaries)
        self.typefaces = load_typefaces(materials, cache)
        self._type_case = TypeCase(self.typefaces)
        self._backgrounds = Backgrounds(materials)

    def with_seed(self, seed):
        """A Renderer of other pictures, that shares fonts, words and photographs with this one."""
        other = copy.copy(self)
        other._seed = seed
        return other

    def _text(self, dice, typeface, longest):
        """A text that the typeface can write, or None."""
        kinds = None
        if typeface.style in DISPLAY_STYLES:
            kinds = SEGMENT_KINDS if typeface.style == "segment" else DISPLAY_KINDS
        for _ in range(6):
            text = self._texts.draw(dice, longest, kinds)
            if not typeface.has_lowercase:
                text = text.upper()
            if typeface.can_write(text):
                return text
        return None

    def _lettering(self, dice, longest, difficulty):
        """(Lettering, text), of the first typeface drawn that can do it."""
        while True:
            typeface = self._type_case.draw(dice)
            text = self._text(dice, typeface, longest)
            if text is None:
                continue
            neighbours = []
            if dice.chance(NEIGHBOUR_CHANCE * difficulty):
                neighbours = [self._text(dice, typeface, longest) or text for _ in range(dice.integer(1, 3))]
            lettering = letter_line(dice, self._type_case.font(typeface, SIZE), SIZE, text, neighbours, difficulty)
            if lettering is not None:
                return lettering, text

    def draw_photograph(self, number, difficulty=1.0, longest=25):
        """(uint8 [h, w] as the camera gave it, text)."""
        dice = Dice(self._seed, number)
        difficulty *= dice.uniform(0, 1) ** EASE
        while True:
            lettering, text = self._lettering(dice, longest, difficulty)
            background = self._backgrounds.draw(dice, *lettering.mask.shape, difficulty)
            sign = paint_sign(dice, lettering, background, difficulty)
            picture = photograph(dice, look_at(dice, sign, lettering, difficulty), difficulty)
            if picture.std() > BLANK:
                return picture, text

    def draw(self, number, difficulty=1.0, longest=25, width=None):
        """(uint8 [height, width], text): resized as the C library does it, by Pillow's bicubic filter."""
        picture, text = self.draw_photograph(number, difficulty, longest)
        size = width or self._width, self._height
        return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC)), text
