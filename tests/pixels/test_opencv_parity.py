# SPDX-License-Identifier: Apache-2.0
"""The EasyOCR preset's pixels equal OpenCV's, bit for bit: imread(IMREAD_GRAYSCALE), resize(INTER_LINEAR), and the
whole chain to the network's input, restated here. docs/PIXELS.md says for which version this was held."""
import io
import math
import struct

import numpy as np
import pytest
from PIL import Image

import image_library
import png_writer

cv2 = pytest.importorskip("cv2", reason="cv2 (opencv-python-headless) is not installed: the EasyOCR preset's pixels "
                                        "are not checked")

SEED = 5


def assert_reads_as_opencv(data, what):
    theirs = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert theirs is not None, f"{what}: OpenCV cannot read this"
    image_library.assert_same(image_library.decode(data, 1, image_library.GREY_OPENCV), theirs, what)


def saved(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


# ---- imread ---------------------------------------------------------------------------------------------------------

PNG_KINDS = [(colour, depth) for colour, depths in png_writer.DEPTHS.items() for depth in depths]
GAMMA = png_writer.chunk(b"gAMA", struct.pack(">I", 45455))
SRGB = png_writer.chunk(b"sRGB", b"\0")


@pytest.mark.parametrize("colour_type,depth", PNG_KINDS)
@pytest.mark.parametrize("colour_chunk", [b"", GAMMA, SRGB], ids=["plain", "gAMA", "sRGB"])
def test_every_kind_of_png_reads_as_opencv(colour_type, depth, colour_chunk):
    rng = np.random.default_rng([SEED, colour_type, depth])
    for interlaced in (False, True):
        samples = rng.integers(0, 1 << depth, (33, 47, png_writer.CHANNELS[colour_type]), dtype=np.uint32)
        before = colour_chunk
        if colour_type == png_writer.PALETTE:
            before += png_writer.chunk(b"PLTE", rng.integers(0, 256, 3 << depth, dtype=np.uint8).tobytes())
        data = png_writer.write_png(samples, depth, colour_type, interlaced, before)
        assert_reads_as_opencv(data, f"PNG type {colour_type} depth {depth} interlaced {interlaced}")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_as_opencv_does(orientation):
    pixels = np.random.default_rng(SEED).integers(0, 256, (23, 41, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x112] = orientation
    assert_reads_as_opencv(saved(Image.fromarray(pixels), "JPEG", exif=exif), "colour JPEG with EXIF")
    assert_reads_as_opencv(saved(Image.fromarray(pixels[:, :, 0]), "JPEG", exif=exif), "grey JPEG with EXIF")
    assert_reads_as_opencv(saved(Image.fromarray(pixels), "PNG", exif=exif), "PNG with eXIf")
    late = png_writer.chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1" + struct.pack(">HH", orientation, 0))
    png = saved(Image.fromarray(pixels), "PNG")
    assert_reads_as_opencv(png[:-12] + late + png[-12:], "PNG with eXIf behind the pixels")


@pytest.mark.parametrize("quality", [20, 75, 97])
@pytest.mark.parametrize("progressive", [False, True])
def test_jpegs_read_as_opencv(quality, progressive):
    rng = np.random.default_rng([SEED, quality])
    for width, height in [(1, 1), (17, 9), (90, 37)]:
        pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        image = Image.fromarray(cv2.GaussianBlur(pixels, (5, 5), 0).reshape(height, width, 3))
        how = {"quality": quality, "progressive": progressive}
        for subsampling in ("4:4:4", "4:2:2", "4:2:0"):
            assert_reads_as_opencv(saved(image, "JPEG", subsampling=subsampling, **how), f"JPEG {subsampling}")
        assert_reads_as_opencv(saved(image.convert("L"), "JPEG", **how), "grey JPEG")
        assert_reads_as_opencv(saved(image.convert("CMYK"), "JPEG", **how), "CMYK JPEG")
        assert_reads_as_opencv(saved(image, "JPEG", keep_rgb=True, **how), "JPEG stored as RGB")


# ---- resize ---------------------------------------------------------------------------------------------------------

def test_linear_resize_equals_opencv_on_random_sizes():
    rng = np.random.default_rng(SEED)
    for i in range(1000):
        width, height, to_w, to_h = (int(side) for side in np.exp(rng.uniform(0, np.log(500), 4)))
        if i % 4 == 0:
            to_h = 64
        if i % 7 == 0:
            width, height = 2 * to_w, 2 * to_h  # OpenCV has another rule for exact halves
        elif i % 11 == 0:
            width = 2 * to_w
        elif i % 13 == 0:
            width, height = 4 * to_w, 4 * to_h
        shape = (height, width) if i % 2 else (height, width, 3)
        pixels = rng.integers(0, 256, shape, dtype=np.uint8)
        theirs = cv2.resize(pixels, (to_w, to_h), interpolation=cv2.INTER_LINEAR)
        image_library.assert_same(image_library.resize_linear(pixels, to_w, to_h), theirs,
                                  f"seed {SEED} case {i}: {shape} to {to_w}x{to_h}")


# ---- the whole chain ------------------------------------------------------------------------------------------------

def stretched_contrast(pixels, target=0.5):
    high, low = np.percentile(pixels, 90), np.percentile(pixels, 10)
    if (high - low) / np.maximum(10, high + low) >= target:
        return pixels
    ratio = 200. / np.maximum(10, high - low)
    return np.clip((pixels.astype(int) - low + 25) * ratio, 0, 255).astype(np.uint8)


def easyocr_input(pixels, img_h, adjust_contrast):
    """EasyOCR's way from a grey word to the recogniser's input: float32 [img_h, a multiple of img_h, 1]."""
    height, width = pixels.shape
    ratio = width / height
    if ratio < 1.0:
        ratio = 1. / ratio
        pixels = cv2.resize(pixels, (img_h, int(img_h * ratio)), interpolation=cv2.INTER_LINEAR)
    else:
        pixels = cv2.resize(pixels, (int(img_h * ratio), img_h), interpolation=cv2.INTER_LINEAR)
    img_w = math.ceil(ratio) * img_h
    if adjust_contrast:
        pixels = stretched_contrast(pixels)
    resized_w = min(img_w, math.ceil(img_h * (pixels.shape[1] / float(pixels.shape[0]))))
    pixels = np.asarray(Image.fromarray(pixels).resize((resized_w, img_h), Image.Resampling.BICUBIC))
    half = np.float32(0.5)
    values = (pixels.astype(np.float32) / np.float32(255) - half) / half
    return np.concatenate([values, np.repeat(values[:, -1:], img_w - resized_w, axis=1)], axis=1)[:, :, None]


@pytest.mark.parametrize("adjust_contrast", [False, True])
@pytest.mark.parametrize("img_h", [64, 32])
def test_easyocr_preprocessing_equals_the_restatement(img_h, adjust_contrast):
    rng = np.random.default_rng([SEED, img_h])
    for i in range(150):
        width, height = (int(side) for side in np.exp(rng.uniform(np.log(4), np.log(250), 2)))
        low, high = sorted(rng.integers(0, 256, 2))  # every contrast occurs
        pixels = rng.integers(low, high + 1, (height, width), dtype=np.uint8)
        ours = image_library.preprocess(pixels, image_library.PRESET_EASYOCR, img_h, 0,
                                        adjust_contrast=adjust_contrast)
        image_library.assert_same(ours, easyocr_input(pixels, img_h, adjust_contrast),
                                  f"case {i}: {width}x{height}, grey {low} to {high}")


def test_every_small_size_gets_the_width_of_the_restatement():
    for height in range(1, 60):
        for width in range(1, 60):
            pixels = np.full((height, width), 77, np.uint8)
            ours = image_library.preprocess(pixels, image_library.PRESET_EASYOCR, 64, 0)
            image_library.assert_same(ours, easyocr_input(pixels, 64, False), f"{width}x{height}")


def test_an_unreasonably_long_image_is_refused():
    with pytest.raises(image_library.ImageError, match="one side is over 64 times the other") as failure:
        image_library.preprocess(np.zeros((1, 65), np.uint8), image_library.PRESET_EASYOCR, 64, 0)
    assert failure.value.status == "LIMIT"
