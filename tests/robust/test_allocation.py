# SPDX-License-Identifier: Apache-2.0
"""Memory that runs out, and memory that is not asked for: the programs allocation_failure and allocation_count, on
small random checkpoints of every kind and a few pictures; and loading_failure.

What is promised, and how it is tried, is told in the programs. Under AddressSanitizer, a leak fails them once more.
"""
import zipfile
from pathlib import Path

import pytest

PICTURES = ("rgb.png", "palette.png", "baseline.jpg", "progressive.jpg")
SIDECAR_OPT = """------------ Options -------------
imgH: 32
imgW: 100
character: 0123456789
PAD: True
---------------------------------------
"""
SIDECAR_YAML = """number: '0123'
symbol: '45'
lang_char: '6789'
network_params: {input_channel: 1}
charset_preset:
rotate: tall
"""


def deflate(source, target):
    """The same entries, compressed: PyTorch stores them, other tools do not."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Checkpoints in folders of their own (sidecars are found by folder), and pictures, by name. The wide one has
    channels enough for 3x3 convolutions in integers."""
    from PIL import Image
    from trba_torch import Architecture
    from trba_torch.checkpoints import random_network, save_checkpoint
    from trba_torch.textures import Stream, texture

    folder = tmp_path_factory.mktemp("robust")

    def path(name):
        (folder / name).parent.mkdir(exist_ok=True)
        return str(folder / name)

    ctc = random_network(Architecture("None", "VGG", "BiLSTM", "CTC", output_channel=8, hidden_size=8, num_class=11), 7)
    attention = random_network(Architecture("None", "VGG", "None", "Attn", output_channel=8, hidden_size=8,
                                            num_class=12), seed=7)
    wide = random_network(Architecture("None", "VGG", "None", "CTC", output_channel=64, hidden_size=8, num_class=11), 7)
    save_checkpoint(wide, path("wide/m.pth"), "zip")
    for form, name in (("zip", "zip/m.pth"), ("zip", "opt/m.pth"), ("zip", "yaml/m.pth"), ("legacy", "legacy/m.pth"),
                       ("safetensors", "safetensors/m.safetensors")):
        save_checkpoint(ctc, path(name), form)
    save_checkpoint(attention, path("attention/m.pth"), "zip")
    deflate(path("zip/m.pth"), path("deflated/m.pth"))
    Path(path("opt/opt.txt")).write_text(SIDECAR_OPT)
    Path(path("yaml/m.yaml")).write_text(SIDECAR_YAML)
    picture = Image.fromarray(texture(Stream(1), 16, 24, 3))
    picture.save(path("rgb.png"))
    picture.quantize(16).save(path("palette.png"))
    picture.save(path("baseline.jpg"))
    picture.convert("CMYK").save(path("progressive.jpg"), progressive=True)
    Path(path("broken.png")).write_bytes(Path(path("rgb.png")).read_bytes()[:200])
    return path


@pytest.mark.parametrize("checkpoint", ["deflated/m.pth", "legacy/m.pth", "safetensors/m.safetensors"])
def test_every_form_of_checkpoint_survives_missing_memory(run, files, checkpoint):
    assert "save safetensors" in run("allocation_failure", "checkpoint", files(checkpoint), files("rgb.png"))


@pytest.mark.parametrize("checkpoint", ["opt/m.pth", "yaml/m.pth", "attention/m.pth", "wide/m.pth"])
def test_models_with_and_without_sidecars_survive_missing_memory(run, files, checkpoint):
    assert "make a session" in run("allocation_failure", "model", files(checkpoint), files("rgb.png"))


def test_reading_every_kind_of_picture_survives_missing_memory(run, files):
    pictures = [files(name) for name in PICTURES]
    assert "read regions" in run("allocation_failure", "all", files("zip/m.pth"), *pictures)


def test_memory_that_is_missing_while_openblas_is_loaded_is_said(run):
    said = run("loading_failure")
    if said.startswith("skipped: "):
        pytest.skip(said)
    assert "all fail from there" in said


@pytest.mark.parametrize("checkpoint", ["zip/m.pth", "attention/m.pth", "wide/m.pth"])
def test_reading_asks_for_no_memory(run, files, checkpoint):
    pictures = [files(name) for name in (*PICTURES, "broken.png")]
    assert "with 1 thread" in run("allocation_count", files(checkpoint), *pictures)
