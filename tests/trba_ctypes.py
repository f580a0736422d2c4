# SPDX-License-Identifier: Apache-2.0
"""include/trba.h for the Python tests, through ctypes.

    with Model(path, charset_text="...", cpu="avx2") as model, Session(model, batch_size=8) as session:
        for result in session.read_batch([array, b"encoded bytes", "file.png"]):
            print(result.text, result.confidence)

Images are given as NumPy arrays (uint8 [h, w] or [h, w, 3] RGB: raw pixels, rows may be apart), bytes (an encoded file)
or paths. A Page is opened from any of these, and Session.read_regions() reads boxes (x, y, w, h) and quadrilaterals
(four (x, y)) on it. Session.trace() also gives every stage's activations, through the one inner function
session_set_trace().
The library is the one named by the environment variable TRBA_TESTING_LIB.
"""

import ctypes
import itertools
import os
from ctypes import POINTER, c_char, c_char_p, c_float, c_int, c_int64, c_size_t, c_void_p
from dataclasses import dataclass

import numpy as np

CPUS = ("auto", "ref", "blas", "avx2", "avx512", "avx512vnni", "avx512amx")
PRECISIONS = ("fp32", "int16", "bf16", "auto")
TRANSFORMATIONS = ("any", "None", "TPS")
FEATURE_EXTRACTIONS = ("any", "VGG", "RCNN", "ResNet")
SEQUENCE_MODELINGS = ("any", "None", "BiLSTM")
PREDICTIONS = ("any", "CTC", "Attn")
PRESETS = ("any", "clovaai", "easyocr")
IMAGE_FILE, IMAGE_ENCODED, IMAGE_PIXELS = 1, 2, 3
PIXELS_GREY, PIXELS_RGB = 1, 2
EXIF = ("any", "ignore", "apply")
ALPHA = ("ignore", "white", "black")
ROTATE = ("none", "auto", "tall", "any")


class ErrorStruct(ctypes.Structure):
    _fields_ = [("status", c_int), ("message", c_char * 2044)]


class ArchitectureStruct(ctypes.Structure):
    _fields_ = [(name, c_int) for name in (
        "transformation", "feature_extraction", "sequence_modeling", "prediction", "input_channel", "output_channel",
        "hidden_size", "num_fiducial", "num_class", "img_h", "img_w")]


class TensorInfoStruct(ctypes.Structure):
    _fields_ = [("name", c_char_p), ("dtype", c_char_p), ("n_dimensions", c_int), ("shape", c_int64 * 8)]


class ModelOptionsStruct(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("expect", ArchitectureStruct), ("charset_preset", c_char_p),
                ("charset_text", c_char_p), ("charset_file", c_char_p), ("preset", c_int), ("pad", c_int),
                ("batch_max_length", c_int), ("compat", c_int), ("use_sidecar", c_int), ("cpu", c_int),
                ("precision", c_int)]


class ModelInfoStruct(ctypes.Structure):
    _fields_ = [("architecture", ArchitectureStruct), ("preset", c_int), ("pad", c_int), ("compat", c_int),
                ("batch_max_length", c_int), ("cpu", c_int), ("precision", c_int), ("charset_name", c_char_p),
                ("n_characters", c_int), ("sidecar", c_char_p), ("rotate", c_int), ("packed_bytes", c_size_t)]


class LayerInfoStruct(ctypes.Structure):
    _fields_ = [("name", c_char_p), ("work", c_char_p), ("kernels", c_char_p), ("packed_bytes", c_size_t)]


class ImageStruct(ctypes.Structure):
    _fields_ = [("kind", c_int), ("path", c_char_p), ("bytes", c_void_p), ("n_bytes", c_size_t), ("width", c_int),
                ("height", c_int), ("stride_bytes", c_size_t), ("format", c_int)]


class CharacterStruct(ctypes.Structure):
    _fields_ = [("text", c_char_p), ("probability", c_float), ("position", c_float), ("step", c_int)]


class ResultStruct(ctypes.Structure):
    _fields_ = [("status", c_int), ("message", c_char_p), ("text", c_char_p), ("confidence", c_float),
                ("score", c_float), ("n_characters", c_size_t), ("characters", POINTER(CharacterStruct)),
                ("truncated", c_int), ("width", c_int), ("height", c_int), ("rotation", c_int)]


