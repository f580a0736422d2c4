# SPDX-License-Identifier: Apache-2.0
# The extension module; python/src/ has it. The integers are the enums of trba.h, paths and alphabets are bytes.
from typing import final

from typing_extensions import Buffer  # a stub may: type checkers bring it

@final
class ModelCapsule: ...  # PyCapsule, as are the next: never to be made or taken apart in Python
@final
class PageCapsule: ...
@final
class SessionCapsule: ...

_Architecture = tuple[str, int, int, int, int, int, int, int, int, int, int, int]
_Characters = tuple[tuple[str, float, float, int], ...]
_Point = tuple[float, float]
_Points = tuple[_Point, _Point, _Point, _Point]
_Result = tuple[int, str, str, float, float, _Characters, int, int, int, int, _Points | None]
_Info = tuple[_Architecture, int, int, int, int, str, int, str, int, bytes, int, int, tuple[str, ...]]
_Tensor = tuple[str, str, tuple[int, ...]]
_Image = tuple[int, int, bytes | Buffer]
_Region = tuple[float, ...]

def version() -> str: ...
def system_info() -> str: ...
def status_name(status: int, /) -> str: ...
def cpu_from_name(name: bytes, /) -> int: ...
def charset_presets() -> list[tuple[str, str | None, int, str]]: ...
def checkpoint(
    source: bytes | Buffer, is_path: bool, /
) -> tuple[str, str, str, tuple[_Architecture | None, str], list[_Tensor]]: ...
def save_checkpoint(
    source: bytes | Buffer, is_path: bool, path: bytes, format: int, dtype: int, prefix: bytes | None, /
) -> None: ...
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
    precision: int,
    /,
) -> ModelCapsule: ...
def model_info(model: ModelCapsule, /) -> _Info: ...
def open_page(image: _Image, preset: int, exif: int, alpha: int, /) -> PageCapsule: ...
def page_info(page: PageCapsule, /) -> tuple[int, int, int]: ...
def new_session(
    model: ModelCapsule, n_threads: int, batch_size: int, exif: int, alpha: int, retry_contrast: int, rotate: int, /
) -> SessionCapsule: ...
def session_memory(session: SessionCapsule, /) -> int: ...
def read(session: SessionCapsule, images: list[_Image], /) -> list[_Result]: ...
def read_regions(
    session: SessionCapsule, page: PageCapsule, regions: list[_Region], rotate: int, vertical: int, /
) -> list[_Result]: ...
