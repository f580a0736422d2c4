# SPDX-License-Identifier: Apache-2.0
"""The benchmark: ours and every other CPU engine on the same networks, taking turns (docs/BENCHMARK.md).

    usage: run_bench.py --build build/release --output build/bench [--quick] [--networks TRBA CRNN] ...

    for each network, batch size and thread count:
      make the checkpoint and the exports           bench_networks.py
      start one process per engine, hold its texts against PyTorch's
      rounds: each engine has a turn                bench_worker.py, engine_trba.py, peers_*.py
    process start to first word, peak memory        bench_programs.py
    1,000 files from disk to text                   bench_programs.py
    table, JSON, Markdown, plot                     bench_report.py

OUTPUT/results.json grows after every configuration; with --resume what it holds is not measured again, if it was
measured by the same terms (list_terms()).
"""

import argparse
import datetime
import hashlib
import json
import math
import os
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import torch

import bench_networks
import bench_programs
import bench_report
from bench_arguments import positive_int
from bench_statistics import fastest, gflops, paired_ratio, rotate, rounds_apart, summarise
from engines import ENGINES, package_version, precisions_of_processor, processor_flags, processor_name

PAUSE_SECONDS = 0.02  # after a turn: threads that still spin for a moment must not meet the next engine
NEAR_NS = 250  # a line of the cache there and back: some 80 within one last-level cache, 400 between two
PEAK_PROBES = {"fp32": ("fma_avx512", "fma_avx2"), "bf16": ("amx_bf16", "bf16_avx512", "fma_avx512", "fma_avx2"),
               "int8": ("amx_int8", "int8_avx512_vnni"), "int16": ("amx_int8", "int16_avx512_vnni")}


def engine_environment(n_threads, cap):
    """Thread pools of the size asked for. OPENBLAS_CORETYPE would pick OpenBLAS's kernels for another processor.

    `cap` "avx2": ONEDNN_MAX_CPU_ISA (PyTorch, OpenVINO) and ATEN_CPU_CAPABILITY (PyTorch). ONNX Runtime and ncnn have
    no such switch.
    """
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_CORETYPE"}
    environment["OMP_NUM_THREADS"] = str(n_threads)
    environment["TORCHINDUCTOR_MAX_AUTOTUNE"] = "0"
    if cap == "avx2":
        environment |= {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}
    return environment


