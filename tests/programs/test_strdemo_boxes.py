# SPDX-License-Identifier: Apache-2.0
"""strdemo --boxes: every form of boxes file, what it prints for a region, and what it says about bad ones.

The judge of a reading is strdemo itself on the word that Pillow cut out of the page and turned.
"""
import json

import numpy as np
import pytest
from box_corners import BOXES, corners, flat
from PIL import Image


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    from trba_torch.textures import Stream, texture

    path = tmp_path_factory.mktemp("page") / "page.png"
    Image.fromarray(texture(Stream(5), 230, 260, 3)).save(path)
    return path


@pytest.fixture(scope="module")
def words(page, tmp_path_factory):
    """The boxes as pictures of their own."""
    folder = tmp_path_factory.mktemp("words")
    for i, (x, y, w, h) in enumerate(BOXES):
        Image.open(page).crop((x, y, x + w, y + h)).save(folder / f"{i}.png")
    return [folder / f"{i}.png" for i in range(len(BOXES))]


@pytest.fixture
def run(strdemo, crnn, page, tmp_path):
    """Runs strdemo --boxes with a file of that name and content; JSON for what is not text."""
    def run_with(content, *options, name="boxes.json", inputs=None):
        path = tmp_path / name
        raw = content if isinstance(content, (str, bytes)) else json.dumps(content)
        path.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
        return strdemo.run("-m", crnn.path, "--boxes", path, *options, *([page] if inputs is None else inputs))
    return run_with


@pytest.fixture
def expected(strdemo, crnn, words):
    """(text, confidence) of each word, as printed."""
    done = strdemo.run("-m", crnn.path, "-f", "tsv", *words)
    assert done.returncode == 0
    return [tuple(line.split("\t")[1:]) for line in done.stdout.splitlines()]


def readings(done):
    return [tuple(line.split("\t")[1:]) for line in done.stdout.splitlines()]


# ---- forms -----------------------------------------------------------------------------------------------------------

JSON_FORMS = {
    "x, y, w, h": [list(box) for box in BOXES],
    "four points": [corners(box) for box in BOXES],
    "eight numbers": [flat(box) for box in BOXES],
    "floats": [[float(number) for number in box] for box in BOXES],
    "EasyOCR, detail": [[corners(box), "a text", 0.5] for box in BOXES],
    "EasyOCR, dict": [{"boxes": corners(box), "text": "a", "confident": 0.5} for box in BOXES],
    "PaddleOCR": [[corners(box), ["a text", 0.5]] for box in BOXES],
    "PaddleOCR, one list a page": [[[corners(box), ["a text", 0.5]] for box in BOXES]],
    "PaddleOCR, labels": [{"transcription": "x", "points": corners(box), "difficult": False} for box in BOXES],
    "COCO": {"images": [{"id": 1}], "annotations": [{"id": i, "bbox": list(box)} for i, box in enumerate(BOXES)]},
    "COCO, segmentation": {"annotations": [{"bbox": [0, 0, 9, 9], "segmentation": [flat(box)]} for box in BOXES]},
    "COCO, other polygon": {"annotations": [{"segmentation": [[0, 0, 9, 9, 4, 9]], "bbox": box} for box in BOXES]},
    "labelme": {"shapes": [{"label": "a", "points": corners(box), "shape_type": "polygon"} for box in BOXES]},
    "boxes": {"boxes": [list(box) for box in BOXES]},
    "names": [dict(zip(("x", "y", "width", "height"), box)) for box in BOXES],
    "left, top": {"regions": [dict(zip(("left", "top", "width", "height"), box)) for box in BOXES]},
    "a page's own size": {"left": 0, "top": 0, "width": 260, "height": 230, "words": [list(box) for box in BOXES]},
    "a line's own box": {"bbox": [0, 0, 9, 9], "words": ["a", "text"], "lines": [{"bbox": list(box)} for box in BOXES]},
    "one picture, 7 and 7.0": {"annotations": [{"image_id": number, "bbox": list(box)}
                                               for number, box in zip((7, 7.0, 7, 7.0), BOXES)]},
    "an empty list before": {"regions": [], "annotations": [{"image_id": 7, "bbox": list(box)} for box in BOXES]},
}


@pytest.mark.parametrize("form", JSON_FORMS)
def test_json_forms(run, expected, form):
    done = run(JSON_FORMS[form], "-f", "tsv")
    assert (done.returncode, done.stderr) == (0, "")
    assert readings(done) == expected


