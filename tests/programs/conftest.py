# SPDX-License-Identifier: Apache-2.0
"""What the tests of the programs share: how they are run, two small random networks, and a few pictures.

The programs come from TRBA_STRDEMO and TRBA_TRBA; without them every test skips.
"""

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

SOURCE_DIR = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(SOURCE_DIR / "tests"), str(SOURCE_DIR / "training")]

LOWER_ALNUM = "0123456789abcdefghijklmnopqrstuvwxyz"


class Program:
    """A program under test. Text is UTF-8; what is not (paths may be anything) survives as surrogates."""

    def __init__(self, path):
        self.path = path

    @contextlib.contextmanager
    def popen(self, *arguments, timeout=120, **options):
        """A process to talk to. It is killed when it takes longer than `timeout`, and when the test has failed."""
        with subprocess.Popen(self.command(arguments), env=environment(options), **options) as process:
            watchdog = threading.Timer(timeout, process.kill)
            watchdog.start()
            try:
                yield process
            except BaseException:
                process.kill()
                raise
            finally:
                with contextlib.suppress(BrokenPipeError):
                    if process.stdin:
                        process.stdin.close()
                process.wait()
                watchdog.cancel()

    def run(self, *arguments, stdin=b"", timeout=120, **options):
        """`stdin`: bytes, or an open file. What takes longer than `timeout` is killed, and the test fails."""
        given = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **given, **options}
        done = subprocess.run(self.command(arguments), env=environment(options), timeout=timeout, **options)
        return subprocess.CompletedProcess(done.args, done.returncode, decode(done.stdout), decode(done.stderr))

    def command(self, arguments):
        return [self.path, *map(os.fspath, arguments)]


def environment(options):
    """The surroundings with the option env, which is taken out, and without a model of the user's own."""
    return {**{name: value for name, value in os.environ.items() if name != "TRBA_MODEL"}, **options.pop("env", {})}


def decode(raw):
    return raw.decode("utf-8", "surrogateescape") if raw is not None else None


def find_program(variable):
    path = os.environ.get(variable)
    if not path:
        pytest.skip(f"{variable} is not set: no program to test")
    return Program(path)


@pytest.fixture(scope="session")
def strdemo():
    return find_program("TRBA_STRDEMO")


@pytest.fixture(scope="session")
def trba():
    return find_program("TRBA_TRBA")


def write_network(folder, name, *stages, **sizes):
    """A small random network with its checkpoint's path as .path."""
    from trba_torch import Architecture
    from trba_torch.checkpoints import random_network, save_checkpoint

    network = random_network(Architecture(*stages, **{"output_channel": 32, "hidden_size": 16, **sizes}), seed=7)
    network.path = folder / name
    save_checkpoint(network, network.path, "zip")
    return network


@pytest.fixture(scope="session")
def crnn(tmp_path_factory):
    """The network this project was born from, in small: 36 characters."""
    return write_network(tmp_path_factory.mktemp("crnn"), "crnn.pth", "None", "VGG", "BiLSTM", "CTC", num_class=37)


@pytest.fixture(scope="session")
def attention(tmp_path_factory):
    """A network that reads with attention: 36 characters."""
    return write_network(tmp_path_factory.mktemp("attention"), "attention.pth", "None", "VGG", "None", "Attn",
                         num_class=38)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """Four good pictures and a broken one between them: {name: path}, in natural order."""
    from PIL import Image
    from trba_torch.textures import Stream, texture

    folder = tmp_path_factory.mktemp("pictures")
    for number, (height, width) in {1: (40, 130), 2: (32, 100), 10: (20, 33), 11: (64, 200)}.items():
        Image.fromarray(texture(Stream(number), height, width, 1)[:, :, 0]).save(folder / f"word{number}.png")
    (folder / "word3.png").write_bytes(b"\x89PNG\r\n\x1a\n but no more")
    return {path.name: path for path in (folder / f"word{n}.png" for n in (1, 2, 3, 10, 11))}


def read_with_pytorch(network, path, charset=LOWER_ALNUM, pad=False, demo=False):
    """The authority: text and confidence as PyTorch has them. `path` None: demo.py's black dummy."""
    import torch
    from PIL import Image
    from trba_torch import decode as decoding
    from trba_torch.preprocess import prepare_clovaai

    a = network.architecture
    image = Image.open(path).convert("L") if path else Image.new("L", (a.img_w, a.img_h))
    with torch.no_grad():
        logits = network(prepare_clovaai(image, a.img_h, a.img_w, pad).unsqueeze(0))[0]
    if a.prediction == "CTC":
        return decoding.decode_ctc(logits, charset)
    if demo:
        return decoding.decode_attention_demo(logits, charset)
    return decoding.decode_attention(logits, charset, a.batch_max_length)


@pytest.fixture(scope="session")
def read():
    return read_with_pytorch
