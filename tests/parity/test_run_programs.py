# SPDX-License-Identifier: Apache-2.0
"""run_parity.py and run_precision.py as programs: what they refuse before they read, and runs with little in them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import run_parity
import run_precision
from trba_ctypes import available_cpus

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[1] / "data"


def run(program, *arguments, **environment):
    return subprocess.run([sys.executable, HERE / program, *arguments], capture_output=True, text=True, check=False,
                          env=os.environ | environment)


@pytest.mark.parametrize("program", ["run_parity.py", "run_precision.py"])
@pytest.mark.parametrize("arguments, environment, why", [
    (["--words", "0"], {}, "'0' is not a whole number above 0"),
    (["--words", "-3"], {}, "'-3' is not a whole number above 0"),
    (["--cpu", "nonsense"], {}, "there is no tier 'nonsense' for this: auto, "),
    (["--library", "/nonexistent.so"], {}, "there is no library /nonexistent.so"),
    ([], {"TRBA_TESTING_LIB": ""}, "say where libtrba_testing.so is"),
    (["--output", "/nonexistent/table.md"], {}, "is to be in one that is not there"),
])
def test_what_cannot_be_used_is_refused_before_anything_is_read(program, arguments, environment, why):
    done = run(program, *arguments, **environment)
    assert done.returncode == 2 and done.stdout == ""
    assert why in done.stderr.splitlines()[-1] and "Traceback" not in done.stderr


def test_a_share_of_no_words_is_a_dash():
    score = run_parity.Score(SimpleNamespace(name="none"), n_passed_over=3)
    row = dict(zip(run_parity.HEADINGS, run_parity.table_row(score), strict=True))
    assert row["passed over"] == "3" and row["texts equal"] == row["from end to end"] == "-"


def test_the_page_says_how_many_words_were_read_in_float64():
    assert "in how many of the first 7 words" in re.sub(r"\s+", " ", " ".join(run_parity.describe_run("avx2", 7)))


def test_confidences_of_no_equal_text_are_dashes():
    results = [SimpleNamespace(text=text, confidence=0.5) for text in ("one", "two")]
    images = run_precision.ImageSet("one picture", ["one.png"], ["one"])
    comparison = run_precision.Comparison("trba", "int16", images, [tuple(results)], {})
    row = run_precision.text_row(comparison)
    assert len(row) == len(run_precision.TEXT_HEADINGS) and row[-3:] == ("-", "-", "-") and row[4] == "1"


@pytest.mark.skipif("avx2" not in available_cpus(), reason="this processor has no AVX2")
def test_a_set_without_a_readable_picture_is_left_out_and_the_others_go_on(tmp_path, capsys, monkeypatch):
    for name, lines in (("good", "exit.png\tEXIT\n"), ("gone", "gone.png\tGONE\n"), ("empty", "")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "gt.txt").write_text(lines)
    shutil.copy(DATA / "exit.png", tmp_path / "good")
    monkeypatch.setattr(run_precision, "STAGES", {})
    sets = run_precision.list_real_sets(tmp_path)
    compared = list(run_precision.compare_sets("trba", "avx2", sets))
    assert [(one.images.name, len(one.pairs)) for one in compared] == [("good", 1)] * 2  # int16 and bf16
    said = capsys.readouterr().err.splitlines()
    assert said == [f"{name}: there is no image that can be read: the set is left out" for name in ("empty", "gone")]


def test_a_missing_model_is_said_before_the_others_are_read(tmp_path, monkeypatch):
    models = tmp_path / "models"
    models.mkdir()
    for name in ("trba", "trba-ctc"):
        (models / f"{name}.pth").touch()
    monkeypatch.setattr(run_precision, "SOURCE", tmp_path)
    monkeypatch.setattr(sys, "argv", ["run_precision.py", "--words", "1"])
    with pytest.raises(SystemExit, match="models/english_g2.pth is missing: make models"):
        run_precision.main()
