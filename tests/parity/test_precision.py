# SPDX-License-Identifier: Apache-2.0
"""The option precision: what is used in which tier, and that trained networks read the samples of data/ alike in all.

make precision counts on thousands of words (docs/PRECISION.md).
"""

import os
from pathlib import Path

import pytest
from trba_ctypes import CPUS, PRECISIONS, Model, Session, TrbaError, available_cpus

SOURCE = Path(os.environ["TRBA_SOURCE_DIR"])
MODELS = ("trba", "trba-ctc", "english_g2")
PICTURES = [str(path) for path in sorted((SOURCE / "data").glob("*")) if path.suffix in (".png", ".jpg")]
CONFIDENCE_TOLERANCE = 0.01  # docs/PRECISION.md has the differences on thousands of words
FAST_CPUS = [cpu for cpu in available_cpus() if cpu not in ("ref", "blas")]


def open_model(cpu, precision, name="trba"):
    path = SOURCE / "models" / f"{name}.pth"
    if not path.exists():
        pytest.skip(f"models/{path.name} is not there (make models)")
    return Model(path, use_sidecar=True, cpu=cpu, precision=precision)


def read(cpu, precision, name="trba"):
    with open_model(cpu, precision, name) as model, Session(model, n_threads=2, batch_size=4) as session:
        return session.read_batch(PICTURES)


def precision_in_use(cpu, asked):
    with open_model(cpu, asked) as model:
        info = model.info()
        assert cpu in ("auto", CPUS[info.cpu])
        return PRECISIONS[info.precision]


def test_integers_are_used_where_there_is_avx2_and_chosen_where_there_is_vnni():
    """And bfloat16 where it is asked for: the testing library does not need AMX."""
    for cpu in available_cpus():
        assert precision_in_use(cpu, "fp32") == "fp32"
        for precision in ("int16", "bf16"):
            assert precision_in_use(cpu, precision) == (precision if cpu in FAST_CPUS else "fp32"), cpu
        assert precision_in_use(cpu, "auto") == ("int16" if cpu in ("avx512vnni", "avx512amx") else "fp32"), cpu
    assert precision_in_use("auto", "auto") == precision_in_use(available_cpus()[-1], "auto")


@pytest.mark.skipif(not FAST_CPUS, reason="without AVX2 bfloat16 is float32")
def test_with_bfloat16_what_is_not_a_convolution_is_in_integers():
    with open_model("auto", "bf16") as model, open_model("auto", "int16") as other:
        kernels, integers = model.kernels(), other.kernels()
    recurrent = [name for name in kernels if name.startswith(("SequenceModeling.", "Prediction."))]
    assert any("gemm_block_int16" in kernels[name] for name in recurrent)
    assert {name: kernels[name] for name in recurrent} == {name: integers[name] for name in recurrent}
    assert sum("gemm_tiles_bf16" in used for used in kernels.values()) > 20


def test_a_precision_that_there_is_not_is_refused(monkeypatch):
    monkeypatch.setattr("trba_ctypes.PRECISIONS", (*PRECISIONS, "int8"))
    with pytest.raises(TrbaError, match="unknown value of preset, cpu or precision") as raised:
        open_model("auto", "int8")
    assert raised.value.status == "bad argument"


@pytest.mark.parametrize("name", MODELS)
def test_without_avx2_integers_are_floats(name):
    assert read("blas", "int16", name) == read("blas", "auto", name) == read("blas", "fp32", name)


@pytest.mark.parametrize("cpu", FAST_CPUS)
@pytest.mark.parametrize("precision", ["int16", "auto"])
@pytest.mark.parametrize("name", MODELS)
def test_trained_networks_read_the_samples_alike(cpu, precision, name):
    expected, results = read(cpu, "fp32", name), read(cpu, precision, name)
    assert len(results) >= 12
    for path, result, whole in zip(PICTURES, results, expected, strict=True):
        assert (result.status, result.text) == ("ok", whole.text), f"{cpu}: {path}"
        assert result.confidence == pytest.approx(whole.confidence, abs=CONFIDENCE_TOLERANCE), f"{cpu}: {path}"
    assert (results == expected) == (precision == "auto" and cpu not in ("avx512vnni", "avx512amx"))


@pytest.mark.skipif(not FAST_CPUS, reason="without AVX2 bfloat16 is float32")
@pytest.mark.parametrize("name", MODELS)
def test_in_bfloat16_the_samples_are_read_nearly_alike(name):
    """About one text in a hundred changes (docs/PRECISION.md), so of a dozen one may."""
    expected, results = read("auto", "fp32", name), read("auto", "bf16", name)
    differing = [whole.text for whole, result in zip(expected, results, strict=True) if whole.text != result.text]
    assert len(differing) <= 1, differing
    assert [result.confidence for result in results] != [whole.confidence for whole in expected]


@pytest.mark.parametrize("name", MODELS)
def test_vnni_changes_no_bit(name):
    """Sums of integers are exact, so the tiers that share the other kernels have the same bits."""
    if "avx512vnni" not in available_cpus():
        pytest.skip("this processor, or this build, has no tier avx512vnni")
    for precision in ("fp32", "int16"):
        assert read("avx512vnni", precision, name) == read("avx512", precision, name)
