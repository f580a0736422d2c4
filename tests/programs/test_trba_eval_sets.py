# SPDX-License-Identifier: Apache-2.0
"""The forms of data sets that trba eval reads, and what it says about those that it cannot read.

The judges of the texts in labels.csv are Python's csv module and EasyOCR's rule (all behind the first comma). A random
network reads everything wrong, so that the page of errors shows every image with its truth.
"""

import csv
import io
import json
import os
import shutil
import struct

import pytest

lmdb = pytest.importorskip("lmdb")
import eval_samples  # noqa: E402  (needs lmdb)
from conftest import LOWER_ALNUM  # noqa: E402
from test_trba_eval import FOLDS, Page, evaluate, without_times  # noqa: E402

LABELS = ["plain", "with space", "a,b", 'say "x"', "\u00dcber \u20ac", "'quoted'", "line\nbreak", " padded "]


@pytest.fixture
def images(pictures, tmp_path):
    """A folder of its own with two pictures."""
    folder = tmp_path / "set"
    (folder / "sub").mkdir(parents=True)
    (folder / "1.png").write_bytes(pictures["word1.png"].read_bytes())
    (folder / "sub" / "2.png").write_bytes(pictures["word2.png"].read_bytes())
    return folder


def read_truths(trba, crnn, page, *arguments, code=0):
    """The labels of all images as eval understood them."""
    done = trba.run("eval", "--model", crnn.path, *arguments, "--compare", "sensitive", "--errors", page)
    assert done.returncode == code, done.stderr
    return [card["truth"] for card in Page(page.read_bytes().decode()).cards]


# ---- forms ----

def test_every_form_gives_the_same_figures(trba, crnn, tmp_path):
    samples = eval_samples.make_samples()[0]
    eval_samples.write_lmdb(tmp_path / "lmdb", samples)
    for name in ("gt", "csv", "file"):
        (tmp_path / name).mkdir()
    for number, (image, _) in enumerate(samples):
        (tmp_path / "images").mkdir(exist_ok=True)
        (tmp_path / "images" / f"{number}.png").write_bytes(image)
    rows = [(f"images/{number}.png", label) for number, (_, label) in enumerate(samples)]
    (tmp_path / "gt" / "gt.txt").write_text("".join(f"{path}\t{label}\n" for path, label in rows))
    (tmp_path / "file" / "list.lst").write_text("".join(f"{path} {label}\r\n" for path, label in rows))
    with open(tmp_path / "csv" / "labels.csv", "w", newline="") as file:
        csv.writer(file).writerows([("filename", "words"), *rows])
    forms = [tmp_path / "lmdb", tmp_path / "lmdb" / "data.mdb", tmp_path / "gt", tmp_path / "gt" / "gt.txt",
             tmp_path / "csv", tmp_path / "csv" / "labels.csv", tmp_path / "file" / "list.lst"]
    reports = [without_times(evaluate(trba, "--model", crnn.path, "--root", tmp_path, form)) for form in forms]
    assert reports[0]["total"]["n_images"] == len(samples)
    assert all(report["total"] == reports[0]["total"] for report in reports)


def test_the_report_says_which_precision_was_in_use(trba, crnn, images):
    (images / "gt.txt").write_text("1.png\tx\n")
    for precision in ("fp32", "int16", "auto"):
        model = evaluate(trba, "--model", crnn.path, "--precision", precision, images)["model"]
        opens = json.loads(trba.run("info", crnn.path, "--json", "--precision", precision).stdout)["opens"]
        assert (model["cpu"], model["precision"]) == (opens["cpu"], opens["precision"])


def test_folders_below_are_walked_in_natural_order(trba, crnn, pictures, tmp_path):
    image = pictures["word1.png"].read_bytes()
    for name in ("b/set10", "b/set9", "a", "c/only/deep"):
        eval_samples.write_lmdb(tmp_path / name, [(image, "x")])
    (tmp_path / "b" / "nothing").mkdir()
    (tmp_path / "round").symlink_to(tmp_path)
    for more in ([tmp_path], ["--eval_data", tmp_path, "--benchmark_all_eval"]):
        report = evaluate(trba, "--model", crnn.path, *more)
        assert [entry["path"][len(str(tmp_path)) + 1:] for entry in report["sets"]] == \
            ["a", "b/set9", "b/set10", "c/only/deep"]


