#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""page_with_boxes.py - reads the words of a page where a detector found them.

    page.jpg --Pillow--> array --boxes--> views of it, nothing copied --trba--> JSON lines, one per box

    usage: page_with_boxes.py CHECKPOINT PAGE BOXES.json      BOXES.json: [[x, y, w, h], ...] in pixels

For turned boxes and quadrilaterals see strdemo --boxes and trba_session_read_regions().
"""

import json
import sys
from pathlib import Path

import numpy as np
import trba
from PIL import Image


def main() -> None:
    checkpoint, page_path, boxes_path = sys.argv[1:]
    page = np.asarray(Image.open(page_path).convert("RGB"))
    boxes = json.loads(Path(boxes_path).read_text(encoding="utf-8"))
    with trba.Model(checkpoint) as model:
        # Slices end at the page's edge by themselves, but count from the other end when they begin before the first.
        words = [page[max(y, 0):max(y + h, 0), max(x, 0):max(x + w, 0)] for x, y, w, h in boxes]
        for box, result in zip(boxes, model.read(words, errors="return"), strict=True):
            print(json.dumps({"box": box, **result.to_dict()}, ensure_ascii=False))


if __name__ == "__main__":
    main()
