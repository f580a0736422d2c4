# SPDX-License-Identifier: Apache-2.0
"""The library against PyTorch, live: every stage's activations, the text and the confidence, for all 24 networks.

The judge is PyTorch running training/trba_torch, which test_networks_match_original.py holds against the original
program. Every processor tier this machine has is run by capping; the table at the end of the run says which, and how
far each stage was off.
"""

import copy
import io

import numpy as np
import pytest
import torch
from live_cases import CASES, decode, expected_results, make_picture, prepare_batch
from PIL import Image
from reference_cases import BRACKET_SEED, bracket_case, make_input
from trba_ctypes import PRECISIONS, Model, Session, available_cpus, precisions_of

from trba_torch.checkpoints import random_network, save_checkpoint
from trba_torch.decode import decode_attention, decode_attention_demo, top_margin
from trba_torch.textures import Stream

# The largest difference over all pictures, relative to the largest value of the stage. 0: the same bits.
# With TPS, the stages after it are judged from the library's own rectified pictures: PyTorch's float32 grid is itself
# too far from the exact one to be a judge of what follows. The text is compared from end to end all the same.
TOLERANCES = {
    "input": 0.0,                # pixels and their scaling are exact
    "fiducial_points": 1e-5,     # 4 convolutions and 2 linear layers: sums of at most 2,304 terms, rounded to 24 bits
    "rectified": 1e-3,           # PyTorch's grid is up to 1e-3 pixels from the exact one (see MARGIN_TPS), on an edge:
                                 # its own float32 is up to 6e-4 from its float64 here
    "visual_feature": 1e-4,      # up to 30 layers
    "contextual_feature": 1e-4,  # and up to 4 recurrences of a hundred steps
    "logits": 1e-4,
}
CONFIDENCE_TOLERANCE = 1e-3           # absolute
CONFIDENCE_RELATIVE_TOLERANCE = 1e-2  # and relative, since most of these confidences are tiny
PROBABILITY_TOLERANCE = 1e-3          # of one character
POSITION_TOLERANCE = 1e-3             # of one character, as a fraction of the width

N_IMAGES_LOWER = {"ref": 4, "blas": 12}  # plain C loops are slow: only the small networks, and fewer pictures


def open_model(case, path, cpu, **options):
    a = case.architecture
    return Model(path, charset_text=case.charset, preset="clovaai", pad=case.pad, cpu=cpu,
                 batch_max_length=a.batch_max_length, expect={"img_h": a.img_h, "img_w": a.img_w}, **options)


def relative_difference(ours, theirs):
    """Of two lists of arrays: the largest difference over the largest value."""
    assert [a.shape for a in ours] == [a.shape for a in theirs]
    largest = max(float(np.abs(a).max()) for a in theirs)
    return max(float(np.abs(a - b).max()) for a, b in zip(ours, theirs)) / largest


@torch.no_grad()
def judge_after_tps(expected, traced):
    """The later stages by PyTorch, from the library's rectified pictures; as many steps as the expected text took."""
    network = expected.network
    rectified = torch.from_numpy(np.stack(traced["rectified"])).permute(0, 3, 1, 2)
    visual_feature = network.extract_features(rectified)
    contextual_feature = network.model_sequence(visual_feature)
    logits, _ = network.predict(contextual_feature)
    return {"visual_feature": list(visual_feature.numpy()), "contextual_feature": list(contextual_feature.numpy()),
            "logits": [rows[:reading.n_steps].numpy() for rows, reading in zip(logits, expected.readings)]}


def judge_stages(case, expected, traced, n_images):
    """The stages of the first pictures that the library's are held against."""
    judged = {stage: arrays[:n_images] for stage, arrays in expected.stages.items()}
    return judged | judge_after_tps(expected, traced) if case.architecture.transformation == "TPS" else judged


