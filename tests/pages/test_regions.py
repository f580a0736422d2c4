# SPDX-License-Identifier: Apache-2.0
"""Regions of a page through trba.h: a region reads as the picture that Python cuts out of the page, whatever else is
read with it; what is no region fails alone; the surest of four turns wins.

The judge of a reading is the same network on the picture cut out with NumPy, OpenCV or Pillow, so these tests say
nothing about the network itself (tests/parity does).
"""
import ctypes
import io
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent / "training")]

import trba_ctypes
from trba_ctypes import Model, Page, Session, TrbaError

if not trba_ctypes.os.environ.get("TRBA_TESTING_LIB"):
    pytest.skip("TRBA_TESTING_LIB is not set", allow_module_level=True)

LOWER_ALNUM = "0123456789abcdefghijklmnopqrstuvwxyz"
BOXES = [(10, 12, 100, 32), (150, 40, 90, 30), (-20, 100, 120, 40), (60, 150, 30, 100), (0, 0, 300, 260)]
QUAD = [(30, 60), (140, 75), (136, 110), (27, 92)]


@pytest.fixture(scope="module", params=["grey", "rgb"])
def checkpoint(request, tmp_path_factory):
    """A small random network; its input's channels decide its name."""
    from trba_torch import Architecture
    from trba_torch.checkpoints import random_network, save_checkpoint

    channels = {"grey": 1, "rgb": 3}[request.param]
    network = random_network(Architecture("None", "VGG", "BiLSTM", "CTC", output_channel=32, hidden_size=16,
                                          num_class=37, input_channel=channels), seed=7)
    path = tmp_path_factory.mktemp(request.param) / "network.pth"
    save_checkpoint(network, path, "zip")
    return path, channels


@pytest.fixture(scope="module")
def model(checkpoint):
    with Model(checkpoint[0], charset_text=LOWER_ALNUM) as opened:
        yield opened


@pytest.fixture(scope="module")
def picture():
    """A page in colour, [260, 300, 3]."""
    from trba_torch.textures import Stream, texture
    return texture(Stream(3), 260, 300, 3)


def cut(picture, box):
    x, y, w, h = box
    return np.ascontiguousarray(picture[max(y, 0):y + h, max(x, 0):x + w])


def texts(results):
    return [(r.status, r.text, r.confidence, r.characters) for r in results]


# ---- a region reads as its picture -----------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size,n_threads", [(1, 1), (4, 2), (16, 1)])
def test_boxes_read_as_slices(model, picture, batch_size, n_threads):
    with Page(picture) as page, Session(model, batch_size=batch_size, n_threads=n_threads) as session:
        expected = [session.read(cut(picture, box)) for box in BOXES]
        assert session.read_regions(page, BOXES) == expected
        assert [r.rotation for r in expected] == [0] * len(BOXES)


def test_the_whole_page_reads_as_the_image(model, picture):
    for kind in ("PNG", "JPEG"):
        stream = io.BytesIO()
        Image.fromarray(picture).save(stream, kind)
        with Page(stream.getvalue()) as page, Session(model) as session:
            assert session.read_regions(page, [(0, 0, 300, 260)]) == [session.read(stream.getvalue())]


def test_quadrilaterals_read_as_opencvs_crop(model, picture):
    """Pixels differ by one level at most, so confidences differ a little."""
    cv2 = pytest.importorskip("cv2", reason="cv2 is not installed: quadrilaterals are not read")
    quad = np.array(QUAD, np.float32)
    width, height = int(np.linalg.norm(quad[0] - quad[1])), int(np.linalg.norm(quad[1] - quad[2]))  # the longer
    upright = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float32)
    crop = cv2.warpPerspective(picture, cv2.getPerspectiveTransform(quad, upright), (width, height))
    with Page(picture) as page, Session(model) as session:
        ours, theirs = session.read_regions(page, [QUAD])[0], session.read(crop)
    assert (ours.width, ours.height, ours.text) == (width, height, theirs.text)
    assert ours.confidence == pytest.approx(theirs.confidence, rel=0.02)


def test_a_region_reads_the_same_beside_others(model, picture):
    regions = [*BOXES, QUAD]
    with Page(picture) as page, Session(model, batch_size=4) as session:
        together = session.read_regions(page, regions, rotate="auto")
        alone = [session.read_regions(page, [region], rotate="auto")[0] for region in regions]
    assert together == alone


def test_a_page_outlives_the_pixels_it_was_made_from(model, picture):
    own = picture.copy()
    with Page(own) as page, Session(model) as session:
        before = session.read_regions(page, BOXES)
        own[:] = 0
        assert session.read_regions(page, BOXES) == before
        assert page.size() == (300, 260) and page.memory() >= 300 * 260 * 3


