# SPDX-License-Identifier: Apache-2.0
"""The program trba: what it says about checkpoints, as text and as JSON, held against PyTorch's own state_dict."""

import json
import re

import pytest
from conftest import LOWER_ALNUM


def info(trba, path, *options):
    done = trba.run("info", path, "--json", *options)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def test_info_of_a_checkpoint(trba, crnn):
    code, found = info(trba, crnn.path)
    assert code == 0
    assert list(found) == ["file", "format", "root", "prefix_removed", "n_tensors", "n_parameters", "architecture",
                           "alphabet", "opens"]
    assert (found["file"], found["format"], found["root"], found["prefix_removed"]) == \
        (str(crnn.path), "PyTorch zip", "", "module.")
    assert found["n_tensors"] == len(crnn.state_dict())
    assert found["n_parameters"] == sum(parameter.numel() for parameter in crnn.parameters())
    assert found["architecture"] == {
        "name": "None-VGG-BiLSTM-CTC", "Transformation": "None", "FeatureExtraction": "VGG",
        "SequenceModeling": "BiLSTM", "Prediction": "CTC", "input_channel": 1, "output_channel": 32, "hidden_size": 16,
        "num_fiducial": None, "num_class": 37, "imgH": None, "imgW": None}
    assert found["alphabet"] == {"n_characters": 36, "presets": [{"name": "alnum36", "has_text": True}]}
    opens = found["opens"]
    assert opens.pop("packed_bytes") > 0
    assert opens.pop("cpu") in ("ref", "blas", "avx2", "avx512", "avx512vnni", "avx512amx")
    assert opens == {"ok": True, "sidecar": None, "preset": "clovaai", "charset": "alnum36",
                     "characters": list(LOWER_ALNUM), "imgH": 32, "imgW": 100, "pad": False, "batch_max_length": 25,
                     "rotate": "none", "precision": "fp32"}


def test_info_lists_the_tensors_of_the_state_dict(trba, attention):
    _, found = info(trba, attention.path, "--tensors")
    expected = [{"name": name, "dtype": str(tensor.dtype).partition(".")[2], "shape": list(tensor.shape)}
                for name, tensor in attention.state_dict().items()]
    assert found["tensors"] == expected
    text = trba.run("info", attention.path, "--tensors").stdout
    assert all(entry["name"] in text for entry in expected)


def test_info_lists_the_kernels_of_every_layer(trba, attention):
    """Every weight of more than one dimension is in a layer; what computes it depends on the tier."""
    weights = {name for name, tensor in attention.state_dict().items() if tensor.dim() > 1}
    for cpu, products in (("ref", "gemm_block"), ("blas", "cblas_sgemm")):
        code, found = info(trba, attention.path, "--kernels", "--cpu", cpu)
        names = {layer["name"].removesuffix(".weight") for layer in found["layers"]}
        assert code == 0 and names == {name.removesuffix(".weight") for name in weights if "score" not in name}
        assert {layer["kernels"] for layer in found["layers"]} == {products}
        assert all(layer["packed_bytes"] > 0 for layer in found["layers"])
    _, found = info(trba, attention.path, "--kernels")
    if found["opens"]["cpu"] in ("avx2", "avx512", "avx512vnni", "avx512amx"):
        first, second = found["layers"][:2]
        assert first["work"] == "3x3 convolution, stride 1x1, 1 to 4 channels" and first["kernels"] == "gemm_block"
        assert second["kernels"].startswith("winograd_input,")
    text = trba.run("info", attention.path, "--kernels", "--cpu", "ref").stdout
    assert all(name.removesuffix(".weight") in text for name in weights if "score" not in name)


@pytest.mark.parametrize("prediction,num_class,logits", [("CTC", 37, "Prediction"),
                                                         ("Attn", 38, "Prediction.generator")])
