# SPDX-License-Identifier: Apache-2.0
"""Runs a program, and says how long it took and how much memory.

    usage: time_process.py PROCESSORS COMMAND...      PROCESSORS: the numbers of those it may use, e.g. 0,1

Prints {"first_s": seconds until the first byte on stdout, "s": until the end, "peak_mb": resident, "status": of wait4}.
A small process of its own: Linux counts into a process' peak what its parent held when it forked, and the benchmark's
main process holds PyTorch.
"""

import json
import os
import subprocess
import sys
import time


def main():
    os.sched_setaffinity(0, [int(number) for number in sys.argv[1].split(",")])
    start = time.perf_counter()
    process = subprocess.Popen(sys.argv[2:], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    first = os.read(process.stdout.fileno(), 1)
    first_seconds = time.perf_counter() - start if first else None
    while os.read(process.stdout.fileno(), 1 << 16):
        pass
    _, status, usage = os.wait4(process.pid, 0)
    print(json.dumps({"first_s": first_seconds, "s": time.perf_counter() - start, "peak_mb": usage.ru_maxrss / 1024,
                      "status": status}))


if __name__ == "__main__":
    main()
