# SPDX-License-Identifier: Apache-2.0
"""Words that stand on their side: an image is read in the turns that the session or the model's sidecar asks for, and
the surest reading is kept; width and height stay those of the image.

The judge of a reading is the same network on the picture that NumPy turned, read once.
"""
import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent / "training")]

import trba_ctypes
from trba_ctypes import Model, Session, TrbaError

if not trba_ctypes.os.environ.get("TRBA_TESTING_LIB"):
    pytest.skip("TRBA_TESTING_LIB is not set", allow_module_level=True)

LOWER_ALNUM = "0123456789abcdefghijklmnopqrstuvwxyz"
SIZES = [(100, 32), (32, 100), (20, 30), (20, 29), (31, 47), (45, 90), (40, 40), (17, 61), (64, 20), (25, 50)]  # w, h
TURNS = {"none": (0,), "tall": (0, 1, 3), "auto": (0, 1, 2, 3)}


@pytest.fixture(scope="module", params=["grey", "rgb"])
def checkpoint(request, tmp_path_factory):
    """A small random network; its input's channels decide its name."""
    from trba_torch import Architecture
    from trba_torch.checkpoints import random_network, save_checkpoint

    network = random_network(Architecture("None", "VGG", "BiLSTM", "CTC", output_channel=32, hidden_size=16,
                                          num_class=37, input_channel={"grey": 1, "rgb": 3}[request.param]), seed=7)
    path = tmp_path_factory.mktemp(request.param) / "network.pth"
    save_checkpoint(network, path, "zip")
    return path


@pytest.fixture(scope="module", params=["clovaai", "easyocr"])
def model(request, checkpoint):
    with Model(checkpoint, charset_text=LOWER_ALNUM, preset=request.param) as opened:
        yield opened


@pytest.fixture(scope="module")
def pictures():
    """In colour, of all sizes."""
    from trba_torch.textures import Stream, texture
    return [texture(Stream(seed), height, width, 3) for seed, (width, height) in enumerate(SIZES)]


def encode(picture, **options):
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG", **options)
    return stream.getvalue()


def is_tall(picture):
    return picture.shape[0] >= 1.5 * picture.shape[1]


def turn(picture, quarter_turns):
    return np.ascontiguousarray(np.rot90(picture, quarter_turns))


def surest(session, picture, rotate, make=np.asarray):
    """(degrees, reading) of what `make` makes of the picture that NumPy turned; the session turns nothing itself."""
    turns = TURNS[rotate] if rotate == "auto" or is_tall(picture) else (0,)
    read = {k: session.read(make(turn(picture, k))) for k in turns}
    best = max(turns, key=lambda k: read[k].confidence)  # the first of equals
    return 90 * best, read[best]


def assert_reads(session, pictures, expected):
    """Each result is that reading to the bit, under the size of the picture."""
    results = session.read_batch(pictures)
    for picture, result, (degrees, reading) in zip(pictures, results, expected, strict=True):
        assert result.rotation == degrees
        assert (result.width, result.height) == (picture.shape[1], picture.shape[0])
        for name in ("status", "text", "confidence", "score", "characters", "truncated"):
            assert getattr(result, name) == getattr(reading, name), (name, picture.shape)


# ---- which reading is kept -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rotate", TURNS)
def test_the_surest_turn_wins_whatever_batch_and_threads(model, pictures, rotate):
    with Session(model, rotate="none") as plain:
        expected = [surest(plain, picture, rotate) for picture in pictures]
    if rotate != "none":
        assert len({degrees for degrees, _ in expected}) > 1, "all won upright: this test shows nothing"
    for batch_size, n_threads in ((1, 1), (2, 3), (3, 1), (16, 2)):
        with Session(model, batch_size=batch_size, n_threads=n_threads, rotate=rotate) as session:
            assert_reads(session, pictures, expected)
            for picture, one in zip(pictures, expected):
                assert_reads(session, [picture], [one])


def test_the_network_sees_the_turned_picture(model, pictures):
    """Every number of its input and of all stages; files, and pixels whose rows are apart."""
    tall = next(picture for picture in pictures if is_tall(picture))
    wider = np.zeros((tall.shape[0], tall.shape[1] + 5, 3), np.uint8)
    wider[:, 2:-3] = tall
    with Session(model, batch_size=4, rotate="none", retry_contrast=False) as plain, \
            Session(model, batch_size=4, rotate="tall", retry_contrast=False) as turning:
        for image, make in ((encode(tall), encode), (wider[:, 2:-3], np.asarray)):
            _, expected = plain.trace([make(turn(tall, k)) for k in TURNS["tall"]])
            _, stages = turning.trace([image])
            assert stages.keys() == expected.keys() and "input" in stages
            for stage, maps in expected.items():
                assert all(map(np.array_equal, stages[stage], maps)) and len(stages[stage]) == len(maps), stage


