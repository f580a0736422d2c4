# SPDX-License-Identifier: Apache-2.0
"""run_parity.py - the library against PyTorch on many rendered words: is every text the same?

    python tests/parity/run_parity.py [--library libtrba_testing.so] [--words 1000] [--cpu auto] [--output FILE.md]

Prints a table, and writes it as Markdown. Exit status 1 if any text differs. The networks have random weights,
except for those of models/; EasyOCR's english_g2 is left out where models/english_g2.pth is missing.

With TPS two comparisons are made: from end to end, and of all that follows the rectification, PyTorch going on from the
library's rectified pictures. The second decides. The first cannot: the spline through 20 points loses three digits in
float32, and an untrained attention decoder whose text hangs on such digits reads differently in PyTorch's own float64;
how often is in the table beside it.
"""

import argparse
import copy
import datetime
import io
import os
import platform
import string
import sys
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

SOURCE = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(SOURCE / "tests"), str(SOURCE / "training")]

import cv2
from render_words import render_words
from run_arguments import file_to_write, number_of_words, take_library, take_tier
from trba_ctypes import Model, Session
from trba_torch import Architecture, Recogniser
from trba_torch.checkpoints import random_network, save_checkpoint
from trba_torch.decode import decode_attention, decode_ctc, decode_ctc_easyocr, top_margin
from trba_torch.preprocess import prepare_clovaai, prepare_easyocr

