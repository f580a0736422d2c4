# SPDX-License-Identifier: Apache-2.0
"""The networks and pictures of the live parity tests, and what PyTorch makes of them.

Each of the 24 combinations comes at 32 x 100 and at one other size. Four well-known ones are full-sized at 32 x 100;
the rest is small, with channel counts that fit no vector length, so that a run takes minutes and the edges are visited.
"""

import copy
import functools
import io
import string
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

from trba_torch import COMBINATIONS, Architecture
from trba_torch.checkpoints import random_network
from trba_torch.decode import decode_attention, decode_ctc, top_margin
from trba_torch.preprocess import prepare_clovaai
from trba_torch.textures import Stream, texture

CHARACTERS = string.printable[:-6] + "€éßñØжΩ中" + " "
FULL_SIZED = ("TPS-ResNet-BiLSTM-Attn", "None-VGG-BiLSTM-CTC", "TPS-VGG-BiLSTM-Attn", "None-RCNN-BiLSTM-CTC")
OTHER_SIZES = ((48, 160), (32, 61), (64, 128), (40, 133), (32, 220), (56, 96))
OUTPUT_CHANNELS = (48, 80, 24, 40, 64, 56)
HIDDEN_SIZES = (20, 33, 16, 48, 7)
NUM_FIDUCIALS = (20, 10, 14, 6)
NUM_CLASSES = (38, 97, 11, 60, 96)

N_IMAGES = 50
N_SPARE = 40
# The lead of the best class in every step that decides the text: nearer ties prove nothing, so such pictures are passed
# over. With TPS more, because there PyTorch itself is that uncertain: the spline through 20 points loses three digits
# in float32 (its grid is up to 1e-3 pixels from a float64 one).
MARGIN = 1e-3
MARGIN_TPS = 1e-2
# How far PyTorch's float32 may be from its float64, relative to the largest logit, for a network and a picture to be
# used: well below the tolerance of the test. A network is measured on the first N_DOUBT pictures; but what PyTorch's
# float32 gives depends on the processor, and luck. So each picture is measured besides, by what noise of the size of
# float32's rounding (the root of its mean square, relative to the largest feature) does to its logits in float64.
FLOAT32_DOUBT = 2e-5
N_DOUBT = 8
STEADY_NOISE = 1e-6


@dataclass(frozen=True)
class Case:
    architecture: Architecture
    seed: int
    pad: bool
    is_small: bool

    @property
    def name(self):
        return f"{self.architecture.name}-{self.architecture.img_h}x{self.architecture.img_w}"

    @property
    def charset(self):
        return CHARACTERS[:self.architecture.num_class - self.architecture.n_reserved]


def make_case(index, size):
    """Case of combination `index`: size 0 is 32 x 100, size 1 another."""
    combination = COMBINATIONS[index]
    k = 2 * index + size
    img_h, img_w = OTHER_SIZES[index % len(OTHER_SIZES)] if size else (32, 100)
    if size == 0 and "-".join(combination) in FULL_SIZED:
        num_class = 97 if combination[3] == "CTC" else 38
        architecture = Architecture(*combination, num_class=num_class)
        return Case(architecture, k, False, False)
    output_channel = OUTPUT_CHANNELS[k % len(OUTPUT_CHANNELS)]
    architecture = Architecture(*combination, img_h=img_h, img_w=img_w, num_class=NUM_CLASSES[k % len(NUM_CLASSES)],
                                output_channel=output_channel, hidden_size=HIDDEN_SIZES[(k + 1) % len(HIDDEN_SIZES)],
                                num_fiducial=NUM_FIDUCIALS[k % len(NUM_FIDUCIALS)], input_channel=1 if k % 3 else 3,
                                batch_max_length=25 if k % 5 else 12)
    return Case(architecture, k, k % 4 == 1, True)


CASES = [make_case(index, size) for index in range(len(COMBINATIONS)) for size in (0, 1)]


@dataclass(frozen=True)
class Picture:
    given: object      # what the library gets: an array or the bytes of a PNG
    image: Image.Image  # the same for Pillow


def make_picture(stream, number):
    """Every size from small to a few times the network's; grey and colour; every fourth as a PNG file."""
    height, width = stream.integer(8, 90), stream.integer(8, 260)
    pixels = texture(stream, height, width, 1 if number % 3 == 0 else 3)
    pixels = pixels[:, :, 0] if pixels.shape[2] == 1 else pixels
    image = Image.fromarray(pixels)
    if number % 4:
        return Picture(pixels, image)
    file = io.BytesIO()
    image.save(file, "PNG")
    return Picture(file.getvalue(), image)


