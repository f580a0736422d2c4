# SPDX-License-Identifier: Apache-2.0
"""Files that torch.save() and its relatives make are read as PyTorch reads them: value by value, every form.

The judge is always the tensor that was saved.
"""
import argparse
import collections
import io
import os
import struct
import zipfile

import numpy
import pytest
import torch
from safetensors.torch import save as save_safetensors

from checkpoint_reader import FORMAT, UNSUPPORTED, Refused, read_checkpoint

torch.manual_seed(20)
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning",
                                        "ignore::torch.jit.TracerWarning")

FORMS = {"zip": True, "legacy": False}


class Stage(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 4, 3, bias=False)
        self.norm = torch.nn.BatchNorm2d(4)

    def forward(self, x):
        return self.norm(self.conv(x))


class Network(torch.nn.Module):
    """A few layers under the names of a recogniser's stages."""

    def __init__(self):
        super().__init__()
        self.FeatureExtraction = Stage()
        self.SequenceModeling = torch.nn.LSTM(4, 3, bidirectional=True, batch_first=True)
        self.Prediction = torch.nn.Linear(6, 5)

    def forward(self, x):
        features = self.FeatureExtraction(x).mean(2).transpose(1, 2)
        return self.Prediction(self.SequenceModeling(features)[0])


NETWORK = Network()
NETWORK.FeatureExtraction.norm.running_mean.normal_()
STATE = collections.OrderedDict((name, value.clone()) for name, value in NETWORK.state_dict().items())


def save(obj, form="zip", protocol=2):
    out = io.BytesIO()
    torch.save(obj, out, pickle_protocol=protocol, _use_new_zipfile_serialization=FORMS[form])
    return out.getvalue()


def prefixed(prefix, state=None):
    return {prefix + name: value for name, value in (state or STATE).items()}


def assert_holds(checkpoint, state=None):
    """The checkpoint has just these tensors, with these values, in this order."""
    state = STATE if state is None else state
    assert list(checkpoint.tensors) == list(state)
    for name, expected in state.items():
        dtype, values = checkpoint.tensors[name]
        assert dtype == str(expected.dtype).replace("torch.", ""), name
        assert values.shape == tuple(expected.shape), name
        numpy.testing.assert_array_equal(values, expected.detach().to(torch.float32).numpy(), err_msg=name)


# ---- forms -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_and_protocol_is_read(form, protocol):
    checkpoint = read_checkpoint(save(STATE, form, protocol))
    assert_holds(checkpoint)
    assert checkpoint.format == {"zip": "PyTorch zip", "legacy": "PyTorch legacy"}[form]
    assert (checkpoint.root, checkpoint.prefix) == ("", "")


@pytest.mark.parametrize("form", FORMS)
def test_protocol_0_is_refused_by_name(form):
    """PyTorch saves it and cannot load it."""
    with pytest.raises(Refused, match="not even PyTorch can read tensors from protocol 0: save them") as refused:
        read_checkpoint(save(STATE, form, 0))
    assert refused.value.status == UNSUPPORTED


def rezip(data, method=zipfile.ZIP_STORED, top=None, force_zip64=False, replace=lambda rest, content: content):
    """The same archive as Python's zipfile writes it; entries for which `replace` returns None are left out."""
    source, out = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            folder, _, rest = name.partition("/")
            content = replace(rest, source.read(name))
            if content is None:
                continue
            info = zipfile.ZipInfo((folder + "/" if top is None else top) + rest)
            info.compress_type = method
            with target.open(info, "w", force_zip64=force_zip64) as entry:
                entry.write(content)
    return out.getvalue()


def test_deflated_entries_are_read():
    packed = rezip(save(STATE), zipfile.ZIP_DEFLATED)
    assert all(info.compress_type == zipfile.ZIP_DEFLATED for info in zipfile.ZipFile(io.BytesIO(packed)).infolist())
    assert_holds(read_checkpoint(packed))


@pytest.mark.parametrize("top", ["", "best_accuracy/", "a b/c/"])
def test_any_top_folder_is_found(top):
    assert_holds(read_checkpoint(rezip(save(STATE), top=top)))