class Worker:
    """An engine's process. Raises RuntimeError, with the last thing it said, when it ends."""

    def __init__(self, engine, job, environment, log):
        self.engine = engine
        self.rounds = []
        self.idle_cpu_seconds = 0.0
        self._log = log
        script = Path(__file__).with_name("bench_worker.py")
        self._process = subprocess.Popen([sys.executable, script, engine.module, json.dumps(job)], env=environment,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log.open("w"), text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()

    def hear(self):
        line = self._process.stdout.readline()
        if not line:
            said = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            why = said[-1][:300] if said else f"exit code {self._process.wait()}"
            raise RuntimeError(f"{self.engine.name} stopped: {why}")
        return json.loads(line)

    def ask(self, words):
        with suppress(BrokenPipeError):  # it has ended: hear() says why
            self._process.stdin.write(words + "\n")
            self._process.stdin.flush()
        return self.hear()

    def take_turn(self, seconds):
        said = self.ask(f"run {seconds}")
        self.rounds.append(said["times"])
        self.idle_cpu_seconds += said["idle_cpu"]


def make_job(engine, network, batch, n_threads, options):
    return {"network": network.name, "folder": str(options.output / "models"), "batch": batch, "threads": n_threads,
            "precision": engine.precision, "settings": engine.settings, "charset": network.charset,
            "preset": network.preset, "img_h": network.architecture.img_h, "has_attention": network.has_attention,
            "short_length": bench_networks.SHORT_LENGTH,
            "cpu": options.cap, "has_bf16": "bf16" in precisions_of_processor() and options.cap == "auto",
            "library": str(options.build / "libtrba.so")}


def make_export(engine, network, folder, batch):
    """The file the engine reads. Slow for the first time."""
    if engine.module == "peers_ncnn":
        bench_networks.make_ncnn(network, folder)
    elif engine.module == "peers_openvino" and engine.precision == "int8":
        bench_networks.make_openvino_int8(network, folder, batch)
    elif engine.module == "peers_onnxruntime" and engine.precision == "int8":
        bench_networks.make_onnx_int8(network, folder, batch)
    elif engine.module in ("peers_onnxruntime", "peers_openvino"):
        bench_networks.make_onnx(network, folder, batch)


def engines_of(network, options):
    for engine in ENGINES.values():
        is_wanted = options.engines is None or engine.name in options.engines
        is_doubled = engine.has_early_stop and not network.has_attention
        if is_wanted and not is_doubled and engine.precision in options.precisions:
            yield engine


def start_workers(stack, network, batch, n_threads, options):
    """Every engine that can run this network, ready; each says it was ready. Those that cannot are listed with why."""
    workers, failures = [], {}
    folder, environment = options.output / "models", engine_environment(n_threads, options.cap)
    for engine in engines_of(network, options):
        print(f"    {engine.name} ...", file=sys.stderr, flush=True)
        try:
            make_export(engine, network, folder, batch)
            log = options.output / "logs" / f"{network.name}.{engine.name}.b{batch}.t{n_threads}.txt"
            worker = stack.enter_context(Worker(engine, make_job(engine, network, batch, n_threads, options),
                                                environment, log))
            worker.ready = worker.hear()
            workers.append(worker)
        except Exception as error:  # whatever another project's converter raises is a line in the report
            failures[engine.name] = f"{type(error).__name__}: {error}"[:400]
    return workers, failures


def keep_running(workers, act, failures):
    """act() of each worker, in this order. Returns those still there; of the others `failures` gets why."""
    kept = []
    for worker in workers:
        try:
            act(worker)
            kept.append(worker)
        except Exception as error:  # as in start_workers()
            failures[worker.engine.name] = f"{type(error).__name__}: {error}"[:400]
    return kept


def count_changed_texts(worker, network, reference, options):
    """How many of the 32 texts differ from PyTorch's in fp32."""
    def decode(logits):
        if worker.engine.has_early_stop:
            return bench_networks.decode(network, logits, max_length=bench_networks.SHORT_LENGTH)
        return bench_networks.decode(network, logits, is_compat=True)

    path = Path(worker.ask(f"outputs {options.output / 'logs' / 'outputs'}")["outputs"])
    if path.suffix == ".json":
        texts = json.loads(path.read_text())
    else:
        logits = torch.from_numpy(np.load(path)).reshape(bench_networks.N_IMAGES, -1, network.architecture.num_class)
        texts = decode(logits)
    return sum(text != expected for text, expected in zip(texts, decode(reference), strict=True))


def measure_trip(options):
    """Nanoseconds from the first processor to the second and back; none with one processor."""
    processors = sorted(os.sched_getaffinity(0))[:2]
    if len(processors) < 2:
        return []
    command = [options.build / "round_trip", *map(str, processors)]
    return [float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)]


def run_rounds(workers, options, failures):
    """Every worker's `rounds`. Returns the workers that took all their turns, the seconds in which each of them was
    idle, roughly all but its own turns, and the trips before, between and after the rounds."""
    def take_turn(worker):
        worker.take_turn(options.turn_seconds)
        time.sleep(PAUSE_SECONDS)

    start, trips = time.monotonic(), measure_trip(options)
    for turn in range(options.rounds):
        running = keep_running(rotate(workers, turn), take_turn, failures)
        workers = [worker for worker in workers if worker in running]
        trips += measure_trip(options)
    return workers, (time.monotonic() - start) * (len(workers) - 1) / max(len(workers), 1), trips


def find_peak(peak, precision, n_threads):
    """The machine's 1e9 operations a second for this precision; None if its units have none of their own."""
    probe = next((probe for probe in PEAK_PROBES[precision] if probe in peak), None)
    return probe and peak[probe].get(str(n_threads), {}).get("best")


def best_peer(workers, worker, batch):
    """The fastest peer of the worker's precision. At batch 1 an engine must return one word at a time."""
    peers = {other.engine.name: other.rounds for other in workers if not other.engine.is_ours
             and other.engine.precision == worker.engine.precision and (batch > 1 or other.engine.is_one_call)}
    name = fastest(peers)
    return name, peers.get(name)


