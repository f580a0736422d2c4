# SPDX-License-Identifier: Apache-2.0
"""What a user of these programs can put right: said in one sentence, without a stack trace."""

import argparse
import contextlib
import sys


class Mistake(Exception):
    """Its text says what is wrong and what to do."""


@contextlib.contextmanager
def said_in_one_sentence():
    """Ends the program with the sentence of a Mistake, or that of a file that cannot be read or written."""
    try:
        yield
    except Mistake as mistake:
        sys.exit(str(mistake))
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error))


def number(least, most=float("inf"), kind=float):
    """For argparse: a number from `least` to `most`, both included."""
    def parse(text):
        what = "a whole number" if kind is int else "a number"
        limits = f"{least} or more" if most == float("inf") else f"{least} to {most}"
        with contextlib.suppress(ValueError, OverflowError):
            value = kind(text)
            if least <= value <= most:  # not so for NaN
                return value
        raise argparse.ArgumentTypeError(f"{what}, {limits}, is needed, not {text!r}")
    return parse


def whole_number(least, most=float("inf")):
    return number(least, most, int)
