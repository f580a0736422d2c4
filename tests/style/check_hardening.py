#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_hardening.py - the protections that compiler and linker can give are in what they made.

    memory         no segment is both writable and executable, the stack is not executable
    relocations    applied at start (BIND_NOW) and read-only from then on (RELRO); none in the code
    programs       position-independent (PIE)
    functions      stack protector; in an optimised build glibc's checked string functions (_FORTIFY_SOURCE)

    usage: check_hardening.py CONFIG FILE...

CONFIG is CMake's kind of build. A file whose name has .so in it is a library.
"""
import pathlib
import re
import subprocess
import sys


def read_elf(path):
    """readelf's text on headers, segments and dynamic section, and the names of the imported functions."""
    text = subprocess.run(["readelf", "--wide", "--file-header", "--program-headers", "--dynamic", path], check=True,
                          text=True, capture_output=True).stdout
    symbols = subprocess.run(["nm", "--dynamic", "--undefined-only", "--format=posix", path], check=True, text=True,
                             capture_output=True).stdout
    return text, {line.split()[0].split("@")[0] for line in symbols.splitlines()}


def check_segments(text):
    flags = re.findall(r"^\s+(\w+)\s+0x\w+ 0x\w+ 0x\w+ 0x\w+ 0x\w+ ([RWE ]{3}) 0x", text, re.MULTILINE)
    if not any(kind == "LOAD" for kind, _ in flags):
        yield "no LOAD segment: this check cannot read readelf's output"
    for kind, flag in flags:
        if "W" in flag and "E" in flag:
            yield f"segment {kind} is both writable and executable"
    if "GNU_STACK" not in dict(flags):
        yield "nothing says that the stack is not executable (GNU_STACK)"


def check_relocations(text):
    if not re.search(r"^\s+GNU_RELRO\s", text, re.MULTILINE):
        yield "no GNU_RELRO segment"
    if not re.search(r"\(FLAGS(_1)?\).*\b(BIND_)?NOW\b", text):
        yield "relocations are not applied at start (BIND_NOW)"
    if "(TEXTREL)" in text or re.search(r"\(FLAGS\).*TEXTREL", text):
        yield "relocations in the code (TEXTREL)"


def check_functions(imported, is_optimised):
    if "__stack_chk_fail" not in imported:
        yield "no stack protector (__stack_chk_fail)"
    checked = {name for name in imported if name.endswith("_chk")}
    if is_optimised and not checked:
        yield "no checked string function (_FORTIFY_SOURCE)"


def check_file(path, is_optimised):
    text, imported = read_elf(path)
    yield from check_segments(text)
    yield from check_relocations(text)
    yield from check_functions(imported, is_optimised)
    if ".so" not in pathlib.Path(path).name and not re.search(r"\(FLAGS_1\).*\bPIE\b", text):
        yield "the program is not position-independent (PIE)"


def main():
    config, *paths = sys.argv[1:]
    problems = [f"{pathlib.Path(path).name}: {problem}" for path in paths
                for problem in check_file(path, is_optimised=config != "Debug")]
    print("\n".join(problems) or f"{len(paths)} files are hardened")
    return 1 if problems or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
