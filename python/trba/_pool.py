# SPDX-License-Identifier: Apache-2.0
"""A model's sessions: one for each call that runs at the same time, made when needed, kept for the next call.

    pool = SessionPool(limit, make)         make(batch) makes a session for so many images at a time
    with pool.session(batch) as session:    waits while `limit` calls are running
        _core.read(session, ...)

After os.fork() the child starts with an empty pool: a session's threads are those of the process that made it.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from . import _core


class SessionPool:
    """Safe for any number of threads."""

    def __init__(self, limit: int, make: Callable[[int], _core.SessionCapsule]) -> None:
        self._limit = limit
        self._make = make
        self._reset()
        _pools.add(self)

    def _reset(self) -> None:
        self._running = threading.BoundedSemaphore(self._limit)
        # (most images at a time, session); the last used at the end: its memory is in the caches. Only append() and
        # pop() change it, each of them atomic.
        self._idle: list[tuple[int, _core.SessionCapsule]] = []

    def _take(self, batch: int) -> tuple[int, _core.SessionCapsule]:
        """An idle session, or a new one if there is none or it was made for fewer images at a time."""
        try:
            made_for, session = self._idle.pop()
        except IndexError:
            made_for, session = 0, None
        if session is None or made_for < batch:
            session = None  # frees the smaller one before its successor takes memory
            made_for, session = batch, self._make(batch)
        return made_for, session

    @contextmanager
    def session(self, batch: int) -> Iterator[_core.SessionCapsule]:
        """A session for this thread alone, made for `batch` images at a time or more."""
        with self._running:
            made_for, session = self._take(batch)
            try:
                yield session
            finally:
                self._idle.append((made_for, session))


_pools: weakref.WeakSet[SessionPool] = weakref.WeakSet()


def _reset_pools() -> None:
    for pool in list(_pools):
        pool._reset()


os.register_at_fork(after_in_child=_reset_pools)
