# SPDX-License-Identifier: Apache-2.0
"""trba eval: its figures are those of clovaai's test.py on the same LMDB (fixtures/reference_scores.json, made by
make_reference_scores.py with the original program), and those that Python computes with rapidfuzz's edit distance.
"""

import base64
import collections
import html.parser
import json
import re
import tempfile
from pathlib import Path

import pytest
from conftest import LOWER_ALNUM, SOURCE_DIR
from rapidfuzz.distance import Levenshtein

pytest.importorskip("lmdb")
import eval_samples  # noqa: E402  (needs lmdb)

REFERENCE = json.loads((SOURCE_DIR / "tests" / "programs" / "fixtures" / "reference_scores.json").read_text())["scores"]
ENGLISH_G2 = ["--model", SOURCE_DIR / "models" / "english_g2.pth", "--preset", "clovaai", "--pad", "--charset",
              eval_samples.CHARSET, "--imgH", str(eval_samples.IMG_H), "--imgW", str(eval_samples.IMG_W),
              "--batch-max-length", str(eval_samples.BATCH_MAX_LENGTH)]
ALNUM = re.compile("[^a-z0-9]")
FOLDS = {"case_sensitive": lambda text: text, "case_insensitive": str.lower,
         "alphanumeric": lambda text: ALNUM.sub("", text.lower())}


def evaluate(trba, *arguments, code=0):
    done = trba.run("eval", *arguments, "--json")
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def without_times(report):
    """The report but for what differs from run to run."""
    return json.loads(json.dumps(report), object_hook=lambda value: {key: value[key] for key in value
                                                                      if not key.startswith("ms_per_image")})


@pytest.fixture(scope="session")
def sets(tmp_path_factory):
    root = tmp_path_factory.mktemp("sets") / "sets"
    eval_samples.write_sets(root)
    return root


@pytest.fixture(scope="session")
def report(trba, sets):
    """What eval says about both sets without further options."""
    return evaluate(trba, *ENGLISH_G2, sets, code=1)


@pytest.fixture(scope="session")
def answers(strdemo, tmp_path_factory):
    """What english_g2 reads in the images of both sets: {set: [(label, text)]}; None for the broken one."""
    found = {}
    for name, samples in zip(("deeper/second", "first"), reversed(eval_samples.make_samples())):
        folder = tmp_path_factory.mktemp("images")
        for number, (image, _) in enumerate(samples):
            (folder / f"{number}.png").write_bytes(image)
        done = strdemo.run(*ENGLISH_G2, "-f", "jsonl", folder)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        texts = [line["text"] if line["status"] == "ok" else None for line in lines]
        found[name] = list(zip((label for _, label in samples), texts, strict=True))
    return found


# ---- figures ----

def assert_scores(found, expected):
    for key, value in expected.items():
        assert found[key] == pytest.approx(value, abs=1e-7), key


def without_empty_truths(expected, pairs, fold):
    """test.py's figures without the images whose truth is empty after folding: there an empty answer is right, and the
    similarity 0."""
    out = [text for label, text in pairs if not fold(label)]
    n = len(pairs) - len(out)
    n_right = round(expected["accuracy"] * len(pairs) / 100) - sum(text is not None and not fold(text) for text in out)
    return {"accuracy": 100 * n_right / n,
            "normalised_edit_distance": expected["normalised_edit_distance"] * len(pairs) / n, "n_left_out": len(out)}


@pytest.mark.parametrize("mode", ["case_sensitive", "alphanumeric"])
def test_figures_are_those_of_clovaais_test_py(trba, sets, report, answers, mode):
    if mode == "case_sensitive":
        report = evaluate(trba, *ENGLISH_G2, "--filter", sets, code=1)
    by_name = {str(entry["path"])[len(str(sets)) + 1:]: entry for entry in report["sets"]}
    assert list(by_name) == ["deeper/second", "first"]
    pairs = {**answers, ".": answers["first"] + answers["deeper/second"]}
    for name, entry in {**by_name, ".": report["total"]}.items():
        expected = dict(REFERENCE[mode][name])
        assert entry["n_images"] == expected.pop("n_images")
        if mode == "alphanumeric":
            expected = without_empty_truths(expected, pairs[name], FOLDS[mode])
            assert expected["n_left_out"] > 0
        assert_scores(entry[mode], expected)


