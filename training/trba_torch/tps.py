# SPDX-License-Identifier: Apache-2.0
"""Rectify a word: find its upper and lower edge, bend the picture until they are straight (RARE, Shi et al. 2016).

    images [n, c, h, w] --LocalizationNetwork--> points [n, f, 2]     where the f fiducial points lie in the picture
    points --GridGenerator--> grid [n, h, w, 2]                       where each output pixel is to be taken from
    grid_sample(images, grid) -> rectified [n, c, h, w]               bilinear, border pixels repeated

Coordinates are (x, y) in -1..1, corner centre to corner centre. A thin-plate spline through f points is
    p' = T^t . (1, x, y, r_1^2 log r_1, ..., r_f^2 log r_f),    r_k = |p - c_k|,
with T found from the f conditions c_k -> c'_k and three side conditions. Everything but c' is constant, so the whole
grid is P_hat . inv_delta_C . (c'; 0).
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional


def base_points(num_fiducial):
    """The fiducial points of the straight word: half along the top edge, half along the bottom. float64 [f, 2]."""
    x = np.linspace(-1.0, 1.0, num_fiducial // 2)
    return np.concatenate([np.stack([x, np.full_like(x, y)], axis=1) for y in (-1.0, 1.0)])


def initial_points(num_fiducial):
    """Where training starts: edges that open like a fan to the right (RARE, fig. 6 a). float64 [f, 2]."""
    x = np.linspace(-1.0, 1.0, num_fiducial // 2)
    top = np.stack([x, np.linspace(0.0, -1.0, num_fiducial // 2)], axis=1)
    bottom = np.stack([x, np.linspace(1.0, 0.0, num_fiducial // 2)], axis=1)
    return np.concatenate([top, bottom])


def inverse_of_conditions(num_fiducial):
    """inv_delta_C: from the points' places to the spline's coefficients. float64 [f + 3, f + 3]."""
    points = base_points(num_fiducial)
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distance, 1.0)  # r^2 log r is 0 at r = 0, and at r = 1
    conditions = np.zeros((num_fiducial + 3, num_fiducial + 3))
    conditions[:num_fiducial, 0] = 1.0
    conditions[:num_fiducial, 1:3] = points
    conditions[:num_fiducial, 3:] = distance**2 * np.log(distance)
    conditions[num_fiducial:-1, 3:] = points.T
    conditions[-1, 3:] = 1.0
    return np.linalg.inv(conditions)


def spline_basis(num_fiducial, img_h, img_w):
    """P_hat: the basis (1, x, y, r_k^2 log r_k) at the centre of every pixel, row by row. float64 [h * w, f + 3]."""
    x = (np.arange(-img_w, img_w, 2) + 1.0) / img_w
    y = (np.arange(-img_h, img_h, 2) + 1.0) / img_h
    pixels = np.stack(np.meshgrid(x, y), axis=2).reshape(-1, 2)
    distance = np.linalg.norm(pixels[:, None] - base_points(num_fiducial)[None], axis=2)
    # The 1e-6 keeps log finite on a point; the checkpoints were made with it, so it is part of the network.
    radial = distance**2 * np.log(distance + 1e-6)
    return np.concatenate([np.ones((len(pixels), 1)), pixels, radial], axis=1)


def in_full_precision(tensor):
    """No autocast inside: bfloat16's eight bits are a fifth of a pixel, and the spline multiplies that."""
    return torch.autocast(tensor.device.type, enabled=False)


class LocalizationNetwork(nn.Module):
    """images [n, c, h, w] -> fiducial points [n, f, 2]."""

    def __init__(self, num_fiducial, input_channel):
        super().__init__()
        self.num_fiducial = num_fiducial
        layers = []
        before = input_channel
        for channels in (64, 128, 256, 512):
            layers += [nn.Conv2d(before, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels),
                       nn.ReLU(inplace=True), nn.MaxPool2d(2)]
            before = channels
        layers[-1] = nn.AdaptiveAvgPool2d(1)  # the last map is averaged, not pooled
        self.conv = nn.Sequential(*layers)
        self.localization_fc1 = nn.Sequential(nn.Linear(512, 256), nn.ReLU(inplace=True))
        self.localization_fc2 = nn.Linear(256, num_fiducial * 2)
        with torch.no_grad():
            self.localization_fc2.weight.zero_()
            self.localization_fc2.bias.copy_(torch.from_numpy(initial_points(num_fiducial)).flatten())

    def forward(self, images):
        summary = self.conv(images).flatten(1).to(images.dtype)  # [n, 512]
        with in_full_precision(images):
            return self.localization_fc2(self.localization_fc1(summary)).view(-1, self.num_fiducial, 2)


class GridGenerator(nn.Module):
    """Fiducial points [n, f, 2] -> sampling grid [n, h, w, 2]."""

    def __init__(self, num_fiducial, img_h, img_w):
        super().__init__()
        self.img_h, self.img_w = img_h, img_w
        self.register_buffer("inv_delta_C", torch.from_numpy(inverse_of_conditions(num_fiducial)).float())
        self.register_buffer("P_hat", torch.from_numpy(spline_basis(num_fiducial, img_h, img_w)).float())

    def forward(self, points):
        targets = functional.pad(points, (0, 0, 0, 3))  # the side conditions' right-hand sides are 0: [n, f + 3, 2]
        grid = self.P_hat @ (self.inv_delta_C @ targets)  # [n, h * w, 2]
        return grid.view(-1, self.img_h, self.img_w, 2)


class TpsTransformation(nn.Module):
    """images [n, c, h, w] -> (fiducial points [n, f, 2], rectified images [n, c, h, w])."""

    def __init__(self, num_fiducial, img_h, img_w, input_channel):
        super().__init__()
        self.LocalizationNetwork = LocalizationNetwork(num_fiducial, input_channel)
        self.GridGenerator = GridGenerator(num_fiducial, img_h, img_w)

    def forward(self, images):
        points = self.LocalizationNetwork(images)
        with in_full_precision(images):
            grid = self.GridGenerator(points)
            return points, functional.grid_sample(images, grid, padding_mode="border", align_corners=True)
