# SPDX-License-Identifier: Apache-2.0
"""The choices that the reference programs do not make: transparency laid on white or black, EXIF orientation applied,
colour kept if there is any. The judge is Pillow."""
import io

import numpy as np
import pytest
from PIL import Image, ImageOps

import image_library
import png_writer

SEED = 21
BACKGROUNDS = {image_library.ALPHA_WHITE: 255, image_library.ALPHA_BLACK: 0}


def encoded(image, **options):
    stream = io.BytesIO()
    image.save(stream, "PNG", **options)
    return stream.getvalue()


def on_background(image, level):
    """The picture pasted on grey, as most people do it: RGB."""
    rgba = image.convert("RGBA")
    below = Image.new("RGB", image.size, (level, level, level))
    below.paste(rgba, mask=rgba.getchannel("A"))
    return below


def transparent_pictures():
    rng = np.random.default_rng(SEED)
    rgba = Image.fromarray(rng.integers(0, 256, (23, 31, 4), dtype=np.uint8))
    few_colours = rgba.convert("RGB").quantize(8).convert("RGB")
    palette = Image.fromarray(rng.integers(0, 256, (23, 31, 3), dtype=np.uint8)).quantize(16)
    return {
        "RGBA": encoded(rgba),
        "grey and alpha": encoded(rgba.convert("LA")),
        "palette with alphas": encoded(palette, transparency=bytes(rng.integers(0, 256, 16, dtype=np.uint8))),
        "RGB with one transparent colour": encoded(few_colours, transparency=few_colours.getpixel((0, 0))),
        "grey with one transparent level": encoded(few_colours.convert("L"),
                                                   transparency=few_colours.convert("L").getpixel((0, 0))),
        "opaque": encoded(rgba.convert("RGB")),
        "opaque grey": encoded(rgba.convert("L")),
        "interlaced RGBA": png_writer.write_png(np.asarray(rgba).astype(np.uint32), 8, png_writer.RGB_ALPHA, True, b""),
    }


@pytest.mark.parametrize("alpha", BACKGROUNDS)
@pytest.mark.parametrize("kind", transparent_pictures())
def test_transparency_is_laid_on_the_background_as_pillow_pastes(kind, alpha):
    data = transparent_pictures()[kind]
    theirs = on_background(Image.open(io.BytesIO(data)), BACKGROUNDS[alpha])
    image_library.assert_same(image_library.decode(data, 3, alpha=alpha), np.asarray(theirs), kind)
    grey = np.asarray(theirs.convert("L"))
    image_library.assert_same(image_library.decode(data, 1, alpha=alpha), grey, f"{kind}, to grey")


@pytest.mark.parametrize("alpha", BACKGROUNDS)
def test_sixteen_bits_are_laid_on_the_background_before_they_lose_their_low_byte(alpha):
    rng = np.random.default_rng(SEED)
    samples = rng.integers(0, 1 << 16, (9, 11, 4), dtype=np.uint32)
    data = png_writer.write_png(samples, 16, png_writer.RGB_ALPHA, False, b"")
    colour, opacity = samples[:, :, :3].astype(float), samples[:, :, 3:].astype(float) / 65535
    exact = (colour * opacity + 257 * BACKGROUNDS[alpha] * (1 - opacity)) / 256
    ours = image_library.decode(data, 3, alpha=alpha)
    assert np.abs(ours - np.floor(exact)).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_orientation_is_applied_as_pillow_transposes(kind, orientation):
    pixels = np.random.default_rng(SEED).integers(0, 256, (23, 41, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x112] = orientation
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, exif=exif)
    theirs = ImageOps.exif_transpose(Image.open(io.BytesIO(stream.getvalue())))
    ours = image_library.decode(stream.getvalue(), 3, applies_orientation=True)
    image_library.assert_same(ours, np.asarray(theirs), f"{kind} {orientation}")
    stored = np.asarray(Image.open(io.BytesIO(stream.getvalue())))
    image_library.assert_same(image_library.decode(stream.getvalue(), 3), stored, f"{kind} {orientation}, ignored")


@pytest.mark.parametrize("place", ["behind XMP", "behind fill bytes", "behind the frame header"])
def test_orientation_is_found_wherever_pillow_finds_it(place):
    pixels = np.random.default_rng(SEED).integers(0, 256, (23, 41, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x112] = 6
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", exif=exif)
    data = stream.getvalue()
    begin = data.index(b"\xff\xe1")
    end = begin + 2 + int.from_bytes(data[begin + 2:begin + 4], "big")
    block, rest = data[begin:end], data[:begin] + data[end:]
    at, before = {"behind XMP": (2, b"\xff\xe1\x00\x1fhttp://ns.adobe.com/xap/1.0/\0"),
                  "behind fill bytes": (2, b"\xff\xff\xff"),
                  "behind the frame header": (rest.index(b"\xff\xda"), b"")}[place]
    data = rest[:at] + before + block + rest[at:]
    theirs = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    assert theirs.size == (23, 41)
    image_library.assert_same(image_library.decode(data, 3, applies_orientation=True), np.asarray(theirs), place)


def test_colour_is_kept_only_if_there_is_any():
    rgb = Image.fromarray(np.random.default_rng(SEED).integers(0, 256, (5, 7, 3), dtype=np.uint8))
    for kind in ("PNG", "JPEG"):
        for image, shape in ((rgb, (5, 7, 3)), (rgb.convert("L"), (5, 7))):
            stream = io.BytesIO()
            image.save(stream, kind)
            assert image_library.decode(stream.getvalue(), 0).shape == shape, kind
    assert image_library.decode(encoded(rgb.quantize(4)), 0).shape == (5, 7, 3)
    assert image_library.decode(encoded(rgb.convert("LA")), 0).shape == (5, 7)
