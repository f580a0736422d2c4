# SPDX-License-Identifier: Apache-2.0
"""Arguments of the programs of this folder."""

import argparse


def positive_int(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
