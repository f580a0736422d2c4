# SPDX-License-Identifier: Apache-2.0
"""Where the words stand on a page, out of a file that a detector or an annotator wrote: what strdemo --boxes reads.

    JSON    begins with [ or {, or is named .json: a list of regions, one region, or an object with such a list under
            one of _LIST_KEYS, which may be empty; a box of that object's own, of the page or the line, does not
            count then
              [x, y, w, h]                                       a box
              [x1, y1, ... x4, y4], [[x1, y1], ... [x4, y4]]     four corners, clockwise from the text's top left
              [REGION, text, ...]                                as EasyOCR and PaddleOCR return
              {"bbox": REGION}, {"points": ...}, ...             the first of _REGION_KEYS that has one
              {"x": 1, "y": 2, "w": 3, "h": 4}                   also width, height; left, top
    .txt    ICDAR's: a line begins with eight numbers, or with left, top, right, bottom
    CSV     a line begins with eight numbers, or with x, y, w, h; a heading, one of _HEADINGS, may say otherwise
"""

import codecs
import json
import math
import os
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from ._errors import CannotReadError, FormatError, naming_files
from ._types import Quadrilateral

_REGION_KEYS: Final = ("points", "polygon", "poly", "quad", "segmentation", "box", "boxes", "bbox")
_LIST_KEYS: Final = ("regions", "boxes", "annotations", "results", "shapes", "polygons", "dt_polys", "words", "lines")
_SIDE_KEYS: Final = (("x", "y", "w", "h"), ("x", "y", "width", "height"), ("left", "top", "width", "height"))
_MOST_NESTED: Final = 4
_LARGEST: Final = (2.0 - 2.0**-23) * 2.0**127  # of the library's float32

_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?(?=[,; \t]|$)", re.ASCII)
_SEPARATOR: Final = re.compile(r"[ \t]*[,;]?[ \t]*")
_FIELD_END: Final = re.compile(r"[ \t]*[,;][ \t]*|[ \t]+")

_BOX: Final = "box"
_CORNERS: Final = "corners"
_POINTS: Final = "points"
_HEADINGS: Final = {  # the names that a heading may begin with; the longer ones come first
    "x1,y1,x2,y2,x3,y3,x4,y4": _POINTS, "x0,y0,x1,y1,x2,y2,x3,y3": _POINTS, "x,y,w,h": _BOX, "x,y,width,height": _BOX,
    "left,top,width,height": _BOX, "left,top,right,bottom": _CORNERS, "xmin,ymin,xmax,ymax": _CORNERS,
    "x1,y1,x2,y2": _CORNERS, "x0,y0,x1,y1": _CORNERS}
_HEADING_LIST: Final = ("x y w h, x y width height, left top width height, left top right bottom, xmin ymin xmax ymax, "
                        "x1 y1 x2 y2, x0 y0 x1 y1, x1 y1 ... x4 y4 or x0 y0 ... x3 y3")


# ---- from numbers to corners ----

def _corners(left: float, top: float, right: float, bottom: float) -> Quadrilateral:
    return _quadrilateral((left, top, right, top, right, bottom, left, bottom))


def _box(x: float, y: float, w: float, h: float) -> Quadrilateral:
    return _corners(x, y, x + w, y + h)


def _quadrilateral(numbers: Sequence[float]) -> Quadrilateral:
    x1, y1, x2, y2, x3, y3, x4, y4 = (max(-_LARGEST, min(number, _LARGEST)) for number in numbers)
    return (x1, y1), (x2, y2), (x3, y3), (x4, y4)


# ---- JSON ----

def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _are_numbers(value: object, n: int) -> bool:
    return isinstance(value, list) and len(value) == n and all(map(_is_number, value))


def _are_points(value: object) -> bool:
    return isinstance(value, list) and len(value) == 4 and all(_are_numbers(point, 2) for point in value)


def _is_text(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and bool(value) and isinstance(value[0], str))


def _is_region_with_more(value: object) -> bool:
    """[REGION, "text", 0.9] of EasyOCR, [REGION, ["text", 0.9]] of PaddleOCR, [REGION] of COCO's segmentation?"""
    if not (isinstance(value, list) and value and isinstance(value[0], list)):
        return False
    return len(value) == 1 or _is_text(value[1])


