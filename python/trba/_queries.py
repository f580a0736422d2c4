# SPDX-License-Identifier: Apache-2.0
"""Questions that need no model: what is in a checkpoint, which alphabets there are, what this machine can do."""

import os

from . import _core
from ._errors import naming_files
from ._model import locate
from ._types import CharsetPreset, CheckpointInfo, TensorInfo, make_architecture


def checkpoint_info(path_or_bytes: str | os.PathLike[str] | bytes | bytearray | memoryview) -> CheckpointInfo:
    """What is in a checkpoint: format, architecture, every tensor's name, type and shape.

    Nothing of the file is executed. A file of tensors that make up none of the networks is no error; what is not a
    checkpoint at all is.
    """
    with naming_files(path_or_bytes):
        file_format, root, prefix, (architecture, mismatch), tensors = _core.checkpoint(*locate(path_or_bytes))
    return CheckpointInfo(file_format, root, prefix, make_architecture(architecture) if architecture else None,
                          mismatch, tuple(TensorInfo(*tensor) for tensor in tensors))


def charset_presets() -> tuple[CharsetPreset, ...]:
    """The alphabets that `charset` takes by name."""
    return tuple(CharsetPreset(*preset) for preset in _core.charset_presets())


def system_info() -> str:
    """Version, compiler, processor tiers and OpenBLAS, which is loaded for it: for bug reports."""
    return _core.system_info()
