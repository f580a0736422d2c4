# SPDX-License-Identifier: Apache-2.0
"""The 24 networks {None,TPS} x {VGG,RCNN,ResNet} x {None,BiLSTM} x {CTC,Attn} of Baek et al., "What Is Wrong With Scene
Text Recognition Model Comparisons?" (ICCV 2019).

    images [n, c, h, w], values -1..1
      Transformation       rectified          [n, c, h, w]             TPS, or nothing
      FeatureExtraction    visual_feature     [n, t, output_channel]   maps averaged over their height
      SequenceModeling     contextual_feature [n, t, hidden_size]      two bidirectional LSTMs, or nothing
      Prediction           logits             [n, t, num_class] (CTC) or [n, batch_max_length + 1, num_class] (Attn)
"""

from dataclasses import dataclass
from itertools import product
from typing import Optional

import torch
from torch import nn

from .attention import AttentionDecoder
from .backbones import EXTRACTORS
from .tps import TpsTransformation

COMBINATIONS = tuple(product(("None", "TPS"), ("VGG", "RCNN", "ResNet"), ("None", "BiLSTM"), ("CTC", "Attn")))


@dataclass(frozen=True)
class Architecture:
    """Which network, and its sizes. The field names are the option names of the clovaai programs, in snake case."""

    transformation: str = "TPS"
    feature_extraction: str = "ResNet"
    sequence_modeling: str = "BiLSTM"
    prediction: str = "Attn"
    num_class: int = 38
    input_channel: int = 1
    output_channel: int = 512
    hidden_size: int = 256
    num_fiducial: int = 20
    img_h: int = 32
    img_w: int = 100
    batch_max_length: int = 25

    def __post_init__(self):
        combination = (self.transformation, self.feature_extraction, self.sequence_modeling, self.prediction)
        if combination not in COMBINATIONS:
            raise ValueError(f"no such network: {self.name}")
        if self.num_fiducial % 2:
            raise ValueError(f"num_fiducial is {self.num_fiducial}, but half the points lie on each edge")

    @property
    def name(self):
        return "-".join((self.transformation, self.feature_extraction, self.sequence_modeling, self.prediction))

    @property
    def n_reserved(self):
        """Classes before the first character: the blank (CTC), or [GO] and [s] (Attn)."""
        return 1 if self.prediction == "CTC" else 2


@dataclass(frozen=True)
class Stages:
    """Every stage's result for one batch. None where the network lacks the stage."""

    fiducial_points: Optional[torch.Tensor]  # [n, f, 2], (x, y) in -1..1
    rectified: torch.Tensor                  # [n, c, h, w]; the input itself without a transformation
    visual_feature: torch.Tensor             # [n, t, output_channel]
    contextual_feature: torch.Tensor         # [n, t, hidden_size]; the visual feature without sequence modelling
    logits: torch.Tensor                     # [n, steps, num_class]
    attention: Optional[torch.Tensor]        # [n, steps, t]


class BidirectionalLstm(nn.Module):
    """[n, t, c] -> [n, t, oc]: both directions' states, mixed by a linear layer."""

    def __init__(self, c, hidden_size, oc):
        super().__init__()
        self.rnn = nn.LSTM(c, hidden_size, bidirectional=True, batch_first=True)
        self.linear = nn.Linear(2 * hidden_size, oc)

    def forward(self, sequence):
        return self.linear(self.rnn(sequence)[0])


class Recogniser(nn.Module):
    """One of the 24 networks. Use eval() for reading; state_dict() has clovaai's names, in clovaai's order."""

    def __init__(self, architecture):
        super().__init__()
        self.architecture = a = architecture
        if a.transformation == "TPS":
            self.Transformation = TpsTransformation(a.num_fiducial, a.img_h, a.img_w, a.input_channel)
        self.FeatureExtraction = EXTRACTORS[a.feature_extraction](a.input_channel, a.output_channel)
        n_features = a.output_channel
        if a.sequence_modeling == "BiLSTM":
            self.SequenceModeling = nn.Sequential(BidirectionalLstm(n_features, a.hidden_size, a.hidden_size),
                                                  BidirectionalLstm(a.hidden_size, a.hidden_size, a.hidden_size))
            n_features = a.hidden_size
        if a.prediction == "CTC":
            self.Prediction = nn.Linear(n_features, a.num_class)
        else:
            self.Prediction = AttentionDecoder(n_features, a.hidden_size, a.num_class)

    def rectify(self, images):
        """[n, c, h, w] -> (fiducial points or None, rectified images)."""
        return self.Transformation(images) if self.architecture.transformation == "TPS" else (None, images)

    def extract_features(self, rectified):
        """[n, c, h, w] -> [n, t, output_channel]."""
        return self.FeatureExtraction(rectified).mean(dim=2).transpose(1, 2).contiguous()

    def model_sequence(self, visual_feature):
        """[n, t, output_channel] -> [n, t, hidden_size]."""
        return self.SequenceModeling(visual_feature) if self.architecture.sequence_modeling == "BiLSTM" \
            else visual_feature

    def predict(self, contextual_feature, text=None):
        """[n, t, c] -> (logits [n, steps, num_class], attention [n, steps, t] or None)."""
        if self.architecture.prediction == "CTC":
            return self.Prediction(contextual_feature), None
        return self.Prediction(contextual_feature, self.architecture.batch_max_length + 1, text)

    def stages(self, images, text=None):
        """Runs the network and keeps every stage's result."""
        points, rectified = self.rectify(images)
        visual_feature = self.extract_features(rectified)
        contextual_feature = self.model_sequence(visual_feature)
        logits, attention = self.predict(contextual_feature, text)
        return Stages(points, rectified, visual_feature, contextual_feature, logits, attention)

    def forward(self, images, text=None):
        """images [n, c, h, w] -> logits. `text`: to train Attn, the classes before each step, [n, steps] from GO."""
        return self.stages(images, text).logits
