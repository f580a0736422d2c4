# SPDX-License-Identifier: Apache-2.0
"""Regions are cropped as OpenCV crops them: boxes of whole pixels to the bit, quadrilaterals like EasyOCR's
four_point_transform() (getPerspectiveTransform, warpPerspective with INTER_LINEAR), to one grey level where rounding
decides. docs/PAGES.md states the figures that this test holds."""
import math

import numpy as np
import pytest

import image_library

cv2 = pytest.importorskip("cv2", reason="cv2 (opencv-python-headless) is not installed: warps are not checked")

SEED = 12
MOST_DIFFERING = 0.002  # of the values, each by one level: 0.0004 measured with OpenCV 5.0.0
BORDERS = {"black": cv2.BORDER_CONSTANT, "edge": cv2.BORDER_REPLICATE}

exact_warp = pytest.mark.skipif(int(cv2.__version__.split(".")[0]) < 5,
                                reason="OpenCV before 5 rounds coordinates to 1/32 pixel: warps are not checked")


def random_picture(rng, smooth):
    height, width = (int(side) for side in rng.integers(30, 220, 2))
    shape = (height, width, 3) if rng.integers(2) else (height, width)
    pixels = rng.integers(0, 256, shape, dtype=np.uint8)
    return cv2.GaussianBlur(pixels, (9, 9), 0) if smooth else pixels


def random_quadrilateral(rng, width, height, reach):
    """Convex, clockwise; float32 [4, 2]. With reach above 1 it may leave the picture."""
    while True:
        centre = np.array([rng.uniform(0.2, 0.8) * width, rng.uniform(0.2, 0.8) * height])
        half = np.array([rng.uniform(4, width * reach / 2), rng.uniform(3, height * reach / 2)])
        angle = rng.uniform(-math.pi, math.pi)
        turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
        corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half * rng.uniform(0.6, 1.0, (4, 2))
        quad = (corners @ turn + centre).astype(np.float32)
        if cv2.isContourConvex(quad):
            return quad


def four_point_transform(pixels, quad, border):
    """EasyOCR's function of that name, restated; the border is OpenCV's choice there (black)."""
    top_left, top_right, bottom_right, bottom_left = quad.astype(np.float64)
    width = max(int(math.dist(bottom_right, bottom_left)), int(math.dist(top_right, top_left)))
    height = max(int(math.dist(top_right, bottom_right)), int(math.dist(top_left, bottom_left)))
    upright = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float32)
    matrix = cv2.getPerspectiveTransform(quad, upright)
    return cv2.warpPerspective(pixels, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=border)


@exact_warp
@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("reach", [0.9, 1.8])
def test_quadrilaterals_equal_opencv_to_one_level(border, reach):
    rng = np.random.default_rng([SEED, int(reach * 10)])
    n_values = n_differing = 0
    for i in range(300):
        pixels = random_picture(rng, smooth=i % 3 == 0)
        quad = random_quadrilateral(rng, pixels.shape[1], pixels.shape[0], reach)
        theirs = four_point_transform(pixels, quad, BORDERS[border])
        if min(theirs.shape[:2]) < 2:
            continue  # OpenCV has no transform then
        ours = image_library.crop(pixels, quad, is_black_outside=border == "black")
        assert ours.shape == theirs.shape, f"seed {SEED} case {i}: {quad.tolist()}"
        difference = np.abs(ours.astype(int) - theirs)
        assert difference.max() <= 1, f"seed {SEED} case {i}: {difference.max()} levels at {quad.tolist()}"
        n_values += difference.size
        n_differing += int((difference != 0).sum())
    print(f"{n_differing} of {n_values} values differ, by one level")
    assert n_differing <= MOST_DIFFERING * n_values


@exact_warp
def test_upright_box_of_half_pixels_is_drawn_as_opencv_draws_it():
    pixels = np.random.default_rng(SEED).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    corners = [(10.5, 5), (30, 5), (30, 25), (10.5, 25)]
    theirs = four_point_transform(pixels, np.array(corners, np.float32), cv2.BORDER_REPLICATE)
    assert np.abs(image_library.crop(pixels, corners).astype(int) - theirs).max() <= 1


def test_whole_boxes_are_slices():
    rng = np.random.default_rng(SEED)
    for i in range(200):
        pixels = random_picture(rng, smooth=False)
        height, width = pixels.shape[:2]
        left, top = int(rng.integers(-20, width)), int(rng.integers(-20, height))
        right, bottom = left + int(rng.integers(1, 90)), top + int(rng.integers(1, 90))
        theirs = pixels[max(top, 0):max(bottom, 0), max(left, 0):max(right, 0)]
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        if theirs.size == 0:
            with pytest.raises(image_library.ImageError, match="outside the page"):
                image_library.crop(pixels, corners)
        else:
            image_library.assert_same(image_library.crop(pixels, corners), np.ascontiguousarray(theirs), f"case {i}")


@pytest.mark.parametrize("quarter_turns", range(4))
@pytest.mark.parametrize("shape", [(20, 33), (20, 33, 3)])
def test_quarter_turns_equal_numpys(quarter_turns, shape):
    pixels = np.random.default_rng(SEED).integers(0, 256, shape, dtype=np.uint8)
    cut = pixels[2:15, 3:30]
    theirs = np.ascontiguousarray(np.rot90(cut, quarter_turns))
    image_library.assert_same(image_library.turn(cut, quarter_turns), theirs, "turned")


def test_grey_of_a_colour_region_is_pillows():
    from PIL import Image

    pixels = np.random.default_rng(SEED).integers(0, 256, (50, 60, 3), dtype=np.uint8)
    corners = [(3, 2), (30, 2), (30, 15), (3, 15)]
    theirs = np.asarray(Image.fromarray(pixels).convert("L"))[2:15, 3:30]
    image_library.assert_same(image_library.crop(pixels, corners, channels=1), np.ascontiguousarray(theirs), "grey")
