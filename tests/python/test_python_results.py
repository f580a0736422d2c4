# SPDX-License-Identifier: Apache-2.0
"""What results and errors are to a Python program."""

import contextlib
import copy
import dataclasses
import errno
import gc
import io
import itertools
import json
import pathlib
import pickle
import re
import typing
import weakref

import numpy as np
import pytest
from conftest import SOURCE_DIR
from PIL import Image


@pytest.fixture(scope="module")
def result(model, pixels):
    result = max((model.read(picture) for picture in pixels), key=lambda result: len(result.characters))
    assert len(result.characters) > 3
    return result


# ---- results ----

def test_a_result_is_small_frozen_and_its_text(result):
    assert str(result) == result.text == "".join(character.text for character in result.characters)
    for thing in (result, result.characters[0]):
        assert not hasattr(thing, "__dict__")
        with pytest.raises(dataclasses.FrozenInstanceError):
            thing.text = "other"
    assert pickle.loads(pickle.dumps(result)) == result
    assert hash(result) == hash(copy.deepcopy(result))


def test_to_dict_is_json(result):
    back = json.loads(json.dumps(result.to_dict()))
    assert back == result.to_dict()
    assert back["text"] == result.text
    assert (back["status"], back["message"]) == ("ok", "")
    assert back["characters"][0]["box"] == list(result.characters[0].box)


def test_corners_that_are_no_numbers_are_null_in_json(model, pixels):
    corners = [(0.0, 0.0), (float("inf"), 0.0), (9.0, float("nan")), (0.0, 9.0)]
    result, = model.read_regions(pixels[0], [corners], errors="return")
    assert result.status == "bad argument"
    assert result.to_dict()["points"] == [[0.0, 0.0], [None, 0.0], [9.0, None], [0.0, 9.0]]


def test_model_info_is_what_the_checkpoint_is(trba, model):
    info = model.info
    assert info.architecture == dataclasses.replace(info.architecture, name="None-VGG-None-Attn", img_h=32, img_w=100,
                                                    num_class=38, output_channel=32, hidden_size=16)
    assert (info.preset, info.pad, info.compat, info.batch_max_length) == ("clovaai", False, False, 25)
    assert (info.charset, info.n_characters, info.sidecar) == ("alnum36", 36, None)
    assert info.characters == tuple("0123456789abcdefghijklmnopqrstuvwxyz")
    assert info.cpu in trba.system_info() and info.precision == "fp32"
    assert info.packed_bytes > 0


def test_charset_presets_are_the_librarys(trba):
    presets = {preset.name: preset for preset in trba.charset_presets()}
    assert presets["alnum36"].text == "0123456789abcdefghijklmnopqrstuvwxyz"
    assert presets["printable94"].n_characters == len(presets["printable94"].text) == 94
    assert len(presets) == len(trba.charset_presets())


# ---- boxes ----

def find_ink_columns(picture):
    """[(first, end), ...] of the runs of columns that differ from the background, which the corner has."""
    inked = (np.abs(picture.astype(int) - int(picture[0, 0])) > 60).any(axis=0)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inked, [False]]).astype(int)))
    return list(zip(edges[::2], edges[1::2], strict=True))


def draw_word(word, height, gap):
    """Letters with a gap between, dark on light, and the columns of each letter's ink."""
    from PIL import ImageDraw, ImageFont

    font = ImageFont.load_default(size=height * 0.7)
    widths = [int(font.getlength(letter)) + gap for letter in word]
    image = Image.new("L", (sum(widths) + 2 * gap, height), 230)
    x = gap
    for letter, width in zip(word, widths, strict=True):
        ImageDraw.Draw(image).text((x, height * 0.05), letter, fill=20, font=font)
        x += width
    columns = find_ink_columns(np.asarray(image))
    assert len(columns) == len(word)
    return image, columns