def score_with_python(pairs, comparison):
    """The figures of [(label, text or None)], after the formulas of docs/EVALUATION.md."""
    fold = FOLDS[comparison]
    n_images, n_right, n_edits, n_characters = len(pairs), 0, 0, 0
    if comparison == "alphanumeric":
        pairs = [(label, text) for label, text in pairs if fold(label)]
    similarity = 0.0
    for label, text in pairs:
        truth, answer = fold(label), fold(text or "")
        distance = Levenshtein.distance(truth, answer)
        n_right += text is not None and distance == 0
        similarity += Levenshtein.normalized_similarity(truth, answer) if truth and answer else 0
        n_edits += distance
        n_characters += len(truth)
    return {"accuracy": 100 * n_right / len(pairs), "normalised_edit_distance": similarity / len(pairs),
            "character_error_rate": 100 * n_edits / n_characters, "n_left_out": n_images - len(pairs),
            "n_right": n_right, "n_edits": n_edits, "n_characters": n_characters}


def test_figures_are_those_of_rapidfuzz(report, answers):
    everything = answers["first"] + answers["deeper/second"]
    for entry, pairs in zip([*report["sets"], report["total"]], [*answers.values(), everything], strict=True):
        assert (entry["n_images"], entry["n_skipped"]) == (len(pairs), 0)
        assert entry["n_broken"] == sum(text is None for _, text in pairs)
        for comparison in FOLDS:
            assert_scores(entry[comparison], score_with_python(pairs, comparison))


def test_truths_without_letters_and_digits_say_nothing_about_them(trba, crnn, pictures, tmp_path):
    """A network that reads letters would be called wrong for them, and one that reads nothing, right."""
    image = pictures["word1.png"]
    text = evaluate_text(trba, crnn, image)
    (tmp_path / "gt.txt").write_text(f"{image}\t{text}\n{image}\t&!\n{image}\t\u0436\nnone.png\t?\n", "utf-8")
    report = evaluate(trba, "--model", crnn.path, tmp_path, code=1)["total"]
    found = {key: report["alphanumeric"][key] for key in ("accuracy", "normalised_edit_distance", "n_left_out")}
    assert found == {"accuracy": 100, "normalised_edit_distance": 1, "n_left_out": 3}
    assert report["n_images"] == 4 and report["case_insensitive"]["accuracy"] == 25
    said = trba.run("eval", "--model", crnn.path, tmp_path).stdout
    assert "gt.txt: 3 without a-z and 0-9 in the truth, left out of \"letters and digits\"\n" in said
    (tmp_path / "gt.txt").write_text(f"{image}\t&!\n")
    report = evaluate(trba, "--model", crnn.path, tmp_path)["total"]["alphanumeric"]
    assert (report["accuracy"], report["normalised_edit_distance"], report["character_error_rate"]) == (None,) * 3
    line = trba.run("eval", "--model", crnn.path, tmp_path).stdout.splitlines()[2]
    assert line.split("|")[3].split() == ["-", "-", "-"]


def evaluate_text(trba, network, image):
    """What the network reads in the image."""
    [line] = predict(trba, network, image.parent, f"{image}\tx\n")
    return line["text"]


def predict(trba, network, folder, labels, *options, code=0):
    """The lines of --predictions for a gt.txt."""
    with tempfile.TemporaryDirectory() as name:
        gt, predictions = Path(name) / "gt.txt", Path(name) / "predictions"
        gt.write_text(labels, encoding="utf-8")
        evaluate(trba, "--model", network.path, gt, "--root", folder, "--predictions", predictions, *options, code=code)
        return [json.loads(line) for line in predictions.read_text(encoding="utf-8").splitlines()]


def test_total_is_weighted_by_images(report):
    for comparison in FOLDS:
        n = [entry["n_images"] - entry[comparison]["n_left_out"] for entry in report["sets"]]
        accuracies = [entry[comparison]["accuracy"] for entry in report["sets"]]
        weighted = sum(a * b for a, b in zip(accuracies, n)) / sum(n)
        assert report["total"][comparison]["accuracy"] == pytest.approx(weighted, abs=1e-7)
        assert weighted != pytest.approx(sum(accuracies) / len(accuracies), abs=0.1)


def test_batches_and_threads_change_nothing(trba, sets, report):
    for options in (["--batch", "1", "--threads", "1"], ["--batch", "7", "--threads", "2"]):
        again = evaluate(trba, *ENGLISH_G2, *options, sets / "first")
        assert without_times(again["sets"]) == without_times(report["sets"][1:])
        assert again["total"]["ms_per_image"] > 0 and again["total"]["ms_per_image_median"] > 0


# ---- confusions ----

def edits_of(truth, answer):
    """rapidfuzz's edits as (truth's character or None, the answer's or None)."""
    return [(truth[op.src_pos] if op.tag != "insert" else None, answer[op.dest_pos] if op.tag != "delete" else None)
            for op in Levenshtein.editops(truth, answer)]


