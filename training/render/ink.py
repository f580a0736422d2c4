# SPDX-License-Identifier: Apache-2.0
"""Mask + background -> a painted sign: what the letters are made of and what lies behind them.

    background -> panel, frame -> shadow, block, glow, outline -> the letters' face -> strike lines

Grey, float32 [h, w], about 0..255; lengths are in font sizes.
"""

import cv2
import numpy as np

from .backgrounds import clouds, grain

LEAST_CONTRAST = 16  # grey levels between the letters and what is behind them


def disc(radius):
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))


def shift(field, x, y):
    """Moved by whole pixels, 0 where nothing comes from."""
    moved = np.zeros_like(field)
    height, width = field.shape
    moved[max(0, y):height + min(0, y), max(0, x):width + min(0, x)] = \
        field[max(0, -y):height + min(0, -y), max(0, -x):width + min(0, -x)]
    return moved


def cover(sign, alpha, grey):
    """Paint over: alpha 0..1; in place."""
    sign += alpha * (grey - sign)


def draw_level(dice, ground, difficulty):
    """A grey level for the letters, apart from the `ground`'s; real signs are mostly clear, some are faint."""
    behind, unrest = float(ground.mean()), float(ground.std())
    contrast = dice.uniform(60, 255) if dice.chance(1 - 0.35 * difficulty) else dice.uniform(LEAST_CONTRAST, 70)
    contrast = max(contrast, LEAST_CONTRAST, 2 * unrest)  # or nobody could read it
    darker, lighter = behind - contrast, behind + contrast
    if darker < 0 and lighter > 255:
        return 0.0 if behind > 127 else 255.0
    if darker < 0 or (lighter <= 255 and dice.chance(0.5)):
        return lighter
    return darker


def paint_panel(dice, sign, box, size):
    """A plate behind the word, with or without a border."""
    left, top, right, bottom = (int(side) for side in box)
    pad_x, pad_y = int(size * dice.uniform(0.05, 0.5)), int(size * dice.uniform(0.05, 0.45))
    corners = (left - pad_x, top - pad_y), (right + pad_x, bottom + pad_y)
    cv2.rectangle(sign, *corners, dice.uniform(0, 255), cv2.FILLED)
    if dice.chance(0.4):
        cv2.rectangle(sign, *corners, dice.uniform(0, 255), max(1, int(size * dice.uniform(0.02, 0.1))))


def paint_shadow(dice, sign, alpha, size, level):
    reach = max(1, int(size * 0.09))
    shadow = shift(alpha, dice.integer(-reach, reach), dice.integer(-reach, reach))
    if dice.chance(0.6):
        shadow = cv2.GaussianBlur(shadow, (0, 0), size * dice.uniform(0.01, 0.06))
    dark = dice.chance(0.8)
    cover(sign, shadow * np.float32(dice.uniform(0.3, 1.0)), 0.0 if dark and level > 60 else dice.uniform(0, 255))


def paint_block(dice, sign, alpha, size, _level):
    """Letters with depth: the face's silhouette swept along a direction."""
    x, y = dice.sign(), dice.choice((-1, 0, 1))
    grey = dice.uniform(0, 255)
    for step in range(max(2, int(size * dice.uniform(0.04, 0.14))), 0, -1):
        cover(sign, shift(alpha, step * x, step * y), grey)


def paint_glow(dice, sign, alpha, size, level):
    cover(sign, np.minimum(1, cv2.GaussianBlur(alpha, (0, 0), size * dice.uniform(0.06, 0.2)) * 1.3), level * 0.8)


def paint_outline(dice, sign, alpha, size, level):
    grey = 255 - level if dice.chance(0.6) else dice.uniform(0, 255)
    cover(sign, cv2.dilate(alpha, disc(max(1, int(size * dice.uniform(0.03, 0.09))))), np.float32(grey))


BEHIND = {None: 60, paint_shadow: 16, paint_outline: 13, paint_block: 6, paint_glow: 5}


def hollow(dice, alpha, size):
    """Only the contour of the letters."""
    inner = cv2.erode(alpha, disc(max(1, int(size * dice.uniform(0.03, 0.05)))))
    return np.maximum(alpha - inner, 0) if inner.max() > 0.5 else alpha


