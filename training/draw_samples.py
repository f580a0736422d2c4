# SPDX-License-Identifier: Apache-2.0
"""A contact sheet of the pictures that the network is trained on, to be looked at beside real ones.

    usage: draw_samples.py OUTPUT.png [--rows 16] [--columns 8] [--seed 1] [--difficulty 1.0] [--labels]
"""

import argparse

import cv2
import numpy as np

from mistakes import Mistake, number, said_in_one_sentence, whole_number
from render import Renderer

CELL_H, CELL_W, GAP = 48, 150, 3


def draw_cell(picture, text, with_label):
    """uint8 [CELL_H + 2 * GAP, CELL_W + 2 * GAP], with room below if the text is to stand there."""
    cell = cv2.resize(picture, (CELL_W, CELL_H), interpolation=cv2.INTER_LINEAR)
    below = 16 if with_label else 0
    cell = cv2.copyMakeBorder(cell, GAP, GAP + below, GAP, GAP, cv2.BORDER_CONSTANT, value=255)
    if with_label:
        cv2.putText(cell, text, (GAP, CELL_H + GAP + 13), cv2.FONT_HERSHEY_PLAIN, 0.9, 0, 1, cv2.LINE_AA)
    return cell


def draw_sheet(renderer, rows, columns, difficulty, with_labels):
    cells = [draw_cell(*renderer.draw(number, difficulty), with_labels) for number in range(rows * columns)]
    return np.vstack([np.hstack(cells[row * columns:(row + 1) * columns]) for row in range(rows)])


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output")
    parser.add_argument("--rows", type=whole_number(1), default=16)
    parser.add_argument("--columns", type=whole_number(1), default=8)
    parser.add_argument("--seed", type=whole_number(0), default=1)
    parser.add_argument("--difficulty", type=number(0, 100), default=1.0)
    parser.add_argument("--cache", help="file that keeps what was found out about the fonts")
    parser.add_argument("--labels", action="store_true", help="write the text below each picture")
    options = parser.parse_args(arguments)
    if not cv2.haveImageWriter(options.output):
        parser.error(f"{options.output}: the name of a picture ends in .png or .jpg")
    renderer = Renderer(options.seed, cache=options.cache)
    sheet = draw_sheet(renderer, options.rows, options.columns, options.difficulty, options.labels)
    if not cv2.imwrite(options.output, sheet):
        raise Mistake(f"{options.output} cannot be written: give a name in a folder that is there")
    print(f"{options.output}: {options.rows * options.columns} words in {len(renderer.typefaces)} fonts")


if __name__ == "__main__":
    with said_in_one_sentence():
        main()
