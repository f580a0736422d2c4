# SPDX-License-Identifier: Apache-2.0
"""strdemo --output FILE --resume: killed at any moment and started again, it writes what one whole run would have.

The judge is the file of a run that nobody disturbed.
"""

import json
import os
import random
import signal
import subprocess
import time

import pytest

SEED = 20261124
N_KILLS = 20
BROKEN = "broken.png"


@pytest.fixture(scope="module")
def many(pictures, tmp_path_factory):
    """A folder and a list of 1,500 lines: tiny pictures, some of them several times, broken and missing ones."""
    folder = tmp_path_factory.mktemp("many")
    (folder / BROKEN).write_bytes(pictures["word3.png"].read_bytes())
    names = [BROKEN, "missing.png", "tab\there.png", "Stra\xdfe.png"] + [f"{k}.png" for k in range(40)]
    for k, name in enumerate(names[2:]):
        (folder / name).write_bytes(pictures[("word1.png", "word2.png", "word10.png")[k % 3]].read_bytes())
    rng = random.Random(SEED)
    (folder / "list").write_text("".join(f"{rng.choice(names)}\n" for _ in range(1500)))
    return folder


def arguments_for(network, form, output, *more):
    return ("-m", network.path, "-q", "-f", form, "-o", output, *more, "@list")


@pytest.fixture(scope="module")
def whole(strdemo, crnn, many):
    """{layout: (exit code, bytes)} of undisturbed runs."""
    results = {}
    for form in ("tsv", "jsonl"):
        done = strdemo.run(*arguments_for(crnn, form, many / f"whole.{form}"), cwd=many)
        results[form] = done.returncode, (many / f"whole.{form}").read_bytes()
    assert results["tsv"][0] == results["jsonl"][0] == 1
    assert results["jsonl"][1].count(b"\n") == 1500
    return results


def size_of(path):
    return path.stat().st_size if path.exists() else 0


def run_and_kill(program, arguments, folder, output, n_bytes, seconds):
    """Kills it after that time, when the output has that many bytes, if it has not ended by then."""
    with program.popen(*arguments, cwd=folder, stderr=subprocess.DEVNULL) as process:
        time.sleep(seconds)
        while process.poll() is None and size_of(output) < n_bytes:
            time.sleep(0.0005)
        process.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("form", ["tsv", "jsonl"])
def test_killed_at_any_moment_it_loses_no_line_and_writes_none_twice(strdemo, crnn, many, whole, form):
    """The kills fall all over the output, every fifth while the model is opened or the results are read, whatever else
    the machine has to do."""
    output = many / f"killed.{form}"
    arguments = arguments_for(crnn, form, output, "--resume", "-b", "4")
    rng = random.Random(SEED)
    sizes = [0]
    for k in range(N_KILLS):
        if k % 5 == 0:
            run_and_kill(strdemo, arguments, many, output, 0, rng.uniform(0, 0.02))
        else:
            step = rng.uniform(1, 2 * (len(whole[form][1]) - sizes[-1]) / (N_KILLS - k))
            run_and_kill(strdemo, arguments, many, output, sizes[-1] + step, 0)
        sizes.append(size_of(output))
        assert whole[form][1].startswith(output.read_bytes() if output.exists() else b""), f"seed {SEED}, {sizes}"
    done = strdemo.run(*arguments, cwd=many)
    assert (done.returncode, output.read_bytes()) == whole[form], f"seed {SEED}, {sizes}"
    assert len(set(sizes)) > 3, f"no kill hit the run between its beginning and its end: {sizes}"


