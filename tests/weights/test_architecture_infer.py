# SPDX-License-Identifier: Apache-2.0
"""What the library says about checkpoints of all 24 networks, held against PyTorch.

The files are written by torch.save() and safetensors from random weights; the lists of differences are those of
load_state_dict(strict=True), read out of its error message.
"""

import ctypes
import os
import re
import sys
from ctypes import POINTER, byref, c_char_p, c_int, c_size_t, c_void_p
from pathlib import Path

import pytest
import torch

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent / "training")]

from trba_ctypes import (ArchitectureStruct, ErrorStruct, FEATURE_EXTRACTIONS, PREDICTIONS,  # noqa: E402
                         SEQUENCE_MODELINGS, TRANSFORMATIONS, TensorInfoStruct)
from trba_torch import COMBINATIONS, Architecture, Recogniser  # noqa: E402
from trba_torch.checkpoints import WRITERS  # noqa: E402

SMALL = dict(output_channel=32, hidden_size=12, num_class=38)
ODD = dict(output_channel=27, hidden_size=7, num_class=97, input_channel=3, num_fiducial=10, img_h=45, img_w=61)
FORMATS = {"zip": b"PyTorch zip", "legacy": b"PyTorch legacy", "safetensors": b"safetensors"}
KINDS = ("missing", "unexpected", "shape")
VISITOR = ctypes.CFUNCTYPE(None, c_void_p, c_int, c_char_p, c_char_p)


def load_library():
    library = ctypes.CDLL(os.environ["TRBA_TESTING_LIB"])
    library.trba_checkpoint_open.argtypes = [c_char_p, POINTER(c_void_p), POINTER(ErrorStruct)]
    library.trba_checkpoint_architecture.argtypes = [c_void_p, POINTER(ArchitectureStruct), POINTER(ErrorStruct)]
    library.trba_checkpoint_compare.argtypes = [c_void_p, POINTER(ArchitectureStruct), VISITOR, c_void_p]
    library.trba_checkpoint_compare.restype = c_size_t
    library.trba_checkpoint_tensor.argtypes = [c_void_p, c_size_t, POINTER(TensorInfoStruct)]
    library.trba_checkpoint_tensor_count.argtypes = [c_void_p]
    library.trba_checkpoint_tensor_count.restype = c_size_t
    for name in ("format", "root", "prefix"):
        function = getattr(library, f"trba_checkpoint_{name}")
        function.argtypes, function.restype = [c_void_p], c_char_p
    library.trba_checkpoint_free.argtypes = [c_void_p]
    return library


LIBRARY = load_library()


class Checkpoint:
    """An opened trba_checkpoint."""

    def __init__(self, path):
        self.handle, error = c_void_p(), ErrorStruct()
        assert LIBRARY.trba_checkpoint_open(os.fsencode(path), byref(self.handle), byref(error)) == 0, error.message

    def __enter__(self):
        return self

    def __exit__(self, *_):
        LIBRARY.trba_checkpoint_free(self.handle)

    def architecture(self):
        found, error = ArchitectureStruct(), ErrorStruct()
        assert LIBRARY.trba_checkpoint_architecture(self.handle, byref(found), byref(error)) == 0, error.message
        return found

    def tensors(self):
        infos = []
        for index in range(LIBRARY.trba_checkpoint_tensor_count(self.handle)):
            info = TensorInfoStruct()
            assert LIBRARY.trba_checkpoint_tensor(self.handle, index, byref(info)) == 0
            infos.append((info.name.decode(), info.dtype.decode(), tuple(info.shape[:info.n_dimensions])))
        assert LIBRARY.trba_checkpoint_tensor(self.handle, len(infos), byref(TensorInfoStruct())) == 1
        return infos

    def compare(self, asked):
        """{"missing": [names], "unexpected": [names], "shape": [names]}"""
        lists = {kind: [] for kind in KINDS}
        visit = VISITOR(lambda _user, kind, name, _detail: lists[KINDS[kind]].append(name.decode()))
        n = LIBRARY.trba_checkpoint_compare(self.handle, byref(asked), visit, None)
        assert n == sum(map(len, lists.values()))
        return lists


def make_network(combination, sizes):
    names = ("transformation", "feature_extraction", "sequence_modeling", "prediction")
    return Recogniser(Architecture(**dict(zip(names, combination)), **sizes))


def as_struct(architecture):
    a = architecture
    return ArchitectureStruct(
        TRANSFORMATIONS.index(a.transformation), FEATURE_EXTRACTIONS.index(a.feature_extraction),
        SEQUENCE_MODELINGS.index(a.sequence_modeling), PREDICTIONS.index(a.prediction), a.input_channel,
        a.output_channel, a.hidden_size, a.num_fiducial, a.num_class, a.img_h, a.img_w)


