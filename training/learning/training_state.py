# SPDX-License-Identifier: Apache-2.0
"""Saving, resuming, exporting.

A run's folder holds `last.pt`, everything needed to go on at the same place, and what it exports: a checkpoint for the
library of each of the two networks, under clovaai's names and in half precision, and how far the run had come. From a
clone of the repository a run goes on from the exported files in models/: averaged weights, no optimiser.
"""

import contextlib
import json
import os
from pathlib import Path

import torch

from mistakes import Mistake

LAST, JOURNAL = "last.pt", "journal.jsonl"
ATTENTION, CTC, PROGRESS, CURVES = "trba.pth", "trba-ctc.pth", "trba-progress.json", "curves.png"
NOTHING = "nothing"  # in the place of a folder with exported networks


def write_whole(state, path):
    """Either the old file or the new one, never a half."""
    path = Path(path)
    partial = path.with_suffix(path.suffix + ".part")
    torch.save(state, partial)
    os.replace(partial, path)


def make_run_folder(folder):
    """Makes the folder of a run. One that holds no run, but files that a run would write over, is refused."""
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Mistake(f"--run: {folder} cannot be the folder of a run: {error.strerror}") from error
    if any((folder / name).exists() for name in (LAST, JOURNAL)):
        return
    for name in (ATTENTION, CTC, PROGRESS, CURVES):
        if (folder / name).exists():
            raise Mistake(f"--run: {folder} holds no run to go on with ({LAST}), but a {name}, which would be written "
                          "over: name another folder (--resume-from begins with exported networks)")


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
    """Goes on from the run, else from exported networks, else from NOTHING. Returns the progress, or None.

    progress: words and steps so far, the seed, seconds of work, and `optimizer_words`, the words that had been seen
    when the optimiser began: after exported networks, which have none, it starts anew and warms up again.
    """
    if Path(run_path).exists():
        with told_as_unfit(run_path):
            saved = load(run_path)
            network.load_state_dict(saved["network"])
            average.load_state_dict(saved["average"])
            optimizer.load_state_dict(saved["optimizer"])
            return saved["progress"]
    if str(exported_folder) == NOTHING:
        return None
    if not Path(exported_folder, PROGRESS).exists():
        raise Mistake(f"--resume-from: {exported_folder} has no {PROGRESS}: give a folder with exported networks, or "
                      f"{NOTHING}")
    with told_as_unfit(exported_folder):
        state = load_exported(exported_folder)
        network.load_state_dict(state)
        average.load_state_dict(state)
        progress = json.loads(Path(exported_folder, PROGRESS).read_text(encoding="utf-8"))
        return progress | {"optimizer_words": progress["words"]}


@contextlib.contextmanager
def told_as_unfit(path):
    """Whatever goes wrong with a file that is read whole: it is damaged, or not one of these, or of another size."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise Mistake(f"cannot go on from {path}: it is damaged, not what train.py writes, or of a network of other "
                      "sizes: give --output-channel and --hidden-size as it began, or begin anew (another --run, "
                      f"--resume-from {NOTHING})") from error


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
    write_whole(halve(recogniser.state_dict()), path)