def test_gt_txt_is_read_as_create_lmdb_dataset_reads_it(trba, crnn, images):
    labels = [label for label in LABELS if "\n" not in label]
    (images / "gt.txt").write_text("\ufeff" + "".join(f"1.png\t{label}\n" for label in labels) +
                                   "\nsub/2.png two words\n" + f"{images}/1.png\tlast\twith tab", encoding="utf-8")
    truths = read_truths(trba, crnn, images / "page.html", images)
    assert truths == [*labels, "two words", "last\twith tab"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_of_gt_txt_end_as_python_ends_them(trba, crnn, images, end):
    rows = ["1.png\tone", "", "1.png\ttwo", "1.png\tthree"]
    for last in ("", end):
        (images / "gt.txt").write_bytes((end.join(rows) + last).encode())
        assert read_truths(trba, crnn, images / "page.html", images) == ["one", "two", "three"]
    (images / "gt.txt").write_bytes((end.join(rows) + end + "bad").encode())
    assert_refused(trba.run("eval", "--model", crnn.path, images), "line 5", str(images))


def test_gt_txt_of_icdar_is_read(trba, crnn, images):
    """PATH, "LABEL", with the escapes of the competitions; what only looks like it is read as ever."""
    lines = ['1.png, "EXIT"', '1.png, "two words"', '1.png, "a \\"b\\" \\\\ \\n"', '1.png, ""', '1.png "no comma"',
             f'{images}/1.png\tx, "y"', '1.png "']
    (images / "gt.txt").write_text("\ufeff" + "\r\n".join(lines), encoding="utf-8")
    truths = read_truths(trba, crnn, images / "page.html", images)
    assert truths == ["EXIT", "two words", 'a "b" \\ \\n', "", '"no comma"', 'x, "y"', '"']


def test_labels_csv_is_read_as_python_reads_it(trba, crnn, images):
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([("number", "words", "filename"), *[(n, label, "1.png")
                                                                     for n, label in enumerate(LABELS)]])
    (images / "labels.csv").write_text(buffer.getvalue(), encoding="utf-8", newline="")
    expected = [row["words"] for row in csv.DictReader(io.StringIO(buffer.getvalue(), newline=""))]
    assert read_truths(trba, crnn, images / "page.html", images) == expected == LABELS


def test_labels_csv_without_quotes_is_read_as_easyocr_reads_it(trba, crnn, images):
    """EasyOCR cuts at the first comma and knows no quotes: what does not quote a whole field is text."""
    labels = ["1,000", 'a "b" c', '"half', "x,", ",", "plain", '"a"b', '"Hello', 'world"', '"', '12"', '"']
    (images / "labels.csv").write_text("filename,words\n" + "".join(f"1.png,{label}\n" for label in labels))
    assert read_truths(trba, crnn, images / "page.html", images) == labels


def test_root_moves_relative_paths_only(trba, crnn, images, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "gt.txt").write_text(f"2.png\tx\n{images}/1.png\ty\n")
    report = evaluate(trba, "--model", crnn.path, "--root", images / "sub", tmp_path / "elsewhere")
    assert (report["total"]["n_images"], report["total"]["n_broken"]) == (2, 0)
    assert evaluate(trba, "--model", crnn.path, tmp_path / "elsewhere", code=1)["total"]["n_broken"] == 1


def test_relative_list_in_the_current_folder(trba, crnn, images):
    (images / "gt.txt").write_text("sub/2.png\tx\n")
    for argument in ("gt.txt", ".", "../set"):
        done = trba.run("eval", "--model", crnn.path, argument, "--json", cwd=images)
        assert done.returncode == 0 and json.loads(done.stdout)["total"]["n_broken"] == 0, done.stderr


# ---- broken images ----

def test_broken_images_are_counted_and_named(trba, crnn, pictures, tmp_path):
    good = pictures["word1.png"].read_bytes()
    eval_samples.write_lmdb(tmp_path / "set", [(good, "a"), (b"junk", "b"), (good, b"\xff\xfe"), (good, "d"),
                                               (good, "e"), (good, "x" * 10001), (good, b"nul\0")])
    with lmdb.open(str(tmp_path / "set")) as environment, environment.begin(write=True) as transaction:
        transaction.delete(b"image-000000004")
        transaction.delete(b"label-000000005")
    done = trba.run("eval", "--model", crnn.path, tmp_path / "set", "--json")
    total = json.loads(done.stdout)["total"]
    assert (done.returncode, total["n_images"], total["n_broken"]) == (1, 7, 6)
    lines = dict(line.split(": ", 2)[1:] for line in done.stderr.splitlines())
    expected = {2: "neither PNG nor JPEG", 3: "not UTF-8", 4: "not in the LMDB", 5: "no label", 6: "10,000", 7: "zero"}
    assert list(sorted(lines)) == [f"{tmp_path}/set/image-{number:09}" for number in expected]
    assert [total[key]["n_left_out"] for key in FOLDS] == [0, 0, 0]  # an unknown label is not one without letters
    assert total["alphanumeric"]["n_characters"] == 3
    quiet = trba.run("eval", "--model", crnn.path, "--quiet", tmp_path / "set")
    assert "left out" not in quiet.stdout
    assert (quiet.returncode, quiet.stderr) == (1, "") and "6 broken" in quiet.stdout


def test_missing_file_is_one_line(trba, crnn, images):
    (images / "gt.txt").write_text("none.png\tx\n")
    done = trba.run("eval", "--model", crnn.path, images)
    assert done.returncode == 1
    assert done.stderr == f"trba: there is no such file: {images}/none.png (it counts as read wrong)\n"


def test_pipe_is_not_waited_for(trba, crnn, images):
    os.mkfifo(images / "pipe.png")
    (images / "gt.txt").write_text("pipe.png\tx\n")
    done = trba.run("eval", "--model", crnn.path, images)
    assert done.returncode == 1 and "pipe.png: it is no regular file" in done.stderr


# ---- what is refused ----

def assert_refused(done, *words):
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1), done.stderr
    assert all(word in done.stderr for word in words), done.stderr


