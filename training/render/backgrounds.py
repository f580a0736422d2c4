# SPDX-License-Identifier: Apache-2.0
"""What is written on: plain paint, gradients, noise, stripes, bricks, and pieces of photographs. Grey, float32."""

import cv2
import numpy as np

SUFFIXES = (".jpg", ".jpeg", ".png")
LONGEST_SIDE = 1000  # of a photograph, pixels
LEAST_DEVIATION = 10  # of its grey values: flatter ones are no photographs


def load_photographs(materials):
    """uint8 [h, w] each."""
    photographs = []
    for package, purpose in materials.packages:
        for path in materials.list_files(package, SUFFIXES) if purpose == "photographs" else []:
            picture = cv2.imread(path, cv2.IMREAD_REDUCED_GRAYSCALE_2)
            if picture is None or picture.std() < LEAST_DEVIATION or min(picture.shape) < 64:
                continue
            scale = min(1.0, LONGEST_SIDE / max(picture.shape))
            photographs.append(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    return photographs


def stretch(field, height, width, smooth=True):
    return cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC if smooth else cv2.INTER_NEAREST)


def gradient(dice, height, width, reach):
    """A plane whose values span about `reach`, mean 0."""
    across = np.linspace(-0.5, 0.5, width, dtype=np.float32) * np.float32(dice.uniform(-reach, reach))
    down = np.linspace(-0.5, 0.5, height, dtype=np.float32) * np.float32(dice.uniform(-reach, reach))
    return across[None, :] + down[:, None]


def clouds(dice, height, width, deviation):
    """Smooth noise: dirt, reflections, uneven light."""
    return stretch(dice.normal(deviation, (dice.integer(2, 7), dice.integer(2, 14))), height, width)


def grain(dice, height, width, deviation):
    """Rough noise: plaster, paper, asphalt."""
    factor = dice.choice((1, 2, 3))
    return stretch(dice.normal(deviation, (height // factor + 1, width // factor + 1)), height, width, factor > 1)


def stripes(dice, height, width, reach):
    """Boards, blinds, brushed metal: along one axis only."""
    n = dice.integer(4, 40)
    field = dice.normal(reach, (1, n)) if dice.chance(0.5) else dice.normal(reach, (n, 1))
    return stretch(field, height, width, dice.chance(0.5))


def bricks(dice, height, width, reach):
    """A regular grid of joints."""
    brick_h, brick_w = dice.integer(max(4, height // 6), height), dice.integer(max(6, height // 4), height * 2)
    field = np.zeros((height, width), np.float32)
    for row, y in enumerate(range(dice.integer(0, brick_h), height, brick_h)):
        field[y:y + 2] = reach
        offset = (row % 2) * brick_w // 2
        field[max(0, y - brick_h):y, offset::brick_w] = reach
    return field


class Backgrounds:
    """Draws fields float32 [h, w] with values around 0..255 (not clipped)."""

    def __init__(self, materials):
        self.photographs = load_photographs(materials)

    def _photograph(self, dice, height, width):
        """A piece of a photograph, its contrast turned down by chance, moved to another brightness."""
        picture = dice.choice(self.photographs)
        scale = dice.log_uniform(0.3, 2.0)
        piece_h, piece_w = min(picture.shape[0], int(height * scale) + 1), min(picture.shape[1], int(width * scale) + 1)
        y, x = dice.integer(0, picture.shape[0] - piece_h), dice.integer(0, picture.shape[1] - piece_w)
        piece = cv2.resize(picture[y:y + piece_h, x:x + piece_w], (width, height), interpolation=cv2.INTER_LINEAR)
        piece = piece.astype(np.float32)
        return (piece - piece.mean()) * np.float32(dice.uniform(0.1, 1.0))

    def draw(self, dice, height, width, difficulty):
        field = np.full((height, width), dice.uniform(0, 255), np.float32)
        if dice.chance(1 - difficulty):
            return field
        if self.photographs and dice.chance(0.3):
            field += self._photograph(dice, height, width)
        else:
            for texture, probability, reach in ((gradient, 0.5, 70), (clouds, 0.35, 22), (grain, 0.25, 14),
                                                (stripes, 0.1, 18), (bricks, 0.05, 40)):
                if dice.chance(probability):
                    field += texture(dice, height, width, reach * dice.uniform(0.1, 1.0) ** 1.5)
        return field