PRINTABLE = string.printable[:-6]
ENGLISH_G2 = ("0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ €"
              "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
COMBINATIONS = (("TPS", "ResNet", "BiLSTM", "Attn"), ("None", "VGG", "BiLSTM", "CTC"),
                ("None", "ResNet", "None", "CTC"), ("TPS", "RCNN", "BiLSTM", "Attn"))
TIERS = ("ref", "blas", "avx2", "avx512", "avx512vnni", "avx512amx")
SEED = 20261124
CHUNK = 50
MARGIN = 1e-3   # words with a step closer to a tie than this, in logits, are passed over: they prove nothing
N_EXACT = 100   # words that PyTorch reads in float64 as well, for the networks with TPS


def encode_png(image):
    """The bytes of a file."""
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()


@dataclass
class Subject:
    """A network under test: PyTorch's form, the checkpoint file, and how both are run."""

    name: str
    network: Recogniser
    path: Path
    charset: str
    preset: str
    decode: object  # logits, charset -> Reading

    def give(self, image):
        """PIL image, RGB -> what the library gets. EasyOCR: a file, whose grey is OpenCV's."""
        return encode_png(image) if self.preset == "easyocr" else np.asarray(image)

    def prepare(self, image):
        """PIL image, RGB -> [1, h, w]."""
        if self.preset == "easyocr":
            grey = cv2.imdecode(np.frombuffer(encode_png(image), np.uint8), cv2.IMREAD_GRAYSCALE)
            return prepare_easyocr(grey, self.network.architecture.img_h)
        return prepare_clovaai(image.convert("L"), self.network.architecture.img_h, self.network.architecture.img_w)

    @property
    def has_tps(self):
        return self.network.architecture.transformation == "TPS"

    def read_logits(self, logits):
        """A list of (logits, Reading)."""
        return [(rows, self.decode(rows, self.charset)) for rows in logits]

    @torch.no_grad()
    def read_by_pytorch(self, images):
        """From end to end. EasyOCR's inputs differ in width, so they are read alone, as EasyOCR does."""
        inputs = [self.prepare(image) for image in images]
        if self.preset == "easyocr":
            return self.read_logits([self.network(one[None])[0] for one in inputs])
        return self.read_logits(self.network(torch.stack(inputs)))

    @torch.no_grad()
    def read_rectified(self, rectified):
        """What follows the rectification, from a list of [h, w, c]."""
        network = self.network
        features = network.extract_features(torch.from_numpy(np.stack(rectified)).permute(0, 3, 1, 2))
        return self.read_logits(network.predict(network.model_sequence(features))[0])

    @torch.no_grad()
    def count_unsure(self, images):
        """Of how many words PyTorch's float64 text differs from its float32 text."""
        exact = copy.deepcopy(self.network).double()
        logits = exact(torch.stack([self.prepare(image) for image in images]).double())
        pairs = zip(self.read_logits(logits), self.read_by_pytorch(images))
        return sum(double.text != single.text for (_, double), (_, single) in pairs)


@dataclass
class Score:
    """What a run found."""

    subject: Subject
    n_words: int = 0               # compared
    n_passed_over: int = 0         # too close to a tie
    n_different: int = 0
    n_different_end_to_end: int = 0
    unsure: str = ""               # PyTorch's float32 against its float64
    n_truncated: int = 0
    distinct: frozenset = frozenset()
    worst_logit: float = 0.0       # relative to the picture's largest
    worst_confidence: float = 0.0
    least_margin: float = float("inf")

    def add(self, result, ours, judged, end_to_end):
        """ours: logits [steps, classes]; judged and end_to_end: PyTorch's (logits, Reading)."""
        theirs, reading = judged[0][:judged[1].n_steps], judged[1]
        if top_margin(theirs) <= MARGIN:
            self.n_passed_over += 1
            return
        self.n_words += 1
        self.n_different_end_to_end += result.text != end_to_end[1].text
        if result.text != reading.text:
            self.n_different += 1
            print(f"  {self.subject.name}: {result.text!r} instead of {reading.text!r}, "
                  f"margin {top_margin(theirs):.1e}", file=sys.stderr)
        else:
            difference = np.abs(ours - theirs.numpy()).max() / float(theirs.abs().max())
            self.worst_logit = max(self.worst_logit, float(difference))
        self.n_truncated += reading.truncated
        self.distinct |= {reading.text}
        self.worst_confidence = max(self.worst_confidence, abs(result.confidence - reading.confidence))
        self.least_margin = min(self.least_margin, top_margin(theirs))


DECODERS = {"CTC": decode_ctc, "Attn": lambda logits, charset: decode_attention(logits, charset, 25)}


def make_architecture(combination, **sizes):
    return Architecture(*combination, num_class=len(PRINTABLE) + (1 if combination[3] == "CTC" else 2), **sizes)


def make_random_subject(combination, folder):
    architecture = make_architecture(combination)
    network = random_network(architecture, SEED)
    path = folder / f"{architecture.name}.pth"
    save_checkpoint(network, path, "legacy")
    return Subject(architecture.name, network, path, PRINTABLE, "clovaai", DECODERS[combination[3]])


def make_english_g2(path):
    state = torch.load(path, map_location="cpu", weights_only=True)
    network = Recogniser(Architecture("None", "VGG", "BiLSTM", "CTC", num_class=97, output_channel=256, img_h=64))
    network.load_state_dict({name.removeprefix("module."): tensor for name, tensor in state.items()})
    return Subject("english_g2 (preset easyocr)", network.eval(), path, ENGLISH_G2, "easyocr", decode_ctc_easyocr)


def make_default(path, prediction):
    """A model of this repository."""
    stages = "TPS", "ResNet", "BiLSTM", prediction
    network = Recogniser(make_architecture(stages, output_channel=128, hidden_size=128))
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return Subject(path.stem, network.eval(), path, PRINTABLE, "clovaai", DECODERS[prediction])


def list_subjects(folder):
    """One after the other, so that only one network is in memory."""
    for combination in COMBINATIONS:
        yield make_random_subject(combination, folder)
    yield make_default(SOURCE / "models" / "trba.pth", "Attn")
    yield make_default(SOURCE / "models" / "trba-ctc.pth", "CTC")
    english_g2 = SOURCE / "models" / "english_g2.pth"
    if english_g2.exists():
        yield make_english_g2(english_g2)
    else:
        print("models/english_g2.pth is missing (make models): left out", file=sys.stderr)


def percentage(n, n_all):
    return f"{100 * n / n_all:.1f} %" if n_all else "-"  # every word may be passed over


def run_subject(subject, words, cpu):
    """Without EasyOCR's second reading of words it is not sure of: what is compared is the network."""
    score = Score(subject)
    given = [subject.give(image) for _, image in words]
    with Model(subject.path, charset_text=subject.charset, preset=subject.preset, cpu=cpu) as model, \
            Session(model, n_threads=os.cpu_count(), batch_size=1 if subject.preset == "easyocr" else 8,
                    retry_contrast=False) as session:
        for start in range(0, len(words), CHUNK):
            expected = subject.read_by_pytorch([image for _, image in words[start:start + CHUNK]])
            results, traced = session.trace(given[start:start + CHUNK])
            judged = subject.read_rectified(traced["rectified"]) if subject.has_tps else expected
            for result, ours, *theirs in zip(results, traced["logits"], judged, expected, strict=True):
                score.add(result, ours[0], *theirs)
    if subject.has_tps:
        n_exact = min(N_EXACT, len(words))
        n_unsure = sum(subject.count_unsure([image for _, image in words[start:start + CHUNK]])
                       for start in range(0, n_exact, CHUNK))
        score.unsure = percentage(n_exact - n_unsure, n_exact)
    return score


HEADINGS = ("network", "words", "passed over", "texts equal", "from end to end", "PyTorch float32 = float64",
            "distinct texts", "not ended", "logits off by (relative)",
            "confidence off by", "smallest lead of a step")


def table_row(score):
    return (score.subject.name, str(score.n_words), str(score.n_passed_over),
            percentage(score.n_words - score.n_different, score.n_words),
            percentage(score.n_words - score.n_different_end_to_end, score.n_words), score.unsure,
            str(len(score.distinct)), str(score.n_truncated),
            f"{score.worst_logit:.1e}", f"{score.worst_confidence:.1e}",
            f"{score.least_margin:.1e}")


def describe_run(cpu, n_words):
    """The paragraphs above the table."""
    yield (f"Written by `make parity` (`tests/parity/run_parity.py`), {datetime.date.today()}: {n_words:,} invented "
           f"words, rendered from seed {SEED}, read by the library (tier `{cpu}`) and by PyTorch {torch.__version__} "
           f"({platform.machine()}).")
    yield ("The weights are random (`training/trba_torch/checkpoints.py`) but for those of trba, trba-ctc and "
           "english_g2, so the texts mean nothing; that they are equal does.")
    yield (f"*Passed over*: some step's best class led by less than {MARGIN:g}. *Not ended*: attention did not reach "
           "its end token. *Smallest lead*: of any step's best class before the second, in logits; the closer, the "
           "more a text shows of rounding. The other figures are the largest differences.")
    yield ("With TPS, *texts equal* compares all that follows the rectification, PyTorch going on from the library's "
           "rectified pictures; *from end to end* compares the whole, which the library alone does not decide: the "
           "spline through 20 points loses three digits in float32, and attention with random weights feeds on such "
           "digits for 25 steps. *PyTorch float32 = float64* says in how many of the first "
           f"{min(N_EXACT, n_words)} words PyTorch's own text is the same in both, from end to end.")


def write_markdown(path, rows, cpu, n_words):
    lines = ["# Parity with PyTorch on rendered words"]
    for paragraph in describe_run(cpu, n_words):
        lines += ["", textwrap.fill(paragraph, 120)]
    lines += ["", "| " + " | ".join(HEADINGS) + " |", "|" + " --- |" * len(HEADINGS)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, help="libtrba_testing.so (default: the variable TRBA_TESTING_LIB)")
    parser.add_argument("--words", type=number_of_words, default=1000)
    parser.add_argument("--cpu", default="auto", help=f"the processor tier: auto, {', '.join(TIERS)}")
    parser.add_argument("--output", type=file_to_write, help="write the table as Markdown")
    arguments = parser.parse_args()
    take_library(parser, arguments.library)
    arguments.cpu = take_tier(parser, arguments.cpu, TIERS)
    return arguments


def main():
    arguments = parse_arguments()
    cpu = arguments.cpu
    words = render_words(SEED, arguments.words)
    rows, n_different = [], 0
    with tempfile.TemporaryDirectory() as folder:
        for subject in list_subjects(Path(folder)):
            score = run_subject(subject, words, cpu)
            n_different += score.n_different
            rows.append(table_row(score))
            print("  ".join(f"{heading}: {cell}" for heading, cell in zip(HEADINGS, rows[-1])), flush=True)
    if arguments.output:
        write_markdown(arguments.output, rows, cpu, arguments.words)
    return 1 if n_different else 0


if __name__ == "__main__":
    sys.exit(main())
