# SPDX-License-Identifier: Apache-2.0
"""Paths of what the parity tests import, and a closing table: how far each stage was off, per processor tier."""

import sys
from pathlib import Path

import pytest
import torch

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent / "training")]

# Other tests run at the same time; OpenMP threads that wait for each other while spinning then take many times as long.
torch.set_num_threads(1)

_worst = {}  # (tier, stage) -> the largest relative difference seen
_notes = set()


@pytest.fixture
def record_worst():
    """record_worst(tier, stage, difference): for the table at the end of the run."""
    def record(tier, stage, difference):
        _worst[tier, stage] = max(_worst.get((tier, stage), 0.0), difference)
    return record


@pytest.fixture
def record_note():
    """record_note(text): a line at the end of the run, once."""
    return _notes.add


def pytest_terminal_summary(terminalreporter):
    if _worst:
        terminalreporter.section("largest difference from PyTorch, relative to the stage's largest value")
        for tier in dict.fromkeys(tier for tier, _ in _worst):
            figures = "  ".join(f"{stage} {difference:.1e}" for (t, stage), difference in _worst.items() if t == tier)
            terminalreporter.write_line(f"{tier:8s}{figures}")
    for note in sorted(_notes):
        terminalreporter.write_line(note)