@pytest.mark.parametrize("form", ["tsv", "jsonl"])
def test_cut_at_every_byte_of_its_last_lines_it_is_repaired(strdemo, crnn, many, whole, form, tmp_path):
    """Every place where a write may have been torn, in a run of one batch."""
    (tmp_path / "list").write_text("".join(f"{many}/{name}\n" for name in ("0.png", BROKEN, "1.png", "Stra\xdfe.png")))
    output = tmp_path / "results"
    arguments = arguments_for(crnn, form, output)
    assert strdemo.run(*arguments, cwd=tmp_path).returncode == 1
    expected = output.read_bytes()
    for length in range(0, len(expected) + 1, 1 if form == "tsv" else 17):
        output.write_bytes(expected[:length])
        done = strdemo.run(*arguments, "--resume", cwd=tmp_path)
        assert (done.returncode, output.read_bytes()) == (1, expected), f"cut to {length} of {len(expected)} bytes"


def count_read(program, arguments, folder):
    """How many pictures the run read: --time says so."""
    done = program.run(*arguments, "--time", cwd=folder)
    said = done.stderr.split("; ")[1]
    return 0 if said.startswith("no images") else int(said.split(" ")[0])


def test_what_has_a_line_is_not_read_again(strdemo, crnn, many, whole):
    for form, left in (("jsonl", 0), ("tsv", whole["jsonl"][1].count(b"\n") - whole["tsv"][1].count(b"\n"))):
        output = many / f"again.{form}"
        output.write_bytes(whole[form][1])
        assert count_read(strdemo, arguments_for(crnn, form, output, "--resume"), many) == left
        assert output.read_bytes() == whole[form][1]


def test_a_new_file_is_begun_and_a_failure_keeps_its_exit_code(strdemo, crnn, pictures, tmp_path):
    output = tmp_path / "results.jsonl"
    arguments = ("-m", crnn.path, "-f", "jsonl", "-o", output, "--resume", *pictures.values())
    first, second = strdemo.run(*arguments), strdemo.run(*arguments)
    assert (first.returncode, second.returncode) == (1, 1)
    assert second.stderr == f"{output} has 5 results already, 1 of them of pictures that could not be read\n"
    statuses = [json.loads(line)["status"] for line in output.read_text().splitlines()]
    assert len(statuses) == 5 and statuses.count("ok") == 4


def test_a_picture_that_came_since_is_added(strdemo, crnn, pictures, tmp_path):
    output = tmp_path / "results.tsv"
    arguments = ("-m", crnn.path, "-f", "tsv", "-o", output, "--resume")
    names = [str(pictures[name]) for name in ("word2.png", "word1.png", "word10.png")]
    assert strdemo.run(*arguments, names[0], names[2]).returncode == 0
    assert strdemo.run(*arguments, *names).returncode == 0
    assert [line.split("\t")[0] for line in output.read_text().splitlines()] == [names[0], names[2], names[1]]


def test_a_path_given_three_times_has_three_lines(strdemo, crnn, pictures, tmp_path):
    output = tmp_path / "results.tsv"
    path = pictures["word1.png"]
    arguments = ("-m", crnn.path, "-f", "tsv", "-o", output, "--resume")
    strdemo.run(*arguments, path)
    assert strdemo.run(*arguments, path, path, path).returncode == 0
    assert [line.split("\t")[0] for line in output.read_text().splitlines()] == [str(path)] * 3


@pytest.mark.parametrize("form", ["tsv", "jsonl"])
def test_paths_that_need_escaping_are_known_again(strdemo, crnn, pictures, tmp_path, form):
    names = [b"a\tb\\c\nd.png", b"caf\xe9.png", b"caf\xe8.png", b"#0.png"]
    for name in names:
        (tmp_path / os.fsdecode(name)).write_bytes(pictures["word1.png"].read_bytes())
    arguments = ("-m", crnn.path, "-q", "-f", form, "-o", "results", "--resume", *names)
    strdemo.run(*arguments, cwd=tmp_path)
    expected = (tmp_path / "results").read_bytes()
    lines = expected.splitlines(keepends=True)
    assert len(lines) == 4
    for n in range(5):
        (tmp_path / "results").write_bytes(b"".join(lines[:n]))
        assert count_read(strdemo, arguments, tmp_path) == 4 - n
        assert (tmp_path / "results").read_bytes() == expected