def prepare_batch(architecture, pad, pictures):
    """float32 [n, c, h, w]."""
    mode = "L" if architecture.input_channel == 1 else "RGB"
    return torch.stack([prepare_clovaai(picture.image.convert(mode), architecture.img_h, architecture.img_w, pad)
                        for picture in pictures])


def decode(architecture, charset, logits):
    if architecture.prediction == "CTC":
        return decode_ctc(logits, charset)
    return decode_attention(logits, charset, architecture.batch_max_length)


@dataclass(frozen=True)
class Expected:
    """What PyTorch says about the chosen pictures. `stages` holds one array [..., c] per picture and stage."""

    network: object
    pictures: list
    stages: dict
    readings: list
    attention: object  # [n, steps, t] or None
    n_passed_over: int


def picture_stages(stages, readings, images):
    """The Stages of a batch under the names and in the layout of the library's trace."""
    arrays = {"input": images.permute(0, 2, 3, 1), "rectified": stages.rectified.permute(0, 2, 3, 1),
              "visual_feature": stages.visual_feature, "contextual_feature": stages.contextual_feature}
    if stages.fiducial_points is not None:
        arrays["fiducial_points"] = stages.fiducial_points
    named = {name: list(array.numpy()) for name, array in arrays.items()}
    named["logits"] = [logits[:reading.n_steps].numpy() for logits, reading in zip(stages.logits, readings)]
    return named


def is_fit_judge(network, images):
    """Is PyTorch itself sure of this network's logits? Its float32 against its float64, from the same images."""
    rectified = network.rectify(images)[1]

    def logits_of(judge, inputs):
        return judge.predict(judge.model_sequence(judge.extract_features(inputs)))[0]

    exact = logits_of(copy.deepcopy(network).double(), rectified.double())
    return float((logits_of(network, rectified) - exact).abs().max() / exact.abs().max()) < FLOAT32_DOUBT


def take_steady(network, stages, readings, candidates, n_wanted):
    """The first n_wanted of the candidates whose logits, in float64, STEADY_NOISE moves by less than FLOAT32_DOUBT."""
    judge, steady = copy.deepcopy(network).double(), []
    for i in candidates:
        if len(steady) == n_wanted:
            break
        features = stages.visual_feature[i:i + 1].double()
        noise = torch.randn(features.shape, generator=torch.Generator().manual_seed(i), dtype=torch.float64)
        moved = features + noise * STEADY_NOISE * features.abs().max()
        exact, other = (judge.predict(judge.model_sequence(f))[0][0, :readings[i].n_steps] for f in (features, moved))
        if float((other - exact).abs().max() / exact.abs().max()) < FLOAT32_DOUBT:
            steady.append(i)
    return steady


def find_network(case, images):
    """The first random network, by seed, that rounding does not throw off: chaotic decoders amplify it without end."""
    for attempt in range(10):
        network = random_network(case.architecture, case.seed + 1000 * attempt)
        if is_fit_judge(network, images):
            return network
    raise AssertionError(f"{case.name}: no random network is well enough conditioned")


@functools.lru_cache(maxsize=1)  # the forms of one case follow each other
@torch.no_grad()
def expected_results(case):
    """Takes the first N_IMAGES pictures that are not close to a tie and that rounding does not throw off."""
    stream = Stream(55, case.seed)
    candidates = [make_picture(stream, number) for number in range(N_IMAGES + N_SPARE)]
    images = prepare_batch(case.architecture, case.pad, candidates)
    network = find_network(case, images[:N_DOUBT])
    stages = network.stages(images)
    readings = [decode(case.architecture, case.charset, rows) for rows in stages.logits]
    margin = MARGIN_TPS if case.architecture.transformation == "TPS" else MARGIN
    clear = [i for i, reading in enumerate(readings) if top_margin(stages.logits[i, :reading.n_steps]) > margin]
    chosen = take_steady(network, stages, readings, clear, N_IMAGES)
    assert len(chosen) == N_IMAGES, f"only {len(chosen)} of {len(candidates)} pictures are clear of ties and steady"
    arrays = {name: [array[i] for i in chosen] for name, array in picture_stages(stages, readings, images).items()}
    return Expected(network, [candidates[i] for i in chosen], arrays, [readings[i] for i in chosen],
                    None if stages.attention is None else stages.attention[chosen].numpy(), chosen[-1] + 1 - N_IMAGES)