@pytest.mark.parametrize(("option", "comparison"), [*zip(("sensitive", "insensitive", "alnum"), FOLDS)])
def test_confusions_are_as_many_as_the_edits(trba, sets, answers, option, comparison):
    report = evaluate(trba, *ENGLISH_G2, "--compare", option, "--confusions", "10000", sets / "first")
    assert report["compare"] == option
    entry = report["sets"][0]
    counts = [confusion["count"] for confusion in entry["confusions"]]
    assert sum(counts) == entry[comparison]["n_edits"] and counts == sorted(counts, reverse=True)
    # Where only characters were replaced there is one way to count; every such edit must be there.
    fold = FOLDS[comparison]
    found = {(confusion["truth"], confusion["answer"]): confusion["count"] for confusion in entry["confusions"]}
    pairs = [(fold(label), fold(text)) for label, text in answers["first"]]
    certain = collections.Counter(edit for truth, answer in pairs
                                  if len(truth) == len(answer) == Levenshtein.distance(truth, answer) + 1
                                  for edit in edits_of(truth, answer))
    assert all(found.get(edit, 0) >= count for edit, count in certain.items())


def test_confusions_of_a_clear_case(trba, tmp_path):
    """exit.png says EXIT: one character replaced in three labels, one lost, one added."""
    image = eval_samples.DATA / "exit.png"
    labels = ["EX1T", "EX1T", "EX1T", "EXI T", "XIT", "EXIT"]
    (tmp_path / "gt.txt").write_text("".join(f"{image}\t{label}\n" for label in labels))
    entry = evaluate(trba, "--model", ENGLISH_G2[1], tmp_path)["total"]
    assert [tuple(confusion.values()) for confusion in entry["confusions"]] == [("1", "I", 3), (" ", None, 1),
                                                                                (None, "E", 1)]
    done = trba.run("eval", "--model", ENGLISH_G2[1], tmp_path, "--confusions", "2")
    assert "1 as I x3, U+0020 lost x1\n" in done.stdout
    done = trba.run("eval", "--model", ENGLISH_G2[1], tmp_path, "--confusions", "0")
    assert done.returncode == 0 and "most frequent" not in done.stdout


def test_names_and_labels_cannot_command_the_terminal(trba, crnn, pictures, tmp_path):
    folder = tmp_path / "a\033[31m\tb\n"
    folder.mkdir()
    (folder / "gt.txt").write_text(f"{pictures['word1.png']}\t\033\n")
    done = trba.run("eval", "--model", crnn.path, folder)
    assert done.returncode == 0 and "\033" not in done.stdout
    assert f"{tmp_path}/a?[31m?b?/gt.txt, most frequent confusions: " in done.stdout and "U+001B " in done.stdout


# ---- the filter ----

def test_compat_filters_as_test_py_unless_it_is_told_not_to(trba, crnn, pictures, tmp_path):
    """An alphabet of lower case: a label counts when its lower case is in it and it has at most 25 characters."""
    labels = ["abc", "ABC", "a-b", "x" * 25, "x" * 26, "\u00e9", "a b", "", "9"]
    kept = [label for label in labels if len(label) <= 25 and set(label.lower()) <= set(LOWER_ALNUM)]
    eval_samples.write_lmdb(tmp_path / "set", [(pictures["word1.png"].read_bytes(), label) for label in labels])
    model = ["--model", crnn.path]
    for options, n_images in ((["--filter"], len(kept)), (["--compat", "clovaai"], len(kept)), ([], len(labels)),
                              (["--compat", "clovaai", "--data_filtering_off"], len(labels))):
        report = evaluate(trba, *model, *options, tmp_path / "set")
        assert report["total"]["n_images"] == n_images
        assert report["total"]["n_skipped"] == len(labels) - n_images
        assert report["total"]["case_sensitive"]["n_characters"] == len("".join(kept if report["filter"] else labels))
    report = evaluate(trba, *model, "--filter", "--batch-max-length", "2", tmp_path / "set")
    assert report["total"]["n_images"] == sum(len(label) <= 2 for label in kept)


def test_a_filter_that_leaves_nothing_says_so(trba, crnn, pictures, tmp_path):
    eval_samples.write_lmdb(tmp_path / "set", [(pictures["word1.png"].read_bytes(), "x-y")])
    done = trba.run("eval", "--model", crnn.path, "--filter", "--json", tmp_path / "set")
    assert done.returncode == 1 and done.stderr == f"trba: the filter leaves no image of {tmp_path}/set\n"
    total = json.loads(done.stdout)["total"]
    assert total["n_images"] == 0 and total["case_sensitive"]["accuracy"] is None
    assert "-" in trba.run("eval", "--model", crnn.path, "--filter", tmp_path / "set").stdout


