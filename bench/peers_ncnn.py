# SPDX-License-Identifier: Apache-2.0
"""ncnn: knows no batches, so the images of a batch go through one after the other."""

from pathlib import Path

import ncnn
import numpy as np


class Runner:
    def __init__(self, job):
        self._net = ncnn.Net()
        self._net.opt.num_threads = job["threads"]
        path = Path(job["folder"]) / f"{job['network']}.ncnn.param"
        if self._net.load_param(str(path)) or self._net.load_model(str(path.with_suffix(".bin"))):
            raise RuntimeError(f"ncnn does not load {path.name}")
        images = [ncnn.Mat(image).clone() for image in np.load(path.with_name(f"{job['network']}.input.npy"))]
        self._batches = [images[i:i + job["batch"]] for i in range(0, len(images), job["batch"])]
        self.n_images = job["batch"]

    def run(self, k):
        self._results = []
        for image in self._batches[k]:
            with self._net.create_extractor() as extractor:
                extractor.input("in0", image)
                status, result = extractor.extract("out0")
            if status:
                raise RuntimeError(f"ncnn's extract() says {status}")
            self._results.append(result)

    def output(self):
        return np.stack([np.array(result) for result in self._results])


def load(job):
    return Runner(job)
