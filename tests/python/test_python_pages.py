# SPDX-License-Identifier: Apache-2.0
"""Pages and regions: the same bits as the C library and strdemo --boxes; rotated boxes where OpenCV says they are;
pictures turned and laid on white as Pillow does it."""

import copy
import io
import itertools
import json
import pickle
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from conftest import assert_others_run
from PIL import Image, ImageOps

BOXES = [(10, 12, 100, 32), (150, 40, 90, 30), (-20, 100, 120, 40), (60, 150, 30, 100), (0, 0, 300, 260)]
QUADS = [[(30, 60), (140, 75), (136, 110), (27, 92)], [(200.5, 20.25), (280, 31), (276, 66), (198, 52)]]
REGIONS = [*BOXES, *QUADS]
WAYS = [{}, {"rotate": "auto"}, {"rotate": "tall"}, {"vertical": True}, {"rotate": "auto", "vertical": True}]


@pytest.fixture(scope="module")
def picture():
    """A page in colour, [260, 300, 3]."""
    from trba_torch.textures import Stream, texture
    return texture(Stream(3), 260, 300, 3)


@pytest.fixture(scope="module")
def page_file(picture, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "page.png"
    Image.fromarray(picture).save(path)
    return path


def encode(image, kind="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def cut(picture, box):
    x, y, w, h = box
    return picture[max(y, 0):y + h, max(x, 0):x + w]


# ---- as the C library and strdemo ----

@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("network", ["ctc", "attn", "rgb", "tps"])
def test_regions_are_read_as_by_the_library(trba, networks, judge, picture, network, way, assert_same):
    c_way = {"rotate": way.get("rotate", "none"), "vertical": way.get("vertical")}
    with judge.Model(networks[network]) as judged, judge.Session(judged, batch_size=3) as session:
        with judge.Page(picture) as page:
            expected = session.read_regions(page, REGIONS, **c_way)
    with trba.Model(networks[network]) as model, trba.Page(picture) as page:
        assert_same(model.read_regions(page, REGIONS, **way), expected)
        assert_same(model.read_regions(picture, REGIONS, **way), expected)
    if way.get("rotate") == "auto":
        assert len({result.rotation for result in expected}) > 1, "every region won upright: this test shows nothing"


@pytest.mark.parametrize("way", WAYS)
def test_regions_are_read_as_by_strdemo(trba, networks, page_file, strdemo, way, tmp_path):
    (tmp_path / "boxes.json").write_text(json.dumps([*REGIONS, [400, 400, 5, 5]]))
    options = ["--rotate", way.get("rotate", "none"), *(["--vertical"] if "vertical" in way else [])]
    lines = subprocess.run([strdemo, "--quiet", "--model", networks["attn"], "--format", "jsonl", "--boxes",
                            tmp_path / "boxes.json", *options, page_file], capture_output=True).stdout.splitlines()
    with trba.Model(networks["attn"]) as model:
        results = model.read_regions(page_file, trba.load_boxes(tmp_path / "boxes.json"), **way, errors="return")
    assert len(lines) == len(results) == len(REGIONS) + 1
    for i, (line, result) in enumerate(zip(map(json.loads, lines), results, strict=True)):
        mine = result.to_dict()
        for character in mine["characters"]:
            character.pop("box")
        # Nine digits are enough to get the same float32 back.
        for values in (line, mine, *line["characters"], *mine["characters"]):
            values.update({name: np.float32(value) for name, value in values.items() if isinstance(value, float)})
        assert (line.pop("path"), line.pop("region")) == (f"{page_file}#{i}", i)
        assert mine == line
    assert results[-1].status == "bad argument"


def test_a_region_reads_the_same_beside_others(trba, networks, model, picture):
    with trba.Page(picture) as page:
        alone = [model.read_regions(page, [region], rotate="auto")[0] for region in REGIONS]
        assert model.read_regions(page, REGIONS, rotate="auto") == alone
        many = itertools.islice(itertools.cycle(REGIONS), 600)  # more than go into the library at once
        assert model.read_regions(page, many, rotate="auto") == [alone[i % len(REGIONS)] for i in range(600)]
        with trba.Model(networks["attn"], threads=3, batch_size=5) as other:
            assert other.read_regions(page, REGIONS, rotate="auto") == alone
        assert model.read_regions(page, []) == []


# ---- the kinds of regions ----

@pytest.mark.parametrize("box", BOXES)
def test_a_box_reads_as_its_slice(model, picture, box):
    result, = model.read_regions(picture, [box])
    alone = model.read(cut(picture, box))
    x, y, w, h = box
    assert result.points == ((x, y), (x + w, y), (x + w, y + h), (x, y + h))
    assert (result.text, result.confidence, result.characters, result.width, result.height) == (
        alone.text, alone.confidence, alone.characters, alone.width, alone.height)


def make_forms(box):
    """The same region in every form that is read."""
    x, y, w, h = box
    quad = [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]
    flat = [number for point in quad for number in point]
    centred = (x + w / 2, y + h / 2, w, h, 0)
    forms = [tuple(box), list(box), quad, tuple(quad), [list(point) for point in quad], flat, centred,
             (centred[:2], centred[2:4], 0.0)]
    arrays = [np.array(form, kind) for form in (box, quad, flat, centred) for kind in (int, np.float32)]
    return [*forms, *arrays, [np.array(point) for point in quad], [np.float64(number) for number in box]]


def test_every_form_of_a_region_is_the_same_region(model, picture):
    box = (10, 12, 100, 32)
    results = model.read_regions(picture, make_forms(box))
    assert len(results) == len(make_forms(box)) and set(results) == set(model.read_regions(picture, [box]))


def test_arrays_of_regions_are_read_row_by_row(model, picture):
    expected = model.read_regions(picture, BOXES)
    quads = np.array([result.points for result in expected])
    for array in (np.array(BOXES), quads, quads.reshape(len(BOXES), 8), quads.astype(np.float32)):
        assert model.read_regions(picture, array) == expected
    assert model.read_regions(picture, (box for box in BOXES)) == expected


@pytest.mark.parametrize("degrees", [0, 30, 45, 90, 127.5, 180, -90, 270, -10])
def test_rotated_boxes_are_where_opencv_has_them(model, picture, degrees):
    rectangle = ((150.0, 120.0), (90.0, 30.0), degrees)
    bottom_left, top_left, top_right, bottom_right = cv2.boxPoints(rectangle)
    result, = model.read_regions(picture, [rectangle])
    np.testing.assert_allclose(result.points, [top_left, top_right, bottom_right, bottom_left], atol=1e-3)
    assert model.read_regions(picture, [result.points]) == [result]


def test_what_minarearect_finds_is_read(model, picture):
    """The corners are the rectangle's, whichever of them it calls the first."""
    around = np.array([(40, 60), (180, 90), (172, 124), (33, 96)], np.float32)
    result, = model.read_regions(picture, [cv2.minAreaRect(around)], rotate="auto")
    found = {tuple(np.round(point, 2)) for point in cv2.boxPoints(cv2.minAreaRect(around)).tolist()}
    assert {tuple(np.round(point, 2)) for point in result.points} == found


def test_quadrilaterals_read_as_opencvs_crop(model, picture):
    """Pixels differ by one level at most, so confidences differ a little."""
    for quad in (np.array(quad, np.float32) for quad in QUADS):
        sides = [int(np.linalg.norm(quad[i] - quad[(i + 1) % 4])) for i in range(4)]
        width, height = max(sides[0], sides[2]), max(sides[1], sides[3])
        upright = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float32)
        crop = cv2.warpPerspective(picture, cv2.getPerspectiveTransform(quad, upright), (width, height))
        result, theirs = model.read_regions(picture, [quad])[0], model.read(crop)
        assert (result.width, result.height, result.text) == (width, height, theirs.text)
        assert result.confidence == pytest.approx(theirs.confidence, rel=0.02)


def test_boxes_of_characters_are_those_of_the_region_as_read(model, picture):
    results = [result for result in model.read_regions(picture, REGIONS, rotate="auto") if result.text]
    assert {result.rotation % 180 for result in results} == {0, 90}
    for result in results:
        boxes = sorted(character.box for character in result.characters)
        assert (boxes[0][0], boxes[-1][2]) == (0, result.width)
        assert {box[1::2] for box in boxes} == {(0, result.height)}


# ---- the kinds of pages ----

def test_every_kind_of_image_is_the_same_page(trba, model, picture, page_file):
    expected = model.read_regions(picture, REGIONS)
    bgr = np.ascontiguousarray(picture[:, :, ::-1])
    for image in (page_file, str(page_file), page_file.read_bytes(), memoryview(picture), Image.open(page_file),
                  picture[:, ::-1].copy()[:, ::-1], np.dstack([picture, picture[:, :, 0]])):
        with trba.Page(image) as page:
            assert (page.width, page.height) == (300, 260)
            assert model.read_regions(page, REGIONS) == model.read_regions(image, REGIONS) == expected
    assert model.read_regions(bgr, REGIONS, channel_order="bgr") == expected
    assert model.read_regions(trba.Page(bgr, channel_order="bgr"), REGIONS) == expected
    assert model.read_regions(bgr, REGIONS) != expected


@pytest.mark.parametrize("network", ["attn", "rgb"])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "1", "P", "LA", "PA", "CMYK", "HSV", "I", "F", "I;16"])
def test_a_whole_pil_page_reads_as_the_image(trba, networks, picture, mode, network):
    is_grey = mode in ("I", "F", "I;16", "LA")
    image = Image.fromarray(picture)
    image = image.convert("L").convert(mode) if is_grey else image.convert(mode)
    with trba.Model(networks[network]) as model:
        result, = model.read_regions(image, [(0, 0, 300, 260)])
        alone = model.read(image)
    assert (result.text, result.confidence, result.characters) == (alone.text, alone.confidence, alone.characters)


