# SPDX-License-Identifier: Apache-2.0
"""The exceptions: one class per status of the C library, each also the built-in exception it resembles."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Final


class Error(Exception):
    """What this package raises. `message` is one sentence (a checkpoint mismatch: a few lines) from the C library."""

    status: ClassVar[str] = "error"  #: the library's name of the status, e.g. "bad argument"

    @property
    def message(self) -> str:
        return str(self.args[0]) if self.args else ""


class ArgumentError(Error, ValueError):
    """An argument that cannot be right: negative, unknown, of the wrong shape."""

    status = "bad argument"


def _find_errno(message: str) -> int | None:
    """The C library says in words what it was: two in its own, all others in strerror()'s at the end."""
    if "there is no such file: " in message:
        return errno.ENOENT
    if "this is a folder, not a file: " in message:
        return errno.EISDIR
    return next((number for number in errno.errorcode if message.endswith(f": {os.strerror(number)}")), None)


class CannotReadError(Error, OSError):
    """A file cannot be opened, read or written. `errno` and `filename` are as of any OSError, None if not known."""

    status = "cannot read"

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.errno = _find_errno(message)

    def __str__(self) -> str:  # OSError's own would put the two before it
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:  # OSError's own leaves them behind
        return type(self), self.args, {**vars(self), "errno": self.errno, "filename": self.filename}


@contextmanager
def naming_files(*paths: object) -> Iterator[None]:
    """Gives a CannotReadError as its `filename` the one of these paths that its message speaks of. What is no path is
    passed over."""
    try:
        yield
    except CannotReadError as error:
        names = [os.fsdecode(path) for path in paths if isinstance(path, (str, os.PathLike))]
        error.filename = max((name for name in names if name in error.message), key=len, default=None)
        raise


class FormatError(Error, ValueError):
    """The bytes are not what they should be: damaged, truncated, hostile, or another kind of file."""

    status = "bad format"


class UnsupportedError(Error):
    """A valid file of a kind that is not read, or a processor tier that this machine lacks."""

    status = "not supported"


class MismatchError(Error):
    """The tensors contradict the options, or do not make up one of the networks."""

    status = "weights and options do not match"


class CharsetError(Error):
    """The alphabet is unknown or does not fit the number of classes."""

    status = "alphabet unknown or of the wrong size"


class LimitError(Error):
    """Over a documented limit: pixels, sides, tensors, nesting."""

    status = "over a limit"


class OutOfMemoryError(Error, MemoryError):
    """Memory could not be had."""

    status = "out of memory"


# Indexed by trba_status. The first, TRBA_OK, is never raised.
ERROR_CLASSES: Final[tuple[type[Error], ...]] = (
    Error, ArgumentError, CannotReadError, FormatError, UnsupportedError, MismatchError, CharsetError, LimitError,
    OutOfMemoryError)
