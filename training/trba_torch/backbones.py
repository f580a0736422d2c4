# SPDX-License-Identifier: Apache-2.0
"""Feature extractors: images [n, c, h, w] -> maps [n, output_channel, h', t].

    VGG     7 convolutions, of CRNN (Shi et al., 2015)                           t = w/4 - 1
    RCNN    gated recurrent convolutions, of GRCNN (Wang and Hu, 2017)           t = w/4 + 1
    ResNet  29 layers with shortcuts, of FAN (Cheng et al., 2017)                t = w/4 + 1

All shrink the height 32 to h' = 1 and keep the width fine, since the width becomes the sequence. The names and numbers
of the layers are clovaai's; its list positions count activations and pooling too, hence the nn.Sequential.
"""

from torch import nn
from torch.nn import functional


def conv_relu(c, oc):
    """3x3 with bias: two entries."""
    return [nn.Conv2d(c, oc, 3, padding=1), nn.ReLU(inplace=True)]


def conv_norm_relu(c, oc, kernel=3, padding=1):
    """A convolution whose bias is BatchNorm's: three entries."""
    return [nn.Conv2d(c, oc, kernel, padding=padding, bias=False), nn.BatchNorm2d(oc), nn.ReLU(inplace=True)]


class VggExtractor(nn.Module):
    """32 x w -> 1 x (w/4 - 1)."""

    def __init__(self, input_channel, output_channel):
        super().__init__()
        c1, c2, c3, c4 = (output_channel // divisor for divisor in (8, 4, 2, 1))
        self.ConvNet = nn.Sequential(
            *conv_relu(input_channel, c1), nn.MaxPool2d(2),
            *conv_relu(c1, c2), nn.MaxPool2d(2),
            *conv_relu(c2, c3), *conv_relu(c3, c3), nn.MaxPool2d((2, 1)),
            *conv_norm_relu(c3, c4), *conv_norm_relu(c4, c4), nn.MaxPool2d((2, 1)),
            nn.Conv2d(c4, c4, 2), nn.ReLU(inplace=True))

    def forward(self, images):
        return self.ConvNet(images)


class GatedStep(nn.Module):
    """One turn of a gated recurrent convolution: the five BatchNorms that this turn does not share with the others."""

    def __init__(self, channels):
        super().__init__()
        self.BN_gfu = nn.BatchNorm2d(channels)
        self.BN_grx = nn.BatchNorm2d(channels)
        self.BN_fu = nn.BatchNorm2d(channels)
        self.BN_rx = nn.BatchNorm2d(channels)
        self.BN_Gx = nn.BatchNorm2d(channels)

    def forward(self, gate_input, gate_state, input_, state):
        """All [n, c, h, w]: 1x1 and 3x3 convolutions of the layer's input and of the state before."""
        gate = (self.BN_gfu(gate_input) + self.BN_grx(gate_state)).sigmoid()
        return functional.relu(self.BN_fu(input_) + self.BN_Gx(self.BN_rx(state) * gate))


class GatedRecurrentConv(nn.Module):
    """[n, c, h, w] -> [n, oc, h, w]: five turns with the same convolutions, each with BatchNorms of its own."""

    TURNS = 5

    def __init__(self, c, oc):
        super().__init__()
        self.wgf_u = nn.Conv2d(c, oc, 1, bias=False)
        self.wgr_x = nn.Conv2d(oc, oc, 1, bias=False)
        self.wf_u = nn.Conv2d(c, oc, 3, padding=1, bias=False)
        self.wr_x = nn.Conv2d(oc, oc, 3, padding=1, bias=False)
        self.BN_x_init = nn.BatchNorm2d(oc)
        self.GRCL = nn.Sequential(*(GatedStep(oc) for _ in range(self.TURNS)))

    def forward(self, input_):
        gate_input, convolved = self.wgf_u(input_), self.wf_u(input_)
        state = functional.relu(self.BN_x_init(convolved))
        for step in self.GRCL:
            state = step(gate_input, self.wgr_x(state), convolved, self.wr_x(state))
        return state


class RcnnExtractor(nn.Module):
    """32 x w -> 1 x (w/4 + 1)."""

    def __init__(self, input_channel, output_channel):
        super().__init__()
        c1, c2, c3, c4 = (output_channel // divisor for divisor in (8, 4, 2, 1))
        self.ConvNet = nn.Sequential(
            *conv_relu(input_channel, c1), nn.MaxPool2d(2),
            GatedRecurrentConv(c1, c1), nn.MaxPool2d(2),
            GatedRecurrentConv(c1, c2), nn.MaxPool2d(2, (2, 1), (0, 1)),
            GatedRecurrentConv(c2, c3), nn.MaxPool2d(2, (2, 1), (0, 1)),
            *conv_norm_relu(c3, c4, kernel=2, padding=0))

    def forward(self, images):
        return self.ConvNet(images)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with a shortcut; the shortcut is a 1x1 convolution where the channel count changes."""

    def __init__(self, c, oc):
        super().__init__()
        self.conv1 = nn.Conv2d(c, oc, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(oc)
        self.conv2 = nn.Conv2d(oc, oc, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(oc)
        self.downsample = None if c == oc else nn.Sequential(nn.Conv2d(c, oc, 1, bias=False), nn.BatchNorm2d(oc))

    def forward(self, input_):
        shortcut = input_ if self.downsample is None else self.downsample(input_)
        inner = functional.relu(self.bn1(self.conv1(input_)))
        return functional.relu(self.bn2(self.conv2(inner)) + shortcut)


def residual_layer(c, oc, n_blocks):
    return nn.Sequential(ResidualBlock(c, oc), *(ResidualBlock(oc, oc) for _ in range(n_blocks - 1)))


class ResNetLayers(nn.Module):
    """32 x w -> 1 x (w/4 + 1): four layers of 1, 2, 5 and 3 residual blocks, each followed by a plain convolution."""

    def __init__(self, input_channel, output_channel):
        super().__init__()
        c0, c1, c2, c3, c4 = (output_channel // divisor for divisor in (16, 8, 4, 2, 1))
        self.conv0_1 = nn.Conv2d(input_channel, c0, 3, padding=1, bias=False)
        self.bn0_1 = nn.BatchNorm2d(c0)
        self.conv0_2 = nn.Conv2d(c0, c1, 3, padding=1, bias=False)
        self.bn0_2 = nn.BatchNorm2d(c1)
        self.layer1 = residual_layer(c1, c2, 1)
        self.conv1 = nn.Conv2d(c2, c2, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(c2)
        self.layer2 = residual_layer(c2, c3, 2)
        self.conv2 = nn.Conv2d(c3, c3, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(c3)
        self.layer3 = residual_layer(c3, c4, 5)
        self.conv3 = nn.Conv2d(c4, c4, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(c4)
        self.layer4 = residual_layer(c4, c4, 3)
        self.conv4_1 = nn.Conv2d(c4, c4, 2, stride=(2, 1), padding=(0, 1), bias=False)
        self.bn4_1 = nn.BatchNorm2d(c4)
        self.conv4_2 = nn.Conv2d(c4, c4, 2, bias=False)
        self.bn4_2 = nn.BatchNorm2d(c4)

    def _convolve(self, name, maps):
        """Convolution `conv<name>`, its BatchNorm and ReLU."""
        return functional.relu(getattr(self, f"bn{name}")(getattr(self, f"conv{name}")(maps)))

    def forward(self, images):
        maps = self._convolve("0_2", self._convolve("0_1", images))
        maps = functional.max_pool2d(maps, 2)
        maps = self._convolve("1", self.layer1(maps))
        maps = functional.max_pool2d(maps, 2)
        maps = self._convolve("2", self.layer2(maps))
        maps = functional.max_pool2d(maps, 2, stride=(2, 1), padding=(0, 1))
        maps = self._convolve("3", self.layer3(maps))
        maps = self.layer4(maps)
        return self._convolve("4_2", self._convolve("4_1", maps))


class ResNetExtractor(nn.Module):
    """Only adds the level `ConvNet` to the names."""

    def __init__(self, input_channel, output_channel):
        super().__init__()
        self.ConvNet = ResNetLayers(input_channel, output_channel)

    def forward(self, images):
        return self.ConvNet(images)


EXTRACTORS = {"VGG": VggExtractor, "RCNN": RcnnExtractor, "ResNet": ResNetExtractor}