LINE_FORMS = {
    "csv": ("boxes.csv", "".join("{},{},{},{}\n".format(*box) for box in BOXES)),
    "csv, heading": ("boxes.csv", "x,y,w,h,score\n" + "".join("{},{},{},{},0.9\n".format(*box) for box in BOXES)),
    "csv, corners in the heading": ("boxes.csv", "xmin;ymin;xmax;ymax\n" + "".join(
        f"{x};{y};{x + w};{y + h}\n" for x, y, w, h in BOXES)),
    "csv, eight": ("boxes.csv", "".join(",".join(map(str, flat(box))) + "\r\n" for box in BOXES)),
    "no extension": ("boxes", "".join("{} {}\t{} {}\n\n".format(*box) for box in BOXES)),
    "icdar 2015": ("gt_page.txt", "\ufeff" + "".join(",".join(map(str, flat(box))) + ",a, 12\r\n" for box in BOXES)),
    "icdar 2015, unread": ("gt_page.TXT", "".join(",".join(map(str, flat(box))) + ",###\n" for box in BOXES)),
    "icdar 2013": ("gt_page.txt", "".join(f'{x}, {y}, {x + w}, {y + h}, "2013"\n' for x, y, w, h in BOXES)),
    "icdar 2013, blanks": ("gt_page.txt", "".join(f'{x} {y} {x + w} {y + h} "text"' + "\n" for x, y, w, h in BOXES)),
    "no end of line": ("boxes.csv", "\n".join("{},{},{},{}".format(*box) for box in BOXES)),
    "json in a .txt": ("boxes.txt", " \n" + json.dumps([list(box) for box in BOXES])),
}


@pytest.mark.parametrize("form", LINE_FORMS)
def test_line_forms(run, expected, form):
    name, content = LINE_FORMS[form]
    done = run(content, "-f", "tsv", name=name)
    assert (done.returncode, done.stderr) == (0, "")
    assert readings(done) == expected


@pytest.mark.parametrize("content", [list(BOXES[0]), flat(BOXES[0]), corners(BOXES[0]), {"bbox": list(BOXES[0])},
                                     {"bbox": list(BOXES[0]), "words": ["a", "text"], "lines": []},
                                     {"boxes": corners(BOXES[0]), "text": "a"}, {"boxes": [corners(BOXES[0]), "a"]}])
def test_one_region_needs_no_list(run, expected, content):
    done = run(content, "-f", "tsv")
    assert done.returncode == 0 and readings(done) == expected[:1]


@pytest.mark.parametrize("options", [["-f", "tsv"], ["-f", "jsonl", "-q"]])
@pytest.mark.parametrize("name,content", [("boxes.json", "[]"), ("boxes.json", "[[]]"), ("boxes.json", '{"boxes": []}'),
                                          ("page.json", '{"left": 0, "top": 0, "width": 9, "height": 9, "words": []}'),
                                          ("boxes.csv", ""), ("gt.txt", "\r\n")])
def test_no_regions_are_no_lines_and_said(run, name, content, options, tmp_path):
    """As of an empty folder or list."""
    done = run(content, *options, name=name)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"strdemo: there is no region in {tmp_path / name}: nothing on the page is read\n"


def test_no_regions_on_a_bad_page_are_one_message(run, tmp_path):
    done = run("[]", inputs=[tmp_path / "none.png"])
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and "none.png" in done.stderr


# ---- what is printed -------------------------------------------------------------------------------------------------


def test_the_path_carries_the_index(run, page, expected):
    done = run([list(box) for box in BOXES], "-f", "tsv")
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == [f"{page}#{i}" for i in range(len(BOXES))]
    table = run([list(box) for box in BOXES]).stdout.splitlines()
    assert table[1].startswith("image_path") and len(table) == 3 + len(BOXES)
    assert table[3].startswith(f"{page}#0") and table[3].split("\t")[1].strip() == expected[0][0]


def test_json_lines_have_the_region(run, page):
    quad = [[20.5, 20], [120, 31.25], [118, 60], [19, 52]]
    done = run([list(BOXES[0]), quad], "-f", "jsonl", "--batch", "1")
    box_line, quad_line = map(json.loads, done.stdout.splitlines())
    assert (box_line["path"], box_line["region"], box_line["rotation"]) == (f"{page}#0", 0, 0)
    assert box_line["points"] == corners(BOXES[0]) and (box_line["width"], box_line["height"]) == (100, 32)
    assert quad_line["points"] == quad and quad_line["region"] == 1 and quad_line["height"] == 32


