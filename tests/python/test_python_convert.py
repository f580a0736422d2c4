# SPDX-License-Identifier: Apache-2.0
"""trba.convert() writes what PyTorch (weights_only=True) and the safetensors package read: the values of torch's own
.float(), .half() and .bfloat16(). What is written, to the last sort of number, is tested in tests/weights."""

import io

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

DTYPES = {None: None, "float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
READERS = {"safetensors": load_file, "pth": lambda path: torch.load(path, weights_only=True)}


@pytest.fixture(scope="module")
def state(networks):
    """The tensors of the CTC network, by the names that are written."""
    tensors = torch.load(networks["ctc"], weights_only=True)
    return {name.removeprefix("module."): tensor for name, tensor in tensors.items()}


def assert_same(found, expected):
    assert list(sorted(found)) == list(sorted(expected))
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype and torch.equal(found[name], tensor), name


def cast(state, dtype):
    return {name: tensor.to(dtype) if dtype and tensor.is_floating_point() else tensor
            for name, tensor in state.items()}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("form", READERS)
def test_pytorch_and_safetensors_read_what_is_written(trba, networks, state, tmp_path, form, dtype):
    out = tmp_path / f"out.{form}"
    assert trba.convert(networks["ctc"], out, dtype=dtype) is None
    assert_same(READERS[form](out), cast(state, DTYPES[dtype]))
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("dtype, tolerance", [("float32", 0), ("float16", 1e-2), ("bfloat16", 1e-1)])
def test_what_is_written_is_a_model(trba, networks, pixels, tmp_path, dtype, tolerance):
    trba.convert(networks["ctc"], tmp_path / "out.safetensors", dtype=dtype)
    with trba.Model(networks["ctc"]) as model, trba.Model(tmp_path / "out.safetensors") as converted:
        confidences = [(one.confidence, other.confidence)
                       for one, other in zip(model.read(pixels), converted.read(pixels), strict=True)
                       if one.text == other.text]
    assert len(confidences) > len(pixels) / 2
    assert max(abs(one - other) for one, other in confidences) <= tolerance


@pytest.mark.parametrize("source", [str, lambda path: path.read_bytes(), lambda path: memoryview(path.read_bytes())])
def test_the_checkpoint_may_be_a_path_or_bytes(trba, networks, state, tmp_path, source):
    trba.convert(source(networks["ctc"]), str(tmp_path / "out.pt"))
    assert_same(torch.load(tmp_path / "out.pt", weights_only=True), state)


def test_the_form_may_be_said_instead_of_the_name(trba, networks, state, tmp_path):
    trba.convert(networks["ctc"], tmp_path / "one", format="safetensors", prefix="module.")
    trba.convert(networks["ctc"], tmp_path / "other", format="pytorch", prefix="module.")
    with_prefix = {f"module.{name}": tensor for name, tensor in state.items()}
    assert_same(load_file(tmp_path / "one"), with_prefix)
    assert_same(torch.load(tmp_path / "other", weights_only=True), with_prefix)


def test_texts_beside_the_weights_go_with_safetensors(trba, tmp_path):
    file = io.BytesIO()
    torch.save({"state_dict": {"Prediction.weight": torch.ones(3)}, "hyper_parameters": {"charset": "aé"}}, file)
    trba.convert(file.getvalue(), tmp_path / "out.safetensors")
    with safe_open(tmp_path / "out.safetensors", "pt") as opened:
        assert opened.metadata()["hyper_parameters.charset"] == "aé"


def test_a_file_may_be_converted_in_place(trba, networks, state, tmp_path):
    path = tmp_path / "mine.pth"
    path.write_bytes(networks["ctc"].read_bytes())
    trba.convert(path, path, dtype="float16")
    assert_same(torch.load(path, weights_only=True), cast(state, torch.float16))


def test_a_failure_leaves_the_file_as_it_was(trba, tmp_path):
    file, out = io.BytesIO(), tmp_path / "out.safetensors"
    torch.save({"Prediction.bad": torch.tensor([1.0, 65520.0])}, file)
    out.write_bytes(b"what was here")
    with pytest.raises(trba.LimitError, match="Prediction.bad.*65520 is too large for float16"):
        trba.convert(file.getvalue(), out, dtype="float16")
    assert out.read_bytes() == b"what was here" and list(tmp_path.iterdir()) == [out]


def test_bad_arguments_are_the_exceptions_they_resemble(trba, networks, tmp_path):
    good = networks["ctc"]
    for source, out, options, error in (
            (good, tmp_path / "out", {}, trba.ArgumentError),
            (good, tmp_path / "out.pth", {"dtype": "int8"}, trba.ArgumentError),
            (good, tmp_path / "out.pth", {"format": "onnx"}, trba.ArgumentError),
            (good, tmp_path / "out.pth", {"prefix": "a\0"}, trba.ArgumentError),
            (good, tmp_path / "out.pth", {"prefix": None}, TypeError),
            (good, f"{tmp_path}/a\ud800.pth", {}, trba.ArgumentError),
            (good, f"{tmp_path}/a\0.pth", {}, trba.ArgumentError),
            (good, tmp_path / "none" / "out.pth", {}, trba.CannotReadError),
            (tmp_path / "none.pth", tmp_path / "out.pth", {}, trba.CannotReadError),
            (b"a text", tmp_path / "out.pth", {}, trba.UnsupportedError)):
        with pytest.raises(error):
            trba.convert(source, out, **options)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(trba.ArgumentError, match="^the path of out is empty"):
        trba.convert(good, "")
