# SPDX-License-Identifier: Apache-2.0
"""scripts/install_debian_packages.sh on a machine that lacks one package and cannot get it."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(os.environ["TRBA_SOURCE_DIR"]) / "scripts" / "install_debian_packages.sh"


def write_program(folder, name, lines):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{lines}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.mark.parametrize("purpose, package", [("deb", "file"), ("python", "python3-dev"), ("test", "libcmocka-dev")])
def test_what_is_missing_is_named_where_it_is_needed(purpose, package, tmp_path):
    write_program(tmp_path, "dpkg-query", f'for last; do :; done; [ "$last" = {package} ] || printf installed')
    write_program(tmp_path, "id", "echo 1000")
    write_program(tmp_path, "sudo", "exit 1")
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run([SCRIPT, purpose], env=environment, capture_output=True, text=True)
    assert done.returncode == 77
    assert done.stderr.endswith(f": {package}\n")
    assert subprocess.run([SCRIPT], env=environment).returncode == 0  # all else does without it
