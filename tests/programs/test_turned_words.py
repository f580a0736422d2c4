# SPDX-License-Identifier: Apache-2.0
"""--rotate for pictures of words: who is asked whether they are turned, and what is printed. The judge of a reading is
PyTorch on the picture that Pillow turned.
"""
import json

import pytest
from conftest import SOURCE_DIR
from PIL import Image

SIZES = [(32, 100), (100, 32), (30, 45), (31, 45), (20, 90), (25, 60), (40, 64), (18, 33)]  # width, height
TURNS = {"none": (0,), "tall": (0, 90, 270), "auto": (0, 90, 180, 270)}
TRANSPOSED = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    from trba_torch.textures import Stream, texture

    folder = tmp_path_factory.mktemp("words")
    for i, (width, height) in enumerate(SIZES):
        Image.fromarray(texture(Stream(20 + i), height, width, 1)[:, :, 0]).save(folder / f"{i}.png")
    return [folder / f"{i}.png" for i in range(len(SIZES))]


@pytest.fixture(scope="module")
def turned(words, tmp_path_factory):
    """{degrees: paths} of the words as Pillow turns them, counter-clockwise."""
    folder = tmp_path_factory.mktemp("turned")
    paths = {0: words}
    for degrees, transposed in TRANSPOSED.items():
        paths[degrees] = [folder / f"{degrees}_{path.name}" for path in words]
        for path, out in zip(words, paths[degrees], strict=True):
            Image.open(path).transpose(transposed).save(out)
    return paths


@pytest.fixture(scope="module")
def expected(read, crnn, turned):
    """{rotate: [(rotation, text) of each word]}."""
    readings = {degrees: [read(crnn, path) for path in paths] for degrees, paths in turned.items()}

    def surest(i, rotate):
        width, height = SIZES[i]
        turns = TURNS[rotate] if rotate == "auto" or height >= 1.5 * width else (0,)
        best = max(turns, key=lambda degrees: readings[degrees][i].confidence)
        return best, readings[best][i].text
    return {rotate: [surest(i, rotate) for i in range(len(SIZES))] for rotate in TURNS}


@pytest.fixture
def model(crnn, tmp_path):
    """The path of the network beside a sidecar of that text."""
    def write(text):
        (tmp_path / "x.pth").write_bytes(crnn.path.read_bytes())
        (tmp_path / "x.yaml").write_text(text)
        return tmp_path / "x.pth"
    return write


def read_lines(strdemo, *arguments):
    done = strdemo.run("-f", "jsonl", "-m", *arguments)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def turns_and_texts(lines):
    return [(line["rotation"], line["text"]) for line in lines]


@pytest.mark.parametrize("rotate", TURNS)
def test_the_surest_turn_is_printed(strdemo, crnn, words, expected, rotate):
    lines = read_lines(strdemo, crnn.path, "--rotate", rotate, *words)
    assert turns_and_texts(lines) == expected[rotate]
    assert [(line["width"], line["height"]) for line in lines] == SIZES
    assert rotate == "none" or len({degrees for degrees, _ in expected[rotate]}) > 1, "this test shows nothing"
    for options in (["-b", "1"], ["-b", "3", "-t", "2"]):
        assert read_lines(strdemo, crnn.path, "--rotate", rotate, *options, *words) == lines


def test_the_sidecar_is_asked_before_nothing_is_turned(strdemo, model, crnn, words, expected):
    assert turns_and_texts(read_lines(strdemo, crnn.path, *words)) == expected["none"]
    for said in TURNS:
        path = model(f"rotate: {said}\n")
        assert turns_and_texts(read_lines(strdemo, path, *words)) == expected[said]
        assert turns_and_texts(read_lines(strdemo, path, "--rotate", "tall", *words)) == expected["tall"]
        assert turns_and_texts(read_lines(strdemo, path, "--no-sidecar", *words)) == expected["none"]


def test_compat_turns_nothing_unless_told_so(strdemo, model, words, expected):
    path = model("rotate: auto\n")
    compat = ["--compat", "clovaai"]
    assert turns_and_texts(read_lines(strdemo, path, *compat, *words)) == expected["none"]
    assert turns_and_texts(read_lines(strdemo, path, *compat, "--rotate", "tall", *words)) == expected["tall"]


def test_regions_are_turned_only_if_told_so(strdemo, model, words, expected, tmp_path):
    path = model("rotate: auto\n")
    for i, (width, height) in enumerate(SIZES):
        (tmp_path / "boxes.json").write_text(json.dumps([[0, 0, width, height]]))
        for options, rotate in (([], "none"), (["--rotate", "tall"], "tall")):
            lines = read_lines(strdemo, path, "--boxes", tmp_path / "boxes.json", *options, words[i])
            assert turns_and_texts(lines) == [expected[rotate][i]]
            swaps = lines[0]["rotation"] in (90, 270)
            assert (lines[0]["width"], lines[0]["height"]) == ((height, width) if swaps else (width, height))


def test_eval_turns_as_strdemo_does(trba, model, words, expected, tmp_path):
    path = model("rotate: tall\n")
    (tmp_path / "gt.txt").write_text("".join(f"{word}\tx\n" for word in words))
    for options, rotate in (([], "tall"), (["--rotate", "none"], "none"), (["--rotate", "auto"], "auto"),
                            (["--compat", "clovaai", "--data_filtering_off"], "none")):
        done = trba.run("eval", "-m", path, tmp_path, "--json", "--predictions", tmp_path / "p.jsonl", *options)
        assert (done.returncode, json.loads(done.stdout)["rotate"]) == (0, rotate)
        lines = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
        assert turns_and_texts(lines) == expected[rotate]


@pytest.mark.parametrize("name,rotate", [("trba", "tall"), ("trba-ctc", "tall"), ("english_g2", "none")])
def test_info_says_what_the_models_here_do(trba, name, rotate):
    path = SOURCE_DIR / "models" / f"{name}.pth"
    if not path.exists():
        pytest.skip(f"models/{name}.pth is not there: make models")
    done = trba.run("info", path)
    assert f"\n  rotate             {rotate}\n" in done.stdout


def test_the_models_here_read_words_on_their_side(strdemo, tmp_path):
    for degrees, transposed in TRANSPOSED.items():
        Image.open(SOURCE_DIR / "data" / "riverside.jpg").transpose(transposed).save(tmp_path / f"{degrees}.png")
    for name in ("trba", "trba-ctc"):
        lines = read_lines(strdemo, SOURCE_DIR / "models" / f"{name}.pth", tmp_path / "90.png", tmp_path / "270.png")
        assert turns_and_texts(lines) == [(270, "RIVERSIDE"), (90, "RIVERSIDE")]
        [line] = read_lines(strdemo, SOURCE_DIR / "models" / f"{name}.pth", "--rotate", "auto", tmp_path / "180.png")
        assert turns_and_texts([line]) == [(180, "RIVERSIDE")]
