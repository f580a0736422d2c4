# SPDX-License-Identifier: Apache-2.0
"""Arguments of run_parity.py and run_precision.py: what cannot be used is refused before any word is read."""

import argparse
import os
from pathlib import Path


def number_of_words(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def file_to_write(text):
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is a folder, or is to be in one that is not there")
    return path


def take_library(parser, library):
    """Makes it the one that trba_ctypes loads; None: the environment names it."""
    library = library or os.environ.get("TRBA_TESTING_LIB")
    if not library:
        parser.error("say where libtrba_testing.so is: --library, or the variable TRBA_TESTING_LIB")
    if not Path(library).is_file():
        parser.error(f"there is no library {library}: cmake --preset test, cmake --build --preset test")
    os.environ["TRBA_TESTING_LIB"] = str(Path(library).resolve())


def take_tier(parser, cpu, tiers):
    """The tier's name, "auto" replaced by the best one; `tiers` are those that may be named."""
    from trba_ctypes import CPUS, library

    best = library().trba_cpu_best()
    if cpu == "auto":
        return CPUS[best]
    if cpu not in tiers:
        parser.error(f"--cpu: there is no tier {cpu!r} for this: auto, {', '.join(tiers)}")
    if CPUS.index(cpu) > best:
        parser.error(f"--cpu {cpu}: this processor, or this build, has {CPUS[best]} at best")
    return cpu