class SessionOptionsStruct(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("n_threads", c_int), ("batch_size", c_int), ("exif", c_int),
                ("alpha", c_int), ("retry_contrast", c_int), ("rotate", c_int)]


class PageOptionsStruct(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("preset", c_int), ("exif", c_int), ("alpha", c_int)]


class RegionStruct(ctypes.Structure):
    _fields_ = [("x", c_float * 4), ("y", c_float * 4)]


class RegionOptionsStruct(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("rotate", c_int), ("vertical", c_int)]


TRACE_FUNCTION = ctypes.CFUNCTYPE(None, c_void_p, c_char_p, POINTER(c_float), c_int, c_int, c_int, c_int, c_size_t,
                                  c_size_t, c_size_t)


class TrbaError(Exception):
    """A call failed: its status' name, and the message of trba_error."""

    def __init__(self, status, message):
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


def _load_library():
    library = ctypes.CDLL(os.environ["TRBA_TESTING_LIB"])

    def declare(name, result, *arguments):
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments

    error = POINTER(ErrorStruct)
    declare("trba_status_name", c_char_p, c_int)
    declare("trba_version", c_char_p)
    declare("trba_cpu_best", c_int)
    declare("trba_model_options_default", ModelOptionsStruct)
    declare("trba_model_open", c_int, c_char_p, POINTER(ModelOptionsStruct), POINTER(c_void_p), error)
    declare("trba_model_open_memory", c_int, c_char_p, c_size_t, POINTER(ModelOptionsStruct), POINTER(c_void_p), error)
    declare("trba_model_free", None, c_void_p)
    declare("trba_model_get_info", None, c_void_p, POINTER(ModelInfoStruct))
    declare("trba_model_character", c_char_p, c_void_p, c_size_t)
    declare("trba_model_layer_count", c_size_t, c_void_p)
    declare("trba_model_layer", c_int, c_void_p, c_size_t, POINTER(LayerInfoStruct))
    declare("trba_session_options_default", SessionOptionsStruct)
    declare("trba_session_new", c_int, c_void_p, POINTER(SessionOptionsStruct), POINTER(c_void_p), error)
    declare("trba_session_free", None, c_void_p)
    declare("trba_session_read", c_int, c_void_p, POINTER(ImageStruct), POINTER(POINTER(ResultStruct)), error)
    declare("trba_session_read_batch", c_int, c_void_p, POINTER(ImageStruct), c_size_t,
            POINTER(POINTER(ResultStruct)), error)
    declare("trba_session_memory", c_size_t, c_void_p)
    declare("trba_page_options_default", PageOptionsStruct)
    declare("trba_page_open", c_int, POINTER(ImageStruct), POINTER(PageOptionsStruct), POINTER(c_void_p), error)
    declare("trba_page_size", None, c_void_p, POINTER(c_int), POINTER(c_int))
    declare("trba_page_memory", c_size_t, c_void_p)
    declare("trba_page_free", None, c_void_p)
    declare("trba_region_options_default", RegionOptionsStruct)
    declare("trba_session_read_regions", c_int, c_void_p, c_void_p, POINTER(RegionStruct), c_size_t,
            POINTER(RegionOptionsStruct), POINTER(POINTER(ResultStruct)), error)
    return library


_library = None


def library():
    """The library under test, loaded once."""
    global _library
    if _library is None:
        _library = _load_library()
    return _library


def available_cpus():
    """The tiers this processor and build have, plainest first: ["ref", "blas", ...]."""
    return CPUS[1:library().trba_cpu_best() + 1]


def precisions_of(cpu):
    """The precisions to run in a tier: those that are not fp32 by another name. bfloat16 takes its time without AMX
    (the testing library computes in it all the same), so it runs in the best tier alone."""
    if cpu in ("ref", "blas"):
        return ("fp32",)
    return ("fp32", "int16", "bf16") if cpu == available_cpus()[-1] else ("fp32", "int16")


def _check(status, error):
    if status:
        raise TrbaError(library().trba_status_name(status).decode(), error.message.decode())