REFUSALS = {
    "no set": ([], "too few arguments"),
    "not there": (["none"], "none"),
    "no such root": (["--root", "none", "."], "where the paths in the lists start, which none is not: No such file"),
    "root is a file": (["--root", "/dev/null", "."], "which /dev/null is not: Not a directory"),
    "unknown option": (["--modle", "x", "set"], "did you mean --model?"),
    "contradiction": (["--filter", "--data_filtering_off", "set"], "contradict"),
    "quiet verbose": (["-q", "-v", "set"], "contradict"),
    "compare": (["--compare", "icase", "set"], "--compare must be one of sensitive|insensitive|alnum"),
    "confusions": (["--confusions", "-1", "set"], "--confusions must be from 0 to"),
    "errors to stdout": (["--errors", "-", "set"], "--errors and --predictions need the name of a file"),
    "predictions to stdout": (["--predictions=-", "set"], "--errors and --predictions need the name of a file"),
    "one file for two": (["--errors", "x", "--predictions", "x", "set"], "name the same file"),
    "empty set": ([""], "an argument is empty"),
    "empty root": (["--root", "", "set"], "the name given with --root is empty: write --root FOLDER"),
    "errors to an empty name": (["--errors=", "set"], "the name given with --errors is empty"),
    "predictions to an empty name": (["--predictions=", "set"], "the name given with --predictions is empty"),
    "two alphabets": (["--sensitive", "--character", "ab", "set"], "--sensitive and --character"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusal_is_one_sentence(trba, case, tmp_path):
    arguments, words = REFUSALS[case]
    assert_refused(trba.run("eval", *arguments, cwd=tmp_path), words)


@pytest.fixture
def inputs(crnn, pictures, tmp_path):
    """A folder of files that eval can read, some of which would pass for what an earlier run has written."""
    for name, source in (("x.pth", crnn.path), ("word.png", pictures["word1.png"])):
        shutil.copy(source, tmp_path / name)
    (tmp_path / "gt.txt").write_text("word.png\tx\n")
    (tmp_path / "x.yaml").touch()
    (tmp_path / "abc").write_text(LOWER_ALNUM)
    (tmp_path / "page").write_text("<!DOCTYPE html>\n<p> x\n")
    (tmp_path / "lines").write_text('{"set":"a b"}\n')
    (tmp_path / "sub").mkdir()
    (tmp_path / "link").symlink_to("x.yaml")
    os.link(tmp_path / "x.pth", tmp_path / "hard")
    return tmp_path


@pytest.mark.parametrize("option", ["--errors", "--predictions"])
@pytest.mark.parametrize(("output", "arguments"), [
    ("x.yaml", []), ("link", []), ("hard", []), ("abc", ["--charset", "abc"]), ("gt.txt", []), ("./page", ["page"]),
    ("sub/../lines", ["lines"])])
def test_output_that_is_a_file_to_read_is_refused_and_left_alone(trba, inputs, option, output, arguments):
    before = (inputs / output).read_bytes()
    done = trba.run("eval", "-m", "x.pth", "gt.txt", option, output, *arguments, cwd=inputs)
    assert (inputs / output).read_bytes() == before
    assert_refused(done, f"{option} {output} is a file to read, and would be lost: name another file")


@pytest.mark.parametrize(("errors", "predictions"), [
    ("new", "./new"), ("new", "sub/../new"), ("sub/new", "way/new"), ("page", "link to page"), ("page", "hard page"),
    ("new", "link to new"), ("link to new", "new"), ("sub/new", "link to link"), ("link to link", "whole path"),
    ("new", "way/up")])
def test_one_file_under_two_names_is_refused_and_left_alone(trba, inputs, errors, predictions):
    (inputs / "way").symlink_to("sub")
    (inputs / "link to page").symlink_to("page")
    os.link(inputs / "page", inputs / "hard page")
    for link, target in (("link to new", "new"), ("link to link", "sub/link"), ("sub/link", "new"),
                         ("sub/up", "../new"), ("whole path", inputs / "sub" / "new")):
        (inputs / link).symlink_to(target)
    done = trba.run("eval", "-m", "x.pth", "gt.txt", "--errors", errors, "--predictions", predictions, cwd=inputs)
    assert_refused(done, "--errors and --predictions name the same file: name two")
    assert "<p> x" in (inputs / "page").read_text() and not list(inputs.rglob("new"))


def test_links_to_different_new_files_are_written(trba, inputs):
    (inputs / "link to a").symlink_to("a")
    (inputs / "link to b").symlink_to("b")
    done = trba.run("eval", "-m", "x.pth", "gt.txt", "--errors", "link to a", "--predictions", "link to b", cwd=inputs)
    assert done.returncode == 0, done.stderr
    assert (inputs / "a").read_text().startswith("<!DOCTYPE") and (inputs / "b").read_text().startswith('{"set"')


def test_link_that_goes_round_is_one_sentence(trba, inputs):
    (inputs / "round").symlink_to("round")
    done = trba.run("eval", "-m", "x.pth", "gt.txt", "--errors", "round", "--predictions", "new", cwd=inputs)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1), done.stderr
    assert "cannot write to round: Too many levels of symbolic links" in done.stderr


LISTS = {
    "gt.txt": {b"": "no images", b"\n\n": "no images", b"a.png\n": "line 1", b"a.png\tx\n\tlabel\n": "line 2",
               b"a.png\tx\0y\n": "zero bytes"},
    "labels.csv": {b"": "filename and words", b"filename,words\n": "no images", b"file,words\na,b\n": "filename and",
                   b"filename,words\na.png,x\nb.png\n": "line 3", b"filename,words\n,x\n": "line 2",
                   b"filename,words\na.png,\"x\n\ny\"\nb.png": "line 5"},
}


@pytest.mark.parametrize(("name", "content"), [(name, content) for name in LISTS for content in LISTS[name]])
def test_bad_list_is_refused_with_its_line(trba, crnn, tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert_refused(trba.run("eval", "--model", crnn.path, tmp_path), LISTS[name][content], str(tmp_path / name))


def test_folder_without_sets_is_refused(trba, crnn, tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert_refused(trba.run("eval", "--model", crnn.path, tmp_path), "no data.mdb, labels.csv or gt.txt", str(tmp_path))


def write_keys(folder, keys):
    folder.mkdir()
    with lmdb.open(str(folder), map_size=1 << 30) as environment, environment.begin(write=True) as transaction:
        for key, value in keys.items():
            transaction.put(key, value)


SAMPLE_COUNTS = {
    "empty": ({b"num-samples": b"0"}, "there are no images"),
    "other": ({b"a": b"b"}, "no num-samples"),
    "none at all": ({}, "no num-samples"),
    "no number": ({b"num-samples": b"many"}, "num-samples is not"),
    "no digits": ({b"num-samples": b""}, "num-samples is not"),
    "too many": ({b"num-samples": b"7"}, "num-samples is not"),
    "negative": ({b"num-samples": b"-1"}, "num-samples is not"),
    "long": ({b"num-samples": b"1" * 99}, "num-samples is not"),
}


@pytest.mark.parametrize("case", SAMPLE_COUNTS)
def test_lmdb_that_is_no_data_set_is_refused(trba, crnn, tmp_path, case):
    keys, words = SAMPLE_COUNTS[case]
    write_keys(tmp_path / "set", keys)
    assert_refused(trba.run("eval", "--model", crnn.path, tmp_path / "set"), words, str(tmp_path / "set"))


def with_word(data, at, word):
    return data[:at] + word + data[at + len(word):]


# Of both header pages (the second at 4096) the word at 16 is the magic number, that at 20 the version of the format.
DAMAGES = {
    "nothing": (lambda data: b"", "cut off"),
    "a few bytes": (lambda data: data[:20], "cut off"),
    "one header": (lambda data: data[:4096], "cut off"),
    "headers only": (lambda data: data[:8192], "cut off"),
    "last page": (lambda data: data[:-4096], "cut off"),
    "half a page": (lambda data: data[:-100], "cut off"),
    "no magic": (lambda data: with_word(data, 16, b"\0\0\0\0"), "no LMDB file"),
    "text": (lambda data: b"this is no data base\n" * 1000, "no LMDB file"),
    "version": (lambda data: with_word(with_word(data, 20, struct.pack("=I", 2)), 4096 + 20, struct.pack("=I", 2)),
                "another version"),
    "byte order": (lambda data: with_word(data, 16, data[16:20][::-1]), "other order of bytes"),
    "32 bits": (lambda data: data[4:], "32 bits"),
}


@pytest.mark.parametrize("case", DAMAGES)
def test_unreadable_lmdb_is_one_sentence(trba, crnn, pictures, tmp_path, case):
    damage, words = DAMAGES[case]
    eval_samples.write_lmdb(tmp_path / "set", [(pictures["word1.png"].read_bytes(), "x")] * 20)
    data = tmp_path / "set" / "data.mdb"
    data.write_bytes(damage(data.read_bytes()))
    assert_refused(trba.run("eval", "--model", crnn.path, tmp_path / "set"), words, str(data))


def test_lmdb_in_a_read_only_folder(trba, crnn, pictures, tmp_path):
    eval_samples.write_lmdb(tmp_path / "set", [(pictures["word1.png"].read_bytes(), "x")])
    (tmp_path / "set" / "lock.mdb").unlink()
    (tmp_path / "set" / "data.mdb").chmod(0o444)
    (tmp_path / "set").chmod(0o555)
    assert evaluate(trba, "--model", crnn.path, tmp_path / "set")["total"]["n_images"] == 1
    (tmp_path / "set").chmod(0o755)
    assert sorted(path.name for path in (tmp_path / "set").iterdir()) == ["data.mdb"]