@pytest.mark.parametrize("height", [48, 64, 150])
@pytest.mark.parametrize("word", ["MUSEUM", "BAKERY", "1984"])
def test_boxes_of_a_real_model_are_where_the_ink_is(trba, english_g2, word, height):
    """english_g2 pads, and reads pictures scaled to 64 rows: the way back to pixels must undo both."""
    image, columns = draw_word(word, height, height // 5)
    result = english_g2.read(image)
    letters = [character for character in result.characters if character.text != " "]  # it may read wide gaps as such
    assert "".join(letter.text for letter in letters).upper() == word
    for character, (first, end) in zip(letters, columns, strict=True):
        left, top, right, bottom = character.box
        assert left < (first + end) / 2 < right, f"{character.text}: ink {first} to {end}, box {character.box}"
        assert (top, bottom) == (0, height)


@pytest.fixture(scope="module")
def english_g2(trba):
    from conftest import SOURCE_DIR

    path = SOURCE_DIR / "models" / "english_g2.pth"
    if not path.exists():
        pytest.skip("models/english_g2.pth is not there: make models")
    with trba.Model(path, threads=1) as model:
        yield model


@pytest.mark.parametrize("pad", [False, True])
@pytest.mark.parametrize("network", ["ctc", "attn"])
def test_boxes_part_the_image_between_the_characters(trba, networks, pixels, network, pad):
    with trba.Model(networks[network], pad=pad) as model:
        results = [result for result in model.read(pixels) if result.text]
    assert len(results) > 10
    for result in results:
        boxes = sorted(character.box for character in result.characters)
        assert all(0 <= left <= right <= result.width and (top, bottom) == (0, result.height)
                   for left, top, right, bottom in boxes)
        assert all(one[2] == next_one[0] for one, next_one in zip(boxes, boxes[1:], strict=False))


def test_after_tps_there_are_no_boxes(trba, networks, pixels):
    with trba.Model(networks["tps"]) as model:
        characters = [character for result in model.read(pixels) for character in result.characters]
    assert characters
    assert {character.box for character in characters} == {None}


# ---- errors ----

def test_every_status_has_its_exception(trba):
    from trba import _core
    from trba._errors import ERROR_CLASSES

    names = [_core.status_name(status) for status in range(len(ERROR_CLASSES) + 1)]
    assert [error.status for error in ERROR_CLASSES[1:]] == names[1:-1]
    assert names[-1] == _core.status_name(99)  # no status without a class
    assert all(issubclass(error, trba.Error) for error in ERROR_CLASSES)


def closed_file():
    file = io.BytesIO(b"a picture")
    file.close()
    return file


BAD_IMAGES = [
    ("no such file", "no-such-file.png", "CannotReadError", OSError),
    ("a zero byte", "a\0.png", "ArgumentError", ValueError),
    ("half a character", "a\ud800.png", "ArgumentError", ValueError),
    ("a closed file", closed_file(), "CannotReadError", OSError),
    ("nothing", b"", "FormatError", ValueError),
    ("a text", b"not an image", "FormatError", ValueError),
    ("half a PNG", b"\x89PNG\r\n\x1a\n but no more", "FormatError", ValueError),
    ("five channels", np.zeros((4, 4, 5), np.uint8), "ArgumentError", ValueError),
    ("four dimensions", np.zeros((2, 4, 4, 3), np.uint8), "ArgumentError", ValueError),
    ("no dimension", np.array(1, np.uint8), "ArgumentError", ValueError),
    ("floats", np.zeros((4, 4), np.float32), "ArgumentError", ValueError),
    ("signed bytes", np.zeros((4, 4), np.int8), "ArgumentError", ValueError),
    ("truth values", np.zeros((4, 4), bool), "ArgumentError", ValueError),
    ("dates", np.zeros((4, 4), "datetime64[s]"), "ArgumentError", ValueError),
    ("shorts in a row", np.zeros(4, np.uint16), "ArgumentError", ValueError),
    ("an array of paths", np.array(["a.png", "b.png"]), "ArgumentError", ValueError),
    ("an array of objects", np.array(["a.png", b""], object), "ArgumentError", ValueError),
    ("no rows", np.zeros((0, 4), np.uint8), "ArgumentError", ValueError),
    ("no columns", np.zeros((4, 0, 3), np.uint8), "ArgumentError", ValueError),
    ("an empty PIL image", Image.new("L", (0, 4)), "ArgumentError", ValueError),
    ("too many pixels", np.lib.stride_tricks.as_strided(np.zeros(1, np.uint8), (70000, 1), (1, 1)), "LimitError",
     Exception),
]


@pytest.mark.parametrize("image, name, builtin", [row[1:] for row in BAD_IMAGES], ids=[row[0] for row in BAD_IMAGES])
def test_a_bad_image_says_what_is_wrong(trba, model, pixels, image, name, builtin):
    with pytest.raises(builtin) as raised:
        model.read(image)
    error = raised.value
    assert type(error) is getattr(trba, name)
    assert str(error) == error.message != ""

    with pytest.raises(getattr(trba, name)) as raised:
        model.read([pixels[0]] * 300 + [image, pixels[1]])
    assert raised.value.__notes__ == ["in images[300]"]

    good, bad, last = model.read([pixels[0], image, pixels[1]], errors="return")
    assert (good, last) == (model.read(pixels[0]), model.read(pixels[1]))
    assert not bad.ok and good.ok
    assert (bad.text, bad.characters, bad.status, str(bad.error)) == ("", (), error.status, error.message)
    assert bad.to_dict()["message"] == error.message
    assert pickle.loads(pickle.dumps(bad)) == bad
    assert model.read(image, errors="return") == bad


def encode(file_format, mode="L", side=64):
    file = io.BytesIO()
    pixels = Image.fromarray(np.random.default_rng(1).integers(0, 256, (side, side), dtype=np.uint8))
    pixels.convert(mode).save(file, file_format)
    return file.getvalue()


PNG = encode("PNG")


def test_a_damaged_pil_file_is_a_bad_image(trba, model):
    blp = encode("BLP", "P")  # its decoder raises what is neither an OSError nor a ValueError
    for encoded in (PNG[:2000], blp[:4] + b"\x4a" + blp[5:]):
        with pytest.raises(trba.FormatError, match="Pillow cannot decode"):
            model.read(Image.open(io.BytesIO(encoded)))


@pytest.mark.parametrize("image", [None, 3, object(), {"a": 1}.values, [b"x", [None]], [3.5], io.StringIO("a.png"),
                                   [io.StringIO("a.png")]])
def test_what_is_no_image_at_all_is_a_type_error(model, image):
    for errors in ("raise", "return"):
        with pytest.raises(TypeError, match="is no image"):
            model.read(image, errors=errors)


@pytest.mark.parametrize("errors", ["raise", "return"])
def test_what_is_no_image_at_all_has_its_place_in_the_list(model, pixels, errors):
    for n_before in (2, 300):
        images = itertools.islice(itertools.cycle(pixels), n_before)
        with pytest.raises(TypeError, match="is no image") as raised:
            model.read([*images, None], errors=errors)
        assert raised.value.__notes__ == [f"in images[{n_before}]"]


def test_an_error_that_is_kept_does_not_hold_the_image(model):
    damaged = Image.open(io.BytesIO(PNG[:-30]))
    for image in (np.zeros((4, 4), np.float32), damaged):
        alive = weakref.ref(image)
        result, = model.read([image], errors="return")
        del image
    del damaged
    gc.collect()
    assert result.error.__cause__ is not None and alive() is None


def test_an_error_that_is_kept_leaves_the_exception_alone_that_the_caller_handles(model):
    try:
        raise KeyError("of the caller")
    except KeyError as handled:
        result = model.read(closed_file(), errors="return")
        assert handled.__traceback__ is not None
    assert isinstance(result.error.__cause__, ValueError) and result.error.__cause__.__context__ is None


@pytest.mark.parametrize("read", [
    lambda model, image: model.read(image), lambda model, image: model.read([image]),
    lambda model, image: list(model.iter_read([np.zeros((9, 9), np.uint8), image])),
    lambda model, image: model.read_regions(np.zeros((9, 9), np.uint8), [(0, 0, 5, 5), (90, 90, 5, 5)])])
@pytest.mark.parametrize("kind", [np.float32, np.uint8])
def test_an_error_is_in_no_circle_with_the_frames_it_came_through(trba, model, read, kind):
    """Else all that their variables hold would stay until the garbage collector comes by."""
    def fail():
        image = np.zeros((0, 4), kind)
        with contextlib.suppress(trba.Error):
            read(model, image)
        return weakref.ref(image)

    gc.collect()
    gc.disable()
    try:
        assert fail()() is None
    finally:
        gc.enable()


def test_a_file_that_cannot_be_had_has_errno_and_filename(trba, networks, model, tmp_path):
    missing, below, checkpoint = tmp_path / "missing.png", networks["ctc"] / "a.png", networks["ctc"]
    for call, number, path in (
            (lambda: model.read(missing), errno.ENOENT, missing),
            (lambda: model.read([str(missing)]), errno.ENOENT, missing),
            (lambda: model.read(tmp_path), errno.EISDIR, tmp_path),
            (lambda: model.read(below), errno.ENOTDIR, below),
            (lambda: model.open_page(missing), errno.ENOENT, missing),
            (lambda: trba.Model(missing), errno.ENOENT, missing),
            (lambda: trba.Model(checkpoint, charset=missing), errno.ENOENT, missing),
            (lambda: trba.checkpoint_info(missing), errno.ENOENT, missing),
            (lambda: trba.convert(missing, tmp_path / "a.pth"), errno.ENOENT, missing),
            (lambda: trba.convert(checkpoint, missing / "a.pth"), errno.ENOENT, missing / "a.pth"),
            (lambda: trba.load_boxes(missing), errno.ENOENT, missing)):
        with pytest.raises(OSError) as raised:
            call()
        for error in (raised.value, pickle.loads(pickle.dumps(raised.value))):
            assert type(error) is trba.CannotReadError
            assert (error.errno, error.filename, str(error)) == (number, str(path), raised.value.message)


def test_bad_models_are_refused_with_the_librarys_message(trba, networks, judge, tmp_path):
    damaged = tmp_path / "damaged.pth"
    damaged.write_bytes(networks["ctc"].read_bytes()[:5000])
    kinds = set()
    for path, options, judged_options in (
            (tmp_path / "none.pth", {}, {}),
            (damaged, {}, {}),
            (networks["ctc"], {"charset": "abc"}, {"charset_text": "abc"}),
            (networks["ctc"], {"expect": {"prediction": "Attn"}}, {"expect": {"prediction": "Attn"}})):
        with pytest.raises(trba.Error) as raised:
            trba.Model(path, sidecar=False, **options)
        with pytest.raises(judge.TrbaError) as judged:
            judge.Model(path, **judged_options)
        assert (raised.value.status, str(raised.value)) == (judged.value.status, judged.value.message)
        kinds.add(type(raised.value))
    assert kinds == {trba.CannotReadError, trba.FormatError, trba.CharsetError, trba.MismatchError}


@pytest.mark.parametrize("options", [
    {"preset": "other"}, {"preset": "any"}, {"rotate": "any"}, {"cpu": "other"}, {"cpu": "avx\0"}, {"cpu": None},
    {"precision": "int8"}, {"batch_size": 0}, {"threads": 0}, {"max_sessions": 0}, {"expect": {"colour": 1}},
    {"expect": {"prediction": "LSTM"}}, {"expect": {"prediction": "any"}}, {"charset": "a\0b"}, {"charset": "a\udc80"},
    {"charset": pathlib.Path("a\0b")}, {"path_or_bytes": "a\0b"}, {"path_or_bytes": "a\ud800"}, {"pad": "no"},
    {"compat": "False"}, {"sidecar": 2}, {"retry_contrast": b"0"}])
def test_bad_options_are_value_errors(trba, networks, options):
    with pytest.raises(trba.ArgumentError):
        trba.Model(**{"path_or_bytes": networks["ctc"], **options})


@pytest.mark.parametrize("options, words", [
    ({"path_or_bytes": 3}, "int is no checkpoint: give its path"),
    ({"path_or_bytes": io.BytesIO()}, "BytesIO is no checkpoint"),
    ({"charset": ["a", "b"]}, "charset is a list; it must be"), ({"charset": b"ab"}, "charset is a bytes; it must be")])
def test_what_is_no_checkpoint_or_alphabet_at_all_is_a_type_error(trba, networks, options, words):
    with pytest.raises(TypeError, match=words):
        trba.Model(**{"path_or_bytes": networks["ctc"], **options})


@pytest.mark.parametrize("name, value, most", [
    ("threads", 65, 64), ("threads", 2**40, 64), ("batch_size", 4097, 4096), ("batch_max_length", 1025, 1024),
    ("batch_max_length", -1, 1024), ("img_h", 1025, 1024), ("img_h", 0, 1024), ("img_w", 2**40, 16384),
    ("expect: hidden_size", -1, 2**20), ("expect: num_class", 2**40, 2**20)])
def test_numbers_that_cannot_be_are_refused_at_once_by_their_names(trba, networks, name, value, most):
    key = name.removeprefix("expect: ")
    with pytest.raises(trba.ArgumentError, match=f"^{name} is {value}; it must lie between 1 and {most}$"):
        trba.Model(networks["ctc"], **({name: value} if key == name else {"expect": {key: value}}))


def enum_names(what, prefix):
    """The names of an enum of trba.h, in their order, as Python spells them."""
    header = re.sub(r"/\*.*?\*/", "", (SOURCE_DIR / "include" / "trba.h").read_text(), flags=re.DOTALL)
    [body] = re.findall(rf"typedef enum trba_{what} {{(.*?)}} trba_{what};", header, re.DOTALL)
    return tuple(name.lower() for name in re.findall(rf"\bTRBA_{prefix}_(\w+)", body))


@pytest.mark.parametrize("what, names, literal", [
    ("preset", "PRESETS", "Preset"), ("exif", "EXIFS", "Exif"), ("alpha", "ALPHAS", "Alpha"),
    ("rotate", "ROTATES", "Rotate"), ("precision", "PRECISIONS", "Precision"), ("dtype", "DTYPES", "Dtype"),
    ("save_format", "SAVE_FORMATS", "SaveFormat")])
def test_names_are_those_of_the_header(trba, what, names, literal):
    known = getattr(trba._options, names)
    assert known == enum_names(what, "SAVE" if what == "save_format" else what.upper())
    assert set(typing.get_args(getattr(trba, literal))) == set(known) - {"any"}


def test_limits_are_those_of_the_library(trba, networks, judge):
    """It names its own when a number is past ours by one."""
    def message(make, **options):
        with pytest.raises(judge.TrbaError) as raised:
            make(**options)
        return raised.value.message

    limits, path = trba._model, networks["attn"]
    for name, most in (("img_h", limits._MAX_IMG_H), ("img_w", limits._MAX_IMG_W),
                       ("num_class", limits._MAX_LAYER_SIZE)):
        assert message(judge.Model, source=path, expect={name: most + 1}).endswith(f"must lie between 1 and {most}")
    most = limits._MAX_BATCH_MAX_LENGTH
    assert message(judge.Model, source=path, batch_max_length=most + 1).endswith(f"must lie between 1 and {most}")
    with judge.Model(path) as model:
        for name, most in (("n_threads", limits._MAX_THREADS), ("batch_size", limits._MAX_BATCH_SIZE)):
            assert message(judge.Session, model=model, **{name: most + 1}).endswith(f"must lie between 0 and {most}")


@pytest.mark.parametrize("name", ["threads", "expect: num_class"])
def test_half_a_thread_is_a_type_error_by_its_name(trba, networks, name):
    key = name.removeprefix("expect: ")
    with pytest.raises(TypeError, match=f"^{name} is a float; it must be a whole number$"):
        trba.Model(networks["ctc"], **({name: 1.5} if key == name else {"expect": {key: 1.5}}))


def test_numpys_truth_values_are_truth_values(trba, networks):
    assert [trba.Model(networks["ctc"], pad=pad).info.pad for pad in (np.True_, np.False_, 1, 0)] == [True, False] * 2


def test_the_name_of_a_file_is_no_alphabet(trba, networks, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("letters").write_text("0123456789abcdefghijklmnopqrstuvwxyz")
    for name in ("letters", "alphabet.txt", "my.yaml"):
        with pytest.raises(trba.ArgumentError, match="the name of a file"):
            trba.Model(networks["ctc"], charset=name)
    assert trba.Model(networks["ctc"], charset=pathlib.Path("letters")).info.n_characters == 36


@pytest.mark.parametrize("options", [{"errors": "ignore"}, {"channel_order": "gbr"}])
def test_bad_ways_to_read_are_value_errors(trba, model, pixels, options):
    with pytest.raises(trba.ArgumentError):
        model.read(pixels[0], **options)


# ---- the life of a model ----

def test_a_closed_model_reads_no_more(trba, networks, pixels):
    with trba.Model(networks["ctc"]) as model:
        model.read(pixels[0])
        assert repr(model) == f"<trba.Model None-VGG-BiLSTM-CTC charset=alnum36 preset=clovaai cpu={model.info.cpu}>"
    model.close()
    assert repr(model).endswith(" closed>")
    with pytest.raises(trba.ArgumentError, match="closed"):
        model.read(pixels[0])


@pytest.mark.parametrize("copying", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_model_cannot_be_pickled_or_copied(model, copying):
    with pytest.raises(TypeError, match="cannot be pickled or copied"):
        copying(model)
