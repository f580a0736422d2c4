# SPDX-License-Identifier: Apache-2.0
"""The examples do what they say: each is built as its first lines tell, run on the words of data/, and held against
their labels. (examples/python/read_words.py is tested with the package, in tests/python.)

What an example needs and this machine lacks is a skipped test with the reason.
"""
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

SOURCE_DIR = Path(__file__).resolve().parent.parent.parent
EXAMPLES = SOURCE_DIR / "examples"
MODEL = SOURCE_DIR / "models" / "english_g2.pth"
BUILD_DIR = os.environ.get("TRBA_BUILD_DIR")
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"

if not BUILD_DIR:
    pytest.skip("TRBA_BUILD_DIR is not set: there is no library to build the examples with", allow_module_level=True)
if not MODEL.exists():
    pytest.skip("models/english_g2.pth is missing: make models fetches it", allow_module_level=True)


def run(*command, **options):
    return subprocess.run([os.fspath(word) for word in command], text=True, capture_output=True, timeout=300, **options)


def run_well(*command, **options):
    done = run(*command, **options)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def words():
    """{path: text} of sample words that the network reads rightly."""
    rows = [line.split("\t") for line in (SOURCE_DIR / "data" / "labels.tsv").read_text(encoding="utf-8").splitlines()]
    return {SOURCE_DIR / "data" / name: text for name, text in rows}


# ---- C and C++, with the installed library ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """Where the build is installed."""
    folder = tmp_path_factory.mktemp("prefix")
    run_well("cmake", "--install", BUILD_DIR, "--prefix", folder)
    return folder


def test_read_word_reads_a_word(prefix, words, tmp_path):
    pkg_config = {**os.environ, "PKG_CONFIG_PATH": str(next(prefix.rglob("trba.pc")).parent)}
    flags = run_well("pkg-config", "--cflags", "--libs", "trba", env=pkg_config).split()
    program, library = tmp_path / "read_word", next(prefix.rglob("libtrba.so"))
    run_well("cc", "-Wall", "-Wextra", "-Werror", EXAMPLES / "c" / "read_word.c", "-o", program, *flags,
             f"-Wl,-rpath,{library.parent}")
    for path, text in words.items():
        read, _, confidence = run_well(program, MODEL, path).rstrip("\n").rpartition(" ")
        assert read == text
        assert 0 < float(confidence) <= 1
    done = run(program, MODEL, tmp_path / "missing.png")
    assert done.returncode == 1 and done.stdout == "" and "missing.png" in done.stderr
    assert run(program).returncode == 2


@pytest.fixture(scope="module")
def opencv_words(prefix, tmp_path_factory):
    """The program."""
    build = tmp_path_factory.mktemp("cpp")
    done = run("cmake", "-S", EXAMPLES / "cpp", "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}",
               "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror")
    if done.returncode and "Could not find OpenCV_" in done.stderr:
        pytest.skip("OpenCV for C++ is not installed (Debian: libopencv-imgproc-dev libopencv-imgcodecs-dev)")
    assert done.returncode == 0, done.stdout + done.stderr
    run_well("cmake", "--build", build)
    return build / "opencv_words"


def print_page(path):
    """Draws a page of dark words on paper. [(text, box)] as read, lines from top to bottom."""
    page = Image.new("RGB", (640, 260), (236, 232, 220))
    draw, font, placed = ImageDraw.Draw(page), ImageFont.truetype(FONT, 32), []
    for row, line in enumerate((("harbour", "market", "station"), ("library", "1984", "bakery"))):
        for column, text in enumerate(line):
            place = (30 + 200 * column, 40 + 110 * row)
            draw.text(place, text, (40, 30, 60), font)
            placed.append((text, draw.textbbox(place, text, font)))
    page.save(path)
    return placed


def test_opencv_words_finds_and_reads_a_page(opencv_words, tmp_path):
    if not Path(FONT).exists():
        pytest.skip(f"{FONT} is not installed (Debian: fonts-dejavu-core)")
    placed = print_page(tmp_path / "page.png")
    rows = [line.split("\t") for line in run_well(opencv_words, MODEL, tmp_path / "page.png").splitlines()]
    assert [text for _, text, _ in rows] == [text for text, _ in placed]
    for (where, _, confidence), (_, (left, top, right, bottom)) in zip(rows, placed, strict=True):
        x, y, w, h = map(int, where.split())
        assert x <= left + 2 and y <= top + 2 and right <= x + w + 2 and bottom <= y + h + 2  # pale edges of letters
        assert w * h < 2 * (right - left) * (bottom - top)
        assert 0 < float(confidence) <= 1


def test_opencv_words_explains_failures(opencv_words, tmp_path):
    (tmp_path / "page.png").write_bytes(b"no picture")
    Image.new("L", (40, 40), 255).save(tmp_path / "blank.png")
    done = run(opencv_words, MODEL, tmp_path / "page.png")
    assert done.returncode == 1 and "page.png" in done.stderr
    assert run(opencv_words, tmp_path / "none.pth", tmp_path / "blank.png").returncode == 1
    assert run_well(opencv_words, MODEL, tmp_path / "blank.png") == ""


# ---- Python ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A folder with the package trba, its extension module linked with the library of the build."""
    include = sysconfig.get_path("include")
    if not Path(include, "Python.h").exists():
        pytest.skip(f"{include} has no Python.h (Debian: python3-dev)")
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(SOURCE_DIR / "python" / "trba", folder / "trba", ignore=shutil.ignore_patterns("__pycache__"))
    run_well("cc", "-shared", "-fPIC", "-DPy_LIMITED_API=0x030b0000", f"-I{include}", f"-I{SOURCE_DIR / 'include'}",
             "-D_DEFAULT_SOURCE", *sorted((SOURCE_DIR / "python" / "src").glob("*.c")), "-o",
             folder / "trba" / "_core.abi3.so", f"-L{BUILD_DIR}", "-ltrba", f"-Wl,-rpath,{BUILD_DIR}")
    return folder


