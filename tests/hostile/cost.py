# SPDX-License-Identifier: Apache-2.0
"""What a call costs: processor time, and memory at its peak beyond what the process held before.

    with cost.of(f"{name}", n_bytes) as spent: library.decode(...)      # fails if it was over the limits

The limits hold whatever the file says, under AddressSanitizer too: 1 second, and 64 MB above the file's own size. The
machine may be busy with other things, so it is processor time that counts. Only a build without optimisation that
counts its lines (make coverage) may take longer.
"""
import contextlib
import ctypes
import os
import time

SECONDS = 5.0 if os.environ.get("TRBA_COUNTS_LINES") == "1" else 1.0
BYTES = 64_000_000


def peak_bytes():
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


def forget_peak():
    """From here the peak counts anew. What malloc() keeps for later goes back first, or it would hide what is used."""
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/clear_refs", "w", encoding="ascii") as switch:
        switch.write("5")


class Spent:
    seconds = n_bytes = 0


@contextlib.contextmanager
def measured():
    """Gives an object that says afterwards what was spent."""
    forget_peak()
    spent, before, began = Spent(), peak_bytes(), time.process_time()
    yield spent
    spent.seconds, spent.n_bytes = time.process_time() - began, peak_bytes() - before


@contextlib.contextmanager
def of(what, n_bytes):
    """`n_bytes`: the file's own size."""
    with measured() as spent:
        yield
    assert spent.seconds < SECONDS, f"{what}: took {spent.seconds:.2f} s"
    used = spent.n_bytes
    assert used < BYTES + n_bytes, f"{what}: took {used / 1e6:.0f} MB; the file has {n_bytes / 1e6:.1f}"
