# SPDX-License-Identifier: Apache-2.0
"""trba.easyocr against EasyOCR itself: a Reader reads the same with trba inside as without.

    pages       rendered words on texture, found by CRAFT; with every argument of readtext() that reaches the recogniser
    networks    english_g2, and random networks of both generations of EasyOCR's recognisers
    refusals    what cannot be accelerated stays as it was, and the error says why
"""
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("easyocr", reason="EasyOCR is not installed here; make test-easyocr has it")
pytest.importorskip("trba", reason="the package trba is not installed here; make test-easyocr installs it")

from make_pages import make_page

IMAGES = os.environ.get("TRBA_EASYOCR_IMAGES")


def to_grey(page):
    import cv2
    return cv2.cvtColor(page, cv2.COLOR_BGR2GRAY)  # as EasyOCR's reformat_input()


@pytest.fixture(scope="module")
def pages(judge):
    """[(grey page, horizontal boxes, free boxes)]: found once, read often."""
    found = []
    for seed in (1, 2):
        page = make_page(seed, 10, width=480, height=320)
        horizontal, free = judge.detect(page)
        found.append((to_grey(page), horizontal[0], free[0]))
    assert all(horizontal for _, horizontal, _ in found) and any(free for *_, free in found)
    return found


@pytest.fixture(scope="module")
def turned(judge):
    """One more, with words in all four directions."""
    page = make_page(4, 8, width=480, height=480, quarter_turns=(0, 1, 2, 3))
    horizontal, free = judge.detect(page)
    return to_grey(page), horizontal[0], free[0]


def recognize(reader, page, **options):
    return reader.recognize(*page, reformat=False, **options)


@pytest.fixture
def count_easyocr(easyocr, monkeypatch):
    """Counts what EasyOCR's own recogniser reads."""
    calls = []

    def counted(*arguments, original=easyocr.recognition.recognizer_predict, **options):
        calls.append(arguments)
        return original(*arguments, **options)

    monkeypatch.setattr(easyocr.recognition, "recognizer_predict", counted)
    return calls


# ---- pages -----------------------------------------------------------------------------------------------------------


def test_readtext_gives_the_same(reader, judge, comparison, count_easyocr):
    page = make_page(5, 16, width=640, height=480)
    results = reader.readtext(page)
    assert not count_easyocr
    comparison.check(results, judge.readtext(page))
    assert count_easyocr


def test_readtext_batched_gives_the_same(reader, judge, comparison):
    pages = [make_page(seed, 4, width=320, height=160) for seed in (6, 7)]
    for results, expected in zip(reader.readtext_batched(pages), judge.readtext_batched(pages), strict=True):
        comparison.check(results, expected)


@pytest.mark.parametrize("options", [
    {}, {"batch_size": 8}, {"workers": 0, "beamWidth": 3},
    {"contrast_ths": 0.95}, {"contrast_ths": 0.95, "adjust_contrast": 0.9},
    {"contrast_ths": 0.95, "adjust_contrast": 0},
    {"contrast_ths": 0},
    {"allowlist": "0123456789"}, {"allowlist": "abcdefghijklmnopqrstuvwxyz"}, {"blocklist": "eEoO0 "},
], ids=str)
def test_every_page_gives_the_same(reader, judge, comparison, count_easyocr, pages, options):
    for page in pages:
        results = recognize(reader, page, **options)
        assert not count_easyocr
        comparison.check(results, recognize(judge, page, **options))
        count_easyocr.clear()


@pytest.mark.parametrize("options", [
    {"rotation_info": [90, 180, 270]}, {"rotation_info": [180], "batch_size": 4},
    {"rotation_info": [90, 270], "contrast_ths": 0.7}, {"rotation_info": [90], "allowlist": "abcdefghijklmnop"},
], ids=str)
def test_rotated_words_give_the_same(reader, judge, comparison, count_easyocr, turned, options):
    results = recognize(reader, turned, **options)
    assert not count_easyocr
    comparison.check(results, recognize(judge, turned, **options))


@pytest.mark.parametrize("options", [
    {"detail": 0}, {"paragraph": True}, {"paragraph": True, "detail": 0}, {"paragraph": True, "output_format": "json"},
    {"rotation_info": [90, 180, 270], "paragraph": True},
], ids=str)
def test_outputs_without_confidences_are_equal(reader, judge, pages, options):
    for page in pages:
        assert recognize(reader, page, **options) == recognize(judge, page, **options)


