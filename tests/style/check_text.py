#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_text.py - what every text file of the tree keeps to.

    all text                      valid UTF-8, no trailing blanks, a newline at the end, no path of somebody's machine
    sources (C, Python, shell, CMake, make)   an SPDX line among the first three; C: no tabs
    sources                       at most 120 columns

    usage: check_text.py SOURCE_DIR
"""
import pathlib
import re
import sys

SPDX = "SPDX-License-Identifier: Apache-2.0"
MAX_COLUMNS = 120
C_SUFFIXES = {".c", ".h", ".inc", ".cpp"}
SOURCE_SUFFIXES = C_SUFFIXES | {".py", ".sh", ".bash", ".zsh", ".fish", ".cmake"}
SOURCE_NAMES = {"CMakeLists.txt", "Makefile", "run"}
TEXT_SUFFIXES = {".md", ".txt", ".json", ".yaml", ".yml", ".tsv", ".in", ".1"}
TEXT_NAMES = {"LICENSE", "NOTICE", ".gitignore", ".clang-format"}
SKIPPED_FOLDERS = {".git", "build", ".venv", ".venv-bench", ".venv-easyocr", ".venv-training", "__pycache__",
                   ".pytest_cache", ".cache"}
# Not written as they are, or this file would be the first to fail.
MACHINE_PATHS = re.compile("|".join((r"/wo" r"rk/", r"/tmp/bui" r"ld-", r"/ro" r"ot/", r"/ho" r"me/\w")))


def list_files(source_dir):
    for path in sorted(source_dir.rglob("*")):
        relative = path.relative_to(source_dir)
        if path.is_file() and not SKIPPED_FOLDERS.intersection(relative.parts):
            yield relative


def is_source(path):
    return path.suffix in SOURCE_SUFFIXES or path.name in SOURCE_NAMES


def is_fixture(path):
    """Test vectors keep what they need, trailing blanks among it."""
    return "fixtures" in path.parts or path.parts[0] == "data"


def check_line(path, line):
    if MACHINE_PATHS.search(line):
        yield "has a path of somebody's machine"
    if is_fixture(path):
        return
    if line != line.rstrip():
        yield "ends in blanks"
    if is_source(path) and len(line) > MAX_COLUMNS:
        yield f"is {len(line)} columns wide, {MAX_COLUMNS} are allowed"
    if path.suffix in C_SUFFIXES and "\t" in line:
        yield "has a tab"


def check_file(source_dir, path):
    try:
        text = (source_dir / path).read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        return [f"{path}: not valid UTF-8: {error}"]
    lines = text.split("\n")
    problems = [f"{path}:{number}: {problem}" for number, line in enumerate(lines, 1)
                for problem in check_line(path, line)]
    if is_source(path) and not any(SPDX in line for line in lines[:3]):
        problems.append(f"{path}:1: no SPDX line among the first three")
    if text and lines[-1] != "" and not is_fixture(path):
        problems.append(f"{path}:{len(lines)}: no newline at the end")
    return problems


def main():
    source_dir = pathlib.Path(sys.argv[1])
    files = [path for path in list_files(source_dir)
             if is_source(path) or path.suffix in TEXT_SUFFIXES or path.name in TEXT_NAMES]
    if len(files) < 50:
        sys.exit(f"found {len(files)} text files: this check does not see the tree it is for")
    problems = [problem for path in files for problem in check_file(source_dir, path)]
    print("\n".join(problems) or f"{len(files)} text files are clean")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
