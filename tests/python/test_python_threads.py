# SPDX-License-Identifier: Apache-2.0
"""Threads, processes and memory: one model for all, the GIL released, nothing left behind."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from conftest import assert_memory_stays, assert_others_run, resident_bytes

N_THREADS = 8


def test_eight_threads_share_a_model(trba, networks, pixels):
    with trba.Model(networks["attn"]) as plain:
        expected = plain.read(pixels)

    def read_all(number):
        start = threading.Barrier(1) if number is None else barrier
        start.wait()
        order = np.random.default_rng(number).permutation(len(pixels))
        return all(model.read(pixels[i]) == expected[i] for i in order) and model.read(pixels) == expected

    for options in ({"threads": 1, "max_sessions": N_THREADS}, {"threads": 2, "max_sessions": 2}, {"max_sessions": 1}):
        barrier = threading.Barrier(N_THREADS)
        with trba.Model(networks["attn"], **options) as model, ThreadPoolExecutor(N_THREADS) as executor:
            assert list(executor.map(read_all, range(N_THREADS))) == [True] * N_THREADS


def test_no_more_sessions_than_allowed(trba, networks, pixels, monkeypatch):
    """Counted where they are made and where they read."""
    from trba import _core

    lock, running, most, made = threading.Lock(), 0, 0, 0

    def count_read(session, images, read=_core.read):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        try:
            return read(session, images)
        finally:
            with lock:
                running -= 1

    def count_new(*arguments, new=_core.new_session):
        nonlocal made
        made += 1
        return new(*arguments)

    monkeypatch.setattr(_core, "read", count_read)
    monkeypatch.setattr(_core, "new_session", count_new)
    with (trba.Model(networks["ctc"], threads=1, max_sessions=3) as model,
          ThreadPoolExecutor(N_THREADS) as executor):
        list(executor.map(model.read, pixels * 10))
    assert most <= 3
    assert made <= 3


def test_other_threads_run_while_a_call_reads(trba, networks, pixels):
    with trba.Model(networks["attn"], threads=1, cpu="ref") as model:
        assert_others_run("read", lambda: model.read(pixels[:16]), lambda: model.read((pixels * 11)[:256]))


def test_a_model_closed_while_it_reads_ends_well(trba, networks, pixels):
    model = trba.Model(networks["attn"], threads=1)
    expected = model.read(pixels)
    with ThreadPoolExecutor(2) as executor:
        reading = [executor.submit(model.read, pixels) for _ in range(2)]
        model.close()
        for future in reading:
            if future.exception() is None:
                assert future.result() == expected
            else:
                assert isinstance(future.exception(), trba.ArgumentError)


FORKING = """
import os, sys, trba
model = trba.Model(sys.argv[1], threads=2)
expected = model.read(sys.argv[2:])
child = os.fork()
if child == 0:
    right = model.read(sys.argv[2:]) == expected
    model.close()
    os._exit(0 if right else 1)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 0
assert model.read(sys.argv[2:]) == expected
print("both read")
"""


def test_a_model_works_on_both_sides_of_a_fork(installed, networks, files):
    from conftest import run

    done = run(installed.python, "-c", FORKING, networks["attn"], *files[:4], timeout=100)
    assert (done.stdout, done.returncode) == ("both read\n", 0), done.stderr


# ---- memory ----

def test_memory_does_not_grow_over_2000_reads(trba, networks, pixels):
    images = [*pixels, pixels[1][:, ::-1], np.zeros((3, 3, 7), np.uint8), b"no image"]  # a copied one, two bad ones

    def read_many(n):
        for _ in range(n // len(images)):
            for image in images:
                model.read(image, errors="return")

    with trba.Model(networks["ctc"], threads=1) as model:
        assert_memory_stays(read_many, 300, 100, 2000)


def test_memory_does_not_grow_over_pages_and_regions(trba, networks, pixels):
    page, mirrored = pixels[1], pixels[1][:, ::-1]  # the second is copied to be opened
    regions = [(0, 0, 20, 10), [(0, 0), (20, 1), (20, 12), (0, 9)], (10, 10, 12, 6, 30), (900, 900, 5, 5)]

    def read_many(n):
        for _ in range(n):
            for image in (page, mirrored):
                model.read_regions(image, regions, errors="return")
            for image in (b"no image", np.zeros((3, 3, 7), np.uint8)):
                with pytest.raises(trba.Error):
                    trba.Page(image)
            with pytest.raises(trba.ArgumentError):
                model.read_regions(page, [regions[0], (1, 2, 3)])

    with trba.Model(networks["ctc"], threads=1) as model:
        assert_memory_stays(read_many, 100, 20, 300)


def test_opening_and_closing_leaves_nothing(trba, networks, pixels):
    def open_and_read(n):
        for _ in range(n):
            with trba.Model(networks["ctc"], threads=2) as model:
                model.read(pixels[:3])
            with pytest.raises(trba.CharsetError):
                trba.Model(networks["ctc"], charset="abc")

    with trba.Model(networks["ctc"]) as model:
        n_bytes = model.info.packed_bytes
    open_and_read(10)
    before = resident_bytes()
    open_and_read(50)
    grown = resident_bytes() - before
    assert grown < 10 * n_bytes, f"{grown} bytes more after 50 models of {n_bytes}"
