# SPDX-License-Identifier: Apache-2.0
"""Page: a picture of a whole page, decoded once, to read many regions of it."""

from __future__ import annotations

from typing import NoReturn

from . import _core
from ._closing import Closing
from ._errors import ArgumentError, naming_files
from ._images import ChannelOrder, ImageInput, ImageRules, prepare_image
from ._options import ALPHAS, EXIFS, PRESETS, Alpha, Exif, Preset, check_ways, find_name


class Page(Closing):
    """A page, decoded. Model.read_regions() reads from it; any number of models and threads may do so at once.

    image           a path, the bytes of a PNG or JPEG file, a file opened for bytes, an array or a PIL image, as for
                    Model.read(). It is read during the call only
    preset          whose pixels. "clovaai", None: Pillow's, in colour if the picture has any. "easyocr": OpenCV's grey,
                    which EasyOCR cuts its words from; a network that reads RGB then sees grey. Model.open_page()
                    chooses what suits the model
    exif            "apply": a file is turned as its EXIF orientation says, and coordinates are those of the turned
                    page; "ignore": it is as stored. None: as the preset's program, "ignore" for clovaai, "apply" for
                    EasyOCR. Arrays and PIL images are taken as they are
    alpha           what shows where the picture is transparent: "ignore": the colour that is stored there; "white",
                    "black": the picture laid on white or black
    channel_order   of arrays: "rgb", or "bgr" for OpenCV's

    Raises a subclass of trba.Error if the image cannot be decoded.
    """

    def __init__(self, image: ImageInput, *, preset: Preset | None = None, exif: Exif | None = None,
                 alpha: Alpha = "ignore", channel_order: ChannelOrder = "rgb") -> None:
        check_ways(channel_order)
        numbers = (find_name("preset", preset, PRESETS), find_name("exif", exif, EXIFS),
                   find_name("alpha", alpha, ALPHAS))
        prepared = prepare_image(image, ImageRules(channel_order, 0, alpha != "ignore"))
        with naming_files(image):
            self._capsule: _core.PageCapsule | None = _core.open_page(prepared, *numbers)
        self._width, self._height, self._memory_bytes = _core.page_info(self._capsule)

    @property
    def width(self) -> int:
        """In pixels, after turning."""
        return self._width

    @property
    def height(self) -> int:
        """In pixels, after turning."""
        return self._height

    @property
    def memory_bytes(self) -> int:
        """What the decoded page takes."""
        return self._memory_bytes

    @property
    def capsule(self) -> _core.PageCapsule:
        """For Model: what _core reads from."""
        if self._capsule is None:
            raise ArgumentError("the page is closed")
        return self._capsule

    def close(self) -> None:
        """Gives the memory back, as soon as the calls that are reading from it have ended. Closing again does
        nothing."""
        self._capsule = None

    def __repr__(self) -> str:
        return f"<trba.Page {self._width} x {self._height}{' closed' if self._capsule is None else ''}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a trba.Page cannot be pickled or copied: open the image in each process")
