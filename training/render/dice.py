# SPDX-License-Identifier: Apache-2.0
"""The random numbers of one picture: picture n of a seed is the same whichever process makes it, and when."""

import random

import numpy as np


class Dice:
    """Decisions with `random`, fields of numbers with NumPy (made on first use: half of the pictures need none)."""

    def __init__(self, seed, number):
        self._key = (seed << 48) ^ number
        self._random = random.Random(self._key)
        self._fields = None
        self.uniform = self._random.uniform
        self.gauss = self._random.gauss
        self.integer = self._random.randint    # both ends included
        self.choice = self._random.choice
        self.shuffle = self._random.shuffle

    def chance(self, probability):
        return self._random.random() < probability

    def weighted(self, table):
        """One of the keys of `table` {key: weight}."""
        return self._random.choices(tuple(table), tuple(table.values()))[0]

    def log_uniform(self, low, high):
        return low * (high / low) ** self._random.random()

    def sign(self):
        return self._random.choice((-1, 1))

    def normal(self, deviation, shape):
        """float32, mean 0."""
        if self._fields is None:
            self._fields = np.random.Generator(np.random.SFC64(self._key))
        return self._fields.standard_normal(shape, np.float32) * np.float32(deviation)
