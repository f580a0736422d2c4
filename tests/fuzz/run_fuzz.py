# SPDX-License-Identifier: Apache-2.0
"""run_fuzz.py - runs every fuzz target for a while, one after the other, and prints a table.

    usage: run_fuzz.py BUILD_DIR [--seconds N] [--timeout N] [--targets NAME ...]

In BUILD_DIR/fuzz: seeds/ and dictionaries/ are made anew; corpus/TARGET is what the engine found worth keeping, and
grows from run to run; findings/TARGET has the inputs that failed; log.tsv gets one line for each run. Exit code 1 when
there is a finding, or when a target ended otherwise than it should.
"""
import argparse
import os
import pathlib
import re
import resource
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SOURCE_DIR = HERE.parents[1]
COLUMNS = ("target", "cpu_seconds", "executions", "edges", "edges_in_all", "features", "inputs", "findings")

# Longer inputs are slower and reach nothing more.
LONGEST_BYTES = {"checkpoint": 32768, "pickle_zip": 16384, "convert": 16384, "png": 4096, "strdemo": 512, "trba": 512,
                 "charset": 2048, "opt": 2048, "yaml": 2048, "boxes": 2048}
OTHERS_LONGEST_BYTES = 8192


def make_inputs(folder):
    subprocess.run([sys.executable, HERE / "make_dictionaries.py", SOURCE_DIR, folder / "dictionaries"], check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run([sys.executable, "-W", "ignore", HERE / "make_seeds.py", folder / "seeds"], check=True,
                   stdout=subprocess.DEVNULL)


def list_targets(build_dir):
    return sorted(path.name.removeprefix("fuzz_") for path in build_dir.glob("fuzz_*")
                  if path.is_file() and not path.name.startswith("fuzz_replay_"))


def command_of(build_dir, target, options):
    folder = build_dir / "fuzz"
    corpora = [folder / "corpus" / target, folder / "seeds" / target, HERE / "regressions" / target]
    findings = folder / "findings" / target
    for path in (corpora[0], findings):
        path.mkdir(parents=True, exist_ok=True)
    return [build_dir / f"fuzz_{target}", f"-max_total_time={options.seconds}", "-rss_limit_mb=2048",
            f"-timeout={options.timeout}",
            f"-max_len={LONGEST_BYTES.get(target, OTHERS_LONGEST_BYTES)}", f"-artifact_prefix={findings}/",
            f"-dict={folder / 'dictionaries' / target}.dict", "-print_final_stats=1",
            *[path for path in corpora if path.exists()]]


def child_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def last_number(pattern, text):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def run_target(build_dir, target, options):
    """Runs the engine once; returns a row of COLUMNS, and the exit code."""
    before = child_seconds()
    log = build_dir / "fuzz" / f"{target}.log"
    with open(log, "w", encoding="utf-8") as out:
        code = subprocess.run(command_of(build_dir, target, options), stdout=out, stderr=out, check=False,
                              env={"TMPDIR": "/dev/shm" if os.path.isdir("/dev/shm") else "/tmp", **os.environ}
                              ).returncode
    text = log.read_text(encoding="utf-8", errors="replace")
    folder = build_dir / "fuzz"
    row = (target, round(child_seconds() - before, 1), last_number(r"stat::number_of_executed_units: (\d+)", text),
           last_number(r"cov: (\d+)", text), last_number(r"\((\d+) PCs\)", text), last_number(r"ft: (\d+)", text),
           len(list((folder / "corpus" / target).iterdir())),
           len(list((folder / "findings" / target).iterdir())))
    return row, code


def show(row):
    print("  ".join(f"{value!s:>12}" for value in row), flush=True)


def positive_int(text):
    """To the engine 0 seconds are without end."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def choose_targets(build_dir, wanted):
    there = list_targets(build_dir)
    if not there:
        sys.exit(f"there are no fuzz targets in {build_dir}")
    if unknown := sorted(set(wanted or []) - set(there)):
        sys.exit(f"{build_dir} has no target {', '.join(unknown)}; there are {', '.join(there)}")
    return wanted or there


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build_dir", type=pathlib.Path)
    parser.add_argument("--seconds", type=positive_int, default=10, help="for each target")
    parser.add_argument("--timeout", type=positive_int, default=10,
                        help="seconds one input may take; more on a crowded machine")
    parser.add_argument("--targets", nargs="+", help="only these")
    options = parser.parse_args()
    build_dir = options.build_dir.resolve()
    targets = choose_targets(build_dir, options.targets)
    make_inputs(build_dir / "fuzz")
    show(COLUMNS)
    n_findings, failed = 0, []
    with open(build_dir / "fuzz" / "log.tsv", "a", encoding="utf-8") as log:
        for target in targets:
            row, code = run_target(build_dir, target, options)
            show(row)
            print(*row, sep="\t", file=log, flush=True)
            n_findings += row[-1]
            if code and not row[-1]:
                failed.append(f"fuzz_{target} ended with {code} and left no input: {build_dir}/fuzz/{target}.log")
    for why in failed:
        print(why, file=sys.stderr)
    if n_findings:
        sys.exit(f"{n_findings} findings: {build_dir}/fuzz/findings; run the target on one to see it again")
    if failed:
        sys.exit(1)


if __name__ == "__main__":
    main()