def test_zip64_local_headers_are_read():
    assert_holds(read_checkpoint(rezip(save(STATE), force_zip64=True)))


def test_zip64_end_records_are_read():
    """PyTorch always writes them; here the old record is saturated too, as with more than 65,535 entries."""
    data = save(STATE)
    assert b"PK\x06\x06" in data and data[-22:-18] == b"PK\x05\x06"
    assert_holds(read_checkpoint(data[:-14] + b"\xff" * 12 + data[-2:]))


def test_a_file_without_byteorder_is_read():
    """As torch before 2.1 wrote it."""
    old = rezip(save(STATE), replace=lambda rest, content: content if rest.startswith(("data", "version")) else None)
    assert "archive/byteorder" not in zipfile.ZipFile(io.BytesIO(old)).namelist()
    assert_holds(read_checkpoint(old))


def test_a_file_without_checksums_is_read():
    """torch.serialization.set_crc32_options(False) leaves them out."""
    torch.serialization.set_crc32_options(False)
    try:
        data = save(STATE)
    finally:
        torch.serialization.set_crc32_options(True)
    assert_holds(read_checkpoint(data))


def test_big_endian_is_refused_by_name():
    data = rezip(save(STATE), replace=lambda rest, content: b"big" if rest == "byteorder" else content)
    with pytest.raises(Refused, match="big-endian") as refused:
        read_checkpoint(data)
    assert refused.value.status == UNSUPPORTED


