# SPDX-License-Identifier: Apache-2.0
"""Reads every picture of a folder with PyTorch and a DataLoader, the way clovaai's demo.py does.

    usage: read_folder_torch.py NETWORK FOLDER_OF_MODELS FOLDER_OF_PICTURES THREADS

As many worker processes decode pictures as there are threads.
"""

import sys
from pathlib import Path

import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from bench_networks import NETWORKS, decode, load_network
from trba_torch.preprocess import prepare_clovaai

BATCH = 32


class Pictures(Dataset):
    def __init__(self, folder, architecture):
        self.paths = sorted(Path(folder).iterdir())
        self._size = architecture.img_h, architecture.img_w

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, i):
        return prepare_clovaai(Image.open(self.paths[i]).convert("L"), *self._size)


def main():
    network, models, folder = NETWORKS[sys.argv[1]], Path(sys.argv[2]), sys.argv[3]
    n_threads = int(sys.argv[4])
    torch.set_num_threads(n_threads)
    model = load_network(network, models)
    pictures = Pictures(folder, network.architecture)
    texts = []
    with torch.inference_mode():
        for images in DataLoader(pictures, batch_size=BATCH, num_workers=n_threads):
            texts += decode(network, model(images))
    for path, text in zip(pictures.paths, texts, strict=True):
        print(path, text, sep="\t")


if __name__ == "__main__":
    main()
