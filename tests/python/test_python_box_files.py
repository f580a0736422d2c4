# SPDX-License-Identifier: Apache-2.0
"""Files of boxes are read as by strdemo --boxes, and python -m trba --boxes prints what strdemo prints."""

import json
import subprocess
import time

import numpy as np
import pytest
from box_corners import BOXES, corners, flat
from conftest import run
from PIL import Image


def lines(pattern, make=lambda box: box):
    return "".join(pattern.format(*make(box)) for box in BOXES)


def sides(box):
    x, y, w, h = box
    return x, y, x + w, y + h


GOOD = {
    "x, y, w, h": ("b.json", [list(box) for box in BOXES]),
    "four points": ("b.json", [corners(box) for box in BOXES]),
    "eight numbers": ("b.json", [flat(box) for box in BOXES]),
    "floats": ("b.json", [[number + 0.1 for number in box] for box in BOXES]),
    "one box": ("b.json", list(BOXES[0])),
    "one quadrilateral": ("b.json", corners(BOXES[0])),
    "one object": ("b.json", {"bbox": list(BOXES[0])}),
    "nothing": ("b.json", []),
    "EasyOCR": ("b.json", [[corners(box), "a text", 0.5] for box in BOXES]),
    "EasyOCR, dict": ("b.json", [{"boxes": corners(box), "text": "a", "confident": 0.5} for box in BOXES]),
    "PaddleOCR": ("b.json", [[[corners(box), ["a text", 0.5]] for box in BOXES]]),
    "PaddleOCR, labels": ("b.json", [{"transcription": "x", "points": corners(box)} for box in BOXES]),
    "COCO": ("b.json", {"images": [{"id": 1}], "annotations": [{"bbox": list(box)} for box in BOXES]}),
    "COCO, segmentation": ("b.json", {"annotations": [{"bbox": [0, 0, 9, 9], "segmentation": [flat(box)]}
                                                      for box in BOXES]}),
    "COCO, other polygon": ("b.json", {"annotations": [{"segmentation": [[0, 0, 9, 9, 4, 9]], "bbox": box}
                                                       for box in BOXES]}),
    "labelme": ("b.json", {"shapes": [{"label": "a", "points": corners(box)} for box in BOXES]}),
    "names": ("b.json", [dict(zip(("x", "y", "width", "height"), box, strict=True)) for box in BOXES]),
    "left, top": ("b.json", {"regions": [dict(zip(("left", "top", "width", "height"), box, strict=True))
                                         for box in BOXES]}),
    "a page's own size": ("b.json", {"left": 0, "top": 0, "width": 260, "height": 230,
                                     "words": [list(box) for box in BOXES]}),
    "a line's own box": ("b.json", {"bbox": [1, 2, 30, 40], "words": ["a", "text"],
                                    "lines": [{"bbox": list(box)} for box in BOXES]}),
    "a page without words": ("b.json", {"left": 0, "top": 0, "width": 260, "height": 230, "words": []}),
    "one picture, 7 and 7.0": ("b.json", {"annotations": [{"image_id": i, "bbox": [1, 2, 30, 40]} for i in (7, 7.0)]}),
    "one region with its words": ("b.json", {"bbox": [1, 2, 30, 40], "words": ["a", "text"], "lines": []}),
    "one region and a text": ("b.json", {"boxes": [corners(BOXES[0]), "a"]}),
    "an empty list before": ("b.json", {"regions": [], "annotations": [{"image_id": 7, "bbox": list(box)}
                                                                       for box in BOXES]}),
    "nested four deep": ("b.json", [{"box": {"box": {"box": {"box": list(BOXES[0])}}}}]),
    "JSON in a .txt": ("b.txt", " \n[[1, 2, 30, 40]]"),
    "JSON after a mark": ("b.json", "\ufeff[[1, 2, 30, 40]]"),
    "csv": ("b.csv", lines("{},{},{},{}\n")),
    "csv, heading": ("b.csv", "x,y,w,h,score\n" + lines("{},{},{},{},0.9\n")),
    "csv, corners in the heading": ("b.csv", "Xmin;ymin;Xmax;ymax\n" + lines("{};{};{};{}\n", sides)),
    "csv, numbers behind the heading's": ("b.csv", "x,y,w,h,xmax\n" + lines("{},{},{},{},1,2,3,4\n")),
    "csv, NumPy's heading": ("b.csv", '# X_min "Y_min" X_max Y_max \n' + lines("{} {} {} {}\n", sides)),
    "csv, points in the heading": ("b.csv", "x1,y1,x2,y2,x3,y3,x4,y4\n" + lines("{},{},{},{},{},{},{},{}\n", flat)),
    "csv, a long heading": ("b.csv", f"x1,y1,x2,y2,{'x' * 99}\n" + lines("{},{},{},{},0.5\n", sides)),
    "csv, eight": ("b.csv", lines("{},{},{},{},{},{},{},{}\r\n", flat)),
    "csv, nine": ("b.csv", lines("{},{},{},{},{},{},{},{},7\n", flat)),
    "csv, empty": ("b.csv", ""),
    "numbers of every kind": ("b.csv", "+1.,.5e1,3e+1,40 text\n-1 , 2 ; 30\t40,1-2\n5 6 70 80 0x10\n"),
    "no extension": ("boxes", lines("{} {}\t{} {}\n\n")),
    "no end of line": ("b.csv", "1,2,30,40"),
    "icdar 2015": ("gt.txt", "\ufeff" + lines("{},{},{},{},{},{},{},{},a, 12\r\n", flat)),
    "icdar 2015, unread": ("gt.TXT", lines("{},{},{},{},{},{},{},{},###\n", flat)),
    "icdar 2013": ("gt.txt", lines('{}, {}, {}, {}, "2013"\n', sides)),
    "icdar 2013, capitals": ("gt.TXT", lines("{},{},{},{},text\n", sides)),
    "icdar 2013, blanks": ("gt.txt", lines('{} {} {} {} "text"\n', sides)),
    "another encoding": ("gt.txt", b"1,2,30,40,caf\xe9\n"),
}

