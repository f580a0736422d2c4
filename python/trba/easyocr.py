# SPDX-License-Identifier: Apache-2.0
"""Reads with trba inside an EasyOCR Reader: the same boxes, texts and results, sooner.

    import easyocr
    import trba.easyocr

    reader = trba.easyocr.accelerate(easyocr.Reader(["en"]))
    reader.readtext("page.jpg")          # as before, with every argument

    readtext() --> CRAFT finds boxes --> recognize() cuts grey crops, img_h high
                                             get_text(crops)     <- this is what is replaced, in this reader only
                                         rotations, paragraphs, output formats

    get_text   crops -> the network's input, padded to the call's width                          _fit_crop
               allowlist, blocklist, languages: classes that cannot win, in a model of their own  _silence_classes
               confidence below contrast_ths: once more with EasyOCR's stretched contrast         _Recogniser.read

The answers are those of Reader(quantize=False): EasyOCR's default on a processor rounds some weights to 8 bits, and
this module does not. Beam search and lines over 64 times as long as high are read by EasyOCR itself.

Nothing here imports PyTorch; EasyOCR has done so.
"""

from __future__ import annotations

import inspect
import json
import math
import sys
import threading
import types
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from ._errors import ArgumentError, CannotReadError, UnsupportedError
from ._model import Model

try:
    import easyocr
    import numpy as np
    from easyocr import easyocr as _reader_module  # the module of Reader, whose names recognize() looks up
    from easyocr.recognition import adjust_contrast_grey
    from PIL import Image
except ImportError as error:
    raise ImportError(f"trba.easyocr works inside EasyOCR, which cannot be imported ({error}): "
                      "install the package easyocr") from error

Array: TypeAlias = Any  # a NumPy array
Reading: TypeAlias = tuple[str, float]  # text, confidence

# Models in memory at once: one for the reader's languages, one for the allowlist or blocklist that came last.
_MAX_MODELS: Final = 2
# trba reads images up to so many times as wide as high.
_MAX_RATIO: Final = 64
# A logit whose softmax is zero in float beside any other.
_SILENT: Final = -1e4


# ---- weights: from the reader to the bytes of a checkpoint ----

def _find_checkpoint(reader: Any) -> Path:
    """The file that the reader was made from. Readers do not say; this follows Reader.__init__()."""
    generations = {"easyocr.model.model": "gen1", "easyocr.model.vgg_model": "gen2"}
    generation = generations.get(type(reader.recognizer).__module__)
    names = [entry["filename"] for entry in reader.recognition_models.get(generation, {}).values()
             if entry["model_script"] == reader.model_lang and entry["characters"] == reader.character]
    path = Path(reader.model_storage_directory) / (names[0] if names else f"{reader.model_lang}.pth")
    if not path.is_file():
        raise CannotReadError(f"the reader is quantised, and {path}, where its weights should be, is no file: "
                              "make the reader with quantize=False")
    return path


def _read_weights(reader: Any) -> dict[str, Array]:
    """The tensors of the reader's network, in float32. EasyOCR quantises in place; then the file has the weights."""
    network = getattr(reader.recognizer, "module", reader.recognizer)  # on a GPU: inside DataParallel
    state = network.state_dict()
    if any("_packed_params" in name for name in state):
        torch = sys.modules["torch"]
        state = torch.load(_find_checkpoint(reader), map_location="cpu", weights_only=True)
    return {name: tensor.detach().cpu().float().numpy() for name, tensor in state.items() if tensor.is_floating_point()}


def _silence_classes(tensors: Mapping[str, Array], classes: Sequence[int]) -> dict[str, Array]:
    """Weights with which these classes have probability 0, and the others share what they had: what EasyOCR computes
    from the probabilities."""
    silenced = dict(tensors)
    for name in tensors:
        if name.endswith("Prediction.weight") or name.endswith("Prediction.bias"):
            silenced[name] = tensors[name].copy()
            silenced[name][list(classes)] = 0 if name.endswith("weight") else _SILENT
    return silenced


def _write_safetensors(tensors: Mapping[str, Array]) -> bytes:
    header, offset = {}, 0
    for name, tensor in tensors.items():
        header[name] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": (offset, offset + tensor.nbytes)}
        offset += tensor.nbytes
    text = json.dumps(header).encode()
    data = [np.ascontiguousarray(tensor, "<f4").data for tensor in tensors.values()]
    return b"".join([len(text).to_bytes(8, "little"), text, *data])


# ---- pictures ----

def _fit_crop(crop: Array, img_h: int, img_w: int) -> Array:
    """[h, w] -> [img_h, img_w]: its height made img_h, its last column repeated. As EasyOCR prepares a crop; trba has
    nothing left to resize in it."""
    height, width = crop.shape
    fitted = min(img_w, math.ceil(img_h * (width / height)))
    if (fitted, img_h) != (width, height):
        crop = np.asarray(Image.fromarray(crop).resize((fitted, img_h), Image.Resampling.BICUBIC))
    return np.pad(crop, ((0, 0), (0, img_w - fitted)), mode="edge")


# ---- reading ----