def test_info_names_the_kernels_of_integers(trba, tmp_path, prediction, num_class, logits):
    """Products over 64 numbers and more, but for the logits."""
    from conftest import write_network

    network = write_network(tmp_path, "x.pth", "None", "VGG", "BiLSTM", prediction, num_class=num_class,
                            output_channel=96, hidden_size=64)
    found = {precision: info(trba, network.path, "--kernels", "--precision", precision)[1]
             for precision in ("fp32", "int16")}
    assert found["fp32"]["opens"]["precision"] == "fp32"
    fast = found["fp32"]["opens"]["cpu"] in ("avx2", "avx512", "avx512vnni", "avx512amx")
    assert found["int16"]["opens"]["precision"] == ("int16" if fast else "fp32")
    in_integers = []
    for whole, layer in zip(found["fp32"]["layers"], found["int16"]["layers"], strict=True):
        assert "int16" not in whole["kernels"]
        if layer != whole:
            in_integers.append(layer["name"])
            assert re.search("gemm_block_int16|gemm_tiles_int8x2", layer["kernels"]) and layer["work"] == whole["work"]
    # What has few terms to a sum: in tiles, where there is AMX, only the picture itself stays what it is.
    has_tiles = found["fp32"]["opens"]["cpu"] == "avx512amx"
    few_terms = {f"FeatureExtraction.ConvNet.{i}.weight" for i in ((0,) if has_tiles else (0, 3, 6, 8, 11))}
    expected = [layer["name"] for layer in found["fp32"]["layers"] if layer["name"] not in {logits, *few_terms}]
    assert in_integers == (expected if fast else [])
    text = trba.run("info", network.path, "--kernels", "--precision", "int16").stdout
    assert len(re.findall("gemm_block_int16|gemm_tiles_int8x2", text)) == len(in_integers)


def test_info_says_which_precision_is_in_use(trba, crnn):
    for cpu in ("ref", "blas"):
        for precision in ("fp32", "int16", "auto"):
            _, found = info(trba, crnn.path, "--cpu", cpu, "--precision", precision)
            assert found["opens"]["precision"] == "fp32"
            said = trba.run("info", crnn.path, "--cpu", cpu, "--precision", precision).stdout
            assert re.search(r"^  precision +fp32$", said, re.MULTILINE)
    _, found = info(trba, crnn.path, "--precision", "auto")
    assert found["opens"]["precision"] == ("int16" if found["opens"]["cpu"] in ("avx512vnni", "avx512amx") else "fp32")


def test_info_of_the_layers_needs_no_alphabet(trba, tmp_path):
    from conftest import write_network

    network = write_network(tmp_path, "x.pth", "None", "VGG", "None", "CTC", num_class=1000)
    code, found = info(trba, network.path, "--kernels")
    assert code == 0 and not found["opens"]["ok"] and len(found["layers"]) == 8


def test_info_knows_the_size_of_tps_and_every_format(trba, tmp_path):
    from conftest import write_network
    from trba_torch.checkpoints import save_checkpoint

    network = write_network(tmp_path, "x.pth", "TPS", "ResNet", "None", "Attn", num_class=96, num_fiducial=10,
                            img_h=48, img_w=160)
    for form, name in (("zip", "PyTorch zip"), ("legacy", "PyTorch legacy"), ("safetensors", "safetensors")):
        save_checkpoint(network, tmp_path / "x.pth", form, prefix="")
        code, found = info(trba, tmp_path / "x.pth")
        assert (code, found["format"], found["prefix_removed"]) == (0, name, "")
        sizes = {key: found["architecture"][key] for key in ("num_fiducial", "num_class", "imgH", "imgW")}
        assert sizes == {"num_fiducial": 10, "num_class": 96, "imgH": 48, "imgW": 160}
        assert [preset["name"] for preset in found["alphabet"]["presets"]] == ["printable94"]


def test_info_says_when_the_alphabet_must_be_given(trba, tmp_path):
    from conftest import write_network
    network = write_network(tmp_path, "odd.pth", "None", "VGG", "None", "CTC", num_class=42)
    code, found = info(trba, network.path)
    assert code == 0 and found["alphabet"] == {"n_characters": 41, "presets": []}
    assert found["opens"]["ok"] is False and "41" in found["opens"]["message"]
    assert found["opens"]["with_options"] is True
    said = trba.run("info", network.path).stdout
    assert "no preset has as many: give the characters with --charset" in said and "not without options" in said


def test_info_shows_the_characters(trba, tmp_path):
    """Those of a sidecar, too; and does not ask for what it has."""
    from conftest import write_network

    network = write_network(tmp_path, "x.pth", "None", "VGG", "None", "CTC", num_class=5)
    (tmp_path / "x.yaml").write_text(json.dumps({"charset": "a \u00e9\u001b"}) + "\n")
    _, found = info(trba, network.path)
    assert found["opens"]["characters"] == ["a", " ", "\u00e9", "\u001b"] and found["opens"]["charset"] == "custom"
    said = trba.run("info", network.path).stdout
    assert "  characters         a \u00e9?\n" in said
    assert "  no preset has as many\n" in said and "--charset" not in said


