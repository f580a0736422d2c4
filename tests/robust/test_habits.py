# SPDX-License-Identifier: Apache-2.0
"""Programs with habits of their own: rounding, traps, signals, little stack. What is tried is told in habits.c."""
import pytest


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    from PIL import Image
    from trba_torch import Architecture
    from trba_torch.checkpoints import random_network, save_checkpoint
    from trba_torch.textures import Stream, texture

    folder = tmp_path_factory.mktemp("habits")
    network = random_network(Architecture("TPS", "ResNet", "BiLSTM", "Attn", output_channel=64, hidden_size=64,
                                          num_class=38), seed=7)
    save_checkpoint(network, str(folder / "network.pth"), "zip")
    Image.fromarray(texture(Stream(1), 32, 100, 3)).save(folder / "word.png")
    return folder


@pytest.mark.parametrize("precision", ["fp32", "int16", "bf16"])
def test_what_the_program_has_set_is_left_and_changes_nothing(run, files, precision):
    said = run("habits", str(files / "network.pth"), str(files / "word.png"), precision)
    assert said.startswith("rounding, ") and said.endswith("signals, stack\n")
