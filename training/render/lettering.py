# SPDX-License-Identifier: Apache-2.0
"""Text -> mask: a line of letters in one font, with room around it where fragments of its neighbours may stand."""

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw

MARGIN = 0.5             # room round the line, in font sizes
WIDEST = 900             # pixels: longer lines are squeezed
LEAST_HEIGHT = 0.3       # of the font size: a hyphen's crop is no flatter than this


@dataclass(frozen=True)
class Lettering:
    mask: np.ndarray  # uint8 [h, w]: 255 where there is ink
    box: tuple        # left, top, right, bottom of the word in it, pixels
    size: int         # of the font, pixels


def cut_pieces(dice, font, size, text):
    """[(text, font)]: one piece, or capitals with a larger first letter, as sign painters like it."""
    if len(text) < 3 or not text.isupper() or not dice.chance(0.1):
        return [(text, font)]
    return [(text[0], font.font_variant(size=round(size * dice.uniform(1.15, 1.6)))), (text[1:], font)]


def measure(pieces, stroke):
    """(ink box, advance) of the pieces drawn from (0, 0), the left end of the baseline."""
    boxes, x = [], 0.0
    for text, font in pieces:
        left, top, right, bottom = font.getbbox(text, anchor="ls", stroke_width=stroke)
        boxes.append((x + left, top, x + right, bottom))
        x += font.getlength(text)
    lefts, tops, rights, bottoms = zip(*boxes)
    return (min(lefts), min(tops), max(rights), max(bottoms)), x


def draw_pieces(draw, origin, pieces, stroke):
    x, y = origin
    for text, font in pieces:
        draw.text((x, y), text, 255, font, anchor="ls", stroke_width=stroke)
        x += font.getlength(text)


def draw_spaced(draw, origin, pieces, spacing, stroke, jitter):
    """Letter by letter, `spacing` pixels apart. `jitter()` gives each letter's height above the line."""
    x, y = origin
    for letter, font in ((letter, font) for text, font in pieces for letter in text):
        draw.text((x, y + jitter()), letter, 255, font, anchor="ls", stroke_width=stroke)
        x += font.getlength(letter) + spacing


def draw_neighbours(dice, draw, font, origin, advance, size, words):
    """Words before, after, above and below, as far as the canvas reaches; one to three of them."""
    x, y = origin
    gap = size * dice.uniform(0.25, 0.6)
    line = size * dice.uniform(0.95, 1.5)
    places = [(x - gap, y, "rs"), (x + advance + gap, y, "ls"),
              (x + size * dice.uniform(-2, 1), y - line, "ls"), (x + size * dice.uniform(-2, 1), y + line, "ls")]
    dice.shuffle(places)
    for word, (left, baseline, anchor) in zip(words, places):
        draw.text((left, baseline), word, 255, font, anchor=anchor)


def squeeze(lettering, factor):
    """Narrower or wider letters; what a condensed font or a tall sign does."""
    height, width = lettering.mask.shape
    new_width = max(8, round(width * factor))
    mask = cv2.resize(lettering.mask, (new_width, height), interpolation=cv2.INTER_AREA)
    left, top, right, bottom = lettering.box
    factor = new_width / width
    return Lettering(mask, (left * factor, top, right * factor, bottom), lettering.size)


def draw_spacing(dice):
    """Between letters, in font sizes: mostly little, sometimes less than the font's own, seldom  W I D E."""
    if dice.chance(0.25):
        return dice.uniform(-0.06, 0.02)
    return dice.uniform(0.3, 1.0) if dice.chance(0.12) else dice.uniform(0.0, 0.5) ** 1.5


def letter_line(dice, font, size, text, neighbours, difficulty):
    """The Lettering, or None if the font leaves the text blank."""
    stroke = dice.choice((0, 0, 0, 0, 0, 0, 1, 2)) if difficulty > 0.2 else 0
    spacing = 0.0
    if len(text) > 1 and dice.chance(0.3):
        spacing = size * draw_spacing(dice)
    bounce = size * 0.04 if dice.chance(0.06 * difficulty) else 0.0
    pieces = cut_pieces(dice, font, size, text)
    (left, top, right, bottom), advance = measure(pieces, stroke)
    if right - left < 1 or bottom - top < 1:
        return None
    extra = spacing * (len(text) - 1)
    right += extra
    if bottom - top < LEAST_HEIGHT * size:
        top, bottom = top - size * 0.2, bottom + size * 0.2
    margin = int(MARGIN * size)
    canvas = Image.new("L", (int(right - left) + 2 * margin, int(bottom - top) + 2 * margin))
    draw = ImageDraw.Draw(canvas)
    origin = margin - left, margin - top
    if spacing or bounce:
        draw_spaced(draw, origin, pieces, spacing, stroke, lambda: dice.uniform(-bounce, bounce))
    else:
        draw_pieces(draw, origin, pieces, stroke)
    draw_neighbours(dice, draw, font, origin, advance + extra, size, neighbours)
    lettering = Lettering(np.asarray(canvas), (margin, margin, margin + right - left, margin + bottom - top), size)
    factor = dice.uniform(0.5, 0.95) if dice.chance(0.2) else dice.uniform(0.95, 1.3) if dice.chance(0.15) else 1.0
    factor = min(factor, WIDEST / canvas.width)
    return squeeze(lettering, factor) if factor != 1.0 else lettering
