# SPDX-License-Identifier: Apache-2.0
"""strdemo's results: the three layouts and --compat clovaai, held against PyTorch's readings laid out by Python."""

import json
import shutil

import pytest
from conftest import LOWER_ALNUM

DASHES = "-" * 80
HEADING = f'{DASHES}\n{"image_path":25s}\t{"predicted_labels":25s}\tconfidence score\n{DASHES}\n'
BROKEN = "word3.png"


def table_line(path, reading):
    """demo.py's line."""
    return f"{str(path):25s}\t{reading.text:25s}\t{reading.confidence:0.4f}\n"


def assert_same_lines(printed, expected):
    """Equal but for the last decimal of a confidence, which PyTorch and the library may round differently."""
    printed, expected = printed.splitlines(), expected.splitlines()
    assert len(printed) == len(expected), printed
    for ours, theirs in zip(printed, expected):
        if ours == theirs:
            continue
        assert ours.rpartition("\t")[0] == theirs.rpartition("\t")[0]
        assert float(ours.rpartition("\t")[2]) == pytest.approx(float(theirs.rpartition("\t")[2]), abs=1.01e-4)


@pytest.mark.parametrize("name", ["crnn", "attention"])
def test_table_is_demos_layout_with_one_heading(strdemo, pictures, read, request, name):
    network = request.getfixturevalue(name)
    good = [path for path in pictures.values() if path.name != BROKEN]
    done = strdemo.run("--model", network.path, *good, "--batch", "2")
    assert (done.returncode, done.stderr) == (0, "")
    assert_same_lines(done.stdout, HEADING + "".join(table_line(path, read(network, path)) for path in good))


def test_table_pads_by_code_points(strdemo, crnn, pictures, tmp_path, read):
    path = tmp_path / "wörd-日本.png"
    path.write_bytes(pictures["word1.png"].read_bytes())
    done = strdemo.run("--model", crnn.path, path.name, cwd=tmp_path)
    assert_same_lines(done.stdout, HEADING + table_line(path.name, read(crnn, path)))


def test_table_cannot_command_the_terminal(strdemo, crnn, pictures, tmp_path, read):
    path = tmp_path / "a\033[31mb\tc\nd\u009b1m.png"
    path.write_bytes(pictures["word1.png"].read_bytes())
    done = strdemo.run("--model", crnn.path, path.name, cwd=tmp_path)
    assert_same_lines(done.stdout, HEADING + table_line("a?[31mb?c?d?1m.png", read(crnn, path)))


def test_broken_picture_is_one_line_and_exit_code_1(strdemo, crnn, pictures):
    done = strdemo.run("--model", crnn.path, "--format", "tsv", *pictures.values())
    assert done.returncode == 1
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == \
        [str(path) for path in pictures.values() if path.name != BROKEN]
    assert len(done.stderr.splitlines()) == 1 and str(pictures[BROKEN]) in done.stderr


def test_failure_names_the_picture_once(strdemo, crnn, tmp_path):
    (tmp_path / "a").write_bytes(b"no picture")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "list").write_text("a\nb\nfolder.png\n")
    done = strdemo.run("-m", crnn.path, "@list", cwd=tmp_path)
    broken, missing, folder = done.stderr.splitlines()
    assert broken.startswith("strdemo: a: ")
    assert missing == "strdemo: there is no such file: b"
    assert folder == "strdemo: this is a folder, not a file: folder.png"


def test_quiet_leaves_the_line_out_but_not_the_exit_code(strdemo, crnn, pictures):
    done = strdemo.run("--model", crnn.path, "--quiet", pictures[BROKEN])
    assert (done.returncode, done.stderr, done.stdout) == (1, "", HEADING)


def test_tsv_has_three_fields_a_line(strdemo, crnn, pictures, read):
    done = strdemo.run("--model", crnn.path, "-f", "tsv", pictures["word1.png"], pictures["word2.png"])
    assert done.returncode == 0
    for line, name in zip(done.stdout.splitlines(), ("word1.png", "word2.png"), strict=True):
        path, text, confidence = line.split("\t")
        expected = read(crnn, pictures[name])
        assert (path, text) == (str(pictures[name]), expected.text)
        assert float(confidence) == pytest.approx(expected.confidence, rel=1e-3, abs=1e-6)
        assert len(confidence.partition(".")[2]) == 6


