# SPDX-License-Identifier: Apache-2.0
"""What the tests of this folder share: how their programs are run."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "training"))

BUILD_DIR = Path(os.environ.get("TRBA_BUILD_DIR", "."))


def run_program(name, *arguments):
    """The program has its own sanitizer, which looks for leaks; the one preloaded for Python does not."""
    environment = {name: value for name, value in os.environ.items() if name not in ("LD_PRELOAD", "ASAN_OPTIONS")}
    if not (BUILD_DIR / name).exists():
        pytest.skip(f"{name} was not built")
    done = subprocess.run([BUILD_DIR / name, *arguments], env=environment, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=600)
    assert done.returncode == 0, done.stdout
    print(done.stdout)
    return done.stdout


@pytest.fixture(scope="session")
def run():
    return run_program
