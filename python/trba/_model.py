# SPDX-License-Identifier: Apache-2.0
"""Model: a checkpoint that reads images.

    Model(path)              options by name -> the numbers of trba_model_options -> _core.open_model
    model.read(...)          images -> chunks -> _core.read in a session of the pool, without the GIL -> Result objects
    model.read_regions(...)  image -> Page; regions -> chunks -> _core.read_regions likewise
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, NoReturn, TypedDict, TypeVar, overload

from . import _core
from ._closing import Closing
from ._errors import ArgumentError, CannotReadError, Error, naming_files
from ._images import FILE, ChannelOrder, CoreImage, ImageInput, ImageRules, describe, is_single, try_prepare
from ._options import (
    ALPHAS,
    EXIFS,
    PRECISIONS,
    PRESETS,
    ROTATES,
    Alpha,
    Exif,
    Precision,
    Preset,
    Rotate,
    check_count,
    check_ways,
    encode_path,
    encode_text,
    find_name,
    looks_like_file,
    number_choice,
)
from ._page import Page
from ._pool import SessionPool
from ._regions import CoreRegion, RegionInput, prepare_region
from ._results import fail_result, make_info, make_result, raise_first
from ._types import (
    FEATURE_EXTRACTIONS,
    PREDICTIONS,
    SEQUENCE_MODELINGS,
    TRANSFORMATIONS,
    ModelInfo,
    Result,
)

_T = TypeVar("_T")

# Images and regions are taken from the caller in chunks, so that an iterable may be longer than memory, and Ctrl-C is
# answered.
_CHUNK: Final = 256

# trba.h's limits of the options.
_MAX_IMG_H: Final = 1024
_MAX_IMG_W: Final = 16384
_MAX_BATCH_MAX_LENGTH: Final = 1024
_MAX_LAYER_SIZE: Final = 1 << 20
_MAX_THREADS: Final = 64
_MAX_BATCH_SIZE: Final = 4096
_MAX_SESSIONS: Final = 1 << 30  # the library has no limit; this is room for all that can be

DEFAULT_MODEL: Final = os.path.join(os.path.dirname(__file__), "models", "trba.pth")

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

def _number_expect(expect: Mapping[str, Any], img_h: int, img_w: int) -> tuple[int, ...]:
    """The members of trba_architecture in order."""
    known = (*_ARCHITECTURE_NAMES, *_ARCHITECTURE_SIZES)
    for name in expect:
        if name not in known:
            raise ArgumentError(f'expect has the key "{name}"; it may have {", ".join(known)}')
    stages = [find_name(f"expect: {name}", expect.get(name), names) for name, names in _ARCHITECTURE_NAMES.items()]
    sizes = [check_count(f"expect: {name}", expect.get(name) or None, _MAX_LAYER_SIZE) for name in _ARCHITECTURE_SIZES]
    return (*stages, *sizes, img_h, img_w)


def _split_charset(charset: str | os.PathLike[str] | None) -> tuple[bytes | None, bytes | None, bytes | None]:
    """(preset, text, file), of which at most one is not None."""
    if charset is None:
        return None, None, None
    if isinstance(charset, os.PathLike):
        return None, None, encode_path("the alphabet's path", charset)
    if not isinstance(charset, str):
        raise TypeError(f"charset is a {type(charset).__name__}; it must be a preset's name, a pathlib.Path, or the "
                        "characters one after the other in a str")
    if any(charset == preset[0] for preset in _core.charset_presets()):
        return charset.encode(), None, None
    if looks_like_file(charset):
        raise ArgumentError(f'charset is "{charset}", which is the name of a file rather than an alphabet: '
                            f'give pathlib.Path("{charset}")')
    return None, encode_text("charset", charset), None


def locate(source: object) -> tuple[Any, bool]:
    """(path as bytes, True), or (buffer, False); None is the package's own model."""
    if source is None:
        source = DEFAULT_MODEL
    if isinstance(source, (str, os.PathLike)):
        return encode_path("the checkpoint's path", source), True
    try:
        view = memoryview(source)  # type: ignore[arg-type]
    except TypeError as error:
        raise TypeError(f"{describe(source)} is no checkpoint: give its path or its bytes (of an open file, what its "
                        "read() gives)") from error
    return view if view.c_contiguous else view.tobytes(), False


def _count_processors() -> int:
    return len(os.sched_getaffinity(0))


