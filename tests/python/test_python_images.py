# SPDX-License-Identifier: Apache-2.0
"""Every kind of image gives the same bits as the C library, called through ctypes or as strdemo."""

import array
import gzip
import io
import itertools
import json
import mmap
import pathlib
import subprocess
import zipfile

import numpy as np
import pytest
from PIL import Image

NETWORKS = ("ctc", "attn", "tps", "rgb")


@pytest.fixture(scope="module")
def read_with_judge(judge, networks):
    """read_with_judge(images, network): results of trba_ctypes."""
    def read(images, network="attn"):
        with judge.Model(networks[network]) as model, judge.Session(model, batch_size=4) as session:
            return session.read_batch(images)
    return read


# ---- the kinds ----

@pytest.mark.parametrize("network", NETWORKS)
def test_arrays_files_and_bytes_are_read_as_by_the_library(trba, networks, pixels, files, network, read_with_judge,
                                                           assert_same):
    with trba.Model(networks[network]) as model:
        assert_same(model.read(pixels), read_with_judge(pixels, network))
        from_files = read_with_judge([str(path) for path in files], network)
        assert_same(model.read(files), from_files)
        assert_same(model.read([str(path) for path in files]), from_files)
        assert_same(model.read([path.read_bytes() for path in files]), from_files)


def test_files_are_read_as_by_strdemo(trba, networks, files, strdemo):
    lines = subprocess.run([strdemo, "--model", networks["attn"], "--format", "jsonl", *files], capture_output=True,
                           check=True).stdout.splitlines()
    with trba.Model(networks["attn"]) as model:
        results = model.read(files)
    assert len(lines) == len(results) > 0
    for line, result in zip(map(json.loads, lines), results, strict=True):
        mine = result.to_dict()
        assert {character.pop("box") is None for character in mine["characters"]} <= {False}
        # Nine digits are enough to get the same float32 back.
        for values in (line, mine, *line["characters"], *mine["characters"]):
            values.update({name: np.float32(value) for name, value in values.items() if isinstance(value, float)})
        line.pop("path")
        assert mine == line


def test_buffers_of_a_files_bytes_are_that_file(model, files):
    encoded = files[0].read_bytes()
    expected = model.read(files[0])
    spread = np.repeat(np.frombuffer(encoded, np.uint8), 2)[::2]
    for kind in (encoded, bytearray(encoded), memoryview(encoded), np.frombuffer(encoded, np.uint8), spread,
                 array.array("B", encoded)):
        assert model.read(kind) == expected


class Upload:
    """Like a web framework's: a read() and lines, and nothing else of a file."""

    def __init__(self, path):
        self.stream = open(path, "rb", buffering=0)

    def read(self):
        return self.stream.read()

    def __iter__(self):
        return iter(self.stream)