def _take_object(value: dict[str, Any], depth: int) -> Quadrilateral | None:
    for key in _REGION_KEYS:
        inner = _take_region(value[key], depth + 1) if key in value else None
        if inner is not None:
            return inner
    for keys in _SIDE_KEYS:
        sides: list[Any] = [value.get(key) for key in keys]
        if _are_numbers(sides, 4):
            return _box(*sides)
    return None


def _take_region(value: Any, depth: int = 0) -> Quadrilateral | None:
    if depth > _MOST_NESTED:
        return None
    if isinstance(value, dict):
        return _take_object(value, depth)
    if _are_numbers(value, 4):
        return _box(*value)
    if _are_numbers(value, 8):
        return _quadrilateral(value)
    if _are_points(value):
        return _quadrilateral([number for point in value for number in point])
    return _take_region(value[0], depth + 1) if _is_region_with_more(value) else None


def _holds_regions(values: list[Any] | None) -> bool:
    """Is one of them a region, and the second no text, as it is in [REGION, "text"]?"""
    if not values or any(map(_is_text, values[1:2])):
        return False
    return any(_take_region(value) is not None for value in values)


def _find_list(root: Any) -> list[Any] | None:
    """In an object the first list that holds regions, else the first that holds anything, else the first."""
    if isinstance(root, dict):
        lists = [root[key] for key in _LIST_KEYS if isinstance(root.get(key), list)]
        return next(filter(_holds_regions, lists), next(filter(None, lists), lists[0] if lists else None))
    # PaddleOCR's list has a list for each picture: one, here.
    is_wrapped = len(root) == 1 and isinstance(root[0], list) and _take_region(root[0]) is None
    values: list[Any] = root[0] if is_wrapped else root
    return values


def _is_one_region(root: Any) -> bool:
    if isinstance(root, dict):
        values = _find_list(root)
        is_list = values is not None and (not values or _holds_regions(values))
        return not is_list and _take_region(root) is not None
    return _are_numbers(root, 4) or _are_numbers(root, 8) or _are_points(root)


def _are_of_one_picture(values: list[Any]) -> bool:
    """COCO's annotations may be of many pictures: do all that name one name the same?"""
    ids = [value["image_id"] for value in values if isinstance(value, dict) and "image_id" in value]
    return all(isinstance(other, bool) == isinstance(ids[0], bool) and other == ids[0] for other in ids)


def _parse_number(text: str) -> float:
    """Also of NaN and Infinity, which Python's reader knows, and JSON does not."""
    if not math.isfinite(float(text)):
        raise ValueError(f"{text} is no number of JSON, or too large")
    return float(text)


def _read_json(path: str, raw: bytes) -> list[Quadrilateral]:
    if not raw.strip(b" \t\r\n"):
        raise FormatError(f"{path}: this JSON file is empty: without regions it must hold []")
    try:
        root = json.loads(raw.decode(), parse_int=_parse_number, parse_float=_parse_number,
                          parse_constant=_parse_number)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path}: this is not JSON: {error}") from error
    if not isinstance(root, (list, dict)):
        raise FormatError(f"{path}: this JSON must be a list of regions such as [x, y, w, h], or an object that holds "
                          "one; it is neither")
    values = [root] if _is_one_region(root) else _find_list(root)
    if values is None:
        raise FormatError(f'{path}: this JSON object has no list of regions (under "regions", "boxes", "annotations", '
                          "...)")
    if not _are_of_one_picture(values):
        raise FormatError(f"{path}: the regions are of several pictures, as their image_id says: name a file with "
                          "those of this page alone")
    regions = list(map(_take_region, values))
    if None in regions:
        raise FormatError(f"{path}: region {regions.index(None)} (the first is 0) is none: [x, y, w, h], four [x, y], "
                          "eight numbers or an object with such a bbox or points is needed")
    return [region for region in regions if region is not None]


# ---- lines ----

def _take_numbers(line: str) -> list[float]:
    """Those at the line's beginning, at most eight."""
    numbers: list[float] = []
    at = len(line) - len(line.lstrip(" \t"))
    while len(numbers) < 8 and (number := _NUMBER.match(line, at)):
        numbers.append(float(number[0]))
        separator = _SEPARATOR.match(line, number.end())
        at = separator.end() if separator else number.end()
    return numbers


