# SPDX-License-Identifier: Apache-2.0
"""Threads, forks, batches: the program threads, on a CTC and an attention network and pictures of many sizes. The
second has channels enough for 3x3 convolutions in integers, both have states enough for their products in integers.

What it tries is told in threads.c. The preset tsan runs it under ThreadSanitizer.
"""
import pytest

SIZES = [(24, 16), (100, 32), (33, 20), (130, 40), (20, 60), (61, 17), (300, 30), (9, 9), (64, 64), (200, 31), (48, 32)]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    from PIL import Image
    from trba_torch import Architecture
    from trba_torch.checkpoints import random_network, save_checkpoint
    from trba_torch.textures import Stream, texture

    folder = tmp_path_factory.mktemp("threads")
    for name, stages, n_special, n_channels in (("ctc", ("VGG", "BiLSTM", "CTC"), 1, 16),
                                                ("attention", ("VGG", "None", "Attn"), 2, 64)):
        network = random_network(Architecture("None", *stages, output_channel=n_channels, hidden_size=64,
                                              num_class=36 + n_special), seed=7)
        save_checkpoint(network, str(folder / f"{name}.pth"), "zip")
    pictures = []
    for number, (width, height) in enumerate(SIZES):
        pictures.append(str(folder / f"{number}.{'png' if number % 2 == 0 else 'jpg'}"))
        Image.fromarray(texture(Stream(number), height, width, 3)).save(pictures[-1], progressive=number % 4 == 1)
    broken = folder / "broken.png"
    broken.write_bytes((folder / "0.png").read_bytes()[:100])
    return folder, [*pictures, str(broken)]


@pytest.mark.parametrize("network,preset", [("ctc", "easyocr"), ("attention", "clovaai")])
def test_every_reader_gets_the_same_bits(run, files, network, preset):
    folder, pictures = files
    said = run("threads", str(folder / f"{network}.pth"), preset, *pictures)
    assert "auto, fp32: settings, fork, crowd" in said and "auto, int16: settings, fork, crowd" in said
