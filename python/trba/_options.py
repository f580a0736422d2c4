# SPDX-License-Identifier: Apache-2.0
"""Options by name -> the numbers of trba.h's enums."""

import operator
import os
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

from ._errors import ArgumentError

Preset: TypeAlias = Literal["clovaai", "easyocr"]
Exif: TypeAlias = Literal["ignore", "apply"]
Alpha: TypeAlias = Literal["ignore", "white", "black"]
Rotate: TypeAlias = Literal["none", "tall", "auto"]
Precision: TypeAlias = Literal["fp32", "int16", "bf16", "auto"]
Dtype: TypeAlias = Literal["float32", "float16", "bfloat16"]
SaveFormat: TypeAlias = Literal["safetensors", "pytorch"]

# In the order of the enums. None is the first.
PRESETS: Final = ("any", "clovaai", "easyocr")
EXIFS: Final = ("any", "ignore", "apply")
ALPHAS: Final = ("ignore", "white", "black")
ROTATES: Final = ("none", "auto", "tall", "any")
PRECISIONS: Final = ("fp32", "int16", "bf16", "auto")
DTYPES: Final = ("any", "float32", "float16", "bfloat16")
SAVE_FORMATS: Final = ("any", "safetensors", "pytorch")


def find_name(what: str, value: str | None, names: Sequence[str]) -> int:
    """The number of the name; 0 for None. "any" is the library's name of what None means here."""
    if value is None:
        return 0
    if value not in names or value == "any":
        raise ArgumentError(f'{what} is "{value}"; it must be one of {", ".join(n for n in names if n != "any")}')
    return names.index(value)


def check_count(what: str, value: int | None, most: int) -> int:
    """The number, 1 to `most`; 0 for None, which is C's default."""
    if value is None:
        return 0
    try:
        count = operator.index(value)
    except TypeError as error:
        raise TypeError(f"{what} is a {type(value).__name__}; it must be a whole number") from error
    if not 1 <= count <= most:
        raise ArgumentError(f"{what} is {count}; it must lie between 1 and {most}")
    return count


def encode_text(what: str, text: str) -> bytes:
    """As the library takes texts: UTF-8 that ends with its first zero byte."""
    if not isinstance(text, str):
        raise TypeError(f"{what} is a {type(text).__name__}; it must be a str")
    try:
        encoded = text.encode()
    except UnicodeEncodeError as error:
        raise ArgumentError(f"{what} is no text: it has half a character in it, {text[error.start]!r}") from error
    return _refuse_zero_bytes(what, encoded)


def encode_path(what: str, path: str | os.PathLike[str]) -> bytes:
    try:
        encoded = os.fsencode(path)
    except UnicodeEncodeError as error:
        raise ArgumentError(f"{what} has a character in it that names of files cannot have here, "
                            f"{error.object[error.start]!r}") from error
    return _refuse_zero_bytes(what, encoded)


def _refuse_zero_bytes(what: str, encoded: bytes) -> bytes:
    if b"\0" in encoded:
        raise ArgumentError(f"{what} has a zero byte in it")
    return encoded


def looks_like_file(charset: str) -> bool:
    """Whether an alphabet is more likely the name of a file with one."""
    return charset.endswith((".txt", ".yaml", ".yml")) or os.path.exists(charset)


def number_choice(what: str, choice: bool | None) -> int:
    """trba_choice. Of texts Python takes even "no" for true."""
    if choice is None:
        return 0
    if choice not in (False, True):
        raise ArgumentError(f"{what} is {choice!r}; it must be True or False")
    return 1 + bool(choice)


def check_ways(channel_order: str, errors: str = "raise") -> None:
    """The two options of every way to read."""
    if channel_order not in ("rgb", "bgr") or errors not in ("raise", "return"):
        raise ArgumentError(f'channel_order must be "rgb" or "bgr", errors "raise" or "return"; they are '
                            f'"{channel_order}" and "{errors}"')
