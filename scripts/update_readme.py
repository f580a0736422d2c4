#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""update_readme.py - writes what `make demo` prints into README.md, after the default model has changed.

    usage: update_readme.py STRDEMO
"""
import pathlib
import subprocess
import sys

SOURCE_DIR = pathlib.Path(__file__).resolve().parent.parent
README = SOURCE_DIR / "README.md"
HEADING = "The last lines of `make demo`:\n\n"
INDENT = "    "


def read_samples(strdemo):
    """The lines that strdemo prints: a heading and one for each picture of data/."""
    said = subprocess.run([pathlib.Path(strdemo).resolve(), "--model", "trba", "data/"], cwd=SOURCE_DIR, check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    return [line.expandtabs(1) for line in said.splitlines() if not line.startswith("---")]


def replace_block(readme, lines):
    """README.md's text with these lines instead of the indented ones below the heading."""
    before, after = readme.split(HEADING)
    block, rest = after.split("\n\n", 1)
    assert all(line.startswith(INDENT) for line in block.split("\n")), f"no indented lines follow {HEADING!r}"
    return before + HEADING + "\n".join(INDENT + line for line in lines) + "\n\n" + rest


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    README.write_text(replace_block(README.read_text(encoding="utf-8"), read_samples(sys.argv[1])), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
