# SPDX-License-Identifier: Apache-2.0
"""One engine in one process: run_bench.py starts it and gives it turns.

    usage: bench_worker.py MODULE JOB      JOB: a JSON object, see run_bench.make_job()

    it says                                              it is told
    {"ready": true, "n_images": 8, "tier": ..., ...}
                                                         outputs PATH      write logits (PATH.npy) or texts (PATH.json)
    {"outputs": "PATH.npy"}
                                                         run SECONDS
    {"times": [ms per image, ...], "idle_cpu": seconds}
                                                         end of input: end

A turn begins with a call that is not timed, since the other engines have just emptied the caches; every call reads the
next of the 32 images, from the first one on, in every turn of every engine. `idle_cpu` is the
processor time, of all threads, that was used since the last turn ended: what spinning threads would have taken from
the others.
"""

import importlib
import json
import os
import sys
import time
from pathlib import Path

N_TIMED_MIN = 2
N_IMAGES = 32  # bench_networks.N_IMAGES, which would bring PyTorch into every process


def say(**words):
    print(json.dumps(words), file=sys.__stdout__, flush=True)


def take_turn(runner, n_batches, seconds):
    """Milliseconds per image of each call, at least two."""
    runner.run(n_batches - 1)
    times = []
    end = time.perf_counter() + seconds
    while len(times) < N_TIMED_MIN or time.perf_counter() < end:
        start = time.perf_counter()
        runner.run(len(times) % n_batches)
        times.append(1e3 * (time.perf_counter() - start) / runner.n_images)
    return times


def write_outputs(runner, n_batches, path):
    """Texts (ours) or logits (the peers') of all images."""
    outputs = []
    for k in range(n_batches):
        runner.run(k)
        outputs.append(runner.output())
    if isinstance(outputs[0], list):
        Path(path + ".json").write_text(json.dumps(sum(outputs, [])))
        return path + ".json"
    import numpy as np

    np.save(path + ".npy", np.concatenate(outputs))
    return path + ".npy"


def peak_resident_mb():
    """Not getrusage(): that counts what the parent held when it forked."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def serve(runner, n_batches):
    idle_since = time.process_time()
    for line in sys.stdin:
        command, argument = line.split(maxsplit=1)
        if command == "outputs":
            say(outputs=write_outputs(runner, n_batches, argument.strip()))
        else:
            idle_cpu = time.process_time() - idle_since
            say(times=take_turn(runner, n_batches, float(argument)), idle_cpu=idle_cpu)
        idle_since = time.process_time()


def main():
    module, job = sys.argv[1], json.loads(sys.argv[2])
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:job["threads"]])
    sys.stdout = sys.stderr  # what libraries print must not get between our lines
    runner = importlib.import_module(module).load(job, **job["settings"])
    runner.run(0)
    say(ready=True, n_images=runner.n_images, tier=getattr(runner, "tier", ""), version=getattr(runner, "version", ""),
        peak_mb=peak_resident_mb())
    serve(runner, N_IMAGES // job["batch"])


if __name__ == "__main__":
    main()