def test_files_opened_for_bytes_are_one_image(trba, model, files):
    encoded, expected = files[0].read_bytes(), model.read(files[0])

    def open_all():
        with open(files[0], "rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        behind = io.BytesIO(b"a heading" + encoded)
        behind.seek(len(b"a heading"))
        return [open(files[0], "rb"), open(files[0], "rb", buffering=0), io.BytesIO(encoded), Upload(files[0]), mapped,
                behind]

    for file in open_all():
        assert model.read(file) == expected, file
    assert model.read(open_all()) == [expected] * len(open_all())
    with trba.Page(io.BytesIO(encoded)) as page, trba.Page(files[0]) as same_page:
        assert (page.width, page.height) == (same_page.width, same_page.height)


def test_a_file_that_cannot_be_read_is_a_bad_image(trba, model, pixels):
    class Broken:
        def read(self):
            raise OSError(5, "Input/output error")

    with pytest.raises(trba.CannotReadError, match="cannot read the image from .*Broken: Input/output error") as raised:
        model.read(Broken())
    assert (raised.value.errno, raised.value.filename) == (5, None)
    good, bad = model.read([pixels[0], Broken()], errors="return")
    assert good.ok and bad.status == "cannot read"


def test_a_damaged_member_of_an_archive_is_a_bad_image(trba, model, pixels, files):
    """zipfile and gzip raise what is neither an OSError nor a ValueError."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(files[0], "word.png")
    packed = packed.getvalue().replace(files[0].read_bytes()[-30:], bytes(30))
    zipped = gzip.compress(files[0].read_bytes())[:-20]
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        damaged = [archive.open("word.png"), gzip.open(io.BytesIO(zipped))]
        first, good, second = model.read([damaged[0], pixels[0], damaged[1]], errors="return")
    assert good == model.read(pixels[0])
    assert first.error.message == "cannot read the image from zipfile.ZipExtFile: Bad CRC-32 for file 'word.png'"
    assert second.error.message.startswith("cannot read the image from gzip.GzipFile: Compressed file ended before")


def test_channels_mean_what_they_say(model, noise, read_with_judge, assert_same):
    colour = noise(31, 77, 3)
    alpha = np.dstack([colour, noise(31, 77)])
    grey = noise(31, 77)
    expected = model.read(colour)
    assert_same([expected], read_with_judge([colour]))
    assert model.read(alpha) == expected
    assert model.read(np.ascontiguousarray(colour[:, :, ::-1]), channel_order="bgr") == expected
    assert model.read(np.ascontiguousarray(alpha[:, :, [2, 1, 0, 3]]), channel_order="bgr") == expected
    assert model.read(colour, channel_order="bgr") != expected
    assert model.read(grey[:, :, np.newaxis]) == model.read(grey) == model.read(grey, channel_order="bgr")


def make_views(picture):
    """The same pixels in memory laid out in other ways."""
    wide = np.zeros((picture.shape[0], picture.shape[1] + 5, *picture.shape[2:]), np.uint8)
    wide[:, 3:-2] = picture
    every_second = np.repeat(picture, 2, axis=1)[:, ::2]
    read_only = picture.copy()
    read_only.setflags(write=False)
    return {"rows apart": wide[:, 3:-2], "upside down": picture[::-1].copy()[::-1],
            "mirrored": picture[:, ::-1].copy()[:, ::-1], "every second column": every_second,
            "Fortran order": np.asfortranarray(picture), "read-only": read_only, "memoryview": memoryview(picture),
            "memoryview apart": memoryview(wide[:, 3:-2])}


@pytest.mark.parametrize("shape", [(29, 63), (29, 63, 3), (29, 63, 4), (1, 63), (29, 1, 3)])
def test_strides_do_not_matter(model, noise, shape):
    picture = noise(*shape)
    expected = model.read(picture)
    for name, view in make_views(picture).items():
        assert np.array_equal(np.asarray(view), picture)
        assert model.read(view) == expected, name


@pytest.mark.parametrize("network", ["attn", "rgb"])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "1", "P", "LA", "PA", "CMYK", "YCbCr", "HSV", "I", "F", "I;16"])
def test_pil_images_are_converted_as_pillow_does(trba, networks, noise, mode, network, read_with_judge, assert_same):
    colour = Image.fromarray(noise(33, 71, 3))
    is_grey = mode in ("I", "F", "I;16", "LA")
    image = colour.convert("L").convert(mode) if is_grey else colour.convert(mode)
    assert image.mode == mode
    converted = np.asarray(image.convert("L" if network == "attn" else "RGB"))
    with trba.Model(networks[network]) as model:
        assert_same([model.read(image)], read_with_judge([converted], network))


def test_a_pil_file_that_is_not_loaded_yet_is_read(model, files):
    with Image.open(files[1]) as image:
        assert model.read(image) == model.read(files[1])


def test_a_pil_file_of_another_mode_than_it_seemed_is_read(model, noise):
    file = io.BytesIO()
    Image.fromarray(noise(64, 64, 3)).save(file, "ICNS", sizes=[(64, 64)])
    image, loaded = Image.open(file), Image.open(file)
    loaded.load()
    assert image.mode != loaded.mode
    assert model.read(image) == model.read(np.asarray(loaded))


# ---- one and many ----

def test_one_gives_a_result_and_many_give_a_list(trba, model, pixels):
    alone = [model.read(picture) for picture in pixels]
    assert all(isinstance(result, trba.Result) for result in alone)
    assert model.read(pixels) == alone
    assert model.read(tuple(pixels)) == alone
    assert model.read(picture for picture in pixels) == alone
    assert model.read([pixels[0]]) == alone[:1]
    assert model.read([]) == []


def test_a_list_may_mix_kinds_and_be_long(model, pixels, files):
    kinds = [pixels[0], str(files[0]), files[0], files[0].read_bytes(), Image.fromarray(pixels[0])]
    expected = model.read(pixels[0])
    results = model.read(itertools.islice(itertools.cycle(kinds), 600))
    assert len(results) == 600
    assert set(results) == {expected}


def test_iter_read_gives_results_of_endless_images_as_it_goes(trba, networks, pixels):
    taken = 0

    def never_ending():
        nonlocal taken
        for picture in itertools.cycle(pixels):
            taken += 1
            yield picture

    with trba.Model(networks["attn"], threads=2, batch_size=3) as model:
        expected = model.read(pixels)
        results = model.iter_read(never_ending())
        assert taken == 0
        assert next(results) == expected[0]
        assert taken == 2 * 3
        assert list(itertools.islice(results, 50)) == (expected * 3)[1:51]


def test_iter_read_treats_bad_images_as_read_does(trba, model, pixels):
    images = [*pixels[:5], b"no image", *pixels[:5]]
    assert list(model.iter_read(images, errors="return")) == model.read(images, errors="return")
    results, given = model.iter_read(images), []
    with pytest.raises(trba.FormatError) as raised:
        given.extend(results)
    assert raised.value.__notes__ == ["in images[5]"]
    assert given == model.read(pixels[:5])
    with pytest.raises(TypeError, match="is for many images"):
        model.iter_read(pixels[0])
    with pytest.raises(trba.ArgumentError, match="errors"):
        model.iter_read(pixels, errors="ignore")


def test_iter_read_gives_what_came_before_its_images_failed(trba, model, pixels):
    def camera():
        yield from pixels[:5]
        raise RuntimeError("unplugged")

    for images, error in ((camera(), RuntimeError), ([*pixels[:5], None, pixels[5]], TypeError)):
        results, given = model.iter_read(images), []
        with pytest.raises(error):
            given.extend(results)
        assert given == model.read(pixels[:5])


def test_iter_read_lets_go_of_what_it_has_read(trba, model, files):
    images = [bytearray(path.read_bytes()) for path in files[:4]]
    for _ in model.iter_read(images):
        for image in images:
            image.append(0)  # a BufferError if it were held


@pytest.mark.parametrize("threads, batch_size", [(1, 1), (1, 5), (2, 1), (2, 16), (3, 64)])
def test_threads_and_batches_do_not_show(trba, networks, pixels, threads, batch_size):
    with (trba.Model(networks["attn"], threads=1, batch_size=1) as plain,
          trba.Model(networks["attn"], threads=threads, batch_size=batch_size) as model):
        assert model.read(pixels) == plain.read(pixels)


# ---- where checkpoints come from ----

@pytest.mark.parametrize("kind", [str, pathlib.Path, lambda path: path.read_bytes(),
                                  lambda path: bytearray(path.read_bytes()),
                                  lambda path: memoryview(path.read_bytes()),
                                  lambda path: np.repeat(np.fromfile(path, np.uint8), 2)[::2]])
def test_a_checkpoint_may_be_a_path_or_bytes(trba, networks, model, pixels, kind):
    with trba.Model(kind(networks["attn"])) as other:
        assert other.info == model.info
        assert other.read(pixels[0]) == model.read(pixels[0])


def test_options_reach_the_library(trba, networks, judge, pixels, assert_same, tmp_path):
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    alphabet = tmp_path / "letters.txt"
    alphabet.write_text(letters)
    with judge.Model(networks["attn"], charset_text=letters, pad=True, batch_max_length=4, cpu="ref",
                     expect={"img_h": 48, "img_w": 120}) as judged, judge.Session(judged) as session:
        expected = session.read_batch(pixels)
    for charset in (letters, alphabet):
        with trba.Model(networks["attn"], charset=charset, pad=True, batch_max_length=4, cpu="ref", img_h=48, img_w=120,
                        expect={"prediction": "Attn", "num_class": 38}) as model:
            assert_same(model.read(pixels), expected)
            assert (model.info.charset, model.info.pad, model.info.batch_max_length, model.info.cpu) == (
                "custom", True, 4, "ref")
            assert (model.info.architecture.img_h, model.info.architecture.img_w) == (48, 120)


def test_the_precision_reaches_the_library(trba, networks, judge, pixels, assert_same):
    for precision in ("fp32", "int16", "auto"):
        with judge.Model(networks["attn"], precision=precision) as judged, judge.Session(judged) as session:
            expected, in_use = session.read_batch(pixels), judge.PRECISIONS[judged.info().precision]
        with trba.Model(networks["attn"], precision=precision) as model:
            assert model.info.precision == in_use
            assert_same(model.read(pixels), expected)


def test_a_sidecar_is_found_unless_told_otherwise(trba, networks, tmp_path):
    checkpoint = tmp_path / "mine.pth"
    checkpoint.write_bytes(networks["ctc"].read_bytes())
    (tmp_path / "mine.yaml").write_text("charset_preset: alnum36\nimgW: 120\nPAD: True\n")
    with trba.Model(checkpoint) as model:
        assert model.info.sidecar == str(tmp_path / "mine.yaml")
        assert (model.info.architecture.img_w, model.info.pad) == (120, True)
    with trba.Model(checkpoint, sidecar=False) as model:
        assert model.info.sidecar is None
        assert (model.info.architecture.img_w, model.info.pad) == (100, False)


def test_checkpoint_info_lists_every_tensor(trba, networks):
    import torch

    tensors = torch.load(networks["tps"], weights_only=True)
    info = trba.checkpoint_info(networks["tps"])
    assert info == trba.checkpoint_info(networks["tps"].read_bytes())
    assert (info.format, info.root, info.mismatch) == ("PyTorch zip", "", "")
    assert info.architecture.name == "TPS-VGG-None-CTC"
    assert ({(tensor.name, tensor.dtype, tensor.shape) for tensor in info.tensors}
            == {(name.removeprefix("module."), str(tensor.dtype).removeprefix("torch."), tuple(tensor.shape))
                for name, tensor in tensors.items()})


def test_checkpoint_info_of_another_network_says_why(trba):
    import torch

    file = io.BytesIO()
    torch.save({"fc.weight": torch.zeros(3, 4)}, file)
    info = trba.checkpoint_info(file.getvalue())
    assert info.architecture is None
    assert info.mismatch
    assert info.tensors == (trba.TensorInfo("fc.weight", "float32", (3, 4)),)