class Model:
    """A trba_model. `source`: a path, or a checkpoint's bytes. `expect`: fields of trba_architecture."""

    def __init__(self, source, *, charset_preset=None, charset_text=None, charset_file=None, preset="any", pad=None,
                 batch_max_length=0, compat=None, use_sidecar=False, cpu="auto", precision="fp32", expect=None):
        options = library().trba_model_options_default()
        _set_architecture(options.expect, expect or {})
        for name, value in (("charset_preset", charset_preset), ("charset_text", charset_text),
                            ("charset_file", charset_file)):
            setattr(options, name, None if value is None else str(value).encode())
        options.preset = PRESETS.index(preset)
        for name, value in (("pad", pad), ("compat", compat), ("use_sidecar", use_sidecar)):
            setattr(options, name, 0 if value is None else 1 + bool(value))
        options.batch_max_length = batch_max_length
        options.cpu = CPUS.index(cpu)
        options.precision = PRECISIONS.index(precision)
        self._handle, error = c_void_p(), ErrorStruct()
        if isinstance(source, bytes):
            status = library().trba_model_open_memory(source, len(source), options, self._handle, error)
        else:
            status = library().trba_model_open(os.fsencode(source), options, self._handle, error)
        _check(status, error)

    @property
    def handle(self):
        return self._handle

    def info(self):
        """trba_model_info, as the C struct; its strings live as long as the model."""
        info = ModelInfoStruct()
        library().trba_model_get_info(self._handle, info)
        return info

    def characters(self):
        """The alphabet, in class order."""
        texts = (library().trba_model_character(self._handle, index) for index in itertools.count())
        return [text.decode() for text in itertools.takewhile(lambda text: text is not None, texts)]

    def kernels(self):
        """{layer: the kernels that compute it}."""
        found = {}
        for index in range(library().trba_model_layer_count(self._handle)):
            layer = LayerInfoStruct()
            if library().trba_model_layer(self._handle, index, layer):
                raise IndexError(index)
            found[layer.name.decode()] = layer.kernels.decode()
        return found

    def close(self):
        library().trba_model_free(self._handle)
        self._handle = c_void_p()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _set_architecture(struct, expect):
    enums = {"transformation": TRANSFORMATIONS, "feature_extraction": FEATURE_EXTRACTIONS,
             "sequence_modeling": SEQUENCE_MODELINGS, "prediction": PREDICTIONS}
    for name, value in expect.items():
        setattr(struct, name, enums[name].index(value) if name in enums else value)


@dataclass(frozen=True)
class Character:
    text: str
    probability: float
    position: float
    step: int


@dataclass(frozen=True)
class Result:
    """A copy of trba_result; `status` by name. Equal only if every number is the same bits."""

    status: str
    message: str
    text: str
    confidence: float
    score: float
    characters: tuple
    truncated: bool
    width: int
    height: int
    rotation: int = 0


def _copy_result(struct):
    characters = tuple(Character(c.text.decode(), c.probability, c.position, c.step)
                       for c in struct.characters[:struct.n_characters]) if struct.n_characters else ()
    return Result(library().trba_status_name(struct.status).decode(), struct.message.decode(), struct.text.decode(),
                  struct.confidence, struct.score, characters, bool(struct.truncated), struct.width, struct.height,
                  struct.rotation)


def _fill_image(struct, image):
    """Points `struct` at `image`; returns what must live as long as the struct."""
    if isinstance(image, np.ndarray):
        if image.strides[-1] != 1 or (image.ndim == 3 and image.strides[1] != image.shape[2]):
            image = np.ascontiguousarray(image)
        struct.kind, struct.bytes = IMAGE_PIXELS, image.ctypes.data
        struct.height, struct.width, struct.stride_bytes = image.shape[0], image.shape[1], image.strides[0]
        struct.format = PIXELS_GREY if image.ndim == 2 else PIXELS_RGB
        return image
    if isinstance(image, bytes):
        buffer = ctypes.create_string_buffer(image, len(image))
        struct.kind, struct.bytes, struct.n_bytes = IMAGE_ENCODED, ctypes.addressof(buffer), len(image)
        return buffer
    struct.kind, struct.path = IMAGE_FILE, os.fsencode(image)
    return image


