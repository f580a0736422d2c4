#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""doctr_style_predictor.py - trba where docTR and OnnxTR expect their recognition predictor.

    [crop, ...]  RGB arrays, uint8 [h, w, 3]  --RecognitionPredictor-->  [(text, confidence), ...]

    OnnxTR:  predictor = onnxtr.models.ocr_predictor()
             predictor.reco_predictor = RecognitionPredictor("best.pth")

    docTR:   predictor = doctr.models.ocr_predictor(pretrained=True)
             del predictor.reco_predictor                # a torch module gives its place to another torch module only
             predictor.reco_predictor = RecognitionPredictor("best.pth")

    usage: doctr_style_predictor.py CHECKPOINT IMAGE...      prints  text TAB confidence
"""

import os
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import trba
from PIL import Image


class RecognitionPredictor:
    """Options are those of trba.Model: charset, preset, threads, ..."""

    def __init__(self, checkpoint: str | os.PathLike[str], **options: Any) -> None:
        self._model = trba.Model(checkpoint, **options)

    def __call__(self, crops: Sequence[Any], **kwargs: Any) -> list[tuple[str, float]]:
        """One (text, confidence) per crop, in order. A crop that cannot be read, say one with no area, is ("", 0.0):
        one bad box must not cost the page."""
        if any(crop.ndim != 3 for crop in crops):
            raise ValueError("the crops must be arrays [h, w, channels]")
        return [(result.text, result.confidence) for result in self._model.read(crops, errors="return")]


def main() -> None:
    checkpoint, *paths = sys.argv[1:]
    predictor = RecognitionPredictor(checkpoint)
    for text, confidence in predictor([np.asarray(Image.open(path).convert("RGB")) for path in paths]):
        print(text, f"{confidence:.4f}", sep="\t")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: doctr_style_predictor.py CHECKPOINT IMAGE...")
    try:
        main()
    except (trba.Error, OSError) as error:  # OSError: Pillow's
        sys.exit(str(error))
