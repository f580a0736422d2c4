# SPDX-License-Identifier: Apache-2.0
"""Closing: what Model and Page have in common, `with` and an end at its end."""

from __future__ import annotations

from types import TracebackType
from typing import Self


class Closing:
    """Has close(), and is closed at the end of a `with`."""

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()