def test_tsv_escapes_what_would_break_a_line(strdemo, crnn, pictures, tmp_path):
    name = "a\tb\\c\nd\re.png"
    (tmp_path / name).write_bytes(pictures["word1.png"].read_bytes())
    done = strdemo.run("--model", crnn.path, "-f", "tsv", name, cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.count("\n") == 1 and done.stdout.split("\t")[0] == r"a\tb\\c\nd\re.png"


def test_jsonl_tells_everything_and_has_the_broken_ones(strdemo, crnn, pictures, read):
    done = strdemo.run("--model", crnn.path, "--format=jsonl", *pictures.values())
    assert done.returncode == 1
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["path"] for line in lines] == [str(path) for path in pictures.values()]
    assert all(list(line) == ["path", "text", "confidence", "score", "characters", "truncated", "width", "height",
                              "rotation", "status", "message"] for line in lines)
    broken = lines.pop([path.name for path in pictures.values()].index(BROKEN))
    assert broken["status"] != "ok" and broken["message"] and broken["text"] == "" and broken["characters"] == []
    for line in lines:
        expected = read(crnn, line["path"])
        assert (line["text"], line["status"], line["message"]) == (expected.text, "ok", "")
        assert line["confidence"] == pytest.approx(expected.confidence, rel=1e-3)
        assert "".join(character["text"] for character in line["characters"]) == line["text"]
        assert all(0 <= character["position"] <= 1 and 0 < character["probability"] <= 1
                   for character in line["characters"])
        steps = [character["step"] for character in line["characters"]]
        assert steps == sorted(set(steps))
    assert [(line["width"], line["height"]) for line in lines] == [(130, 40), (100, 32), (33, 20), (200, 64)]


def test_jsonl_says_truncated_when_attention_did_not_end(strdemo, attention, pictures):
    done = strdemo.run("--model", attention.path, "-f", "jsonl", "--batch-max-length", "1", pictures["word1.png"])
    line = json.loads(done.stdout)
    whole = json.loads(strdemo.run("--model", attention.path, "-f", "jsonl", pictures["word1.png"]).stdout)
    assert len(whole["text"]) > 1 and line["text"] == whole["text"][:1]
    assert line["truncated"] is True


def test_jsonl_replaces_bytes_that_are_not_utf8(strdemo, crnn, pictures, tmp_path):
    name = b"caf\xe9.png"
    (tmp_path / name.decode("utf-8", "surrogateescape")).write_bytes(pictures["word1.png"].read_bytes())
    done = strdemo.run("--model", crnn.path, "-f", "jsonl", name, cwd=tmp_path)
    assert done.returncode == 0 and json.loads(done.stdout)["path"] == "caf\N{REPLACEMENT CHARACTER}.png"


def test_output_goes_to_a_file(strdemo, crnn, pictures, tmp_path):
    arguments = ("--model", crnn.path, "-f", "tsv", pictures["word1.png"], pictures["word2.png"])
    done = strdemo.run(*arguments, "--output", tmp_path / "results.tsv")
    assert (done.returncode, done.stdout) == (0, "")
    assert (tmp_path / "results.tsv").read_text() == strdemo.run(*arguments).stdout


def test_answer_does_not_depend_on_batch_and_threads(strdemo, attention, pictures):
    good = [path for path in pictures.values() if path.name != BROKEN]
    runs = {strdemo.run("-m", attention.path, "-f", "jsonl", "-b", batch, "-t", threads, *good).stdout
            for batch, threads in (("1", "1"), ("2", "2"), ("3", "1"), ("16", "3"))}
    assert len(runs) == 1 and runs.pop().count("\n") == len(good)


def test_pad_keeps_the_proportions(strdemo, crnn, pictures, read):
    for option in ("--pad", "--PAD"):
        done = strdemo.run("-m", crnn.path, option, pictures["word10.png"])
        assert_same_lines(done.stdout, HEADING + table_line(pictures["word10.png"],
                                                            read(crnn, pictures["word10.png"], pad=True)))


@pytest.mark.parametrize("name", ["crnn", "attention"])
def test_compat_prints_demos_batches_and_reads_a_black_dummy(strdemo, pictures, read, request, name):
    network = request.getfixturevalue(name)
    folder = pictures["word1.png"].parent
    done = strdemo.run("--saved_model", network.path, "--image_folder", folder, "--compat", "clovaai",
                       "--batch_size", "2")
    expected = ""
    for index, path in enumerate(pictures.values()):
        reading = read(network, None if path.name == BROKEN else path, demo=True)
        expected += (HEADING if index % 2 == 0 else "") + table_line(path, reading)
    assert done.returncode == 0
    assert_same_lines(done.stdout, expected)
    assert len(done.stderr.splitlines()) == 1 and BROKEN in done.stderr


def test_time_goes_to_stderr(strdemo, crnn, pictures):
    done = strdemo.run("-m", crnn.path, "-f", "tsv", "--time", pictures["word1.png"], pictures["word2.png"])
    assert done.stdout.count("\n") == 2
    assert all(word in done.stderr for word in ("opened in", "2 images", "median", "mean", "images/s"))