def test_a_page_outlives_the_pixels_it_was_made_from(trba, model, picture):
    own = picture.copy()
    with trba.Page(own) as page:
        before = model.read_regions(page, BOXES)
        own[:] = 0
        assert model.read_regions(page, BOXES) == before
        assert page.memory_bytes >= 300 * 260 * 3


def test_a_page_for_easyocr_is_what_opencv_reads(trba, networks, picture):
    exif = Image.Exif()
    exif[0x112] = 3
    encoded = encode(Image.fromarray(picture), "JPEG", exif=exif)
    grey = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_GRAYSCALE)
    boxes = [(10, 12, 100, 32), (60, 150, 30, 100)]
    with trba.Model(networks["ctc"], preset="easyocr") as model:
        expected = [model.read(cut(grey, box)) for box in boxes]
        for page in (encoded, model.open_page(encoded), trba.Page(encoded, preset="easyocr")):
            results = model.read_regions(page, boxes)
            assert [(r.text, r.confidence) for r in results] == [(r.text, r.confidence) for r in expected]
        assert model.open_page(encoded).memory_bytes < trba.Page(encoded).memory_bytes


# ---- policies ----

@pytest.mark.parametrize("orientation", range(1, 9))
def test_pages_and_images_are_turned_as_pillow_does(trba, networks, model, picture, orientation):
    exif = Image.Exif()
    exif[0x112] = orientation
    encoded = encode(Image.fromarray(picture), exif=exif)
    turned = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(encoded))))
    with trba.Model(networks["attn"], exif="apply") as turning, trba.Page(encoded, exif="apply") as page:
        assert (page.height, page.width) == turned.shape[:2]
        assert turning.read(encoded) == model.read(turned)
        expected = model.read_regions(turned, BOXES[:2])
        assert model.read_regions(page, BOXES[:2]) == turning.read_regions(encoded, BOXES[:2]) == expected
    with trba.Model(networks["attn"], exif="ignore") as plain:
        assert plain.read(encoded) == model.read(encoded) == model.read(picture)


