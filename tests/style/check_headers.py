#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_headers.py - every header compiles when it is the only one included; trba.h also in C99 and C++.

Left out: src/kernels/simd/, whose files are bodies that each tier includes with its own macros, and so is
tests/kernelcheck/vector_emulated16.h.

    usage: check_headers.py SOURCE_DIR C_COMPILER CXX_COMPILER [FLAG]...      the flags are for the inner headers
"""
import pathlib
import subprocess
import sys

STRICT = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only"]
TIER_FLAGS = {"avx2": ["-mavx2", "-mfma", "-mf16c"],
              "avx512": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mfma"]}
TIER_FLAGS["avx512vnni"] = [*TIER_FLAGS["avx512"], "-mavx512vnni"]
TIER_FLAGS["avx512amx"] = [*TIER_FLAGS["avx512vnni"], "-mavx512bf16", "-mamx-tile", "-mamx-bf16", "-mamx-int8",
                            "-mprfchw"]


def tier_flags(header):
    """avx512amx and avx512vnni before avx512: a header of a tier is named after it, or lies in its folder."""
    for tier in ("avx512amx", "avx512vnni", "avx512", "avx2"):
        if tier in str(header):
            return TIER_FLAGS[tier]
    return []


def compiles(compiler, flags, header, language):
    command = [compiler, *flags, "-x", language, "-"]
    done = subprocess.run(command, input=f'#include "{header}"\nint main(void);\n', text=True, capture_output=True)
    if done.returncode:
        first_lines = "\n".join(done.stderr.splitlines()[:5])
        print(f"{header} does not compile alone: {' '.join(command)}\n{first_lines}")
    return done.returncode == 0


def main():
    source_dir, c_compiler, cxx_compiler = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    src, public = source_dir / "src", source_dir / "include"
    inner_flags = ["-std=c11", "-D_POSIX_C_SOURCE=200809L", "-D_DEFAULT_SOURCE", "-fsyntax-only", f"-I{public}",
                   f"-I{src}", *sys.argv[4:]]
    inner = sorted(path.relative_to(src) for path in src.rglob("*.h") if path.parent.name != "simd")
    if len(inner) < 10:
        sys.exit(f"found {len(inner)} headers in {src}: this check does not see the tree it is for")

    results = [compiles(c_compiler, inner_flags + tier_flags(header), header, "c") for header in inner]
    outer = [path for folder in ("tools", "tests", "bench") for path in sorted((source_dir / folder).rglob("*.h"))
             if path.name != "vector_emulated16.h"]
    results += [compiles(c_compiler, [*inner_flags, f"-I{source_dir / 'tools'}"], path, "c") for path in outer]
    for standard in ("c99", "c11"):
        results.append(compiles(c_compiler, [f"-std={standard}", f"-I{public}", *STRICT], "trba.h", "c"))
    for standard in ("c++11", "c++20"):
        results.append(compiles(cxx_compiler, [f"-std={standard}", f"-I{public}", *STRICT], "trba.h", "c++"))
    print(f"{sum(results)} of {len(results)} headers compile alone")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
