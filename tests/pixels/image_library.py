# SPDX-License-Identifier: Apache-2.0
"""src/image through ctypes, for the tests: NumPy arrays in and out, a failure as ImageError.

The library is the one that TRBA_TESTING_LIB names; it exports every internal symbol.
"""
import ctypes
import os

import numpy as np
import pytest

GREY_PILLOW, GREY_OPENCV = 0, 1
ALPHA_IGNORE, ALPHA_WHITE, ALPHA_BLACK = 0, 1, 2
PRESET_CLOVAAI, PRESET_EASYOCR = 1, 2
STATUS = ("OK", "ARGUMENT", "IO", "FORMAT", "UNSUPPORTED", "MISMATCH", "CHARSET", "LIMIT", "MEMORY")


class Error(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int), ("message", ctypes.c_char * 2044)]


class View(ctypes.Structure):
    _fields_ = [("pixels", ctypes.c_void_p), ("width", ctypes.c_int), ("height", ctypes.c_int),
                ("channels", ctypes.c_int), ("stride_bytes", ctypes.c_size_t)]


class Buffer(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_void_p), ("capacity", ctypes.c_size_t)]


class Codecs(ctypes.Structure):
    _fields_ = [("memory", ctypes.c_void_p), ("jpeg", ctypes.c_void_p)]


class Rules(ctypes.Structure):
    _fields_ = [("channels", ctypes.c_int), ("grey", ctypes.c_int), ("applies_orientation", ctypes.c_bool),
                ("alpha", ctypes.c_int)]


class Preprocess(ctypes.Structure):
    _fields_ = [("preset", ctypes.c_int), ("channels", ctypes.c_int), ("img_h", ctypes.c_int),
                ("img_w", ctypes.c_int), ("pad", ctypes.c_int), ("adjust_contrast", ctypes.c_int)]


class Scratch(ctypes.Structure):
    _fields_ = [(name, Buffer) for name in ("between", "resized", "coefficients", "linear", "contrast")]


class Warp(ctypes.Structure):
    _fields_ = [("m", ctypes.c_float * 9), ("width", ctypes.c_int), ("height", ctypes.c_int),
                ("is_black_outside", ctypes.c_bool)]


class Crop(ctypes.Structure):
    _fields_ = [("width", ctypes.c_int), ("height", ctypes.c_int), ("is_cut", ctypes.c_bool), ("left", ctypes.c_int),
                ("top", ctypes.c_int), ("warp", Warp)]


class Region(ctypes.Structure):
    _fields_ = [("x", ctypes.c_float * 4), ("y", ctypes.c_float * 4)]


class CropScratch(ctypes.Structure):
    _fields_ = [(name, Buffer) for name in ("drawn", "converted")]


class ImageError(Exception):
    def __init__(self, status, message):
        super().__init__(f"{STATUS[status]}: {message}")
        self.status, self.message = STATUS[status], message


def load_library():
    path = os.environ.get("TRBA_TESTING_LIB")
    if not path:
        pytest.skip("TRBA_TESTING_LIB is not set", allow_module_level=True)
    return ctypes.CDLL(path)


library = load_library()


def check(status, error):
    if status != 0:
        assert error.status == status and error.message, "a failure without a message"
        raise ImageError(status, error.message.decode())


def array_of(view):
    """A copy of the pixels: [h, w], or [h, w, 3]."""
    row_bytes = view.width * view.channels
    flat = np.frombuffer(ctypes.string_at(view.pixels, view.stride_bytes * (view.height - 1) + row_bytes), np.uint8)
    rows = np.lib.stride_tricks.as_strided(flat, (view.height, row_bytes), (view.stride_bytes, 1))
    return rows.copy() if view.channels == 1 else rows.copy().reshape(view.height, view.width, view.channels)


def view_of(pixels):
    """`pixels` must be C-contiguous and outlive the view."""
    assert pixels.dtype == np.uint8 and pixels.flags.c_contiguous
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    height, width = pixels.shape[:2]
    return View(pixels.ctypes.data, width, height, channels, width * channels)


# One for all pictures, as in a session: none may leave anything behind that the next one shows.
CODECS = Codecs()


def decode(data, channels=1, grey=GREY_PILLOW, applies_orientation=None, alpha=ALPHA_IGNORE):
    """`applies_orientation` None: as the program that the grey values are of."""
    turned = grey == GREY_OPENCV if applies_orientation is None else applies_orientation
    rules, buffer, view, error = Rules(channels, grey, turned, alpha), Buffer(), View(), Error()
    try:
        check(library.image_decode(data, ctypes.c_size_t(len(data)), ctypes.byref(rules), ctypes.byref(CODECS),
                                   ctypes.byref(buffer), ctypes.byref(view), ctypes.byref(error)), error)
        return array_of(view)
    finally:
        library.image_buffer_free(ctypes.byref(buffer))


