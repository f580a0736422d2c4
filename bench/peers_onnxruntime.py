# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime with all graph optimisations. Its threads may spin within a call, and must not after the last one."""

from pathlib import Path

import numpy as np
import onnxruntime


class Runner:
    def __init__(self, job):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = job["threads"]
        options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.add_session_config_entry("session.force_spinning_stop", "1")
        folder, name = Path(job["folder"]), f"{job['network']}.b{job['batch']}"
        path = folder / (f"{name}.int8.onnx" if job["precision"] == "int8" else f"{name}.onnx")
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        images = np.load(folder / f"{job['network']}.input.npy")
        self._batches = np.split(images, len(images) // job["batch"])
        self.n_images = job["batch"]

    def run(self, k):
        self._result = self._session.run(None, {"images": self._batches[k]})[0]

    def output(self):
        return self._result


def load(job):
    return Runner(job)