# ---- turns -----------------------------------------------------------------------------------------------------------


def test_the_surest_of_four_turns_wins(model, picture):
    with Page(picture) as page, Session(model, batch_size=3) as session:
        results = session.read_regions(page, BOXES, rotate="auto")
        for box, result in zip(BOXES, results):
            turned = [session.read(np.ascontiguousarray(np.rot90(cut(picture, box), k))) for k in range(4)]
            best = max(range(4), key=lambda k: turned[k].confidence)  # the first of equals
            assert result.rotation == 90 * best
            assert texts([result]) == texts([turned[best]])
            assert (result.width, result.height) == (turned[best].width, turned[best].height)
        assert len({r.rotation for r in results}) > 1, "every box won upright: this test shows nothing"


@pytest.mark.parametrize("vertical", [False, True])
def test_the_surest_of_three_turns_wins_in_tall_crops(model, picture, vertical):
    tall, just, wide = [(20 * i, 9 * i, 18 + i, 28 + 5 * i) for i in range(12)], (60, 150, 30, 44), (10, 12, 100, 32)
    with Page(picture) as page, Session(model, batch_size=3) as session:
        *turned, flat, lying = session.read_regions(page, [*tall, just, wide], rotate="tall", vertical=vertical)
        assert [flat, lying] == session.read_regions(page, [just, wide])
        for box, result in zip(tall, turned):
            read = {k: session.read(np.ascontiguousarray(np.rot90(cut(picture, box), k))) for k in (0, 1, 3)}
            best = max((1, 3, 0) if vertical else (0, 1, 3), key=lambda k: read[k].confidence)  # the first of equals
            assert (result.rotation, texts([result])) == (90 * best, texts([read[best]]))
            assert (result.width, result.height) == (read[best].width, read[best].height)
        assert len({result.rotation for result in turned}) > 1, "all won in one turn: this test shows nothing"


def test_regions_are_turned_as_the_model_says_only_if_asked(checkpoint, picture, tmp_path):
    path = tmp_path / "network.pth"
    path.write_bytes(checkpoint[0].read_bytes())
    path.with_suffix(".yaml").write_text("rotate: auto\n")
    with Model(path, charset_text=LOWER_ALNUM, use_sidecar=True) as model, Page(picture) as page, \
            Session(model) as session:
        assert session.read_regions(page, BOXES, rotate="any") == session.read_regions(page, BOXES, rotate="auto")
        assert [result.rotation for result in session.read_regions(page, BOXES)] == [0] * len(BOXES)


def test_tall_crops_are_turned_when_asked(model, picture):
    tall, just, wide = (60, 150, 30, 45), (60, 150, 30, 44), (10, 12, 100, 32)
    with Page(picture) as page, Session(model) as session:
        results = session.read_regions(page, [tall, just, wide], vertical=True)
        assert [r.rotation for r in results] == [90, 0, 0]
        assert texts(results[:1]) == texts([session.read(np.ascontiguousarray(np.rot90(cut(picture, tall))))])
        assert [r.rotation for r in session.read_regions(page, [tall, just, wide])] == [0, 0, 0]


def test_tall_crops_may_win_in_every_turn(model, picture):
    tall = (60, 150, 30, 100)
    with Page(picture) as page, Session(model) as session:
        turned, = session.read_regions(page, [tall], rotate="auto", vertical=True)
        assert texts([turned]) == texts(session.read_regions(page, [tall], rotate="auto"))


# ---- what is no region -----------------------------------------------------------------------------------------------

BAD = {
    "outside": ((400, 400, 20, 20), "outside the page of 300 x 260 pixels"),
    "no area": ((10, 10, 0, 5), "no area"),
    "NaN": ([(0, 0), (float("nan"), 0), (9, 9), (0, 9)], "not a finite number"),
    "infinite": ((0, 0, float("inf"), 9), "not a finite number"),
    "huge": ((0, 0, 1e9, 1e9), "the limit is"),
    "mirrored": ([(100, 0), (0, 0), (0, 30), (100, 30)], "counter-clockwise"),
    "bow tie": ([(0, 0), (100, 50), (100, 0), (0, 40)], "not convex"),
}


@pytest.mark.parametrize("rotate", ["none", "tall", "auto"])
def test_bad_regions_fail_alone(model, picture, rotate):
    regions = [BOXES[0], *(region for region, _ in BAD.values()), BOXES[1]]
    with Page(picture) as page, Session(model, batch_size=4) as session:
        results = session.read_regions(page, regions, rotate=rotate)
        good = session.read_regions(page, BOXES[:2], rotate=rotate)
    assert [results[0], results[-1]] == good
    for (what, (_, words)), result in zip(BAD.items(), results[1:-1]):
        assert result.status != "ok" and words in result.message, what
        assert (result.text, result.confidence, result.characters, result.width) == ("", 0.0, (), 0), what


