# SPDX-License-Identifier: Apache-2.0
"""Reads the text in images of words, straight from a PyTorch checkpoint, without PyTorch.

    import trba

    model = trba.Model("best_accuracy.pth")
    result = model.read("word.png")                 # or bytes, a NumPy array, a PIL image, or a list of these
    print(result.text, result.confidence)

The networks are the 24 of clovaai/deep-text-recognition-benchmark, and EasyOCR's recognisers. Errors are subclasses of
trba.Error. A model may be used from any number of threads; reading runs without the GIL.
"""

from . import _core
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
from ._images import ImageInput
from ._model import Expect, Model
from ._queries import charset_presets, checkpoint_info, system_info
from ._types import Architecture, Character, CharsetPreset, CheckpointInfo, ModelInfo, Result, TensorInfo

__version__ = _core.version()

__all__ = [
    "Architecture",
    "ArgumentError",
    "CannotReadError",
    "Character",
    "CharsetError",
    "CharsetPreset",
    "CheckpointInfo",
    "Error",
    "Expect",
    "FormatError",
    "ImageInput",
    "LimitError",
    "MismatchError",
    "Model",
    "ModelInfo",
    "OutOfMemoryError",
    "Result",
    "TensorInfo",
    "UnsupportedError",
    "__version__",
    "charset_presets",
    "checkpoint_info",
    "system_info",
]