@pytest.mark.parametrize("batch", ["1", "2", "64"])
def test_the_batch_changes_nothing(run, batch):
    many = [list(box) for box in BOXES] * 7
    assert run(many, "-f", "jsonl", "-b", batch, "-t", "2").stdout == run(many, "-f", "jsonl").stdout


def test_the_page_may_come_from_standard_input(strdemo, crnn, page, expected, tmp_path):
    (tmp_path / "b.json").write_text(json.dumps(BOXES))
    done = strdemo.run("-m", crnn.path, "--boxes", tmp_path / "b.json", "-f", "tsv", "-", stdin=page.read_bytes())
    assert done.returncode == 0 and readings(done) == expected
    assert done.stdout.startswith("-#0\t")


# ---- turns and policies ----------------------------------------------------------------------------------------------


def test_rotate_auto_keeps_the_surest_of_four(run, strdemo, crnn, words, tmp_path):
    done = run(BOXES, "-f", "jsonl", "--rotate", "auto")
    for word, line in zip(words, map(json.loads, done.stdout.splitlines())):
        turned = []
        for k in range(4):
            path = tmp_path / f"{k}.png"
            Image.fromarray(np.ascontiguousarray(np.rot90(np.asarray(Image.open(word)), k))).save(path)
            turned.append(json.loads(strdemo.run("-m", crnn.path, "-f", "jsonl", path).stdout))
        best = max(range(4), key=lambda k: turned[k]["confidence"])
        assert (line["rotation"], line["text"], line["confidence"]) == (
            90 * best, turned[best]["text"], turned[best]["confidence"])


def test_vertical_turns_tall_regions_only(run):
    done = run(BOXES, "-f", "jsonl", "--vertical")
    assert [json.loads(line)["rotation"] for line in done.stdout.splitlines()] == [0, 0, 90]


def test_exif_and_alpha_hold_for_words_and_pages(strdemo, crnn, page, tmp_path):
    pixels = np.asarray(Image.open(page))
    exif = Image.Exif()
    exif[0x112] = 6
    Image.fromarray(pixels).save(tmp_path / "exif.png", exif=exif)
    Image.fromarray(np.ascontiguousarray(np.rot90(pixels, -1))).save(tmp_path / "turned.png")
    rgba = Image.fromarray(np.dstack([pixels, pixels[:, :, 1]]))
    rgba.save(tmp_path / "rgba.png")
    below = Image.new("RGB", rgba.size, "white")
    below.paste(rgba, mask=rgba.getchannel("A"))
    below.save(tmp_path / "white.png")
    (tmp_path / "b.csv").write_text("0,0,200,200\n")

    def read(*arguments):
        done = strdemo.run("-m", crnn.path, "-f", "tsv", *arguments)
        assert done.returncode == 0, done.stderr
        return readings(done)

    for boxes in ([], ["--boxes", tmp_path / "b.csv"]):
        assert read(*boxes, "--exif", "apply", tmp_path / "exif.png") == read(*boxes, tmp_path / "turned.png")
        assert read(*boxes, "--exif", "ignore", tmp_path / "exif.png") == read(*boxes, page)
        assert read(*boxes, tmp_path / "exif.png") == read(*boxes, page)
        assert read(*boxes, "--alpha", "white", tmp_path / "rgba.png") == read(*boxes, tmp_path / "white.png")
        assert read(*boxes, "--alpha", "ignore", tmp_path / "rgba.png") == read(*boxes, page)


# ---- what is wrong ---------------------------------------------------------------------------------------------------

