# SPDX-License-Identifier: Apache-2.0
"""strdemo in rough surroundings: closed pipes, full disks, closed descriptors, a folder that is gone, a terminal."""

import json
import os
import pty
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import SOURCE_DIR, environment


def test_closed_pipe_ends_quietly_with_3(strdemo, crnn, pictures, tmp_path):
    (tmp_path / "list").write_text(f"{pictures['word2.png']}\n" * 3000)
    with strdemo.popen("-m", crnn.path, "-f", "tsv", f"@{tmp_path}/list", stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE) as process:
        assert process.stdout.readline().count(b"\t") == 2
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 3


@pytest.mark.parametrize("form", ["table", "tsv", "jsonl"])
def test_full_disk_is_said_once(strdemo, crnn, pictures, form):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with open("/dev/full", "wb") as full:
        done = strdemo.run("-m", crnn.path, "-f", form, pictures["word1.png"], pictures["word2.png"], stdout=full)
    assert done.returncode == 3
    assert done.stderr == "strdemo: cannot write to standard output: No space left on device\n"
    done = strdemo.run("-m", crnn.path, "-f", form, "-o", "/dev/full", pictures["word1.png"])
    assert (done.returncode, done.stderr) == (3, "strdemo: cannot write to /dev/full: No space left on device\n")


def test_a_file_that_may_not_grow_is_said_once(strdemo, crnn, pictures, tmp_path):
    """Beyond ulimit -f: by --output, and by a redirection."""
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    arguments = ["-m", crnn.path, "-f", "jsonl", pictures["word1.png"], pictures["word2.png"]]
    done = strdemo.run("-o", tmp_path / "out", *arguments, preexec_fn=limit)
    assert (done.returncode, done.stderr) == (3, f"strdemo: cannot write to {tmp_path}/out: File too large\n")
    with open(tmp_path / "redirected", "wb") as file:
        done = strdemo.run(*arguments, stdout=file, preexec_fn=limit)
    assert (done.returncode, done.stderr) == (3, "strdemo: cannot write to standard output: File too large\n")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_that_cannot_be_written_is_said(strdemo, arguments):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with open("/dev/full", "wb") as full:
        done = strdemo.run(*arguments, stdout=full)
    assert done.returncode == 3 and "No space left" in done.stderr


def test_closed_stdout_is_an_error_and_no_file_is_taken_for_it(strdemo, crnn, pictures):
    before = {path: path.read_bytes() for path in (crnn.path, pictures["word1.png"])}
    done = strdemo.run("-m", crnn.path, pictures["word1.png"], stdout=None, preexec_fn=lambda: os.close(1))
    assert done.returncode == 3 and "cannot write to standard output" in done.stderr
    assert before == {path: path.read_bytes() for path in before}


def test_closed_stderr_and_stdin_do_no_harm(strdemo, crnn, pictures):
    def close_both():
        os.close(0)
        os.close(2)
    done = strdemo.run("-m", crnn.path, "-f", "tsv", "--time", pictures["word1.png"], stdin=None, stderr=None,
                       preexec_fn=close_both)
    assert done.returncode == 0 and done.stdout.count("\n") == 1


def test_output_that_cannot_be_made_is_said(strdemo, crnn, pictures, tmp_path):
    done = strdemo.run("-m", crnn.path, "-o", tmp_path / "no" / "folder", pictures["word1.png"])
    assert done.returncode == 3 and f"{tmp_path}/no/folder" in done.stderr


def test_deleted_current_folder_matters_to_relative_paths_only(strdemo, crnn, pictures, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()

    def enter_and_delete():
        os.chdir(gone)
        os.rmdir(gone)
    done = strdemo.run("-m", crnn.path, "-f", "tsv", pictures["word1.png"], "word.png", preexec_fn=enter_and_delete)
    assert done.returncode == 1 and done.stdout.count("\n") == 1 and "word.png" in done.stderr


def run_on_terminal(program, *arguments):
    """Runs it with stderr on a terminal; returns the exit code and what the terminal got."""
    ours, theirs = pty.openpty()
    with program.popen(*arguments, stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 4096):
                shown += chunk
        except OSError:  # Linux says EIO when the other side has closed
            pass
        os.close(ours)
    return process.returncode, shown


def test_progress_is_shown_on_a_terminal_for_long_lists_and_erased(strdemo, crnn, pictures, tmp_path):
    (tmp_path / "long").write_text(f"{pictures['word2.png']}\n" * 80)
    (tmp_path / "short").write_text(f"{pictures['word2.png']}\n" * 63)
    code, shown = run_on_terminal(strdemo, "-m", crnn.path, f"@{tmp_path}/long")
    assert code == 0 and b"images read" in shown and shown.endswith(b"\r\x1b[K")
    assert run_on_terminal(strdemo, "-m", crnn.path, f"@{tmp_path}/short") == (0, b"")
    assert run_on_terminal(strdemo, "-m", crnn.path, "--quiet", f"@{tmp_path}/long") == (0, b"")


def peak_memory(program, *arguments, folder):
    """In MB. Linux counts into a process' peak what its parent held: a Python that holds next to nothing starts it."""
    processor = min(os.sched_getaffinity(0))
    script = SOURCE_DIR / "bench" / "time_process.py"
    command = [sys.executable, "-S", script, str(processor), program.path, *arguments]
    done = subprocess.run(command, cwd=folder, env=environment({}), capture_output=True, check=True, timeout=120)
    said = json.loads(done.stdout)
    assert os.waitstatus_to_exitcode(said["status"]) == 1, "all names are missing"
    return said["peak_mb"]


def test_memory_does_not_grow_with_the_list(strdemo, crnn, tmp_path):
    """Names that are not there: quick to go through, and as many as it takes to notice, which the list of finished
    results proves."""
    for n in (20, 200000):
        (tmp_path / f"list{n}").write_text("".join(f"missing-{k}.png\n" for k in range(n)))
    arguments = ["-m", crnn.path, "-q", "-t", "1", "-f", "jsonl"]
    few = peak_memory(strdemo, *arguments, "@list20", folder=tmp_path)
    assert peak_memory(strdemo, *arguments, "-o", "results", "@list200000", folder=tmp_path) - few < 2
    assert peak_memory(strdemo, *arguments, "-o", "results", "--resume", "@list200000", folder=tmp_path) - few > 8


def test_a_program_that_hangs_is_killed(strdemo, crnn):
    """By the two ways in which these tests start programs."""
    started = time.monotonic()
    never, write_end = os.pipe()
    with open(write_end, "wb"), open(never, "rb") as stdin:
        with pytest.raises(subprocess.TimeoutExpired):
            strdemo.run("-m", crnn.path, "@-", stdin=stdin, timeout=0.5)
        with strdemo.popen("-m", crnn.path, "@-", stdin=stdin, stdout=subprocess.PIPE, timeout=0.5) as process:
            assert process.stdout.read() == b""
    assert process.returncode < 0 and time.monotonic() - started < 60
