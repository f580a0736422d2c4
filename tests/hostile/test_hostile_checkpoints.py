# SPDX-License-Identifier: Apache-2.0
"""Every hostile checkpoint is refused: with an error status and the sentence that fits, within a second and 64 MB,
and nothing is run.

The cases are in make_hostile_checkpoints.py. The library is opened in this process, the program (when TRBA_STRDEMO is
set) once for each case: exit code 2, one sentence on stderr, nothing on stdout.
"""
import os
import pathlib
import re
import resource
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "weights"))

import cost  # noqa: E402
import make_hostile_checkpoints as hostile  # noqa: E402
from checkpoint_reader import FORMAT, LIMIT, UNSUPPORTED, Refused, read_checkpoint  # noqa: E402

def names_of(cases):
    return [case.name for case in cases]


def child_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def test_there_are_enough_cases():
    assert len(hostile.CASES) >= 100
    assert len(set(names_of(hostile.CASES))) == len(hostile.CASES)


@pytest.mark.parametrize("make", [hostile.good_zip, hostile.legacy_file, hostile.legacy_of_big_machine])
def test_the_files_they_are_made_from_are_read(make):
    tensors = read_checkpoint(make()).tensors
    assert tensors["Prediction.weight"][1].tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize("case", hostile.CASES, ids=names_of(hostile.CASES))
def test_library_refuses(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = case.make()
    with cost.of(case.name, len(data)), pytest.raises(Refused) as refused:
        read_checkpoint(data)
    message = str(refused.value)
    assert re.search(case.message, message), f"{case.reason}: {message}"
    assert "\n" not in message and len(message) < 500
    assert refused.value.status in (FORMAT, UNSUPPORTED, LIMIT)
    assert refused.value.status == FORMAT or "incomplete" not in message, message
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("make", [hostile.good_zip, hostile.legacy_file,
                                  lambda: hostile.safetensors_file('{"Prediction.weight": %s}' % hostile.st_tensor())],
                         ids=["zip", "legacy", "safetensors"])
def test_a_file_cut_anywhere_is_refused(make):
    data = make()
    for length in range(len(data)):
        with pytest.raises(Refused) as refused:
            read_checkpoint(data[:length])
        assert str(refused.value), length


@pytest.mark.skipif("TRBA_TRBA" not in os.environ, reason="TRBA_TRBA is not set: the program was not run")
@pytest.mark.parametrize("name", ["FeatureExtraction.ConvNet.x%d", "module.FeatureExtraction.ConvNet.layer1.%d.bias"])
@pytest.mark.parametrize("command,code,limit", [(["compare", "model.pth"], 1, cost.SECONDS),
                                                (["convert", "model.pth", "out.safetensors"], 0, 3 * cost.SECONDS)])
def test_names_in_great_number_cost_no_time(name, command, code, limit, tmp_path):
    """Linear searches took ten times as long to convert."""
    (tmp_path / "model.pth").write_bytes(hostile.many_tensors(name))
    began = child_seconds()
    done = subprocess.run([os.environ["TRBA_TRBA"], *command], capture_output=True, cwd=tmp_path,
                          stdin=subprocess.DEVNULL, timeout=60, check=False)
    assert done.returncode == code, done.stderr
    assert child_seconds() - began < limit


@pytest.mark.skipif("TRBA_STRDEMO" not in os.environ, reason="TRBA_STRDEMO is not set: the program was not run")
@pytest.mark.parametrize("case", hostile.CASES, ids=names_of(hostile.CASES))
def test_program_refuses(case, tmp_path):
    path = tmp_path / "model.pth"
    path.write_bytes(case.make())
    began = child_seconds()
    done = subprocess.run([os.environ["TRBA_STRDEMO"], "--model", str(path), "word.png"], capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=60, cwd=tmp_path, check=False)
    assert done.returncode == 2, done
    assert done.stdout == b""
    message = done.stderr.decode()
    assert re.search(case.message, message), f"{case.reason}: {message}"
    assert len(message.strip().splitlines()) == 1
    assert child_seconds() - began < cost.SECONDS
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
