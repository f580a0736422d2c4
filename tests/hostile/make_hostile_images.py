# SPDX-License-Identifier: Apache-2.0
"""Broken and malicious images, made from nothing: (name, why it must fail, bytes).

As a program it writes them into a folder: make_hostile_images.py FOLDER
"""
import io
import os
import struct
import sys
import zlib

import numpy as np
from PIL import Image

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "pixels"))
import png_writer  # noqa: E402
from png_writer import SIGNATURE, chunk, header, write_png  # noqa: E402

END = chunk(b"IEND", b"")


def small_picture():
    y, x = np.mgrid[0:16, 0:24]
    return np.stack([x * 9 % 256, y * 15 % 256, (x * y) % 256], axis=2).astype(np.uint8)


def small_png():
    return write_png(small_picture(), 8, png_writer.RGB)


def small_jpeg(**options):
    stream = io.BytesIO()
    Image.fromarray(small_picture()).save(stream, "JPEG", **options)
    return stream.getvalue()


# ---- PNG ------------------------------------------------------------------------------------------------------------

def png_of(*chunks):
    return SIGNATURE + b"".join(chunks)


def idat(data):
    return chunk(b"IDAT", zlib.compress(data))


def with_wrong_checksum(data, kind):
    at = data.index(kind) - 4
    length = struct.unpack_from(">I", data, at)[0]
    return data[:at + 8 + length] + b"\xde\xad\xbe\xef" + data[at + 12 + length:]


def packed_with_a_window_of_256():
    """Rows that repeat after 584 bytes, behind a zlib header that allows to look back 256."""
    rows = np.random.default_rng(20261129).integers(0, 256, (8, 1 + 24 * 3), dtype=np.uint8)
    rows[:, 0] = 0
    return b"\x08\x1d" + zlib.compress(np.tile(rows, (2, 1)).tobytes(), 9)[2:]


def png_declaring(width, height, depth=8, colour_type=png_writer.RGB):
    return png_of(header(width, height, depth, colour_type), idat(b"\0" * 100), END)


def hostile_pngs():
    rows = b"\0" * (16 * (1 + 24 * 3))
    ihdr = header(24, 16, 8, png_writer.RGB)
    text = chunk(b"tEXt", b"Title\0word")
    bomb = zlib.compress(b"\0" * 50_000_000, 9)
    yield "png_signature_only", "there is nothing behind the signature", SIGNATURE
    yield "png_without_header", "the first chunk is not IHDR", png_of(idat(rows), END)
    yield "png_header_too_short", "IHDR must have 13 bytes", png_of(
        chunk(b"IHDR", b"\0\0\0\x18\0\0\0\x10\x08\x02"), END)
    yield "png_of_no_width", "a width of zero", png_declaring(0, 16)
    yield "png_of_no_height", "a height of zero", png_declaring(24, 0)
    yield "png_too_wide", "one side is over the limit", png_declaring(70_000, 1)
    yield "png_of_30000_x_30000", "900 million pixels would be allocated", png_declaring(30_000, 30_000)
    yield "png_of_4_billion_x_4_billion", "sizes that overflow every product", png_declaring(0xFFFFFFFF, 0xFFFFFFFF)
    yield "png_negative_size", "the top bit of the size is set", png_declaring(0x80000018, 16)
    yield "png_depth_3", "no such bit depth", png_declaring(24, 16, depth=3)
    yield "png_colour_type_5", "no such colour type", png_declaring(24, 16, colour_type=5)
    yield "png_rgb_depth_4", "RGB has 8 or 16 bits", png_declaring(24, 16, depth=4)
    yield "png_bad_filter_method", "IHDR names an unknown filter method", png_of(
        chunk(b"IHDR", struct.pack(">IIBBBBB", 24, 16, 8, 2, 0, 9, 0)), idat(rows), END)
    yield "png_bad_row_filter", "rows have filters 0 to 4", png_of(ihdr, idat(b"\x09" + rows[1:]), END)
    yield "png_too_few_rows", "the pixels end after half a row", png_of(ihdr, idat(rows[:40]), END)
    yield "png_without_pixels", "no IDAT chunk", png_of(ihdr, END)
    yield "png_garbage_pixels", "IDAT is not deflated data", png_of(ihdr, chunk(b"IDAT", b"pixels, honestly" * 9), END)
    yield "png_header_checksum", "the checksum of IHDR is wrong", with_wrong_checksum(small_png(), b"IHDR")
    yield "png_text_checksum", "the checksum of tEXt before the pixels is wrong", with_wrong_checksum(
        png_of(ihdr, text, idat(rows), END), b"tEXt")
    yield "png_palette_missing", "colour type 3 needs a palette", png_of(
        header(24, 16, 8, png_writer.PALETTE), idat(b"\0" * (16 * 25)), END)
    yield "png_palette_of_257", "a palette has at most 256 colours", png_of(
        header(24, 16, 8, png_writer.PALETTE), chunk(b"PLTE", bytes(257 * 3)), idat(b"\0" * (16 * 25)), END)
    yield "png_chunk_longer_than_file", "a chunk of 2 GB is announced", png_of(
        ihdr, struct.pack(">I", 0x7FFFFFFF) + b"tEXt" + b"x" * 50)
    yield "png_chunk_length_overflows", "a chunk length with its top bit set", png_of(
        ihdr, struct.pack(">I", 0xFFFFFFFF) + b"tEXt" + b"x" * 50)
    yield "png_text_mode_transfer", "the signature's line end was converted", small_png().replace(b"\r\n", b"\n", 1)
    yield "png_profile_bomb", "an iCCP chunk that expands 1000 times, and no pixels", png_of(
        ihdr, chunk(b"iCCP", b"icc\0\0" + bomb), END)


