#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_symbols.py - libtrba.so exports exactly the functions that trba.h declares, all of them named trba_*.

    usage: check_symbols.py SOURCE_DIR LIBTRBA_SO
"""
import pathlib
import re
import subprocess
import sys

DECLARATION = re.compile(r"^TRBA_API\b[^;(]*?(\w+)\s*\(", re.MULTILINE)


def exported_symbols(library):
    lines = subprocess.run(["nm", "--dynamic", "--defined-only", "--format=posix", library], check=True, text=True,
                           capture_output=True).stdout.splitlines()
    return {line.split()[0].split("@")[0] for line in lines}


def main():
    header = pathlib.Path(sys.argv[1], "include", "trba.h").read_text(encoding="utf-8")
    declared, exported = set(DECLARATION.findall(header)), exported_symbols(sys.argv[2])
    problems = [f"exported, but not named trba_*: {name}" for name in sorted(exported) if not name.startswith("trba_")]
    problems += [f"exported, but not in trba.h: {name}" for name in sorted(exported - declared)]
    problems += [f"in trba.h, but not exported: {name}" for name in sorted(declared - exported)]
    if len(declared) < 20:
        problems.append(f"found only {len(declared)} declarations in trba.h: this check cannot read it")
    print("\n".join(problems) or f"{len(exported)} symbols, as declared")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
