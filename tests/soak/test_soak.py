# SPDX-License-Identifier: Apache-2.0
"""The long run in short: 3,000 images, and the programs that make and report it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import run_soak
from make_soak_inputs import make_inputs

N_IMAGES = 3000


@pytest.fixture(scope="module")
def program():
    path = Path(os.environ.get("TRBA_BUILD_DIR", "")) / "soak"
    if not path.exists():
        pytest.skip("TRBA_BUILD_DIR has no program soak")
    return path


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    return make_inputs(tmp_path_factory.mktemp("soak"))


def test_memory_descriptors_and_threads_stay_and_idle_sessions_sleep(program, inputs, tmp_path):
    pictures, models = inputs
    done = subprocess.run([program, str(N_IMAGES), "250", "2", pictures, *models], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    (tmp_path / "curve").write_text(done.stdout)
    samples = run_soak.read_curve(tmp_path / "curve")
    assert samples[-1]["images"] >= N_IMAGES and samples[-1]["broken"] > N_IMAGES / 10
    page = "\n".join(run_soak.describe(samples, "today"))
    assert f"{samples[-1]['images']:,.0f} images" in page and run_soak.plot(samples).count("<polyline") == 2


def test_a_picture_that_should_fail_and_does_not_is_noticed(program, inputs, tmp_path):
    pictures, models = inputs
    (tmp_path / "bad-but-good.png").write_bytes(next(pictures.glob("100x32-*.png")).read_bytes())
    done = subprocess.run([program, "1000", "100", "2", tmp_path, models[1]], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 1 and "bad-but-good.png: ok" in done.stderr


def test_the_program_does_not_run_for_ever_for_less_than_nothing(program):
    for n_images in ("-5", "0", "many"):
        done = subprocess.run([program, n_images, "100", "2", ".", "."], capture_output=True, text=True, check=False,
                              timeout=60)
        assert done.returncode == 2 and done.stderr.startswith("usage: soak ")


def report(*arguments):
    return subprocess.run([sys.executable, run_soak.__file__, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("arguments, why", [
    (["--images", "999"], "so that many are the least"),
    (["--program", "/nonexistent"], "there is no /nonexistent: cmake"),
    (["--output", "/nonexistent/page.md"], "is to be in one that is not there"),
])
def test_what_cannot_be_reported_is_refused_before_the_run(arguments, why, tmp_path):
    done = report("--program", sys.executable, "--output", tmp_path / "page.md", *arguments)
    assert done.returncode == 2 and why in done.stderr.splitlines()[-1] and not list(tmp_path.iterdir())


@pytest.mark.parametrize("curve, why", [
    (None, "the curve cannot be read"), ("", "is no whole curve"), ("a word\n", "is no whole curve"),
    ("images\tbroken\n0\t0\n500\t100\n", "is no whole curve"), ("images\tbroken\n0\t0\n2000\n", "is no whole curve"),
])
def test_a_curve_that_ends_early_is_refused(curve, why, tmp_path):
    if curve is not None:
        (tmp_path / "curve").write_text(curve)
    done = report("--program", "soak", "--output", tmp_path / "page.md", "--curve", tmp_path / "curve")
    assert done.returncode == 1 and why in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "page.md").exists()
