#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_all.py - runs every check of the project in its long form, one after the other, and prints one table.

    scripts/check_all.tsv      the list of steps: name, shell command, regular expression of the summary line
    build/check-all/NAME.log   what each step printed
    build/check-all/table.txt  the table

A step that fails stops no other. A step that cannot be tried here (exit status 77, also from within make: a package
cannot be had, a right is missing) is "skipped", with its last words: never passed. Exit status: 0 when nothing failed.

    usage: check_all.py [--list FILE] [--output FOLDER] [STEP...]      STEP: only these
"""

import argparse
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent
SKIPPED = 77  # as in Automake
WIDTH = 72    # of the summary


@dataclass(frozen=True)
class Step:
    name: str
    command: str
    summary: str = ""  # regular expression; "" for the last line


@dataclass(frozen=True)
class Outcome:
    step: Step
    result: str  # "passed", "failed", "skipped"
    seconds: float
    summary: str


def read_steps(path):
    steps = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            steps.append(Step(*line.split("\t")))
    return steps


def choose_steps(steps, names):
    """All of them, or those that are named, in the list's order."""
    unknown = set(names) - {step.name for step in steps}
    if unknown:
        sys.exit(f"no such step: {', '.join(sorted(unknown))}; there are {', '.join(step.name for step in steps)}")
    return [step for step in steps if not names or step.name in names]


def is_from_make(line):
    return re.match(r"(g?make)(\[\d+\])?: ", line) is not None


def name_result(status, lines):
    """make's own exit status is 2 whatever failed in it; the status of that is in its last line."""
    from_make = [line for line in lines if is_from_make(line)]
    if status == SKIPPED or (status == 2 and from_make and from_make[-1].endswith(f" Error {SKIPPED}")):
        return "skipped"
    return "failed" if status else "passed"


def summarise(lines, pattern):
    """The last line that fits the pattern; without a pattern, or when none fits, the last one that is not make's."""
    said = [line.strip() for line in lines if line.strip() and not is_from_make(line)]
    fitting = [line for line in said if pattern and re.search(pattern, line)]
    return (fitting or said or ["(it printed nothing)"])[-1]


def run_step(step, folder):
    log = folder / f"{step.name}.log"
    begin = time.monotonic()
    with log.open("wb") as stream:
        status = subprocess.run(["sh", "-c", step.command], cwd=SOURCE, stdin=subprocess.DEVNULL, stdout=stream,
                                stderr=subprocess.STDOUT).returncode
    seconds = time.monotonic() - begin
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    result = name_result(status, lines)
    pattern = step.summary if result == "passed" else ""
    return Outcome(step, result, seconds, summarise(lines, pattern))


def format_table(outcomes):
    name_width = max(len(outcome.step.name) for outcome in outcomes)
    rows = [f"{'step':{name_width}}  result   seconds  summary"]
    for outcome in outcomes:
        rows.append(f"{outcome.step.name:{name_width}}  {outcome.result:7}  {outcome.seconds:7.0f}  "
                    f"{outcome.summary[:WIDTH]}")
    counts = [sum(outcome.result == result for outcome in outcomes) for result in ("passed", "failed", "skipped")]
    return "\n".join([*rows, "", "{} passed, {} failed, {} skipped".format(*counts)])


def main():
    parser = argparse.ArgumentParser(description="Runs every check of the project and prints one table.")
    parser.add_argument("--list", type=Path, default=SOURCE / "scripts" / "check_all.tsv")
    parser.add_argument("--output", type=Path, default=SOURCE / "build" / "check-all")
    parser.add_argument("steps", metavar="STEP", nargs="*")
    arguments = parser.parse_args()
    folder = arguments.output.resolve()
    folder.mkdir(parents=True, exist_ok=True)

    outcomes = []
    for step in choose_steps(read_steps(arguments.list), arguments.steps):
        print(f"{step.name}: {step.command}   (output in {os.path.relpath(folder)}/{step.name}.log)", flush=True)
        outcomes.append(run_step(step, folder))
        print(f"  {outcomes[-1].result} after {outcomes[-1].seconds:.0f} s", flush=True)
    table = format_table(outcomes)
    (folder / "table.txt").write_text(table + "\n", encoding="utf-8")
    print(f"\n{table}")
    return 1 if any(outcome.result == "failed" for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