# ---- JPEG -----------------------------------------------------------------------------------------------------------

def jpeg_declaring(width, height, **options):
    data = bytearray(small_jpeg(**options))
    at = bytes(data).index(b"\xff\xc2" if options.get("progressive") else b"\xff\xc0")
    data[at + 5:at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def jpeg_with_many_scans(n, data=None):
    """A progressive JPEG whose last scan, a refinement of one coefficient, is repeated."""
    data = data or small_jpeg(progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * n + b"\xff\xd9"


def edited(data, marker, offset, value):
    at = data.index(marker)
    return data[:at + offset] + value + data[at + offset + len(value):]


def hostile_jpegs():
    jpeg = small_jpeg()
    yield "jpeg_marker_only", "there is nothing behind the first marker", b"\xff\xd8\xff"
    yield "jpeg_of_no_height", "a height of zero", jpeg_declaring(24, 0)
    yield "jpeg_of_no_width", "a width of zero", jpeg_declaring(0, 16)
    yield "jpeg_of_65535_x_65535", "4 billion pixels would be allocated", jpeg_declaring(65_535, 65_535)
    yield "jpeg_of_65000_x_65000", "each side is within its limit, the area is not", jpeg_declaring(65_000, 65_000)
    yield "jpeg_thousands_of_scans", "3000 passes over the picture", jpeg_with_many_scans(3000)
    yield "jpeg_scans_over_a_large_picture", "490 passes over 100 million pixels, in 11 kB", jpeg_with_many_scans(
        490, jpeg_declaring(10_000, 10_000, progressive=True))
    yield "jpeg_bad_huffman_counts", "a Huffman table of 16 x 255 codes", edited(jpeg, b"\xff\xc4", 5, b"\xff" * 16)
    yield "jpeg_bad_huffman_class", "Huffman table number 15", edited(jpeg, b"\xff\xc4", 4, b"\x0f")
    yield "jpeg_quantisation_table_9", "quantisation table number 9", edited(jpeg, b"\xff\xdb", 4, b"\x09")
    yield "jpeg_without_quantisation", "no quantisation tables", jpeg.replace(b"\xff\xdb", b"\xff\xe5")
    yield "jpeg_12_bits", "12 bits a sample", edited(jpeg, b"\xff\xc0", 4, b"\x0c")
    yield "jpeg_two_components", "two colour components", two_component_jpeg()
    yield "jpeg_sampling_factor_15", "sampling factors go up to 4", edited(jpeg, b"\xff\xc0", 11, b"\xff")
    yield "jpeg_sampling_factor_0", "a sampling factor of zero", edited(jpeg, b"\xff\xc0", 11, b"\x00")
    yield "jpeg_segment_of_length_0", "a segment shorter than its length field", edited(jpeg, b"\xff\xdb", 2, b"\0\0")
    yield "jpeg_segment_past_the_end", "a segment longer than the file", edited(jpeg, b"\xff\xdb", 2, b"\xff\xff")
    yield "jpeg_scan_without_frame", "SOS comes without SOF", jpeg.replace(b"\xff\xc0", b"\xff\xe5")
    yield "jpeg_hierarchical", "a frame type nobody reads (SOF5)", jpeg.replace(b"\xff\xc0", b"\xff\xc5")


def two_component_jpeg():
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 14, 8, 16, 24, 2) + b"\x01\x11\x00\x02\x11\x00"
    jpeg = small_jpeg()
    at = jpeg.index(b"\xff\xc0")
    return jpeg[:at] + frame + b"\xff\xda\x00\x0a\x02\x01\x00\x02\x00\x00\x3f\x00" + b"\x00" * 50 + b"\xff\xd9"


# ---- what is no PNG or JPEG -----------------------------------------------------------------------------------------

def other_files():
    def saved(kind):
        stream = io.BytesIO()
        Image.fromarray(small_picture()).save(stream, kind)
        return stream.getvalue()

    yield "empty.png", "an empty file", b""
    yield "one_byte.png", "a single byte", b"\x89"
    yield "text.png", "a text file", b"This is not an image.\n"
    yield "page.png", "an HTML page", b"\n\n<!DOCTYPE html><html><body>404 Not Found</body></html>"
    yield "pointer.png", "a git-lfs pointer", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    yield "document.jpg", "a PDF document", b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"
    yield "checkpoint.png", "a zip archive", b"PK\x03\x04" + bytes(60)
    yield "zeros.png", "a thousand zero bytes", bytes(1000)
    for kind in ("GIF", "BMP", "TIFF"):
        yield f"{kind.lower()}.png", f"a {kind} image", saved(kind)
    yield "webp.jpg", "a WebP image", b"RIFF\x24\0\0\0WEBPVP8 " + bytes(20)


def tolerated_images():
    """Damaged as well, but Pillow reads them: (name, what is wrong, bytes)."""
    png, jpeg = small_png(), small_jpeg()
    two_colours = chunk(b"PLTE", bytes([10, 20, 30, 200, 100, 50]))
    indexes = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    yield "png_pixel_checksum", "the checksum of IDAT is wrong", with_wrong_checksum(png, b"IDAT")
    yield "png_without_end", "no IEND chunk", png[:-12]
    yield "png_end_checksum", "the checksum of IEND is wrong", with_wrong_checksum(png, b"IEND")
    yield "png_trailing_bytes", "bytes behind the end", png + b"more"
    yield "png_window_understated", "the pixels look back further than their header says", png_of(
        header(24, 16, 8, png_writer.RGB), chunk(b"IDAT", packed_with_a_window_of_256()), END)
    yield "png_index_past_palette", "indexes beyond the two colours", write_png(indexes, 8, png_writer.PALETTE,
                                                                             before=two_colours)
    yield "jpeg_declares_more", "the data ends long before the declared 900 x 700", jpeg_declaring(900, 700)
    yield "jpeg_huge_and_empty", "the same, 4000 x 4000", jpeg_declaring(4000, 4000)
    yield "jpeg_without_huffman_tables", "libjpeg then takes the standard's", jpeg.replace(b"\xff\xc4", b"\xff\xe5")
    yield "jpeg_without_end", "zeros instead of the end marker", jpeg[:-2] + bytes(64)


def large_pictures():
    """Valid ones of 16 million pixels, of a kind that shrinks well: (format, bytes)."""
    image = Image.new("RGB", (4000, 4000))
    for kind, options in (("PNG", {}), ("JPEG", {}), ("JPEG", {"progressive": True})):
        stream = io.BytesIO()
        image.save(stream, kind, **options)
        yield kind, stream.getvalue()


def segment_floods():
    """Whole pictures of absurdly many segments, in which an orientation is looked for."""
    jpeg = small_jpeg()
    for name, segment in (("jpeg_empty_exif_segments", b"\xff\xe1\0\2"),
                          ("jpeg_exif_segments", b"\xff\xe1\0\x12Exif\0\0MM\0*\0\0\0\x08\0\0"),
                          ("jpeg_fill_bytes", b"\xff\xff\xff\xff")):
        yield name, "300,000 of them before the picture", jpeg[:2] + segment * 300_000 + jpeg[2:]


def hostile_images():
    yield from hostile_pngs()
    yield from hostile_jpegs()
    yield from other_files()


if __name__ == "__main__":
    for image_name, _, image_bytes in hostile_images():
        with open(os.path.join(sys.argv[1], image_name), "wb") as file:
            file.write(image_bytes)
