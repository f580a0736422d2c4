# SPDX-License-Identifier: Apache-2.0
# The extension module; python/src/ has it. The integers are the enums of trba.h, paths and alphabets are bytes.
from collections.abc import Sequence
from typing import final

from typing_extensions import Buffer  # a stub may: type checkers bring it

@final
class ModelCapsule: ...  # PyCapsule, as is the next: never to be made or taken apart in Python
@final
class SessionCapsule: ...

_Architecture = tuple[str, int, int, int, int, int, int, int, int, int, int, int]
_Characters = tuple[tuple[str, float, float, int], ...]
_Result = tuple[int, str, str, float, float, _Characters, int, int, int]
_Info = tuple[_Architecture, int, int, int, int, str, str, int, bytes, int]
_Tensor = tuple[str, str, tuple[int, ...]]
_Image = tuple[int, int, bytes | Buffer]

def version() -> str: ...
def system_info() -> str: ...
def status_name(status: int, /) -> str: ...
def cpu_from_name(name: bytes, /) -> int: ...
def charset_presets() -> list[tuple[str, str | None, int, str]]: ...
def checkpoint(
    source: bytes | Buffer, is_path: bool, /
) -> tuple[str, str, str, tuple[_Architecture | None, str], list[_Tensor]]: ...
def open_model(
    source: bytes | Buffer,
    is_path: bool,
    expect: tuple[int, ...],
    charset_preset: bytes | None,
    charset_text: bytes | None,
    charset_file: bytes | None,
    preset: int,
    pad: int,
    batch_max_length: int,
    compat: int,
    use_sidecar: int,
    cpu: int,
    /,
) -> ModelCapsule: ...
def model_info(model: ModelCapsule, /) -> _Info: ...
def new_session(model: ModelCapsule, n_threads: int, batch_size: int, retry_contrast: int, /) -> SessionCapsule: ...
def session_memory(session: SessionCapsule, /) -> int: ...
def read(session: SessionCapsule, images: Sequence[_Image], /) -> list[_Result]: ...
