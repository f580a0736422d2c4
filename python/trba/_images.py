# SPDX-License-Identifier: Apache-2.0
"""The kinds of images, and how each becomes what _core takes: (kind, pixel format, bytes or buffer).

    path (str, os.PathLike)                          FILE
    1-D bytes (bytes, bytearray, np.fromfile())      ENCODED   a whole PNG or JPEG file
    2-D or 3-D bytes (NumPy array, memoryview)       PIXELS    [h, w], [h, w, 1], [h, w, 3] or [h, w, 4]
    file opened for bytes (open(), BytesIO)          ENCODED   what read() gives, from where it stands to its end
    PIL image                                        PIXELS    converted as demo.py does where the library cannot

NumPy and Pillow are never imported: arrays are seen through the buffer protocol, and a PIL image can only be given by
a program that has imported PIL.
"""

import io
import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Protocol, TypeAlias, TypeGuard

from ._errors import ArgumentError, CannotReadError, Error, FormatError, OutOfMemoryError
from ._options import encode_path

if TYPE_CHECKING:
    from PIL.Image import Image as PilImage
else:
    PilImage = Any


class ArrayImage(Protocol):
    """A NumPy array, or what has the same buffer: uint8, [h, w] or [h, w, channels]."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def strides(self) -> Any: ...


class BinaryFile(Protocol):
    """A file opened for bytes, or what has the same read(): io.BytesIO, an upload, a member of a zip file."""

    def read(self) -> bytes | None: ...


ImageInput: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | ArrayImage | PilImage | BinaryFile
ChannelOrder: TypeAlias = Literal["rgb", "bgr"]
CoreImage: TypeAlias = tuple[int, int, Any]


class ImageRules(NamedTuple):
    """What images are to become."""

    channel_order: ChannelOrder  # of arrays
    channels: int                # of a PIL image that must be converted: 1 grey, 3 colour, 0 colour if it has any
    keeps_alpha: bool            # its transparency will be laid on a background


FILE, ENCODED, PIXELS = 1, 2, 3
_GREY, _RGB, _BGR, _RGBA, _BGRA = 1, 2, 3, 4, 5
_FORMATS: Final = {("rgb", 1): _GREY, ("rgb", 3): _RGB, ("rgb", 4): _RGBA,
                   ("bgr", 1): _GREY, ("bgr", 3): _BGR, ("bgr", 4): _BGRA}
_PIL_CHANNELS: Final = {"L": 1, "RGB": 3, "RGBA": 4}
_PIL_GREY_MODES: Final = {"1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B", "I;16N", "F"}
_PIL_ALPHA_MODES: Final = {"LA", "La", "PA", "RGBA", "RGBa"}


def is_pil_image(image: object) -> "TypeGuard[PilImage]":
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(image, module.Image)


def is_file(image: object) -> "TypeGuard[BinaryFile]":
    """Files iterate over their lines, but are one image."""
    return callable(getattr(image, "read", None))


def open_buffer(image: object) -> memoryview | None:
    """The object's buffer; None if it has none."""
    try:
        return memoryview(image)  # type: ignore[arg-type]
    except TypeError:
        return None
    except (ValueError, BufferError) as error:  # NumPy: a dtype that buffers do not have
        raise ArgumentError(f"the image is a {describe(image)}, whose buffer cannot be read ({error}): "
                            "it must be an array of uint8") from error


def is_single(images: object) -> bool:
    """One image, as opposed to an iterable of them. What is neither counts as one, and will be refused as such."""
    if isinstance(images, (list, tuple)):
        return False
    if isinstance(images, (str, os.PathLike)) or is_pil_image(images) or is_file(images):
        return True
    try:
        return not isinstance(images, Iterable) or open_buffer(images) is not None
    except ArgumentError:  # an array of what cannot be pixels
        return True


def describe(image: object) -> str:
    """For messages: "numpy.ndarray of shape (2, 3)"."""
    name = f"{type(image).__module__}.{type(image).__qualname__}".removeprefix("builtins.")
    shape = getattr(image, "shape", None)
    return name + (f" of shape {tuple(shape)}" if shape is not None else "")


def _prepare_pixels(image: object, view: memoryview, channel_order: ChannelOrder) -> CoreImage:
    shape = view.shape or ()
    channels = shape[2] if len(shape) == 3 else 1
    pixel_format = _FORMATS.get((channel_order, channels)) if len(shape) in (2, 3) else None
    if pixel_format is None:
        raise ArgumentError(f"the image is a {describe(image)}; it must be [h, w], [h, w, 3] or [h, w, 4]")
    if view.format.lstrip("@=<>!") != "B":
        kind = getattr(image, "dtype", f"format {view.format!r}")
        raise ArgumentError(f"the image is a {describe(image)} of {kind}; its values must be uint8, 0 to 255")
    return PIXELS, pixel_format, view