@pytest.mark.parametrize("form", ["dict", "json", "free_merge"])
def test_output_formats_have_the_same_form(reader, judge, pages, form):
    import json

    page = (*pages[0][:2], [])  # EasyOCR's free_merge fails on some free boxes
    results, expected = (recognize(r, page, output_format=form) for r in (reader, judge))
    if form == "json":
        results, expected = ([json.loads(item) for item in items] for items in (results, expected))
    if form != "free_merge":
        assert [list(item) for item in results] == [["boxes", "text", "confident"]] * len(expected)
        results, expected = ([tuple(item.values()) for item in items] for items in (results, expected))
    assert [str(item[:2]) for item in results] == [str(item[:2]) for item in expected]
    assert [item[2] for item in results] == pytest.approx([item[2] for item in expected], abs=1e-3)


def test_a_whole_image_is_one_word(reader, judge, comparison, pages):
    grey, horizontal, _ = pages[0]
    for left, right, top, bottom in horizontal[:4]:
        word = grey[max(top, 0):bottom, max(left, 0):right]
        comparison.check(reader.recognize(word), judge.recognize(word))


def test_tall_and_narrow_boxes_give_the_same(reader, judge, comparison, pages):
    grey = pages[0][0]
    boxes = [[10, 40, 10, 300], [100, 101, 10, 20], [50, 90, 40, 44], [0, 480, 0, 320], [200, 263, 100, 164],
             [-20, 90, 250, 600]]
    for options in ({}, {"rotation_info": [90, 180]}):
        comparison.check(reader.recognize(grey, boxes, [], reformat=False, **options),
                         judge.recognize(grey, boxes, [], reformat=False, **options))


def test_nothing_found_is_nothing_read(reader, pages):
    assert recognize(reader, (pages[0][0], [], [])) == []
    assert recognize(reader, (pages[0][0], [], []), rotation_info=[90]) == []


@pytest.mark.skipif(not IMAGES, reason="TRBA_EASYOCR_IMAGES is not set: no folder of pictures to read")
def test_pictures_of_a_folder_give_the_same(reader, judge, comparison):
    paths = [path for path in sorted(Path(IMAGES).iterdir()) if path.suffix in (".png", ".jpg")]
    assert paths
    for path in paths:
        comparison.check(reader.recognize(str(path)), judge.recognize(str(path)))
        results, expected = reader.readtext(str(path)), judge.readtext(str(path))
        if expected:
            comparison.check(results, expected)
        assert len(results) == len(expected)


# ---- what EasyOCR goes on reading itself -----------------------------------------------------------------------------


@pytest.mark.parametrize("decoder", ["beamsearch", "wordbeamsearch"])
def test_beam_search_is_easyocrs(reader, judge, count_easyocr, pages, decoder):
    grey, horizontal, _ = pages[0]
    page = (grey, horizontal[:2], [])
    results = recognize(reader, page, decoder=decoder)
    assert count_easyocr
    assert results == recognize(judge, page, decoder=decoder)


def test_a_line_of_extreme_length_is_easyocrs(reader, judge, count_easyocr, pages):
    page = (np.tile(pages[0][0], (1, 3)), [[0, 1400, 60, 80]], [])
    results = recognize(reader, page)
    assert count_easyocr
    assert results == recognize(judge, page)


# ---- readers ---------------------------------------------------------------------------------------------------------


def test_a_quantised_reader_reads_in_full_precision(make_reader, accelerated, judge, comparison, pages):
    reader = accelerated.accelerate(make_reader(quantize=True))
    for page in pages:
        comparison.check(recognize(reader, page), recognize(judge, page))


def test_a_quantised_reader_needs_its_file(make_reader, accelerated, storage, tmp_path):
    import trba

    (tmp_path / "english_g2.pth").write_bytes((storage / "english_g2.pth").read_bytes())
    reader = make_reader(quantize=True, detector=False, model_storage_directory=str(tmp_path))
    (tmp_path / "english_g2.pth").unlink()
    with pytest.raises(trba.CannotReadError, match="quantize=False"):
        accelerated.accelerate(reader)
    assert "recognize" not in vars(reader)


