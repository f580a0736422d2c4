# SPDX-License-Identifier: Apache-2.0
"""What the package returns: small frozen classes that own their data and may go to any thread or process."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from ._errors import Error

# Indexed by the enums of trba.h; 0 is "not known" or "whatever the tensors say".
TRANSFORMATIONS: Final = ("any", "None", "TPS")
FEATURE_EXTRACTIONS: Final = ("any", "VGG", "RCNN", "ResNet")
SEQUENCE_MODELINGS: Final = ("any", "None", "BiLSTM")
PREDICTIONS: Final = ("any", "CTC", "Attn")


@dataclass(frozen=True, slots=True)
class Architecture:
    """What network a checkpoint is. The names are the option names of the clovaai programs."""

    name: str  #: e.g. "TPS-ResNet-BiLSTM-Attn"
    transformation: str  #: "None" or "TPS"
    feature_extraction: str  #: "VGG", "RCNN" or "ResNet"
    sequence_modeling: str  #: "None" or "BiLSTM"
    prediction: str  #: "CTC" or "Attn"
    input_channel: int  #: 1 grey, 3 RGB
    output_channel: int  #: channels of the feature extractor's last map
    hidden_size: int  #: of the LSTMs; 0 without any
    num_fiducial: int  #: TPS control points; 0 without TPS
    num_class: int  #: CTC: characters + 1; Attn: characters + 2
    img_h: int  #: input height; of a checkpoint: 0 unless there is TPS
    img_w: int  #: input width; 0 where it is not known, or varies (preset "easyocr")


def make_architecture(numbers: Sequence[Any]) -> Architecture:
    """From _core: the name, then the members of trba_architecture."""
    name, transformation, feature_extraction, sequence_modeling, prediction, *sizes = numbers
    return Architecture(name, TRANSFORMATIONS[transformation], FEATURE_EXTRACTIONS[feature_extraction],
                        SEQUENCE_MODELINGS[sequence_modeling], PREDICTIONS[prediction], *sizes)


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a model is and which settings it uses."""

    architecture: Architecture
    preset: str  #: "clovaai" or "easyocr": whose preprocessing and confidence
    pad: bool  #: the aspect ratio is kept and the last column repeated
    compat: bool  #: clovaai's demo.py to the letter
    batch_max_length: int  #: attention decodes at most this many characters
    rotate: str  #: which images are read turned, too: "none", "tall" or "auto"
    cpu: str  #: the processor tier in use: "ref", "blas", "avx2", "avx512", "avx512vnni", "avx512amx"
    precision: str  #: the numbers that are multiplied: "fp32", "int16" or "bf16"
    charset: str  #: the preset's name, else "custom"
    n_characters: int  #: code points of the alphabet
    sidecar: str | None  #: path of the sidecar that was read
    packed_bytes: int  #: memory of the weights
    characters: tuple[str, ...] = field(repr=False)  #: the alphabet in class order, without blank, [GO] and [s]


Point: TypeAlias = tuple[float, float]
Quadrilateral: TypeAlias = tuple[Point, Point, Point, Point]


@dataclass(frozen=True, slots=True)
class Character:
    """One character of a result."""

    text: str
    probability: float  #: softmax probability of its step (Attn), or of the frame that decided it (CTC)
    position: float  #: its centre, 0..1 of the width of the network's input: padding and rectification included
    step: int  #: decoder step (Attn) or frame (CTC)
    #: (left, top, right, bottom) in pixels of the image as decoded (of the region as cropped and turned): the strip of
    #: the image's full height that reaches half-way to the neighbouring characters, or to the edge of the image; in an
    #: image that was read turned by 90 or 270 degrees, of its full width. The networks say about where a character is,
    #: not where it ends: this is for highlighting, not for measuring. None after TPS, whose positions are those of the
    #: rectified word.
    box: tuple[float, float, float, float] | None

    def to_dict(self) -> dict[str, Any]:
        """For json.dumps(); the box as a list."""
        return {"text": self.text, "probability": self.probability, "position": self.position, "step": self.step,
                "box": list(self.box) if self.box is not None else None}


@dataclass(frozen=True, slots=True)
class Result:
    """What was read in one image, or in one region of a page. `str(result)` is the text."""

    text: str  #: "" on failure
    confidence: float  #: the reference program's; comparable between images of one model
    score: float  #: geometric mean of the characters' probabilities: comparable across lengths
    characters: tuple[Character, ...]
    truncated: bool  #: attention did not reach its end token within batch_max_length
    width: int  #: of the image as decoded, or the region as cropped and turned; 0 if that failed
    height: int
    rotation: int = 0  #: by how many degrees it was turned counter-clockwise to be read: 0, 90, 180 or 270
    points: Quadrilateral | None = None  #: the region's corners, clockwise from the text's top left; None: an image
    status: str = "ok"  #: else the error's
    error: Error | None = field(default=None, compare=False)  #: with errors="return": why there is no text

    def __str__(self) -> str:
        return self.text

    @property
    def ok(self) -> bool:
        return self.error is None

    def to_dict(self) -> dict[str, Any]:
        """For json.dumps(): the keys of strdemo's JSON lines, without path and region. A region alone has `points`."""
        region = {"points": [[x if math.isfinite(x) else None for x in point] for point in self.points]} \
            if self.points else {}  # JSON knows no infinity
        return {"text": self.text, "confidence": self.confidence, "score": self.score,
                "characters": [character.to_dict() for character in self.characters], "truncated": self.truncated,
                "width": self.width, "height": self.height, "rotation": self.rotation, "status": self.status,
                "message": self.error.message if self.error is not None else "", **region}


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """A tensor of a checkpoint."""

    name: str  #: as in the file, without the path to its dict
    dtype: str  #: "float32", "int64", ...
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CheckpointInfo:
    """What is in a checkpoint file."""

    format: str  #: "PyTorch zip", "PyTorch legacy", "TorchScript", "safetensors"
    root: str  #: where the weights were: "" for the top level, else e.g. "state_dict"
    prefix: str  #: what was taken off the names, e.g. "module."
    architecture: Architecture | None  #: None: the tensors make up none of the networks
    mismatch: str  #: why the architecture is None, else ""
    tensors: tuple[TensorInfo, ...]


@dataclass(frozen=True, slots=True)
class CharsetPreset:
    """An alphabet that the library knows by name."""

    name: str
    text: str | None  #: the characters in class order; None when only the size is known
    n_characters: int  #: code points, duplicates counted
    description: str  #: who uses it
