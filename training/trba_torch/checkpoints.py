# SPDX-License-Identifier: Apache-2.0
"""Random networks that behave like trained ones, and files in the formats that checkpoints come in.

Plain random weights make poor tests: activations drift to one direction, every picture gets the same text, and the
attention never ends. So random_network() draws the weights and then, stage by stage, measures what each layer does to a
few pictures and sets BatchNorm statistics, scales and biases such that

    BatchNorm     normalises about as in training, with means and variances that are off by a random amount
    TPS           places the fiducial points near the edges, about 0.03 off, differently for each picture
    Prediction    gives each class about the same chance, the blank about half of the frames, [s] one step in ten

All this is done in float64 and rounded to a few bits, so that the weights are the same numbers with every version of
NumPy and PyTorch: fixtures can hold results only, and a seed for the weights.
"""

import numpy as np
import torch
from torch import nn

from .attention import END, GO
from .backbones import ResidualBlock
from .networks import Recogniser
from .textures import Stream, texture
from .tps import base_points

N_MEASURED = 6          # pictures that the activations are measured on
LOGIT_DEVIATION = 3.0   # of each class's logit, over steps and pictures


def keep_bits(values, bits=10):
    """Rounds to `bits` significant bits, so that the last bits of a measurement do not show."""
    mantissa, exponent = np.frexp(np.asarray(values, np.float64))
    return torch.as_tensor(np.ldexp(np.round(np.ldexp(mantissa, bits)), exponent - bits))


def draw_weights(module, stream):
    """Fills every parameter of convolutions, linear layers and LSTMs. Variance 2/inputs (He) where a ReLU follows."""
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            bound = np.sqrt(6.0 / layer.weight[0].numel())
        elif isinstance(layer, (nn.LSTM, nn.LSTMCell)):
            bound = (1.0 if isinstance(layer, nn.LSTM) else 1.5) / np.sqrt(layer.hidden_size)
        else:
            continue
        for name, parameter in layer.named_parameters(recurse=False):
            reach = 0.1 if name.startswith("bias") else bound
            parameter.copy_(keep_bits(stream.uniform(-reach, reach, parameter.shape), 16))


def measure_norms(module, run, stream):
    """Sets every BatchNorm's statistics to what `run` shows it, then shifts them; returns run's result after that."""
    norms = [layer for layer in module.modules() if isinstance(layer, nn.BatchNorm2d)]
    for norm in norms:
        norm.weight.copy_(keep_bits(stream.uniform(0.6, 1.4, norm.weight.shape)))
        norm.bias.copy_(keep_bits(stream.uniform(-0.4, 0.4, norm.bias.shape)))
        norm.momentum = 1.0  # the statistics become those of the one batch
    for block in module.modules():
        if isinstance(block, ResidualBlock):
            block.bn2.weight.mul_(0.25)  # a small step beside the shortcut, as in trained networks
    module.train()
    run()
    module.eval()
    for norm in norms:
        deviation = norm.running_var.sqrt()
        off_centre = torch.from_numpy(stream.uniform(-0.2, 0.2, deviation.shape))
        norm.running_mean.copy_(keep_bits(norm.running_mean + off_centre * deviation))
        factor = torch.from_numpy(stream.uniform(0.7, 1.5, deviation.shape))
        norm.running_var.copy_(keep_bits((norm.running_var * factor).clamp(min=1e-3)))
        norm.num_batches_tracked.fill_(1000)
        norm.momentum = 0.1
    return run()


def centre_rows(linear, inputs, deviation):
    """Scales and shifts each output of `linear` to mean 0 and this standard deviation over `inputs` [..., c]."""
    outputs = (inputs @ linear.weight.T).flatten(0, -2)
    scale = keep_bits(deviation / outputs.std(dim=0).clamp(min=1e-6))
    linear.weight.mul_(scale.unsqueeze(1))
    if linear.bias is not None:
        linear.bias.copy_(keep_bits(-outputs.mean(dim=0) * scale))


def scale_to_deviation(weight, inputs, deviation):
    """Scales `weight` [oc, c] in place, as a whole, such that its outputs over `inputs` [..., c] deviate by this."""
    outputs = (inputs @ weight.T).flatten(0, -2)
    weight.mul_(keep_bits(deviation / outputs.std(dim=0).mean()))


