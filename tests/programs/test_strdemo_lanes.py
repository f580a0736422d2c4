# SPDX-License-Identifier: Apache-2.0
"""strdemo reads many pictures through two sessions side by side: the results are those of one, in the same order."""

import os
import random
import subprocess

import pytest

SEED = 7


@pytest.fixture(scope="module")
def many(pictures, tmp_path_factory):
    """A list of 100 pictures that take very different times, broken and missing ones among them."""
    from PIL import Image
    from trba_torch.textures import Stream, texture

    folder = tmp_path_factory.mktemp("lanes")
    Image.fromarray(texture(Stream(1), 300, 1000, 3)).save(folder / "slow.png")
    names = [*map(str, pictures.values()), str(folder / "slow.png"), "missing.png"]
    rng = random.Random(SEED)
    weights = [3] * len(pictures) + [1, 2]
    (folder / "list").write_text("".join(f"{name}\n" for name in rng.choices(names, weights, k=100)))
    return folder


def sessions(program, *arguments, **options):
    """What --verbose says of the sessions, and the pictures that were read."""
    done = program.run("-v", "-f", "tsv", *arguments, **options)
    [line] = [line for line in done.stderr.splitlines() if "session" in line]
    return line.split(",")[0], done.stdout.count("\n")


def test_results_are_those_of_one_session_in_the_same_order(strdemo, crnn, attention, many):
    for network in (crnn, attention):
        def read(threads, batch):
            done = strdemo.run("-m", network.path, "-f", "jsonl", "-t", threads, "-b", batch, "@list", cwd=many)
            return done.returncode, done.stdout, done.stderr
        expected = read("1", "16")
        assert expected[0] == 1 and expected[1].count("\n") == 100
        for threads, batch in (("2", "16"), ("2", "2"), ("4", "7"), ("3", "16"), ("2", "70")):
            assert read(threads, batch) == expected, f"{threads} threads, batch {batch}"


def test_two_sessions_have_half_a_batch_each(strdemo, crnn, many):
    assert sessions(strdemo, "-m", crnn.path, "-t", "2", "@list", cwd=many)[0] == "two sessions: batches of up to 8"
    assert sessions(strdemo, "-m", crnn.path, "-t", "4", "-b", "5", "@list", cwd=many)[0] == \
        "two sessions: batches of up to 3"


def test_a_folder_is_read_through_two_sessions(strdemo, crnn, pictures, tmp_path):
    for k in range(16):
        (tmp_path / f"{k}.png").write_bytes(pictures["word1.png"].read_bytes())
    assert sessions(strdemo, "-m", crnn.path, "-t", "2", tmp_path) == ("two sessions: batches of up to 8", 16)
    (tmp_path / "0.png").unlink()
    assert sessions(strdemo, "-m", crnn.path, "-t", "2", tmp_path) == ("session: batches of up to 15", 15)


@pytest.mark.parametrize("case,arguments", [
    ("an odd number of threads", ["-t", "3", "@list"]), ("one thread", ["-t", "1", "@list"]),
    ("one picture at a time", ["-t", "2", "-b", "1", "@list"]), ("demo.py's batches", ["--compat", "clovaai", "@list"]),
    ("a list from stdin", ["-t", "2", "@-"])])
def test_one_session_is_left_where_two_would_not_help(strdemo, crnn, many, case, arguments):
    said, _ = sessions(strdemo, "-m", crnn.path, *arguments, cwd=many, stdin=(many / "list").read_bytes())
    assert said.startswith("session:"), case


def test_a_list_that_comes_slowly_is_read_as_it_comes(strdemo, crnn, pictures, tmp_path):
    """Two lines in, two results out, and the pipe still open: neither stdin nor a named pipe is read ahead."""
    os.mkfifo(tmp_path / "pipe")
    for source in ("-", str(tmp_path / "pipe")):
        with strdemo.popen("-m", crnn.path, "-f", "tsv", "-t", "2", "-b", "2", f"@{source}", stdin=subprocess.PIPE,
                           stdout=subprocess.PIPE) as process:
            # Opened for reading, too, so that this does not wait for strdemo to open it.
            with process.stdin if source == "-" else open(os.open(source, os.O_RDWR), "wb") as pipe:
                for _ in range(3):
                    pipe.write(f"{pictures['word1.png']}\n{pictures['word2.png']}\n".encode())
                    pipe.flush()
                    assert [process.stdout.readline().count(b"\t") for _ in range(2)] == [2, 2]
            assert process.wait(timeout=60) == 0


def test_both_stop_when_the_reader_has_left(strdemo, crnn, many):
    with strdemo.popen("-m", crnn.path, "-q", "-f", "tsv", "-t", "4", "-b", "4", "@list", cwd=many,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 3
