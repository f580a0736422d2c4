# SPDX-License-Identifier: Apache-2.0
"""Reads the text in images of words, straight from a PyTorch checkpoint, without PyTorch.

    import trba

    model = trba.Model("best_accuracy.pth")
    result = model.read("word.png")                 # or bytes, an open file, an array, a PIL image, or a list
    print(result.text, result.confidence)

    for result in model.read_regions("page.jpg", [(10, 12, 100, 32), (150, 40, 90, 30)], rotate="auto"):
        print(result.text, result.rotation)

The networks are the 24 of clovaai/deep-text-recognition-benchmark, and EasyOCR's recognisers. Errors are subclasses of
trba.Error. A model may be used from any number of threads; reading runs without the GIL.
"""

from . import _core
from ._box_files import load_boxes
from ._convert import convert
from ._errors import (
    ArgumentError,
    CannotReadError,
    CharsetError,
    Error,
    FormatError,
    LimitError,
    MismatchError,
    OutOfMemoryError,
    UnsupportedError,
)
from ._images import BinaryFile, ChannelOrder, ImageInput
from ._model import Expect, Model
from ._options import Alpha, Dtype, Exif, Precision, Preset, Rotate, SaveFormat
from ._page import Page
from ._queries import charset_presets, checkpoint_info, system_info
from ._regions import RegionInput
from ._types import (
    Architecture,
    Character,
    CharsetPreset,
    CheckpointInfo,
    ModelInfo,
    Point,
    Quadrilateral,
    Result,
    TensorInfo,
)

__version__ = _core.version()

__all__ = [
    "Alpha",
    "Architecture",
    "ArgumentError",
    "BinaryFile",
    "CannotReadError",
    "ChannelOrder",
    "Character",
    "CharsetError",
    "CharsetPreset",
    "CheckpointInfo",
    "Dtype",
    "Error",
    "Exif",
    "Expect",
    "FormatError",
    "ImageInput",
    "LimitError",
    "MismatchError",
    "Model",
    "ModelInfo",
    "OutOfMemoryError",
    "Page",
    "Point",
    "Precision",
    "Preset",
    "Quadrilateral",
    "RegionInput",
    "Result",
    "Rotate",
    "SaveFormat",
    "TensorInfo",
    "UnsupportedError",
    "__version__",
    "charset_presets",
    "checkpoint_info",
    "convert",
    "load_boxes",
    "system_info",
]
