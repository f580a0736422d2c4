# SPDX-License-Identifier: Apache-2.0
"""Pages for EasyOCR to read: rendered words laid in rows on a faint texture, each on paper of its own colour."""
import sys
from pathlib import Path

import numpy as np
from PIL import Image

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "parity"), str(TESTS.parent / "training")]

from render_words import render_words
from trba_torch.textures import Stream, texture

GAP = 16


def make_page(seed, n_words, width, height, quarter_turns=(0,)):
    """RGB, [height, width, 3]. Words that do not fit any more are left out. `quarter_turns`: counter-clockwise, for the
    words in turn."""
    page = Image.fromarray(texture(Stream(seed), height, width, 3) // 6 + 190)
    x = y = row_height = GAP
    for i, (_, word) in enumerate(render_words(seed, n_words)):
        word = word.rotate(90 * quarter_turns[i % len(quarter_turns)], expand=True)
        if x + word.width > width:
            x, y, row_height = GAP, y + row_height + GAP, 0
        if x + word.width <= width and y + word.height <= height:
            page.paste(word, (x, y))
        x += word.width + GAP
        row_height = max(row_height, word.height)
    return np.asarray(page)
