# SPDX-License-Identifier: Apache-2.0
"""run_precision.py - the models of models/ in 16-bit integers and in bfloat16 against themselves in float32: which
texts change, and by how much do confidences and activations differ?

    python tests/parity/run_precision.py [--library libtrba_testing.so] [--words 3000] [--real FOLDER]...
                                         [--cpu auto] [--machine TEXT] [--output FILE.md]

Reads rendered words and, if folders are given, the images in them: a folder has a gt.txt (PATH<TAB>LABEL), or folders
with such a file below it, as trba eval reads them. Prints a table, and writes it as Markdown. Nothing is judged here:
test_precision.py holds the samples of data/ together.
"""

import argparse
import datetime
import io
import os
import re
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SOURCE = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(SOURCE / "tests"), str(SOURCE / "training")]

from render_words import list_fonts, render_words
from run_arguments import file_to_write, number_of_words, take_library, take_tier
from trba_ctypes import CPUS, PRECISIONS, Model, Session

MODELS = ("trba", "trba-ctc", "english_g2")
TIERS = ("avx2", "avx512", "avx512vnni", "avx512amx")
SEED = 20261128
CHUNK = 256
N_TRACED = 200  # images of each set whose activations are compared
STAGES = {"visual_feature": "features", "contextual_feature": "after the BiLSTM", "logits": "logits"}


# ---- images ----

@dataclass
class ImageSet:
    name: str
    images: list  # paths, or bytes of files
    labels: list


def encode_png(image):
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()


def make_rendered_set(n_words):
    words = render_words(SEED, n_words)
    return ImageSet("rendered words", [encode_png(image) for _, image in words], [word for word, _ in words])


def read_real_set(list_path):
    rows = [line.partition("\t") for line in list_path.read_text(encoding="utf-8-sig").splitlines() if line]
    return ImageSet(list_path.parent.name, [str(list_path.parent / path) for path, _, _ in rows],
                    [label for _, _, label in rows])


def list_real_sets(folder):
    lists = sorted(folder.rglob("gt.txt"))
    if not lists:
        raise SystemExit(f"{folder} has no gt.txt, nor has a folder below it")
    return [read_real_set(path) for path in lists]


# ---- reading ----

def find_model(name):
    path = SOURCE / "models" / f"{name}.pth"
    if not path.exists():
        raise SystemExit(f"models/{path.name} is missing: make models")
    return path


def open_model(name, cpu, precision):
    """As its sidecar says."""
    model = Model(find_model(name), use_sidecar=True, cpu=cpu, precision=precision)
    used = model.info()
    if PRECISIONS[used.precision] != precision:
        raise SystemExit(f"{CPUS[used.cpu]} has no {precision}: this needs AVX2")
    return model


def read_set(model, images):
    results = []
    with Session(model, n_threads=os.cpu_count(), batch_size=16) as session:
        for start in range(0, len(images), CHUNK):
            results += session.read_batch(images[start:start + CHUNK])
    return results


def trace(model, image):
    """Activations of one image, by stage."""
    with Session(model, n_threads=os.cpu_count(), retry_contrast=False) as session:
        _, stages = session.trace([image])
    return {stage: stages[stage][0] for stage in STAGES}


# ---- comparing ----

@dataclass
class Comparison:
    """Of one model, precision and set: what changes, results in pairs (fp32, that precision)."""

    model: str
    precision: str
    images: ImageSet
    pairs: list
    stages: dict  # stage -> [(root of the mean square, largest)] by image, relative to the image's largest value

    @property
    def changed(self):
        return [(whole, ours) for whole, ours in self.pairs if whole.text != ours.text]

    @property
    def confidence_differences(self):
        """Of the images whose text is the same."""
        return np.abs([whole.confidence - ours.confidence for whole, ours in self.pairs if whole.text == ours.text])

    def count_right(self, which):
        """Letters and digits only, without case, as scene text is scored."""
        return sum(fold(pair[which].text) == fold(label) for pair, label in zip(self.pairs, self.images.labels))


def fold(text):
    return re.sub("[^a-z0-9]", "", text.lower())


def compare_stages(models, images):
    differences = {stage: [] for stage in STAGES}
    for image in images:
        whole, ours = (trace(model, image) for model in models)
        for stage in STAGES:
            n = min(whole[stage].shape[-2], ours[stage].shape[-2])  # a text may end earlier: as far as both go
            error = np.abs(whole[stage][..., :n, :].astype(np.float64) - ours[stage][..., :n, :])
            error /= np.abs(whole[stage]).max()
            differences[stage].append((np.sqrt(np.mean(error ** 2)), error.max()))
    return differences


