# SPDX-License-Identifier: Apache-2.0
"""scripts/make_dist.sh where there is no commit of trba to pack. (tests/install/check_dist.py looks into tarballs.)"""

import os
import shutil
import subprocess
from pathlib import Path

SOURCE_DIR = Path(os.environ["TRBA_SOURCE_DIR"])


def test_the_commit_of_a_checkout_around_the_tree_is_not_packed(tmp_path):
    git = ["git", "-C", tmp_path, "-c", "user.name=nobody", "-c", "user.email=nobody@example.invalid"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "--message", "somebody else's"], check=True)
    tree = tmp_path / "trba"
    for name in ("scripts/make_dist.sh", "include/trba.h"):
        (tree / name).parent.mkdir(parents=True)
        shutil.copy(SOURCE_DIR / name, tree / name)
    done = subprocess.run([tree / "scripts" / "make_dist.sh", tmp_path / "out"], capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr == "make_dist.sh: this is not a Git checkout; a tarball is made from a commit\n"
    assert list((tmp_path / "out").iterdir()) == []