def test_verbose_says_what_reads(strdemo, crnn, pictures, tmp_path):
    done = strdemo.run("-m", crnn.path, "--verbose", "--cpu", "ref", pictures["word1.png"])
    assert done.returncode == 0
    for words in ("None-VGG-BiLSTM-CTC", "32 x 100", f"alnum36, 36 characters: {LOWER_ALNUM}\n", "preset clovaai",
                  "machine: ref"):
        assert words in done.stderr
    tokens = ["ch", *LOWER_ALNUM[1:]]
    (tmp_path / "tokens").write_text("\n".join(tokens))
    done = strdemo.run("-m", crnn.path, "-v", "--charset", tmp_path / "tokens", pictures["word1.png"])
    assert f"custom, 36 characters: {' '.join(tokens)}\n" in done.stderr


# What is read, and how the command line says so.
READ = {
    "model": ("x.pth", ["word.png"]), "list": ("list", ["@list"]), "link": ("link", ["@list"]),
    "boxes": ("boxes.json", ["--boxes", "boxes.json", "word.png"]), "picture": ("./word.png", ["word.png"]),
    "picture of the folder": ("word.png", ["."]), "alphabet": ("abc", ["--charset", "abc", "word.png"]),
    "alphabet by file:": ("abc", ["--charset", "file:abc", "word.png"]), "sidecar": ("x.yaml", ["word.png"]),
    "list on stdin": ("list", ["@-"]),
}


@pytest.mark.parametrize("kind", READ)
def test_output_that_is_a_file_to_read_is_refused_and_left_alone(strdemo, crnn, pictures, tmp_path, kind):
    for name, source in (("x.pth", crnn.path), ("word.png", pictures["word1.png"])):
        shutil.copy(source, tmp_path / name)
    (tmp_path / "list").write_text("word.png\n")
    (tmp_path / "boxes.json").write_text("[[0, 0, 20, 10]]")
    (tmp_path / "abc").write_text(LOWER_ALNUM)
    (tmp_path / "x.yaml").write_text("imgW: 120\n")
    (tmp_path / "link").symlink_to("list")
    output, inputs = READ[kind]
    before = (tmp_path / output).read_bytes()
    with open(tmp_path / "list", "rb") as stdin:
        done = strdemo.run("-m", "x.pth", "-o", output, *inputs, cwd=tmp_path, stdin=stdin)
    assert (done.returncode, done.stdout) == (2, "") and (tmp_path / output).read_bytes() == before
    assert done.stderr == f"strdemo: --output {output} is a file to read, and would be lost: name another file\n"


# What is refused before anything is read, the model, the session or the inputs being at fault.
LARGEST = ["--imgH", "1024", "--imgW", "16384", "--batch", "17"]
REFUSED = {
    "no model": ["-m", "none.pth"], "alphabet": ["--charset", "abc"], "no boxes": ["--boxes", "none"],
    "session": [*LARGEST, *["word.png"] * 16], "page's session": [*LARGEST, "--boxes", "boxes"],
    "two pages": ["--boxes", "boxes", "word.png"],
}


@pytest.mark.parametrize("kind", REFUSED)
def test_old_results_stay_when_a_run_is_refused(strdemo, crnn, pictures, tmp_path, kind):
    shutil.copy(pictures["word1.png"], tmp_path / "word.png")
    (tmp_path / "boxes").write_text("[[0, 0, 20, 10]]")
    (tmp_path / "results").write_text("old\n")
    done = strdemo.run("-m", crnn.path, "-o", "results", *REFUSED[kind], "word.png", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert (tmp_path / "results").read_text() == "old\n"


@pytest.mark.parametrize("inputs", [["none.png"], ["@list"], ["--boxes", "boxes", "none.png"]])
def test_old_results_go_when_a_run_reads_nothing(strdemo, crnn, tmp_path, inputs):
    (tmp_path / "list").write_text("\n")
    (tmp_path / "boxes").write_text("[[0, 0, 20, 10]]")
    (tmp_path / "results").write_text("old\n")
    done = strdemo.run("-m", crnn.path, "-f", "tsv", "-o", "results", *inputs, cwd=tmp_path)
    assert (done.returncode, (tmp_path / "results").read_text()) == (1, "")


def test_output_that_has_the_name_of_a_preset_is_written(strdemo, crnn, pictures, tmp_path):
    (tmp_path / "alnum36").write_text("not read\n")
    done = strdemo.run("-m", crnn.path, "-f", "tsv", "--charset", "alnum36", "-o", "alnum36", pictures["word1.png"],
                       cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "alnum36").read_text().startswith(str(pictures["word1.png"]))


def test_output_to_a_dash_is_standard_output(strdemo, crnn, pictures, tmp_path):
    done = strdemo.run("-m", crnn.path, "-f", "tsv", "-o", "-", pictures["word1.png"], cwd=tmp_path)
    assert (done.returncode, done.stdout.count("\n"), list(tmp_path.iterdir())) == (0, 1, [])
    done = strdemo.run("-m", crnn.path, "-f", "tsv", "-o", "-", "--resume", pictures["word1.png"], cwd=tmp_path)
    assert done.returncode == 2 and "--resume goes on with a file of results" in done.stderr
