# SPDX-License-Identifier: Apache-2.0
"""The models of this repository on real pictures, against PyTorch; and that they are the files that are described.

With TPS the spline loses digits in float32, so PyTorch goes on from the library's rectified picture, which is compared
with a tolerance of its own.
"""

import hashlib
import string

import numpy as np
import pytest
import torch
from PIL import Image
from trained_networks import FOLDERS, SOURCE, check_against, find_pictures
from trba_ctypes import Model, Session, available_cpus

from trba_torch import Architecture, Recogniser
from trba_torch.decode import decode_attention, decode_ctc
from trba_torch.preprocess import prepare_clovaai

MODELS = SOURCE / "models"
ALPHABET = string.printable[:-6]
MAX_LENGTH = 25
RECTIFIED_TOLERANCE = 0.02  # of -1..1: 2.5 grey levels, what a hundredth of a pixel makes at an edge
LARGEST_BYTES = 20_000_000
CPUS = [cpu for cpu in available_cpus() if cpu != "ref"]
DECODERS = {"trba": lambda rows: decode_attention(rows, ALPHABET, MAX_LENGTH),
            "trba-ctc": lambda rows: decode_ctc(rows, ALPHABET)}


@pytest.fixture(scope="module", params=DECODERS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def network(name):
    state = torch.load(MODELS / f"{name}.pth", map_location="cpu", weights_only=True)
    prediction, n_reserved = ("CTC", 1) if name.endswith("ctc") else ("Attn", 2)
    recogniser = Recogniser(Architecture("TPS", "ResNet", "BiLSTM", prediction, num_class=len(ALPHABET) + n_reserved,
                                         output_channel=128, hidden_size=128, batch_max_length=MAX_LENGTH))
    recogniser.load_state_dict(state)
    return recogniser.eval()


@torch.no_grad()
def read_rectified(network, rectified):
    """The logits of what follows the rectification, from a list of [h, w, c]."""
    features = network.extract_features(torch.from_numpy(np.stack(rectified)).permute(0, 3, 1, 2))
    return network.predict(network.model_sequence(features))[0]


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("cpu", CPUS)
def test_reads_like_pytorch(name, network, folder, cpu):
    paths = find_pictures(folder)
    images = [prepare_clovaai(Image.open(path).convert("L"), 32, 100) for path in paths]
    with Model(MODELS / f"{name}.pth", use_sidecar=True, cpu=cpu) as model, \
            Session(model, n_threads=2, batch_size=4) as session:
        results, traced = session.trace([str(path) for path in paths])
    with torch.no_grad():
        rectified = network.rectify(torch.stack(images))[1].permute(0, 2, 3, 1).numpy()
    for i, ours in enumerate(traced["rectified"]):
        assert np.abs(ours - rectified[i]).max() < RECTIFIED_TOLERANCE, f"{cpu}: {paths[i].name}"
    logits = list(read_rectified(network, traced["rectified"]))
    check_against(images, logits, [DECODERS[name](rows) for rows in logits], results, traced, cpu)


def test_the_files_are_those_that_are_described():
    sums = dict(reversed(line.split()) for line in (MODELS / "SHA256SUMS").read_text().splitlines())
    assert set(sums) == {f"{name}.pth" for name in DECODERS}
    for file, wanted in sums.items():
        content = (MODELS / file).read_bytes()
        assert hashlib.sha256(content).hexdigest() == wanted, file
        assert len(content) <= LARGEST_BYTES, file
