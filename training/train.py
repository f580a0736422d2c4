# SPDX-License-Identifier: Apache-2.0
"""Trains TPS-ResNet-BiLSTM-Attn, and its CTC sibling, on rendered words.

    usage: train.py --run FOLDER [--minutes M] [--words N] [--real FOLDER] ...

Goes on from FOLDER/last.pt, else from the networks in models/, or with --resume-from nothing from nothing. Stops after
M minutes or N words in all, or on SIGTERM and Ctrl-C, and saves; so it can be cut off at any time. FOLDER then holds

    last.pt          everything needed to go on
    trba.pth         the averaged network for the C library, trba-ctc.pth, and trba-progress.json: how far it had come
    journal.jsonl    losses, accuracies, speed;  curves.png  draws them
"""

import argparse
import contextlib
import signal
import sys
import time
from pathlib import Path

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from learning.curriculum import RECTIFYING_PACE, is_rectifying, learning_rate_factor, learns_to_rectify
from learning.data_parallel import run_ranks
from learning.joint_network import JointNetwork, measure_loss
from learning.journal import Journal, draw_curves
from learning.real_words import RealWords, RenderedWords
from learning.training_state import CURVES, LAST, NOTHING, export, make_run_folder, resume, save_run
from learning.word_batches import load_batches, to_images
from mistakes import Mistake, number, said_in_one_sentence, whole_number
from render import Renderer
from render.packages import PACKAGES

MODELS = Path(__file__).resolve().parents[1] / "models"
REAL_SETS = ("IIIT5K", "SVT")
HELD_OUT_SEED = 1_000_003       # rendered words of this seed are never trained on
GRADIENT_LIMIT = 5.0
WEIGHT_DECAY = 0.01
DEFAULT_SEED = 1
LARGEST_SEED = 2**64 - 1        # of PyTorch
WITHOUT_END = 10**12            # words
NOTHING_SEEN = {"words": 0, "steps": 0, "seconds": 0.0, "optimizer_words": 0}


def has_bfloat16():
    """Whether this processor multiplies bfloat16 in hardware; elsewhere it only costs precision and time."""
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    return "amx_bf16" in flags or "avx512_bf16" in flags


def lower_precision(device):
    if device.type == "cuda" or has_bfloat16():
        return torch.autocast(device.type, torch.bfloat16)
    return contextlib.nullcontext()


def group_parameters(network):
    """TPS apart from the rest: its pace is another."""
    transformation = list(network.recogniser.Transformation.parameters())
    own = set(map(id, transformation))
    rest = [parameter for parameter in network.parameters() if id(parameter) not in own]
    return [{"params": transformation, "pace": RECTIFYING_PACE}, {"params": rest, "pace": 1.0}]


class Trainer:
    """Network, average, optimiser and progress of one run."""

    def __init__(self, ranks, options):
        torch.manual_seed(options.seed)
        self.ranks, self.options = ranks, options
        self.folder = Path(options.run)
        self.device = torch.device(options.device)
        self.network = JointNetwork(options.output_channel, options.hidden_size)
        self.network.to(self.device, memory_format=torch.channels_last)
        self.average = AveragedModel(self.network, multi_avg_fn=get_ema_multi_avg_fn(options.ema), use_buffers=True)
        self.optimizer = torch.optim.AdamW(group_parameters(self.network), weight_decay=WEIGHT_DECAY, fused=True)
        goes_on = (self.folder / LAST).exists()
        self.progress = resume(self.folder / LAST, options.resume_from, self.network, self.average.module,
                               self.optimizer) or NOTHING_SEEN | {"seed": options.seed}
        if ranks.leads:
            say_what_is_not_used(options, goes_on, self.folder, self.progress["seed"])
        self.average.n_averaged.fill_(self.progress["steps"])  # at 0 the first update would overwrite the average
        self.journal = Journal(self.folder)
        self.stops = False
        if ranks.leads:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: setattr(self, "stops", True))

    def set_learning_rate(self):
        n_seen, total = self.progress["words"], self.options.words
        cool_down_from = total - self.options.cool_down if self.options.cool_down else None
        factor = learning_rate_factor(n_seen, n_seen - self.progress["optimizer_words"], cool_down_from, total)
        for group in self.optimizer.param_groups:
            group["lr"] = self.options.learning_rate * factor * group["pace"]

    def step(self, batch):
        """One step; returns (attention loss, CTC loss)."""
        pictures, given, wanted = (tensor.to(self.device, non_blocking=True) for tensor in batch)
        self.set_learning_rate()
        self.network.train()
        self.network.rectifies = self.average.module.rectifies = is_rectifying(self.progress["words"])
        learns = learns_to_rectify(self.progress["words"], self.progress["steps"])
        self.network.recogniser.Transformation.requires_grad_(learns)
        images = to_images(pictures).contiguous(memory_format=torch.channels_last)
        with lower_precision(self.device):
            losses = measure_loss(self.network, images, given, wanted)
        self.optimizer.zero_grad(set_to_none=True)
        sum(losses).backward()
        self.ranks.average_gradients(self.network.parameters())
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), GRADIENT_LIMIT)
        self.optimizer.step()
        self.average.update_parameters(self.network)
        self.progress["words"] += len(pictures) * self.ranks.size
        self.progress["steps"] += 1
        return [loss.detach() for loss in losses]

    def save(self):
        save_run(self.folder / LAST, self.network, self.average.module, self.optimizer, self.progress)
        export(self.average.module, self.folder, self.progress)

    def measure(self, rendered, real):
        """Accuracies of the averaged network, into the journal."""
        entry = {"words": self.progress["words"], "rendered": rendered.measure(self.average.module)}
        if real:
            entry["real"] = real.measure(self.average.module)
        self.journal.write(**entry)
        draw_curves(self.journal.path, self.folder / CURVES)

    def report(self, losses, seconds):
        """The mean losses since the last report."""
        attention, ctc = (torch.stack(values).mean().item() for values in zip(*losses))
        self.journal.write(words=self.progress["words"], attention_loss=round(attention, 4), ctc_loss=round(ctc, 4),
                           learning_rate=self.optimizer.param_groups[-1]["lr"],
                           words_per_second=round(len(losses) * self.options.batch / seconds, 1))

    def is_over(self, started):
        return self.ranks.agree(self.stops or self.progress["words"] >= self.options.words or
                                time.monotonic() - started > 60 * self.options.minutes)

    def train(self, batches, rendered, real):
        """Steps until it is over; reports, saves and measures on the way."""
        started = reported = saved = measured = time.monotonic()
        losses = []
        while not self.is_over(started):
            losses.append(self.step(next(batches)))
            if not self.ranks.leads:
                continue
            now = time.monotonic()
            if now - reported > self.options.report_every:
                self.progress["seconds"] += now - reported
                self.report(losses, now - reported)
                losses, reported = [], now
            if now - saved > self.options.save_every:
                self.save()
                saved = now
            if now - measured > self.options.measure_every:
                self.measure(rendered, real)
                measured = reported = time.monotonic()
                losses = []
        if self.ranks.leads:
            self.save()
            self.measure(rendered, real)


