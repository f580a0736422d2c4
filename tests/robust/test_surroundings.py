# SPDX-License-Identifier: Apache-2.0
"""The library in a host program of another locale, whose folder is gone, whose descriptors are closed; and on a file
system that cannot be written.

Each is a process of its own, and must find what one in ordinary surroundings finds.
"""
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE_DIR = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif("thread" in os.environ.get("TRBA_SANITIZE", ""),
                                reason="Python cannot load a library built with ThreadSanitizer: no surroundings tried")

# Reads a picture and a checkpoint's texts, and writes what it found to the file argv[3].
READER = """
import sys
sys.path[:0] = [SOURCE + "/tests", SOURCE + "/tests/weights"]
from checkpoint_reader import read_checkpoint
from trba_ctypes import Model, Session
with Model(sys.argv[1], charset_text="0123456789", use_sidecar=True) as model, Session(model, n_threads=2) as session:
    results = session.read_batch([sys.argv[2], "missing.png"])
    found = repr(results) + repr(read_checkpoint(open(sys.argv[1], "rb").read()).metadata)
with open(sys.argv[3], "w") as file:
    file.write(found)
""".replace("SOURCE", repr(str(SOURCE_DIR)))
# What stands for the point may have several bytes; in Turkish I is no capital i.
DECIMAL_SIGNS = {"de_DE": ",", "ps_AF": "\N{ARABIC DECIMAL SEPARATOR}", "tr_TR": ","}
LOCALE = """
import locale
locale.setlocale(locale.LC_ALL, "NAME.UTF-8")
assert locale.localeconv()["decimal_point"] == "SIGN"
""" + READER + """
assert locale.setlocale(locale.LC_ALL) == "NAME.UTF-8"
"""
GONE = """
import os, tempfile
folder = tempfile.mkdtemp()
os.chdir(folder)
os.rmdir(folder)
""" + READER
CLOSED = """
import os
for descriptor in range(3):
    os.close(descriptor)
""" + READER


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A checkpoint with numbers beside its weights, a sidecar, a picture."""
    import torch
    from PIL import Image
    from trba_torch import Architecture
    from trba_torch.checkpoints import random_network
    from trba_torch.textures import Stream, texture

    folder = tmp_path_factory.mktemp("surroundings")
    network = random_network(Architecture("None", "VGG", "None", "CTC", output_channel=8, num_class=11), seed=7)
    torch.save({"state_dict": network.state_dict(), "lr": 0.125, "best": [1.5, 2]}, folder / "model.pth")
    (folder / "model.yaml").write_text("imgH: 32\nimgW: 100\npreset: CLOVAAI\n")
    Image.fromarray(texture(Stream(1), 32, 100, 1)[:, :, 0]).save(folder / "word.png")
    return folder


def read_in(files, script, target, **environment):
    done = subprocess.run([sys.executable, "-c", script, files / "model.pth", files / "word.png", target],
                          env={**os.environ, **environment}, cwd=files, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and done.stdout == "", done.stderr
    return Path(target).read_text()


@pytest.fixture(scope="module")
def usual(files):
    found = read_in(files, READER, files / "usual")
    assert "0.125" in found and "[1.5, 2]" in found
    return found


@pytest.mark.parametrize("name", DECIMAL_SIGNS)
def test_other_locales_change_nothing(files, usual, tmp_path, name):
    if shutil.which("localedef") is None or not Path("/usr/share/i18n/locales", name).exists():
        pytest.skip(f"no localedef, or no {name} to make: its locale is not tried")
    subprocess.run(["localedef", "-i", name, "-f", "UTF-8", tmp_path / f"{name}.UTF-8"], check=True,
                   capture_output=True)
    script = LOCALE.replace("NAME", name).replace("SIGN", DECIMAL_SIGNS[name])
    assert read_in(files, script, tmp_path / "found", LOCPATH=str(tmp_path)) == usual


@pytest.mark.parametrize("script", [GONE, CLOSED], ids=["the folder is gone", "descriptors are closed"])
def test_a_host_without_folder_or_descriptors_reads_the_same(files, usual, tmp_path, script):
    assert read_in(files, script, tmp_path / "found") == usual


def test_a_file_system_that_cannot_be_written(files, tmp_path):
    """Reading needs no writing; saving says why it cannot, and leaves nothing."""
    strdemo, trba = os.environ.get("TRBA_STRDEMO"), os.environ.get("TRBA_TRBA")
    if not strdemo or not trba:
        pytest.skip("TRBA_STRDEMO, TRBA_TRBA are not set: no program to run on a read-only file system")
    shutil.copytree(files, tmp_path / "disk")

    def run_read_only(*arguments):
        mount = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" || exit 77; cd "$0" && exec "$@"'
        return subprocess.run(["unshare", "--mount", "sh", "-c", mount, tmp_path / "disk", *arguments],
                              capture_output=True, text=True, timeout=120)

    read = run_read_only(strdemo, "-m", "model.pth", "--charset", "0123456789", "-f", "tsv", "word.png")
    if read.returncode == 77 or "unshare" in read.stderr:
        pytest.skip("no right to mount here: a read-only file system is not tried")
    assert read.returncode == 0 and read.stdout.count("\n") == 1, read.stderr
    before = sorted(os.listdir(tmp_path / "disk"))
    saved = run_read_only(trba, "convert", "model.pth", "out.safetensors")
    assert saved.returncode != 0 and "Read-only file system" in saved.stderr, saved
    assert sorted(os.listdir(tmp_path / "disk")) == before
