#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""page_with_boxes.py - reads the words of a page where a detector found them.

    page.jpg --decoded once--> trba.Page
    BOXES    --load_boxes----> four corners a region  --read_regions--> JSON lines, one per region, in order

    usage: page_with_boxes.py CHECKPOINT PAGE BOXES [auto]

BOXES is a JSON, CSV or ICDAR text file, as a detector or an annotator wrote it: boxes (x, y, w, h) or four corners a
region. A detector in the same program needs no file: its boxes, turned boxes (cv2.minAreaRect) and quadrilaterals go to
read_regions() as they are. With "auto" each region is read four times, turned by 0, 90, 180 and 270 degrees, and the
most confident reading is kept.
"""

import json
import sys

import trba


def main() -> None:
    checkpoint, page_path, boxes_path, *rest = sys.argv[1:]
    boxes = trba.load_boxes(boxes_path)
    with trba.Model(checkpoint) as model, model.open_page(page_path) as page:
        # One bad box must not cost the page: its line says what is wrong.
        for result in model.read_regions(page, boxes, rotate="auto" if rest == ["auto"] else None, errors="return"):
            print(json.dumps(result.to_dict(), ensure_ascii=False))


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit("usage: page_with_boxes.py CHECKPOINT PAGE BOXES [auto]")
    try:
        main()
    except trba.Error as error:
        sys.exit(str(error))
