# SPDX-License-Identifier: Apache-2.0
"""What the tests of the Python package share: the package as a user gets it, small random networks, pictures.

    source tree -> sdist -> wheel -> a fresh environment without anything else -> `import trba` here

TRBA_PYTHON_WHEEL=FILE takes a finished wheel instead (one of `make wheel`, say). Where pip cannot get the build
backend, every test skips and says so; a wheel that does not build is a failure.
"""

import gc
import importlib
import os
import subprocess
import sys
import threading
import time
import tracemalloc
import venv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

SOURCE_DIR = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(SOURCE_DIR / "tests"), str(SOURCE_DIR / "training")]

BACKEND = "scikit-build-core==1.1.2"


def run(*command, timeout=600, **options):
    """Runs to the end and returns what was done; output as text."""
    return subprocess.run([os.fspath(word) for word in command], text=True, capture_output=True, timeout=timeout,
                          **options)


def run_pip(*arguments, **options):
    return run(sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments, **options)


def with_path(folder):
    """The environment in which Python finds modules in `folder`, too."""
    return {**os.environ, "PYTHONPATH": os.fspath(folder)}


@pytest.fixture(scope="session")
def backend(tmp_path_factory):
    """A folder with the build backend."""
    folder = tmp_path_factory.mktemp("backend")
    done = run_pip("install", "--quiet", "--target", folder, BACKEND)
    if done.returncode:
        pytest.skip(f"pip cannot get {BACKEND}: {done.stderr.strip().splitlines()[-1]}")
    return folder


@pytest.fixture(scope="session")
def sdist(backend, tmp_path_factory):
    """The source package."""
    folder = tmp_path_factory.mktemp("sdist")
    code = f"import scikit_build_core.build as backend; print(backend.build_sdist({str(folder)!r}))"
    done = run(sys.executable, "-c", code, cwd=SOURCE_DIR, env=with_path(backend))
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / done.stdout.strip().splitlines()[-1]


@pytest.fixture(scope="session")
def wheel(request, tmp_path_factory):
    given = os.environ.get("TRBA_PYTHON_WHEEL")
    if given:
        return Path(given).resolve()
    sdist, backend = request.getfixturevalue("sdist"), request.getfixturevalue("backend")
    folder = tmp_path_factory.mktemp("wheel")
    done = run_pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, sdist, env=with_path(backend))
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