def _prepare_encoded(image: object, view: memoryview) -> CoreImage:
    if view.format.endswith(("O", "w")):  # NumPy's Python objects and texts
        raise ArgumentError(f"the image is a {describe(image)} of texts or objects: if these are paths or images, give "
                            "a list of them, as tolist() makes it")
    if view.itemsize != 1:
        raise ArgumentError(f"the image is a {describe(image)}, one-dimensional but not of bytes: it must be the bytes "
                            "of a PNG or JPEG file, or pixels [h, w], [h, w, 3] or [h, w, 4]")
    return ENCODED, 0, view if view.c_contiguous else view.tobytes()


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _is_transparent(image: "PilImage") -> bool:
    palette = image.palette if image.mode == "P" else None
    return (image.mode in _PIL_ALPHA_MODES or "transparency" in image.info
            or (palette is not None and palette.mode == "RGBA"))


def _choose_mode(image: "PilImage", rules: ImageRules) -> str:
    """L, RGB and RGBA as they are: the library makes the same greys of them as Pillow. All else through Pillow's
    convert(), as demo.py does with a file it has opened."""
    if rules.keeps_alpha and _is_transparent(image):
        return "RGBA"
    if image.mode in _PIL_CHANNELS:
        return image.mode
    is_grey = rules.channels == 1 or (rules.channels == 0 and image.mode in _PIL_GREY_MODES)
    return "L" if is_grey else "RGB"


def _prepare_pil(image: "PilImage", rules: ImageRules) -> CoreImage:
    try:
        image.load()  # some files turn out to be of another mode or size
        mode = _choose_mode(image, rules)
        if image.mode != mode:
            image = image.convert(mode)
        pixels = image.tobytes()
    except MemoryError as error:
        raise OutOfMemoryError("there is not enough memory to decode the PIL image") from error
    except Exception as error:  # Pillow decodes late: a damaged file shows only now, as whatever its decoder raises
        raise FormatError(f"Pillow cannot decode the image: {_reason(error)}") from error
    width, height = image.size
    if width < 1 or height < 1:
        raise ArgumentError(f"the image is {width} x {height} pixels: there is nothing to read")
    channels = _PIL_CHANNELS[image.mode]
    return PIXELS, _FORMATS["rgb", channels], memoryview(pixels).cast("B", (height, width, channels))


def _prepare_file(image: BinaryFile) -> CoreImage:
    encoded: object = None
    if not isinstance(image, io.TextIOBase):
        try:
            encoded = image.read()
        except TypeError:  # another kind of read()
            raise
        except MemoryError as error:
            raise OutOfMemoryError(f"there is not enough memory to read the image from {describe(image)}") from error
        except Exception as error:  # a closed file, a damaged member of a zip file: each kind has errors of its own
            raise CannotReadError(f"cannot read the image from {describe(image)}: {_reason(error)}") from error
    if not isinstance(encoded, (bytes, bytearray, memoryview)):
        raise TypeError(f"{describe(image)} is no image: its read() does not give bytes; open a file with mode \"rb\"")
    return ENCODED, 0, encoded


def prepare_image(image: object, rules: ImageRules) -> CoreImage:
    """Raises an Error where the image is at fault, TypeError where it is no image at all."""
    if isinstance(image, (str, os.PathLike)):
        return FILE, 0, encode_path("the image's path", image)
    if is_pil_image(image):
        return _prepare_pil(image, rules)
    view = open_buffer(image)
    if view is None:
        if is_file(image):
            return _prepare_file(image)
        raise TypeError(f"{describe(image)} is no image: give a path, the bytes of a PNG or JPEG file, a file opened "
                        "for bytes, a NumPy array or a PIL image")
    return _prepare_encoded(image, view) if view.ndim == 1 else _prepare_pixels(image, view, rules.channel_order)


def _forget_frames(error: Error, handled: BaseException | None) -> Error:
    """For an error that is kept: the frames that it came through hold the image. `handled`, the exception that the
    caller is handling, if any, is the context of them all; it has nothing to do with the image, and keeps its frames.
    """
    link: BaseException | None = error
    while link is not None:
        link.__traceback__ = None
        if link.__context__ is handled:
            link.__context__ = None
        link = link.__context__
    return error


def try_prepare(image: object, rules: ImageRules, *, raises: bool) -> CoreImage | Error:
    """The same, with the error as the value; `raises`: it will be raised."""
    handled = sys.exception()
    try:
        return prepare_image(image, rules)
    except Error as error:
        return error if raises else _forget_frames(error, handled)