BAD_FILES = {
    "cut off": ("boxes.json", '[[1, 2, 3, 4],\n [1, 2,', ":2: this is not JSON"),
    "no region": ("boxes.json", "[[1, 2, 3, 4], [1, 2, 3]]", ": region 1 (the first is 0)"),
    "text": ("boxes.json", '[[1, 2, 3, "4"]]', ": region 0"),
    "pentagon": ("boxes.json", "[[[0, 0], [9, 0], [9, 9], [5, 12], [0, 9]]]", ": region 0"),
    "null": ("boxes.json", "[null]", ": region 0"),
    "nested": ("boxes.json", "[[[[[[[[[1, 2, 3, 4]]]]]]]]]", ": region 0"),
    "no list": ("boxes.json", '{"a": 1}', "no list of regions"),
    "a region that is none, of a page": ("boxes.json", '{"bbox": [0, 0, 9, 9], "words": [{"text": "a"}, [1, 2, 3, 4]]}',
                                         ": region 0 (the first is 0) is none"),
    "two pictures, true and 1": ("boxes.json", '{"annotations": [{"image_id": true, "bbox": [1, 2, 3, 4]}, '
                                 '{"image_id": 1, "bbox": [1, 2, 3, 4]}]}', ": the regions are of several pictures"),
    "two pictures": ("boxes.json", '{"annotations": [{"image_id": 1, "bbox": [1, 2, 3, 4]}, '
                     '{"image_id": 2, "bbox": [1, 2, 3, 4]}]}', ": the regions are of several pictures"),
    "empty json": ("boxes.json", "", ": this JSON file is empty: without regions it must hold []"),
    "blank json": ("boxes.JSON", " \n", ": this JSON file is empty"),
    "null json": ("boxes.json", "null", ": this JSON must be a list of regions"),
    "text json": ("boxes.json", '"text"', ": this JSON must be a list of regions"),
    "number json": ("boxes.json", "404", ": this JSON must be a list of regions"),
    "html json": ("boxes.json", "<html>", ":1: this is not JSON"),
    "csv in a json": ("boxes.json", "1,2,3,4\n", ":1: this is not JSON"),
    "three numbers": ("boxes.csv", "1,2,3,4\n\n1,2,3\n", ":3: a line must begin with 4 or 8 numbers"),
    "words": ("boxes.csv", "1,2,3,4\nabc\n", ":2: a line"),
    "second heading": ("boxes.csv", "x,y,w,h\nx,y,w,h\n", ":2: a line"),
    "only a heading": ("boxes.csv", "\nx,y,w,h\n\n", ":2: there is nothing below this heading"),
    "points too few": ("boxes.csv", "x1,y1,x2,y2,x3,y3,x4,y4\n1,2,3,4\n", ":2: a line must begin with 8 numbers"),
    "heading of icdar": ("boxes.txt", "x,y,w,h\n", ":1: a line"),
    "nan": ("boxes.csv", "1,2,3,4\n1,2,nan,4\n", ":2: a line"),
    "unit": ("boxes.csv", "1,2,3px,4\n", ":1: a line"),
    "binary": ("boxes", b"1,2,3,4\n\x00\x01\x02", "no text file"),
}


# Under each of them the first box of BOXES, with more numbers behind it.
HEADINGS = {
    "x,y,w,h,brightness": "box", "x,y,w,h,index2,xmax": "box", " X ; Y ; Width ; Height ": "box",
    "left\ttop\twidth\theight": "box", '"x","y","w","h"': "box", "x,y,w,h,x1,y1,x2,y2": "box",
    "left,top,right,bottom": "corners", "x_min,y_min,x_max,y_max,text": "corners", "x1 y1 x2 y2": "corners",
    "x0,y0,x1,y1": "corners", "# xmin ymin xmax ymax": "corners",
    "x1,y1,x2,y2,x3,y3,x4,y4": "points", "x0,y0,x1,y1,x2,y2,x3,y3,text": "points",
}


@pytest.mark.parametrize("heading", HEADINGS)
def test_a_heading_says_what_the_numbers_are(run, expected, heading):
    x, y, w, h = BOXES[0]
    more = [5, 6, 7, 8]
    numbers = {"box": [x, y, w, h, *more], "corners": [x, y, x + w, y + h, *more], "points": flat(BOXES[0])}
    done = run(heading + "\n" + ",".join(map(str, numbers[HEADINGS[heading]])) + "\n", "-f", "tsv", name="boxes.csv")
    assert (done.returncode, done.stderr) == (0, "")
    assert readings(done) == expected[:1]


@pytest.mark.parametrize("first_line", [
    "404: Not Found", "EXIT,10,20,163,64", "id,x,y,w,h", ",x,y,w,h", "xmin,xmax,ymin,ymax", "y,x,h,w", "x,y,w",
    "x,y,w,h,7", "x,y,w,height2", "x,y,wh", "x_center,y_center,w,h", "x1,y1,x2,y2,x3,y3", "x,y,,w,h", "x" * 100])