def fields(struct):
    return {name: getattr(struct, name) for name, _ in ArchitectureStruct._fields_}


def inferable(architecture):
    """The fields that tensors can show."""
    expected = fields(as_struct(architecture))
    if architecture.transformation == "None":
        expected.update(num_fiducial=0, img_h=0, img_w=0)
    if (architecture.sequence_modeling, architecture.prediction) == ("None", "CTC"):
        expected.update(hidden_size=0)
    return expected


def prefixed(network, prefix="module."):
    return {prefix + name: tensor for name, tensor in network.state_dict().items()}


def pytorch_differences(network, state):
    """The same lists as Checkpoint.compare(), as load_state_dict() words them."""
    with pytest.raises(RuntimeError) as caught:
        network.load_state_dict(state)
    message = str(caught.value)

    def quoted(title):
        found = re.search(rf'{title} key\(s\) in state_dict: (("[^"]*"(, )?)*)', message)
        return re.findall(r'"([^"]*)"', found.group(1)) if found else []

    return {"missing": quoted("Missing"), "unexpected": quoted("Unexpected"),
            "shape": re.findall(r"size mismatch for ([^:]*):", message)}


@pytest.mark.parametrize("combination", COMBINATIONS, ids="-".join)
@pytest.mark.parametrize("form, sizes", [("zip", SMALL), ("legacy", ODD), ("safetensors", ODD)])
def test_architecture_is_read_from_names_and_shapes(combination, form, sizes, tmp_path):
    network = make_network(combination, sizes)
    state = prefixed(network)
    WRITERS[form](state, tmp_path / "network")
    with Checkpoint(tmp_path / "network") as checkpoint:
        assert fields(checkpoint.architecture()) == inferable(network.architecture)
        assert LIBRARY.trba_checkpoint_format(checkpoint.handle) == FORMATS[form]
        assert LIBRARY.trba_checkpoint_root(checkpoint.handle) == b""
        assert LIBRARY.trba_checkpoint_prefix(checkpoint.handle) == b"module."
        expected = [(name, str(tensor.dtype).removeprefix("torch."), tuple(tensor.shape))
                    for name, tensor in network.state_dict().items()]
        assert sorted(checkpoint.tensors()) == sorted(expected)
        for asked in (ArchitectureStruct(), as_struct(network.architecture)):
            assert checkpoint.compare(asked) == {kind: [] for kind in KINDS}


@pytest.mark.parametrize("combination", COMBINATIONS, ids="-".join)
def test_differences_are_those_of_load_state_dict(combination, tmp_path):
    network = make_network(combination, SMALL)
    torch.save(network.state_dict(), tmp_path / "network.pth")
    with Checkpoint(tmp_path / "network.pth") as checkpoint:
        for other in (("TPS", "ResNet", "BiLSTM", "Attn"), ("None", "VGG", "None", "CTC")):
            asked = make_network(other, ODD)
            expected = pytorch_differences(asked, network.state_dict())
            found = checkpoint.compare(as_struct(asked.architecture))
            assert {kind: sorted(names) for kind, names in found.items()} == \
                {kind: sorted(names) for kind, names in expected.items()}
            assert found["missing"] == [name for name in asked.state_dict() if name in expected["missing"]]


@pytest.mark.parametrize("layers", [{torch.nn.Linear}, {torch.nn.Linear, torch.nn.LSTM}], ids=["linear", "all"])
@pytest.mark.parametrize("is_whole", [False, True], ids=["state_dict", "whole"])
@pytest.mark.filterwarnings("ignore")
def test_a_quantised_network_is_refused_as_such(layers, is_whole, tmp_path):
    network = torch.ao.quantization.quantize_dynamic(make_network(("None", "VGG", "BiLSTM", "CTC"), SMALL), layers)
    torch.save(network if is_whole else network.state_dict(), tmp_path / "network.pth")
    with Checkpoint(tmp_path / "network.pth") as checkpoint:
        found, error = ArchitectureStruct(), ErrorStruct()
        assert LIBRARY.trba_checkpoint_architecture(checkpoint.handle, byref(found), byref(error)) != 0
        assert b"is quantised" in error.message and b"from before quantisation" in error.message


def test_damaged_file_is_refused_with_its_path(tmp_path):
    network = make_network(("None", "VGG", "None", "CTC"), SMALL)
    path = tmp_path / "network.pth"
    torch.save(network.state_dict(), path)
    path.write_bytes(path.read_bytes()[:-500])
    for damaged in (path, tmp_path / "missing.pth"):
        handle, error = c_void_p(77), ErrorStruct()
        assert LIBRARY.trba_checkpoint_open(os.fsencode(damaged), byref(handle), byref(error)) != 0
        assert os.fsencode(damaged) in error.message
        assert handle.value == 77
