# SPDX-License-Identifier: Apache-2.0
"""Light, lens, sensor and file format: float32 [h, w] -> uint8 [h', w'] at the height that the camera saw it in."""

import cv2
import numpy as np

from .backgrounds import gradient

LEAST_DEVIATION = 7  # of a picture's grey values


def keep_legible(picture):
    """Several faint effects together leave nothing to see: the contrast is brought back then."""
    deviation = float(picture.std())
    return picture if deviation > LEAST_DEVIATION else \
        picture.mean() + (picture - picture.mean()) * np.float32(LEAST_DEVIATION / max(deviation, 0.5))


def light(dice, picture, difficulty):
    """Shade across the picture, highlights, a shadow's edge, exposure and the tone curve."""
    height, width = picture.shape
    if dice.chance(0.3 * difficulty):
        picture = picture * (1 + gradient(dice, height, width, 0.7))
    if dice.chance(0.04 * difficulty):
        across, down = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
        spot = np.exp(-((across[None] - dice.uniform(0, width)) / (height * dice.uniform(0.3, 2))) ** 2
                      - ((down[:, None] - dice.uniform(0, height)) / (height * dice.uniform(0.2, 1))) ** 2)
        picture = picture + spot * np.float32(dice.uniform(40, 160))
    if dice.chance(0.05 * difficulty):
        edge = np.array([[dice.uniform(0, width), -1], [width * 2, -1], [width * 2, height],
                         [dice.uniform(0, width), height]], np.int32)
        shade = cv2.GaussianBlur(cv2.fillPoly(np.zeros_like(picture), [edge], 1.0), (0, 0), dice.uniform(0.5, 4))
        picture = picture * (1 - shade * np.float32(dice.uniform(0.2, 0.6)))
    if dice.chance(0.25 * difficulty):  # the curve of a colour channel, of a screen, of a scanner
        picture = 255 * (np.clip(picture, 0, 255) / 255) ** np.float32(dice.log_uniform(0.5, 2.0))
    if dice.chance(0.15 * difficulty):
        factor = np.float32(dice.uniform(0.25, 0.9))
        picture = picture * factor + np.float32(dice.uniform(0, 255 * (1 - factor)))
    return np.clip(keep_legible(picture), 0, 255)


def motion_kernel(dice, length):
    """A line of this many pixels at any angle, sum 1."""
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1
    turn = cv2.getRotationMatrix2D(((length - 1) / 2, (length - 1) / 2), dice.uniform(0, 180), 1.0)
    kernel = cv2.warpAffine(kernel, turn, (length, length))
    return kernel / max(kernel.sum(), 1e-6)


def blur(dice, picture, difficulty):
    """Defocus or motion, in proportion to the height; or none."""
    height = picture.shape[0]
    kind = dice.weighted({"none": 100 - 50 * difficulty, "soft": 30 * difficulty, "disc": 8 * difficulty,
                          "motion": 8 * difficulty, "sharpened": 6 * difficulty})
    if kind == "soft":
        return cv2.GaussianBlur(picture, (0, 0), height * dice.uniform(0.008, 0.05))
    if kind == "disc":
        radius = max(1, round(height * dice.uniform(0.01, 0.05)))
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2).astype(np.float32)
        return cv2.filter2D(picture, -1, kernel / kernel.sum())
    if kind == "motion":
        return cv2.filter2D(picture, -1, motion_kernel(dice, max(3, round(height * dice.uniform(0.05, 0.16)))))
    if kind == "sharpened":
        details = picture - cv2.GaussianBlur(picture, (0, 0), height * 0.03)
        return picture + details * np.float32(dice.uniform(0.5, 2.5))
    return picture


def sense(dice, picture, difficulty):
    """Fewer pixels, and noise: not so much that a faint word drowns in it."""
    height, width = picture.shape
    seen_h = min(height, round(dice.log_uniform(11 if dice.chance(0.3 * difficulty) else 20, 56)))
    seen_w = max(4, round(width * seen_h / height))
    picture = cv2.resize(picture, (seen_w, seen_h), interpolation=cv2.INTER_AREA)
    if dice.chance(0.45 * difficulty):
        deviation = dice.log_uniform(1, 14)
        picture = picture + dice.normal(min(deviation, 0.35 * float(picture.std())), picture.shape)
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8)


def compress(dice, picture):
    """JPEG and back."""
    quality = dice.integer(15, 50) if dice.chance(0.3) else dice.integer(50, 95)
    return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_GRAYSCALE)


def photograph(dice, picture, difficulty):
    picture = blur(dice, light(dice, picture, difficulty), difficulty)
    picture = sense(dice, picture, difficulty)
    return compress(dice, picture) if dice.chance(0.55 * difficulty) else picture