def test_a_first_line_that_is_no_known_heading_is_refused(run, first_line, tmp_path):
    """It could be a region, or name the numbers in an order that nobody would see."""
    done = run(first_line + "\n10,20,100,40,7\n", name="boxes.csv")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"strdemo: {tmp_path / 'boxes.csv'}:1: the first line must begin with 4 or 8 numbers")
    assert len(done.stderr.splitlines()) == 1
    for heading in ("x y w h,", "left top right bottom,", "xmin ymin xmax ymax,", "x1 y1 ... x4 y4"):
        assert heading in done.stderr


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_boxes_file_is_refused_with_its_line(run, case, tmp_path):
    name, content, words_said = BAD_FILES[case]
    done = run(content, name=name)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(f"strdemo: {tmp_path / name}") and words_said in done.stderr


def test_a_missing_boxes_file_is_refused(strdemo, crnn, page, tmp_path):
    done = strdemo.run("-m", crnn.path, "--boxes", tmp_path / "none.json", page)
    assert (done.returncode, done.stdout) == (2, "") and "none.json: No such file" in done.stderr
    done = strdemo.run("-m", crnn.path, "--boxes", tmp_path, page)
    assert done.returncode == 2 and "Is a directory" in done.stderr


def test_bad_regions_are_a_line_each_and_the_others_are_read(run, page, expected):
    done = run([list(BOXES[0]), [5, 5, 0, 9], [900, 900, 5, 5], [0, 0, 1e300, 5], list(BOXES[1])], "-f", "tsv")
    assert done.returncode == 1
    assert readings(done) == expected[:2]
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == [f"{page}#0", f"{page}#4"]
    said = done.stderr.splitlines()
    assert [line.split(": ")[1] for line in said] == [f"{page}#{i}" for i in (1, 2, 3)]
    assert "no area" in said[0] and "outside the page of 260 x 230" in said[1] and "limit" in said[2]
    lines = [json.loads(line) for line in run([[5, 5, 0, 9]], "-f", "jsonl", "-q").stdout.splitlines()]
    assert lines[0]["status"] == "bad argument" and "no area" in lines[0]["message"] and lines[0]["region"] == 0


@pytest.mark.parametrize("name,content", [("boxes.json", "[[10, 20, -5, 3]]"), ("boxes.csv", "10,20,-5,3\n"),
                                          ("boxes.txt", "10,20,5,23\n")])
def test_a_negative_side_is_called_that(run, page, name, content):
    done = run(content, name=name)
    assert done.returncode == 1
    assert done.stderr.startswith(f"strdemo: {page}#0: the region's width is negative (-5 x 3 pixels)")


def test_a_bad_page_is_an_input_that_could_not_be_read(run, tmp_path):
    (tmp_path / "page.png").write_bytes(b"\x89PNG\r\n\x1a\n but no more")
    for inputs, words_said in (([tmp_path / "page.png"], "page.png: "), ([tmp_path / "none.png"], "no such file")):
        done = run(BOXES, inputs=inputs)
        assert (done.returncode, done.stdout) == (1, "")
        assert len(done.stderr.splitlines()) == 1 and words_said in done.stderr


def test_other_inputs_that_cannot_be_read_are_not_forgotten(run, page, tmp_path):
    done = run(BOXES, "-f", "tsv", inputs=[page, "@" + str(tmp_path / "none")])
    assert done.returncode == 1 and len(done.stdout.splitlines()) == len(BOXES) and "none" in done.stderr


def test_boxes_go_with_one_page(run, page):
    done = run(BOXES, inputs=[page, page])
    assert (done.returncode, done.stdout) == (2, "") and "one page" in done.stderr


@pytest.mark.parametrize("options,words_said", [
    (["--vertical"], "add --boxes"),
    (["--boxes", "b.json", "--compat", "clovaai"], "contradict"),
    (["--boxes", "b.json", "--rotate", "90"], "--rotate must be one of none|tall|auto"),
    (["--alpha", "grey"], "--alpha must be one of"), (["--exif=yes"], "--exif must be one of")])
def test_options_that_make_no_sense_are_refused(strdemo, page, options, words_said):
    done = strdemo.run(*options, page)
    assert (done.returncode, done.stdout) == (2, "") and words_said in done.stderr
