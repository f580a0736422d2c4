#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make_reference_scores.py - what clovaai's own test.py says about the data sets of eval_samples.py.

    usage: make_reference_scores.py CLOVAAI ENGLISH_G2

CLOVAAI is a checkout of github.com/clovaai/deep-text-recognition-benchmark, ENGLISH_G2 the checkpoint english_g2.pth.
Runs the program's hierarchical_dataset(), AlignCollate, Model, CTCLabelConverter and validation() as they are, and
writes their figures to fixtures/reference_scores.json. Needs what the program needs (nltk, natsort, six), torchvision
excepted: of that it uses ToTensor alone, which is given here in one line. Not part of the tests; run once.
"""

import argparse
import itertools
import json
import sys
import tempfile
import types
from pathlib import Path

import numpy as np
import torch
from eval_samples import BATCH_MAX_LENGTH, IMG_H, IMG_W, write_sets

HERE = Path(__file__).resolve().parent
ALPHABET = ("0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ \u20ac"
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")

# The two ways to ask test.py about a network that knows upper case, by what eval calls the comparison.
MODES = {"case_sensitive": {"data_filtering_off": False, "batch_max_length": BATCH_MAX_LENGTH},
         "alphanumeric": {"data_filtering_off": True, "batch_max_length": 100}}


class ToTensor:
    def __call__(self, image):
        return torch.from_numpy(np.array(image, dtype=np.float32)).div(255).unsqueeze(0)


def import_original(folder):
    """The program's modules, in a world of newer libraries."""
    transforms = types.ModuleType("torchvision.transforms")
    transforms.ToTensor = ToTensor
    sys.modules["torchvision"] = types.ModuleType("torchvision")
    sys.modules["torchvision.transforms"] = sys.modules["torchvision"].transforms = transforms
    torch._utils._accumulate = itertools.accumulate
    sys.path.insert(0, str(folder))
    import dataset
    import model
    import test
    import utils
    return dataset, model, test, utils


def make_options(**more):
    return types.SimpleNamespace(
        Transformation="None", FeatureExtraction="VGG", SequenceModeling="BiLSTM", Prediction="CTC", num_fiducial=20,
        input_channel=1, output_channel=256, hidden_size=256, imgH=IMG_H, imgW=IMG_W, PAD=True, rgb=False,
        character=ALPHABET, num_class=len(ALPHABET) + 1, sensitive=True, baiduCTC=False, **more)


def score(original, network, root, options):
    dataset, _, test, utils = original
    data, _ = dataset.hierarchical_dataset(root=str(root), opt=options)
    collate = dataset.AlignCollate(imgH=options.imgH, imgW=options.imgW, keep_ratio_with_pad=options.PAD)
    loader = torch.utils.data.DataLoader(data, batch_size=8, shuffle=False, num_workers=0, collate_fn=collate)
    with torch.no_grad():
        _, accuracy, normalised, *_, n_images = test.validation(
            network, torch.nn.CTCLoss(zero_infinity=True), loader, utils.CTCLabelConverter(options.character), options)
    return {"accuracy": accuracy, "normalised_edit_distance": normalised, "n_images": n_images}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("clovaai")
    parser.add_argument("english_g2")
    arguments = parser.parse_args()
    original = import_original(arguments.clovaai)
    network = torch.nn.DataParallel(original[1].Model(make_options())).eval()
    network.load_state_dict(torch.load(arguments.english_g2, map_location="cpu", weights_only=True))
    scores = {}
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "sets"
        write_sets(root)
        for mode, options in MODES.items():
            scores[mode] = {part: score(original, network, root / part, make_options(**options))
                            for part in ("first", "deeper/second", ".")}
    made_by = {"torch": torch.__version__, **{name: sys.modules[name].__version__ for name in ("PIL", "nltk", "lmdb")}}
    text = json.dumps({"made_by": made_by, "scores": scores}, indent=2)
    (HERE / "fixtures" / "reference_scores.json").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
