# SPDX-License-Identifier: Apache-2.0
"""Random numbers and pictures that are the same with every version of every library.

NumPy promises the raw stream of a bit generator for ever, but not the distributions made of it; so only the raw stream
is used, and only with integer arithmetic and exact scaling.
"""

import numpy as np


class Stream:
    """Uniform random numbers from a seed."""

    def __init__(self, *seed):
        self._bits = np.random.PCG64(list(seed))

    def integers(self, low, high, shape):
        """Integers in low..high - 1, int64. The modulo's bias is far below what these tests could notice."""
        raw = self._bits.random_raw(int(np.prod(shape)))
        return low + ((raw >> np.uint64(16)) % np.uint64(high - low)).astype(np.int64).reshape(shape)

    def integer(self, low, high):
        return int(self.integers(low, high, (1,))[0])

    def uniform(self, low, high, shape):
        """24 random bits scaled to low..high, float64 (not rounded before the scaling)."""
        raw = self._bits.random_raw(int(np.prod(shape, dtype=np.int64)))
        return (low + (high - low) * ((raw >> np.uint64(40)).astype(np.float64) / 2**24)).reshape(shape)


def blur(picture):
    """The mean of 3 x 3 pixels, rounded down; int64 [h, w, c]."""
    h, w = picture.shape[:2]
    padded = np.pad(picture, ((1, 1), (1, 1), (0, 0)), mode="edge")
    return sum(padded[y:y + h, x:x + w] for y in range(3) for x in range(3)) // 9


def texture(stream, height, width, channels):
    """A picture with strokes and noise, uint8 [h, w, channels]: random rectangles, thin ones more often.

    Its edges are as soft as a photograph's: hard ones would blow up the rounding of the TPS grid.
    """
    picture = np.empty((height, width, channels), np.int64)
    picture[:] = stream.integers(0, 256, (channels,))
    for _ in range(24):
        box_h = 1 + stream.integer(0, max(2, height)) // (1 + stream.integer(0, 4))
        box_w = 1 + stream.integer(0, max(2, width // 3)) // (1 + stream.integer(0, 4))
        top, left = stream.integer(0, height), stream.integer(0, width)
        picture[top:top + box_h, left:left + box_w] = stream.integers(0, 256, (channels,))
    noise = stream.integers(-12, 13, picture.shape)
    return np.clip(blur(blur(picture + noise)), 0, 255).astype(np.uint8)