def summarise_some(worker, peer_rounds, numbers):
    """Of the rounds with these numbers; None of none."""
    if not numbers:
        return None
    own = [worker.rounds[number] for number in numbers]
    return {"median_ms": summarise(own).median, "rounds": len(own),
            "ratio": peer_rounds and paired_ratio(own, [peer_rounds[number] for number in numbers])}


def make_row(worker, workers, network, batch, n_threads, idle_seconds, trips, facts):
    engine, summary = worker.engine, summarise(worker.rounds)
    peer, peer_rounds = best_peer(workers, worker, batch)
    speed = None if engine.has_early_stop else gflops(facts["multiply_adds"], summary.median)
    near, far = rounds_apart(trips, NEAR_NS)
    peak = find_peak(facts["peak"], engine.shown_precision, n_threads)
    attention = "-"
    if network.has_attention:
        attention = f"early stop, {bench_networks.SHORT_LENGTH + 1} steps" if engine.has_early_stop else "26 steps"
    return {
        "date": datetime.date.today().isoformat(), "cpu": facts["cpu"],
        "tier": worker.ready["tier"] or (facts["cap"] if engine.heeds_cap else "auto"),
        "threads": n_threads, "batch": batch, "network": network.name, "engine": engine.name,
        "version": worker.ready["version"] or package_version(engine.package), "precision": engine.shown_precision,
        "attention": attention, "median_ms": summary.median, "min_ms": summary.minimum, "spread_ms": summary.spread,
        "rounds": summary.n_rounds, "calls": summary.n_calls, "best_peer": peer,
        "ratio": peer_rounds and paired_ratio(worker.rounds, peer_rounds), "gflops": speed,
        "near": summarise_some(worker, peer_rounds, near), "far": summarise_some(worker, peer_rounds, far),
        "trips_ns": trips,
        "peak_share": speed and peak and speed / peak,
        "texts_changed": worker.n_changed, "texts": bench_networks.N_IMAGES,
        "idle_cpu": worker.idle_cpu_seconds / idle_seconds if idle_seconds else 0.0,  # an engine alone is never idle
        "loaded_mb": worker.ready["peak_mb"], "is_ours": engine.is_ours,
        "load_average": os.getloadavg()[0], "times_ms": worker.rounds}


def measure(network, batch, n_threads, options, facts):
    """The rows of one network, batch size and thread count, and what could not run."""
    print(f"{network.name}, batch {batch}, {n_threads} threads", file=sys.stderr, flush=True)

    def compare_texts(worker):
        worker.n_changed = count_changed_texts(worker, network, facts["reference"], options)

    with ExitStack() as stack:
        workers, failures = start_workers(stack, network, batch, n_threads, options)
        workers = keep_running(workers, compare_texts, failures)
        if not workers:
            return [], failures
        time.sleep(1)
        workers, idle_seconds, trips = run_rounds(workers, options, failures)
        return [make_row(worker, workers, network, batch, n_threads, idle_seconds, trips, facts)
                for worker in workers], failures


def prepare_network(network, folder, facts):
    """Makes its files; returns `facts` with what is known of it."""
    bench_networks.make_checkpoint(network, folder)
    bench_networks.make_inputs(network, folder)
    return facts | {"reference": bench_networks.reference_logits(network, folder),
                    "multiply_adds": bench_networks.count_multiply_adds(network)}


def measure_peak(options, peak):
    """Adds the thread counts that `peak` lacks."""
    missing = [str(n) for n in options.threads if not peak or any(str(n) not in rates for rates in peak.values())]
    if missing:
        command = [options.build / "peak", *missing]
        measured = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for probe, rates in measured.items():
            peak.setdefault(probe, {}).update(rates)


def describe_machine(options):
    return {"date": datetime.date.today().isoformat(), "cpu": processor_name(), "cap": options.cap,
            "flags": sorted(processor_flags() & {"avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16",
                                                 "amx_bf16", "amx_int8"}),
            "cores": len(os.sched_getaffinity(0)), "peak": {}}