def test_upper_case_counts_where_the_alphabet_has_it(trba, crnn, pictures, tmp_path):
    eval_samples.write_lmdb(tmp_path / "set", [(pictures["word1.png"].read_bytes(), "x")])
    assert evaluate(trba, "--model", crnn.path, tmp_path / "set")["compare"] == "insensitive"
    assert evaluate(trba, *ENGLISH_G2, tmp_path / "set")["compare"] == "sensitive"


# ---- the settings ----

def test_json_says_how_the_figures_came_about(trba, crnn, pictures, tmp_path):
    (tmp_path / "x.pth").write_bytes(crnn.path.read_bytes())
    (tmp_path / "x.yaml").write_text("imgW: 120\npreset: clovaai\n")
    (tmp_path / "gt.txt").write_text(f"{pictures['word1.png']}\tx\n")
    report = evaluate(trba, "--model", tmp_path / "x.pth", tmp_path, "--threads", "1", "--batch", "3",
                      "--exif", "apply", "--alpha", "white", "--rotate", "auto")
    assert list(report) == ["version", "model", "threads", "batch", "exif", "alpha", "rotate", "filter", "compare",
                            "sets", "total"]
    assert f"trba {report['version']};" in trba.run("version").stdout
    assert [report[key] for key in ("threads", "batch", "exif", "alpha", "rotate")] == [1, 3, "apply", "white", "auto"]
    model = report["model"]
    assert (model["imgH"], model["imgW"], model["sidecar"]) == (32, 120, f"{tmp_path}/x.yaml")
    report = evaluate(trba, "--model", tmp_path / "x.pth", "--no-sidecar", "--preset", "easyocr", tmp_path)
    assert (report["model"]["imgW"], report["model"]["sidecar"]) == (None, None)
    assert report["threads"] >= 1
    assert [report[key] for key in ("batch", "exif", "alpha", "rotate")] == [16, "apply", "ignore", "none"]
    (tmp_path / "x.yaml").write_text("rotate: tall\n")
    assert evaluate(trba, "--model", tmp_path / "x.pth", tmp_path)["rotate"] == "tall"


# ---- predictions ----

def test_predictions_have_every_image_in_order(trba, sets, answers, tmp_path):
    for batch in ("1", "7"):
        evaluate(trba, *ENGLISH_G2, sets, "--predictions", tmp_path / "p.jsonl", "--batch", batch, code=1)
        lines = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text(encoding="utf-8").splitlines()]
        expected = [(f"{sets}/{name}", f"{sets}/{name}/image-{number:09}", label, text, label == text)
                    for name in ("deeper/second", "first") for number, (label, text) in enumerate(answers[name], 1)]
        assert [tuple(line[key] for key in ("set", "path", "truth", "text", "right")) for line in lines] == expected
        for line in lines:
            assert list(line) == ["set", "path", "truth", "text", "confidence", "right", "message", "rotation"]
            assert (line["text"] is None) == (line["confidence"] is None) == (line["message"] != "")
            assert line["rotation"] == (None if line["text"] is None else 0)


def test_predictions_are_judged_as_asked(trba, crnn, pictures):
    text = evaluate_text(trba, crnn, pictures["word1.png"])
    labels = f"word1.png\t{text.upper()}!\nword1.png\t&\nnone.png\tx\nword1.png\t{text.upper()}\n"
    for compare, right in (("sensitive", [False, False, False, False]), ("insensitive", [False, False, False, True]),
                           ("alnum", [True, None, False, True])):
        lines = predict(trba, crnn, pictures["word1.png"].parent, labels, "--compare", compare, code=1)
        assert [line["right"] for line in lines] == right