def _split(things: Iterable[_T], n: int) -> Iterator[list[_T]]:
    iterator = iter(things)
    while chunk := list(itertools.islice(iterator, n)):
        yield chunk


def _split_to_the_end(things: Iterable[_T], n: int) -> Iterator[list[_T]]:
    """The same, but where the next thing fails, those before it come first."""
    iterator = iter(things)
    chunk: list[_T] = []
    try:
        while True:
            chunk = []
            chunk.extend(itertools.islice(iterator, n))  # what came before a failure stays in it
            if not chunk:
                return
            yield chunk
    except Exception:
        if chunk:
            yield chunk
        raise


def _prepare_regions(regions: Sequence[RegionInput], first: int) -> list[CoreRegion]:
    """What is no region at all is the caller's error, whatever `errors` says."""
    prepared = []
    for i, region in enumerate(regions, first):
        try:
            prepared.append(prepare_region(region))
        except ArgumentError as error:
            error.add_note(f"in regions[{i}]")
            raise
    return prepared


# ---- the model ----

class Model(Closing):
    """A recogniser, opened from a PyTorch checkpoint (or a safetensors file). Nothing in the file is executed.

    path_or_bytes       a path, or the bytes of a checkpoint (read during the call only). None: the package's own model,
                        which reads Latin letters without accents, digits and punctuation
    charset             the alphabet: a preset's name (charset_presets() lists them), a pathlib.Path of a file with the
                        characters, or the characters themselves in class order (a text that is the name of a file
                        is refused). None: the sidecar's, else the preset of which the network leaves no doubt
    preset              "clovaai" or "easyocr": whose preprocessing and confidence. None: the sidecar's, else "clovaai"
                        ("easyocr" for EasyOCR's english_g2)
    pad                 clovaai's --PAD: keep the aspect ratio. None: the sidecar's, else False
    img_h, img_w        the input size. None: from the tensors (TPS), else the sidecar's, else 32 x 100 (easyocr: 64)
    batch_max_length    attention decodes at most this many characters, 1024 at most. None: the sidecar's, else 25
    compat              clovaai's demo.py to the letter, its defects included
    cpu                 the best processor tier to use: "auto", "ref", "blas", "avx2", "avx512", "avx512vnni",
                        "avx512amx"
    precision           the numbers that are multiplied: "fp32": PyTorch's answers; "int16": about 1.5 times as fast
                        with AVX-512 VNNI, more with AMX; hardly a text changes; without AVX2 it is "fp32", see
                        model.info; "bf16": rougher, with AMX, else "fp32"; "auto": "int16" where it is faster than
                        "fp32"
    threads             threads that work on one call, 64 at most. None: one per processor. Programs that call read()
                        from several threads of their own are fastest with 1
    batch_size          images of a list that go through the network together, 4096 at most: memory against speed. The
                        answer does not depend on it
    max_sessions        calls that may run at the same time, each with scratch memory of its own; the next one waits.
                        None: one per processor
    sidecar             look for opt.txt or STEM.yaml beside the checkpoint
    expect              what the caller believes of the network, see Expect; contradicting the tensors is an error
    exif                "apply": a file is turned as its EXIF orientation says; "ignore": it is read as stored. None: as
                        the preset's program, "ignore" for clovaai, "apply" for easyocr. Arrays and PIL images are read
                        as they are
    alpha               what shows where an image is transparent: "ignore": the colour that is stored there, as in both
                        programs; "white", "black": the image laid on white or black
    retry_contrast      easyocr: read a word of confidence below 0.1 once more with its contrast stretched, and keep the
                        surer reading, as readtext() does
    rotate              words that stand on their side: "tall": an image at least 1.5 times as tall as wide is read
                        three times, turned by 0, 90 and 270 degrees, and the surest reading kept; "auto": every image
                        four times, by 180 degrees, too; "none": each once. None: the sidecar's, else "none" ("tall" for
                        the package's own model). read_regions() has an option of its own

    Raises a subclass of trba.Error. A model may be used from any number of threads at once, and after os.fork(). It
    cannot be pickled: open it in each process.
    """

    def __init__(self, path_or_bytes: str | os.PathLike[str] | bytes | bytearray | memoryview | None = None, *,
                 charset: str | os.PathLike[str] | None = None, preset: Preset | None = None,
                 pad: bool | None = None, img_h: int | None = None, img_w: int | None = None,
                 batch_max_length: int | None = None, compat: bool = False, cpu: str = "auto",
                 precision: Precision = "fp32", threads: int | None = None, batch_size: int = 16,
                 max_sessions: int | None = None, sidecar: bool = True, expect: Expect | None = None,
                 exif: Exif | None = None, alpha: Alpha = "ignore", retry_contrast: bool = True,
                 rotate: Rotate | None = None) -> None:
        source, is_path = locate(path_or_bytes)
        n_threads = check_count("threads", threads, _MAX_THREADS)
        self._batch_size = check_count("batch_size", batch_size, _MAX_BATCH_SIZE)
        n_sessions = check_count("max_sessions", max_sessions, _MAX_SESSIONS) or _count_processors()
        n_characters = check_count("batch_max_length", batch_max_length, _MAX_BATCH_MAX_LENGTH)
        expected = _number_expect(expect or {}, check_count("img_h", img_h, _MAX_IMG_H),
                                  check_count("img_w", img_w, _MAX_IMG_W))
        policies = (find_name("exif", exif, EXIFS), find_name("alpha", alpha, ALPHAS),
                    number_choice("retry_contrast", retry_contrast),
                    ROTATES.index("any") if rotate is None else find_name("rotate", rotate, ROTATES))
        with naming_files(path_or_bytes, charset):
            capsule = _core.open_model(
                source, is_path, expected, *_split_charset(charset), find_name("preset", preset, PRESETS),
                number_choice("pad", pad), n_characters, number_choice("compat", compat),
                number_choice("sidecar", sidecar), _core.cpu_from_name(encode_text("cpu", str(cpu))),
                find_name("precision", precision, PRECISIONS))
        self._info = make_info(capsule, rotate)
        self._exif: Exif | None = exif
        self._alpha: Alpha = alpha
        # What iter_read() takes ahead: a batch for every thread.
        self._chunk = min(_CHUNK, self._batch_size * (n_threads or _count_processors()))
        self._pool: SessionPool | None = SessionPool(
            n_sessions, lambda batch: _core.new_session(capsule, n_threads, batch, *policies))

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
                          a PIL image                     of every mode that Pillow converts to L or RGB
                          a file opened for bytes         whatever has a read() that gives bytes: read from where it
                            stands to its end
        channel_order   of arrays: "rgb", or "bgr" for OpenCV's
        errors          "raise": the first bad image ends the call with its exception. "return": it becomes a Result
                        whose error says why, and the others are read

        Images are not copied where that is possible, and are read while other threads run: they must not change during
        the call. Texts and numbers are the same bits whatever else is in the list, and however many threads there are.
        """
        check_ways(channel_order, errors)
        raises = errors == "raise"
        if is_single(images):
            return self._read_one(images, channel_order, raises)
        return list(self._read_many(_split(self._prepare_many(images, channel_order, raises), _CHUNK), raises))

    def iter_read(self, images: Iterable[ImageInput], *, channel_order: ChannelOrder = "rgb",
                  errors: Literal["raise", "return"] = "raise") -> Iterator[Result]:
        """Reads an iterable of images, which may be endless: gives the Results one by one, in order, as read() would.

        A few images are taken ahead, as many as keep all threads at work: batch_size for each, 256 at most. If `images`
        raises an exception, or gives what is no image at all, the results of those before it come first.
        """
        check_ways(channel_order, errors)
        if is_single(images):
            raise TypeError("iter_read() is for many images; read() reads one")
        raises = errors == "raise"
        prepared = self._prepare_many(images, channel_order, raises)
        return self._read_many(_split_to_the_end(prepared, self._chunk), raises)

    def _read_many(self, chunks: Iterable[list[CoreImage | Error]], raises: bool) -> Iterator[Result]:
        n_read = 0
        for chunk in chunks:
            results = self._read_chunk(chunk, self._batch_size)
            chunk.clear()  # whoever takes the results may have the images' buffers back
            while results and not (raises and results[0].error is not None):
                yield results.pop(0)
                n_read += 1
            raise_first(results, n_read, "images")

    def _read_one(self, image: ImageInput, channel_order: ChannelOrder, raises: bool) -> Result:
        results = self._read_chunk([try_prepare(image, self._rules(channel_order), raises=raises)], 1)
        if raises:
            raise_first(results)
        return results[0]

    def _rules(self, channel_order: ChannelOrder) -> ImageRules:
        return ImageRules(channel_order, self._info.architecture.input_channel, self._alpha != "ignore")

    def _prepare_many(self, images: Iterable[ImageInput], channel_order: ChannelOrder,
                      raises: bool) -> Iterator[CoreImage | Error]:
        rules = self._rules(channel_order)
        for i, image in enumerate(images):
            try:
                yield try_prepare(image, rules, raises=raises)
            except Exception as error:  # no image at all
                error.add_note(f"in images[{i}]")
                raise

    def _read_chunk(self, prepared: Sequence[CoreImage | Error], batch: int) -> list[Result]:
        """One result per image, failed ones included."""
        good = [image for image in prepared if not isinstance(image, Error)]
        raw = iter(self._read_prepared(good, batch))
        results = [fail_result(image) if isinstance(image, Error) else make_result(next(raw), self._info)
                   for image in prepared]
        for image, result in zip(prepared, results, strict=True):
            if isinstance(result.error, CannotReadError) and not isinstance(image, Error) and image[0] == FILE:
                result.error.filename = os.fsdecode(image[2])
        return results

    def _read_prepared(self, images: list[CoreImage], batch: int) -> list[Any]:
        with self._open_pool().session(batch) as session:
            return _core.read(session, images)

    def _open_pool(self) -> SessionPool:
        if self._pool is None:
            raise ArgumentError("the model is closed")
        return self._pool

    def open_page(self, image: ImageInput, *, channel_order: ChannelOrder = "rgb") -> Page:
        """A page as the program of the model's preset would see it, with the model's exif and alpha; for
        read_regions(), as often as wanted. One image, as for read(). trba.Page(image) leaves all choices to you."""
        # OpenCV's grey is for networks that read grey.
        is_grey = self._info.preset == "easyocr" and self._info.architecture.input_channel == 1
        return Page(image, preset="easyocr" if is_grey else "clovaai", exif=self._exif, alpha=self._alpha,
                    channel_order=channel_order)

    def read_regions(self, page: Page | ImageInput, regions: Iterable[RegionInput], *, rotate: Rotate | None = None,
                     vertical: bool = False, channel_order: ChannelOrder = "rgb",
                     errors: Literal["raise", "return"] = "raise") -> list[Result]:
        """Reads the words in regions of a page. One Result per region, in order; its `points` are the region's corners.

        page            a Page, or an image of a page, as for read(), which open_page() then opens
        regions         a list or another iterable, or an array of rows. Coordinates are pixels of the page, x to the
                        right, y downwards. Each region is one of
                            (x, y, w, h)                    a box. Of whole numbers: cut out, nothing is resampled
                            (cx, cy, w, h, degrees)         a rotated box, clockwise; or as of cv2.minAreaRect()
                            [(x1, y1), ... (x4, y4)]        four corners, clockwise from the top left of the text; or
                                                            eight numbers
        rotate          "auto": read each region four times, turned by 0, 90, 180 and 270 degrees, and keep the most
                        confident reading; `rotation` says which. "tall": only what is at least 1.5 times as tall as
                        wide, and not by 180 degrees. None: each is read once, whatever the model's own `rotate` is
        vertical        turn what is at least 1.5 times as tall as wide by 90 degrees counter-clockwise, as PaddleOCR
                        does
        channel_order   of an array: "rgb", or "bgr" for OpenCV's
        errors          "raise": the first region that cannot be cut out ends the call. "return": it becomes a Result
                        whose error says why, and the others are read. A page that cannot be opened is raised always

        Runs without the GIL. Texts and numbers are the same bits whatever else is in the list, and however many threads
        there are.
        """
        check_ways(channel_order, errors)
        how = find_name("rotate", rotate, ROTATES), number_choice("vertical", vertical)
        opened = page if isinstance(page, Page) else self.open_page(page, channel_order=channel_order)
        results: list[Result] = []
        for chunk in _split(regions, _CHUNK):
            prepared = _prepare_regions(chunk, len(results))
            with self._open_pool().session(self._batch_size) as session:
                raw = _core.read_regions(session, opened.capsule, prepared, *how)
            read_now = [make_result(result, self._info) for result in raw]
            if errors == "raise":
                raise_first(read_now, len(results), "regions")
            results += read_now
        return results

    def close(self) -> None:
        """Gives the memory back, as soon as the calls that are running have ended. Closing again does nothing."""
        self._pool = None

    def __repr__(self) -> str:
        info = self._info
        closed = " closed" if self._pool is None else ""
        return (f"<trba.Model {info.architecture.name} charset={info.charset} preset={info.preset} cpu={info.cpu}"
                f"{closed}>")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a trba.Model cannot be pickled or copied: open the checkpoint in each process")
