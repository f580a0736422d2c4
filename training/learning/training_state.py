# SPDX-License-Identifier: Apache-2.0
"""Saving, resuming, exporting.

A run's folder holds `last.pt`, everything needed to go on at the same place, and what it exports: a checkpoint for the
library of each of the two networks, under clovaai's names and in half precision, and how far the run had come. From a
clone of the repository a run goes on from the exported files in models/: averaged weights, no optimiser.
"""

import json
import os
from pathlib import Path

import torch

ATTENTION, CTC, PROGRESS = "trba.pth", "trba-ctc.pth", "trba-progress.json"


def write_whole(state, path):
    """Either the old file or the new one, never a half."""
    path = Path(path)
    partial = path.with_suffix(path.suffix + ".part")
    torch.save(state, partial)
    os.replace(partial, path)


def is_constant(name):
    """Is it one of the constants of TPS, which follow from the sizes?"""
    return "GridGenerator" in name


def halve(state):
    """float32 -> float16, in main memory. Counters stay, and so do the constants of TPS: rounded, they move points by
    whole pixels."""
    return {name: (tensor.half() if tensor.is_floating_point() and not is_constant(name) else tensor).cpu()
            for name, tensor in state.items()}


def save_run(path, network, average, optimizer, progress):
    write_whole({"network": network.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict(),
                 "progress": progress}, path)


def load(path):
    return torch.load(path, map_location="cpu", weights_only=True)


def resume(run_path, exported_folder, network, average, optimizer):
    """Goes on from the run, else from exported networks, else from nothing. Returns the progress, or None.

    progress: words and steps so far, the seed, seconds of work, and `optimizer_words`, the words that had been seen
    when the optimiser began: after exported networks, which have none, it starts anew and warms up again.
    """
    if Path(run_path).exists():
        saved = load(run_path)
        network.load_state_dict(saved["network"])
        average.load_state_dict(saved["average"])
        optimizer.load_state_dict(saved["optimizer"])
        return saved["progress"]
    if Path(exported_folder, PROGRESS).exists():
        state = load_exported(exported_folder)
        network.load_state_dict(state)
        average.load_state_dict(state)
        progress = json.loads(Path(exported_folder, PROGRESS).read_text(encoding="utf-8"))
        return progress | {"optimizer_words": progress["words"]}
    return None


def load_exported(folder):
    """The JointNetwork's state out of the two exported networks."""
    head = "Prediction."
    ctc = {f"ctc_head.{name.removeprefix(head)}": tensor for name, tensor in load(Path(folder, CTC)).items()
           if name.startswith(head)}
    return {f"recogniser.{name}": tensor for name, tensor in load(Path(folder, ATTENTION)).items()} | ctc


def export(network, folder, progress):
    """Writes both networks for the library, and the progress."""
    write_half_checkpoint(network.recogniser, Path(folder, ATTENTION))
    write_half_checkpoint(network.ctc_sibling(), Path(folder, CTC))
    Path(folder, PROGRESS).write_text(json.dumps(progress, indent=1) + "\n", encoding="utf-8")


def write_half_checkpoint(recogniser, path):
    torch.save(halve(recogniser.state_dict()), path)