class Page:
    """A trba_page, from whatever an image may be."""

    def __init__(self, image, *, preset="any", exif="any", alpha="ignore"):
        struct, options = ImageStruct(), library().trba_page_options_default()
        options.preset, options.exif, options.alpha = PRESETS.index(preset), EXIF.index(exif), ALPHA.index(alpha)
        kept = _fill_image(struct, image)
        self._handle, error = c_void_p(), ErrorStruct()
        _check(library().trba_page_open(struct, options, self._handle, error), error)
        del kept

    @property
    def handle(self):
        return self._handle

    def size(self):
        """(width, height)."""
        width, height = c_int(), c_int()
        library().trba_page_size(self._handle, width, height)
        return width.value, height.value

    def memory(self):
        return library().trba_page_memory(self._handle)

    def close(self):
        library().trba_page_free(self._handle)
        self._handle = c_void_p()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _fill_region(struct, region):
    if np.ndim(region) == 1:
        x, y, w, h = region
        region = [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]
    for i, (x, y) in enumerate(region):
        struct.x[i], struct.y[i] = x, y


class Session:
    """A trba_session."""

    def __init__(self, model, *, n_threads=1, batch_size=1, exif="any", alpha="ignore", retry_contrast=None,
                 rotate="any"):
        self._model = model
        options = library().trba_session_options_default()
        options.n_threads, options.batch_size = n_threads, batch_size
        options.exif, options.alpha = EXIF.index(exif), ALPHA.index(alpha)
        options.retry_contrast = 0 if retry_contrast is None else 1 + bool(retry_contrast)
        options.rotate = ROTATE.index(rotate)
        self._handle, error = c_void_p(), ErrorStruct()
        _check(library().trba_session_new(model.handle, options, self._handle, error), error)

    def read(self, image):
        struct = ImageStruct()
        kept = _fill_image(struct, image)
        result, error = POINTER(ResultStruct)(), ErrorStruct()
        _check(library().trba_session_read(self._handle, struct, result, error), error)
        del kept
        return _copy_result(result[0])

    def read_batch(self, images):
        structs = (ImageStruct * len(images))()
        kept = [_fill_image(struct, image) for struct, image in zip(structs, images)]
        results, error = POINTER(ResultStruct)(), ErrorStruct()
        _check(library().trba_session_read_batch(self._handle, structs, len(images), results, error), error)
        del kept
        return [_copy_result(results[i]) for i in range(len(images))]

    def read_regions(self, page, regions, *, rotate="none", vertical=None):
        structs, options = (RegionStruct * len(regions))(), library().trba_region_options_default()
        for struct, region in zip(structs, regions):
            _fill_region(struct, region)
        options.rotate, options.vertical = ROTATE.index(rotate), 0 if vertical is None else 1 + bool(vertical)
        results, error = POINTER(ResultStruct)(), ErrorStruct()
        _check(library().trba_session_read_regions(self._handle, page.handle, structs, len(regions), options, results,
                                                   error), error)
        return [_copy_result(results[i]) for i in range(len(regions))]

    def trace(self, images):
        """(results, stages): stages maps a stage's name to one float32 array [h, w, c] per image, in order."""
        stages = {}

        def keep(_user, stage, data, n, h, w, c, pixel_stride, row_stride, image_stride):
            flat = np.ctypeslib.as_array(data, shape=((n - 1) * image_stride + (h - 1) * row_stride
                                                      + (w - 1) * pixel_stride + c,))
            strides = [4 * stride for stride in (image_stride, row_stride, pixel_stride, 1)]
            batch = np.lib.stride_tricks.as_strided(flat, (n, h, w, c), strides)
            stages.setdefault(stage.decode(), []).extend(batch.copy())

        callback = TRACE_FUNCTION(keep)
        set_trace = library().session_set_trace
        set_trace.restype, set_trace.argtypes = None, [c_void_p, c_void_p, c_void_p]
        set_trace(self._handle, ctypes.cast(callback, c_void_p), None)
        try:
            return self.read_batch(images), stages
        finally:
            set_trace(self._handle, None, None)

    def memory(self):
        return library().trba_session_memory(self._handle)

    def close(self):
        library().trba_session_free(self._handle)
        self._handle = c_void_p()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
