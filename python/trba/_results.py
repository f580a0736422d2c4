# SPDX-License-Identifier: Apache-2.0
"""What _core returns -> ModelInfo and Result objects."""

from __future__ import annotations

import os
from typing import Any

from . import _core
from ._boxes import Box, character_boxes, shown_share, turn_back
from ._errors import ERROR_CLASSES, Error
from ._options import PRECISIONS, PRESETS, ROTATES, Rotate
from ._types import Character, ModelInfo, Result, make_architecture


def make_info(model: _core.ModelCapsule, rotate: Rotate | None) -> ModelInfo:
    """`rotate` is what was asked for."""
    (architecture, preset, pad, compat, batch_max_length, cpu, precision, charset, n_characters, sidecar,
     own_rotate, packed_bytes, characters) = _core.model_info(model)
    return ModelInfo(make_architecture(architecture), PRESETS[preset], bool(pad), bool(compat), batch_max_length,
                     rotate or ROTATES[own_rotate], cpu, PRECISIONS[precision], charset, n_characters,
                     os.fsdecode(sidecar) or None, packed_bytes, characters)


def _make_character(raw: tuple[str, float, float, int], box: Box | None) -> Character:
    return Character(*raw, box)


def make_result(raw: Any, info: ModelInfo) -> Result:
    """From _core.read() and _core.read_regions()."""
    status, message, text, confidence, score, characters, truncated, width, height, rotation, points = raw
    if status:
        return fail_result(ERROR_CLASSES[status](message), width, height, points)
    # A region's size is that of what was read, an image's that before it was turned.
    is_image = points is None
    read_width, read_height = (height, width) if is_image and rotation in (90, 270) else (width, height)
    boxes = character_boxes([character[2] for character in characters], shown_share(info, read_width, read_height),
                            read_width, read_height)
    if is_image:
        boxes = [turn_back(box, rotation, width, height) for box in boxes]
    return Result(text, confidence, score, tuple(map(_make_character, characters, boxes)), bool(truncated), width,
                  height, rotation, points)


def fail_result(error: Error, width: int = 0, height: int = 0, points: Any = None) -> Result:
    return Result("", 0.0, 0.0, (), False, width, height, 0, points, error.status, error)


def raise_first(results: list[Result], first: int = 0, what: str | None = None) -> None:
    """Raises the first error; the number of its image or region in the whole list `what` becomes a note on it.

    The frames that it comes through must not hold it: they and all their variables would stay until the garbage
    collector finds the circle. So the list is empty then."""
    for i, result in enumerate(results, first):
        if result.error is not None:
            if what is not None:
                result.error.add_note(f"in {what}[{i}]")
            results.clear()
            try:
                raise result.error
            finally:
                del result
