# SPDX-License-Identifier: Apache-2.0
"""The benchmark as a program: refusals, engines and programs that fail, interrupted runs.

Engines made up for the purpose run in processes of their own, as the real ones do; so do peak and round_trip.
"""

import json
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / "bench"))

import bench_networks  # noqa: E402
import bench_programs  # noqa: E402
import bench_report  # noqa: E402
import run_bench  # noqa: E402
from engines import Engine  # noqa: E402

ENGINE = """
import os
import numpy as np
class Runner:
    n_runs = 0
    def __init__(self, job):
        self.n_images = job["batch"]
        if "{fails}" == "at once":
            raise ValueError("no licence")
        self.logits = np.load(job["folder"] + "/logits.npy")
    def run(self, k):
        self.k, self.n_runs = k, self.n_runs + 1
        if "{fails}" == "later" and self.n_runs > 36:  # ready, 32 texts, three calls of the first round
            raise ValueError("lost its way")
        if "{fails}" == "dies" and self.n_runs > 36:
            os._exit(9)
    def output(self):
        return self.logits[self.k * self.n_images:(self.k + 1) * self.n_images]
def load(job):
    return Runner(job)
"""
KINDS = {"steady": "", "failing": "at once", "straying": "later", "dying": "dies"}


@pytest.fixture
def bench(tmp_path, monkeypatch):
    """bench(arguments) runs it on a small network with made-up engines, and returns OUTPUT/results.json."""
    import numpy as np

    architecture = bench_networks.Architecture("None", "VGG", "None", "CTC", num_class=37, output_channel=32)
    network = bench_networks.Network("small", architecture, bench_networks.ALNUM)
    monkeypatch.setattr(bench_networks, "NETWORKS", {network.name: network})
    monkeypatch.setattr(run_bench, "ENGINES", {
        name: Engine(name, f"engine_{name}", "fp32", "numpy") for name in KINDS} | {
        "early": Engine("early", "engine_steady", "fp32", "numpy", has_early_stop=True),
        "uncapped": Engine("uncapped", "engine_steady", "fp32", "numpy", heeds_cap=False)})
    for name, fails in KINDS.items():
        (tmp_path / f"engine_{name}.py").write_text(ENGINE.format(fails=fails))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    build, output = tmp_path / "build", tmp_path / "out put é"
    build.mkdir()
    for name, does in (("peak", 'for n; do all="$all, \\"$n\\": {\\"best\\": 1, \\"median\\": 1}"; done\n'
                                'echo "{\\"fma_avx2\\": {${all#, }}}"'), ("round_trip", "echo 80"),
                       ("libtrba.so", ""), ("strdemo", "echo strdemo 0.1.0")):
        (build / name).write_text(f"#!/bin/sh\n{does}\n")
        (build / name).chmod(0o755)
    monkeypatch.setattr(bench_report, "draw", lambda results, path: None)
    (output / "models").mkdir(parents=True)
    bench_networks.make_checkpoint(network, output / "models")
    bench_networks.make_inputs(network, output / "models")
    np.save(output / "models" / "logits.npy", bench_networks.reference_logits(network, output / "models").numpy())

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["run_bench.py", "--build", str(build), "--output", str(output), "--batches",
                                          "1", "--threads", "1", "--rounds", "3", "--turn-seconds", "0", *arguments])
        run_bench.main()
        return json.loads((output / "results.json").read_text())

    run.build, run.output, run.network = build, output, network
    return run


