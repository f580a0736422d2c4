# SPDX-License-Identifier: Apache-2.0
"""Several processes that learn together: each takes its share of a batch, and all take the same step.

Small networks keep two processes of one thread each busier than one process of two threads, which meet at the end of
every layer: 398 words a second instead of 340 on two cores (training/README.md). Rank 0 is the process that was
started; it alone decides, measures and saves. BatchNorm takes the statistics of each process's own share.
"""

import os
import signal
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import torch
from torch import distributed, multiprocessing

from mistakes import Mistake

JOINING_WAIT = timedelta(minutes=3)   # for the others to start
LONGEST_WAIT = timedelta(minutes=30)  # while rank 0 measures


class Ranks:
    """This process's place, 0..size - 1, among those that learn together. Alone: nothing is exchanged."""

    def __init__(self, rank=0, size=1, group=None):
        self.rank, self.size, self._group = rank, size, group

    @property
    def leads(self):
        return self.rank == 0

    def average_gradients(self, parameters):
        """Every process's gradients become the mean of all. Which of them are None must be the same everywhere."""
        if self.size == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(flat, group=self._group)
        flat /= self.size
        for gradient, mean in zip(gradients, flat.split([gradient.numel() for gradient in gradients])):
            gradient.copy_(mean.view_as(gradient))

    def agree(self, answer):
        """Rank 0's yes or no, in every process."""
        if self.size == 1:
            return answer
        vote = torch.tensor([int(answer)])
        distributed.broadcast(vote, src=0, group=self._group)
        return bool(vote)


def _join(rank, size, meeting, work, options):
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # all are on this machine
    if rank:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)  # rank 0 tells when it is over
    distributed.init_process_group("gloo", init_method=Path(meeting, "ranks").as_uri(), rank=rank, world_size=size,
                                   timeout=JOINING_WAIT)
    try:
        # Whoever fails while another still joins puts PyTorch's numbers of groups out of step between the processes:
        # the next run would wait for ever. So all have joined before any of them works.
        distributed.barrier()
        group = distributed.new_group(timeout=LONGEST_WAIT)
        distributed.barrier()
        return work(Ranks(rank, size, group), options)
    except Mistake:
        if rank:
            sys.exit(1)  # rank 0 makes the same one, and says it
        raise
    finally:
        distributed.destroy_process_group()


def run_ranks(size, work, options):
    """Calls work(Ranks, options) in `size` processes, this one among them; returns what rank 0's returned.

    `work` is a function of a module, and options can be pickled. When one process fails the others cannot exchange any
    more and fail, too.
    """
    if size == 1:
        return work(Ranks(), options)
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as meeting:
        others = [context.Process(target=_join, args=(rank, size, meeting, work, options)) for rank in range(1, size)]
        for process in others:
            process.start()
        try:
            return _join(0, size, meeting, work, options)
        except BaseException:
            for process in others:
                process.kill()
            raise
        finally:
            for process in others:
                process.join()