BAD = {
    "a truncated list": ("b.json", "[[1, 2, 3"),
    "an object without a list": ("b.json", {"a": 1}),
    "a region that is none, of a page": ("b.json", {"bbox": [0, 0, 9, 9], "words": [{"text": "a"}, [1, 2, 3, 4]]}),
    "two pictures, true and 1": ("b.json", {"annotations": [{"image_id": i, "bbox": [1, 2, 3, 4]} for i in (True, 1)]}),
    "two pictures": ("b.json", {"annotations": [{"image_id": i, "bbox": [1, 2, 30, 40]} for i in (1, 2)]}),
    "a number": ("b.json", [7]),
    "three numbers": ("b.json", [[1, 2, 3]]),
    "truth values": ("b.json", [[True, 2, 3, 4]]),
    "NaN": ("b.json", "[[NaN, 2, 3, 4]]"),
    "too large for a double": ("b.json", "[[1e999, 2, 3, 4]]"),
    "nested five deep": ("b.json", [{"box": {"box": {"box": {"box": {"box": list(BOXES[0])}}}}}]),
    "nested without end": ("b.json", "[" * 100_000),
    "JSON in another encoding": ("b.json", b'[{"bbox": [1, 2, 3, 4], "text": "caf\xe9"}]'),
    "an empty JSON file": ("b.json", ""),
    "a blank JSON file": ("b.JSON", " \r\n"),
    "JSON null": ("b.json", "null"),
    "a JSON text": ("b.json", '"text"'),
    "a JSON number": ("b.json", "404"),
    "HTML in a JSON file": ("b.json", "<html>"),
    "CSV in a JSON file": ("b.json", "1,2,3,4\n"),
    "zero bytes": ("b.csv", b"1,2,3,4\n\0"),
    "a heading in an ICDAR file": ("gt.txt", "left, top, right, bottom\n1,2,3,4\n"),
    "only a heading": ("b.csv", "\n\nx,y,w,h\n"),
    "a heading of points, four numbers": ("b.csv", "x1,y1,x2,y2,x3,y3,x4,y4\n1,2,3,4\n"),
    "a heading in another order": ("b.csv", "xmin,xmax,ymin,ymax\n1,2,3,4\n"),
    "a heading with a number": ("b.csv", "x,y,w,h,7\n1,2,3,4,7\n"),
    "a heading with more points": ("b.csv", "x0,y0,x1,y1,x2,y2\n1,2,3,4,5,6\n"),
    "a heading with an empty name": ("b.csv", ",x,y,w,h\n0,1,2,3,4\n"),
    "a page about an error": ("b.csv", "404: Not Found"),
    "a region behind a text": ("b.csv", "EXIT,10,20,163,64\n"),
    "two headings": ("b.csv", "x,y,w,h\nx,y,w,h\n"),
    "two numbers": ("b.csv", "1,2,3,4\n5,6\n"),
    "a text among the numbers": ("b.csv", "1,2,a,4\n"),
    "a sum": ("b.csv", "1,2,3,4\n1-2,3,4,5\n"),
    "two signs": ("b.csv", "1,2,3,4\n+-1,3,4,5\n"),
    "hexadecimal": ("b.csv", "1,2,3,4\n0x10,3,4,5\n"),
    "half a line end": ("b.csv", "1,2,3,4\r\r\n\r\r\n"),
}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    from trba_torch.textures import Stream, texture

    path = tmp_path_factory.mktemp("page") / "page.png"
    Image.fromarray(texture(Stream(5), 230, 260, 3)).save(path)
    return path


