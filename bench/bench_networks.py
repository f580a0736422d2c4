# SPDX-License-Identifier: Apache-2.0
"""The networks of the benchmark as files, made from this project's own PyTorch definitions.

    FOLDER/NAME.pth             checkpoint: ours and PyTorch read it
    FOLDER/NAME.pixels.npy      uint8 [32, h, w]            what ours is given
    FOLDER/NAME.input.npy       float32 [32, 1, h, w]       the same, as the peers' networks want it
    FOLDER/NAME.b8.onnx         one export per batch size: fixed shapes are what the peers run fastest
    FOLDER/NAME.b8.int8.onnx    ONNX Runtime's static quantisation of it (QDQ)
    FOLDER/NAME.b8.int8.xml     OpenVINO's (NNCF)
    FOLDER/NAME.ncnn.param      ncnn, always one image

The weights are random but settled (trba_torch/checkpoints.py), so activations and texts are plausible. Word lengths are
not: an untrained attention says [s] at once or never. So ours is timed with all 26 steps, as the peers always do, and
with 7 of them, by a limit of SHORT_LENGTH characters: the work of a word of six letters.
"""

import os
import shutil
import string
import subprocess
import sys
import tempfile
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

SOURCE = Path(__file__).resolve().parent.parent
sys.path += [str(SOURCE / "training"), str(SOURCE / "tests"), str(SOURCE / "tests" / "parity")]

from trba_torch import Architecture, Recogniser  # noqa: E402
from trba_torch.checkpoints import random_network, save_checkpoint  # noqa: E402
from trba_torch.decode import decode_attention, decode_attention_demo, decode_ctc  # noqa: E402
from trba_torch.preprocess import normalise  # noqa: E402
from trba_torch.textures import Stream, texture  # noqa: E402

SEED = 20
N_IMAGES = 32
ALNUM = "0123456789abcdefghijklmnopqrstuvwxyz"
SHORT_LENGTH = 6  # letters of the word that attention stops early after: 7 steps with [s]
DISTINCT = "".join(chr(0x100 + i) for i in range(96))  # any 96 characters: texts are only compared


@dataclass(frozen=True)
class Network:
    name: str
    architecture: Architecture
    charset: str
    preset: str = "clovaai"
    checkpoint: str = ""  # under the source folder; "": random weights

    @property
    def has_attention(self):
        return self.architecture.prediction == "Attn"


NETWORKS = {network.name: network for network in (
    Network("TRBA", Architecture("TPS", "ResNet", "BiLSTM", "Attn", num_class=38), ALNUM),
    Network("CRNN", Architecture("None", "VGG", "BiLSTM", "CTC", num_class=37), ALNUM),
    Network("ResNet-CTC", Architecture("None", "ResNet", "BiLSTM", "CTC", num_class=37), ALNUM),
    # strdemo's default model
    Network("trba", Architecture("TPS", "ResNet", "BiLSTM", "Attn", num_class=96, output_channel=128, hidden_size=128),
            string.printable[:-6], checkpoint="models/trba.pth"),
    Network("english_g2", Architecture("None", "VGG", "BiLSTM", "CTC", num_class=97, output_channel=256, img_h=64,
                                       img_w=256), DISTINCT, "easyocr", "models/english_g2.pth"),
)}


def is_available(network):
    return not network.checkpoint or (SOURCE / network.checkpoint).exists()


@contextmanager
def written_whole(path):
    """A name to write under; the file becomes `path` when all of it is there. What an interrupted run leaves is not
    taken for an export."""
    unfinished = path.with_name(f"unfinished.{path.name}")
    yield unfinished
    unfinished.replace(path)


def load_network(network, folder):
    """The Recogniser with the weights of FOLDER/NAME.pth."""
    state = torch.load(folder / f"{network.name}.pth", map_location="cpu", weights_only=True)
    model = Recogniser(network.architecture)
    model.load_state_dict({name.removeprefix("module."): tensor for name, tensor in state.items()})
    return model.eval()


def make_inputs(network, folder):
    stream = Stream(SEED + 1)
    a = network.architecture
    pixels = np.stack([texture(stream, a.img_h, a.img_w, 1)[:, :, 0] for _ in range(N_IMAGES)])
    np.save(folder / f"{network.name}.pixels.npy", pixels)
    np.save(folder / f"{network.name}.input.npy", np.stack([normalise(image).numpy() for image in pixels]))


def make_checkpoint(network, folder):
    """Where models/ has another one than last time, what was made from that one goes."""
    path = folder / f"{network.name}.pth"
    weights = (SOURCE / network.checkpoint).read_bytes() if network.checkpoint else None
    if path.exists():
        if weights in (None, path.read_bytes()):
            return
        for old in folder.glob(f"{network.name}.*"):
            old.unlink()
    with written_whole(path) as unfinished:
        if weights is None:
            save_checkpoint(random_network(network.architecture, SEED), unfinished, "zip")
        else:
            unfinished.write_bytes(weights)


def read_inputs(network, folder):
    return np.load(folder / f"{network.name}.input.npy")