def crop(pixels, corners, is_black_outside=False, channels=None):
    """`corners`: four (x, y). `channels` None: those of `pixels`."""
    region, planned, scratch, view, error = Region(), Crop(), CropScratch(), View(), Error()
    for i, (x, y) in enumerate(corners):
        region.x[i], region.y[i] = x, y
    page = view_of(pixels)
    try:
        check(library.crop_plan(ctypes.byref(page), ctypes.byref(region), ctypes.c_bool(is_black_outside),
                                ctypes.byref(planned), ctypes.byref(error)), error)
        check(library.crop_draw(ctypes.byref(page), ctypes.byref(planned), channels or page.channels,
                                ctypes.byref(scratch), ctypes.byref(view), ctypes.byref(error)), error)
        return array_of(view)
    finally:
        library.crop_scratch_free(ctypes.byref(scratch))


def turn(pixels, quarter_turns):
    """Counter-clockwise. Rows of `pixels` may be apart."""
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    height, width = pixels.shape[:2]
    upright = View(pixels.ctypes.data, width, height, channels, pixels.strides[0])
    buffer, view, error = Buffer(), View(), Error()
    try:
        check(library.image_turn(ctypes.byref(upright), quarter_turns, ctypes.byref(buffer), ctypes.byref(view),
                                 ctypes.byref(error)), error)
        return array_of(view)
    finally:
        library.image_buffer_free(ctypes.byref(buffer))


def resize_bicubic(pixels, width, height):
    buffers, view, error = [Buffer() for _ in range(3)], View(), Error()
    try:
        check(library.resize_bicubic(ctypes.byref(view_of(pixels)), width, height,
                                     *(ctypes.byref(b) for b in buffers), ctypes.byref(view), ctypes.byref(error)),
              error)
        return array_of(view)
    finally:
        for b in buffers:
            library.image_buffer_free(ctypes.byref(b))


def resize_linear(pixels, width, height):
    buffers, view, error = [Buffer() for _ in range(2)], View(), Error()
    try:
        check(library.resize_linear(ctypes.byref(view_of(pixels)), width, height,
                                    *(ctypes.byref(b) for b in buffers), ctypes.byref(view), ctypes.byref(error)),
              error)
        return array_of(view)
    finally:
        for b in buffers:
            library.image_buffer_free(ctypes.byref(b))


def preprocess(pixels, preset=PRESET_CLOVAAI, img_h=32, img_w=100, pad=False, adjust_contrast=False):
    """[img_h, width, channels] float32."""
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    height, width = pixels.shape[:2]
    how = Preprocess(preset, channels, img_h, img_w, int(pad), int(adjust_contrast))
    scratch, error = Scratch(), Error()
    out_w = ctypes.c_int()
    check(library.preprocess_width(ctypes.byref(how), width, height, ctypes.byref(out_w), ctypes.byref(error)), error)
    sentinel = np.float32(12345.0)
    out = np.full(img_h * out_w.value * channels + 16, sentinel, np.float32)
    try:
        check(library.preprocess_image(ctypes.byref(how), ctypes.byref(view_of(pixels)), ctypes.byref(scratch),
                                       out.ctypes.data_as(ctypes.c_void_p), ctypes.byref(error)), error)
    finally:
        library.preprocess_scratch_free(ctypes.byref(scratch))
    assert (out[-16:] == sentinel).all(), "wrote past the end of its output"
    return out[:-16].reshape(img_h, out_w.value, channels)


def assert_same(ours, theirs, what):
    """Equal to the bit, or a message with the first place that differs."""
    assert ours.shape == theirs.shape, f"{what}: shape {ours.shape}, reference {theirs.shape}"
    assert ours.dtype == theirs.dtype, f"{what}: dtype {ours.dtype}, reference {theirs.dtype}"
    differs = ours.view(np.uint8 if ours.dtype == np.uint8 else np.uint32) != \
        theirs.view(np.uint8 if theirs.dtype == np.uint8 else np.uint32)
    if differs.any():
        at = tuple(int(i) for i in np.argwhere(differs)[0])
        raise AssertionError(f"{what}: {int(differs.sum())} of {differs.size} values differ, "
                             f"first at {at}: {ours[at]}, reference {theirs[at]}")
