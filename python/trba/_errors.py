# SPDX-License-Identifier: Apache-2.0
"""The exceptions: one class per status of the C library, each also the built-in exception it resembles."""

from typing import ClassVar, Final


class Error(Exception):
    """What this package raises. `message` is one sentence (a checkpoint mismatch: a few lines) from the C library."""

    status: ClassVar[str] = "error"  #: the library's name of the status, e.g. "bad argument"

    @property
    def message(self) -> str:
        return str(self.args[0]) if self.args else ""


class ArgumentError(Error, ValueError):
    """An argument that cannot be right: negative, unknown, of the wrong shape."""

    status = "bad argument"


class CannotReadError(Error, OSError):
    """A file cannot be opened, read or written."""

    status = "cannot read"


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
