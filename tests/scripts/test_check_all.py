# SPDX-License-Identifier: Apache-2.0
"""scripts/check_all.py with steps that pass, fail and cannot be tried: goes on after each, and calls nothing passed
that was not."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(os.environ["TRBA_SOURCE_DIR"]) / "scripts" / "check_all.py"


@pytest.fixture
def check(tmp_path):
    """check(steps, *names) -> (exit code, {step: (result, summary)}, standard output)"""
    def run(steps, *names):
        steps_file = tmp_path / "steps.tsv"
        steps_file.write_text("# a comment\n\n" + "".join("\t".join(step) + "\n" for step in steps), encoding="utf-8")
        done = subprocess.run([sys.executable, SCRIPT, "--list", steps_file, "--output", tmp_path / "out", *names],
                              capture_output=True, text=True)
        table = tmp_path / "out" / "table.txt"
        text = table.read_text(encoding="utf-8") if table.exists() else ""
        rows = re.findall(r"^(\S+) +(passed|failed|skipped) +\d+  (.*)$", text, re.M)
        return done.returncode, {name: (result, summary) for name, result, summary in rows}, done.stdout + done.stderr
    return run


def write_makefile(folder, recipe):
    path = folder / "Makefile.fake"
    path.write_text(f"it:\n\t@{recipe}\n", encoding="utf-8")
    return f"make -f {path} it"


def test_all_passed_is_exit_code_0(check):
    code, rows, output = check([("one", "echo fine", ""), ("two", "echo 12 of 12; echo end", r"\d+ of \d+")])
    assert code == 0
    assert rows == {"one": ("passed", "fine"), "two": ("passed", "12 of 12")}
    assert "2 passed, 0 failed, 0 skipped" in output


def test_steps_after_a_failure_are_run_and_the_exit_code_is_1(check):
    code, rows, output = check([("bad", "echo broken; exit 3", ""), ("good", "echo fine", "")])
    assert code == 1
    assert rows == {"bad": ("failed", "broken"), "good": ("passed", "fine")}
    assert "1 passed, 1 failed, 0 skipped" in output


def test_a_failure_is_summed_up_by_its_last_line_not_by_a_good_one(check):
    _, rows, _ = check([("bad", "echo 100% tests passed; echo cannot link; exit 1", "tests passed")])
    assert rows == {"bad": ("failed", "cannot link")}


def test_status_77_is_skipped_with_its_reason(check):
    code, rows, output = check([("away", "echo skipped: no such package; exit 77", "")])
    assert code == 0
    assert rows == {"away": ("skipped", "skipped: no such package")}
    assert "0 passed, 0 failed, 1 skipped" in output


def test_status_77_within_make_is_skipped_with_its_reason(check, tmp_path):
    code, rows, _ = check([("away", write_makefile(tmp_path, "echo no such package; exit 77"), "")])
    assert (code, rows) == (0, {"away": ("skipped", "no such package")})


def test_other_failures_within_make_are_failures(check, tmp_path):
    code, rows, _ = check([("bad", write_makefile(tmp_path, "echo oh; exit 7"), "")])
    assert (code, rows) == (1, {"bad": ("failed", "oh")})


def test_a_command_that_is_not_there_is_a_failure(check):
    code, rows, _ = check([("bad", "trba-no-such-program", "")])
    assert code == 1 and rows["bad"][0] == "failed"


def test_what_a_step_prints_is_kept_also_when_it_is_no_text(check, tmp_path):
    code, rows, _ = check([("one", r"printf 'a\377b\nlast\n'; echo err >&2", "")])
    assert (code, rows) == (0, {"one": ("passed", "err")})
    assert (tmp_path / "out" / "one.log").read_bytes() == b"a\xffb\nlast\nerr\n"


def test_named_steps_only(check):
    code, rows, _ = check([("one", "echo 1", ""), ("two", "exit 1", ""), ("three", "echo 3", "")], "three", "one")
    assert (code, list(rows)) == (0, ["one", "three"])


def test_an_unknown_step_is_an_error(check):
    code, rows, output = check([("one", "echo 1", "")], "tow")
    assert code == 1 and rows == {} and "no such step: tow; there are one" in output


def test_the_projects_own_list_can_be_read():
    sys.path.insert(0, str(SCRIPT.parent))
    import check_all

    steps = check_all.read_steps(SCRIPT.parent / "check_all.tsv")
    assert len({step.name for step in steps}) == len(steps) >= 8
    makefile = (SCRIPT.parent.parent / "Makefile").read_text(encoding="utf-8")
    for step in steps:
        re.compile(step.summary)
        target = re.search(r"\bmake ([a-z-]+)", step.command).group(1)
        assert re.search(rf"^{target}:", makefile, re.M), f"{step.name}: the Makefile has no target {target}"
