# SPDX-License-Identifier: Apache-2.0
"""Paths of what the tests of training import."""

import sys
from pathlib import Path

import torch

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent / "training")]
torch.set_num_threads(1)  # other tests run at the same time
