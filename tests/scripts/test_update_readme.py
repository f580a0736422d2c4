# SPDX-License-Identifier: Apache-2.0
"""README.md shows what `make demo` prints, and scripts/update_readme.py writes that."""

import importlib.util
import os
from pathlib import Path

import pytest

SOURCE_DIR = Path(os.environ["TRBA_SOURCE_DIR"])
README = (SOURCE_DIR / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def script():
    specification = importlib.util.spec_from_file_location("update_readme", SOURCE_DIR / "scripts" / "update_readme.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_readme_shows_what_the_demo_prints(script):
    """To the letter, but for the last digit of a confidence, which is the processor's."""
    lines = script.read_samples(os.environ["TRBA_STRDEMO"])
    shown = script.replace_block(README, lines).split("\n")
    assert len(lines) > 10
    for number, (line, wanted) in enumerate(zip(README.split("\n"), shown, strict=True), 1):
        if line != wanted:
            *words, confidence = line.split(" ")
            *wanted_words, wanted_confidence = wanted.split(" ")
            assert words == wanted_words, f"README.md:{number}: run scripts/update_readme.py"
            assert float(confidence) == pytest.approx(float(wanted_confidence), abs=1e-3), f"README.md:{number}"


def test_the_script_replaces_these_lines_and_nothing_else(script):
    changed = script.replace_block(README, ["one", "two"])
    before, after = changed.split(script.HEADING)
    assert after.startswith("    one\n    two\n\n## ")
    assert README.startswith(before) and README.endswith(after.split("\n\n", 1)[1])
    with pytest.raises(AssertionError, match="no indented lines"):
        script.replace_block(f"{script.HEADING}Text.\n\nMore.\n", ["one"])
