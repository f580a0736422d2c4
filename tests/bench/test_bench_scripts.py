# SPDX-License-Identifier: Apache-2.0
"""The programs of bench/ that are started by hand, with arguments that nothing can be measured by."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"


def run(*command, **environment):
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60,
                          env=os.environ | environment)


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """peak and round_trip."""
    folder = tmp_path_factory.mktemp("build")
    for name in ("peak", "round_trip"):
        subprocess.run(["cc", "-std=gnu11", "-O1", "-pthread", BENCH / f"{name}.c", "-o", folder / name], check=True)
    return folder


@pytest.mark.parametrize("program, arguments", [
    ("peak", []), ("peak", ["0"]), ("peak", ["1", "many"]), ("peak", ["65"]), ("peak", ["1"] * 65),
    ("round_trip", []), ("round_trip", ["0"]), ("round_trip", ["0", "0"]), ("round_trip", ["0", "second"]),
])
def test_programs_that_measure_the_machine_say_what_they_want(build, program, arguments):
    done = run(build / program, *arguments)
    assert done.returncode == 2 and done.stdout == "" and done.stderr.startswith(f"usage: {program} ")


@pytest.mark.parametrize("arguments, why", [
    (["--processors", "0,x"], "is no list of numbers like 0,1"),
    (["--processors", "99999"], "there is no processor 99999"),
    (["--rounds", "0"], "is not a whole number above 0"),
    (["--processes", "0"], "is not a whole number above 0"),
    (["--processors", str(min(os.sched_getaffinity(0)))], "/nonexistent cannot be started: No such file"),
])
def test_crowded_processors_says_what_cannot_be_measured(arguments, why):
    done = run(sys.executable, BENCH / "crowded_processors.py", "--strdemo", "/nonexistent", "--model", "m",
               "--list", "l", *arguments)
    assert done.returncode != 0 and why in done.stderr.splitlines()[-1] and "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments, why", [
    (["/nonexistent"], "there is no folder /nonexistent"),
    ([BENCH], "has no .png and no .jpg"),
    (["--rounds", "0", BENCH], "is not a whole number above 0"),
    (["--model", "/nonexistent.pth", BENCH.parent / "data"], "no such model"),
])
def test_the_measurement_of_a_pool_says_what_cannot_be_measured(arguments, why, tmp_path):
    (tmp_path / "trba.py").write_text("class Error(Exception): pass\n"
                                      "def Model(*_, **__): raise Error('no such model')\n")
    done = run(sys.executable, BENCH / "measure_python_pool.py", *arguments, PYTHONPATH=str(tmp_path))
    assert done.returncode != 0 and why in done.stderr.splitlines()[-1] and "Traceback" not in done.stderr
