# SPDX-License-Identifier: Apache-2.0
"""OpenBLAS is loaded for the tier blas alone. Where it cannot be, that tier says what to do, and the others read.

A file that is no library stands for one that cannot be loaded: the loader finds it first, in LD_LIBRARY_PATH.
"""

import os
import subprocess
from pathlib import Path

import pytest

SONAME = os.environ.get("TRBA_OPENBLAS_SONAME")
pytestmark = pytest.mark.skipif(not SONAME, reason="this build links OpenBLAS: it is in every process")


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """The environment in which OpenBLAS cannot be loaded."""
    folder = tmp_path_factory.mktemp("broken")
    (folder / SONAME).write_bytes(b"")
    return {"LD_LIBRARY_PATH": str(folder)}


def read(program, network, path, *options, **surroundings):
    return program.run("-m", network.path, *options, "-f", "tsv", path, **surroundings)


def tier_in_use(program, network, path):
    [said] = [line for line in read(program, network, path, "-v").stderr.splitlines() if "machine: " in line]
    return said.partition("machine: ")[2].partition(",")[0]


def loaded_libraries(program, network, path, *options):
    """The names of what a process has mapped that has read a picture and waits for the next."""
    with program.popen("-m", network.path, *options, "-f", "tsv", "-b", "1", "@-", stdin=subprocess.PIPE,
                       stdout=subprocess.PIPE) as process:
        process.stdin.write(f"{path}\n".encode())
        process.stdin.flush()
        assert process.stdout.readline().count(b"\t") == 2
        maps = Path("/proc", str(process.pid), "maps").read_text()
    return {Path(line.split()[5]).name for line in maps.splitlines() if "/" in line}


def test_only_its_own_tier_loads_openblas(strdemo, crnn, pictures):
    word = pictures["word1.png"]
    for cpu in ("auto", "ref", "blas"):
        names = loaded_libraries(strdemo, crnn, word, "--cpu", cpu)
        assert any(name.startswith("libpng") for name in names), "the library's own dependencies are not seen"
        expected = cpu == "blas" or (cpu == "auto" and tier_in_use(strdemo, crnn, word) == "blas")
        assert any("openblas" in name for name in names) == expected, (cpu, names)


def is_refused(done):
    """In one sentence that has the loader's reason."""
    return (done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1 and
            done.stderr.startswith("strdemo: the tier blas needs OpenBLAS, which cannot be loaded (") and
            f"/{SONAME}: file too short): install it (Debian: libopenblas0), or use the tier ref\n" in done.stderr)


def test_its_tier_says_what_to_do_where_openblas_cannot_be_loaded(strdemo, crnn, pictures, broken):
    done = read(strdemo, crnn, pictures["word1.png"], "--cpu", "blas", env=broken)
    assert is_refused(done), done


def test_the_other_tiers_need_no_openblas(strdemo, crnn, pictures, broken):
    word = pictures["word1.png"]
    done = read(strdemo, crnn, word, "--cpu", "ref", env=broken)
    assert (done.returncode, done.stdout) == (0, read(strdemo, crnn, word, "--cpu", "ref").stdout)
    done = read(strdemo, crnn, word, env=broken)
    if tier_in_use(strdemo, crnn, word) == "blas":
        assert is_refused(done), "nothing else may be chosen silently"
    else:
        assert (done.returncode, done.stdout) == (0, read(strdemo, crnn, word).stdout)


def test_the_line_for_bug_reports_describes_openblas_or_says_there_is_none(strdemo, trba, broken):
    for program, argument in ((strdemo, "--version"), (trba, "version")):
        assert "; OpenBLAS " in program.run(argument).stdout
        assert program.run(argument, env=broken).stdout.endswith(" processors; no OpenBLAS\n")
