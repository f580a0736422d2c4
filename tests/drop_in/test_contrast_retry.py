# SPDX-License-Identifier: Apache-2.0
"""EasyOCR's second reading with stretched contrast, in the C library: on unless it is turned off.

The judge is NumPy's percentile and the arithmetic of EasyOCR's adjust_contrast_grey() around single readings.
"""
import os
import sys
from pathlib import Path

import numpy as np
import pytest

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent / "training")]

if not os.environ.get("TRBA_TESTING_LIB"):
    pytest.skip("TRBA_TESTING_LIB is not set", allow_module_level=True)

from trba_ctypes import Model, Session
from trba_torch.textures import Stream, texture

IMG_H = 64  # crops of this height are not resized, so that stretching before and after is the same


def stretch(crop):
    """Contrast to 0.5 and more."""
    high, low = np.percentile(crop, 90), np.percentile(crop, 10)
    if (high - low) / max(10, high + low) >= 0.5:
        return crop
    return np.clip((crop.astype(int) - low + 25) * (200. / max(10, high - low)), 0, 255).astype(np.uint8)


def pale_crops(n):
    """Textures of little contrast, [IMG_H, 64 to 256]."""
    stream = Stream(23)
    return [texture(stream, IMG_H, 64 * stream.integer(1, 5), 1)[:, :, 0] // 4 + 90 for _ in range(n)]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    from trba_torch import Architecture
    from trba_torch.checkpoints import random_network, save_checkpoint

    network = random_network(Architecture("None", "VGG", "BiLSTM", "CTC", output_channel=32, hidden_size=16,
                                          num_class=37), seed=7)
    path = tmp_path_factory.mktemp("retry") / "network.pth"
    save_checkpoint(network, path, "zip")
    with Model(path, charset_preset="alnum36", preset="easyocr") as opened:
        yield opened


def read(model, crops, **options):
    with Session(model, batch_size=4, **options) as session:
        return session.read_batch(crops)


def test_the_second_reading_is_kept_when_it_is_no_less_sure(model):
    crops = pale_crops(12)
    once = read(model, crops, retry_contrast=False)
    again = read(model, [stretch(crop) for crop in crops], retry_contrast=False)
    expected = [second if first.confidence < 0.1 and second.confidence >= first.confidence else first
                for first, second in zip(once, again, strict=True)]
    assert expected != once, "no word was read again: this proves nothing"
    assert expected != again, "every second reading was kept: this proves little"
    assert read(model, crops) == expected
    assert read(model, crops, retry_contrast=True) == expected
