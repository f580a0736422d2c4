# SPDX-License-Identifier: Apache-2.0
"""convert: a checkpoint's tensors to a file of another form."""

import os

from . import _core
from ._errors import ArgumentError, naming_files
from ._model import locate
from ._options import DTYPES, SAVE_FORMATS, Dtype, SaveFormat, encode_path, encode_text, find_name


def convert(path_or_bytes: str | os.PathLike[str] | bytes | bytearray | memoryview, out: str | os.PathLike[str], *,
            dtype: Dtype | None = None, format: SaveFormat | None = None, prefix: str = "") -> None:
    """Writes the tensors of a checkpoint, under the names checkpoint_info() shows, to a file: the smaller or safer form
    of the same network.

    path_or_bytes   a path, or the bytes of a checkpoint, of every form that Model reads
    out             the file to write; it may exist, and may be the checkpoint itself
    dtype           "float32", "float16" or "bfloat16": what numbers with a point become, rounded to nearest, ties to
                    even; whole numbers stay. None: each tensor keeps its own
    format          "safetensors", or "pytorch": the zip form of torch.save(), a state_dict. None: by the name of `out`,
                    .safetensors, .pth or .pt
    prefix          before every name, e.g. "module." for clovaai's programs

    The file is written under another name, flushed to the disk, read back, compared, and only then renamed: after an
    error `out` is as it was. A number that would become infinite is a LimitError that names the tensor. Settings in a
    sidecar (opt.txt, STEM.yaml) are not part of the file: copy it along.
    """
    path, prefix_bytes = encode_path("the path of out", out), encode_text("prefix", prefix)
    if not path:
        raise ArgumentError("the path of out is empty: give the path of a file")
    with naming_files(path_or_bytes, out):
        _core.save_checkpoint(*locate(path_or_bytes), path, find_name("format", format, SAVE_FORMATS),
                              find_name("dtype", dtype, DTYPES), prefix_bytes)
