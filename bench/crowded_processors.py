# SPDX-License-Identifier: Apache-2.0
"""Several processes at once on few processors: what their threads' waiting for each other costs.

    usage: crowded_processors.py --strdemo build/release/strdemo --model FILE --list FILE [--processes 4]
                                 [--processors 0,1] [--rounds 7]

Each process reads the pictures that the list names, one path a line, with as many threads as it may use processors and
one picture at a time, when the threads wait for each other most often. In each round they run one after the other, and
all at once, the order changing from round to round. Threads that spin while the one they wait for has no processor
would make the second many times slower; a ratio near 1 says that they give way. Prints a line per round and the
medians. Needs no more than Python.
"""

import argparse
import os
import statistics
import subprocess
import time

from bench_arguments import positive_int


def processor_numbers(text):
    numbers = text.split(",")
    if not all(number.isdecimal() for number in numbers):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of numbers like 0,1")
    if missing := {int(number) for number in numbers} - os.sched_getaffinity(0):
        raise argparse.ArgumentTypeError(f"there is no processor {', '.join(map(str, sorted(missing)))}")
    return {int(number) for number in numbers}


def start(command):
    try:
        return subprocess.Popen(command, stdout=subprocess.DEVNULL)
    except OSError as error:
        raise SystemExit(f"{command[0]} cannot be started: {error.strerror}") from None


def wait_for(process):
    """The processor time that it took, in seconds."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{process.args[0]} ended with exit code {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def run_in_sequence(command, n):
    return sum(wait_for(start(command)) for _ in range(n))


def run_at_once(command, n):
    processes = [start(command) for _ in range(n)]
    return sum(map(wait_for, processes))


def measure(run, command, n):
    """(wall seconds, processor seconds)"""
    started = time.perf_counter()
    processor = run(command, n)
    return time.perf_counter() - started, processor


def measure_round(command, n, at_once_first):
    runs = [run_in_sequence, run_at_once]
    taken = {run: measure(run, command, n) for run in (reversed(runs) if at_once_first else runs)}
    return taken[run_in_sequence], taken[run_at_once]


def main():
    parser = argparse.ArgumentParser(description="Several processes at once, and one after the other.")
    parser.add_argument("--strdemo", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--list", required=True)
    parser.add_argument("--processes", type=positive_int, default=4)
    parser.add_argument("--processors", type=processor_numbers, default="0,1")
    parser.add_argument("--rounds", type=positive_int, default=7)
    asked = parser.parse_args()
    processors = asked.processors
    os.sched_setaffinity(0, processors)
    command = [asked.strdemo, "--quiet", "--model", asked.model, "--batch", "1", "--threads",
               str(len(processors)), f"@{asked.list}"]
    run_in_sequence(command, 1)  # files and model into the page cache
    ratios = []
    for number in range(asked.rounds):
        (sequence, sequence_cpu), (once, once_cpu) = measure_round(command, asked.processes, number % 2 == 1)
        ratios.append((once / sequence, once_cpu / sequence_cpu))
        print(f"round {number + 1}: in sequence {sequence:.2f} s (processor {sequence_cpu:.2f} s), "
              f"at once {once:.2f} s ({once_cpu:.2f} s): {once / sequence:.2f}, "
              f"processor {once_cpu / sequence_cpu:.2f}")
    wall, processor = (statistics.median(column) for column in zip(*ratios))
    print(f"{asked.processes} processes on {len(processors)} processors, at once against in sequence, median of "
          f"{asked.rounds}: {wall:.2f} of the time, {processor:.2f} of the processor time")


if __name__ == "__main__":
    main()
