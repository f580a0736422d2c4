# SPDX-License-Identifier: Apache-2.0
"""The network in training: one trunk, two heads.

    images [n, 1, 32, w] --(TPS)--ResNet--BiLSTM--> context [n, t, hidden]
        --> attention head     TPS-ResNet-BiLSTM-Attn, 96 classes
        --> CTC head           TPS-ResNet-BiLSTM-CTC, 95 classes

CTC aligns by itself and teaches the trunk its letters early, which the attention then finds; and the second network
costs no more than a linear layer. TPS costs as much as two thirds of the rest: it starts as the identity and is left
out until the curriculum asks for it.
"""

from dataclasses import replace

import torch
from torch import nn
from torch.nn import functional

from render.texts import ALPHABET, MAX_LENGTH
from trba_torch import Architecture, Recogniser
from trba_torch.attention import END, GO
from trba_torch.tps import base_points

ATTENTION_RESERVED, CTC_RESERVED = 2, 1   # classes before the first character
IGNORED = -100                            # cross_entropy's mark for steps behind the end


def start_as_identity(transformation):
    """TPS that changes nothing: the fiducial points such that each pixel is taken from its own place.

    The basis is at pixel centres, (2x + 1 - w) / w, but the sampler's -1 and 1 are the outermost pixels' centres:
    hence the stretch by w / (w - 1).
    """
    grid = transformation.GridGenerator
    stretch = torch.tensor([grid.img_w / (grid.img_w - 1), grid.img_h / (grid.img_h - 1)])
    points = torch.from_numpy(base_points(transformation.LocalizationNetwork.num_fiducial)).float() * stretch
    with torch.no_grad():
        transformation.LocalizationNetwork.localization_fc2.weight.zero_()
        transformation.LocalizationNetwork.localization_fc2.bias.copy_(points.flatten())


def attention_architecture(output_channel, hidden_size):
    return Architecture(num_class=len(ALPHABET) + ATTENTION_RESERVED, output_channel=output_channel,
                        hidden_size=hidden_size, batch_max_length=MAX_LENGTH)


class JointNetwork(nn.Module):
    """The attention network, and the CTC head beside it."""

    def __init__(self, output_channel, hidden_size):
        super().__init__()
        self.recogniser = Recogniser(attention_architecture(output_channel, hidden_size))
        start_as_identity(self.recogniser.Transformation)
        self.ctc_head = nn.Linear(hidden_size, len(ALPHABET) + CTC_RESERVED)
        self.rectifies = False

    def encode(self, images):
        """[n, 1, 32, w] -> context [n, t, hidden]."""
        network = self.recogniser
        if self.rectifies:
            images = network.rectify(images)[1]
        return network.model_sequence(network.extract_features(images))

    def forward(self, images, text):
        """text: int64 [n, steps], GO first. Returns attention logits [n, steps, 96] and CTC logits [n, t, 95]."""
        context = self.encode(images)
        return self.recogniser.Prediction(context, text.shape[1], text)[0], self.ctc_head(context)

    @torch.no_grad()
    def read(self, images):
        """[n, 1, 32, w], wherever it is -> ([text] by attention, [text] by CTC)."""
        context = self.encode(images.to(self.ctc_head.weight.device))
        attention = self.recogniser.Prediction(context, MAX_LENGTH + 1)[0].argmax(dim=2)
        ctc = self.ctc_head(context).argmax(dim=2)
        return [spell_attention(row) for row in attention.tolist()], [spell_ctc(row) for row in ctc.tolist()]

    def ctc_sibling(self):
        """The Recogniser TPS-ResNet-BiLSTM-CTC; its tensors are this network's own."""
        architecture = replace(self.recogniser.architecture, prediction="CTC", num_class=self.ctc_head.out_features)
        sibling = Recogniser(architecture)
        for name in ("Transformation", "FeatureExtraction", "SequenceModeling"):
            setattr(sibling, name, getattr(self.recogniser, name))
        sibling.Prediction = self.ctc_head
        return sibling


def spell_attention(classes):
    """Up to the end token, or as many as the library gives when there is none."""
    end = classes.index(END) if END in classes else len(classes)
    return "".join(ALPHABET[k - ATTENTION_RESERVED] for k in classes[:end] if k != GO)[:MAX_LENGTH]


def spell_ctc(classes):
    """Repeats, then blanks dropped."""
    return "".join(ALPHABET[k - CTC_RESERVED] for i, k in enumerate(classes) if k and not (i and classes[i - 1] == k))


def encode_texts(texts):
    """-> (input [n, steps]: GO, then the characters; target [n, steps]: the characters, END, IGNORED)."""
    n_steps = max(map(len, texts)) + 1
    given = torch.full((len(texts), n_steps), GO)
    wanted = torch.full((len(texts), n_steps), IGNORED)
    for row, text in enumerate(texts):
        classes = torch.tensor([ALPHABET.index(letter) + ATTENTION_RESERVED for letter in text])
        given[row, 1:len(text) + 1] = classes
        wanted[row, :len(text)] = classes
        wanted[row, len(text)] = END
    return given, wanted


def measure_loss(network, images, given, wanted):
    """(attention loss per step, CTC loss per character), both scalars with gradients."""
    attention, ctc = network(images, given)
    attention_loss = functional.cross_entropy(attention.float().flatten(0, 1), wanted.flatten(), ignore_index=IGNORED)
    lengths = (wanted >= ATTENTION_RESERVED).sum(dim=1)
    targets = wanted[wanted >= ATTENTION_RESERVED] - ATTENTION_RESERVED + CTC_RESERVED
    frames = torch.full_like(lengths, ctc.shape[1])
    # A text with more letters (and repeats) than frames cannot be written: it does not count.
    ctc_loss = functional.ctc_loss(ctc.float().log_softmax(dim=2).transpose(0, 1), targets, frames, lengths,
                                   reduction="mean", zero_infinity=True)
    return attention_loss, ctc_loss