def test_regions_are_gone_on_with_too(strdemo, crnn, pictures, tmp_path):
    (tmp_path / "boxes.csv").write_text("0,0,40,20\n40,0,40,20\n5000,0,10,10\n0,20,60,20\n")
    for form in ("tsv", "jsonl"):
        output = tmp_path / f"results.{form}"
        arguments = ("-m", crnn.path, "-q", "-f", form, "-o", output, "--boxes", tmp_path / "boxes.csv",
                     pictures["word1.png"])
        assert strdemo.run(*arguments).returncode == 1
        expected = output.read_bytes()
        lines = expected.splitlines(keepends=True)
        for n in range(len(lines) + 1):
            torn = lines[n % len(lines)][:-2]
            output.write_bytes(b"".join(lines[:n]) + torn)
            assert strdemo.run(*arguments, "--resume").returncode == 1
            assert output.read_bytes() == expected


@pytest.mark.parametrize("case,content,words", [
    ("another layout", b"a.png\tword\t0.5\n{\"path\": \"b.png\", \"status\": \"ok\"}\n", "line 2"),
    ("no results", b"Some text of the user.\nMore.", "line 1"),
    ("zero bytes", b"a.png\tword\t0.5\n\0\0\0\n", "line 2"),
    ("half a number", b"a.png\tword\t0.5x\n", "line 1")])
def test_a_file_that_is_no_such_result_is_left_alone(strdemo, crnn, pictures, tmp_path, case, content, words):
    output = tmp_path / "results"
    output.write_bytes(content)
    done = strdemo.run("-m", crnn.path, "-f", "tsv", "-o", output, "--resume", pictures["word1.png"])
    assert done.returncode == 3 and f"cannot resume: {words} of {output}" in done.stderr, case
    assert output.read_bytes() == content


FOREIGN = {
    "JSON": ("jsonl", b'{"mydata":[1,2,3]}'), "text": ("jsonl", b"important"),
    "an object with a path": ("jsonl", b'{"path":"word.png","label":"x"}'),
    "an object with path and text": ("jsonl", b'{"path":"word.png","text":"x"}'),
    "JSON with spaces": ("jsonl", b'{"path": "word.png"}'),
    "zero bytes": ("jsonl", b'{"path":"word.png\0\0'), "nothing but zero bytes": ("tsv", b"\0\0\0"),
    "one word": ("tsv", b"important"), "no word of this run": ("tsv", b"word.pngs"),
    "two columns": ("tsv", b"important\t17"), "three columns": ("tsv", b"important\ttext\t0.5"),
    "a list of truths": ("tsv", b"word.png\ttruth\ttrain"), "four columns": ("tsv", b"word.png\ta\t0.5\t1"),
    "behind results": ("tsv", b"word.png\tabc\t0.500000\nimportant")}


@pytest.mark.parametrize("case", FOREIGN)
@pytest.mark.parametrize("is_piped", [False, True], ids=["named", "piped"])
def test_a_last_line_without_its_end_that_no_run_has_left_is_kept(strdemo, crnn, pictures, tmp_path, case, is_piped):
    """It may be all there is of something of the user's, who has mistaken its name."""
    form, content = FOREIGN[case]
    output = tmp_path / "results"
    output.write_bytes(content)
    (tmp_path / "word.png").write_bytes(pictures["word1.png"].read_bytes())
    inputs = ("@-",) if is_piped else ("word.png", "missing.png")
    done = strdemo.run("-m", crnn.path, "-q", "-f", form, "-o", output, "--resume", *inputs, cwd=tmp_path,
                       stdin=b"missing.png\nword.png\n")
    assert done.returncode == 3 and output.read_bytes() == content
    assert done.stderr.count("\n") == 1 and "cannot resume: the last line of " in done.stderr