def test_restore_undoes_it(make_reader, accelerated, judge, count_easyocr, pages):
    reader = make_reader(detector=False)
    assert accelerated.restore(reader) is reader
    assert accelerated.accelerate(reader, threads=1) is reader
    assert accelerated.accelerate(reader) is reader
    recognize(reader, pages[0])
    assert not count_easyocr
    assert accelerated.restore(reader) is reader
    assert recognize(reader, pages[0]) == recognize(judge, pages[0])
    assert "recognize" not in vars(reader)


def test_other_readers_are_left_alone(reader, make_reader, count_easyocr, pages):
    recognize(make_reader(detector=False), pages[0])
    assert count_easyocr


def test_threads_may_share_a_reader(reader, pages):
    lists = [None, "0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    expected = [recognize(reader, pages[0], allowlist=allowed) for allowed in lists]
    with ThreadPoolExecutor(4) as executor:
        for _ in range(3):
            assert list(executor.map(lambda allowed: recognize(reader, pages[0], allowlist=allowed), lists)) == expected


# ---- networks of one's own -------------------------------------------------------------------------------------------


FAMILIES = {"gen1": ("ResNet", "easyocr.model.model", 64), "gen2": ("VGG", "easyocr.model.vgg_model", 64),
            "low": ("VGG", "easyocr.model.vgg_model", 32)}


@pytest.fixture(params=FAMILIES)
def make_custom_reader(request, easyocr, make_reader, tmp_path, monkeypatch):
    """A function that makes readers of one random network, as EasyOCR's custom_model.md has it. Twice in its alphabet
    is the letter a."""
    import torch
    import yaml
    from trba_torch import Architecture
    from trba_torch.checkpoints import random_network

    backbone, module, img_h = FAMILIES[request.param]
    alphabet = "0123456789abcdefghijklmnopqrstuvwxyz äöüßéa€"
    network = random_network(Architecture("None", backbone, "BiLSTM", "CTC", output_channel=64, hidden_size=32,
                                          num_class=len(alphabet) + 1, img_h=img_h), seed=3)
    name = f"custom_{request.param}"
    torch.save({f"module.{key}": value for key, value in network.state_dict().items()}, tmp_path / f"{name}.pth")
    (tmp_path / f"{name}.py").write_text(f"from {module} import Model\n")
    (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump({
        "network_params": {"input_channel": 1, "output_channel": 64, "hidden_size": 32}, "imgH": img_h,
        "lang_list": ["de"], "character_list": alphabet}, allow_unicode=True), encoding="utf-8")
    monkeypatch.setattr(easyocr.easyocr, "imgH", 64)  # put back at the end: a reader changes it for all others

    def make(quantize):
        return make_reader(["de"], recog_network=name, user_network_directory=str(tmp_path), detector=False,
                           model_storage_directory=str(tmp_path), quantize=quantize)
    return make


@pytest.mark.parametrize("quantize", [False, True])
def test_networks_of_ones_own_give_the_same(make_custom_reader, accelerated, comparison, pages, quantize):
    judge, reader = make_custom_reader(False), accelerated.accelerate(make_custom_reader(quantize))
    for options in ({}, {"blocklist": "a0 "}, {"rotation_info": [90], "allowlist": "abcdefgh"}):
        comparison.check(recognize(reader, pages[0], **options), recognize(judge, pages[0], **options))


# ---- refusals --------------------------------------------------------------------------------------------------------


def test_what_is_no_reader_is_refused(accelerated, make_reader, easyocr):
    import trba

    class OwnReader(easyocr.Reader):
        def recognize(self, *arguments, **options):
            return []

    with pytest.raises(trba.ArgumentError, match="easyocr.Reader"):
        accelerated.accelerate("reader")
    with pytest.raises(trba.ArgumentError, match="recognizer=False"):
        accelerated.accelerate(make_reader(detector=False, recognizer=False))
    own = OwnReader.__new__(OwnReader)
    with pytest.raises(trba.ArgumentError, match="of its own"):
        accelerated.accelerate(own)


def test_without_easyocr_the_import_says_so():
    code = "import sys; sys.modules['easyocr'] = None; import trba; import trba.easyocr"
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("ImportError: trba.easyocr works inside EasyOCR")


def test_the_package_alone_imports_no_pytorch():
    code = "import sys, trba; assert not {'torch', 'easyocr', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
