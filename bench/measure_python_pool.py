#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""measure_python_pool.py - how the Python package scales with threads; prints the table of docs/PYTHON.md.

    usage: measure_python_pool.py [--model FILE] [--rounds N] FOLDER      with the package trba installed

Four ways to read the same encoded images, taking turns, so that a noisy machine is noisy for all. The factor of a round
is the time of one thread divided by that of two in the same round.
"""
import argparse
import os
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import trba

from bench_arguments import positive_int


def time_call(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def make_ways(path, images):
    """{name: function}: a list in one call, and one image per call in a pool, each with one thread and with two."""
    one, two = trba.Model(path, threads=1), trba.Model(path, threads=2)
    pools = {n: ThreadPoolExecutor(n) for n in (1, 2)}
    return {
        "a list, one thread": lambda: one.read(images),
        "a list, two threads": lambda: two.read(images),
        "a pool of one": lambda: list(pools[1].map(one.read, images)),
        "a pool of two": lambda: list(pools[2].map(one.read, images)),
    }


def measure(ways, rounds):
    seconds = {name: [] for name in ways}
    for i in range(rounds + 1):
        for name, function in ways.items():
            duration = time_call(function)
            if i:  # the first round warms up
                seconds[name].append(duration)
    return seconds


def print_table(seconds, n_images):
    print("| | ms a word: median | spread | factor: median | spread |\n| --- | --- | --- | --- | --- |")
    names = list(seconds)
    for i, name in enumerate(names):
        words = [1000 * s / n_images for s in seconds[name]]
        row = f"| {name} | {statistics.median(words):.2f} | {min(words):.2f} to {max(words):.2f} |"
        if i % 2:
            factors = [a / b for a, b in zip(seconds[names[i - 1]], seconds[name])]
            row += f" {statistics.median(factors):.2f} | {min(factors):.2f} to {max(factors):.2f} |"
        else:
            row += "  |  |"
        print(row)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="models/english_g2.pth")
    parser.add_argument("--rounds", type=positive_int, default=9)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    if not options.folder.is_dir():
        parser.error(f"there is no folder {options.folder}")
    images = [path.read_bytes() for path in sorted(options.folder.iterdir()) if path.suffix in (".png", ".jpg")] * 6
    if not images:
        parser.error(f"{options.folder} has no .png and no .jpg")
    print(f"{len(images)} images, {options.rounds} rounds, load average {os.getloadavg()[0]:.1f}")
    try:
        ways = make_ways(options.model, images)
    except trba.Error as error:
        sys.exit(str(error))
    print_table(measure(ways, options.rounds), len(images))


if __name__ == "__main__":
    main()
