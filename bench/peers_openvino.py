# SPDX-License-Identifier: Apache-2.0
"""OpenVINO, from ONNX (int8: from NNCF's model). LATENCY runs one batch on all threads; THROUGHPUT runs as many batches
at once as OpenVINO thinks best, and a call here is one such set.
"""

from pathlib import Path

import numpy as np
import openvino

TYPES = {"fp32": "f32", "bf16": "bf16", "int8": "f32"}  # of what is not quantised


class Runner:
    def __init__(self, job, hint):
        folder, name = Path(job["folder"]), f"{job['network']}.b{job['batch']}"
        path = folder / (f"{name}.int8.xml" if job["precision"] == "int8" else f"{name}.onnx")
        kind = "bf16" if job["precision"] == "int8" and job["has_bf16"] else TYPES[job["precision"]]
        core = openvino.Core()
        self._compiled = core.compile_model(core.read_model(path), "CPU", {
            "PERFORMANCE_HINT": hint, "INFERENCE_NUM_THREADS": job["threads"], "INFERENCE_PRECISION_HINT": kind})
        images = np.load(folder / f"{job['network']}.input.npy")
        self._batches = [openvino.Tensor(batch) for batch in np.split(images, len(images) // job["batch"])]
        n_requests = 1 if hint == "LATENCY" else self._compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
        self._requests = [self._compiled.create_infer_request() for _ in range(n_requests)]
        self.n_images = job["batch"] * n_requests

    def run(self, k):
        """Batch k; several at once begin there."""
        for i, request in enumerate(self._requests):
            request.set_input_tensor(self._batches[(k + i) % len(self._batches)])
            request.start_async()
        for request in self._requests:
            request.wait()

    def output(self):
        return self._requests[0].get_output_tensor().data.copy()


def load(job, hint):
    return Runner(job, hint)