def _find_form(line: str) -> str | None:
    """By whole names; None of a heading that is none of those. NumPy writes a # before its headings."""
    fields = _FIELD_END.split(line.lstrip(" \t").removeprefix("#").strip(" \t"))
    if any(map(_NUMBER.fullmatch, fields)):
        return None
    names = ",".join(fields).lower().replace("_", "").replace('"', "") + ","
    for heading, form in _HEADINGS.items():
        if names.startswith(heading + ","):
            has_more_points = heading[1].isdigit() and re.match("x[0-9]", names[len(heading) + 1:])
            return None if has_more_points else form
    return None


def _take_heading(path: str, number: int, line: str) -> str:
    form = _find_form(line)
    if form is None:
        raise FormatError(f"{path}:{number}: the first line must begin with 4 or 8 numbers, or be a heading, names "
                          f"only, that begins with {_HEADING_LIST}")
    return form


def _take_line(path: str, number: int, numbers: list[float], form: str) -> Quadrilateral:
    if form == _POINTS and len(numbers) < 8:
        raise FormatError(f"{path}:{number}: a line must begin with 8 numbers, as the heading says, and this one "
                          f"begins with {len(numbers)}")
    if len(numbers) < 4:
        raise FormatError(f"{path}:{number}: a line must begin with 4 or 8 numbers, and this one begins with "
                          f"{len(numbers)}")
    if form == _POINTS:
        return _quadrilateral(numbers)
    return (_corners if form == _CORNERS else _box)(*numbers[:4])


def _take_lines(path: str, text: str, four_are_corners: bool) -> Iterator[Quadrilateral]:
    form = _CORNERS if four_are_corners else _BOX
    may_be_heading = not four_are_corners
    heading_at = 0  # without a heading eight numbers are points
    n_regions = 0
    for i, line in enumerate(text.split("\n"), 1):
        line = line.removesuffix("\r")
        if not line.strip(" \t"):
            continue
        numbers = _take_numbers(line)
        if not numbers and may_be_heading:
            form, heading_at = _take_heading(path, i, line), i
        else:
            yield _take_line(path, i, numbers, _POINTS if len(numbers) == 8 and not heading_at else form)
            n_regions += 1
        may_be_heading = False
    if heading_at and not n_regions:
        raise FormatError(f"{path}:{heading_at}: there is nothing below this heading: each region needs a line")


# ---- the file ----

def _read_bytes(name: str) -> bytes:
    if not name:
        raise CannotReadError("the name of the file is empty: give the path of one")
    try:
        with open(name, "rb") as file:
            return file.read().removeprefix(codecs.BOM_UTF8)
    except (OSError, ValueError) as error:
        raise CannotReadError(f"cannot read the boxes in {name}: {getattr(error, 'strerror', error)}") from error


def load_boxes(path: str | os.PathLike[str]) -> list[Quadrilateral]:
    """Where the words stand on a page, out of a JSON, CSV or ICDAR text file: what strdemo --boxes reads. Each region
    is four corners ((x1, y1), ... (x4, y4)), for Model.read_regions().

    JSON may be a list of [x, y, w, h], of four [x, y], of what EasyOCR or PaddleOCR returned, or the files of COCO (of
    one picture) and labelme; a line of CSV x, y, w, h, ..., eight numbers, or what a heading names that strdemo knows;
    a line of ICDAR's .txt left, top, right, bottom, ..., or eight numbers. Raises FormatError, with the place,
    for what is none of these.
    """
    name = os.fsdecode(path)
    with naming_files(name):
        raw = _read_bytes(name)
    if b"\0" in raw:
        raise FormatError(f"{name} is no text file: it has zero bytes")
    if raw.lstrip(b" \t\r\n").startswith((b"[", b"{")) or name.lower().endswith(".json"):
        return _read_json(name, raw)
    # Of a line only the numbers at its beginning matter; the text behind them may be in any encoding.
    return list(_take_lines(name, raw.decode("ascii", "replace"), name.lower().endswith(".txt")))
