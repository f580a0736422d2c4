# SPDX-License-Identifier: Apache-2.0
"""clovaai's --PAD: keep the aspect ratio, fill up with copies of the last column. Held against a restatement here."""
import math

import numpy as np
import pytest
from PIL import Image

import image_library

SEED = 7


def align_and_pad(pixels, img_h, img_w):
    """What clovaai's AlignCollate does with keep_ratio_with_pad: float32 [img_h, img_w, channels]."""
    height, width = pixels.shape[:2]
    resized_w = min(img_w, math.ceil(img_h * (width / float(height))))
    resized = np.asarray(Image.fromarray(pixels).resize((resized_w, img_h), Image.Resampling.BICUBIC))
    half = np.float32(0.5)
    values = (resized.astype(np.float32) / np.float32(255) - half) / half
    values = values.reshape(img_h, resized_w, -1)
    return np.concatenate([values, np.repeat(values[:, -1:], img_w - resized_w, axis=1)], axis=1)


@pytest.mark.parametrize("img_h,img_w", [(32, 100), (32, 256), (64, 200), (48, 37)])
@pytest.mark.parametrize("channels", [1, 3])
def test_pad_equals_the_restatement(img_h, img_w, channels):
    rng = np.random.default_rng([SEED, img_h, img_w, channels])
    for i in range(60):
        width, height = (int(side) for side in np.exp(rng.uniform(0, np.log(400), 2)))
        pixels = rng.integers(0, 256, (height, width) if channels == 1 else (height, width, 3), dtype=np.uint8)
        ours = image_library.preprocess(pixels, img_h=img_h, img_w=img_w, pad=True)
        image_library.assert_same(ours, align_and_pad(pixels, img_h, img_w), f"case {i}: {width}x{height}")


def test_widths_whose_ratio_is_not_exact_round_up_as_python_does():
    for height in range(1, 130):
        for width in (height * 3, height * 3 + 1, 2 * height + 1):
            pixels = np.full((height, width), 90, np.uint8)
            pixels[:, width // 2:] = 200
            ours = image_library.preprocess(pixels, img_w=120, pad=True)
            image_library.assert_same(ours, align_and_pad(pixels, 32, 120), f"{width}x{height}")


def test_the_padding_repeats_the_last_column():
    ours = image_library.preprocess(np.tile(np.array([0, 255], np.uint8), (32, 10)), pad=True)
    assert ours.shape == (32, 100, 1)
    assert (ours[:, 20:] == ours[:, 19:20]).all()
    assert ours[0, 0, 0] == -1.0 and ours[0, 99, 0] == 1.0