def test_a_torn_path_is_known_again_however_it_is_given(strdemo, crnn, pictures, tmp_path):
    """In tsv a line cut in its path is told by the pictures of the run alone; those of a pipe come one by one."""
    folder = tmp_path / "below"
    folder.mkdir()
    for name in ("a.png", "b\tc.png", "d.png"):
        (folder / name).write_bytes(pictures["word1.png"].read_bytes())
    listed = b"below/missing.png\nbelow/a.png\nbelow/b\tc.png\nbelow/d.png\n"
    (tmp_path / "list").write_bytes(listed)
    arguments = ("-m", crnn.path, "-q", "-f", "tsv", "-o", "results", "--resume", "-b", "1")
    for inputs, code in ((["below"], 0), (["@list"], 1), (["@-"], 1), (["below/a.png", "below/b\tc.png", "-"], 0)):
        stdin = listed if inputs == ["@-"] else pictures["word2.png"].read_bytes()
        (tmp_path / "results").unlink(missing_ok=True)
        assert strdemo.run(*arguments, *inputs, cwd=tmp_path, stdin=stdin).returncode == code
        expected = (tmp_path / "results").read_bytes()
        lines = expected.splitlines(keepends=True)
        for n, line in enumerate(lines):
            for n_bytes in {1, line.index(b"\t") // 2, line.index(b"\t"), line.index(b"\t") + 1, len(line) - 1}:
                (tmp_path / "results").write_bytes(b"".join(lines[:n]) + line[:n_bytes])
                done = strdemo.run(*arguments, *inputs, cwd=tmp_path, stdin=stdin)
                case = f"{inputs}, {n_bytes} bytes of {line}"
                assert (done.returncode, (tmp_path / "results").read_bytes()) == (code, expected), case


def test_a_torn_line_whose_picture_has_gone_bad_is_cut_off(strdemo, crnn, pictures, tmp_path):
    (tmp_path / "results").write_bytes(b"word.png\tab")
    done = strdemo.run("-m", crnn.path, "-f", "tsv", "-o", "results", "--resume", "word.png", cwd=tmp_path)
    assert done.returncode == 1 and (tmp_path / "results").read_bytes() == b""


def test_a_picture_that_came_before_the_torn_one_is_no_hindrance(strdemo, crnn, pictures, tmp_path):
    for name in ("a.png", "b.png", "c.png"):
        (tmp_path / name).write_bytes(pictures["word1.png"].read_bytes())
    (tmp_path / "results").write_bytes(b"a.png\tabc\t0.500000\nc.p")
    done = strdemo.run("-m", crnn.path, "-f", "tsv", "-o", "results", "--resume", "-b", "1", "a.png", "b.png", "c.png",
                       cwd=tmp_path)
    lines = (tmp_path / "results").read_text().splitlines()
    assert done.returncode == 0 and [line.split("\t")[0] for line in lines] == ["a.png", "b.png", "c.png"]


def test_two_runs_do_not_write_to_one_file(strdemo, crnn, pictures, tmp_path):
    output = tmp_path / "results.tsv"
    arguments = ("-m", crnn.path, "-f", "tsv", "-o", output)
    with strdemo.popen(*arguments, "-b", "1", "--resume", "@-", stdin=subprocess.PIPE) as first:
        first.stdin.write(os.fsencode(pictures["word2.png"]) + b"\n")
        first.stdin.flush()
        while first.poll() is None and size_of(output) == 0:  # with a line in it, it is locked
            time.sleep(0.01)
        for more in ((), ("--resume",)):
            second = strdemo.run(*arguments, *more, pictures["word1.png"])
            assert (second.returncode, second.stderr) == \
                (3, f"strdemo: cannot write to {output}: another strdemo is writing to it\n")
    assert first.returncode == 0 and output.read_text().count("\n") == 1


def test_what_cannot_be_read_again_is_refused(strdemo, crnn, pictures):
    done = strdemo.run("-m", crnn.path, "-f", "tsv", "-o", "/dev/full", "--resume", pictures["word1.png"])
    assert done.returncode == 3 and "cannot resume: /dev/full" in done.stderr