def make_onnx(network, folder, batch):
    """The tracing exporter unrolls the 26 attention steps; opset 16 is the first with GridSample."""
    path = folder / f"{network.name}.b{batch}.onnx"
    if not path.exists():
        images = torch.from_numpy(read_inputs(network, folder)[:batch])
        with warnings.catch_warnings(), torch.no_grad(), written_whole(path) as unfinished:
            warnings.simplefilter("ignore")
            torch.onnx.export(load_network(network, folder), (images,), unfinished, input_names=["images"],
                              output_names=["logits"], opset_version=17, dynamo=False)
    return path


class CalibrationBatches:
    """The benchmark's own images, for onnxruntime.quantization."""

    def __init__(self, images, batch):
        self._batches = iter(images.reshape(-1, batch, *images.shape[1:]))

    def get_next(self):
        batch = next(self._batches, None)
        return None if batch is None else {"images": batch}


def make_onnx_int8(network, folder, batch):
    """Convolutions only: recurrent and attention parts gain little and change texts."""
    path = folder / f"{network.name}.b{batch}.int8.onnx"
    if not path.exists():
        from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
        from onnxruntime.quantization.shape_inference import quant_pre_process

        prepared = folder / f"{network.name}.b{batch}.prepared.onnx"
        quant_pre_process(make_onnx(network, folder, batch), prepared, skip_symbolic_shape=True)
        with written_whole(path) as unfinished:
            quantize_static(prepared, unfinished, CalibrationBatches(read_inputs(network, folder), batch),
                            quant_format=QuantFormat.QDQ, per_channel=True, op_types_to_quantize=["Conv"],
                            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
        prepared.unlink()
    return path


def make_openvino_int8(network, folder, batch):
    """All that NNCF chooses but the sampling grid of TPS, two small products of coordinates: quantised, they keep
    OpenVINO 2026.4 from compiling the network ("any_of(scale.size(), OC, 1U)")."""
    path = folder / f"{network.name}.b{batch}.int8.xml"
    if not path.exists():
        os.environ["NNCF_CI"] = "1"  # or NNCF reports its use to its makers
        import nncf
        import openvino

        images = read_inputs(network, folder)
        calibration = nncf.Dataset(list(images.reshape(-1, batch, *images.shape[1:])))
        model = openvino.Core().read_model(make_onnx(network, folder, batch))
        grid = nncf.IgnoredScope(patterns=[".*GridGenerator.*"], validate=False)  # most networks have none
        quantised = nncf.quantize(model, calibration, ignored_scope=grid)
        with written_whole(path) as unfinished, written_whole(path.with_suffix(".bin")):  # the weights are there first
            openvino.save_model(quantised, unfinished, compress_to_fp16=False)
    return path


def make_ncnn(network, folder):
    """Raises RuntimeError where pnnx does not know an operation of the network."""
    path = folder / f"{network.name}.ncnn.param"
    if path.exists():
        return path
    a = network.architecture
    with tempfile.TemporaryDirectory() as work, torch.no_grad():
        torch.jit.trace(load_network(network, folder), torch.zeros(1, 1, a.img_h, a.img_w)).save(f"{work}/net.pt")
        command = [Path(sys.executable).with_name("pnnx"), "net.pt", f"inputshape=[1,1,{a.img_h},{a.img_w}]", "fp16=0"]
        subprocess.run(command, cwd=work, capture_output=True, check=False)
        converted = Path(work, "net.ncnn.param")
        unknown = {line.split()[0] for line in converted.read_text().splitlines() if line.startswith(("aten", "pnnx"))}
        if unknown:
            raise RuntimeError(f"pnnx leaves operations that ncnn does not have: {', '.join(sorted(unknown))}")
        for suffix in (".bin", ".param"):
            with written_whole(path.with_suffix(suffix)) as unfinished:
                shutil.move(converted.with_suffix(suffix), unfinished)
    return path


@torch.no_grad()
def count_multiply_adds(network):
    """Of one image: convolutions, linear layers and LSTMs, all 26 attention steps (the attention's sums are left out:
    less than a thousandth)."""
    total = 0

    def count(layer, arguments, output):
        nonlocal total
        if isinstance(layer, torch.nn.Conv2d):
            total += output.shape[2] * output.shape[3] * layer.weight.numel()
        elif isinstance(layer, torch.nn.Linear):
            total += arguments[0].shape[:-1].numel() * layer.weight.numel()
        elif isinstance(layer, torch.nn.LSTM):
            total += arguments[0].shape[1] * sum(weight.numel() for weight in layer.parameters() if weight.dim() == 2)
        elif isinstance(layer, torch.nn.LSTMCell):
            total += layer.weight_ih.numel() + layer.weight_hh.numel()

    model = Recogniser(network.architecture).eval()
    for layer in model.modules():
        layer.register_forward_hook(count)
    model(torch.zeros(1, 1, network.architecture.img_h, network.architecture.img_w))
    return total


def decode(network, logits, is_compat=False, max_length=0):
    """float32 [n, steps, classes] -> texts, as ours with or without --compat; `max_length` 0: the network's."""
    if not network.has_attention:
        return [decode_ctc(one, network.charset).text for one in logits]
    if is_compat:
        return [decode_attention_demo(one, network.charset).text for one in logits]
    max_length = max_length or network.architecture.batch_max_length
    return [decode_attention(one[:max_length + 1], network.charset, max_length).text for one in logits]


@torch.no_grad()
def reference_logits(network, folder):
    """PyTorch's own in fp32: what every engine's texts are held against."""
    return load_network(network, folder)(torch.from_numpy(read_inputs(network, folder)))
