# SPDX-License-Identifier: Apache-2.0
"""The alphabets by name, held against Python's string module and the specification of EasyOCR's English model."""

import ctypes
import os
import string
import sys
from pathlib import Path

import pytest

SOURCE_DIR = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(SOURCE_DIR / "training"), str(SOURCE_DIR / "tests")]


class Preset(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("text", ctypes.c_char_p), ("n_characters", ctypes.c_int),
                ("description", ctypes.c_char_p)]


def read_presets():
    library = ctypes.CDLL(os.environ["TRBA_TESTING_LIB"])
    library.trba_charset_preset_at.argtypes = [ctypes.c_size_t]
    library.trba_charset_preset_at.restype = ctypes.POINTER(Preset)
    presets = []
    while preset := library.trba_charset_preset_at(len(presets)):
        presets.append(preset.contents)
    return presets


PRESETS = {preset.name.decode(): preset for preset in read_presets()}


def text_of(name):
    return PRESETS[name].text.decode()


def test_texts_are_the_alphabets_of_the_programs():
    assert text_of("alnum36") == string.digits + string.ascii_lowercase
    assert text_of("printable94") == string.printable[:-6]
    assert text_of("digits10") == string.digits
    assert text_of("alnum62") == string.digits + string.ascii_letters
    assert text_of("english_g2") == string.digits + string.punctuation + " €" + string.ascii_uppercase + \
        string.ascii_lowercase


def test_sizes_count_code_points():
    for name, preset in PRESETS.items():
        if preset.text is not None:
            assert len(text_of(name)) == preset.n_characters, name


def test_sizes_give_the_known_numbers_of_classes():
    known = {"english_g2": 97, "latin_g2": 352, "cyrillic_g2": 208, "korean_g2": 1009, "japanese_g2": 2215,
             "zh_sim_g2": 6719, "telugu_g2": 166, "kannada_g2": 168, "latin_g1": 168, "arabic_g1": 185,
             "thai_g1": 177, "devanagari_g1": 188, "tamil_g1": 127, "bengali_g1": 170, "cyrillic_g1": 187,
             "korean_g1": 1568, "japanese_g1": 3111, "zh_tra_g1": 5381, "zh_sim_g1": 6710}
    assert {name: PRESETS[name].n_characters + 1 for name in known} == known


def test_a_model_tells_its_alphabet(tmp_path):
    """Characters in class order, tokens of several characters among them, and nothing beyond the last."""
    from trba_ctypes import Model
    from trba_torch import Architecture
    from trba_torch.checkpoints import random_network, save_checkpoint

    path, tokens = tmp_path / "small.pth", tmp_path / "tokens.txt"
    save_checkpoint(random_network(Architecture("None", "VGG", "None", "CTC", num_class=6, output_channel=32), seed=7),
                    path, "zip")
    tokens.write_text("a\né\nsch\n𝕏\n0\n", encoding="utf-8")
    with Model(path, charset_text="bé€𝕏1") as model:
        assert model.characters() == ["b", "é", "€", "𝕏", "1"]
    with Model(path, charset_file=tokens) as model:
        assert model.characters() == ["a", "é", "sch", "𝕏", "0"]


def make_state(*stages, **sizes):
    """A network with the weights PyTorch begins with: what it is counts here, not what it reads."""
    from trba_torch import Architecture, Recogniser

    return Recogniser(Architecture(*stages, **sizes)).state_dict()


def test_english_g2_is_known_by_its_tensors_under_any_name(tmp_path):
    """EasyOCR's preprocessing goes with it, unless the options or the sidecar say otherwise."""
    import torch
    from trba_ctypes import PRESETS as NAMES
    from trba_ctypes import Model

    path = tmp_path / "best.pth"
    torch.save(make_state("None", "VGG", "BiLSTM", "CTC", output_channel=256, num_class=97), path)

    def open_with(**options):
        with Model(path, **options) as model:
            info = model.info()
            return NAMES[info.preset], info.charset_name.decode(), info.architecture.img_h

    assert open_with() == ("easyocr", "english_g2", 64)
    assert open_with(charset_text=text_of("english_g2")) == ("easyocr", "custom", 64)
    assert open_with(charset_text=text_of("english_g2")[::-1]) == ("clovaai", "custom", 32)  # somebody's own network
    assert open_with(preset="clovaai") == ("clovaai", "english_g2", 32)
    assert open_with(compat=True) == ("clovaai", "english_g2", 32)
    (tmp_path / "best.yaml").write_text("preset: clovaai\nimgH: 48\n")
    assert open_with(use_sidecar=True) == ("clovaai", "english_g2", 48)


@pytest.mark.parametrize("stages,sizes", [(("TPS", "VGG", "BiLSTM", "CTC"), {"output_channel": 256}),
                                          (("None", "ResNet", "BiLSTM", "CTC"), {"output_channel": 256}),
                                          (("None", "VGG", "None", "CTC"), {"output_channel": 256}),
                                          (("None", "VGG", "BiLSTM", "CTC"), {"output_channel": 32})])
def test_97_classes_of_another_network_are_no_english_g2(tmp_path, stages, sizes):
    """They are somebody's 96 characters, in an order that nobody but their owner knows."""
    import torch
    from trba_ctypes import Model, TrbaError

    torch.save(make_state(*stages, num_class=97, **sizes), tmp_path / "best.pth")
    with pytest.raises(TrbaError, match="the alphabet is not known.*96 characters"):
        Model(tmp_path / "best.pth")
    with Model(tmp_path / "best.pth", charset_preset="english_g2") as model:
        assert model.info().preset == 1  # clovaai


@pytest.mark.parametrize("key", ["character", "character_list", "charset"])
def test_an_alphabet_that_the_trainer_saved_is_not_overruled_by_a_guess(tmp_path, key):
    """36 characters would be digits and lower case; these are others, and reading them as those would be nonsense."""
    import torch
    from trba_ctypes import Model, TrbaError

    path, upper = tmp_path / "best.pth", string.digits + string.ascii_uppercase
    state = make_state("None", "VGG", "None", "CTC", num_class=37, output_channel=32)

    def save(alphabet):
        torch.save({"state_dict": state, "opt": {"imgH": 32, key: alphabet}}, path)

    save(upper)
    said = f"36 characters would be alnum36, .* notes others as opt.{key} .{upper}.; .*--charset"
    with pytest.raises(TrbaError, match=said):
        Model(path)
    with Model(path, charset_text=upper) as model:
        assert "".join(model.characters()) == upper
    with Model(path, charset_preset="alnum36") as model:
        assert "".join(model.characters()) == text_of("alnum36")
    for harmless in (text_of("alnum36"), "94_full", None):
        save(harmless)
        with Model(path) as model:
            assert model.info().charset_name == b"alnum36"
