# SPDX-License-Identifier: Apache-2.0
"""The kinds of regions, and how each becomes what _core takes: a tuple of 4, 5 or 8 numbers.

    (x, y, w, h)                        a box
    (cx, cy, w, h, degrees)             a rotated box: its centre, its size, degrees clockwise as seen
    ((cx, cy), (w, h), degrees)         the same, as cv2.minAreaRect() returns it
    (x1, y1, x2, y2, x3, y3, x4, y4)    four corners, clockwise from the top left of the text
    [(x1, y1), ... (x4, y4)]            the same, as EasyOCR, PaddleOCR and cv2.boxPoints() return it

Each may be a list, a tuple or an array, and so may its parts. NumPy is never imported.
"""

import textwrap
from collections.abc import Sequence
from numbers import Real
from typing import Any, Final, Protocol, TypeAlias

from ._errors import ArgumentError


class ArrayRegion(Protocol):
    """A NumPy array, or what can become a list like it: [4], [5], [8] or [4, 2]."""

    def tolist(self) -> Any: ...


RegionInput: TypeAlias = (Sequence[float] | Sequence[Sequence[float] | ArrayRegion] |
                          tuple[Sequence[float], Sequence[float], float] | ArrayRegion)
CoreRegion: TypeAlias = tuple[float, ...]

# How many numbers each part has; 0: it is a number itself.
_SHAPES: Final = {(0,) * 4, (0,) * 5, (0,) * 8, (2, 2, 2, 2), (2, 2, 0)}


def _parts_of(value: object) -> list[Any] | None:
    """None if it has no parts."""
    listed = value.tolist() if hasattr(value, "tolist") else value
    return list(listed) if isinstance(listed, (list, tuple)) else None


def _is_part(region: object) -> bool:
    """What stands in the place of a region if one region is given instead of a list: a number or a corner."""
    parts = _parts_of(region)
    return isinstance(region, Real) if parts is None else len(parts) == 2 and all(isinstance(x, Real) for x in parts)


def _refuse(region: object) -> ArgumentError:
    hint = "; a single region goes in a list, too" if _is_part(region) else ""
    return ArgumentError(f"{textwrap.shorten(repr(region), 100)} is no region: it must be (x, y, w, h), "
                         f"(cx, cy, w, h, degrees) or four corners (x, y){hint}")


def prepare_region(region: object) -> CoreRegion:
    """Raises an ArgumentError where it is none. Whether it can be cut from a page is the library's to say."""
    parts = [(part, _parts_of(part)) for part in _parts_of(region) or ()]
    if tuple(len(inner) if inner is not None else 0 for _, inner in parts) not in _SHAPES:
        raise _refuse(region)
    numbers = [number for part, inner in parts for number in (inner if inner is not None else [part])]
    try:
        return tuple(map(float, numbers))
    except (TypeError, ValueError, OverflowError) as error:
        raise _refuse(region) from error
