# SPDX-License-Identifier: Apache-2.0
"""run_fuzz.py with targets made up for it: a run that did not fuzz is no success."""

import sys

import pytest
import run_fuzz


@pytest.fixture
def fuzz(tmp_path, monkeypatch):
    """fuzz(arguments): runs it on targets that end well, end badly, and find something."""
    targets = {"good": "echo 'stat::number_of_executed_units: 7' >&2", "killed": "kill -9 $$",
               "finding": 'for a; do case $a in -artifact_prefix=*) echo x >"${a#*=}crash-1"; exit 77;; esac; done'}
    for name, does in targets.items():
        (tmp_path / f"fuzz_{name}").write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / f"fuzz_{name}").chmod(0o755)
    made = []
    monkeypatch.setattr(run_fuzz, "make_inputs", lambda folder: (folder.mkdir(exist_ok=True), made.append(folder)))

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["run_fuzz.py", str(tmp_path), *arguments])
        run_fuzz.main()

    run.made = made
    return run


def test_targets_that_end_well_are_a_success(fuzz, capsys):
    fuzz("--targets", "good")
    assert capsys.readouterr().out.splitlines()[1].split()[2:3] == ["7"]


def test_a_target_that_ends_badly_without_a_finding_fails_the_run_and_the_others_go_on(fuzz, capsys):
    with pytest.raises(SystemExit) as ended:
        fuzz("--targets", "killed", "good")
    said = capsys.readouterr()
    assert ended.value.code == 1 and "fuzz_killed ended with -9 and left no input: " in said.err
    assert [line.split()[0] for line in said.out.splitlines()[1:]] == ["killed", "good"]


def test_a_finding_fails_the_run(fuzz):
    with pytest.raises(SystemExit, match="^1 findings: "):
        fuzz("--targets", "finding", "good")


@pytest.mark.parametrize("arguments", [["--targets", "goood"], ["--seconds", "0"], ["--timeout", "-1"]])
def test_what_cannot_be_run_is_refused_before_inputs_are_made(fuzz, arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        fuzz(*arguments)
    said = f"{ended.value.code} {capsys.readouterr().err}"
    assert not fuzz.made and ("has no target goood; there are" in said or "is not a whole number above 0" in said)
