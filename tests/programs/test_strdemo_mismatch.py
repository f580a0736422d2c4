# SPDX-License-Identifier: Apache-2.0
"""The case this project was born from: a None-VGG-BiLSTM-CTC checkpoint opened as TPS-ResNet-BiLSTM-Attn."""

import shlex
import subprocess

import pytest

WRONG = ["--Transformation", "TPS", "--FeatureExtraction=ResNet", "--SequenceModeling", "BiLSTM", "--Prediction",
         "Attn", "--output_channel", "512", "--hidden_size=256", "--num_fiducial", "20"]


def command_that_works(stderr, heading="This works"):
    lines = [line for line in stderr.splitlines() if line.startswith("This ")]
    assert len(lines) == 1 and lines[0].startswith(f"{heading}: "), stderr
    return shlex.split(lines[0].partition(": ")[2])


def run_words(words):
    return subprocess.run(words, capture_output=True, text=True, timeout=60)


def test_message_says_both_sides_and_a_command_that_works(strdemo, crnn, pictures):
    done = strdemo.run("--saved_model", crnn.path, *WRONG, pictures["word1.png"])
    assert (done.returncode, done.stdout) == (2, "")
    for words in ("None-VGG-BiLSTM-CTC", "TPS-ResNet-BiLSTM-Attn", "missing", "unexpected",
                  f"{crnn.path}: this checkpoint is", "(trba compare with the same options lists all of them)"):
        assert words in done.stderr
    words = command_that_works(done.stderr)
    assert words == [strdemo.path, "--saved_model", str(crnn.path), "--Transformation", "None",
                     "--FeatureExtraction=VGG", "--SequenceModeling", "BiLSTM", "--Prediction", "CTC",
                     "--output_channel", "32", "--hidden_size=16", str(pictures["word1.png"])]
    worked = run_words(words)
    assert worked.returncode == 0, worked.stderr
    assert worked.stdout == strdemo.run("-m", crnn.path, pictures["word1.png"]).stdout


def test_verbose_lists_every_tensor(strdemo, crnn, pictures):
    short = strdemo.run("-m", crnn.path, *WRONG, pictures["word1.png"]).stderr
    long = strdemo.run("-m", crnn.path, *WRONG, "--verbose", pictures["word1.png"]).stderr
    assert short.count("\n") < 15
    listed = [line.split()[:2] for line in long.splitlines() if line.startswith(("  missing  ", "  unexpected  "))]
    names = {kind: [name for k, name in listed if k == kind] for kind in ("missing", "unexpected")}
    assert "Transformation.LocalizationNetwork.conv.0.weight" in names["missing"]
    assert "Prediction.generator.weight" in names["missing"]
    assert "Prediction.weight" in names["unexpected"]
    # The counts in the short message are those of the long list.
    for kind, found in names.items():
        assert f"{len(found)} {kind}" in short


def test_working_command_is_quoted_for_the_shell(strdemo, crnn, pictures, tmp_path):
    folder = tmp_path / "it's $HOME"
    folder.mkdir()
    for name, source in (("a b.pth", crnn.path), ("w*.png", pictures["word1.png"])):
        (folder / name).write_bytes(source.read_bytes())
    done = strdemo.run("-m", folder / "a b.pth", "--rgb", "-f", "tsv", "--", folder / "w*.png")
    assert done.returncode == 2
    worked = run_words(["sh", "-c", done.stderr.partition("This works: ")[2].splitlines()[0]])
    assert worked.returncode == 0, worked.stderr
    assert worked.stdout.startswith(f"{folder}/w*.png\t")


def test_alphabet_of_the_wrong_network_is_left_out(strdemo, crnn, pictures):
    done = strdemo.run("-m", crnn.path, "--Prediction", "Attn", "--character", "abc", pictures["word1.png"])
    words = command_that_works(done.stderr, "This opens the model, but not with the alphabet that was given")
    assert "--character" not in words and run_words(words).returncode == 0


def test_alphabet_nobody_knows_is_asked_for(strdemo, tmp_path, pictures):
    from conftest import write_network
    network = write_network(tmp_path, "odd.pth", "None", "VGG", "None", "CTC", num_class=42)
    done = strdemo.run("-m", network.path, "--Prediction", "Attn", pictures["word1.png"])
    assert done.returncode == 2
    assert "This works" not in done.stderr and "This fits the network" in done.stderr and "but then" in done.stderr


def test_what_was_given_is_not_offered_again(strdemo, crnn, pictures, tmp_path):
    """Neither an input too small for the network nor a missing tensor is cured by other options."""
    import torch

    weights = dict(crnn.state_dict())
    del weights["Prediction.bias"]
    torch.save(weights, tmp_path / "part.pth")
    for arguments in (["-m", crnn.path, "--imgH", "8"], ["-m", crnn.path, "--imgH", "8", "--Prediction", "Attn"],
                      ["-m", tmp_path / "part.pth"]):
        done = strdemo.run(*arguments, pictures["word1.png"])
        assert done.returncode == 2
        assert "This" not in done.stderr and "but then" not in done.stderr, done.stderr


def test_sidecar_that_contradicts_is_said_and_can_be_left_out(strdemo, crnn, pictures, tmp_path):
    model = tmp_path / "best.pth"
    model.write_bytes(crnn.path.read_bytes())
    (tmp_path / "opt.txt").write_text("------------ Options -------------\nTransformation: TPS\n"
                                      "FeatureExtraction: VGG\nSequenceModeling: BiLSTM\nPrediction: CTC\n"
                                      "---------------------------------------\n")
    done = strdemo.run("-m", model, pictures["word1.png"])
    assert done.returncode == 2 and "opt.txt" in done.stderr and "options that work" not in done.stderr
    assert "correct or remove that file, or do not read it (--no-sidecar)" in done.stderr
    assert "trba compare" not in done.stderr  # it reads no sidecar, and would find no difference
    words = command_that_works(done.stderr, "This opens the model, but without all else that the sidecar says, such as "
                                            "the alphabet")
    assert "--no-sidecar" in words and run_words(words).returncode == 0
    # What the options leave open does not differ: there is no list, and so no heading of one.
    assert "All differences" not in strdemo.run("-v", "-m", model, pictures["word1.png"]).stderr


def test_options_that_agree_are_no_mismatch(strdemo, crnn, pictures):
    done = strdemo.run("-m", crnn.path, "--Transformation", "none", "--num_fiducial", "20", "--output_channel", "32",
                       pictures["word1.png"])
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("tier", ["ref", "auto"])
def test_nothing_is_read_on_a_mismatch(strdemo, crnn, pictures, tier):
    done = strdemo.run("-m", crnn.path, "--cpu", tier, "--hidden_size", "17", pictures["word1.png"])
    assert (done.returncode, done.stdout) == (2, "")
