# SPDX-License-Identifier: Apache-2.0
"""Rendered words in batches, made by other processes while the network learns.

Batch k holds the pictures k * size ... k * size + size - 1 of the seed, however many processes make them. Of several
processes that learn together, rank r of n takes the batches r, n + r, 2 n + r ...
"""

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from .curriculum import plan_lesson
from .data_parallel import Ranks
from .joint_network import encode_texts


def to_images(pictures):
    """uint8 [n, h, w], array or tensor -> float32 [n, 1, h, w] in -1..1, as the library prepares them."""
    return (torch.as_tensor(pictures).unsqueeze(1).float() / 255 - 0.5) / 0.5


class WordBatches(IterableDataset):
    """Yields (pictures uint8 [n, h, w], given, wanted) from the batch that begins with word `n_seen`, without end."""

    def __init__(self, renderer, batch_size, n_seen, ranks):
        super().__init__()
        self._renderer, self._batch_size, self._ranks = renderer, batch_size, ranks
        self._first = -(-n_seen // batch_size) + ranks.rank  # no picture twice, also where batches had another size

    def make(self, index):
        lesson = plan_lesson(index * self._batch_size)
        words = [self._renderer.draw(number, lesson.difficulty, lesson.longest, lesson.width)
                 for number in range(index * self._batch_size, (index + 1) * self._batch_size)]
        pictures, texts = zip(*words)
        return torch.from_numpy(np.stack(pictures)), *encode_texts(texts)

    def __iter__(self):
        cv2.setNumThreads(0)  # the pictures are small, and the processors are needed
        worker = get_worker_info()
        step, offset = (worker.num_workers, worker.id) if worker else (1, 0)
        index = self._first + offset * self._ranks.size
        while True:
            yield self.make(index)
            index += step * self._ranks.size


def load_batches(renderer, batch_size, n_seen, n_workers, ranks=Ranks()):
    """An endless iterator over this rank's batches."""
    batches = WordBatches(renderer, batch_size, n_seen, ranks)
    return iter(DataLoader(batches, batch_size=None, num_workers=n_workers, prefetch_factor=4 if n_workers else None))
