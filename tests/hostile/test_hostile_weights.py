# SPDX-License-Identifier: Apache-2.0
"""Weights that are no weights: NaN, infinity, variances below zero; and numbers so small that processors get slow."""
import sys
from pathlib import Path

import numpy as np
import pytest

SOURCE_DIR = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(SOURCE_DIR / "training"), str(SOURCE_DIR / "tests"), str(Path(__file__).parent)]

import cost  # noqa: E402
from trba_ctypes import Model, Session, TrbaError  # noqa: E402

CHARACTERS = "0123456789"
CONV, NORM, LINEAR = "FeatureExtraction.ConvNet.0.weight", "FeatureExtraction.ConvNet.12", "Prediction.weight"


def make_network(backbone):
    from trba_torch import Architecture
    from trba_torch.checkpoints import random_network

    return random_network(Architecture("None", backbone, "None", "CTC", output_channel=16, num_class=11), seed=3)


@pytest.fixture(scope="module")
def network():
    return make_network("VGG")


def save_changed(network, path, changes):
    """The network's checkpoint with some tensors changed: {name: function}."""
    import torch

    state = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    for name, change in changes.items():
        change(state[name].view(-1))
    torch.save(state, path)
    return str(path)


def save(network, path, name, change):
    return save_changed(network, path, {name: change})


def set_last(value):
    def change(tensor):
        tensor[-1] = value
    return change


@pytest.mark.parametrize("name", [CONV, LINEAR, NORM + ".weight", NORM + ".running_mean", "Prediction.bias"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_weights_that_are_not_finite_are_refused_by_name(network, tmp_path, name, value):
    path = save(network, tmp_path / "model.pth", name, set_last(value))
    with cost.of(name, Path(path).stat().st_size), pytest.raises(TrbaError) as failure:
        Model(path, charset_text=CHARACTERS)
    assert failure.value.status == "bad format" and name in failure.value.message


@pytest.fixture(scope="module")
def trba_network():
    from trba_torch import Architecture
    from trba_torch.checkpoints import random_network

    return random_network(Architecture(output_channel=64, hidden_size=64, num_class=12), seed=3)


def set_first(value):
    def change(tensor):
        tensor[0] = value
    return change


@pytest.mark.parametrize("precision", ["fp32", "int16", "bf16"])
@pytest.mark.parametrize("name,change", [
    ("Transformation.LocalizationNetwork.localization_fc1.0.weight", set_last),
    ("FeatureExtraction.ConvNet.layer3.0.conv1.weight", set_first),
    ("SequenceModeling.0.rnn.weight_hh_l0_reverse", set_last),
    ("SequenceModeling.1.linear.weight", set_last),
    ("Prediction.attention_cell.h2h.weight", set_first),
    ("Prediction.attention_cell.rnn.weight_ih", set_first),
    ("Prediction.attention_cell.rnn.weight_ih", set_last),
    ("Prediction.attention_cell.rnn.weight_hh", set_last),
    ("Prediction.generator.weight", set_last),
])
def test_one_nan_anywhere_is_found_in_every_precision(trba_network, tmp_path, name, change, precision):
    path = save(trba_network, tmp_path / "model.pth", name, change(float("nan")))
    with pytest.raises(TrbaError) as failure:
        Model(path, charset_text=CHARACTERS, precision=precision)
    assert failure.value.status == "bad format" and name in failure.value.message


def test_a_large_network_in_little_numbers_is_refused_for_little_memory(tmp_path):
    """Packed, its weights are four times as large as the file: that memory is not taken before they are looked at."""
    import torch
    from trba_torch import Architecture, Recogniser

    name = "Transformation.LocalizationNetwork.conv.0.weight"
    state = Recogniser(Architecture(output_channel=512, hidden_size=256, num_class=12)).state_dict()
    state = {key: (tensor * 8).to(torch.int8) if tensor.dim() > 1 and not key.startswith("Transformation.GridGenerator")
             else tensor for key, tensor in state.items()}
    state[name] = torch.full(state[name].shape, float("nan"))
    torch.save(state, tmp_path / "model.pth")
    with cost.of(name, (tmp_path / "model.pth").stat().st_size), pytest.raises(TrbaError) as failure:
        Model(str(tmp_path / "model.pth"), charset_text=CHARACTERS)
    assert failure.value.status == "bad format" and name in failure.value.message


def test_a_negative_variance_is_refused_by_name(network, tmp_path):
    path = save(network, tmp_path / "model.pth", NORM + ".running_var", set_last(-1.0))
    with pytest.raises(TrbaError) as failure:
        Model(path, charset_text=CHARACTERS)
    assert failure.value.status == "bad format"
    assert f"the tensor {NORM}.running_var holds a negative variance" in failure.value.message


BEFORE_NORM, RECURRENT = "FeatureExtraction.ConvNet.11.weight", "FeatureExtraction.ConvNet.3.GRCL.0"


@pytest.mark.parametrize("backbone,changes,named", [
    ("VGG", {BEFORE_NORM: 1e36, NORM + ".weight": 1e5}, BEFORE_NORM),
    ("VGG", {NORM + ".weight": 3e38, NORM + ".running_var": 0.0}, NORM),
    ("RCNN", {RECURRENT + ".BN_rx.weight": 1e30, RECURRENT + ".BN_Gx.weight": 1e30}, RECURRENT),
    ("RCNN", {RECURRENT + ".BN_gfu.bias": 3e38, RECURRENT + ".BN_grx.bias": 3e38}, RECURRENT),
], ids=["convolution", "scale", "product", "sum"])
@pytest.mark.parametrize("cpu", ["ref", "auto"])
def test_weights_that_batch_norm_makes_infinite_are_refused_by_name(tmp_path, backbone, changes, named, cpu):
    path = save_changed(make_network(backbone), tmp_path / "model.pth",
                        {name: set_last(value) for name, value in changes.items()})
    with pytest.raises(TrbaError) as failure:
        Model(path, charset_text=CHARACTERS, cpu=cpu)
    assert failure.value.status == "bad format"
    assert f"the weights of {named} are too large for a float once" in failure.value.message


@pytest.mark.parametrize("name", [CONV, LINEAR])
def test_denormal_weights_are_read_in_time(network, tmp_path, name):
    path = save(network, tmp_path / "model.pth", name, lambda tensor: tensor.fill_(1e-40))
    picture = np.full((32, 100), 200, np.uint8)
    with cost.of(name, Path(path).stat().st_size), Model(path, charset_text=CHARACTERS) as model, \
            Session(model) as session:
        result = session.read_batch([picture])[0]
    assert 0.0 <= result.confidence <= 1.0
