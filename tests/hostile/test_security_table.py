# SPDX-License-Identifier: Apache-2.0
"""The table of attacks in SECURITY.md names cases that exist."""
import re
from pathlib import Path

import make_hostile_checkpoints
import make_hostile_images

HERE = Path(__file__).parent


def known_names():
    names = {case.name for case in make_hostile_checkpoints.CASES}
    names |= {name for name, _, _ in make_hostile_images.hostile_images()}
    for path in HERE.glob("test_*.py"):
        names |= {path.name, *re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)}
    return names


def test_every_case_of_the_table_exists():
    text = (HERE.parents[1] / "SECURITY.md").read_text(encoding="utf-8")
    rows = [line.split("|")[2] for line in text.splitlines() if line.startswith("| ")]
    named = {name for row in rows for name in re.findall(r"`([^`*]+)`", row)}
    assert len(named) > 80, "the table was not found"
    assert named - known_names() == set()
