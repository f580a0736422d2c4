# SPDX-License-Identifier: Apache-2.0
"""Runs a program, and says how long it took and how much memory.

    usage: time_process.py PROCESSORS COMMAND...      PROCESSORS: the numbers of those it may use, e.g. 0,1

Prints {"first_s": seconds until the first byte on stdout, "s": until the end, "peak_mb": resident, "status": of wait4,
"last_words": the last line on stderr}.
A small process of its own: Linux counts into a process' peak what its parent held when it forked, and the benchmark's
main process holds PyTorch.
"""

import json
import os
import signal
import subprocess
import sys
import time


def main():
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # run_bench.py says what is to be said
    os.sched_setaffinity(0, [int(number) for number in sys.argv[1].split(",")])
    complaints = os.memfd_create("stderr")
    start = time.perf_counter()
    process = subprocess.Popen(sys.argv[2:], stdout=subprocess.PIPE, stderr=complaints)
    first = os.read(process.stdout.fileno(), 1)
    first_seconds = time.perf_counter() - start if first else None
    while os.read(process.stdout.fileno(), 1 << 16):
        pass
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    last_words = os.pread(complaints, os.fstat(complaints).st_size, 0).decode(errors="replace").splitlines()[-1:]
    print(json.dumps({"first_s": first_seconds, "s": seconds, "peak_mb": usage.ru_maxrss / 1024, "status": status,
                      "last_words": "".join(last_words)}))


if __name__ == "__main__":
    main()