def make_transparent(picture):
    rgba = Image.fromarray(np.dstack([picture, picture[:, :, 1]]))
    few = Image.fromarray(picture // 64 * 64)
    palette = few.quantize(16)
    palette.info["transparency"] = bytes(range(0, 256, 16))
    return {"RGBA": rgba, "LA": rgba.convert("LA"), "P with alphas": palette, "RGBA palette": rgba.quantize(16),
            "opaque": rgba.convert("RGB")}


@pytest.mark.filterwarnings("ignore:Palette images with Transparency")
@pytest.mark.parametrize("alpha, level", [("white", 255), ("black", 0)])
@pytest.mark.parametrize("kind", ["RGBA", "LA", "P with alphas", "RGBA palette", "opaque"])
def test_transparency_is_laid_on_a_background_as_pillow_pastes(trba, networks, model, picture, kind, alpha, level):
    image = make_transparent(picture)[kind]
    rgba = image.convert("RGBA")
    below = Image.new("RGB", rgba.size, (level, level, level))
    below.paste(rgba, mask=rgba.getchannel("A"))
    expected, regions = model.read(below), model.read_regions(below, REGIONS)
    with trba.Model(networks["attn"], alpha=alpha) as laying:
        for source in (image, encode(image), np.asarray(rgba)):
            assert laying.read(source) == expected
            assert laying.read_regions(source, REGIONS) == regions
            assert model.read_regions(trba.Page(source, alpha=alpha), REGIONS) == regions
    if kind != "opaque":
        assert model.read(image) != expected


@pytest.mark.parametrize("options", [{"exif": "turn"}, {"alpha": "grey"}, {"preset": "other"},
                                     {"channel_order": "gbr"}])
def test_bad_options_of_pages_are_value_errors(trba, networks, picture, options):
    with pytest.raises(trba.ArgumentError):
        trba.Page(picture, **options)
    if "channel_order" not in options:
        with pytest.raises(trba.ArgumentError):
            trba.Model(networks["ctc"], **options)


# ---- what is no region, and what is no page ----

BAD = {
    "outside": ((400, 400, 20, 20), "outside the page of 300 x 260 pixels", "ArgumentError"),
    "no area": ((10, 10, 0, 5), "no area", "ArgumentError"),
    "NaN": ([(0, 0), (float("nan"), 0), (9, 9), (0, 9)], "not a finite number", "ArgumentError"),
    "huge": ((0, 0, 1e300, 1e9), "the limit is", "LimitError"),
    "mirrored": ([(100, 0), (0, 0), (0, 30), (100, 30)], "counter-clockwise", "ArgumentError"),
    "a negative side": ((100, 40, -90, 30), "width is negative", "ArgumentError"),
    "bow tie": ([(0, 0), (100, 50), (100, 0), (0, 40)], "not convex", "ArgumentError"),
    "rotated by nothing known": ((50, 50, 20, 20, float("inf")), "not a finite number", "ArgumentError"),
}


@pytest.mark.parametrize("region, words, name", BAD.values(), ids=BAD)
def test_a_bad_region_says_what_is_wrong_and_fails_alone(trba, model, picture, region, words, name):
    with trba.Page(picture) as page:
        with pytest.raises(getattr(trba, name), match=words) as raised:
            model.read_regions(page, [*BOXES * 60, region, BOXES[0]])
        assert raised.value.__notes__ == [f"in regions[{60 * len(BOXES)}]"]
        good, bad, last = model.read_regions(page, [BOXES[0], region, BOXES[1]], rotate="auto", errors="return")
        assert [good, last] == model.read_regions(page, BOXES[:2], rotate="auto")
    assert (bad.text, bad.characters, bad.width, bad.rotation) == ("", (), 0, 0)
    assert words in str(bad.error) and type(bad.error) is getattr(trba, name) and len(bad.points) == 4
    assert pickle.loads(pickle.dumps(good)) == good


@pytest.mark.parametrize("region", [(1, 2, 3), (), "1234", 7, None, {"x": 1}, [(1, 2)] * 3, [(1, 2)] * 3 + [(1, 2, 3)],
                                    [(1, 2)] * 3 + [5], (1, 2, 3, "x"), (1, 2, 3, None), (1, 2, 3, 10 ** 400),
                                    ((1, 2), (3, 4), (5, 6), [[7], 8]), np.zeros((4, 3)), np.zeros(6)])
@pytest.mark.parametrize("errors", ["raise", "return"])
def test_what_is_no_region_at_all_is_a_value_error(trba, model, picture, region, errors):
    with pytest.raises(trba.ArgumentError, match="is no region") as raised:
        model.read_regions(picture, [BOXES[0], region], errors=errors)
    assert raised.value.__notes__ == ["in regions[1]"]


def test_the_place_is_that_in_the_whole_list(trba, model, picture):
    with pytest.raises(trba.ArgumentError) as raised:
        model.read_regions(picture, [BOXES[0]] * 300 + [(1, 2, 3)])
    assert raised.value.__notes__ == ["in regions[300]"]


def test_one_region_must_be_in_a_list(trba, model, picture):
    for region in (BOXES[0], np.array(BOXES[0]), QUADS[0], np.array(QUADS[0])):
        with pytest.raises(trba.ArgumentError, match="is no region.*; a single region goes in a list, too"):
            model.read_regions(picture, region)
    with pytest.raises(trba.ArgumentError, match="is no region") as raised:
        model.read_regions(picture, [(1, 2, 3)])
    assert "in a list" not in str(raised.value)


def test_bad_ways_to_read_regions_are_value_errors(trba, model, picture):
    for options in ({"rotate": "90"}, {"errors": "ignore"}, {"channel_order": "gbr"}, {"vertical": "no"}):
        with pytest.raises(trba.ArgumentError):
            model.read_regions(picture, BOXES, **options)


@pytest.mark.parametrize("errors", ["raise", "return"])
def test_what_is_no_page_is_refused(trba, model, errors, tmp_path):
    for image, error in ((b"no picture", trba.FormatError), (tmp_path / "none.png", trba.CannotReadError),
                         (np.zeros((0, 4), np.uint8), trba.ArgumentError), (3, TypeError)):
        with pytest.raises(error):
            trba.Page(image)
        with pytest.raises(error):
            model.read_regions(image, BOXES, errors=errors)


# ---- the life of a page ----

def test_a_closed_page_is_read_no_more(trba, model, picture):
    with trba.Page(picture) as page:
        assert repr(page) == "<trba.Page 300 x 260>"
    page.close()
    assert repr(page) == "<trba.Page 300 x 260 closed>" and page.width == 300
    with pytest.raises(trba.ArgumentError, match="the page is closed"):
        model.read_regions(page, BOXES)


@pytest.mark.parametrize("copying", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_page_cannot_be_pickled_or_copied(trba, picture, copying):
    with pytest.raises(TypeError, match="cannot be pickled or copied"):
        copying(trba.Page(picture))


def test_models_and_threads_read_one_page_at_once(trba, networks, picture):
    """And the page may be closed meanwhile."""
    with trba.Model(networks["attn"], threads=1) as one, trba.Model(networks["ctc"], threads=2) as other:
        expected = [model.read_regions(picture, REGIONS, rotate="auto") for model in (one, other)]
        page = trba.Page(picture)
        with ThreadPoolExecutor(8) as executor:
            reading = [executor.submit(model.read_regions, page, REGIONS * 5, rotate="auto")
                       for model in (one, other) * 4]
            time.sleep(0.05)
            page.close()
            finished = [future for future in reading if future.exception() is None]
            assert {type(future.exception()) for future in reading} <= {type(None), trba.ArgumentError}
    assert finished, "the page was closed before anything was read: this test shows nothing"
    assert all(future.result() in (expected[0] * 5, expected[1] * 5) for future in finished)


def test_other_threads_run_while_regions_are_read(trba, networks, picture):
    with trba.Model(networks["attn"], threads=1, cpu="ref") as model:
        assert_others_run("read_regions", lambda: model.read_regions(picture, BOXES),
                          lambda: model.read_regions(picture, BOXES * 50))