def say_what_is_not_used(options, goes_on, folder, seed):
    """A run that goes on keeps where it began, and its seed."""
    if goes_on and options.resume_from != MODELS:
        print(f"--resume-from has no effect: the run goes on from {folder / LAST}", file=sys.stderr)
    if seed != options.seed and options.seed != DEFAULT_SEED:
        print(f"--seed has no effect: the run goes on with {seed}, its own", file=sys.stderr)


def parse_options(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", required=True, help="folder of the run; it is made")
    parser.add_argument("--minutes", type=number(0), default=float("inf"), help="stop after so many")
    parser.add_argument("--words", type=whole_number(1), help="stop at so many, earlier runs included")
    parser.add_argument("--cool-down", type=whole_number(0), default=0, help="of --words: let the learning rate fall "
                        "over the last")
    parser.add_argument("--real", help="folder with photographed words and labels.tsv, to measure on")
    parser.add_argument("--real-every", type=whole_number(1), default=4, help="of which to take one in so many")
    parser.add_argument("--resume-from", default=MODELS, help="folder of the networks to begin with (models/), or "
                        f"{NOTHING}; a run that has been saved goes on from there instead")
    parser.add_argument("--output-channel", type=whole_number(16), default=128)
    parser.add_argument("--hidden-size", type=whole_number(1), default=128)
    parser.add_argument("--batch", type=whole_number(1), default=64, help="words of one step, all processes together")
    parser.add_argument("--learning-rate", type=number(0, 1), default=1.4e-3)
    parser.add_argument("--ema", type=number(0, 1), default=0.998, help="how slowly the averaged weights follow")
    parser.add_argument("--seed", type=whole_number(0, LARGEST_SEED), default=DEFAULT_SEED)
    parser.add_argument("--device", default="cpu", help="where the network learns: cpu, cuda")
    parser.add_argument("--processes", type=whole_number(1), default=2, help="that learn together, each on its share "
                        "of a batch")
    parser.add_argument("--threads", type=whole_number(1), default=1, help="of each of them")
    parser.add_argument("--workers", type=whole_number(0), default=0, help="processes that render for each of them; 0: "
                        "it does so itself")
    parser.add_argument("--packages", default=PACKAGES, help="table of the Debian packages to render from, or that of "
                        "a folder made by gather_materials.py (training/packages.tsv)")
    parser.add_argument("--held-out", type=whole_number(1), default=256, help="rendered words to measure on")
    for name, seconds in (("report", 60), ("save", 300), ("measure", 900)):
        parser.add_argument(f"--{name}-every", type=number(0), default=seconds, metavar="SECONDS")
    options = parser.parse_args(arguments)
    if options.cool_down and options.words is None:
        parser.error("--cool-down is at the end of --words: give that, too")
    options.words = options.words or WITHOUT_END
    if options.batch % options.processes:
        parser.error(f"--batch {options.batch} cannot be shared out equally among --processes {options.processes}")
    return options


def check_device(name):
    """Whether PyTorch can work there."""
    try:
        torch.zeros(1, device=name).sum().item()
    except Exception as error:
        raise Mistake(f"--device: PyTorch cannot work on {name!r} here ({str(error).splitlines()[0]}): "
                      "give cpu") from error


def train_together(ranks, options):
    """What each process does; returns its Trainer."""
    torch.set_num_threads(options.threads)
    trainer = Trainer(ranks, options)
    renderer = Renderer(trainer.progress["seed"], packages=options.packages, cache=trainer.folder / "typefaces.json")
    rendered = RenderedWords(renderer.with_seed(HELD_OUT_SEED), options.held_out) if ranks.leads else None
    real = RealWords(options.real, REAL_SETS, options.real_every) if options.real and ranks.leads else None
    batches = load_batches(renderer, options.batch // ranks.size, trainer.progress["words"], options.workers, ranks)
    trainer.train(batches, rendered, real)
    return trainer


def run(options):
    """Trains as the options say; returns the Trainer."""
    check_device(options.device)
    make_run_folder(options.run)
    return run_ranks(options.processes, train_together, options)


if __name__ == "__main__":
    with said_in_one_sentence():
        run(parse_options())
