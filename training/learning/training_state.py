# SPDX-License-Identifier: Apache-2.0
"""Saving, resuming, exporting.

A run's folder holds `last.pt`, everything needed to go on at the same place. From a clone of the repository a run
goes on from `../state/joint.pt`: the averaged weights in half precision and the number of words seen, no optimiser.
Checkpoints for the library hold one network each, under clovaai's names.
"""

import os
from pathlib import Path

import torch


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


def strip_constants(state):
    return {name: tensor for name, tensor in state.items() if not is_constant(name)}


def save_run(path, network, average, optimizer, progress):
    write_whole({"network": network.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict(),
                 "progress": progress}, path)


def save_seed(path, average, progress):
    """What is committed: small enough for a repository, enough to go on from."""
    write_whole({"network": halve(strip_constants(average.state_dict())), "progress": progress}, path)


def load_network(network, state):
    """Of a run or of a committed state; the TPS constants may be missing, nothing else."""
    missing, unexpected = network.load_state_dict(state, strict=False)
    missing = [name for name in missing if not is_constant(name)]
    if missing or unexpected:
        raise ValueError(f"the saved network does not fit: missing {missing}, unexpected {unexpected}")


def resume(run_path, seed_path, network, average, optimizer):
    """Goes on from the run, else from the committed state, else from nothing. Returns the progress, or None.

    progress: words and steps so far, the seed, seconds of work, and `optimizer_words`, the words that had been seen
    when the optimiser began: after the committed state, which has none, it starts anew and warms up again.
    """
    if Path(run_path).exists():
        saved = torch.load(run_path, map_location="cpu", weights_only=True)
        load_network(network, saved["network"])
        load_network(average, saved["average"])
        optimizer.load_state_dict(saved["optimizer"])
        return saved["progress"]
    if Path(seed_path).exists():
        saved = torch.load(seed_path, map_location="cpu", weights_only=True)
        load_network(network, saved["network"])
        load_network(average, saved["network"])
        return saved["progress"] | {"optimizer_words": saved["progress"]["words"]}
    return None


def export(network, folder, name):
    """Writes NAME.pth (attention) and NAME-ctc.pth, half precision, for the C library."""
    for suffix, recogniser in (("", network.recogniser), ("-ctc", network.ctc_sibling())):
        write_half_checkpoint(recogniser, Path(folder) / f"{name}{suffix}.pth")


def write_half_checkpoint(recogniser, path):
    torch.save(halve(recogniser.state_dict()), path)
