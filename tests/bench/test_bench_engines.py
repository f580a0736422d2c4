# SPDX-License-Identifier: Apache-2.0
"""What the benchmark runs: the peers at their best, ours with all the work that they do."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

sys.path.append(str(Path(__file__).resolve().parents[2] / "bench"))

import bench_networks  # noqa: E402
import bench_programs  # noqa: E402
import peers_torch  # noqa: E402


@pytest.fixture
def network(tmp_path, monkeypatch):
    """A small one, its files in tmp_path."""
    architecture = bench_networks.Architecture("None", "VGG", "None", "CTC", num_class=37, output_channel=32)
    network = bench_networks.Network("small", architecture, bench_networks.ALNUM)
    monkeypatch.setitem(bench_networks.NETWORKS, network.name, network)
    bench_networks.make_checkpoint(network, tmp_path)
    bench_networks.make_inputs(network, tmp_path)
    return network


def test_eager_pytorch_runs_channels_last_with_the_same_logits(network, tmp_path):
    job = {"threads": 1, "network": network.name, "folder": str(tmp_path), "precision": "fp32", "batch": 4}
    runner = peers_torch.load(job, is_compiled=False)
    runner.run(1)
    with torch.no_grad():
        images = torch.from_numpy(bench_networks.read_inputs(network, tmp_path))[4:8]
        expected = bench_networks.load_network(network, tmp_path)(images)
    torch.testing.assert_close(torch.from_numpy(runner.output()), expected, rtol=1e-4, atol=1e-4)
    kernels = [module.weight for module in runner._model.modules() if isinstance(module, torch.nn.Conv2d)]
    assert kernels and all(kernel.is_contiguous(memory_format=torch.channels_last) for kernel in kernels)


def test_strdemo_takes_all_steps_as_pytorch_does(network, tmp_path):
    options = SimpleNamespace(build=tmp_path, output=tmp_path, threads=[1, 2])
    command = bench_programs.strdemo_command(network, options, "word.png")
    assert command[command.index("--compat") + 1] == "clovaai"
    assert command[-1] == "word.png"


def test_an_interrupted_export_is_made_again(tmp_path):
    path = tmp_path / "net.onnx"
    with pytest.raises(KeyboardInterrupt), bench_networks.written_whole(path) as unfinished:
        unfinished.write_text("half")
        raise KeyboardInterrupt
    assert not path.exists()
    with bench_networks.written_whole(path) as unfinished:
        unfinished.write_text("whole")
    assert path.read_text() == "whole" and os.listdir(tmp_path) == ["net.onnx"]


def test_exports_of_another_checkpoint_are_not_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(bench_networks, "SOURCE", tmp_path)
    network = bench_networks.Network("net", None, "", checkpoint="model.pth")
    folder = tmp_path / "bench"
    folder.mkdir()
    (tmp_path / "model.pth").write_bytes(b"first")
    bench_networks.make_checkpoint(network, folder)
    for name in ("net.b1.onnx", "net-2.b1.onnx"):
        (folder / name).touch()
    bench_networks.make_checkpoint(network, folder)
    assert sorted(os.listdir(folder)) == ["net-2.b1.onnx", "net.b1.onnx", "net.pth"]
    (tmp_path / "model.pth").write_bytes(b"second")
    bench_networks.make_checkpoint(network, folder)
    assert sorted(os.listdir(folder)) == ["net-2.b1.onnx", "net.pth"] and (folder / "net.pth").read_bytes() == b"second"
