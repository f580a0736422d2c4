# SPDX-License-Identifier: Apache-2.0
"""The shortest program that reads one word with a peer: what strdemo's start is held against.

    usage: first_word.py torch|onnxruntime|openvino NETWORK FOLDER IMAGE THREADS

Writes the classes, not the text: decoding would only add to the peers' time. Imports no more than its engine needs.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image


def read_image(path, width=100, height=32):
    grey = Image.open(path).convert("L").resize((width, height), Image.Resampling.BICUBIC)
    return (np.asarray(grey, np.float32)[None, None] / 255 - 0.5) / 0.5


def read_torch(network, folder, image, n_threads):
    import torch

    from bench_networks import NETWORKS, load_network

    torch.set_num_threads(n_threads)
    with torch.inference_mode():
        return load_network(NETWORKS[network], folder)(torch.from_numpy(image)).numpy()


def read_onnxruntime(network, folder, image, n_threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads
    session = onnxruntime.InferenceSession(folder / f"{network}.b1.onnx", options, providers=["CPUExecutionProvider"])
    return session.run(None, {"images": image})[0]


def read_openvino(network, folder, image, n_threads):
    import openvino

    settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": n_threads, "INFERENCE_PRECISION_HINT": "f32"}
    return openvino.compile_model(folder / f"{network}.b1.onnx", "CPU", settings)(image)[0]


def main():
    engine, network, folder, path, n_threads = sys.argv[1:]
    read = {"torch": read_torch, "onnxruntime": read_onnxruntime, "openvino": read_openvino}[engine]
    logits = read(network, Path(folder), read_image(path), int(n_threads))
    print(*logits[0].argmax(axis=1), flush=True)


if __name__ == "__main__":
    main()