def spoil(network, path, change):
    """The network's weights after change(weights), saved."""
    torch = pytest.importorskip("torch")
    weights = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    change(weights)
    torch.save(weights, path)
    return path


def test_info_of_weights_that_no_option_helps_is_exit_code_1(trba, crnn, tmp_path):
    def put_nan(weights):
        weights["Prediction.weight"][0, 0] = float("nan")

    for change, words in ((put_nan, "holds NaN"), (lambda weights: weights.pop("Prediction.bias"), "1 missing")):
        path = spoil(crnn, tmp_path / "spoilt.pth", change)
        code, found = info(trba, path)
        assert code == 1 and found["architecture"]["name"] == "None-VGG-BiLSTM-CTC"
        assert (found["opens"]["ok"], found["opens"]["with_options"]) == (False, False)
        assert words in found["opens"]["message"]
        done = trba.run("info", path)
        assert done.returncode == 1 and re.search("^opens .*cannot be opened: .*", done.stdout, re.MULTILINE)


def test_info_of_a_sidecar_that_contradicts_is_no_failure_of_the_weights(trba, crnn, tmp_path):
    (tmp_path / "x.pth").write_bytes(crnn.path.read_bytes())
    (tmp_path / "opt.txt").write_text("Transformation: TPS\n")
    code, found = info(trba, tmp_path / "x.pth")
    assert (code, found["opens"]["ok"], found["opens"]["with_options"]) == (0, False, True)
    assert "opt.txt" in found["opens"]["message"]


def test_names_of_tensors_cannot_command_the_terminal(trba, crnn, tmp_path):
    torch = pytest.importorskip("torch")
    path = spoil(crnn, tmp_path / "x.pth", lambda weights: weights.update({"a\033[31m\u009b1mb\n": torch.zeros(1)}))
    for arguments in (["info", path, "--tensors"], ["compare", path]):
        said = trba.run(*arguments).stdout
        assert "a?[31m?1mb?  " in said or "a?[31m?1mb?\n" in said
        assert "\033" not in said and "\u009b" not in said


def test_info_names_the_sidecar_that_is_read(trba, crnn, tmp_path):
    (tmp_path / "best.pth").write_bytes(crnn.path.read_bytes())
    (tmp_path / "opt.txt").write_text(f"Transformation: None\nPrediction: CTC\ncharacter: {LOWER_ALNUM[::-1]}\n"
                                      "imgH: 32\nimgW: 128\nPAD: True\n")
    _, found = info(trba, tmp_path / "best.pth")
    opens = found["opens"]
    assert opens["sidecar"] == f"{tmp_path}/opt.txt"
    assert (opens["charset"], opens["imgW"], opens["pad"]) == ("custom", 128, True)


def test_info_of_other_weights_is_exit_code_1(trba, tmp_path):
    torch = pytest.importorskip("torch")
    torch.save({"layer.weight": torch.zeros(3, 4)}, tmp_path / "other.pth")
    code, found = info(trba, tmp_path / "other.pth", "--tensors")
    assert code == 1 and found["architecture"] is None and found["alphabet"] is None
    assert (found["opens"]["ok"], found["opens"]["with_options"]) == (False, False) and found["opens"]["message"]
    assert found["tensors"] == [{"name": "layer.weight", "dtype": "float32", "shape": [3, 4]}]


def test_info_of_no_checkpoint_is_exit_code_2(trba, pictures, tmp_path):
    for path in (pictures["word1.png"], tmp_path / "none.pth", tmp_path):
        done = trba.run("info", path, "--json")
        assert (done.returncode, done.stdout) == (2, "") and done.stderr.startswith("trba: ")