def test_no_regions_are_no_results(model, picture):
    with Page(picture) as page, Session(model) as session:
        assert session.read_regions(page, []) == []


def test_arguments_are_checked(model, picture):
    library = trba_ctypes.library()
    with Page(picture) as page, Session(model) as session:
        error = trba_ctypes.ErrorStruct()
        results = ctypes.POINTER(trba_ctypes.ResultStruct)()
        options = library.trba_region_options_default()
        structs = (trba_ctypes.RegionStruct * 1)()
        read = library.trba_session_read_regions
        assert read(session._handle, None, structs, 1, None, results, error) == 1
        assert read(session._handle, page.handle, None, 1, None, results, error) == 1
        options.rotate = 9
        assert read(session._handle, page.handle, structs, 1, options, results, error) == 1
        assert b"9" in error.message
        options.struct_size = 3
        assert read(session._handle, page.handle, structs, 1, options, results, error) == 1
        assert b"trba_region_options_default" in error.message and not results


def test_what_is_no_page_is_refused(tmp_path):
    with pytest.raises(TrbaError, match="no such file"):
        Page(tmp_path / "none.png")
    with pytest.raises(TrbaError, match="neither a PNG nor a JPEG|a text file"):
        Page(b"no picture")


# ---- policies --------------------------------------------------------------------------------------------------------


def test_pages_and_images_may_be_turned_as_exif_says(model, picture):
    exif, stream = Image.Exif(), io.BytesIO()
    exif[0x112] = 6
    Image.fromarray(picture).save(stream, "PNG", exif=exif)
    turned = np.ascontiguousarray(np.rot90(picture, -1))
    with Session(model) as plain, Session(model, exif="apply") as turning:
        assert turning.read(stream.getvalue()) == plain.read(turned)
        assert plain.read(stream.getvalue()) == plain.read(picture)
        for how, size, shown in (("any", (300, 260), picture), ("apply", (260, 300), turned)):
            with Page(stream.getvalue(), exif=how) as page:
                assert page.size() == size
                assert plain.read_regions(page, BOXES[:2]) == [plain.read(cut(shown, box)) for box in BOXES[:2]]


@pytest.mark.parametrize("alpha,level", [("white", 255), ("black", 0)])
def test_pages_and_images_may_be_laid_on_white_or_black(model, picture, alpha, level):
    stream = io.BytesIO()
    rgba = Image.fromarray(np.dstack([picture, picture[:, :, 1]]))
    rgba.save(stream, "PNG")
    below = Image.new("RGB", rgba.size, (level, level, level))
    below.paste(rgba, mask=rgba.getchannel("A"))
    with Session(model) as plain, Session(model, alpha=alpha) as laying, Page(stream.getvalue(), alpha=alpha) as page:
        expected = plain.read(np.asarray(below))
        assert laying.read(stream.getvalue()) == expected
        assert plain.read_regions(page, [(0, 0, 300, 260)]) == [expected]
        assert plain.read(stream.getvalue()) == plain.read(picture)


def test_a_page_for_easyocr_is_what_opencv_reads(checkpoint, picture):
    cv2 = pytest.importorskip("cv2", reason="cv2 is not installed: EasyOCR's grey is not checked")
    exif, stream = Image.Exif(), io.BytesIO()
    exif[0x112] = 3
    Image.fromarray(picture).save(stream, "JPEG", exif=exif)
    grey = cv2.imdecode(np.frombuffer(stream.getvalue(), np.uint8), cv2.IMREAD_GRAYSCALE)
    with Model(checkpoint[0], charset_text=LOWER_ALNUM, preset="easyocr") as model, Session(model) as session, \
            Page(stream.getvalue(), preset="easyocr") as page:
        assert page.memory() < 300 * 260 * 3 + 1000
        boxes = [(10, 12, 100, 32), (60, 150, 30, 100)]
        assert session.read_regions(page, boxes) == [session.read(cut(grey, box)) for box in boxes]


# ---- threads ---------------------------------------------------------------------------------------------------------


def test_sessions_read_one_page_at_once(model, picture):
    regions = [*BOXES, QUAD]
    with Page(picture) as page:
        with Session(model) as session:
            expected = session.read_regions(page, regions, rotate="auto")
        found = []

        def read():
            with Session(model, n_threads=2, batch_size=2) as own:
                for _ in range(3):
                    found.append(own.read_regions(page, regions, rotate="auto"))

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(found) == 12 and all(results == expected for results in found)