@pytest.fixture(scope="module")
def run_example(package):
    def run_python(name, *arguments):
        return run_well(sys.executable, EXAMPLES / "python" / name, *arguments,
                        env={**os.environ, "PYTHONPATH": str(package)})
    return run_python


def test_the_predictor_reads_words(run_example, words):
    lines = run_example("doctr_style_predictor.py", MODEL, *words).splitlines()
    assert [line.split("\t")[0] for line in lines] == list(words.values())
    assert all(0 < float(line.split("\t")[1]) <= 1 for line in lines)


def test_the_predictor_says_in_one_line_which_picture_it_cannot_open(package, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    for name in ("none.png", "text.png"):
        done = run(sys.executable, EXAMPLES / "python" / "doctr_style_predictor.py", MODEL, tmp_path / name,
                   env={**os.environ, "PYTHONPATH": str(package)})
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1) and name in done.stderr


@pytest.fixture
def predictor(package, monkeypatch):
    monkeypatch.syspath_prepend(str(package))
    specification = importlib.util.spec_from_file_location("doctr_style_predictor",
                                                           EXAMPLES / "python" / "doctr_style_predictor.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module.RecognitionPredictor(MODEL, threads=1)


def test_the_predictor_has_the_shape_of_the_others(predictor, words):
    """What docTR's and OnnxTR's do with no crops, with crops that are no colour pictures, with arguments to pass on."""
    crops = [np.asarray(Image.open(path).convert("RGB")) for path in words]
    assert predictor([]) == []
    readings = predictor(crops, return_maps=False)
    assert [text for text, _ in readings] == list(words.values())
    assert all(type(reading) is tuple and type(reading[1]) is float for reading in readings)
    assert predictor([crops[0], crops[1][:0], crops[1]]) == [readings[0], ("", 0.0), readings[1]]
    with pytest.raises(ValueError):
        predictor([crops[0][:, :, 0]])


def test_the_predictor_works_in_onnxtr(predictor, words):
    """In OnnxTR's own OCRPredictor, with boxes that are known instead of its detector."""
    predictors = pytest.importorskip("onnxtr.models.predictor", reason="OnnxTR is not installed")
    page, boxes = make_sheet(words)
    height, width = page.shape[:2]
    # Two pixels inside: OnnxTR cuts a little more than it is told, and the white beside a picture reads like a letter.
    relative = np.array([[(x + 2) / width, (y + 2) / height, (x + w - 2) / width, (y + h - 2) / height, 1]
                         for x, y, w, h in boxes])

    class KnownBoxes:
        class model:
            class postprocessor:
                bin_thresh = 0.5

        def __call__(self, pages, return_maps=False, **options):
            maps = [np.zeros((*page.shape[:2], 1), np.float32) for page in pages]
            return ([relative], maps) if return_maps else [relative]

    document = predictors.OCRPredictor(KnownBoxes(), predictor, resolve_lines=False, resolve_blocks=False)([page])
    found = {word.value for block in document.pages[0].blocks for line in block.lines for word in line.words}
    assert found == set(words.values())


def make_sheet(words):
    """The pictures of the words under each other on one page: (array, [(x, y, w, h)])."""
    pictures = [Image.open(path).convert("RGB") for path in words]
    sheet = Image.new("RGB", (max(p.width for p in pictures) + 40, sum(p.height + 10 for p in pictures) + 10), "white")
    boxes, y = [], 10
    for picture in pictures:
        sheet.paste(picture, (20, y))
        boxes.append((20, y, picture.width, picture.height))
        y += picture.height + 10
    return np.asarray(sheet), boxes


@pytest.mark.parametrize("form", ["boxes.json", "boxes.csv"])
def test_page_with_boxes_reads_them(run_example, words, tmp_path, form):
    page, boxes = make_sheet(words)
    outside = [(-50, -50, 40, 40), (page.shape[1] + 5, 10, 30, 30)]
    Image.fromarray(page).save(tmp_path / "page.png")
    (tmp_path / form).write_text(json.dumps(boxes + outside) if form.endswith("json") else "x,y,w,h\n" + "".join(
        "{},{},{},{}\n".format(*box) for box in boxes + outside), encoding="utf-8")
    lines = run_example("page_with_boxes.py", MODEL, tmp_path / "page.png", tmp_path / form).splitlines()
    results = [json.loads(line) for line in lines]
    assert [result["points"][0] + result["points"][2] for result in results] == [
        [x, y, x + w, y + h] for x, y, w, h in boxes + outside]
    assert [result["text"] for result in results] == [*words.values(), "", ""]
    assert [result["status"] == "ok" for result in results] == [True] * len(boxes) + [False] * len(outside)


def test_page_with_boxes_reads_an_upside_down_page(run_example, words, tmp_path):
    page, boxes = make_sheet(words)
    height, width = page.shape[:2]
    Image.fromarray(page[::-1, ::-1]).save(tmp_path / "page.png")
    turned = [(width - x - w, height - y - h, w, h) for x, y, w, h in boxes]
    (tmp_path / "boxes.json").write_text(json.dumps(turned), encoding="utf-8")
    lines = run_example("page_with_boxes.py", MODEL, tmp_path / "page.png", tmp_path / "boxes.json", "auto")
    results = [json.loads(line) for line in lines.splitlines()]
    assert [(result["text"], result["rotation"]) for result in results] == [(text, 180) for text in words.values()]