def refusal(bench, capsys, *arguments):
    """What a run says that ends at once; nothing has been made."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        bench("--no-programs", *arguments)
    said = capsys.readouterr()
    assert ended.value.code != 0 and "small, batch" not in said.err
    return f"{ended.value.code} {said.err}"


def engines_of(results):
    return [row["engine"] for row in results["rows"]]


@pytest.mark.parametrize("arguments, why", [
    (["--engines", "early"], "none of the engines asked for"),
    (["--engines", "steady", "--precisions", "bf16"], "none of the engines asked for"),
    (["--threads", "0"], "not a whole number above 0"),
    (["--threads", "1000000"], "threads need as many processors"),
    (["--rounds", "0"], "not a whole number above 0"),
    (["--turn-seconds", "nan"], "not a number of seconds"),
    (["--output", "/dev/null/bench"], "Not a directory"),
])
def test_what_cannot_be_measured_is_refused_before_anything_is_made(bench, capsys, arguments, why):
    assert why in refusal(bench, capsys, *arguments)


def test_missing_programs_are_named_before_anything_is_made(bench, capsys):
    (bench.build / "round_trip").unlink()
    assert "has no round_trip: build with -DTRBA_BUILD_BENCH=ON" in refusal(bench, capsys)


def test_without_any_engine_the_run_says_why_and_keeps_the_results_before_it(bench):
    before = bench("--no-programs", "--engines", "steady")
    with pytest.raises(SystemExit, match="nothing could be measured:\nsmall b1, 1 threads, failing: .*no licence"):
        bench("--no-programs", "--engines", "failing")
    assert json.loads((bench.output / "results.json").read_text()) == before


def test_engines_that_stop_between_the_rounds_are_listed_and_the_others_measured(bench):
    results = bench("--no-programs", "--engines", "steady", "straying", "dying", "--threads", "1", "1")
    assert engines_of(results) == ["steady"]
    assert results["rows"][0]["rounds"] == 3 and results["rows"][0]["texts_changed"] == 0
    assert results["failures"] == {
        "small b1, 1 threads, straying": "RuntimeError: straying stopped: ValueError: lost its way",
        "small b1, 1 threads, dying": "RuntimeError: dying stopped: exit code 9"}
    assert "straying stopped" in (bench.output / "results.md").read_text()


def test_an_engine_that_knows_no_cap_is_not_said_to_heed_it(bench):
    results = bench("--no-programs", "--engines", "steady", "uncapped", "--cap", "avx2")
    assert {row["engine"]: row["tier"] for row in results["rows"]} == {"steady": "avx2", "uncapped": "auto"}


def test_resuming_keeps_what_was_measured_and_adds_to_it(bench):
    before = bench("--no-programs", "--engines", "steady", "failing")
    before["failures"]["small"] = "models/small.pth is not there: make models"
    before["machine"]["date"] = before["rows"][0]["date"] = "2000-01-01"
    (bench.output / "results.json").write_text(json.dumps(before))
    results = bench("--no-programs", "--engines", "failing", "steady", "--batches", "1", "2", "--resume")
    assert results["rows"][0] == before["rows"][0] and [row["batch"] for row in results["rows"]] == [1, 2]
    assert results["rows"][1]["date"] != "2000-01-01"
    assert sorted(results["failures"]) == [f"small b{batch}, 1 threads, failing" for batch in (1, 2)]


def test_what_failed_before_and_runs_now_is_no_failure(bench, tmp_path):
    engine, failing = tmp_path / "engine_failing.py", (tmp_path / "engine_failing.py").read_text()
    bench("--no-programs", "--engines", "steady")
    results = json.loads((bench.output / "results.json").read_text())
    results["rows"], results["terms"]["--engines"] = [], ["failing"]
    results["failures"] = {"small b1, 1 threads, failing": "no licence", "other b1, 1 threads, failing": "stays"}
    (bench.output / "results.json").write_text(json.dumps(results))
    engine.write_text(failing.replace('if "at once"', 'if ""'))
    results = bench("--no-programs", "--engines", "failing", "--resume")
    assert engines_of(results) == ["failing"] and list(results["failures"]) == ["other b1, 1 threads, failing"]


def change(results, *names, value):
    *path, last = names
    for name in path:
        results = results[name]
    results[last] = value


@pytest.mark.parametrize("what, arguments, why", [
    (["terms", "processor"], [], "processor"),
    (["terms", "libtrba.so"], [], "libtrba.so"),
    (["terms", "numpy"], [], "numpy"),
    (["failures"], ["--cap", "avx2"], "--cap"),
    (["failures"], ["--rounds", "4"], "--rounds"),
    (["failures"], ["--engines", "steady", "uncapped"], "--engines"),
])
def test_resuming_does_not_mix_what_was_measured_otherwise(bench, capsys, what, arguments, why):
    path, engines = bench.output / "results.json", ["--engines", "steady", "--precisions", "fp32"]
    results = bench("--no-programs", *engines)
    change(results, *what, value={} if what == ["failures"] else "another")
    path.write_text(json.dumps(results))
    assert f"would not compare ({why})" in refusal(bench, capsys, *engines, "--resume", *arguments)
    assert json.loads(path.read_text()) == results


def test_what_was_added_by_resuming_may_not_change_either(bench, capsys):
    """strdemo is not needed, and so not built, with --no-programs."""
    (bench.build / "strdemo").rename(bench.build / "later")
    bench("--no-programs", "--engines", "steady")
    (bench.build / "later").rename(bench.build / "strdemo")
    bench("--no-programs", "--engines", "steady", "--batches", "2", "--resume")
    (bench.build / "strdemo").write_text("another")
    assert "would not compare (strdemo)" in refusal(bench, capsys, "--engines", "steady", "--resume")


@pytest.mark.parametrize("damage, why", [
    (lambda text: text[:len(text) // 2], "is not whole"),
    (lambda text: '{"machine": {}, "rows": []}', "does not say how it was measured"),
    (lambda text: "[]", "does not say how it was measured"),
])
def test_resuming_refuses_results_that_are_none(bench, capsys, damage, why):
    path = bench.output / "results.json"
    bench("--no-programs", "--engines", "steady")
    path.write_text(damage(path.read_text()))
    assert why in refusal(bench, capsys, "--engines", "steady", "--resume")


def test_results_are_replaced_as_a_whole(bench, monkeypatch):
    before = bench("--no-programs", "--engines", "steady")

    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_text", stop)
    with pytest.raises(KeyboardInterrupt):
        run_bench.save_results(before, bench.output / "results.json")
    monkeypatch.undo()
    assert json.loads((bench.output / "results.json").read_text()) == before


def test_a_program_that_fails_does_not_take_the_report_with_it(bench, monkeypatch):
    commands = {"good": ["sh", "-c", "echo word"], "bad": ["sh", "-c", "echo no model >&2; exit 3"],
                "silent": ["true"]}
    monkeypatch.setattr(bench_programs, "NETWORKS", ("small",))
    monkeypatch.setattr(bench_programs, "make_rows", lambda measured, which, network, n_threads, options: [
        {"network": network.name, "program": name, "version": "", "threads": n_threads, "median_s": 1, "min_s": 1,
         "peak_mb": 1, "runs": len(runs)} for name, runs in measured.items()])

    def measure_first_word(network, options, environment):
        measured, failures = bench_programs.take_turns(commands, 2, environment, 1)
        return bench_programs.make_rows(measured, "first_s", network, 1, options), failures

    def measure_end_to_end(*_):
        raise SystemExit("no fonts")

    monkeypatch.setattr(bench_programs, "measure_first_word", measure_first_word)
    monkeypatch.setattr(bench_programs, "measure_end_to_end", measure_end_to_end)
    results = bench("--engines", "steady")
    assert [(row["program"], row["runs"]) for row in results["first_word"]] == [("good", 2)]
    assert results["failures"] == {"small, first word, 1 threads, bad": "exit code 3: no model",
                                   "small, first word, 1 threads, silent": "no output: ",
                                   "small, end to end, 1 threads, all programs": "SystemExit: no fonts"}
    assert "exit code 3: no model" in (bench.output / "results.md").read_text()