def test_predictions_keep_their_order_when_a_label_is_broken(trba, crnn, pictures, tmp_path):
    labels = [b"a", b"\xff", b"c", b"x" * 10001, b"e"]
    eval_samples.write_lmdb(tmp_path / "set", [(pictures["word1.png"].read_bytes(), label) for label in labels])
    trba.run("eval", "--model", crnn.path, tmp_path / "set", "--compare", "alnum",
             "--predictions", tmp_path / "p.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["path"][-1] for line in lines] == list("12345")
    assert [line["message"] for line in lines] == ["", "its label is not UTF-8", "",
                                                   "its label has more than 10,000 characters", ""]
    assert [line["right"] for line in lines] == [False] * 5


def test_predictions_replace_predictions_only(trba, crnn, pictures, tmp_path):
    gt, predictions = tmp_path / "gt.txt", tmp_path / "p.jsonl"
    gt.write_text(f"{pictures['word1.png']}\tx\n")
    (tmp_path / "notes.txt").write_text("not to be lost\n")
    for output in (tmp_path / "notes.txt", pictures["word1.png"]):
        before = output.read_bytes()
        done = trba.run("eval", "--model", crnn.path, gt, "--predictions", output)
        assert (done.returncode, done.stdout) == (3, "") and f"{output} is there already and holds no" in done.stderr
        assert output.read_bytes() == before
    for _ in range(2):
        assert trba.run("eval", "--model", crnn.path, gt, "--predictions", predictions).returncode == 0
    assert predictions.read_text().count("\n") == 1
    done = trba.run("eval", "--model", crnn.path, gt, "--predictions", "/dev/full")
    assert done.returncode == 3 and "cannot write to /dev/full" in done.stderr


# ---- the page of errors ----

class Page(html.parser.HTMLParser):
    """The cards of an --errors page: dicts of image, texts by name, caption."""

    def __init__(self, text):
        super().__init__()
        self.cards, self.open_tags, self.name = [], [], None
        self.feed(text)
        assert self.open_tags == []

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "img"):
            self.open_tags.append(tag)
        assert tag not in ("script", "link", "iframe", "object")
        if tag == "article":
            self.cards.append(collections.defaultdict(str))
        if tag == "img":
            kind, _, data = dict(attributes)["src"].partition(",")
            self.cards[-1]["image"] = (kind, base64.b64decode(data, validate=True))

    def handle_endtag(self, tag):
        assert self.open_tags.pop() == tag

    def handle_data(self, data):
        if "article" not in self.open_tags:
            return
        if "dt" in self.open_tags:
            self.name = data
        else:
            self.cards[-1]["caption" if "small" in self.open_tags else self.name] += data


def test_errors_page_shows_what_was_wrong(trba, sets, answers, tmp_path):
    evaluate(trba, *ENGLISH_G2, sets / "deeper" / "second", "--errors", tmp_path / "errors.html", code=1)
    cards = Page((tmp_path / "errors.html").read_text(encoding="utf-8")).cards
    samples = eval_samples.make_samples()[1]
    wrong = [(number, image, *pair) for number, ((image, _), pair) in enumerate(zip(samples, answers["deeper/second"]))
             if pair[0] != pair[1]]
    assert len(cards) == len(wrong)
    for card, (number, image, label, text) in zip(cards, wrong):
        assert card["image"] == ("data:image/png;base64", image)
        assert card["truth"] == label and card["answer"] == (text or "")
        assert card["caption"].startswith(f"{sets}/deeper/second/image-{number + 1:09}")
    assert "truncated PNG" in cards[-1]["broken"]


def test_errors_page_escapes_what_sets_say(trba, crnn, pictures, tmp_path):
    folder = tmp_path / "<i>&\"'"
    folder.mkdir()
    (folder / "1.png").write_bytes(pictures["word1.png"].read_bytes())
    label = "<script>alert(\"&amp;'\")</script>"
    (folder / "gt.txt").write_text(f"1.png\t{label}\nnone.png\t{label}\n")
    done = trba.run("eval", "--model", crnn.path, folder, "--errors", tmp_path / "errors.html")
    assert done.returncode == 1
    cards = Page((tmp_path / "errors.html").read_text(encoding="utf-8")).cards
    assert [card["truth"] for card in cards] == [label, label]
    assert cards[0]["caption"].startswith(f"{folder}/1.png")


def test_errors_page_that_cannot_be_written_is_exit_code_3(trba, crnn, sets, tmp_path):
    done = trba.run("eval", "--model", crnn.path, sets, "--errors", tmp_path / "no" / "page.html")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (3, "", 1)
    done = trba.run("eval", "--model", crnn.path, sets / "first", "--errors", "/dev/full")
    assert done.returncode == 3 and "cannot write to /dev/full" in done.stderr


def test_errors_page_does_not_replace_what_is_no_page(trba, crnn, sets, tmp_path):
    other, page = tmp_path / "notes.txt", tmp_path / "page.html"
    other.write_text("not to be lost\n")
    done = trba.run("eval", "--model", crnn.path, sets / "first", "--errors", other)
    assert done.returncode == 3 and "notes.txt" in done.stderr and other.read_text() == "not to be lost\n"
    for _ in range(2):  # a page may be replaced
        done = trba.run("eval", "--model", crnn.path, sets / "first", "--errors", page)
        assert done.returncode in (0, 1) and page.read_text().startswith("<!DOCTYPE html>")
