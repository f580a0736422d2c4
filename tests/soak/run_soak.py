# SPDX-License-Identifier: Apache-2.0
"""The long run: 200,000 images through a few sessions, and a report with the curve of what the process held.

    usage: run_soak.py --program build/test/soak --output docs/SOAK.md [--images N] [--curve FILE]

Writes the report and, beside it, soak.svg. --curve reports on a curve that the program has printed before. The exit
code is the program's: 0 when memory, descriptors and threads stayed as they were.
"""

import argparse
import datetime
import platform
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

from make_soak_inputs import make_inputs

SEED = 1
SETTLED_IMAGES = 1000  # as in soak.c: from there on memory must be flat
WIDTH, HEIGHT, MARGIN_LEFT, MARGIN, BOTTOM = 800, 260, 90, 20, 50  # of the plot, in pixels
N_ROWS = 12  # of the table


def processor_name():
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {len(names)} processors"


def run_program(program, n_images, curve):
    """Returns the exit code; the program prints its curve into a file that can be watched."""
    with tempfile.TemporaryDirectory() as folder, open(curve, "w", encoding="utf-8") as out:
        pictures, models = make_inputs(Path(folder))
        every = max(n_images // 200, 1)
        return subprocess.run([program, str(n_images), str(every), str(SEED), pictures, *models], stdout=out,
                              check=False).returncode


def read_curve(path):
    """The lines of the program as dictionaries of numbers. Ends the program where there is nothing to report on."""
    try:
        heading, *lines = Path(path).read_text(encoding="utf-8").splitlines()
        samples = [dict(zip(heading.split("\t"), map(float, line.split("\t")), strict=True)) for line in lines]
        if len(samples) < 2 or samples[-1]["images"] < SETTLED_IMAGES:
            raise ValueError
    except OSError as error:
        raise SystemExit(f"the curve cannot be read: {path}: {error.strerror}") from None
    except (ValueError, KeyError):
        raise SystemExit(f"{path} is no whole curve of {SETTLED_IMAGES:,} images or more") from None
    return samples


# ---- the plot -------------------------------------------------------------------------------------------------------

def scale(value, least, most, from_pixel, to_pixel):
    return from_pixel + (value - least) / (most - least) * (to_pixel - from_pixel)


def polyline(samples, name, colour, x_most, y_range):
    points = " ".join(
        f"{scale(s['images'], 0, x_most, MARGIN_LEFT, WIDTH - MARGIN):.1f},"
        f"{scale(s[name] / 1024, *y_range, HEIGHT - BOTTOM, MARGIN):.1f}" for s in samples)
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>'


def text(x, y, words, anchor="middle", colour="#333"):
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{colour}">{words}</text>'


def plot(samples):
    """Memory over images as SVG. The axis begins at zero: what is flat must look flat."""
    x_most = samples[-1]["images"]
    y_most = -(-max(s["allocated_kib"] for s in samples) // 1024 // 50) * 50 + 50
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
             'font-size="12">', f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
    for mebibytes in range(0, int(y_most) + 1, 50):
        y = scale(mebibytes, 0, y_most, HEIGHT - BOTTOM, MARGIN)
        parts += [f'<path d="M{MARGIN_LEFT} {y:.1f}H{WIDTH - MARGIN}" stroke="#ddd"/>',
                  text(MARGIN_LEFT - 8, f"{y + 4:.1f}", f"{mebibytes} MiB", "end")]
    for part in range(5):
        x = scale(part, 0, 4, MARGIN_LEFT, WIDTH - MARGIN)
        parts.append(text(f"{x:.1f}", HEIGHT - BOTTOM + 20, f"{x_most * part / 4:,.0f}"))
    parts += [polyline(samples, "allocated_kib", "#c60", x_most, (0, y_most)),
              polyline(samples, "resident_kib", "#06c", x_most, (0, y_most)),
              text(MARGIN_LEFT, HEIGHT - 8, "resident", "start", "#06c"),
              text(MARGIN_LEFT + 70, HEIGHT - 8, "allocated with malloc()", "start", "#c60"),
              text(WIDTH - MARGIN, HEIGHT - 8, "images read", "end"), "</svg>"]
    return "\n".join(parts) + "\n"


# ---- the page -------------------------------------------------------------------------------------------------------

def spread_kib(samples, name):
    values = [s[name] for s in samples if s["images"] >= SETTLED_IMAGES]
    return max(values) - min(values)


def table(samples):
    step = max((len(samples) - 1) // N_ROWS, 1)
    rows = [samples[0], samples[1], *samples[step:-1:step], samples[-1]]
    yield "| images | of them broken | processor time | resident | allocated | descriptors | threads |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for s in rows:
        yield (f"| {s['images']:,.0f} | {s['broken']:,.0f} | {s['cpu_s']:.0f} s | {s['resident_kib']:,.0f} KiB | "
               f"{s['allocated_kib']:,.0f} KiB | {s['descriptors']:.0f} | {s['threads']:.0f} |")


def describe(samples, date):
    last = samples[-1]
    yield "# The long run"
    yield (f"Written by `make soak` (`tests/soak/run_soak.py`), {date}, {processor_name()}: {last['images']:,.0f} "
           f"images, {last['broken']:,.0f} of them broken, in {last['cpu_s']:,.0f} s of processor time.")
    yield ("Three small random networks are read by one session each from the first image to the last: "
           "TPS-ResNet-BiLSTM-Attn in colour, None-VGG-BiLSTM-CTC of any width with EasyOCR's preprocessing, "
           "None-RCNN-None-CTC. Batches of 1 to 16 pictures are drawn at random: PNG and JPEG of every kind from 1 x 1 "
           "to 640 x 48 pixels, as files and from memory; raw pixels in five orders up to 64 times as wide as high; "
           "the hostile files of the tests. Every 16th batch or so is read by a session of 1 to 4 threads, made for it "
           "and freed, or is followed by regions of a page; every 256th by a model that is opened anew.")
    yield ("Each picture must fail or be read as the test knows it, and must give the same bits every time. From 1,000 "
           "images on, resident memory (`Rss` of `/proc/self/smaps_rollup`, after `malloc_trim()`, with one malloc "
           "arena) and allocated memory (`mallinfo2()`) must stay within 1 MiB, descriptors and threads must not "
           "change; at the end the sessions, left alone for half a second, must use less than 5 ms of processor time.")
    resident, allocated = (f"{spread_kib(samples, name):,.0f} KiB" for name in ("resident_kib", "allocated_kib"))
    yield (f"From 1,000 images on: resident memory within **{resident}**, allocated memory within **{allocated}**. "
           "(What still grows are buffers that fit the largest of something: a thread's first large picture, a batch's "
           "longest texts.)")
    yield "![Memory over the images read](soak.svg)"
    yield "\n".join(table(samples))
    yield "`ctest -R python.soak` is the same in short, 3,000 images."


def wrap(paragraph):
    if paragraph.startswith(("|", "#", "!")):
        return paragraph
    return textwrap.fill(paragraph, 120, break_long_words=False, break_on_hyphens=False)


def check_arguments(parser, asked):
    """Not after the run: it takes long."""
    if asked.images < SETTLED_IMAGES:
        parser.error(f"--images: memory is watched from {SETTLED_IMAGES:,} images on, so that many are the least")
    if asked.curve is None and not Path(asked.program).is_file():
        parser.error(f"--program: there is no {asked.program}: cmake --build --preset test --target soak")
    if asked.output.is_dir() or not asked.output.parent.is_dir():
        parser.error(f"--output: {asked.output} is a folder, or is to be in one that is not there")


def main():
    parser = argparse.ArgumentParser(description="Reads for long, and reports what the process held.")
    parser.add_argument("--program", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--images", type=int, default=200_000)
    parser.add_argument("--curve", type=Path)
    asked = parser.parse_args()
    check_arguments(parser, asked)
    curve = asked.curve or Path(asked.program).with_name("soak.tsv")
    code = 0 if asked.curve else run_program(asked.program, asked.images, curve)
    if code != 0:
        return code
    samples = read_curve(curve)
    asked.output.write_text("\n\n".join(map(wrap, describe(samples, datetime.date.today()))) + "\n", encoding="utf-8")
    asked.output.with_name("soak.svg").write_text(plot(samples), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