def test_a_doubtful_turn_is_read_again_with_more_contrast(checkpoint, pictures):
    """EASYOCR: each turn for itself, as with its rotation_info."""
    flat = [(picture // 8 + 100).astype(np.uint8) for picture in pictures]
    with Model(checkpoint, charset_text=LOWER_ALNUM, preset="easyocr") as model:
        with Session(model, rotate="none") as plain, Session(model, rotate="none", retry_contrast=False) as once:
            expected = [surest(plain, picture, "auto") for picture in flat]
            assert expected != [surest(once, picture, "auto") for picture in flat], "none was doubtful"
        with Session(model, batch_size=3, rotate="auto") as session:
            assert_reads(session, flat, expected)


def test_exif_turns_first(model, pictures):
    exif = Image.Exif()
    exif[0x112] = 6  # shown turned clockwise
    wide = pictures[0]
    with Session(model, rotate="none") as plain, Session(model, rotate="tall", exif="apply") as session:
        degrees, reading = surest(plain, turn(wide, -1), "tall", encode)
        result = session.read(encode(wide, exif=exif))
    assert (result.rotation, result.text, result.confidence) == (degrees, reading.text, reading.confidence)
    assert (result.width, result.height) == (32, 100)


@pytest.mark.parametrize("rotate", ["tall", "auto"])
def test_a_bad_image_fails_alone(model, pictures, rotate):
    with Session(model, batch_size=4, rotate=rotate) as session:
        good = session.read_batch(pictures[:3])
        bad, *others = session.read_batch([b"no picture", *pictures[:3]])
    assert others == good
    assert (bad.status != "ok", bad.text, bad.width, bad.rotation) == (True, "", 0, 0)


# ---- who is asked ----------------------------------------------------------------------------------------------------


@pytest.fixture
def with_sidecar(checkpoint, tmp_path):
    """Opens the network beside a sidecar of that text."""
    def open_model(text, **options):
        path = tmp_path / "network.pth"
        path.write_bytes(checkpoint.read_bytes())
        path.with_suffix(".yaml").write_text(text)
        return Model(path, charset_text=LOWER_ALNUM, use_sidecar=True, **options)
    return open_model


def test_nothing_is_turned_unless_someone_says_so(model, pictures):
    assert trba_ctypes.ROTATE[model.info().rotate] == "none"
    with Session(model) as session, Session(model, rotate="none") as plain:
        results = session.read_batch(pictures)
        assert results == plain.read_batch(pictures)
    assert {result.rotation for result in results} == {0}


@pytest.mark.parametrize("said", TURNS)
def test_the_sidecar_says_what_the_session_does_not(with_sidecar, pictures, said):
    with with_sidecar(f"rotate: {said}\n") as model:
        assert trba_ctypes.ROTATE[model.info().rotate] == said
        for asked in ("any", *TURNS):
            with Session(model, rotate=asked) as session, \
                    Session(model, rotate=said if asked == "any" else asked) as same:
                assert session.read_batch(pictures) == same.read_batch(pictures)


def test_compat_turns_nothing_unless_the_session_says_so(with_sidecar, pictures):
    with with_sidecar("rotate: auto\n", compat=True) as model:
        assert trba_ctypes.ROTATE[model.info().rotate] == "none"
        with Session(model) as session, Session(model, rotate="auto") as asked:
            assert {result.rotation for result in session.read_batch(pictures)} == {0}
            assert len({result.rotation for result in asked.read_batch(pictures)}) > 1


def test_a_way_to_rotate_that_there_is_not_is_refused(model, monkeypatch):
    monkeypatch.setattr(trba_ctypes, "ROTATE", (*trba_ctypes.ROTATE, "other"))
    with pytest.raises(TrbaError, match="no way 4 to rotate"):
        Session(model, rotate="other")


@pytest.mark.parametrize("name", ["trba", "trba-ctc"])
def test_the_models_here_read_words_on_their_side(name):
    word = np.asarray(Image.open(TESTS.parent / "data" / "harbour.png").convert("L"))
    with Model(TESTS.parent / "models" / f"{name}.pth", use_sidecar=True) as model, Session(model) as session:
        upright, up, down = session.read_batch([turn(word, k) for k in (0, 1, 3)])
    assert [(result.text, result.rotation) for result in (upright, up, down)] == [("HARBOUR", 0), ("HARBOUR", 270),
                                                                                 ("HARBOUR", 90)]
    assert up.confidence == down.confidence == upright.confidence
