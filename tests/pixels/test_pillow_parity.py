# SPDX-License-Identifier: Apache-2.0
"""Pixels equal Pillow's, bit for bit: decoding, convert('L'), convert('RGB'), resize(BICUBIC), normalisation.

The judge is the Pillow that is installed; docs/PIXELS.md says for which version this was held. Images are made here,
with Pillow or (what Pillow cannot write) with png_writer.py.
"""
import io
import itertools
import struct

import numpy as np
import pytest
from PIL import Image

import image_library
import png_writer

SEED = 20261124


def random_samples(rng, height, width, channels, depth):
    return rng.integers(0, 1 << depth, (height, width, channels), dtype=np.uint32)


def photo(rng, width, height):
    """A smooth picture with edges and some noise, so that JPEG has something to do."""
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x / rng.uniform(3, 30) + y / rng.uniform(3, 30) + rng.uniform(0, 6)) for _ in range(3)]
    pixels = 127 + 100 * np.stack(waves, axis=2) + rng.normal(0, 8, (height, width, 3))
    pixels[height // 3:height // 2, width // 4:width // 2] = rng.integers(0, 256, 3)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def saved(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.filterwarnings("ignore:Palette images with Transparency")
def assert_decodes_as_pillow(data, what):
    for mode, channels in (("L", 1), ("RGB", 3)):
        theirs = np.asarray(Image.open(io.BytesIO(data)).convert(mode))
        image_library.assert_same(image_library.decode(data, channels), theirs, f"{what}, {mode}")


# ---- PNG ------------------------------------------------------------------------------------------------------------

PNG_KINDS = [(colour, depth) for colour, depths in png_writer.DEPTHS.items() for depth in depths]


def palette_and_transparency(rng, colour_type, depth):
    """Chunks before the pixels: a palette that is sometimes too short for the indexes, and tRNS where it may stand."""
    chunks = b""
    if colour_type == png_writer.PALETTE:
        n_entries = int(rng.integers(1, (1 << depth) + 1))
        chunks += png_writer.chunk(b"PLTE", rng.integers(0, 256, n_entries * 3, dtype=np.uint8).tobytes())
        if rng.random() < 0.5:
            chunks += png_writer.chunk(b"tRNS", rng.integers(0, 256, n_entries, dtype=np.uint8).tobytes())
    elif colour_type in (png_writer.GREY, png_writer.RGB) and rng.random() < 0.5:
        values = rng.integers(0, 1 << depth, png_writer.CHANNELS[colour_type])
        chunks += png_writer.chunk(b"tRNS", values.astype(">u2").tobytes())
    return chunks


@pytest.mark.filterwarnings("ignore:Palette images with Transparency")
@pytest.mark.parametrize("colour_type,depth", PNG_KINDS)
@pytest.mark.parametrize("interlaced", [False, True])
def test_every_kind_of_png_decodes_as_pillow(colour_type, depth, interlaced):
    rng = np.random.default_rng([SEED, colour_type, depth, interlaced])
    for width, height in [(1, 1), (2, 3), (7, 5), (8, 8), (9, 17), (33, 31), (100, 32)]:
        samples = random_samples(rng, height, width, png_writer.CHANNELS[colour_type], depth)
        before = palette_and_transparency(rng, colour_type, depth)
        data = png_writer.write_png(samples, depth, colour_type, interlaced, before, int(rng.integers(0, 50)))
        assert_decodes_as_pillow(data, f"PNG type {colour_type} depth {depth} {width}x{height} interlaced {interlaced}")


def test_sixteen_bit_grey_is_clipped_not_scaled():
    samples = np.array([[0, 1, 254, 255, 256, 257, 32768, 65535]], np.uint32)[:, :, None]
    data = png_writer.write_png(samples, 16, png_writer.GREY)
    assert image_library.decode(data).tolist() == [[0, 1, 254, 255, 255, 255, 255, 255]]
    assert_decodes_as_pillow(data, "16-bit grey PNG")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_pngs_written_by_pillow_decode_as_pillow(mode):
    rng = np.random.default_rng(SEED)
    image = photo(rng, 61, 23)
    if mode == "I;16":
        image = Image.fromarray(rng.integers(0, 65536, (23, 61)).astype(np.uint16))
    elif mode == "RGBA":
        image.putalpha(Image.fromarray(rng.integers(0, 256, (23, 61), dtype=np.uint8)))
    else:
        image = image.convert(mode)
    for level in (0, 6, 9):
        assert_decodes_as_pillow(saved(image, "PNG", compress_level=level), f"PNG written by Pillow, mode {mode}")


def test_ancillary_chunks_change_no_pixel():
    rng = np.random.default_rng(SEED)
    samples = random_samples(rng, 9, 11, 3, 8)
    chunk = png_writer.chunk
    for before in (chunk(b"gAMA", struct.pack(">I", 45455)), chunk(b"gAMA", struct.pack(">I", 9)),
                   chunk(b"sRGB", b"\0"),
                   chunk(b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)),
                   chunk(b"bKGD", b"\0\1\0\2\0\3"), chunk(b"tEXt", b"Title\0word"), chunk(b"prVt", b"what is this")):
        data = png_writer.write_png(samples, 8, png_writer.RGB, before=before)
        assert_decodes_as_pillow(data, f"PNG with {before[4:8].decode()}")


