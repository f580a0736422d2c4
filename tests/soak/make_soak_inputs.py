# SPDX-License-Identifier: Apache-2.0
"""What the long run reads: pictures of many kinds and sizes, broken ones among them, and small random networks.

    from make_soak_inputs import make_inputs
    pictures, models = make_inputs(folder)         a folder of files, and the checkpoints' paths

Pictures that must fail have names that begin with "bad-".
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

SOURCE_DIR = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(SOURCE_DIR / "training"), str(SOURCE_DIR / "tests" / "hostile")]

import make_hostile_images  # noqa: E402
from trba_torch import Architecture  # noqa: E402
from trba_torch.checkpoints import random_network, save_checkpoint  # noqa: E402
from trba_torch.textures import Stream, texture  # noqa: E402

# Widths and heights of words, and some that no word has.
SIZES = [(1, 1), (7, 31), (33, 20), (64, 64), (100, 32), (101, 33), (130, 40), (200, 64), (311, 47), (400, 32),
         (640, 48), (30, 150)]
EASYOCR_SIDECAR = "preset: easyocr\nimgH: 32\ncharset_preset: alnum36\n"


def save_kinds(colour, alpha, path, variant):
    """One picture in the kinds of file that there are; `variant` 0 and 1 choose a half of them each."""
    grey, transparent = colour.convert("L"), colour.convert("RGBA")
    transparent.putalpha(alpha)
    kinds = [("grey.png", grey, {}), ("rgb.png", colour, {}), ("rgba.png", transparent, {}),
             ("la.png", transparent.convert("LA"), {}), ("palette.png", colour.quantize(64), {}),
             ("bits.png", grey.convert("1"), {}), ("16.png", grey.convert("I;16"), {}),
             ("grey.jpg", grey, {"quality": 90}), ("rgb.jpg", colour, {"quality": 75}),
             ("progressive.jpg", colour, {"progressive": True}), ("cmyk.jpg", colour.convert("CMYK"), {}),
             ("444.jpg", colour, {"subsampling": 0})]
    for name, picture, options in kinds[variant::2]:
        picture.save(f"{path}-{name}", **options)


def make_pictures(folder):
    folder.mkdir()
    for number, (width, height) in enumerate(SIZES):
        stream = Stream(number)
        colour = Image.fromarray(texture(stream, height, width, 3))
        alpha = Image.fromarray(texture(stream, height, width, 1)[:, :, 0])
        save_kinds(colour, alpha, folder / f"{width}x{height}", number % 2)
    for name, _, data in make_hostile_images.hostile_images():
        (folder / f"bad-{name}").write_bytes(data)
    whole = np.fromfile(next(folder.glob("200x64-*.png")), np.uint8)
    for part in (1, 2, 3):
        whole[:len(whole) * part // 4].tofile(folder / f"bad-cut-{part}.png")


def make_model(folder, name, architecture, seed, sidecar=None):
    path = folder / f"{name}.pth"
    save_checkpoint(random_network(architecture, seed), path, "zip")
    if sidecar is not None:
        path.with_suffix(".yaml").write_text(sidecar)
    return path


def make_inputs(folder):
    """Three networks that between them have every kind of layer; one reads colours, one pictures of any width."""
    make_pictures(folder / "pictures")
    attention = Architecture("TPS", "ResNet", "BiLSTM", "Attn", input_channel=3, output_channel=16, hidden_size=16,
                             num_class=38)
    ctc = Architecture("None", "VGG", "BiLSTM", "CTC", output_channel=16, hidden_size=16, num_class=37)
    recurrent = Architecture("None", "RCNN", "None", "CTC", output_channel=16, num_class=37)
    return folder / "pictures", [make_model(folder, "attention", attention, 7),
                                 make_model(folder, "ctc", ctc, 8, EASYOCR_SIDECAR),
                                 make_model(folder, "recurrent", recurrent, 9)]