def note_failures(results, where, failures):
    """{name: why}; what an earlier run said of the same place is no longer so."""
    kept = {what: why for what, why in results["failures"].items() if not what.startswith(f"{where}, ")}
    results["failures"] = kept | {f"{where}, {name}": why for name, why in failures.items()}


def why_not(network, options):
    """Why nothing of this network can be measured; "" if it can."""
    if not bench_networks.is_available(network):
        return f"{network.checkpoint} is not there: make models"
    return "" if any(engines_of(network, options)) else "none of the engines asked for, in these precisions, runs it"


def measure_networks(options, results, save):
    done = {(row["network"], row["batch"], row["threads"]) for row in results["rows"]}
    for network in (bench_networks.NETWORKS[name] for name in options.networks):
        results["failures"].pop(network.name, None)
        if why := why_not(network, options):
            results["failures"][network.name] = why
            continue
        facts = prepare_network(network, options.output / "models", results["machine"])
        for n_threads in options.threads:
            for batch in options.batches:
                if (network.name, batch, n_threads) in done:
                    continue
                rows, failures = measure(network, batch, n_threads, options, facts)
                results["rows"] += rows
                note_failures(results, f"{network.name} b{batch}, {n_threads} threads", failures)
                save()


def measure_programs(options, results, save):
    """Whole processes, on the thread count last in the list."""
    n_threads = options.threads[-1]
    environment = engine_environment(n_threads, options.cap)
    for network in (bench_networks.NETWORKS[name] for name in options.networks if name in bench_programs.NETWORKS):
        for name, run in (("first_word", bench_programs.measure_first_word),
                          ("end_to_end", bench_programs.measure_end_to_end)):
            if any((row["network"], row["threads"]) == (network.name, n_threads) for row in results[name]):
                continue
            try:
                rows, failures = run(network, options, environment)
            except (Exception, SystemExit) as error:  # an export that fails, or no fonts: the rest is worth a report
                rows, failures = [], {"all programs": f"{type(error).__name__}: {error}"[:400]}
            results[name] += rows
            note_failures(results, f"{network.name}, {name.replace('_', ' ')}, {n_threads} threads", failures)
            save()


# ---- what was asked for, and what there is already ----

def seconds(text):
    with suppress(ValueError):
        if 0 <= float(text) < math.inf:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")


def check_options(parser, options):
    """Ends the program before anything is made when nothing could come of it."""
    n_processors = len(os.sched_getaffinity(0))
    if max(options.threads) > n_processors:
        parser.error(f"{max(options.threads)} threads need as many processors, and here are {n_processors}: "
                     f"--threads {n_processors}")
    reasons = [why_not(bench_networks.NETWORKS[name], options) for name in options.networks]
    if all(reasons):
        parser.error("; ".join(dict.fromkeys(reasons)))
    needed = ["libtrba.so", "peak", "round_trip"] + ([] if options.no_programs else ["strdemo"])
    missing = [name for name in needed if not (options.build / name).exists()]
    if missing:
        parser.error(f"{options.build} has no {', '.join(missing)}: build with -DTRBA_BUILD_BENCH=ON, or name another "
                     "folder with --build")
    try:
        for folder in ("models", "logs"):
            (options.output / folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"--output: {error.strerror}: {error.filename}")


def version_of(package):
    try:
        return package_version(package)
    except PackageNotFoundError:
        return None  # its engines will be among what did not run


def list_terms(machine, options):
    """{what: value} of all that must be the same where times are put into one table."""
    terms = {"processor": machine["cpu"], "number of processors": machine["cores"], "instructions": machine["flags"],
             "--cap": options.cap, "--engines": sorted(options.engines or ENGINES),
             "--precisions": sorted(options.precisions), "--rounds": options.rounds,
             "--turn-seconds": options.turn_seconds}
    terms |= {engine.package: version_of(engine.package) for engine in ENGINES.values() if not engine.is_ours}
    files = {name: options.build / name for name in ("libtrba.so", "strdemo")}
    files |= {network.checkpoint: bench_networks.SOURCE / network.checkpoint
              for network in bench_networks.NETWORKS.values() if network.checkpoint}
    return terms | {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()
                    if path.exists()}


