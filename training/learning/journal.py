# SPDX-License-Identifier: Apache-2.0
"""What was measured, one JSON object a line, and its curves over the words seen."""

import contextlib
import json
from pathlib import Path

from .training_state import JOURNAL


class Journal:
    """journal.jsonl and curves.png in the run's folder."""

    def __init__(self, folder):
        self.path = Path(folder) / JOURNAL

    def write(self, **entry):
        line = json.dumps(entry)
        with open(self.path, "a", encoding="utf-8") as out:
            out.write(line + "\n")
        print(line, flush=True)


def read_journal(path):
    """The entries; a line that was cut off when the run was is passed over."""
    entries = []
    for line in Path(path).read_bytes().splitlines():
        with contextlib.suppress(ValueError):
            entries.append(json.loads(line))
    return [entry for entry in entries if isinstance(entry, dict) and "words" in entry]


def plot_accuracies(axes, entries):
    measured = [entry for entry in entries if "rendered" in entry]
    for head in ("attention", "ctc"):
        axes.plot([e["words"] for e in measured], [100 * e["rendered"][head] for e in measured], "--",
                  label=f"rendered, exact ({head})")
        real = [entry for entry in measured if "real" in entry]
        for name in (real[0]["real"] if real else ()):
            axes.plot([e["words"] for e in real], [100 * e["real"][name][head] for e in real], label=f"{name} ({head})")
    axes.set_ylabel("words read, %")
    axes.legend(fontsize="small")


def draw_curves(journal_path, picture_path):
    """Losses above, accuracies below. Without matplotlib: nothing; the journal has the numbers."""
    try:
        import matplotlib  # only needed here, and slow to load
    except ImportError:
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    entries = read_journal(journal_path)
    figure, (above, below) = pyplot.subplots(2, 1, figsize=(8, 8), sharex=True)
    learned = [entry for entry in entries if "attention_loss" in entry]
    for key in ("attention_loss", "ctc_loss"):
        above.plot([e["words"] for e in learned], [e[key] for e in learned], label=key.replace("_", " "))
    above.set_ylabel("loss per character")
    above.legend()
    plot_accuracies(below, entries)
    below.set_xlabel("words seen")
    figure.tight_layout()
    figure.savefig(picture_path, dpi=90)
    pyplot.close(figure)