class _Recogniser:
    """Reads crops as a reader's own network would. Safe for any number of threads."""

    def __init__(self, reader: Any, threads: int | None) -> None:
        self._reader = reader
        self._threads = threads
        self._lock = threading.Lock()
        self._models: OrderedDict[tuple[int, tuple[int, ...]], Model] = OrderedDict()

    def _open_model(self, img_h: int, ignored: tuple[int, ...]) -> Model:
        weights = _silence_classes(_read_weights(self._reader), ignored)
        return Model(_write_safetensors(weights), charset="".join(self._reader.converter.character[1:]),
                     preset="easyocr", img_h=img_h, threads=self._threads, retry_contrast=False)

    def model(self, img_h: int, ignore_char: str) -> Model:
        """The model for that height which never reads one of `ignore_char`; opened at its first use."""
        character = self._reader.character
        # Of a character that occurs twice EasyOCR ignores the first.
        ignored = tuple(sorted({character.index(char) + 1 for char in ignore_char if char in character}))
        with self._lock:
            if (img_h, ignored) not in self._models:
                self._models[img_h, ignored] = self._open_model(img_h, ignored)
            self._models.move_to_end((img_h, ignored))
            while len(self._models) > _MAX_MODELS:  # calls that use it go on; the last one frees it
                self._models.popitem(last=False)
            return self._models[img_h, ignored]

    def read(self, crops: Sequence[Array], call: Mapping[str, Any]) -> list[Reading]:
        """`call`: the arguments of get_text()."""
        model = self.model(call["imgH"], call["ignore_char"])

        def read_once(crops: Sequence[Array]) -> list[Reading]:
            fitted = [_fit_crop(crop, call["imgH"], call["imgW"]) for crop in crops]
            return [(result.text, result.confidence) for result in model.read(fitted)]

        readings = read_once(crops)
        unsure = [i for i, (_, confidence) in enumerate(readings) if confidence < call["contrast_ths"]]
        target = call["adjust_contrast"]
        stretched = [adjust_contrast_grey(crops[i], target=target) if target > 0 else crops[i] for i in unsure]
        for i, second in zip(unsure, read_once(stretched), strict=True):
            readings[i] = readings[i] if readings[i][1] > second[1] else second
        return readings


def _can_read(call: Mapping[str, Any]) -> bool:
    return bool(call["decoder"] == "greedy" and call["imgW"] <= _MAX_RATIO * call["imgH"])


def _make_get_text(recogniser: _Recogniser) -> Callable[..., list[tuple[Any, str, float]]]:
    """A function to be called as EasyOCR's get_text(): [(box, crop)] -> [(box, text, confidence)]."""
    original = _reader_module.get_text
    signature = inspect.signature(original)

    def get_text(*args: Any, **kwargs: Any) -> list[tuple[Any, str, float]]:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        call = bound.arguments
        if not _can_read(call):
            return original(*args, **kwargs)  # type: ignore[no-any-return]
        images = call["image_list"]
        readings = recogniser.read([crop for _, crop in images], call)
        return [(box, *reading) for (box, _), reading in zip(images, readings, strict=True)]

    return get_text


# ---- the reader ----

def _check_easyocr() -> None:
    """What this module relies on inside EasyOCR; written against 1.7.2."""
    used = {"imgH", "imgW", "image_list", "ignore_char", "decoder", "contrast_ths", "adjust_contrast"}
    missing = used - set(inspect.signature(_reader_module.get_text).parameters)
    if missing or "get_text" not in easyocr.Reader.recognize.__code__.co_names:
        raise UnsupportedError(f"EasyOCR {easyocr.__version__} is built differently from 1.7.2, which trba.easyocr is "
                               "made for")


def _check_reader(reader: Any) -> None:
    if not isinstance(reader, easyocr.Reader):
        raise ArgumentError(f"the reader is a {type(reader).__name__}; it must be an easyocr.Reader")
    if type(reader).recognize is not easyocr.Reader.recognize:
        raise ArgumentError(f"{type(reader).__name__} has a recognize() of its own, in which nothing can be replaced")
    if not hasattr(reader, "recognizer"):
        raise ArgumentError("the reader was made with recognizer=False: there is nothing to accelerate")


def accelerate(reader: Any, *, threads: int | None = None) -> Any:
    """Makes this easyocr.Reader recognise with trba, and returns it. Detection stays EasyOCR's.

    reader    any whose recogniser is one of the 24 networks, as all that EasyOCR comes with are
    threads   as in trba.Model: threads that work on one call; None: one per processor

    Texts and confidences are those of the network in full precision, as with Reader(quantize=False), rounding apart.
    Every argument of readtext(), readtext_batched() and recognize() means what it did, except that `workers` has
    nothing to do any more, and that `batch_size` does not bound memory. What trba cannot do is left to EasyOCR: the
    decoders "beamsearch" and "wordbeamsearch", and lines over 64 times as long as high.

    Raises a subclass of trba.Error, and leaves the reader as it was, if the network is none that trba reads.
    """
    _check_easyocr()
    _check_reader(reader)
    recogniser = _Recogniser(reader, threads)
    recogniser.model(_reader_module.imgH, "".join(set(reader.character) - set(reader.lang_char)))
    get_text = _make_get_text(recogniser)
    original = easyocr.Reader.recognize

    def recognize(*args: Any, **kwargs: Any) -> Any:
        # EasyOCR's own function, for which get_text() alone means something else. Its globals are copied in each call
        # because readers of custom networks change them.
        replaced = types.FunctionType(original.__code__, {**vars(_reader_module), "get_text": get_text},
                                      original.__name__, original.__defaults__, original.__closure__)
        return replaced(reader, *args, **kwargs)

    reader.recognize = recognize
    return reader


def restore(reader: Any) -> Any:
    """Undoes accelerate(), and returns the reader. Does nothing to a reader that is not accelerated."""
    vars(reader).pop("recognize", None)
    return reader
