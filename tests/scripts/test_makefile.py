# SPDX-License-Identifier: Apache-2.0
"""Recipes of the Makefile, with programs in the place of those that would change the machine."""

import os
import subprocess
from pathlib import Path

import pytest

SOURCE_DIR = Path(os.environ["TRBA_SOURCE_DIR"])


@pytest.fixture
def make(tmp_path):
    """make(*arguments, uid) -> what was done, and the stand-ins that were called, in order"""
    called = tmp_path / "called"

    def run(*arguments, uid=0):
        for name in ("cmake", "ldconfig", "id"):
            program = tmp_path / name
            program.write_text(f"#!/bin/sh\necho {name} >>{called}\n[ {name} != id ] || echo {uid}\n")
            program.chmod(0o755)
        called.write_text("")
        # Not what a make that runs this test was told.
        environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS")}
        environment["PATH"] = f"{tmp_path}:{environment['PATH']}"
        done = subprocess.run(["make", "-C", SOURCE_DIR, *arguments], env=environment, capture_output=True, text=True)
        return done, called.read_text().split()
    return run


@pytest.mark.parametrize("uid, folder, is_told", [(0, "", True), (1000, "", False), (0, "/nowhere", False)])
def test_install_tells_the_linker_when_root_installs_on_this_machine(make, uid, folder, is_told):
    done, called = make("-o", "build", "install", f"DESTDIR={folder}", uid=uid)
    assert done.returncode == 0, done.stderr
    assert called[0] == "cmake"
    assert ("ldconfig" in called) == is_told


def test_a_prefix_may_have_blanks_in_it(make):
    done, _ = make("--dry-run", "-o", "build", "install", "PREFIX=/opt/two words")
    assert '--prefix "/opt/two words"' in done.stdout


def test_the_tests_go_on_without_the_model_that_is_fetched(make):
    done, _ = make("-o", "packages", "test-models", "PYTHON=false")
    assert done.returncode == 0, done.stderr
    assert "Going on without english_g2" in done.stdout
    done, _ = make("-o", "packages", "models", "PYTHON=false")
    assert done.returncode != 0


def test_packages_for_debian_need_what_only_they_need(make):
    done, _ = make("--dry-run", "deb")
    assert "scripts/install_debian_packages.sh deb" in done.stdout


def test_targets_are_made_one_after_the_other(make):
    """Two would call apt-get at once."""
    done, _ = make("--print-data-base", "--dry-run", "help")
    assert ".NOTPARALLEL:" in done.stdout.splitlines()
