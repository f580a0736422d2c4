#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""measure_speed.py - EasyOCR with and without trba, taking turns; prints the table of docs/EASYOCR.md.

    usage: measure_speed.py [--rounds N] [--threads N]       in the environment that make test-easyocr makes

Two pages. Every round reads them with each reader, so that a noisy machine is noisy for all. Recognition is
recognize() with boxes that were found before; a page is readtext(), detection included.
"""
import argparse
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
import warnings
from importlib import metadata, resources
from pathlib import Path

import cv2

sys.path.insert(0, str(Path(__file__).resolve().parent))

import easyocr
import torch
import trba.easyocr
from make_pages import make_page


def make_readers(storage, threads):
    for name in ("craft_mlt_25k.pth", "english_g2.pth"):
        with resources.as_file(resources.files("easyocr_en_models") / "models" / name) as path:
            shutil.copyfile(path, Path(storage) / name)

    def make(quantize):
        return easyocr.Reader(["en"], gpu=False, download_enabled=False, verbose=False, quantize=quantize,
                              model_storage_directory=storage)
    return {"EasyOCR (quantised, its default)": make(True), "EasyOCR, quantize=False": make(False),
            "EasyOCR with trba": trba.easyocr.accelerate(make(False), threads=threads)}


def time_call(function, *arguments, **options):
    start = time.perf_counter()
    function(*arguments, **options)
    return time.perf_counter() - start


def measure(readers, pages, rounds):
    """({name: [seconds]} of recognition, the same of whole pages, the number of words), each of all pages."""
    found = []
    for page in pages:
        horizontal, free = next(iter(readers.values())).detect(page)
        found.append((cv2.cvtColor(page, cv2.COLOR_BGR2GRAY), horizontal[0], free[0]))
    recognition, whole = {name: [] for name in readers}, {name: [] for name in readers}
    for i in range(rounds + 1):
        for name, reader in readers.items():
            words = sum(time_call(reader.recognize, *page, reformat=False) for page in found)
            page_seconds = sum(time_call(reader.readtext, page) for page in pages)
            if i > 0:  # the first is for warming up
                recognition[name].append(words)
                whole[name].append(page_seconds)
    return recognition, whole, sum(len(horizontal) + len(free) for _, horizontal, free in found)


def describe_machine():
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
    load = os.getloadavg()[0]
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("easyocr", "torch", "trba"))
    return (f"{versions}; Python {platform.python_version()}; {model}, {os.cpu_count()} processors; "
            f"load average {load:.1f}")


def print_table(recognition, whole, n_words, n_pages):
    print("| | a word, ms: minimum | median | a page, s: minimum | median |\n| --- | --- | --- | --- | --- |")
    for name in recognition:
        words = [1000 * seconds / n_words for seconds in recognition[name]]
        pages = [seconds / n_pages for seconds in whole[name]]
        print(f"| {name} | {min(words):.1f} | {statistics.median(words):.1f} | {min(pages):.2f} | "
              f"{statistics.median(pages):.2f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, help="of PyTorch and of trba (default: one per processor)")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    warnings.filterwarnings("ignore", module="torch")
    pages = [make_page(seed, 10, width=480, height=320) for seed in (1, 2)]
    print(describe_machine())
    with tempfile.TemporaryDirectory() as storage:
        recognition, whole, n_words = measure(make_readers(storage, options.threads), pages, options.rounds)
    print(f"{n_words} words on {len(pages)} pages, {options.rounds} rounds, threads: {options.threads or 'all'}; "
          f"load average now {os.getloadavg()[0]:.1f}\n")
    print_table(recognition, whole, n_words, len(pages))


if __name__ == "__main__":
    main()
