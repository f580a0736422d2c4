# SPDX-License-Identifier: Apache-2.0
"""Draws words for the larger parity run: invented words in the fonts of this machine, tilted, noisy, light and dark.

Not for training: the point is pictures that look like words, many and reproducible (for one set of fonts).
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from trba_torch.textures import Stream

FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts")
ONSETS = ("b", "br", "c", "ch", "d", "dr", "fr", "g", "gr", "h", "j", "k", "l", "m", "n", "p", "pl", "qu", "r", "s",
          "st", "t", "tr", "v", "w", "z", "")
VOWELS = ("a", "e", "i", "o", "u", "ea", "oo", "y")
ENDS = ("", "n", "r", "l", "s", "t", "nd", "ck", "m", "x", "ng")


def list_fonts():
    """Scalable fonts that have the letters (a symbol font draws "A" and "g" alike: as nothing, or as a box)."""
    paths = sorted(path for folder in FONT_FOLDERS for path in Path(folder).rglob("*.[to]tf"))
    fonts = [path for path in paths if len({bytes(ImageFont.truetype(str(path), 24).getmask(c)) for c in "Ag5"}) == 3]
    if not fonts:
        raise SystemExit("no fonts: install fonts-dejavu-core")
    return fonts


def choose(stream, options):
    return options[stream.integer(0, len(options))]


def invent_word(stream):
    """One to four syllables, or a number; lower, upper or title case."""
    if stream.integer(0, 8) == 0:
        return str(stream.integer(0, 10 ** stream.integer(1, 7)))
    word = "".join(choose(stream, ONSETS) + choose(stream, VOWELS) + choose(stream, ENDS)
                   for _ in range(stream.integer(1, 5)))[:20]
    return choose(stream, (str.lower, str.upper, str.title))(word)


def draw_word(stream, word, font_path):
    """A mask of the word with a margin, mode L, tilted by up to 8 degrees."""
    font = ImageFont.truetype(str(font_path), stream.integer(20, 64))
    left, top, right, bottom = font.getbbox(word)
    margin = stream.integer(2, 12)
    mask = Image.new("L", (right - left + 2 * margin, bottom - top + 2 * margin))
    ImageDraw.Draw(mask).text((margin - left, margin - top), word, 255, font)
    if stream.integer(0, 2):
        mask = mask.rotate(stream.integer(-8, 9), Image.Resampling.BILINEAR, expand=True)
    return mask


def colour_word(stream, mask):
    """Ink on paper with a gradient and noise, RGB. The two differ by at least 40 levels of 255."""
    paper = stream.integers(0, 256, (3,)).astype(np.float64)
    ink = np.where(paper > 127, paper - stream.integers(40, 128, (3,)), paper + stream.integers(40, 128, (3,)))
    cover = np.asarray(mask, np.float64)[:, :, None] / 255
    slope = np.linspace(-1, 1, mask.width)[None, :, None] * stream.integer(0, 30)
    noise = stream.integers(-1, 2, (mask.height, mask.width, 3)) * stream.integer(0, 20)
    return Image.fromarray(np.clip(paper + (ink - paper) * cover + slope + noise, 0, 255).astype(np.uint8))


def render_words(seed, n_words):
    """A list of (word, PIL image in mode RGB)."""
    stream, fonts = Stream(seed), list_fonts()
    words = []
    for _ in range(n_words):
        word = invent_word(stream)
        image = colour_word(stream, draw_word(stream, word, choose(stream, fonts)))
        if stream.integer(0, 3) == 0:
            image = image.filter(ImageFilter.GaussianBlur(stream.integer(1, 4) / 2))
        words.append((word, image))
    return words
