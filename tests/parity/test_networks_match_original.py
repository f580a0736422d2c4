# SPDX-License-Identifier: Apache-2.0
"""Our PyTorch definitions and decoders against the original program's results, kept in fixtures/ (README.md there).

With this the judge of the live parity tests is itself judged: same names in the same order, same logits, same text and
confidence as demo.py, for all 24 combinations.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from reference_cases import BRACKET_SEED, bracket_case, combination_case, forced_text, make_input, name_lines

from trba_torch import COMBINATIONS
from trba_torch.checkpoints import random_network
from trba_torch.decode import decode_attention_demo, decode_ctc, top_margin

FIXTURES = Path(__file__).resolve().parent / "fixtures"
LOGITS = np.load(FIXTURES / "original_logits.npz")
RECORDS = json.loads((FIXTURES / "original_readings.json").read_text(encoding="utf-8"))

# The same operations in the same library, in float64: only the order of sums may differ, with the processor. (In
# float32 that alone moves the logits of a network with TPS by up to 5e-4.)
TOLERANCE = 1e-9         # of logits, relative to the largest
CONFIDENCE_TOLERANCE = 1e-6  # relative; in float32, as in the original
MARGIN = 1e-3            # the fixtures are chosen such that no step is closer to a tie

CASES = {combination_case(i)[0].name: (*combination_case(i), i, 2) for i in range(len(COMBINATIONS))}
CASES["brackets"] = (*bracket_case(), BRACKET_SEED, 24)


def relative_difference(ours, theirs):
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


@pytest.mark.parametrize("name", CASES)
def test_logits_text_and_confidence_equal_the_original(name):
    architecture, charset, seed, n_images = CASES[name]
    network = random_network(architecture, seed)
    lines = name_lines(network.state_dict())
    assert len(network.state_dict()) == RECORDS[name]["n_tensors"]
    digest = hashlib.sha256(lines.encode()).hexdigest()
    assert digest == RECORDS[name]["names_sha256"], f"names or shapes differ:\n{lines}"

    with torch.no_grad():
        logits = network.double()(make_input(architecture, seed, n_images).double())
    assert top_margin(torch.from_numpy(LOGITS[name])) > MARGIN
    assert relative_difference(logits.numpy(), LOGITS[name]) < TOLERANCE

    decode = decode_ctc if architecture.prediction == "CTC" else decode_attention_demo
    for image, (text, confidence) in enumerate(RECORDS[name]["readings"]):
        reading = decode(logits[image], charset)
        assert reading.text == text, f"image {image}"
        # null: demo.py stopped with an IndexError
        assert reading.confidence == pytest.approx(confidence or 0.0, rel=CONFIDENCE_TOLERANCE), f"image {image}"


def test_teacher_forcing_equals_the_original():
    architecture, _, seed, n_images = CASES["TPS-VGG-BiLSTM-Attn"]
    network = random_network(architecture, seed)
    with torch.no_grad():
        logits = network.double()(make_input(architecture, seed, n_images).double(),
                                  forced_text(architecture, n_images))
    assert relative_difference(logits.numpy(), LOGITS["teacher_forced"]) < TOLERANCE
