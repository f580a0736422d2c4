# SPDX-License-Identifier: Apache-2.0
"""The sign seen from somewhere: bent, turned, in perspective, and cropped as a detector would.

One resampling does it all. Forward, from the sign to the picture: curve, then projection; the crop is the upright box
around the word's edges. Backward, for each pixel of the crop: projection undone, curve undone, bilinear sample.
"""

import math

import cv2
import numpy as np

N_EDGE_POINTS = 9
TALLEST = 56   # pixels of the crop: more than any network's input needs
WIDEST = 640


def bend(points, centre, radius):
    """[..., 2] on the flat sign -> on an arc of this radius; positive: the middle is higher than the ends."""
    angle = (points[..., 0] - centre[0]) / radius
    distance = radius - (points[..., 1] - centre[1])
    return np.stack([centre[0] + distance * np.sin(angle), centre[1] + radius - distance * np.cos(angle)], axis=-1)


def unbend(x, y, centre, radius):
    """The inverse, for fields x and y; stays the inverse for negative radii."""
    across, up = x - centre[0], centre[1] + radius - y
    side = math.copysign(1.0, radius)
    angle = np.arctan2(across * side, up * side)
    distance = np.sqrt(across * across + up * up) * side
    return centre[0] + angle * radius, centre[1] + radius - distance


def edge_points(box):
    """Along the word's upper and lower edge, float64 [2 * N_EDGE_POINTS, 2]."""
    left, top, right, bottom = box
    x = np.linspace(left, right, N_EDGE_POINTS)
    return np.concatenate([np.stack([x, np.full_like(x, y)], axis=1) for y in (top, bottom)])


def draw_angle(dice, difficulty):
    """Radians: mostly level, sometimes steep."""
    kind = dice.weighted({"level": 45, "slight": 40 * difficulty, "turned": 9 * difficulty, "steep": 2 * difficulty})
    degrees = {"level": 0.5, "slight": 3.0, "turned": 9.0, "steep": 22.0}[kind]
    return math.radians(max(-40, min(40, dice.gauss(0, degrees))))


def draw_projection(dice, box, difficulty):
    """3 x 3: shear, rotation and perspective about the word's centre."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    centre = np.array([(left + right) / 2, (top + bottom) / 2])
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    moved = corners.copy()
    if dice.chance(0.6 * difficulty):
        reach = dice.choice((0.03, 0.06, 0.12))
        moved += [[dice.uniform(-reach, reach) * min(width, 2 * height), dice.uniform(-reach, reach) * height * 1.3]
                  for _ in range(4)]
    if dice.chance(0.25 * difficulty):
        slant = dice.gauss(0, 0.2)
        moved[:, 0] += (centre[1] - moved[:, 1]) * slant
    angle = draw_angle(dice, difficulty)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    moved = (moved - centre) @ turn + centre
    return cv2.getPerspectiveTransform(corners.astype(np.float32), moved.astype(np.float32))


def project(matrix, points):
    return cv2.perspectiveTransform(points[None], matrix)[0]


def draw_crop(dice, points, difficulty):
    """left, top, right, bottom around the points: tight, loose, or a bit cut off."""
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    height = bottom - top
    slack = dice.weighted({"tight": 45, "normal": 40, "loose": 12 * difficulty, "cut": 8 * difficulty})
    low, high = {"tight": (0.0, 0.06), "normal": (0.03, 0.18), "loose": (0.1, 0.45), "cut": (-0.07, 0.05)}[slack]
    return (left - height * dice.uniform(low, high), top - height * dice.uniform(low, high),
            right + height * dice.uniform(low, high), bottom + height * dice.uniform(low, high))


def draw_radius(dice, box, difficulty):
    """Of the arc that the line follows, pixels; None: it is straight."""
    width, height = box[2] - box[0], box[3] - box[1]
    if width < 1.5 * height or not dice.chance(0.13 * difficulty):
        return None
    radius = width / dice.uniform(0.15, 1.6)
    return radius * dice.sign() if radius > 0.8 * height else None  # the inner side would fold over


def frame(crop):
    """((width, height) of the crop in whole pixels, 3 x 3 from its pixels to the picture's)."""
    left, top, right, bottom = crop
    height, width = max(4.0, bottom - top), max(4.0, right - left)
    scale = min(1.0, TALLEST / height, WIDEST / width)
    out_h, out_w = max(4, round(height * scale)), max(4, round(width * scale))
    return (out_w, out_h), np.array([[width / out_w, 0, left], [0, height / out_h, top], [0, 0, 1]])


def look_at(dice, sign, lettering, difficulty):
    """float32 [h, w]: the crop, about as fine as the sign itself."""
    box = lettering.box
    centre = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    radius = draw_radius(dice, box, difficulty)
    edge = edge_points(box) if radius is None else bend(edge_points(box), centre, radius)
    matrix = draw_projection(dice, box, difficulty)
    size, to_picture = frame(draw_crop(dice, project(matrix, edge), difficulty))
    backward = np.linalg.inv(matrix) @ to_picture
    if radius is None:
        return cv2.warpPerspective(sign, backward, size, borderMode=cv2.BORDER_REPLICATE,
                                   flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    pixels = np.stack(np.meshgrid(np.arange(size[0]), np.arange(size[1])), axis=-1).astype(np.float32)
    flat = cv2.perspectiveTransform(pixels, backward)
    x, y = unbend(flat[..., 0], flat[..., 1], centre, radius)
    return cv2.remap(sign, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR,
                     borderMode=cv2.BORDER_REPLICATE)
