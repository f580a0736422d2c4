# SPDX-License-Identifier: Apache-2.0
"""The engines of the benchmark: which there are, each in its best setting, and which this processor can run."""

from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path


@dataclass(frozen=True)
class Engine:
    """`module` has load(job, **settings) and is imported in the engine's own process only (bench_worker.py)."""

    name: str
    module: str
    precision: str             # "fp32", "bf16", "int8": whom it competes with
    package: str               # whose version is reported; "": ours
    settings: dict = field(default_factory=dict)
    has_early_stop: bool = False  # attention does 7 steps, as for a word of six letters; all others do 26
    is_one_call: bool = True      # False: several batches at once, so at batch 1 its time is not the time of one word
    numbers: str = ""             # what it computes with, where no peer does so; "": the precision
    heeds_cap: bool = True        # False: there is no switch that keeps it from the processor's best instructions

    @property
    def is_ours(self):
        return not self.package

    @property
    def shown_precision(self):
        return self.numbers or self.precision


ENGINES = {engine.name: engine for engine in (
    Engine("trba", "engine_trba", "fp32", "", {"stops_early": False, "precision": "fp32"}),
    Engine("trba, 7 steps", "engine_trba", "fp32", "", {"stops_early": True, "precision": "fp32"}, has_early_stop=True),
    Engine("PyTorch eager", "peers_torch", "fp32", "torch", {"is_compiled": False}),
    Engine("PyTorch compiled", "peers_torch", "fp32", "torch", {"is_compiled": True}),
    Engine("ONNX Runtime", "peers_onnxruntime", "fp32", "onnxruntime", heeds_cap=False),
    Engine("OpenVINO latency", "peers_openvino", "fp32", "openvino", {"hint": "LATENCY"}),
    Engine("OpenVINO throughput", "peers_openvino", "fp32", "openvino", {"hint": "THROUGHPUT"}, is_one_call=False),
    Engine("ncnn", "peers_ncnn", "fp32", "ncnn", heeds_cap=False),
    Engine("trba bf16", "engine_trba", "bf16", "", {"stops_early": False, "precision": "bf16"}),
    Engine("PyTorch eager bf16", "peers_torch", "bf16", "torch", {"is_compiled": False}),
    Engine("PyTorch compiled bf16", "peers_torch", "bf16", "torch", {"is_compiled": True}),
    Engine("OpenVINO latency bf16", "peers_openvino", "bf16", "openvino", {"hint": "LATENCY"}),
    Engine("OpenVINO throughput bf16", "peers_openvino", "bf16", "openvino", {"hint": "THROUGHPUT"}, is_one_call=False),
    Engine("trba int16", "engine_trba", "int8", "", {"stops_early": False, "precision": "int16"}, numbers="int16"),
    Engine("trba int16, 7 steps", "engine_trba", "int8", "", {"stops_early": True, "precision": "int16"},
           has_early_stop=True, numbers="int16"),
    Engine("ONNX Runtime int8", "peers_onnxruntime", "int8", "onnxruntime", heeds_cap=False),
    Engine("OpenVINO latency int8", "peers_openvino", "int8", "openvino", {"hint": "LATENCY"}),
    Engine("OpenVINO throughput int8", "peers_openvino", "int8", "openvino", {"hint": "THROUGHPUT"}, is_one_call=False),
)}


def processor_flags():
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return set(next((line for line in lines if line.startswith("flags")), ":").split(":")[1].split())


def processor_name():
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line for line in lines if line.startswith("model name")), ": unknown").split(":")[1].strip()


def precisions_of_processor(cap="auto"):
    """bf16 only where there are instructions for it that the cap allows: emulated, it is slower than fp32 for
    everybody."""
    has_bf16 = cap == "auto" and processor_flags() & {"avx512_bf16", "amx_bf16"}
    return ["fp32", "bf16", "int8"] if has_bf16 else ["fp32", "int8"]


def package_version(package):
    return version(package)
