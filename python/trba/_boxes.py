# SPDX-License-Identifier: Apache-2.0
"""From positions in the network's input to strips of the image.

    position 0..1 --/ share of the input that shows the image--> 0..1 of the image --* width--> centre in pixels
    strip of a character: from half-way to its left neighbour to half-way to its right one; the outermost reach to the
    edges of the image. (Not as far outwards as inwards: CTC may decide on a wide letter at its very beginning.)
    An image that was turned to be read: all this in the turned image, and the strips turned back.
"""

import itertools
import math
from collections.abc import Sequence
from typing import TypeAlias

from ._types import ModelInfo

Box: TypeAlias = tuple[float, float, float, float]  # left, top, right, bottom


def shown_share(info: ModelInfo, width: int, height: int) -> float | None:
    """How much of the input's width the image takes, the rest being padding; None where positions cannot be led back
    to the image. The arithmetic is that of the C library's preprocessing."""
    img_h, img_w = info.architecture.img_h, info.architecture.img_w
    if info.architecture.transformation == "TPS" or width < 1 or height < 1:
        return None
    if info.preset == "easyocr":
        ratio = width / height
        ratio = 1.0 / ratio if ratio < 1.0 else ratio
        longer = int(img_h * ratio)
        width, height = (img_h, longer) if width < height else (longer, img_h)
        img_w = img_h * math.ceil(ratio)
    elif not info.pad:
        return 1.0
    return min(img_w, math.ceil(img_h * (width / height))) / img_w


def character_boxes(positions: Sequence[float], share: float | None, width: int, height: int) -> list[Box | None]:
    """One box per position, in the order given; attention may look to and fro, so that order need not be left to
    right."""
    if share is None:
        return [None] * len(positions)
    centres = [min(position / share, 1.0) * width for position in positions]
    order = sorted(range(len(centres)), key=centres.__getitem__)
    edges = [0.0, *((centres[i] + centres[j]) / 2 for i, j in itertools.pairwise(order)), float(width)]
    boxes: list[Box | None] = [None] * len(centres)
    for place, i in enumerate(order):
        boxes[i] = (edges[place], 0.0, edges[place + 1], float(height))
    return boxes


def turn_back(box: Box | None, rotation: int, width: int, height: int) -> Box | None:
    """A box of an image that was turned by `rotation` degrees counter-clockwise, on the image before, of width x
    height."""
    if box is None or rotation == 0:
        return box
    left, top, right, bottom = box
    if rotation == 90:
        return width - bottom, left, width - top, right
    if rotation == 270:
        return top, height - right, bottom, height - left
    return width - right, height - bottom, width - left, height - top