@pytest.fixture
def write(tmp_path):
    """write((name, content)): the path of a file with that content; JSON for what is not text."""
    def write_file(form):
        name, content = form
        raw = content if isinstance(content, (str, bytes)) else json.dumps(content)
        (tmp_path / name).write_bytes(raw if isinstance(raw, bytes) else raw.encode())
        return tmp_path / name
    return write_file


@pytest.fixture
def run_strdemo(strdemo, networks, page):
    def call(boxes, *options):
        return subprocess.run([strdemo, "--model", networks["ctc"], "--boxes", boxes, *options, page], text=True,
                              capture_output=True, timeout=120)
    return call


@pytest.mark.parametrize("form", GOOD.values(), ids=GOOD)
def test_files_are_read_as_by_strdemo(trba, write, run_strdemo, form):
    """strdemo says which corners it read, as float32."""
    done = run_strdemo(write(form), "--format", "jsonl")
    theirs = [json.loads(line)["points"] for line in done.stdout.splitlines()]
    assert "trba" not in done.stderr and done.returncode in (0, 1), done.stderr
    mine = trba.load_boxes(write(form))
    assert len(mine) == len(theirs)
    np.testing.assert_array_equal(np.array(mine, np.float32), np.array(theirs, np.float32))
    assert trba.load_boxes(str(write(form))) == mine


@pytest.mark.parametrize("form", BAD.values(), ids=BAD)
def test_files_that_strdemo_refuses_are_refused(trba, write, run_strdemo, form):
    path = write(form)
    done = run_strdemo(path)
    assert (done.returncode, done.stdout) == (2, "")
    with pytest.raises(trba.FormatError) as raised:
        trba.load_boxes(path)
    place = str(raised.value).split(" ")[0].rstrip(":")
    assert place.startswith(str(path))
    assert str(path).endswith(".json") or place in done.stderr, "the line is not the one that strdemo names"


def test_a_file_that_cannot_be_read_says_why(trba, tmp_path):
    for path, words in ((tmp_path / "none.json", "none.json: No such file"), (tmp_path, "Is a directory"),
                        ("", "^the name of the file is empty"),
                        (f"{tmp_path}/a\0", "null")):
        with pytest.raises(trba.CannotReadError, match=words):
            trba.load_boxes(path)


# ---- the program ----

@pytest.fixture
def program(installed, networks, page):
    def call(boxes, *options, inputs=None):
        return run(installed.python, "-I", "-m", "trba", "--model", networks["ctc"], "--boxes", boxes, *options,
                   *([page] if inputs is None else inputs))
    return call


MIXED = [list(BOXES[0]), [5, 5, 0, 9], corners(BOXES[1]), [900, 900, 5, 5], list(BOXES[2]), *[list(BOXES[1])] * 20]


@pytest.mark.parametrize("options", [[], ["--rotate", "auto"], ["--vertical"], ["--rotate", "none"],
                                     ["--rotate", "tall"]])