def keep_readable(images, model):
    """Images that cannot be read are left out, and said. Also what the model reads in the others."""
    results = read_set(model, images.images)
    good = [i for i, result in enumerate(results) if result.status == "ok"]
    if not good:
        print(f"{images.name}: there is no image that can be read: the set is left out", file=sys.stderr)
    elif len(good) < len(results):
        print(f"{images.name}: {len(results) - len(good)} images cannot be read", file=sys.stderr)
    return (ImageSet(images.name, [images.images[i] for i in good], [images.labels[i] for i in good]),
            [results[i] for i in good])


def ways_of(cpu):
    """What is held against fp32: (its name, tier, precision). Integers are another way with AMX than without."""
    ways = [("int16", cpu, "int16"), ("bf16", cpu, "bf16")]
    return ways + [("int16, avx512vnni", "avx512vnni", "int16")] if cpu == "avx512amx" else ways


def compare_sets(name, cpu, sets):
    """One model in all precisions, set by set."""
    with open_model(name, cpu, "fp32") as whole:
        expected = [(images, results) for images, results in (keep_readable(images, whole) for images in sets)
                    if results]
        for way, tier, precision in ways_of(cpu):
            with open_model(name, tier, precision) as ours:
                for images, results in expected:
                    pairs = list(zip(results, read_set(ours, images.images), strict=True))
                    yield Comparison(name, way, images, pairs,
                                     compare_stages((whole, ours), images.images[:N_TRACED]))


# ---- telling ----

TEXT_HEADINGS = ("model", "precision", "images", "n", "texts changed", "", "surest of these", "right in fp32",
                 "right", "confidence differs by, mean", "in 99 % at most", "largest")
STAGE_HEADINGS = ("model", "precision", "images",
                  *(f"{name}, {kind}" for name in STAGES.values() for kind in ("typical", "largest")))


def percentage(n, n_all):
    return f"{100 * n / n_all:.2f} %"


def summarise(differences):
    """Their mean, what 99 % do not exceed, and the largest; dashes where no text is the same."""
    if not differences.size:
        return "-", "-", "-"
    return tuple(f"{value:.1e}" for value in (differences.mean(), np.quantile(differences, 0.99), differences.max()))


def text_row(comparison):
    n, changed = len(comparison.pairs), comparison.changed
    surest = max((min(whole.confidence, ours.confidence) for whole, ours in changed), default=None)
    return (comparison.model, comparison.precision, comparison.images.name, f"{n:,}", str(len(changed)),
            percentage(len(changed), n),
            f"{surest:.2f}" if surest is not None else "", f"{comparison.count_right(0):,}",
            f"{comparison.count_right(1):,}", *summarise(comparison.confidence_differences))


def stage_row(comparison):
    figures = []
    for stage in STAGES:
        typical, largest = np.array(comparison.stages[stage]).T
        figures += [f"{np.median(typical):.1e}", f"{largest.max():.1e}"]
    return (comparison.model, comparison.precision, comparison.images.name, *figures)


def make_table(headings, rows):
    return ["| " + " | ".join(headings) + " |", "|" + " --- |" * len(headings),
            *("| " + " | ".join(row) + " |" for row in rows)]


HOW_INTEGERS_WORK = (
    "`--precision int16` (`precision` in `trba.h` and in Python) makes products in 16-bit integers, those of "
    "convolutions, LSTMs, attention and linear layers; the first layer, the transforms of Winograd's convolutions, "
    "gates, softmax and the last layer stay in float32.",
    "Each row of activations and each column of weights becomes integers and a scale (value = integer * scale), chosen "
    "for itself, anew for each picture: there is nothing to calibrate, and no picture depends on its neighbours.",
    "The scale makes the integers as large as two bounds allow, no integer above 32,767 and none of the vectors longer "
    "(in Euclid's sense) than the root of 2^31 - 1: by Cauchy and Schwarz no sum of products then leaves 32 bits, so "
    "that sums are exact, in any order.",
    "The price is that each number is rounded to a 46,200th of its vector's length.",
    "The weights are transformed for Winograd along one axis when the model is opened, and along the other, in "
    "integers, where they are used: they take as much memory as in float32.",
    "AVX-512 VNNI has one instruction (`vpdpwssd`) for two products and their sum, which makes these products about "
    "twice as fast as in float32; AVX2, and AVX-512 without VNNI, need two, which is no faster, so `auto` means int16 "
    "with VNNI and fp32 elsewhere.",
    "With AMX, convolutions multiply without Winograd's transforms, on tiles of 8-bit integers: 16-bit integers are "
    "256 * high + low, both parts signed, and of the four products of parts the low parts' is left out. Here a "
    "picture's whole map has one scale, and each column of weights; the largest number becomes 32,639, and sums are "
    "exact as well.")