def test_animated_png_is_its_first_picture():
    frames = [Image.new("RGB", (20, 10), colour) for colour in ((200, 10, 30), (0, 0, 0), (9, 99, 199))]
    data = saved(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=50)
    assert b"acTL" in data
    assert_decodes_as_pillow(data, "animated PNG")


# ---- JPEG -----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("quality,subsampling,progressive",
                         list(itertools.product((20, 75, 100), ("4:4:4", "4:2:2", "4:2:0"), (False, True))))
def test_colour_jpegs_decode_as_pillow(quality, subsampling, progressive):
    rng = np.random.default_rng([SEED, quality])
    for width, height in [(1, 1), (3, 2), (15, 17), (16, 16), (37, 90), (131, 43)]:
        data = saved(photo(rng, width, height), "JPEG", quality=quality, subsampling=subsampling,
                     progressive=progressive, optimize=bool(width % 2))
        assert_decodes_as_pillow(data, f"JPEG {width}x{height} q{quality} {subsampling} progressive {progressive}")


def with_sampling(data, factors):
    """The same JPEG stream declared with other sampling factors (one byte for each component)."""
    at = data.index(b"\xff\xc0")
    edited = bytearray(data)
    for i, factor in enumerate(factors):
        edited[at + 11 + 3 * i] = factor
    return bytes(edited)


@pytest.mark.parametrize("factors", [(0x12, 0x11, 0x11), (0x41, 0x11, 0x11), (0x22, 0x21, 0x12), (0x11, 0x22, 0x11)])
def test_rare_sampling_factors_decode_as_pillow(factors):
    """4:4:0, 4:1:1 and stranger. The picture is scrambled; both decoders must scramble it alike. Its declared size is
    made small, so that the data lasts."""
    data = bytearray(with_sampling(saved(photo(np.random.default_rng(SEED), 160, 160), "JPEG", subsampling="4:4:4"),
                                   factors))
    at = bytes(data).index(b"\xff\xc0")
    data[at + 5:at + 9] = struct.pack(">HH", 45, 51)
    assert_decodes_as_pillow(bytes(data), f"JPEG with sampling factors {factors}")


@pytest.mark.parametrize("progressive", [False, True])
def test_grey_and_cmyk_jpegs_decode_as_pillow(progressive):
    rng = np.random.default_rng(SEED)
    for width, height in [(1, 1), (17, 9), (64, 40)]:
        image = photo(rng, width, height)
        ink = Image.fromarray(rng.integers(0, 256, (height, width, 4), dtype=np.uint8), "CMYK")
        assert_decodes_as_pillow(saved(image.convert("L"), "JPEG", progressive=progressive), "grey JPEG")
        assert_decodes_as_pillow(saved(ink, "JPEG", progressive=progressive), "CMYK JPEG")
        ycck = saved(ink, "JPEG", progressive=progressive).replace(b"Adobe\0\x64\0\0\0\0\0", b"Adobe\0\x64\0\0\0\0\2")
        assert b"Adobe\0\x64\0\0\0\0\2" in ycck, "Pillow no longer writes the Adobe marker this test edits"
        assert_decodes_as_pillow(ycck, "YCCK JPEG")
        assert_decodes_as_pillow(saved(image, "JPEG", keep_rgb=True), "JPEG stored as RGB")


