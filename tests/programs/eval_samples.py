# SPDX-License-Identifier: Apache-2.0
"""Data sets for the tests of "trba eval": words with labels that are right, nearly right and wrong, as LMDB.

The words are those of data/, as they are and spoilt in ways that a network misreads. The labels are bent so that every
rule of clovaai's test.py matters: upper and lower case, punctuation, characters that no network here knows, labels that
are too long, empty ones. One image is blank, one is broken.
"""

import io
from pathlib import Path

import lmdb
from PIL import Image, ImageFilter

DATA = Path(__file__).resolve().parent.parent.parent / "data"

# How english_g2 is run by clovaai's own program: its network, their preprocessing.
IMG_H, IMG_W, CHARSET, BATCH_MAX_LENGTH = 64, 256, "english_g2", 34

SPOILERS = (
    lambda image: image,
    lambda image: image.resize((image.width // 4, image.height // 4), Image.BOX),
    lambda image: image.filter(ImageFilter.GaussianBlur(image.height / 14)),
    lambda image: image.crop((image.width // 8, 0, image.width * 7 // 8, image.height)),
)

BENDERS = (
    lambda word: word,
    lambda word: word.lower(),
    lambda word: word.upper() + "!",
    lambda word: word[:-1],
    lambda word: word,
    lambda word: f"{word[0]}-{word[1:]}",
    lambda word: word.swapcase(),
    lambda word: "\u00e9" + word,
    lambda word: word[1:] + word[0],
    lambda word: word * 7,
    lambda word: "",
)


def encode_png(image):
    buffer = io.BytesIO()
    image.save(buffer, "png")
    return buffer.getvalue()


def make_samples():
    """[(encoded image, label)]: two lists, for two data sets."""
    rows = [line.split("\t") for line in (DATA / "labels.tsv").read_text(encoding="utf-8").splitlines()]
    samples = []
    for number, (name, word) in enumerate(rows * len(SPOILERS)):
        image = Image.open(DATA / name).convert("RGB")
        spoilt = SPOILERS[number // len(rows)](image)
        samples.append((encode_png(spoilt), BENDERS[number % len(BENDERS)](word)))
    samples.append((encode_png(Image.new("L", (90, 30), 128)), ""))
    samples.append((b"\x89PNG\r\n\x1a\n but no more", "broken"))
    return samples[:20], samples[20:]


def write_lmdb(folder, samples):
    """As clovaai's create_lmdb_dataset.py lays it out."""
    folder.mkdir(parents=True)
    with lmdb.open(str(folder), map_size=1 << 40) as environment, environment.begin(write=True) as transaction:
        for number, (image, label) in enumerate(samples, 1):
            transaction.put(b"image-%09d" % number, image)
            transaction.put(b"label-%09d" % number, label if isinstance(label, bytes) else label.encode())
        transaction.put(b"num-samples", str(len(samples)).encode())


def write_sets(root):
    """ROOT/first and ROOT/deeper/second."""
    first, second = make_samples()
    write_lmdb(root / "first", first)
    write_lmdb(root / "deeper" / "second", second)
