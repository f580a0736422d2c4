# SPDX-License-Identifier: Apache-2.0
"""A PNG writer for what Pillow cannot write: every depth, interlacing, 16-bit colour, any chunk, any damage."""
import struct
import zlib

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGB_ALPHA: 4}
DEPTHS = {GREY: (1, 2, 4, 8, 16), RGB: (8, 16), PALETTE: (1, 2, 4, 8), GREY_ALPHA: (8, 16), RGB_ALPHA: (8, 16)}
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def header(width, height, depth, colour_type, interlaced=False):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, int(interlaced)))


def pack_row(values, depth):
    """One row of samples as the bytes of a PNG."""
    if depth == 16:
        return values.astype(">u2").tobytes()
    if depth == 8:
        return values.astype(np.uint8).tobytes()
    bits = (values[:, None] >> np.arange(depth - 1, -1, -1)) & 1
    return np.packbits(bits.astype(np.uint8).ravel()).tobytes()


def filtered_rows(samples, depth, filters):
    """The rows of [h, w, c] samples behind their filter bytes; `filters` are taken in turn, 0 (none) and 2 (up)."""
    rows, previous = [], None
    for y in range(samples.shape[0]):
        row = np.frombuffer(pack_row(samples[y].ravel(), depth), np.uint8)
        kind = filters[y % len(filters)]
        base = previous if kind == 2 and previous is not None else np.zeros_like(row)
        rows.append(bytes([kind]) + (row - base).astype(np.uint8).tobytes())
        previous = row
    return b"".join(rows)


def image_data(samples, depth, interlaced=False, filters=(0, 2)):
    if not interlaced:
        return filtered_rows(samples, depth, filters)
    passes = (samples[y::dy, x::dx] for x, y, dx, dy in ADAM7)
    return b"".join(filtered_rows(p, depth, filters) for p in passes if p.size)


def write_png(samples, depth, colour_type, interlaced=False, before=b"", idat_bytes=0):
    """`samples`: [h, w, c] integers below 2**depth. `before`: chunks before the pixels. `idat_bytes`: split there."""
    height, width = samples.shape[:2]
    data = zlib.compress(image_data(samples, depth, interlaced))
    step = idat_bytes or len(data)
    pieces = [chunk(b"IDAT", data[i:i + step]) for i in range(0, len(data), step)]
    return (SIGNATURE + header(width, height, depth, colour_type, interlaced) + before + b"".join(pieces)
            + chunk(b"IEND", b""))