def test_jpeg_details_that_change_no_pixel():
    image = photo(np.random.default_rng(SEED), 47, 29)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x112] = orientation
        assert_decodes_as_pillow(saved(image, "JPEG", exif=exif), f"JPEG with EXIF orientation {orientation}")
    assert_decodes_as_pillow(saved(image, "JPEG", restart_marker_blocks=2), "JPEG with restart markers")
    assert_decodes_as_pillow(saved(image, "JPEG") + b"trailing bytes", "JPEG with bytes behind it")
    assert_decodes_as_pillow(saved(image, "JPEG")[:-2] + b"\0" * 64, "JPEG without an end marker")


# ---- resize ---------------------------------------------------------------------------------------------------------

def random_sizes(rng, largest):
    """Two sides, as often between 1 and 10 as between largest / 10 and largest."""
    return [int(side) for side in np.exp(rng.uniform(0, np.log(largest + 1), 2))]


@pytest.mark.parametrize("part", range(4))
def test_bicubic_resize_equals_pillow_on_random_sizes(part):
    rng = np.random.default_rng([SEED, part])
    for i in range(500):
        width, height = random_sizes(rng, 700)
        to = (100, 32) if i % 2 == 0 else tuple(random_sizes(rng, 320))
        if i % 10 == 1:
            to = (width, to[1])
        elif i % 10 == 3:
            to = (to[0], height)
        shape = (height, width) if rng.random() < 0.5 else (height, width, 3)
        pixels = rng.integers(0, 256, shape, dtype=np.uint8)
        if i % 3 == 0:  # full contrast overshoots most
            pixels = (pixels > 127).astype(np.uint8) * 255
        theirs = np.asarray(Image.fromarray(pixels).resize(to, Image.Resampling.BICUBIC))
        image_library.assert_same(image_library.resize_bicubic(pixels, *to), theirs,
                                  f"seed {SEED} part {part} case {i}: {shape} to {to}")


def test_bicubic_resize_equals_pillow_where_the_order_of_passes_turns():
    """Pillow 13 goes down first when (h - oh) > 0 and (h - oh) > 2 (w - ow)."""
    rng = np.random.default_rng(SEED)
    for width, height in itertools.product(range(98, 106), range(30, 48)):
        pixels = rng.integers(0, 2, (height, width), dtype=np.uint8) * 255
        theirs = np.asarray(Image.fromarray(pixels).resize((100, 32), Image.Resampling.BICUBIC))
        image_library.assert_same(image_library.resize_bicubic(pixels, 100, 32), theirs, f"{width}x{height}")


# ---- normalisation --------------------------------------------------------------------------------------------------

def test_preprocessing_equals_pillow_and_float32_arithmetic():
    rng = np.random.default_rng(SEED)
    half = np.float32(0.5)
    for shape in [(32, 100), (32, 100, 3), (64, 64), (50, 300, 3), (1, 1)]:
        pixels = rng.integers(0, 256, shape, dtype=np.uint8)
        resized = np.asarray(Image.fromarray(pixels).resize((100, 32), Image.Resampling.BICUBIC))
        theirs = (resized.astype(np.float32) / np.float32(255) - half) / half
        ours = image_library.preprocess(pixels)
        image_library.assert_same(ours, theirs.reshape(ours.shape), f"preprocessing of {shape}")


def test_normalisation_equals_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: normalisation is held against NumPy only")
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    theirs = torch.from_numpy(pixels).to(torch.float32).div(255).sub_(0.5).div_(0.5).numpy()
    image_library.assert_same(image_library.preprocess(pixels, img_h=16, img_w=16)[:, :, 0], theirs, "0..255")
