# SPDX-License-Identifier: Apache-2.0
"""Accuracy on photographed words: a folder with labels.tsv (file, text, ... ; tab-separated, no quoting).

As the field counts it: letters and digits only, without case.
"""

from collections import defaultdict
from pathlib import Path

import numpy as np
from PIL import Image

from mistakes import Mistake

from .word_batches import to_images

BATCH = 64


def normalise(text):
    return "".join(letter for letter in text.lower() if letter.isascii() and letter.isalnum())


def read_labels(folder, only=None):
    """[(path, text, set)]; `only`: words that the set's name, the fourth column, must contain one of."""
    table = Path(folder) / "labels.tsv"
    try:
        rows = [line.split("\t") for line in table.read_text(encoding="utf-8").splitlines()]
        rows = [(Path(folder) / row[0], row[1], row[3] if len(row) > 3 else "") for row in rows]
    except (OSError, ValueError, IndexError) as error:
        raise Mistake(f"{table} is no list of words (file, text, anything, name of the set; tab-separated): give the "
                      f"folder of one ({error})") from error
    rows = [row for row in rows if normalise(row[1])]
    rows = [row for row in rows if only is None or any(word in row[2] for word in only)]
    if not rows:
        of_which = f" of a set whose name, the fourth column, has {' or '.join(only)} in it" if only else ""
        raise Mistake(f"{table} has no word to measure on{of_which}")
    return rows


def load_pictures(rows, height=32, width=100):
    """uint8 [n, height, width]."""
    return np.stack([np.asarray(Image.open(path).convert("L").resize((width, height), Image.Resampling.BICUBIC))
                     for path, _, _ in rows])


def read_all(network, pictures):
    """([text] by attention, [text] by CTC) for uint8 [n, h, w]."""
    network.eval()
    texts = [], []
    for start in range(0, len(pictures), BATCH):
        for all_texts, some in zip(texts, network.read(to_images(pictures[start:start + BATCH]))):
            all_texts.extend(some)
    return texts


def count_right(texts, truths, exact=False):
    same = (lambda a, b: a == b) if exact else (lambda a, b: normalise(a) == normalise(b))
    return sum(same(text, truth) for text, truth in zip(texts, truths))


class RealWords:
    """Measures a network on every set of the folder."""

    def __init__(self, folder, only=None, every=1):
        """`every`: take one picture in so many, to be quick."""
        self._rows = read_labels(folder, only)[::every]
        self._pictures = load_pictures(self._rows)

    def measure(self, network):
        """{set: {"n", "attention", "ctc"}}: accuracies in 0..1; the set "all" is the total."""
        attention, ctc = read_all(network, self._pictures)
        groups = defaultdict(list)
        for index, (_, _, name) in enumerate(self._rows):
            groups[name].append(index)
            groups["all"].append(index)
        truths = [text for _, text, _ in self._rows]
        return {name: {"n": len(chosen)} | {head: count_right([texts[i] for i in chosen], [truths[i] for i in chosen])
                                            / len(chosen) for head, texts in (("attention", attention), ("ctc", ctc))}
                for name, chosen in groups.items()}


class RenderedWords:
    """The same on rendered words that are never trained on, case and punctuation counted."""

    def __init__(self, renderer, n):
        words = [renderer.draw(number) for number in range(n)]
        self._pictures = np.stack([picture for picture, _ in words])
        self._texts = [text for _, text in words]

    def measure(self, network):
        attention, ctc = read_all(network, self._pictures)
        return {"n": len(self._texts), "attention": count_right(attention, self._texts, exact=True) / len(self._texts),
                "ctc": count_right(ctc, self._texts, exact=True) / len(self._texts)}
