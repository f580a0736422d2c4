# SPDX-License-Identifier: Apache-2.0
"""Whole processes: from exec to the first word, from 1,000 files on disk to their texts; and the memory they take.

The programs take turns; the files are in the page cache, as after any first use.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

from bench_statistics import rotate
from engines import package_version

import bench_networks
from render_words import render_words

NETWORKS = ("TRBA", "CRNN")
N_FILES = 1000
N_STARTS, N_READS = 7, 3


def make_files(folder):
    """N_FILES rendered words, PNG and JPEG in turn. Returns the folder."""
    if not folder.exists():
        unfinished = folder.with_suffix(".unfinished")
        unfinished.mkdir(parents=True, exist_ok=True)
        for i, (_, image) in enumerate(render_words(bench_networks.SEED, N_FILES)):
            image.save(unfinished / (f"{i:04}.jpg" if i % 2 else f"{i:04}.png"))
        unfinished.rename(folder)
    return folder


def time_process(command, environment, n_threads):
    """What time_process.py says of the command: {"first_s", "s", "peak_mb"}."""
    processors = ",".join(map(str, sorted(os.sched_getaffinity(0))[:n_threads]))
    script = Path(__file__).with_name("time_process.py")
    said = json.loads(subprocess.run([sys.executable, "-S", script, processors, *command], env=environment, check=True,
                                     stdout=subprocess.PIPE).stdout)
    if said["status"] or said["first_s"] is None:
        ended = f"exit code {os.waitstatus_to_exitcode(said['status'])}" if said["status"] else "no output"
        raise RuntimeError(f"{ended}: {said['last_words'][:300]}")
    return said


def take_turns(commands, n_rounds, environment, n_threads):
    """{name: command} -> {name: [time_process() of each round]}, after a round that is not counted, and {name: why} of
    those that failed and have no more turns."""
    measured, failures = {name: [] for name in commands}, {}
    for turn in range(n_rounds + 1):
        for name in rotate(list(measured), turn):
            try:
                taken = time_process(commands[name], environment, n_threads)
            except RuntimeError as error:
                failures[name] = str(error)
                del measured[name]
                continue
            if turn:
                measured[name].append(taken)
    return measured, failures


def make_rows(measured, which, network, n_threads, options):
    """`which`: "first_s" for the first word, "s" for the whole run."""
    versions = {"strdemo": "", "PyTorch": "torch", "ONNX Runtime": "onnxruntime", "OpenVINO": "openvino"}
    return [{"network": network.name, "program": name, "threads": n_threads,
             "version": package_version(versions[name]) if versions[name] else strdemo_version(options),
             "median_s": median(taken[which] for taken in runs), "min_s": min(taken[which] for taken in runs),
             "peak_mb": max(taken["peak_mb"] for taken in runs), "runs": len(runs)} for name, runs in measured.items()]


def strdemo_version(options):
    said = subprocess.run([options.build / "strdemo", "--version"], capture_output=True, text=True, check=True).stdout
    return next(word for word in said.split() if word[0].isdigit())


def strdemo_command(network, options, *arguments):
    """--compat: attention takes all its steps, as PyTorch's does."""
    return [options.build / "strdemo", "--model", options.output / "models" / f"{network.name}.pth", "--charset",
            f"text:{network.charset}", "--threads", str(options.threads[-1]), "--compat", "clovaai",
            "--format", "tsv", *arguments]


def measure_first_word(network, options, environment):
    """Rows, and {program: why} of those that failed; so does measure_end_to_end()."""
    word = sorted(make_files(options.output / "words").iterdir())[0]
    folder = options.output / "models"
    bench_networks.make_onnx(network, folder, 1)
    commands = {"strdemo": strdemo_command(network, options, word)}
    for name, engine in (("PyTorch", "torch"), ("ONNX Runtime", "onnxruntime"), ("OpenVINO", "openvino")):
        commands[name] = [sys.executable, Path(__file__).with_name("first_word.py"), engine, network.name, folder, word,
                          str(options.threads[-1])]
    measured, failures = take_turns(commands, N_STARTS, environment, options.threads[-1])
    return make_rows(measured, "first_s", network, options.threads[-1], options), failures


def measure_end_to_end(network, options, environment):
    words = make_files(options.output / "words")
    commands = {
        "strdemo": strdemo_command(network, options, "--batch", "32", words),
        "PyTorch": [sys.executable, Path(__file__).with_name("read_folder_torch.py"), network.name,
                    options.output / "models", words, str(options.threads[-1])]}
    measured, failures = take_turns(commands, N_READS, environment, options.threads[-1])
    rows = make_rows(measured, "s", network, options.threads[-1], options)
    return [row | {"files": N_FILES} for row in rows], failures