HOW_BFLOAT16_WORKS = (
    "`--precision bf16` rounds what convolutions multiply to bfloat16, 8 bits of fraction, and sums in float32, as "
    "PyTorch's bfloat16 does; the first and the last layer stay in float32. LSTMs, attention and linear layers are in "
    "integers as above, and so is TPS, which says where the picture is read from.",
    "It is for AMX, whose tiles multiply bfloat16 more than ten times as fast as AVX-512 multiplies float32; without "
    "AMX Winograd's convolutions in float32 are faster, so the programs say so and read in fp32.",
    "It is faster than int16, by a fifth to a third, and changes more texts: `auto` does not choose it.")


def describe_run(arguments, tier):
    yield (f"Written by `make precision` (`tests/parity/run_precision.py`), {datetime.date.today()}. Processor: "
           f"{arguments.machine} (tier `{tier}`). The models of `models/`, as their sidecars say, read the same images "
           f"in fp32 and otherwise. The rendered words are {arguments.words:,} invented ones from seed "
           f"{SEED}, in the {len(list_fonts()):,} fonts of the machine." +
           (" The others are real: photographs of words, not part of this repository." if arguments.real else ""))


def write_markdown(path, arguments, tier, comparisons):
    lines = ["# Precision: what 16-bit integers and bfloat16 change", "", "## How integers work"]
    lines += ["", textwrap.fill(" ".join(HOW_INTEGERS_WORK), 120), "", "## How bfloat16 works"]
    lines += ["", textwrap.fill(" ".join(HOW_BFLOAT16_WORKS), 120), "", "## What changes"]
    for paragraph in describe_run(arguments, tier):
        lines += ["", textwrap.fill(paragraph.strip(), 120)]
    lines += ["", *make_table(TEXT_HEADINGS, [text_row(comparison) for comparison in comparisons]), ""]
    lines += [textwrap.fill(
        "*Surest of these*: of the changed texts, the largest confidence of which both readings had at least as much. "
        "*Right*: the text is the label, letters and digits compared without case. Confidence (0 to 1) is compared "
        "where the text is the same. It may jump all the same: english_g2's, which is EasyOCR's, multiplies the "
        "probabilities of all frames that do not say \"nothing\", and a frame on the verge counts for half or not at "
        "all; and a word read with less than 0.1 is read a second time, with more contrast. With attention a "
        "difference in one step goes on into the next.", 120), "", "## Activations", ""]
    lines += [textwrap.fill(
        f"The first {N_TRACED} images of each set, differences from fp32 relative to the largest value of the stage "
        "and image. *Typical*: the root of the mean square, of the middle image; *largest*: of any value of any image. "
        "For comparison: fp32 is less than 1e-4 from PyTorch in logits for the pictures of the tests; "
        "[PARITY.md](PARITY.md) has how far for a thousand.", 120), ""]
    lines += make_table(STAGE_HEADINGS, [stage_row(comparison) for comparison in comparisons])
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


# ---- the run ----

def find_processor():
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, help="libtrba_testing.so (default: the variable TRBA_TESTING_LIB)")
    parser.add_argument("--words", type=number_of_words, default=3000, help="how many to render (default: 3000)")
    parser.add_argument("--real", type=Path, action="append", default=[],
                        help="a folder of labelled images; any number of times")
    parser.add_argument("--cpu", default="auto", help=f"the processor tier: auto, {', '.join(TIERS)}")
    parser.add_argument("--machine", default=find_processor(), help="what the report calls it (default: as Linux does)")
    parser.add_argument("--output", type=file_to_write, help="write the tables as Markdown")
    arguments = parser.parse_args()
    take_library(parser, arguments.library)
    arguments.cpu = take_tier(parser, arguments.cpu, TIERS)
    return arguments


def tell(comparison):
    for headings, row in ((TEXT_HEADINGS, text_row), (STAGE_HEADINGS, stage_row)):
        print("  ".join(f"{heading}: {cell}" for heading, cell in zip(headings, row(comparison))), flush=True)
    for before, after in comparison.changed:
        print(f"  {before.text!r} ({before.confidence:.3f}) became {after.text!r} ({after.confidence:.3f})")


def main():
    arguments = parse_arguments()
    cpu = arguments.cpu
    for name in MODELS:
        find_model(name)  # not after hours with the others
    sets = [make_rendered_set(arguments.words)]
    for folder in arguments.real:
        sets += list_real_sets(folder)
    comparisons = []
    for name in MODELS:
        for comparison in compare_sets(name, cpu, sets):
            comparisons.append(comparison)
            tell(comparison)
    if arguments.output:
        write_markdown(arguments.output, arguments, cpu, comparisons)


if __name__ == "__main__":
    main()