@pytest.mark.parametrize("n_floats", [1000, 2_000_000], ids=["small", "checked by several threads"])
def test_a_flipped_bit_in_a_weight_is_found(n_floats):
    state = STATE | {"Prediction.weight": torch.rand(4, n_floats // 4), "Prediction.bias": torch.rand(4)}
    data = bytearray(save(state))
    assert_holds(read_checkpoint(bytes(data)), state)
    at = data.index(state["Prediction.weight"].numpy().tobytes())
    data[at + 2 * n_floats] ^= 0x04
    with pytest.raises(Refused, match=r"the checksum of entry archive/data/\d+ is wrong") as refused:
        read_checkpoint(bytes(data))
    assert refused.value.status == FORMAT


@pytest.mark.parametrize("form", FORMS)
def test_a_file_with_a_flipped_bit_in_its_pickle_never_crashes(form):
    data = bytearray(save(STATE, form))
    begin = data.index(b"OrderedDict")
    for at in range(begin, begin + 200):
        broken = bytearray(data)
        broken[at] ^= 0x10
        try:
            read_checkpoint(bytes(broken))
        except Refused as refused:
            assert str(refused)


def test_a_truncated_download_says_so():
    for form in FORMS:
        data = save(STATE, form)
        with pytest.raises(Refused, match="download is incomplete") as refused:
            read_checkpoint(data[: len(data) * 9 // 10])
        assert refused.value.status in (FORMAT, UNSUPPORTED)


# ---- dtypes ----------------------------------------------------------------------------------------------------------

DTYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16,
          torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool]


@pytest.mark.parametrize("form", FORMS)
def test_every_dtype_is_read(form):
    state = {}
    for dtype in DTYPES:
        values = torch.randn(3, 5) * 50
        state["Prediction." + str(dtype)] = values.abs().to(dtype) if dtype == torch.uint8 else values.to(dtype)
    assert_holds(read_checkpoint(save(state, form)), state)


def test_every_half_is_converted_exactly():
    bits = torch.arange(65536, dtype=torch.int32).to(torch.int16)
    for dtype in (torch.float16, torch.bfloat16):
        expected = bits.view(dtype)
        _, values = read_checkpoint(save({"Prediction.x": expected})).tensors["Prediction.x"]
        # Bit for bit, so that zeros keep their signs; a NaN stays a NaN, whatever its payload.
        reference = expected.to(torch.float32).numpy()
        is_nan = numpy.isnan(reference)
        assert is_nan.sum() > 0
        numpy.testing.assert_array_equal(values.view(numpy.uint32)[~is_nan], reference.view(numpy.uint32)[~is_nan])
        assert numpy.isnan(values[is_nan]).all()


def test_a_dtype_that_is_not_read_is_refused_by_name():
    with pytest.raises(Refused, match="tensor Prediction.x: .*ComplexFloatStorage"):
        read_checkpoint(save({"Prediction.x": torch.zeros(2, dtype=torch.complex64)}))
    with pytest.raises(Refused, match="tensor Prediction.x: .*dtype"):
        read_checkpoint(save({"Prediction.x": torch.zeros(2, dtype=torch.float8_e5m2)}))


@pytest.mark.parametrize("make,reason", [
    (lambda x: x.to_sparse(), "is sparse: save it with to_dense"),
    (lambda x: x.to_sparse_csr(), "is sparse: save it with to_dense"),
    (lambda x: x.to("meta"), "has no elements"),
    (lambda x: torch.quantize_per_tensor(x, 0.1, 0, torch.qint8), "is quantised"),
    (lambda x: torch.nn.Parameter(torch.complex(x, x).conj().imag, requires_grad=False), "is to be negated"),
], ids=["sparse", "sparse CSR", "meta", "quantised", "negated"])
def test_tensors_of_other_kinds_are_refused_by_name(make, reason):
    data = save({**STATE, "Prediction.weight": make(STATE["Prediction.weight"])})
    with pytest.raises(Refused, match="tensor Prediction.weight: .*" + reason) as refused:
        read_checkpoint(data)
    assert refused.value.status == UNSUPPORTED


def test_a_tensor_that_notes_nothing_to_do_is_read():
    state = STATE | {"Prediction.weight": torch.complex(STATE["Prediction.weight"], torch.ones(5, 6)).real}
    assert_holds(read_checkpoint(save(state)), state)


def test_tensors_over_untyped_storages_are_read():
    """_rebuild_tensor_v3 names the dtype itself; torch uses it for uint16, so the name is replaced in the pickle."""
    data = save({"Prediction.x": torch.arange(4, dtype=torch.int16).view(torch.uint16)})
    with pytest.raises(Refused, match=r"dtype that is not read, torch.uint16: save it with float\(\)"):
        read_checkpoint(data)
    data = rezip(data, replace=lambda rest, content: content.replace(b"ctorch\nuint16\n", b"ctorch\nint16\n"))
    dtype, values = read_checkpoint(data).tensors["Prediction.x"]
    assert (dtype, values.tolist()) == ("int16", [0, 1, 2, 3])


# ---- shapes, strides, storages ---------------------------------------------------------------------------------------


def strided_tensors():
    base = torch.randn(6, 8)
    image = torch.randn(2, 3, 4, 5)
    flat = torch.randn(100)  # as cuDNN's flatten_parameters() leaves LSTM weights: views into one buffer
    return {
        "Prediction.transposed": base.t(),
        "Prediction.sliced": base[1:5:2, 2:7:3],
        "Prediction.column": base[:, 3],
        "Prediction.channels_last": image.to(memory_format=torch.channels_last),
        "Prediction.permuted": image.permute(3, 0, 2, 1),
        "Prediction.expanded": torch.randn(1, 4).expand(5, 4),
        "Prediction.first": flat[:20].view(4, 5),
        "Prediction.second": flat[20:80].view(5, 12),
        "Prediction.second_again": flat[20:80].view(5, 12),
        "Prediction.last": flat[99:],
        "Prediction.scalar": torch.tensor(7.5),
        "Prediction.counter": torch.tensor(123456),
        "Prediction.empty": torch.zeros(0, 3),
        "Prediction.empty_view": flat[100:],
        "Prediction.ones": torch.randn(1, 3, 1).transpose(0, 2),
        "Prediction.eight": torch.randn(1, 2, 1, 2, 1, 2, 1, 2).transpose(1, 7),
        "Prediction.overlapping": torch.as_strided(flat, (4, 6), (2, 1), 3),
        "Prediction.half": torch.randn(6, 4).half().t(),
        "Prediction.double": torch.randn(6, 4, dtype=torch.float64)[::2].t(),
    }


@pytest.mark.parametrize("protocol", [1, 2, 4])
@pytest.mark.parametrize("form", FORMS)
def test_strided_offset_and_shared_storages_are_gathered(form, protocol):
    state = strided_tensors()
    assert_holds(read_checkpoint(save(state, form, protocol)), state)


def test_strides_of_dimensions_of_size_one_are_ignored():
    odd = torch.as_strided(torch.randn(12), (3, 1, 4), (4, 10**9, 1))
    assert_holds(read_checkpoint(save({"Prediction.odd": odd})), {"Prediction.odd": odd})


def test_a_legacy_view_of_a_storage_is_read():
    """torch < 0.4 shared storages by a sixth item of the persistent id: (key, offset, size)."""
    legacy = save({"Prediction.x": torch.arange(10.0)}, "legacy")
    whole = b"K\nNtq"  # numel 10, None, the tuple
    assert whole in legacy
    view = b"K\n" + b"(X\x01\x00\x00\x00vK\x03K\x05t" + b"tq"
    shape = legacy.replace(whole, view).replace(b"K\x00K\n\x85", b"K\x01K\x04\x85")
    _, values = read_checkpoint(shape).tensors["Prediction.x"]
    assert values.tolist() == [4, 5, 6, 7]


# ---- wrappers and prefixes -------------------------------------------------------------------------------------------

WRAPPERS = ["state_dict", "model", "model_state_dict", "model_state", "net", "network", "params", "params_ema",
            "ema_state_dict", "weights", "a key nobody expects"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("key", WRAPPERS)
def test_a_wrapped_state_dict_is_found(key, form):
    checkpoint = read_checkpoint(save({"epoch": 3, key: STATE}, form))
    assert checkpoint.root == key
    assert_holds(checkpoint)


def test_nested_wrappers_are_found():
    checkpoint = read_checkpoint(save({"a": [1, {"state_dict": {"model": prefixed("module.")}}]}))
    assert checkpoint.root == "a.1.state_dict.model"
    assert checkpoint.prefix == "module."
    assert_holds(checkpoint)


@pytest.mark.parametrize("prefix", ["module.", "model.", "_orig_mod.", "module.module.", "model._orig_mod.", "x."])
def test_prefixes_are_taken_off(prefix):
    checkpoint = read_checkpoint(save(prefixed(prefix)))
    assert checkpoint.prefix == prefix
    assert_holds(checkpoint)


def test_mixed_prefixes_make_one_network():
    names = list(STATE)
    state = {("module." if i % 3 else "_orig_mod.") + name: STATE[name] for i, name in enumerate(names)}
    checkpoint = read_checkpoint(save(state))
    assert checkpoint.prefix == "module."
    assert_holds(checkpoint)


@pytest.mark.parametrize("prefix", ["ema_model.", "model_EMA.", "Ema."])
def test_of_two_copies_in_one_dict_the_plain_one_wins(prefix):
    averaged = {name: value * 2 for name, value in STATE.items()}
    state = {**prefixed(prefix, averaged), **prefixed("model."), "n_averaged": torch.tensor(9)}
    checkpoint = read_checkpoint(save(state))
    assert checkpoint.prefix == "model."
    assert_holds(checkpoint, {**STATE, "n_averaged": torch.tensor(9)})


def test_of_two_copies_in_one_dict_the_complete_one_wins():
    part = dict(list(prefixed("model.").items())[:4])
    averaged = {name: value * 2 for name, value in STATE.items()}
    checkpoint = read_checkpoint(save({**part, **prefixed("ema_model.", averaged)}))
    assert checkpoint.prefix == "ema_model."
    assert_holds(checkpoint, averaged)


@pytest.mark.parametrize("key", ["ema_state_dict", "state_dict_ema", "EMA", "modelEma"])
def test_of_two_dicts_the_one_without_ema_wins(key):
    averaged = {name: value * 2 for name, value in STATE.items()}
    checkpoint = read_checkpoint(save({key: averaged, "state_dict": STATE}))
    assert checkpoint.root == "state_dict"
    assert_holds(checkpoint)


def test_an_optimiser_beside_the_weights_is_left_alone():
    moments = {i: {"step": torch.tensor(3.0), "exp_avg": torch.randn(4)} for i in range(9)}
    optimiser = {"state": moments, "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.999), "params": list(range(9))}]}
    checkpoint = read_checkpoint(save({"optimizer": optimiser, "net": STATE, "epoch": 2}))
    assert checkpoint.root == "net"
    assert checkpoint.metadata["epoch"] == "2"
    assert checkpoint.metadata["optimizer.param_groups.0.lr"] == "0.001"
    assert_holds(checkpoint)


def test_names_nobody_knows_are_kept_as_they_are():
    state = {"encoder.weight": torch.randn(2, 2), "encoder.bias": torch.randn(2)}
    checkpoint = read_checkpoint(save({"small": {"a": torch.zeros(1)}, "large": state}))
    assert (checkpoint.root, checkpoint.prefix) == ("large", "")
    assert_holds(checkpoint, state)


# ---- whole modules ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", [1, 2, 4])
@pytest.mark.parametrize("form", FORMS)
def test_a_module_pickled_whole_is_read(form, protocol):
    assert_holds(read_checkpoint(save(NETWORK, form, protocol)), NETWORK.state_dict())


@pytest.mark.parametrize("form", FORMS)
def test_a_data_parallel_module_pickled_whole_is_read(form):
    checkpoint = read_checkpoint(save({"model": torch.nn.DataParallel(NETWORK), "epoch": 1}, form))
    assert (checkpoint.root, checkpoint.prefix) == ("model", "module.")
    assert_holds(checkpoint, NETWORK.state_dict())


@pytest.mark.skipif("asan" in os.environ.get("LD_PRELOAD", ""),
                    reason="torch.jit throws C++ exceptions, which a preloaded AddressSanitizer does not survive")
@pytest.mark.parametrize("make", [torch.jit.script, lambda net: torch.jit.trace(net, torch.randn(1, 1, 8, 8))],
                         ids=["script", "trace"])
def test_torchscript_tensors_are_read(make):
    out = io.BytesIO()
    torch.jit.save(make(NETWORK.eval()), out)
    NETWORK.train()
    checkpoint = read_checkpoint(out.getvalue())
    assert checkpoint.format == "TorchScript"
    state = NETWORK.state_dict()
    for name, expected in state.items():
        numpy.testing.assert_array_equal(checkpoint.tensors[name][1], expected.to(torch.float32).numpy(), err_msg=name)


@pytest.mark.skipif("asan" in os.environ.get("LD_PRELOAD", ""),
                    reason="torch.jit throws C++ exceptions, which a preloaded AddressSanitizer does not survive")
def test_frozen_torchscript_is_refused_for_what_it_is():
    out = io.BytesIO()
    torch.jit.save(torch.jit.freeze(torch.jit.script(NETWORK.eval())), out)
    NETWORK.train()
    with pytest.raises(Refused, match="frozen or optimised.*give the file from before that") as refused:
        read_checkpoint(out.getvalue())
    assert refused.value.status == UNSUPPORTED


def test_parameters_are_read_like_tensors():
    state = {name: torch.nn.Parameter(value) for name, value in STATE.items() if value.is_floating_point()}
    assert_holds(read_checkpoint(save(state)), state)


def test_tensors_with_attributes_are_read():
    """PyTorch writes these as a call of _rebuild_from_type_v2 around the usual one."""
    state = collections.OrderedDict((name, value.clone()) for name, value in STATE.items())
    for value in state.values():
        value.note = "set by hand"
    data = save(state)
    assert b"_rebuild_from_type_v2" in data
    assert_holds(read_checkpoint(data))


# ---- metadata --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", [1, 2, 4])
@pytest.mark.parametrize("form", FORMS)
def test_metadata_is_read(form, protocol):
    obj = {
        "state_dict": STATE,
        "hyper_parameters": {"charset_train": "0123abc", "img_size": [32, 128], "lr": 7e-4, "decode_ar": True,
                             "name": None},
        "opt": argparse.Namespace(Transformation="TPS", character="한글é", imgH=32, rgb=False),
        "epoch": 12,
        "best_acc": numpy.float64(84.25),
        "best_f4": numpy.float32(0.1),
        "count": numpy.int64(-3),
        "seen": {1, 2, 3},
    }
    metadata = read_checkpoint(save(obj, form, protocol)).metadata
    assert metadata == {
        "hyper_parameters.charset_train": "0123abc", "hyper_parameters.img_size": "[32, 128]",
        "hyper_parameters.lr": "0.0007", "hyper_parameters.decode_ar": "True", "hyper_parameters.name": "None",
        "opt.Transformation": "TPS", "opt.character": "한글é", "opt.imgH": "32", "opt.rgb": "False",
        "epoch": "12", "best_acc": "84.25", "best_f4": repr(float(numpy.float32(0.1))), "count": "-3",
    }


def test_numpy_scalars_of_other_kinds_are_left_out():
    obj = {"state_dict": STATE, "steps": numpy.int32(-70000), "flag": numpy.bool_(True), "name": numpy.bytes_(b"long"),
           "wide": numpy.complex128(1)}
    assert read_checkpoint(save(obj)).metadata == {"steps": "-70000"}


def test_texts_that_are_no_text_are_left_out():
    obj = {"state_dict": STATE, "good": "ü", "zero": "a\0b", "half": "\ud800", "long": "x" * 70000}
    assert read_checkpoint(save(obj)).metadata == {"good": "ü"}


class AttributeDict(dict):
    """As Lightning keeps its hyper-parameters: a subclass, so the pickle makes an object and sets keys in it."""


@pytest.mark.parametrize("form", FORMS)
def test_subclasses_of_dict_are_read(form):
    obj = AttributeDict(hyper_parameters=AttributeDict(lr=0.5), state_dict=AttributeDict(STATE))
    checkpoint = read_checkpoint(save(obj, form))
    assert checkpoint.metadata == {"hyper_parameters.lr": "0.5"}
    assert checkpoint.root == "state_dict"
    assert_holds(checkpoint)


def test_metadata_is_bounded():
    obj = {"state_dict": STATE, "many": {"k%d" % i: i for i in range(5000)}, "long": "x" * 100000}
    metadata = read_checkpoint(save(obj)).metadata
    assert len(metadata) == 1024
    assert "long" not in metadata


# ---- safetensors -----------------------------------------------------------------------------------------------------


def test_safetensors_are_read():
    state = {**prefixed("module."), "module.Prediction.bf16": torch.randn(3, 2).bfloat16(),
             "module.Prediction.f16": torch.randn(3).half(), "module.Prediction.f64": torch.randn(2).double(),
             "module.Prediction.bool": torch.tensor([True, False])}
    checkpoint = read_checkpoint(save_safetensors(state, {"charset": "abc"}))
    assert (checkpoint.format, checkpoint.prefix) == ("safetensors", "module.")
    assert checkpoint.metadata == {"charset": "abc"}
    expected = {name[len("module."):]: value for name, value in state.items()}
    assert_holds(checkpoint, {name: expected[name] for name in checkpoint.tensors})
    assert len(checkpoint.tensors) == len(expected)


def test_safetensors_with_scalars_and_empty_tensors_are_read():
    state = {"Prediction.scalar": torch.tensor(2.5), "Prediction.empty": torch.zeros(0, 4)}
    checkpoint = read_checkpoint(save_safetensors(state))
    assert_holds(checkpoint, {name: state[name] for name in checkpoint.tensors})
    assert len(checkpoint.tensors) == 2


# ---- what other programs wrote ---------------------------------------------------------------------------------------


def test_python_2_texts_and_ordered_dicts_are_read():
    """Python 2 wrote names as byte strings and an OrderedDict as OrderedDict([[key, value], ...])."""
    values = struct.pack("<2f", 1.5, -2.0)
    storage = b"(U\x07storagectorch\nFloatStorage\nU\x013U\x03cpuK\x02NtQ"
    tensor = b"ctorch._utils\n_rebuild_tensor\n(" + storage + b"K\x00K\x02\x85K\x01\x85tR"
    obj = b"\x80\x02ccollections\nOrderedDict\n](](U\x11Prediction.weight" + tensor + b"ee\x85R."
    empty = save({}, "legacy")
    head = empty[: empty.index(b"\x80\x02}q\x00.", 40)]  # magic number, version, system
    data = head + obj + b"\x80\x02]U\x013a." + struct.pack("<q", 2) + values
    assert read_checkpoint(data).tensors["Prediction.weight"][1].tolist() == [1.5, -2.0]
