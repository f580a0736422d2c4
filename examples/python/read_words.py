#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""read_words.py - reads pictures of words with a pool of threads; bad pictures do not stop it.

    usage: read_words.py CHECKPOINT IMAGE...      prints  path TAB text TAB confidence
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import trba


def main() -> None:
    checkpoint, *paths = sys.argv[1:]
    # One thread a call: the calls run side by side, each in a session of its own.
    with trba.Model(checkpoint, threads=1) as model, ThreadPoolExecutor() as executor:
        def read(path: str) -> trba.Result:
            return model.read(path, errors="return")

        for path, result in zip(paths, executor.map(read, paths), strict=True):
            print(path, result.text if result.ok else result.error, f"{result.confidence:.3f}", sep="\t")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: read_words.py CHECKPOINT IMAGE...")
    try:
        main()
    except trba.Error as error:
        sys.exit(str(error))
