# SPDX-License-Identifier: Apache-2.0
"""What the tests of trained networks have in common: real pictures, and what counts as the same answer.

The pictures are the samples of data/ and, with TRBA_DEMO_IMAGES=FOLDER, those of that folder as well: say the ten of
the original program's demo, which are not part of this repository.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from trba_torch.decode import top_margin

SOURCE = Path(os.environ["TRBA_SOURCE_DIR"])
FOLDERS = {"data": SOURCE / "data", "demo": os.environ.get("TRBA_DEMO_IMAGES")}
LOGITS_TOLERANCE = 1e-4      # relative to the largest
CONFIDENCE_TOLERANCE = 1e-3


def find_pictures(folder):
    """The paths of its pictures; the test is skipped without a folder."""
    if not FOLDERS[folder]:
        pytest.skip("TRBA_DEMO_IMAGES is not set: no folder of more pictures to read")
    paths = sorted(path for path in Path(FOLDERS[folder]).iterdir() if path.suffix in (".png", ".jpg"))
    assert paths, f"there are no pictures in {FOLDERS[folder]}"
    return paths


def check_against(images, logits, readings, results, traced, where):
    """images [c, h, w], logits [steps, classes] and readings are PyTorch's; results and traced the library's."""
    for i, (result, reading) in enumerate(zip(results, readings, strict=True)):
        place = f"{where}: picture {i}, margin {top_margin(logits[i][:reading.n_steps]):.2g}"
        assert result.status == "ok", result.message
        np.testing.assert_array_equal(traced["input"][i], images[i].permute(1, 2, 0).numpy(), err_msg=place)
        ours, theirs = traced["logits"][i][0][:reading.n_steps], logits[i][:reading.n_steps]
        assert np.abs(ours - theirs.numpy()).max() < LOGITS_TOLERANCE * theirs.abs().max(), place
        assert result.text == reading.text, place
        assert result.confidence == pytest.approx(reading.confidence, abs=CONFIDENCE_TOLERANCE), place
