# SPDX-License-Identifier: Apache-2.0
"""From a picture to a network's input, as the two reference programs do it.

    clovaai   Pillow's bicubic resize to img_h x img_w, or with padding to the height only; last column repeated
    easyocr   OpenCV's linear resize to img_h, then Pillow's bicubic where the height is still wrong; padded to whole
              multiples of img_h

Both end with (x/255 - 0.5)/0.5 in float32.
"""

import math

import numpy as np
import torch
from PIL import Image


def normalise(pixels):
    """uint8 [h, w] or [h, w, c] -> float32 [c, h, w] in -1..1. Divided, then subtracted: the order of rounding."""
    pixels = pixels.reshape(pixels.shape[0], pixels.shape[1], -1)
    values = torch.tensor(pixels.transpose(2, 0, 1), dtype=torch.float32) / 255
    return (values - 0.5) / 0.5


def pad_right(values, width):
    """[c, h, w] -> [c, h, width], the last column repeated."""
    missing = width - values.shape[2]
    return torch.cat([values, values[:, :, -1:].expand(-1, -1, missing)], dim=2) if missing else values


def prepare_clovaai(image, img_h, img_w, pad=False):
    """PIL image, mode L or RGB -> float32 [c, img_h, img_w]."""
    width = img_w
    if pad:
        width = min(img_w, math.ceil(img_h * (image.width / float(image.height))))
    resized = image.resize((width, img_h), Image.Resampling.BICUBIC)
    return pad_right(normalise(np.asarray(resized)), img_w)


def prepare_easyocr(grey, img_h):
    """uint8 [h, w] -> float32 [1, img_h, whole multiple of img_h]. The whole picture is one word."""
    import cv2  # only this preset needs it

    height, width = grey.shape
    ratio = width / height
    if ratio < 1.0:
        ratio = 1.0 / ratio
        size = (img_h, int(img_h * ratio))
    else:
        size = (int(img_h * ratio), img_h)
    image = Image.fromarray(cv2.resize(grey, size, interpolation=cv2.INTER_LINEAR))
    return prepare_clovaai(image, img_h, math.ceil(ratio) * img_h, pad=True)
