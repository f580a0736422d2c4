# SPDX-License-Identifier: Apache-2.0
"""Boxes on a page of 260 x 230 pixels, and other ways to write a box: for the tests of strdemo and of the package."""

BOXES = [(10, 12, 100, 32), (150, 40, 90, 30), (60, 150, 30, 60)]


def corners(box):
    x, y, w, h = box
    return [[x, y], [x + w, y], [x + w, y + h], [x, y + h]]


def flat(box):
    return [number for point in corners(box) for number in point]
