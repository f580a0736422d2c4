# SPDX-License-Identifier: Apache-2.0
"""Model: a checkpoint that reads images.

    Model(path)       options by name -> the numbers of trba_model_options -> _core.open_model
    model.read(...)   images -> chunks -> _core.read in a session of the pool, without the GIL -> Result objects
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Literal, NoReturn, Self, TypedDict, overload

from . import _core
from ._boxes import character_boxes, shown_share
from ._errors import ERROR_CLASSES, ArgumentError, Error
from ._images import ChannelOrder, CoreImage, ImageInput, is_single, try_prepare
from ._pool import SessionPool
from ._types import (
    FEATURE_EXTRACTIONS,
    PREDICTIONS,
    PRESETS,
    SEQUENCE_MODELINGS,
    TRANSFORMATIONS,
    Character,
    ModelInfo,
    Result,
    failed_result,
    make_architecture,
)

# Images are taken from the caller in chunks, so that an iterable may be longer than memory, and Ctrl-C is answered.
_CHUNK: Final = 256

_ARCHITECTURE_NAMES: Final = {"transformation": TRANSFORMATIONS, "feature_extraction": FEATURE_EXTRACTIONS,
                              "sequence_modeling": SEQUENCE_MODELINGS, "prediction": PREDICTIONS}
_ARCHITECTURE_SIZES: Final = ("input_channel", "output_channel", "hidden_size", "num_fiducial", "num_class")


class Expect(TypedDict, total=False):
    """What the caller believes of a checkpoint. Contradicting the tensors is a MismatchError."""

    transformation: str
    feature_extraction: str
    sequence_modeling: str
    prediction: str
    input_channel: int
    output_channel: int
    hidden_size: int
    num_fiducial: int
    num_class: int


# ---- options: from names to numbers ----

def _find_name(what: str, value: str | None, names: Sequence[str]) -> int:
    if value is None:
        return 0
    if value not in names:
        raise ArgumentError(f'{what} is "{value}"; it must be one of {", ".join(names[1:])}')
    return names.index(value)


def _number_expect(expect: Mapping[str, Any], img_h: int | None, img_w: int | None) -> tuple[int, ...]:
    """The members of trba_architecture in order."""
    known = (*_ARCHITECTURE_NAMES, *_ARCHITECTURE_SIZES)
    for name in expect:
        if name not in known:
            raise ArgumentError(f'expect has the key "{name}"; it may have {", ".join(known)}')
    stages = [_find_name(f"expect: {name}", expect.get(name), names) for name, names in _ARCHITECTURE_NAMES.items()]
    sizes = [expect.get(name) or 0 for name in _ARCHITECTURE_SIZES]
    return (*stages, *sizes, img_h or 0, img_w or 0)


def _number_choice(choice: bool | None) -> int:
    return 0 if choice is None else 1 + bool(choice)


def _split_charset(charset: str | os.PathLike[str] | None) -> tuple[bytes | None, bytes | None, bytes | None]:
    """(preset, text, file), of which at most one is not None."""
    if charset is None:
        return None, None, None
    if isinstance(charset, os.PathLike):
        return None, None, os.fsencode(charset)
    if any(charset == preset[0] for preset in _core.charset_presets()):
        return charset.encode(), None, None
    return None, charset.encode(), None


def locate(source: object) -> tuple[Any, bool]:
    """(path as bytes, True), or (buffer, False)."""
    if isinstance(source, (str, os.PathLike)):
        return os.fsencode(source), True
    return source, False


def _count_processors() -> int:
    return len(os.sched_getaffinity(0))


def _split(images: Iterable[ImageInput], n: int) -> Iterator[list[ImageInput]]:
    iterator = iter(images)
    while chunk := list(itertools.islice(iterator, n)):
        yield chunk


# ---- what _core returns ----

def _make_info(model: _core.ModelCapsule) -> ModelInfo:
    (architecture, preset, pad, compat, batch_max_length, cpu, charset, n_characters, sidecar,
     packed_bytes) = _core.model_info(model)
    return ModelInfo(make_architecture(architecture), PRESETS[preset], bool(pad), bool(compat), batch_max_length, cpu,
                     charset, n_characters, os.fsdecode(sidecar) or None, packed_bytes)


def _make_result(raw: Any, info: ModelInfo) -> Result:
    """From _core.read()."""
    status, message, text, confidence, score, characters, truncated, width, height = raw
    if status:
        return failed_result(ERROR_CLASSES[status](message), width, height)
    boxes = character_boxes([character[2] for character in characters], shown_share(info, width, height), width, height)
    return Result(text, confidence, score, tuple(map(_make_character, characters, boxes)), bool(truncated), width,
                  height)


def _make_character(raw: tuple[str, float, float, int],
                    box: tuple[float, float, float, float] | None) -> Character:
    return Character(*raw, box)


def _raise_first(results: Sequence[Result], first: int) -> None:
    """Raises the first error; the number of its image in the whole list becomes a note on it."""
    for i, result in enumerate(results, first):
        if result.error is not None:
            result.error.add_note(f"in images[{i}]")
            raise result.error


# ---- the model ----

class Model:
    """A recogniser, opened from a PyTorch checkpoint (or a safetensors file). Nothing in the file is executed.

    path_or_bytes       a path, or the bytes of a checkpoint (read during the call only)
    charset             the alphabet: a preset's name (charset_presets() lists them), a pathlib.Path of a file with the
                        characters, or the characters themselves in class order. None: the sidecar's, else the one
                        preset that fits the number of classes
    preset              "clovaai" or "easyocr": whose preprocessing and confidence. None: the sidecar's, else "clovaai"
    pad                 clovaai's --PAD: keep the aspect ratio. None: the sidecar's, else False
    img_h, img_w        the input size. None: from the tensors (TPS), else the sidecar's, else 32 x 100 (easyocr: 64)
    batch_max_length    attention decodes at most this many characters. None: the sidecar's, else 25
    compat              clovaai's demo.py to the letter, its defects included
    cpu                 the best processor tier to use: "auto", "ref", "blas", "avx2", "avx512"
    threads             threads that work on one call. None: one per processor. Programs that call read() from several
                        threads of their own are fastest with 1
    batch_size          images of a list that go through the network together: memory against speed. The answer does not
                        depend on it
    max_sessions        calls that may run at the same time, each with scratch memory of its own; the next one waits.
                        None: one per processor
    sidecar             look for opt.txt or STEM.yaml beside the checkpoint
    expect              what the caller believes of the network, see Expect; contradicting the tensors is an error
    retry_contrast      easyocr: read a word of confidence below 0.1 once more with its contrast stretched, and keep the
                        surer reading, as readtext() does

    Raises a subclass of trba.Error. A model may be used from any number of threads at once, and after os.fork(). It
    cannot be pickled: open it in each process.
    """

    def __init__(self, path_or_bytes: str | os.PathLike[str] | bytes | bytearray | memoryview, *,
                 charset: str | os.PathLike[str] | None = None, preset: Literal["clovaai", "easyocr"] | None = None,
                 pad: bool | None = None, img_h: int | None = None, img_w: int | None = None,
                 batch_max_length: int | None = None, compat: bool = False, cpu: str = "auto",
                 threads: int | None = None, batch_size: int = 16, max_sessions: int | None = None,
                 sidecar: bool = True, expect: Expect | None = None, retry_contrast: bool = True) -> None:
        source, is_path = locate(path_or_bytes)
        if batch_size < 1 or (threads is not None and threads < 1) or (max_sessions is not None and max_sessions < 1):
            raise ArgumentError("batch_size, threads and max_sessions must be at least 1")
        capsule = _core.open_model(
            source, is_path, _number_expect(expect or {}, img_h, img_w), *_split_charset(charset),
            _find_name("preset", preset, PRESETS), _number_choice(pad), batch_max_length or 0, _number_choice(compat),
            _number_choice(sidecar), _core.cpu_from_name(cpu.encode()))
        self._info = _make_info(capsule)
        self._batch_size = batch_size
        self._pool: SessionPool | None = SessionPool(
            capsule, threads or 0, max_sessions or _count_processors(), _number_choice(retry_contrast))

    @property
    def info(self) -> ModelInfo:
        """What the model is; also after close()."""
        return self._info

    @overload  # a str is an Iterable of str as well, but means one image
    def read(self, images: ImageInput, *,  # type: ignore[overload-overlap]
             channel_order: ChannelOrder = "rgb", errors: Literal["raise", "return"] = "raise") -> Result: ...

    @overload
    def read(self, images: Iterable[ImageInput], *, channel_order: ChannelOrder = "rgb",
             errors: Literal["raise", "return"] = "raise") -> list[Result]: ...

    def read(self, images: Any, *, channel_order: ChannelOrder = "rgb",
             errors: Literal["raise", "return"] = "raise") -> Result | list[Result]:
        """Reads one image, or each of an iterable: one Result, or a list of them in order.

        images          an image, or a list or other iterable of images. An image is
                          a path                          of a PNG or JPEG file
                          bytes, any 1-D buffer           the contents of such a file
                          a NumPy array, any 2-D or 3-D buffer of uint8: [h, w] grey, [h, w, 3] colour, [h, w, 4] colour
                            with alpha, which is ignored; rows may be apart, other strides cost a copy
                          a PIL image                     of any mode
        channel_order   of arrays: "rgb", or "bgr" for OpenCV's
        errors          "raise": the first bad image ends the call with its exception. "return": it becomes a Result
                        whose error says why, and the others are read

        Images are not copied where that is possible, and are read while other threads run: they must not change during
        the call. Texts and numbers are the same bits whatever else is in the list, and however many threads there are.
        """
        if channel_order not in ("rgb", "bgr") or errors not in ("raise", "return"):
            raise ArgumentError(f'channel_order must be "rgb" or "bgr", errors "raise" or "return"; they are '
                                f'"{channel_order}" and "{errors}"')
        if is_single(images):
            return self._read_one(images, channel_order, errors == "raise")
        results: list[Result] = []
        for chunk in _split(images, _CHUNK):
            read_now = self._read_chunk(chunk, channel_order, self._batch_size)
            if errors == "raise":
                _raise_first(read_now, len(results))
            results += read_now
        return results

    def _read_one(self, image: ImageInput, channel_order: ChannelOrder, raises: bool) -> Result:
        result, = self._read_chunk([image], channel_order, 1)
        if raises and result.error is not None:
            raise result.error
        return result

    def _read_chunk(self, images: Sequence[ImageInput], channel_order: ChannelOrder, batch: int) -> list[Result]:
        """One result per image, failed ones included."""
        input_channel = self._info.architecture.input_channel
        prepared = [try_prepare(image, channel_order, input_channel) for image in images]
        good = [image for image in prepared if not isinstance(image, Error)]
        raw = iter(self._read_prepared(good, batch))
        return [failed_result(image) if isinstance(image, Error) else _make_result(next(raw), self._info)
                for image in prepared]

    def _read_prepared(self, images: list[CoreImage], batch: int) -> list[Any]:
        pool = self._pool
        if pool is None:
            raise ArgumentError("the model is closed")
        with pool.session(batch) as session:
            return _core.read(session, images)

    def close(self) -> None:
        """Gives the memory back, as soon as the calls that are running have ended. Closing again does nothing."""
        self._pool = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        info = self._info
        closed = " closed" if self._pool is None else ""
        return (f"<trba.Model {info.architecture.name} charset={info.charset} preset={info.preset} cpu={info.cpu}"
                f"{closed}>")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a trba.Model cannot be pickled or copied: open the checkpoint in each process")