def favour(linear, inputs, chosen, share):
    """Shifts the bias of class `chosen` such that it is the best in this share of the rows of `inputs` [..., c]."""
    logits = linear(inputs).flatten(0, -2)
    others = logits.clone()
    others[:, chosen] = -np.inf
    lead = others.max(dim=1).values - logits[:, chosen]
    linear.bias[chosen] += keep_bits(torch.quantile(lead, share))


def settle_transformation(network, images, stream):
    localization = network.Transformation.LocalizationNetwork
    summary = measure_norms(localization.conv, lambda: localization.conv(images), stream).flatten(1)
    hidden = localization.localization_fc1(summary)
    centre_rows(localization.localization_fc2, hidden, 0.03)
    # centre_rows() took the mean away: now the points lie round the edges of a word that fills most of the picture.
    points = base_points(network.architecture.num_fiducial) * (0.9, 0.8)
    localization.localization_fc2.bias.add_(keep_bits(points.flatten(), 24))


def settle_attention(decoder, features, n_steps):
    """The generator decides which path the decoder takes, and is measured on that path: so a few rounds."""
    cell = decoder.attention_cell
    centre_rows(cell.i2h, features, 1.0)
    centre_rows(cell.score, torch.tanh(cell.i2h(features)), 2.0)
    # What is seen, what was said and the state must all matter, or the text soon repeats itself.
    scale_to_deviation(cell.rnn.weight_ih[:, :features.shape[2]], features, 1.5)
    # Not more than this, though: a chaotic network would blow up rounding errors.
    cell.rnn.weight_ih[:, features.shape[2]:].mul_(4)
    states = []
    hook = decoder.generator.register_forward_pre_hook(lambda _module, arguments: states.append(arguments[0]))
    for _ in range(3):
        states.clear()
        decoder(features, n_steps)
        centre_rows(decoder.generator, torch.stack(states, dim=1), LOGIT_DEVIATION)
    hook.remove()
    path = torch.stack(states, dim=1)
    favour(decoder.generator, path, GO, 0.02)
    favour(decoder.generator, path, END, 0.1)


def settle(network, images, stream):
    """Stage by stage, each on what the stages before it give."""
    architecture = network.architecture
    if architecture.transformation == "TPS":
        settle_transformation(network, images, stream)
    _, rectified = network.rectify(images)
    features = measure_norms(network.FeatureExtraction, lambda: network.extract_features(rectified), stream)
    if architecture.sequence_modeling == "BiLSTM":
        for layer in network.SequenceModeling:
            centre_rows(layer.linear, layer.rnn(features)[0], 1.0)
            features = layer(features)
    if architecture.prediction == "CTC":
        centre_rows(network.Prediction, features, LOGIT_DEVIATION)
        favour(network.Prediction, features, 0, 0.5)
    else:
        settle_attention(network.Prediction, features, architecture.batch_max_length + 1)


@torch.no_grad()
def random_network(architecture, seed, change_weights=None):
    """A Recogniser in eval mode, float32, its weights determined by the architecture and the seed.

    `change_weights(network, stream)` may change what was drawn, before the rest is measured on it.
    """
    network = Recogniser(architecture).double()
    for name, constant in network.named_buffers():
        if "GridGenerator" in name:
            constant.copy_(constant.float())  # as a checkpoint holds them
    stream = Stream(seed)
    draw_weights(network, stream)
    if change_weights:
        change_weights(network, stream)
    a = architecture
    pictures = np.stack([texture(stream, a.img_h, a.img_w, a.input_channel) for _ in range(N_MEASURED)])
    images = torch.from_numpy(pictures.transpose(0, 3, 1, 2).astype(np.float64)) / 127.5 - 1
    settle(network.eval(), images, stream)
    return network.float().eval()


def save_zip(state, path):
    """The form of torch >= 1.6."""
    torch.save(state, path)


def save_legacy(state, path):
    """The form before that, which the published clovaai weights have."""
    torch.save(state, path, _use_new_zipfile_serialization=False)


def save_safetensors(state, path):
    from safetensors.torch import save_file

    save_file({name: tensor.contiguous() for name, tensor in state.items()}, path)


WRITERS = {"zip": save_zip, "legacy": save_legacy, "safetensors": save_safetensors}


def save_checkpoint(network, path, form, prefix="module.", leave_out=()):
    """Writes the network's state, its names prefixed; names containing one of `leave_out` are not written."""
    state = {prefix + name: tensor for name, tensor in network.state_dict().items()
             if not any(part in name for part in leave_out)}
    WRITERS[form](state, path)
