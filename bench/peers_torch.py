# SPDX-License-Identifier: Apache-2.0
"""PyTorch: eager, channels last, or compiled by TorchInductor with the weights frozen into the code."""

from pathlib import Path

import torch
from torch import _inductor

from bench_networks import NETWORKS, load_network, read_inputs

TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


class Runner:
    def __init__(self, job, is_compiled):
        torch.set_num_threads(job["threads"])
        network, folder = NETWORKS[job["network"]], Path(job["folder"])
        kind = TYPES[job["precision"]]
        self._model = load_network(network, folder).to(kind)
        self._batches = torch.from_numpy(read_inputs(network, folder)).to(kind).split(job["batch"])
        if is_compiled:
            # The LSTMs stay outside of what is compiled: Dynamo supports them only experimentally.
            _inductor.config.freezing = True
            self._model = torch.compile(self._model)
        else:
            # What oneDNN runs faster (1.2 times); a compiled network's layouts are Inductor's own choice.
            self._model = self._model.to(memory_format=torch.channels_last)
            self._batches = [batch.contiguous(memory_format=torch.channels_last) for batch in self._batches]
        self.n_images = job["batch"]

    @torch.no_grad()  # not inference_mode(): freezing wants no_grad
    def run(self, k):
        self._result = self._model(self._batches[k])

    def output(self):
        return self._result.float().numpy()


def load(job, is_compiled):
    return Runner(job, is_compiled)