def dots(dice, alpha, size):
    """A display of lamps: one dot per cell."""
    pitch = max(3, round(size / dice.choice((9, 10, 12, 14))))
    rows, columns = alpha.shape[0] // pitch + 1, alpha.shape[1] // pitch + 1
    cells = cv2.resize(alpha, (columns, rows), interpolation=cv2.INTER_AREA)
    lamp = cv2.GaussianBlur(np.pad(np.ones((1, 1), np.float32), pitch // 2), (0, 0), pitch * dice.uniform(0.2, 0.32))
    lamp = cv2.resize(lamp / lamp.max(), (pitch, pitch))
    lit = np.kron((cells > 0.45).astype(np.float32), lamp)[:alpha.shape[0], :alpha.shape[1]]
    return np.ascontiguousarray(lit)


def wear(dice, alpha):
    """Paint that has come off, or a bad print."""
    field = grain(dice, *alpha.shape, 1.0) + clouds(dice, *alpha.shape, 1.0)
    return alpha * (field < dice.uniform(0.9, 2.5)).astype(np.float32)


def draw_face(dice, alpha, level, box, size, difficulty):
    """The letters' own grey: a number, or a field."""
    height, width = alpha.shape
    kind = dice.weighted({"flat": 100 - 45 * difficulty, "gradient": 14 * difficulty, "cloudy": 14 * difficulty,
                          "rough": 9 * difficulty, "two rows": 4 * difficulty, "two columns": 4 * difficulty})
    if kind == "flat":
        return np.float32(level)
    if kind == "gradient":
        slope = np.float32(dice.uniform(-50, 50))
        return np.float32(level) + np.linspace(-1, 1, height, dtype=np.float32)[:, None] * slope
    if kind == "cloudy":
        return level + clouds(dice, height, width, dice.uniform(5, 25))
    if kind == "rough":
        return level + grain(dice, height, width, dice.uniform(5, 25))
    face = np.full(alpha.shape, level, np.float32)
    away = dice.uniform(20, 60) * (1 if level < 127 else -1)
    if kind == "two rows":
        face[int(box[1] + (box[3] - box[1]) * dice.uniform(0.35, 0.65)):] += away
    else:
        face[:, int(box[0] + (box[2] - box[0]) * dice.uniform(0.2, 0.8)):] += away
    return face


def emboss(dice, sign, alpha, size):
    """Letters of the ground's own colour: lit edges on one side, dark ones on the other."""
    step = max(1, int(size * dice.uniform(0.02, 0.06)))
    x, y = dice.choice(((step, step), (-step, step), (0, step), (step, 0)))
    relief = shift(alpha, -x, -y) - shift(alpha, x, y)
    strength = dice.uniform(40, 110) + 3 * float(sign.std())
    sign += relief * np.float32(strength * dice.sign()) + alpha * np.float32(dice.uniform(-25, 25))


def strike(dice, sign, box, size, level):
    """A line under, over or through the word, or a scratch across."""
    left, top, right, bottom = box
    y = dice.choice((bottom + size * 0.12, bottom + size * 0.05, top - size * 0.1, (top + bottom) / 2))
    tilt = size * dice.uniform(-0.2, 0.2) if dice.chance(0.3) else 0.0
    start = int(left - size * dice.uniform(-0.5, 1)), int(y - tilt)
    end = int(right + size * dice.uniform(-0.5, 1)), int(y + tilt)
    grey = level if dice.chance(0.6) else dice.uniform(0, 255)
    cv2.line(sign, start, end, float(grey), max(1, int(size * dice.uniform(0.02, 0.08))), cv2.LINE_AA)


def paint_sign(dice, lettering, background, difficulty):
    """float32 [h, w], on top of `background`, which is overwritten."""
    sign, box, size = background, lettering.box, lettering.size
    if dice.chance(0.12 * difficulty):
        paint_panel(dice, sign, box, size)
    left, top, right, bottom = (int(side) for side in box)
    alpha = lettering.mask.astype(np.float32) / 255
    if dice.chance(0.04 * difficulty):
        emboss(dice, sign, alpha, size)
        return sign
    ground = sign[top:max(bottom, top + 1), left:max(right, left + 1)]  # a squeezed "|" may be narrower than a pixel
    level = draw_level(dice, ground, difficulty)
    if dice.chance(0.03 * difficulty):
        alpha = dots(dice, alpha, size)
    elif dice.chance(0.05 * difficulty):
        alpha = wear(dice, alpha)
    paint_behind = dice.weighted(BEHIND) if dice.chance(difficulty) else None
    if paint_behind:
        paint_behind(dice, sign, alpha, size, level)
    elif dice.chance(0.04 * difficulty):
        alpha = hollow(dice, alpha, size)
    cover(sign, alpha, draw_face(dice, alpha, level, box, size, difficulty))
    if dice.chance(0.05 * difficulty):
        strike(dice, sign, box, size, level)
    return sign