def test_the_program_writes_what_strdemo_does(program, run_strdemo, write, options):
    path = write(("b.json", MIXED))
    mine, theirs = (call(path, "--format", "tsv", *options) for call in (program, run_strdemo))
    assert mine.stdout == theirs.stdout and len(mine.stdout.splitlines()) == len(MIXED) - 2
    assert mine.returncode == theirs.returncode == 1
    assert mine.stderr.replace("trba: ", "strdemo: ") == theirs.stderr
    mine, theirs = ([json.loads(line) for line in call(path, "--format", "jsonl", *options).stdout.splitlines()]
                    for call in (program, run_strdemo))
    for key in ("path", "text", "status", "message", "width", "height", "region", "points", "rotation"):
        assert [line[key] for line in mine] == [line[key] for line in theirs], key
    assert set(mine[0]) == set(theirs[0])


@pytest.mark.parametrize("form", [("b.json", "[]"), ("b.csv", "\n")])
def test_no_regions_are_said_as_by_strdemo(program, run_strdemo, write, form):
    path = write(form)
    mine, theirs = (call(path, "--format", "tsv") for call in (program, run_strdemo))
    assert (mine.returncode, mine.stdout) == (theirs.returncode, theirs.stdout) == (1, "")
    assert mine.stderr.replace("trba: ", "strdemo: ") == theirs.stderr and "no region" in mine.stderr


def test_a_corner_out_of_range_is_as_far_as_float32_goes(program, run_strdemo, write):
    path = write(("b.csv", "1e999,2,3,4\n"))
    mine, theirs = (json.loads(call(path, "--format", "jsonl").stdout, parse_constant=pytest.fail)["points"]
                    for call in (program, run_strdemo))
    assert np.array_equal(np.float32(mine), np.float32(theirs)) and mine[0][0] > 3e38


def test_the_program_prints_texts(program, write, trba, networks, page):
    with trba.Model(networks["ctc"]) as model:
        results = model.read_regions(page, BOXES)
    done = program(write(("b.json", [list(box) for box in BOXES])))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "".join(f"{result.text}\n" for result in results)


def test_the_program_turns_and_lays_pages_as_strdemo_does(program, strdemo, networks, write, page, tmp_path):
    exif = Image.Exif()
    exif[0x112] = 6
    pixels = np.asarray(Image.open(page))
    Image.fromarray(np.dstack([pixels, pixels[:, :, 1]])).save(tmp_path / "page.png", exif=exif)
    boxes, seen = write(("b.csv", "10,20,120,40\n")), set()
    for options in ([], ["--exif", "apply"], ["--alpha", "white"], ["--alpha", "black", "--exif", "ignore"]):
        mine = program(boxes, "--format", "tsv", *options, inputs=[tmp_path / "page.png"])
        theirs = run(strdemo, "--model", networks["ctc"], "--boxes", boxes, "--format", "tsv", *options,
                     tmp_path / "page.png")
        assert (mine.returncode, mine.stdout) == (0, theirs.stdout)
        seen.add(mine.stdout)
    assert len(seen) == 4, "some of the options changed nothing: this test shows nothing"


def test_the_program_refuses_what_makes_no_sense(program, write, installed, networks, page, tmp_path):
    boxes = write(("b.json", [list(BOXES[0])]))
    for done, words in ((program(boxes, inputs=[page, page]), "one page"), (program(tmp_path / "none"), "No such file"),
                        (program(write(("c.csv", "1,2\n"))), "c.csv:1"), (program(boxes, "--rotate", "90"), "90"),
                        (program(""), "--boxes is empty"),
                        (run(installed.python, "-I", "-m", "trba", "--model", networks["ctc"], "--vertical",
                             page), "add --boxes")):
        assert (done.returncode, done.stdout) == (2, "") and words in done.stderr


def test_the_program_says_when_the_page_cannot_be_opened(program, write, tmp_path):
    (tmp_path / "page.png").write_bytes(b"\x89PNG\r\n\x1a\n but no more")
    done = program(write(("b.json", [list(BOXES[0])])), inputs=[tmp_path / "page.png"])
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"trba: {tmp_path / 'page.png'}: ") and len(done.stderr.splitlines()) == 1


def test_long_run_of_digits_takes_no_time(trba, tmp_path):
    (tmp_path / "b.csv").write_bytes(b"1" * 200_000 + b"x")
    start = time.process_time()
    with pytest.raises(trba.FormatError, match="first line"):
        trba.load_boxes(tmp_path / "b.csv")
    assert time.process_time() - start < 1