def check_stages(case, cpu, traced, judged, record_worst):
    """Every stage the network has must have been traced, and be within its tolerance."""
    needed = {"input", "visual_feature", "logits"}
    if case.architecture.transformation == "TPS":
        needed |= {"fiducial_points", "rectified"}
    if case.architecture.sequence_modeling == "BiLSTM":
        needed.add("contextual_feature")
    assert needed <= set(traced), f"not traced: {needed - set(traced)}"
    for stage, tolerance in TOLERANCES.items():
        if stage in traced:
            theirs = judged[stage]
            ours = [array.reshape(b.shape) for array, b in zip(traced[stage], theirs, strict=True)]
            difference = relative_difference(ours, theirs)
            record_worst(cpu, stage, difference)
            assert difference <= tolerance, f"{case.name} {cpu}: {stage} is off by {difference:.2e}"


def check_readings(case, cpu, results, expected, judged_logits):
    """Text (and, without TPS, confidence) from end to end; the other figures against the logits of judge_stages()."""
    for i, (result, reading) in enumerate(zip(results, expected.readings)):
        where = f"{case.name} {cpu}: picture {i}"
        assert result.status == "ok", f"{where}: {result.message}"
        assert result.text == reading.text, where
        assert result.truncated == reading.truncated, where
        finer = decode(case.architecture, case.charset, torch.from_numpy(judged_logits[i])).confidence
        whole = finer if case.architecture.transformation == "TPS" else reading.confidence
        assert result.confidence == pytest.approx(whole, abs=CONFIDENCE_TOLERANCE), where
        assert result.confidence == pytest.approx(finer, rel=CONFIDENCE_RELATIVE_TOLERANCE, abs=1e-30), where
        check_characters(result, judged_logits[i], case, where)
        if expected.attention is not None:
            check_positions(result, expected.attention[i], where)


def check_characters(result, logits, case, where):
    """Each character names the step that said it, and that step's probability."""
    probabilities = torch.from_numpy(logits).softmax(dim=1)
    assert "".join(character.text for character in result.characters) == result.text, where
    for character in result.characters:
        said = int(probabilities[character.step].argmax())
        assert case.charset[said - case.architecture.n_reserved] == character.text, where
        expected = float(probabilities[character.step, said])
        assert character.probability == pytest.approx(expected, abs=PROBABILITY_TOLERANCE), where
        assert 0.0 <= character.position <= 1.0, where


def check_positions(result, attention, where):
    """Attention: a character lies at the centre of mass of what its step looked at."""
    centres = attention @ (np.arange(attention.shape[1]) + 0.5) / attention.shape[1]
    for character in result.characters:
        assert character.position == pytest.approx(float(centres[character.step]), abs=POSITION_TOLERANCE), where