@dataclass(frozen=True)
class Installed:
    python: Path  # of an environment with the package and nothing else
    site: Path    # where the package is


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    done = run_pip("--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel)
    assert done.returncode == 0, done.stdout + done.stderr
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return Installed(python, folder / "lib" / version / "site-packages")


@pytest.fixture(scope="session")
def trba(installed):
    """The module, imported from the fresh environment into this process."""
    sys.path.insert(0, str(installed.site))
    module = importlib.import_module("trba")
    assert Path(module.__file__).is_relative_to(installed.site)
    return module


@pytest.fixture(scope="session")
def judge():
    """The C library called through ctypes."""
    if not os.environ.get("TRBA_TESTING_LIB"):
        pytest.skip("TRBA_TESTING_LIB is not set: no C library to compare with")
    return importlib.import_module("trba_ctypes")


@pytest.fixture(scope="session")
def strdemo():
    path = os.environ.get("TRBA_STRDEMO")
    if not path:
        pytest.skip("TRBA_STRDEMO is not set: no program to compare with")
    return Path(path)


def write_network(folder, name, *stages, **sizes):
    from trba_torch import Architecture
    from trba_torch.checkpoints import random_network, save_checkpoint

    path = folder / name
    architecture = Architecture(*stages, output_channel=32, hidden_size=16, **sizes)
    save_checkpoint(random_network(architecture, seed=5), path, "zip")
    return path


@pytest.fixture(scope="session")
def networks(tmp_path_factory):
    """Small random checkpoints by name: CTC, attention, TPS and RGB. All fit the alphabet alnum36."""
    folder = tmp_path_factory.mktemp("networks")
    return {"ctc": write_network(folder, "ctc.pth", "None", "VGG", "BiLSTM", "CTC", num_class=37),
            "attn": write_network(folder, "attn.pth", "None", "VGG", "None", "Attn", num_class=38),
            "tps": write_network(folder, "tps.pth", "TPS", "VGG", "None", "CTC", num_class=37),
            "rgb": write_network(folder, "rgb.pth", "None", "RCNN", "None", "CTC", num_class=37, input_channel=3)}


@pytest.fixture(scope="session")
def model(trba, networks):
    """The attention network: its results have characters of every kind."""
    with trba.Model(networks["attn"], threads=1) as model:
        yield model


@pytest.fixture(scope="session")
def pixels():
    """Pictures as arrays, grey and RGB in turn, of many sizes."""
    from trba_torch.textures import Stream, texture

    stream = Stream(11)
    arrays = [texture(stream, stream.integer(8, 80), stream.integer(8, 200), 3 if i % 2 else 1) for i in range(24)]
    return [array if i % 2 else array[:, :, 0].copy() for i, array in enumerate(arrays)]


@pytest.fixture(scope="session")
def files(pixels, tmp_path_factory):
    """The same pictures as PNG files."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("pictures")
    paths = [folder / f"word{i:02}.png" for i in range(len(pixels))]
    for path, array in zip(paths, pixels, strict=True):
        Image.fromarray(array).save(path)
    return paths


def same(result, expected):
    """Whether a Result has the very numbers of a result of trba_ctypes."""
    values = [(r.text, r.confidence, r.score, r.truncated, r.width, r.height, r.rotation,
               [(c.text, c.probability, c.position, c.step) for c in r.characters]) for r in (result, expected)]
    return values[0] == values[1]


@pytest.fixture(scope="session")
def assert_same():
    def check(results, expected):
        assert len(results) == len(expected)
        for i, (result, wanted) in enumerate(zip(results, expected, strict=True)):
            assert same(result, wanted), f"image {i}: {result} is not {wanted}"
    return check


@pytest.fixture(scope="session")
def noise():
    """A function that makes an array of random bytes; numbers from a seed."""
    def make(*shape):
        return np.random.default_rng(sum(shape)).integers(0, 256, shape, dtype=np.uint8)
    return make


# ---- what is proved of reading, images and regions alike ----


def assert_others_run(name, warm_up, call):
    """Within one call of the C library, _core's function `name`: if it kept the GIL, this thread could not tick between
    its start and end. The first call warms up."""
    from trba import _core
    read, span, ticks = getattr(_core, name), [], []

    def time_read(*arguments):
        start = time.perf_counter()
        results = read(*arguments)
        span[:] = start, time.perf_counter()
        return results

    warm_up()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_core, name, time_read)
        reader = threading.Thread(target=call)
        reader.start()
        while reader.is_alive():
            ticks.append(time.perf_counter())
            time.sleep(0.001)
        reader.join()
    start, end = span
    assert end - start > 0.05, "the call is too short to prove anything"
    inside = [tick for tick in ticks if start + 0.005 < tick < end - 0.005]
    assert len(inside) > 5, f"{len(inside)} ticks in a call of {end - start:.3f} s"


def resident_bytes():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


def assert_memory_stays(read_many, n_warm, n_traced, n_measured):
    """read_many(n) takes no more memory for every n; after n_warm and, with Python's own count on, n_traced."""
    read_many(n_warm)
    gc.collect()
    tracemalloc.start()
    read_many(n_traced)
    gc.collect()
    traced, resident = tracemalloc.get_traced_memory()[0], resident_bytes()
    read_many(n_measured)
    gc.collect()
    traced_after, resident_after = tracemalloc.get_traced_memory()[0], resident_bytes()
    tracemalloc.stop()
    assert traced_after - traced < 20_000, f"{traced_after - traced} bytes of Python objects more"
    # A leaked copy of the smallest picture alone would be over 100 kB here.
    assert resident_after - resident < 1 << 20, f"{resident_after - resident} bytes of memory more"