def test_compare_gives_the_lists_of_load_state_dict(trba, crnn):
    """The judge is PyTorch: the same network, asked to load the same weights."""
    from trba_torch import Architecture, Recogniser

    asked = Recogniser(Architecture("None", "VGG", "BiLSTM", "Attn", num_class=37, output_channel=32, hidden_size=16))
    result = asked.load_state_dict(crnn.state_dict(), strict=False)
    done = trba.run("compare", crnn.path, "--Prediction", "Attn", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 1 and found["n_differences"] == len(found["differences"])
    names = {kind: sorted(entry["name"] for entry in found["differences"] if entry["kind"] == kind)
             for kind in ("missing", "unexpected", "shape")}
    assert names == {"missing": sorted(result.missing_keys), "unexpected": sorted(result.unexpected_keys), "shape": []}
    lines = trba.run("compare", crnn.path, "--Prediction", "Attn").stdout.splitlines()
    assert sorted(line.split()[1] for line in lines) == sorted(names["missing"] + names["unexpected"])


def test_compare_says_both_shapes(trba, crnn):
    done = trba.run("compare", crnn.path, "--num_class", "95", "--json")
    found = json.loads(done.stdout)["differences"]
    assert {entry["name"]: entry["detail"] for entry in found} == {
        "Prediction.weight": "has [37,16], needs [95,16]", "Prediction.bias": "has [37], needs [95]"}


def test_compare_names_the_file_and_both_networks(trba, crnn):
    done = trba.run("compare", crnn.path, "--Prediction", "Attn", "--num_class", "38", "--json")
    found = json.loads(done.stdout)
    assert list(found) == ["file", "found", "asked", "n_differences", "differences"]
    assert found["file"] == str(crnn.path) and found["found"] == info(trba, crnn.path)[1]["architecture"]
    asked = {key: value for key, value in found["asked"].items() if value is not None}
    assert asked == {"name": "?-?-?-Attn", "Prediction": "Attn", "num_class": 38}


def test_compare_without_differences_is_exit_code_0(trba, crnn):
    done = trba.run("compare", crnn.path, "--Transformation", "None", "--FeatureExtraction", "VGG")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_charsets(trba):
    presets = {entry["name"]: entry for entry in json.loads(trba.run("charsets", "--json").stdout)}
    assert presets["alnum36"]["text"] == LOWER_ALNUM
    assert all(entry["text"] is None or len(entry["text"]) == entry["n_characters"] for entry in presets.values())
    table = trba.run("charsets").stdout
    assert all(name in table for name in presets)
    assert trba.run("charsets", "alnum36").stdout == LOWER_ALNUM + "\n"
    assert trba.run("charsets", "latin_g2").returncode == 1
    for name, code in (("alnum36", 0), ("latin_g2", 1)):
        done = trba.run("charsets", name, "--json")
        assert (done.returncode, json.loads(done.stdout)) == (code, presets[name])
    assert trba.run("charsets", "none").returncode == 2


def test_printable94_is_pythons(trba):
    import string
    assert trba.run("charsets", "printable94").stdout == string.printable[:-6] + "\n"


REFUSALS = [[], ["inform"], ["info"], ["info", "a", "b"], ["info", "a", "--jsn"], ["compare"], ["version", "x"],
            ["charsets", "a", "b"], ["compare", "x", "--rgb", "--input_channel", "1"], ["info", ""], ["compare", ""],
            ["convert", "", "x.pth"], ["convert", "x.pth", ""], ["charsets", ""]]


@pytest.mark.parametrize("arguments", REFUSALS, ids=" ".join)
def test_refusal_is_one_sentence(trba, arguments):
    done = trba.run(*arguments)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert ("an argument is empty" in done.stderr) == ("" in arguments)


def test_help_lists_the_commands(trba):
    texts = {trba.run(word).stdout for word in ("help", "--help", "-h")}
    assert len(texts) == 1
    assert all(f"\n  {name} " in next(iter(texts)) for name in ("info", "compare", "charsets", "version", "help"))


def test_help_of_a_command_in_every_spelling(trba):
    for command in ("info", "compare", "convert", "eval", "charsets", "version"):
        spellings = [trba.run(*words) for words in ((command, "--help"), (command, "-h"), ("help", command))]
        assert all(done.returncode == 0 and done.stdout == spellings[0].stdout for done in spellings), command
        assert f"trba {command}" in spellings[0].stdout
    assert trba.run("help", "nonsense").returncode == 2


def test_too_many_control_points_are_refused(trba, tmp_path):
    from conftest import write_network

    network = write_network(tmp_path, "x.pth", "TPS", "VGG", "None", "CTC", num_class=37, num_fiducial=1026)
    done = trba.run("info", network.path)
    assert done.returncode != 0 and "num_fiducial is 1026; at most 1024 are supported" in done.stdout + done.stderr
