# SPDX-License-Identifier: Apache-2.0
"""strdemo's command line: every refusal is one sentence and exit code 2; the table, --help and the manual agree."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from conftest import LOWER_ALNUM, SOURCE_DIR

REFUSALS = {
    "unknown option": (["--modle", "x"], "no option --modle; did you mean --model?"),
    "other spelling": (["--img_h=3"], "did you mean --imgH?"),
    "nothing near": (["--frobnicate"], "no option --frobnicate; --help"),
    "unknown letter": (["-x"], '"-x"'),
    "bundled letters": (["-vq"], '"-vq"'),
    "missing value": (["x.png", "--model"], "--model needs a value"),
    "option as value": (["--model", "--verbose", "x.png"], "--model needs a value, but the next argument"),
    "value of a flag": (["--verbose=1", "x.png"], "--verbose takes no value"),
    "no number": (["--threads", "two", "x.png"], '--threads needs a whole number, not "two"'),
    "half a number": (["--batch", "3x", "x.png"], "--batch needs a whole number"),
    "empty number": (["--batch=", "x.png"], "--batch needs a whole number"),
    "fraction": (["--imgW=1.5", "x.png"], "--imgW needs a whole number"),
    "too small": (["--batch", "0", "x.png"], "--batch must be from 1 to"),
    "negative": (["--threads", "-1", "x.png"], "--threads must be from 0 to 64"),
    "too large": (["--batch_max_length", "99999999999999999999", "x.png"], "--batch_max_length must be from 1 to"),
    "unknown stage": (["--Prediction", "Attention", "x.png"], "--Prediction must be one of CTC|Attn"),
    "unknown precision": (["--precision", "int8", "x.png"], "--precision must be one of fp32|int16|bf16|auto"),
    "unknown format": (["-f", "xml", "x.png"], "--format must be one of table|tsv|jsonl"),
    "two channels": (["--input_channel", "2", "x.png"], "--input_channel must be 1 (grey) or 3 (RGB)"),
    "rgb and grey": (["--rgb", "--input_channel", "1", "x.png"], "--input_channel must be 1 (grey) or 3 (RGB)"),
    "two alphabets": (["--sensitive", "--character", "ab", "x.png"], "--sensitive and --character"),
    "charset twice": (["--charset", "ab", "--character", "ab", "x.png"], "two alphabets"),
    "compat easyocr": (["--compat", "clovaai", "--preset", "easyocr", "x.png"], "contradict"),
    "resume what": (["--resume", "-f", "tsv", "x.png"], "--resume goes on with a file of results: add --output FILE"),
    "resume a table": (["--resume", "-o", "x.txt", "x.png"], "add --format tsv or --format jsonl"),
    "quiet verbose": (["-q", "-v", "x.png"], "contradict"),
    "no input": (["--threads", "1"], "nothing to read"),
    "empty input": (["x.png", ""], "an argument is empty"),
    "empty input behind --": (["--", ""], "an argument is empty"),
    "empty folder": (["--image_folder", "", "x.png"], "an argument is empty"),
    "nameless list": (["x.png", "@"], "write @LIST, or @- for a list on standard input"),
    **{f"empty {option}": ([f"{option}=", "x.png"], f"the name given with {option} is empty: write {option} FILE")
       for option in ("--model", "--saved_model", "--output", "--boxes")},
    "empty alphabet file": (["--charset", "file:", "x.png"], "the name of the file is empty"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusal_is_one_sentence(strdemo, case):
    arguments, words = REFUSALS[case]
    done = strdemo.run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1 and words in done.stderr


def test_compat_refuses_a_sidecar_that_asks_for_easyocr(strdemo, crnn, tmp_path):
    (tmp_path / "x.pth").write_bytes(crnn.path.read_bytes())
    (tmp_path / "x.yaml").write_text("preset: easyocr\n")
    done = strdemo.run("-m", tmp_path / "x.pth", "--compat", "clovaai", "x.png")
    assert (done.returncode, done.stdout) == (2, "")
    assert "x.yaml" in done.stderr and "--no-sidecar" in done.stderr
    done = strdemo.run("-m", tmp_path / "x.pth", "--compat", "clovaai", "--no-sidecar", "x.png")
    assert done.returncode == 0, done.stderr


def test_missing_model_is_refused(strdemo, tmp_path):
    done = strdemo.run("--model", tmp_path / "none.pth", "x.png")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"strdemo: there is no such file: {tmp_path}/none.pth\n"


def test_what_is_no_checkpoint_is_refused(strdemo, pictures):
    done = strdemo.run("--model", pictures["word1.png"], "x.png")
    assert (done.returncode, done.stdout) == (2, "") and done.stderr


def test_model_comes_from_the_environment(strdemo, crnn, pictures):
    done = strdemo.run("-f", "tsv", pictures["word1.png"], env={"TRBA_MODEL": str(crnn.path)})
    assert done.returncode == 0
    assert done.stdout == strdemo.run("-m", crnn.path, "-f", "tsv", pictures["word1.png"]).stdout


@pytest.mark.parametrize("cpu", ["avx2", "avx512", "avx512vnni", "avx512amx"])
def test_tier_the_processor_lacks_is_refused_or_used(strdemo, crnn, pictures, cpu):
    done = strdemo.run("-m", crnn.path, "--cpu", cpu, "-v", pictures["word1.png"])
    assert (done.returncode == 2 and f"--cpu {cpu}:" in done.stderr) or f"machine: {cpu}," in done.stderr


def test_integers_that_cannot_be_had_are_said_in_one_line(strdemo, crnn, pictures):
    for cpu in ("ref", "blas"):
        plain = strdemo.run("-m", crnn.path, "--cpu", cpu, "-f", "tsv", pictures["word1.png"])
        done = strdemo.run("-m", crnn.path, "--cpu", cpu, "--precision", "int16", "-f", "tsv", pictures["word1.png"])
        assert done.stderr == f"strdemo: --precision int16 needs AVX2; reading with {cpu}, in fp32\n"
        assert (done.returncode, done.stdout) == (0, plain.stdout)
        for precision in ("fp32", "auto"):
            done = strdemo.run("-m", crnn.path, "--cpu", cpu, "--precision", precision, pictures["word1.png"])
            assert (done.returncode, done.stderr) == (0, "")


def test_bfloat16_without_amx_is_said_in_one_line(strdemo, crnn, pictures):
    plain = strdemo.run("-m", crnn.path, "--cpu", "blas", "-f", "tsv", pictures["word1.png"])
    done = strdemo.run("-m", crnn.path, "--cpu", "blas", "--precision", "bf16", "-f", "tsv", pictures["word1.png"])
    assert done.stderr == "strdemo: --precision bf16 needs AMX; reading with blas, in fp32\n"
    assert (done.returncode, done.stdout) == (0, plain.stdout)


def test_verbose_says_which_precision_is_in_use(strdemo, trba, crnn, pictures):
    for precision in ("fp32", "int16", "bf16", "auto"):
        opens = json.loads(trba.run("info", crnn.path, "--json", "--precision", precision).stdout)["opens"]
        said = strdemo.run("-m", crnn.path, "--precision", precision, "-v", pictures["word1.png"]).stderr
        assert f"machine: {opens['cpu']}, {opens['precision']}, " in said


def test_options_without_effect_are_said_once(strdemo, trba, crnn, attention, pictures, tmp_path):
    width = "strdemo: --imgW has no effect: with the preset easyocr the width follows the picture\n"
    length = "strdemo: --batch-max-length has no effect: a CTC network reads texts of any length\n"
    padding = "strdemo: --pad has no effect: the preset easyocr keeps the picture's proportions by itself\n"
    for network, options, said in (
            (crnn, ["--preset", "easyocr", "--imgW", "200"], width), (crnn, ["--imgW", "200"], ""),
            (crnn, ["--preset", "easyocr", "--PAD"], padding), (crnn, ["--pad"], ""),
            (crnn, ["--batch-max-length", "5"], length), (attention, ["--batch-max-length", "5"], ""),
            (crnn, ["--compat", "clovaai", "--batch_max_length", "5"], "")):
        done = strdemo.run("-m", network.path, *options, pictures["word1.png"], pictures["word2.png"])
        assert (done.returncode, done.stderr) == (0, said), options
    (tmp_path / "gt.txt").write_text(f"{pictures['word1.png']}\tx\n")
    for options, said in (([], length.replace("strdemo", "trba")), (["--filter"], "")):
        done = trba.run("eval", "-m", crnn.path, "--batch-max-length", "5", *options, tmp_path)
        assert (done.returncode, done.stderr) == (0, said)


def test_clovaais_names_work_in_both_spellings(strdemo, crnn, pictures):
    options = {"saved_model": str(crnn.path), "Transformation": "None", "FeatureExtraction": "VGG",
               "SequenceModeling": "BiLSTM", "Prediction": "CTC", "imgH": "32", "imgW": "100", "batch_size": "192",
               "batch_max_length": "25", "workers": "4", "num_fiducial": "20", "input_channel": "1",
               "output_channel": "32", "hidden_size": "16", "character": LOWER_ALNUM,
               "image_folder": str(pictures["word1.png"])}
    joined = strdemo.run(*(f"--{name}={value}" for name, value in options.items()))
    apart = strdemo.run(*(part for name, value in options.items() for part in (f"--{name}", value)))
    plain = strdemo.run("-m", crnn.path, pictures["word1.png"])
    assert joined.returncode == 0, joined.stderr
    assert joined.stdout == apart.stdout == plain.stdout


def test_charset_may_be_preset_file_or_text(strdemo, crnn, pictures, tmp_path):
    backwards = LOWER_ALNUM[::-1]
    (tmp_path / "backwards.txt").write_text(backwards + "\n")
    (tmp_path / "alnum36").write_text(backwards + "\n")

    def text(*options):
        done = strdemo.run("-m", crnn.path, "-f", "tsv", *options, pictures["word1.png"], cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout.split("\t")[1]

    plain = text()
    turned = plain.translate(str.maketrans(LOWER_ALNUM, backwards))
    assert plain != turned
    assert text("--charset", "alnum36") == text("--charset", "preset:alnum36") == plain
    assert text("--charset", "file:alnum36") == text("--charset", "backwards.txt") == turned
    assert text("--charset", backwards) == text("--charset", f"text:{backwards}") == turned
    assert text("--character", backwards) == turned


@pytest.mark.parametrize("name", ["alphabet.txt", "no/folder/alphabet", "characters.YAML"])
def test_charset_that_looks_like_a_missing_file_is_refused(strdemo, trba, crnn, pictures, tmp_path, name):
    """It is no alphabet of its letters, even where their number is right."""
    from conftest import write_network

    network = write_network(tmp_path, "x.pth", "None", "VGG", "None", "CTC", num_class=len(name) + 1)
    (tmp_path / "gt.txt").write_text(f"{pictures['word1.png']}\tx\n")
    said = f"there is no file {name} for --charset; if these are the characters themselves, write --charset text:{name}"
    for program, arguments in ((strdemo, [pictures["word1.png"]]), (trba, ["eval", "gt.txt"])):
        done = program.run(*arguments, "-m", network.path, "--charset", name, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "") and done.stderr.partition(": ")[2] == f"{said}\n"
        done = program.run(*arguments, "-m", network.path, "--charset", f"text:{name}", cwd=tmp_path)
        assert done.returncode == 0, done.stderr


def test_charset_with_a_slash_is_an_alphabet(strdemo, tmp_path, pictures):
    from conftest import write_network

    network = write_network(tmp_path, "x.pth", "None", "VGG", "None", "CTC", num_class=14)
    done = strdemo.run("-m", network.path, "--charset", "0123456789./-", pictures["word1.png"])
    assert done.returncode == 0, done.stderr


def test_charset_of_the_wrong_size_is_refused_with_presets_that_fit(strdemo, crnn, pictures):
    for options in (["--sensitive"], ["--charset", "abc"], ["--character", "abc"], ["--charset", "preset:printable94"]):
        done = strdemo.run("-m", crnn.path, *options, pictures["word1.png"])
        assert (done.returncode, done.stdout) == (2, "")
        assert "36" in done.stderr and "alnum36" in done.stderr
        assert ("leave it away" in done.stderr) == ("--sensitive" in done.stderr) == (options == ["--sensitive"])


def test_an_alphabet_of_the_wrong_size_is_laid_to_what_asked_for_it(strdemo, crnn, pictures, tmp_path):
    (tmp_path / "x.pth").write_bytes(crnn.path.read_bytes())
    (tmp_path / "x.yaml").write_text("charset_preset: printable94\n")
    done = strdemo.run("-m", tmp_path / "x.pth", pictures["word1.png"])
    assert done.returncode == 2 and f"given by {tmp_path}/x.yaml has 94" in done.stderr
    assert "correct that file" in done.stderr and "--sensitive" not in done.stderr


# ---- the table, the help and the manual ----

def table_names(*files):
    return set(re.findall(r'\.name = "([^"]+)"', "".join((SOURCE_DIR / "tools" / file).read_text() for file in files)))


def manual_text(name):
    return (SOURCE_DIR / "docs" / "man" / name).read_text().replace("\\-", "-")


def help_names(text):
    return set(re.findall(r"^  (?:-\w, |    )--([\w-]+)", text, re.MULTILINE))


def test_help_and_manual_have_every_option_of_the_table(strdemo):
    names = table_names("strdemo/strdemo_options.c", "common/model_options.c", "common/architecture_options.c")
    done = strdemo.run("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(names) > 30 and help_names(done.stdout) == names
    manual = manual_text("strdemo.1")
    assert not [name for name in names if not re.search(rf"--{name}\b", manual)]
    assert set(re.findall(r"(?<![\w-])--([A-Za-z][\w-]*)", manual)) - {"json", "name"} == names


def test_trba_help_and_manual_have_every_option_of_the_tables(trba):
    manual = manual_text("trba.1")
    shared = ["common/architecture_options.c"]
    for command, files in (("info", ["trba/command_info.c"]), ("compare", ["trba/command_compare.c", *shared]),
                           ("convert", ["trba/command_convert.c"]), ("charsets", ["trba/command_charsets.c"]),
                           ("eval", ["trba/eval_options.c", "common/model_options.c", *shared])):
        names = table_names(*files)
        done = trba.run(command, "--help")
        assert (done.returncode, done.stderr) == (0, "")
        assert help_names(done.stdout) == names
        assert not [name for name in names if not re.search(rf"--{name}\b", manual)]


def test_help_fits_a_hundred_columns_and_shows_defaults(strdemo):
    lines = strdemo.run("-h").stdout.splitlines()
    assert max(map(len, lines)) <= 100
    options = re.split(r"\n  (?=-\w, --|    --)", "\n".join(lines))[1:]
    without = [option.split()[0] for option in options if "default" not in option]
    assert without == ["-h,", "--version"]


def test_version_is_the_headers(strdemo, trba):
    header = (SOURCE_DIR / "include" / "trba.h").read_text()
    version = ".".join(re.search(rf"TRBA_VERSION_{part} (\d+)", header)[1] for part in ("MAJOR", "MINOR", "PATCH"))
    assert strdemo.run("--version").stdout.startswith(f"strdemo {version}\n")
    assert trba.run("version").stdout.startswith(f"trba {version};")


@pytest.fixture(scope="module")
def german(tmp_path_factory):
    """The environment of a locale with decimal commas, made for these tests: few systems have it ready."""
    folder = tmp_path_factory.mktemp("locales")
    environment = {"LOCPATH": str(folder), "LC_ALL": "de_DE.UTF-8"}
    if shutil.which("localedef") is None:
        pytest.skip("there is no localedef to make a locale with")
    subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", folder / "de_DE.UTF-8"], capture_output=True)
    ask = "import locale; locale.setlocale(locale.LC_ALL, ''); print(locale.localeconv()['decimal_point'])"
    done = subprocess.run([sys.executable, "-c", ask], env=os.environ | environment, capture_output=True, text=True)
    if done.stdout != ",\n":
        pytest.skip(f"the locale de_DE.UTF-8 cannot be made here: {done.stderr}")
    return environment


def test_decimal_commas_of_a_locale_change_nothing(strdemo, trba, crnn, pictures, tmp_path, german):
    """Neither in what is printed nor in what is read: numbers in a sidecar, boxes, results to go on with."""
    (tmp_path / "boxes.csv").write_text("0.5,0.5,40.25,20\n")
    (tmp_path / "gt.txt").write_text(f"{pictures['word1.png']}\tx\n")
    boxes = ["--boxes", tmp_path / "boxes.csv", pictures["word1.png"]]
    for program, arguments in ((strdemo, ["-f", "jsonl", *boxes]), (strdemo, ["-f", "tsv", *boxes]),
                               (trba, ["eval", "--predictions", "/dev/stdout", tmp_path / "gt.txt"])):
        plain, other = (program.run(*arguments, "-m", crnn.path, env=env).stdout for env in ({"LC_ALL": "C"}, german))
        assert re.search(r"\d\.\d", plain)
        assert re.sub(r" +[\d.]+  /", " /", other) == re.sub(r" +[\d.]+  /", " /", plain)


@pytest.mark.parametrize("arguments", ((), ("--model", "trba"), ("--model", "trba-ctc")), ids=" ".join)
def test_the_default_model_and_its_sibling_read_the_sample_words(strdemo, tmp_path, arguments):
    without_model = {name: value for name, value in os.environ.items() if name != "TRBA_MODEL"}
    done = strdemo.run(*arguments, "-f", "tsv", SOURCE_DIR / "data", cwd=tmp_path, env=without_model)
    read = [line.split("\t")[:2] for line in done.stdout.splitlines()]
    labels = [line.split("\t") for line in (SOURCE_DIR / "data" / "labels.tsv").read_text().splitlines()]
    assert [[os.path.basename(path), text] for path, text in read] == labels


def test_batch_that_no_layer_can_count_is_refused(strdemo, crnn, pictures):
    done = strdemo.run("-m", crnn.path, "--imgH", "1024", "--imgW", "1024", "-b", "1024", "@-",
                       stdin=f"{pictures['word1.png']}\n".encode() * 600)
    assert done.returncode == 2 and "make batch_size smaller" in done.stderr


def test_value_that_sticks_to_its_letter_is_explained(strdemo):
    done = strdemo.run("-t1", "x.png")
    assert done.returncode == 2 and done.stderr == 'strdemo: "-t1" is not understood; write -t 1\n'


def test_input_that_tps_would_compute_for_minutes_is_refused(strdemo, tmp_path):
    import torch
    from conftest import write_network

    network = write_network(tmp_path, "x.pth", "TPS", "VGG", "None", "CTC", num_class=37)
    weights = {name: tensor for name, tensor in network.state_dict().items() if not name.endswith("P_hat")}
    torch.save(weights, tmp_path / "x.pth")  # whose buffer would fix the size
    done = strdemo.run("-m", network.path, "--imgH", "1024", "--imgW", "16384", "x.png")
    assert done.returncode == 2 and "with 20 control points is more than TPS is computed for" in done.stderr