@pytest.mark.parametrize("form", ["zip", "legacy"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_stage_and_the_text_equal_pytorch(case, form, tmp_path, record_worst, record_note):
    expected = expected_results(case)
    path = tmp_path / "model.pth"
    save_checkpoint(expected.network, path, form)
    given = [picture.given for picture in expected.pictures]
    # The two forms differ in the reader only: one of them at every tier, the other at the best.
    cpus = available_cpus() if form == "zip" else available_cpus()[-1:]
    tiers = " ".join(available_cpus())
    record_note(f"processor tiers that ran: {tiers} (all pictures at the last, fewer below)")
    for cpu in cpus:
        if cpu == "ref" and not case.is_small:
            continue
        n_images = len(given) if cpu == cpus[-1] else N_IMAGES_LOWER.get(cpu, len(given))
        with open_model(case, path, cpu) as model, Session(model, n_threads=2, batch_size=8) as session:
            results, traced = session.trace(given[:n_images])
        judged = judge_stages(case, expected, traced, n_images)
        check_stages(case, cpu, traced, judged, record_worst)
        # With TPS this is not judged (see TOLERANCES), but it is shown.
        whole = relative_difference([array[0] for array in traced["logits"]], expected.stages["logits"][:n_images])
        record_worst(cpu, "logits_end_to_end", whole)
        check_readings(case, cpu, results, expected, judged["logits"])


def root_mean_square(tensor):
    return float(tensor.double().square().mean().sqrt())


@pytest.mark.parametrize("case", [case for case in CASES if case.name in (
    "TPS-VGG-None-CTC-32x100", "TPS-RCNN-None-CTC-32x220", "TPS-ResNet-None-Attn-32x100")], ids=lambda case: case.name)
@torch.no_grad()
def test_the_rectified_picture_is_nearer_to_the_exact_one_than_pytorchs(case, tmp_path):
    """The spline is a sum of large terms that cancel: the library's is in double, PyTorch's in float32."""
    expected = expected_results(case)
    images = prepare_batch(case.architecture, case.pad, expected.pictures)
    exact = copy.deepcopy(expected.network).double().rectify(images.double())[1]
    pytorchs = root_mean_square(expected.network.rectify(images)[1] - exact)
    path = tmp_path / "model.pth"
    save_checkpoint(expected.network, path, "zip")
    for cpu in available_cpus()[1:]:  # all but plain C, which is slow
        with open_model(case, path, cpu) as model, Session(model, batch_size=8) as session:
            _, traced = session.trace([picture.given for picture in expected.pictures])
        rectified = torch.from_numpy(np.stack(traced["rectified"])).permute(0, 3, 1, 2)
        assert root_mean_square(rectified - exact) < 0.8 * pytorchs, cpu


# One network of every kind of stage, full-sized ones among them.
INVARIANCE_CASES = [case for case in CASES if case.name in (
    "None-VGG-BiLSTM-CTC-32x100", "TPS-VGG-BiLSTM-Attn-40x133", "None-RCNN-None-Attn-56x96", "TPS-RCNN-None-CTC-32x220",
    "None-ResNet-BiLSTM-Attn-32x100", "TPS-ResNet-BiLSTM-CTC-32x100", "None-ResNet-None-CTC-64x128")]


def trace_bits(model, given, n_threads, batch_size):
    """Every number of a run: the results, and each stage's arrays as bytes."""
    with Session(model, n_threads=n_threads, batch_size=batch_size) as session:
        results, traced = session.trace(given)
    return results, {stage: [array.tobytes() for array in arrays] for stage, arrays in traced.items()}


@pytest.mark.parametrize("case", INVARIANCE_CASES, ids=lambda case: case.name)
def test_batch_and_threads_do_not_change_a_bit(case, tmp_path):
    expected = expected_results(case)
    path = tmp_path / "model.pth"
    save_checkpoint(expected.network, path, "zip")
    given = [picture.given for picture in expected.pictures]
    tiers = [(cpu, precision) for cpu in available_cpus() for precision in precisions_of(cpu) if cpu != "ref"]
    for cpu, precision in tiers:
        with open_model(case, path, cpu, precision=precision) as model:
            assert PRECISIONS[model.info().precision] == precision
            alone_results, alone_stages = trace_bits(model, given, 1, 1)
            for n_threads, batch_size in ((2, 1), (1, 3), (2, 8), (2, 50)):
                results, stages = trace_bits(model, given, n_threads, batch_size)
                setting = f"{cpu}, {precision}, {n_threads} threads, batch {batch_size}"
                for stage, arrays in alone_stages.items():
                    differing = [i for i, (a, b) in enumerate(zip(arrays, stages[stage], strict=True)) if a != b]
                    assert not differing, f"{setting}: {stage} differs for pictures {differing}"
                assert results == alone_results, setting


@pytest.mark.parametrize("absent, tolerance", [(("num_batches_tracked",), 0.0), (("inv_delta_C", "P_hat"), 1e-5)],
                         ids=["num_batches_tracked", "TPS buffers"])
def test_what_may_be_absent_changes_nothing(absent, tolerance, tmp_path):
    """The TPS buffers are computed again, in double; logarithms may differ in the last bit from NumPy's."""
    case = next(case for case in CASES if case.name == "TPS-ResNet-BiLSTM-CTC-32x220")
    expected = expected_results(case)
    given = [picture.given for picture in expected.pictures]
    runs = []
    for leave_out in ((), absent):
        path = tmp_path / "model.pth"
        save_checkpoint(expected.network, path, "zip", leave_out=leave_out)
        with open_model(case, path, "auto") as model, Session(model, batch_size=8) as session:
            runs.append(session.trace(given))
    (whole, whole_stages), (partial, partial_stages) = runs
    assert [result.text for result in partial] == [result.text for result in whole]
    assert relative_difference(partial_stages["logits"], whole_stages["logits"]) <= tolerance


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_tps_buffers_in_16_bits_are_computed_again(dtype, tmp_path):
    """A network in half precision has them rounded, too: read as they are, they move points by whole pixels."""
    case = next(case for case in CASES if case.name == "TPS-ResNet-BiLSTM-CTC-32x220")
    expected = expected_results(case)
    state = expected.network.state_dict()
    rounded = {name: tensor.to(dtype) for name, tensor in state.items() if "GridGenerator" in name}
    assert len(rounded) == 2
    traces = []
    for name, tensors in (("whole", state), ("rounded", {**state, **rounded})):
        torch.save(tensors, tmp_path / name)
        with open_model(case, tmp_path / name, "auto") as model, Session(model, batch_size=8) as session:
            traces.append(session.trace([picture.given for picture in expected.pictures])[1]["rectified"])
    assert relative_difference(*reversed(traces)) <= 1e-3


def read_and_check(case, path, expected, what):
    """The best tier's readings of a checkpoint."""
    with open_model(case, path, "auto") as model, Session(model, batch_size=8) as session:
        results, traced = session.trace([picture.given for picture in expected.pictures])
    judged = judge_stages(case, expected, traced, len(results))
    check_readings(case, what, results, expected, judged["logits"])


@pytest.mark.parametrize("prefix", ["", "model.", "module.module."])
def test_the_prefix_of_the_names_changes_nothing(prefix, tmp_path):
    case = next(case for case in CASES if case.name == "TPS-VGG-None-Attn-32x61")
    expected = expected_results(case)
    path = tmp_path / "model.pth"
    save_checkpoint(expected.network, path, "legacy", prefix=prefix)
    read_and_check(case, path, expected, f"prefix {prefix!r}")


def test_safetensors_reads_the_same(tmp_path):
    case = next(case for case in CASES if case.name == "None-ResNet-None-Attn-40x133")
    expected = expected_results(case)
    path = tmp_path / "model.safetensors"
    save_checkpoint(expected.network, path, "safetensors")
    read_and_check(case, path, expected, "safetensors")


def test_a_lone_picture_reads_as_in_a_batch(tmp_path):
    """The same picture as pixels, with room between the rows, and as a file's bytes, in single reads."""
    case = next(case for case in CASES if case.name == "None-VGG-None-CTC-32x100")
    expected = expected_results(case)
    path = tmp_path / "model.pth"
    save_checkpoint(expected.network, path, "zip")
    picture = make_picture(Stream(99), 1).image
    roomy = np.zeros((picture.height, picture.width + 5, 3), np.uint8)
    roomy[:, :-5] = np.asarray(picture)
    file = io.BytesIO()
    Image.fromarray(roomy[:, :-5].copy()).save(file, "PNG")
    with open_model(case, path, "auto") as model, Session(model) as session:
        results = [session.read(np.asarray(picture)), session.read(roomy[:, :-5]), session.read(file.getvalue())]
        assert results[0] == results[1] == results[2] == session.read_batch([file.getvalue()])[0]


@pytest.mark.parametrize("compat", [False, True], ids=["ours", "compat"])
def test_odd_texts_follow_the_stated_semantics(compat, tmp_path):
    """The network that shows all of demo.py's defects, in our semantics and with `compat` in demo.py's."""
    architecture, charset = bracket_case()
    network = random_network(architecture, BRACKET_SEED)
    path = tmp_path / "model.pth"
    save_checkpoint(network, path, "zip")
    inputs = make_input(architecture, BRACKET_SEED, 24)
    pixels = ((inputs * 128) + 128).permute(0, 2, 3, 1)[..., 0].numpy().astype(np.uint8)
    with torch.no_grad():
        logits = network((torch.from_numpy(pixels).float()[:, None] / 255 - 0.5) / 0.5)
    assert top_margin(logits) > 1e-3
    for cpu in available_cpus():
        with Model(path, charset_text=charset, compat=compat, cpu=cpu) as model, \
                Session(model, batch_size=5) as session:
            results = session.read_batch(list(pixels))
        for i, (result, rows) in enumerate(zip(results, logits)):
            reading = decode_attention_demo(rows, charset) if compat else decode_attention(rows, charset, 25)
            assert result.text == reading.text, f"{cpu}: picture {i}"
            assert result.confidence == pytest.approx(reading.confidence, rel=CONFIDENCE_RELATIVE_TOLERANCE), \
                f"{cpu}: picture {i} {result.text!r}"
