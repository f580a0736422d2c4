# SPDX-License-Identifier: Apache-2.0
"""Ours, through the public functions of libtrba.so: grey pixels in, texts out (normalising and decoding are timed)."""

import ctypes
import os
import sys
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))


class Runner:
    def __init__(self, job, stops_early, precision):
        os.environ["TRBA_TESTING_LIB"] = job["library"]  # where trba_ctypes looks for the library
        import trba_ctypes

        self._library = trba_ctypes.library()
        self._model = trba_ctypes.Model(str(Path(job["folder"]) / f"{job['network']}.pth"), charset_text=job["charset"],
                                        preset=job["preset"], expect={"img_h": job["img_h"]}, cpu=job["cpu"],
                                        batch_max_length=job["short_length"] if stops_early else 0,
                                        compat=not stops_early and job["has_attention"], precision=precision)
        used = self._model.info()
        if trba_ctypes.PRECISIONS[used.precision] != precision:
            raise RuntimeError(f"{trba_ctypes.CPUS[used.cpu]} reads in {trba_ctypes.PRECISIONS[used.precision]}")
        # Without EasyOCR's second reading of doubtful words, which no peer does.
        self._session = trba_ctypes.Session(self._model, n_threads=job["threads"], batch_size=job["batch"],
                                            retry_contrast=False)
        self._pixels = np.load(Path(job["folder"]) / f"{job['network']}.pixels.npy")
        batches = np.split(self._pixels, len(self._pixels) // job["batch"])
        self._batches = [(trba_ctypes.ImageStruct * job["batch"])(*(self._describe(trba_ctypes, one) for one in batch))
                         for batch in batches]
        self._results = ctypes.POINTER(trba_ctypes.ResultStruct)()
        self._error = trba_ctypes.ErrorStruct()
        self.n_images = job["batch"]
        self.tier = trba_ctypes.CPUS[used.cpu]
        self.version = self._library.trba_version().decode()

    @staticmethod
    def _describe(trba_ctypes, pixels):
        return trba_ctypes.ImageStruct(kind=trba_ctypes.IMAGE_PIXELS, bytes=pixels.ctypes.data, height=pixels.shape[0],
                                       width=pixels.shape[1], stride_bytes=pixels.strides[0],
                                       format=trba_ctypes.PIXELS_GREY)

    def run(self, k):
        """One call of the C function; the results stay where they are (copying them is Python's business, not ours)."""
        status = self._library.trba_session_read_batch(self._session._handle, self._batches[k], self.n_images,
                                                       self._results, self._error)
        if status:
            raise RuntimeError(self._error.message.decode())

    def output(self):
        return [self._results[i].text.decode() for i in range(self.n_images)]


def load(job, stops_early, precision):
    return Runner(job, stops_early, precision)