def read_earlier(path, empty):
    """What an interrupted run left. Ends the program unless its times may stand beside those of this one."""
    try:
        earlier = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise SystemExit(f"{path} is not whole: delete it, or leave out --resume") from None
    if not isinstance(earlier, dict) or empty.keys() - earlier.keys():
        raise SystemExit(f"{path} does not say how it was measured (an older benchmark did not): give another "
                         "--output, or leave out --resume")
    other = [what for what, value in empty["terms"].items() if earlier["terms"].get(what, value) != value]
    if other:
        raise SystemExit(f"{path} was measured otherwise, and times of both would not compare ({', '.join(other)}): "
                         "make these the same, give another --output, or leave out --resume to begin anew")
    earlier["terms"] |= empty["terms"]  # what was not there before is measured now
    return earlier


def start_results(path, options):
    machine = describe_machine(options)
    results = {"machine": machine, "terms": list_terms(machine, options), "rows": [], "failures": {},
               "first_word": [], "end_to_end": []}
    if options.resume and path.exists():
        results = read_earlier(path, results)
    measure_peak(options, results["machine"]["peak"])
    return results


def is_empty(results):
    return not (results["rows"] or results["first_word"] or results["end_to_end"])


def save_results(results, path):
    """As a whole or not at all. An earlier run's are not given up for nothing."""
    if not is_empty(results):
        with bench_networks.written_whole(path) as unfinished:
            unfinished.write_text(json.dumps(results, indent=1), encoding="utf-8")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=Path("build/release"),
                        help="has libtrba.so, strdemo, peak and round_trip")
    parser.add_argument("--output", type=Path, default=Path("build/bench"))
    parser.add_argument("--quick", action="store_true", help="PyTorch eager only, TRBA and CRNN, b1 and b32, 2 threads")
    parser.add_argument("--resume", action="store_true",
                        help="keep what OUTPUT/results.json has; networks, batches and threads may be others")
    parser.add_argument("--networks", nargs="+", choices=bench_networks.NETWORKS)
    parser.add_argument("--engines", nargs="+", choices=ENGINES)
    parser.add_argument("--precisions", nargs="+", choices=("fp32", "bf16", "int8"))
    parser.add_argument("--threads", nargs="+", type=positive_int)
    parser.add_argument("--batches", nargs="+", type=int, choices=(1, 2, 4, 8, 16, 32))
    parser.add_argument("--rounds", type=positive_int, help="turns of each engine")
    parser.add_argument("--turn-seconds", type=seconds, default=0.3, help="a turn is at least this, and three calls")
    parser.add_argument("--cap", choices=("auto", "avx2"), default="auto", help="highest instructions, for all engines")
    parser.add_argument("--no-programs", action="store_true", help="leave the whole-process measurements out")
    options = parser.parse_args()
    full = {"networks": list(bench_networks.NETWORKS), "engines": None,
            "precisions": precisions_of_processor(options.cap), "threads": [1, 2], "batches": [1, 8, 32], "rounds": 12}
    quick = full | {"networks": ["TRBA", "CRNN"], "precisions": ["fp32"], "threads": [2], "batches": [1, 32],
                    "engines": ["trba", "trba, 7 steps", "PyTorch eager"], "rounds": 8}
    for name, value in (quick if options.quick else full).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    for name in ("networks", "threads", "batches"):
        setattr(options, name, list(dict.fromkeys(getattr(options, name))))  # twice the same would be measured twice
    options.no_programs |= options.quick
    options.build, options.output = options.build.resolve(), options.output.resolve()
    check_options(parser, options)
    return options


def main():
    options = parse_arguments()
    os.environ.pop("OPENBLAS_CORETYPE", None)
    path = options.output / "results.json"
    results = start_results(path, options)

    def save():
        save_results(results, path)

    measure_networks(options, results, save)
    if not options.no_programs:
        measure_programs(options, results, save)
    if is_empty(results):
        raise SystemExit("\n".join(["nothing could be measured:", *(f"{what}: {why}" for what, why
                                                                    in results["failures"].items())]))
    save()
    bench_report.write(results, options.output)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("interrupted: --resume keeps what was measured")
