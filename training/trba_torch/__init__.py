# SPDX-License-Identifier: Apache-2.0
"""The recognition networks in PyTorch: what the C library is held against, and what is trained.

    networks.py       Architecture, Recogniser: the 24 networks; every stage's activations
    tps.py            the TPS transformation
    backbones.py      VGG, RCNN and ResNet feature extractors
    attention.py      the attention decoder
    decode.py         logits -> text and confidence, ours and the two reference programs'
    preprocess.py     picture -> network input, for the two presets
    checkpoints.py    random networks for tests; writing the checkpoint formats
    textures.py       reproducible random numbers and pictures

The parameter names are those of clovaai/deep-text-recognition-benchmark, so checkpoints interchange.
"""

from .networks import COMBINATIONS, Architecture, Recogniser, Stages

__all__ = ["COMBINATIONS", "Architecture", "Recogniser", "Stages"]
