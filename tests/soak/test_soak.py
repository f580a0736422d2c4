# SPDX-License-Identifier: Apache-2.0
"""The long run in short: 3,000 images, and the programs that make and report it."""

import os
import subprocess
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
