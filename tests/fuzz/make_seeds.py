# SPDX-License-Identifier: Apache-2.0
"""make_seeds.py - the seed corpora of the fuzz targets, made from what PyTorch, Pillow and the hostile-file makers
write.

    usage: make_seeds.py FOLDER      writes FOLDER/TARGET/NAME for every target of tests/fuzz

Each function yields (name, bytes) of one target. Seeds are small: what the engine changes should matter.
"""
import argparse
import collections
import io
import itertools
import json
import pathlib
import pickle
import sys
import zipfile

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save as save_safetensors

TESTS = pathlib.Path(__file__).resolve().parents[1]
for folder in ("hostile", "pixels"):
    sys.path.insert(0, str(TESTS / folder))
sys.path.insert(0, str(TESTS.parent / "training"))

import make_hostile_checkpoints as hostile  # noqa: E402
import make_hostile_images  # noqa: E402
import png_writer  # noqa: E402
from trba_torch import Architecture, Recogniser  # noqa: E402

LARGEST_BYTES = 32 * 1024  # engines do little with more; the hostile tests read the large ones
FORMS = ("zip", "legacy")

# ---- checkpoints -----------------------------------------------------------------------------------------------------


def tiny_architectures():
    """One of each stage, as small as the networks can be made."""
    sizes = dict(output_channel=16, hidden_size=4)
    yield "ctc", Architecture("None", "VGG", "None", "CTC", num_class=11, **sizes)
    yield "attention", Architecture("None", "VGG", "None", "Attn", num_class=12, **sizes)
    yield "bilstm", Architecture("None", "VGG", "BiLSTM", "CTC", num_class=37, **sizes)
    yield "rgb", Architecture("None", "VGG", "BiLSTM", "Attn", num_class=38, input_channel=3, **sizes)
    yield "rcnn", Architecture("None", "RCNN", "None", "CTC", num_class=11, **sizes)
    yield "resnet", Architecture("None", "ResNet", "None", "CTC", num_class=11, **sizes)
    yield "tps", Architecture("TPS", "VGG", "None", "CTC", num_class=11, num_fiducial=4, **sizes)


def state_of(architecture):
    torch.manual_seed(7)
    return Recogniser(architecture).state_dict()


def small_state():
    """A few tensors of every dtype under the names of a network."""
    kinds = (torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16,
             torch.int8, torch.uint8, torch.bool)
    return collections.OrderedDict((f"module.Prediction.{i}", torch.arange(6).reshape(2, 3).to(kind))
                                   for i, kind in enumerate(kinds))


def objects():
    """What people give to torch.save()."""
    state = small_state()
    weight = state["module.Prediction.0"]
    settings = argparse.Namespace(character="0123456789", imgH=32, PAD=False, lr=1.5)
    yield "state", state
    yield "trainer", {"state_dict": state, "epoch": 3, "best": np.float64(0.5), "opt": settings}
    yield "views", {"Prediction.a": weight.t(), "Prediction.b": weight[0], "Prediction.c": weight[:, 1:]}
    yield "parameters", {"Prediction.w": torch.nn.Parameter(weight), "Prediction.e": torch.zeros(0, 3)}
    yield "module", torch.nn.Sequential(collections.OrderedDict(Prediction=torch.nn.Linear(2, 3)))
    yield "list", [state, ("text", b"bytes", None, True, 2**70, {1, 2}, frozenset([3]))]


def saved(value, form="zip", protocol=2):
    out = io.BytesIO()
    torch.save(value, out, pickle_protocol=protocol, _use_new_zipfile_serialization=form == "zip")
    return out.getvalue()


def saved_objects(form):
    for name, value in objects():
        yield name, saved(value, form)
    yield "protocol_4", saved(small_state(), form, 4)


def rezipped(data, method):
    """A checkpoint as an archiver packs it again."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(out, "w", method) as after:
        for name in before.namelist():
            after.writestr(name, before.read(name))
    return out.getvalue()


def script_module():
    out = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 1)), out)
    return out.getvalue()


def hostile_cases():
    yield "good", hostile.good_zip()
    for case in hostile.CASES:
        yield "hostile_" + case.name, case.make()


def zip_seeds():
    yield from saved_objects("zip")
    yield "deflated", rezipped(saved(small_state()), zipfile.ZIP_DEFLATED)
    yield "empty", hostile.zip_file([])
    yield "zip64", zip64_file()
    yield from ((name, data) for name, data in hostile_cases() if data[:2] == b"PK")


def zip64_file():
    body, directory = hostile.zip_parts([hostile.Entry("archive/data.pkl", hostile.GOOD_PICKLE)])
    at = len(body) + len(directory)
    return (body + directory + hostile.zip64_records(1, len(directory), len(body), at)
            + hostile.end_record(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF))


def legacy_seeds():
    yield from saved_objects("legacy")
    yield "good", hostile.legacy_file()
    yield "ctc", saved(state_of(dict(tiny_architectures())["ctc"]), "legacy")
    yield from ((name, data) for name, data in hostile_cases() if data[:2] == b"\x80\x02")


def safetensors_seeds():
    yield "small", save_safetensors(small_state())
    yield "metadata", save_safetensors(small_state(), {"character": "0123456789", "note": "ä"})
    odd = '{"__metadata__": {"a": 1, "b": {"c": [null]}}, "x": {"extra": [1, {"y": true}], %s}'
    yield "unknown_keys", hostile.safetensors_file(odd % hostile.st_tensor()[1:])
    yield "ctc", save_safetensors(state_of(dict(tiny_architectures())["ctc"]))
    yield from ((name, data) for name, data in hostile_cases() if data[8:9] == b"{")


def checkpoint_seeds():
    for name, architecture in tiny_architectures():
        yield name, saved(state_of(architecture))
    yield "script", script_module()
    for form in FORMS:
        for name, data in saved_objects(form):
            yield f"{form}_{name}", data
    yield from (("safetensors_" + name, data) for name, data in safetensors_seeds())
    yield from hostile_cases()


# ---- pickles ---------------------------------------------------------------------------------------------------------


def pickle_in(data):
    """data.pkl of a zip checkpoint, or None."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return next((archive.read(name) for name in archive.namelist() if name.endswith("data.pkl")), None)
    except Exception:  # zipfile raises whatever a hostile header leads it to
        return None


def pickle_seeds():
    yield from ((name, pickle_in(data)) for name, data in saved_objects("zip"))
    yield from (("legacy_" + name, data) for name, data in saved_objects("legacy"))
    yield "script", pickle_in(script_module())
    value = {"a": [1, 2.5, None, True, "ä", b"b", (1,), (1, 2), (1, 2, 3, 4)], 2: {3}, 2**40: -2**70,
             "s": frozenset([4])}
    for protocol in range(6):
        yield f"protocol_{protocol}", pickle.dumps(value, protocol)
    yield from ((name, pickle_in(data)) for name, data in hostile_cases())


class StoragePickler(pickle.Pickler):
    """Writes tensors as torch.save() does, with the two storages of pickle_zip.h."""

    def persistent_id(self, value):
        if not torch.is_storage(value):
            return None
        if value.dtype == torch.int64:
            return "storage", torch.LongStorage, "1", "cpu", 8
        return "storage", torch.FloatStorage, "0", "cpu", 4096


def view_of_storage(tensor, floats=torch.ones(4096), ints=torch.ones(8, dtype=torch.int64)):
    """A tensor of that shape on one of the storages: its beginning, or one number repeated."""
    base = ints if tensor.dtype == torch.int64 else floats
    if tensor.numel() <= base.numel():
        return base[:tensor.numel()].reshape(tensor.shape)
    return base[:1].expand(tensor.shape)


def network_pickle(architecture):
    out = io.BytesIO()
    state = collections.OrderedDict((name, view_of_storage(value)) for name, value in state_of(architecture).items())
    StoragePickler(out, protocol=2).dump(state)
    return out.getvalue()


def pickle_zip_seeds():
    for name, architecture in tiny_architectures():
        yield name, network_pickle(architecture)
    yield from pickle_seeds()


def convert_seeds():
    for how in range(8):
        yield f"ctc_{how}", network_pickle(dict(tiny_architectures())["ctc"]) + bytes([how])
    yield from ((name, data + bytes([i % 8])) for i, (name, data) in enumerate(pickle_seeds()) if data is not None)


# ---- pictures --------------------------------------------------------------------------------------------------------


def with_choices(seeds):
    """Files with a last byte that says how they are read: each file in two ways, over all all ways."""
    for i, (name, data) in enumerate(seeds):
        for choice in (i * 37 % 256, (i * 101 + 77) % 256):
            yield f"{name}_{choice}", data + bytes([choice])


def every_png():
    noise = np.random.default_rng(5)
    for colour_type, depths in png_writer.DEPTHS.items():
        for depth, interlaced in itertools.product(depths, (False, True)):
            samples = noise.integers(0, 2**depth, (5, 9, png_writer.CHANNELS[colour_type]))
            palette = png_writer.chunk(b"PLTE", bytes(range(96)) * 8) if colour_type == png_writer.PALETTE else b""
            transparent = png_writer.chunk(b"tRNS", b"\0\1\0\2\0\3"[:2 * samples.shape[2]]) if depth < 16 else b""
            yield f"png_{colour_type}_{depth}_{int(interlaced)}", png_writer.write_png(
                samples, depth, colour_type, interlaced, palette + transparent)


def exif(orientation):
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()


def every_jpeg():
    rgb = Image.fromarray(make_hostile_images.small_picture())
    for mode, options in itertools.product(("L", "RGB", "CMYK"), ({}, {"progressive": True}, {"exif": exif(6)},
                                                                  {"subsampling": 2}, {"restart_marker_blocks": 1})):
        out = io.BytesIO()
        rgb.convert(mode).save(out, "JPEG", quality=60, **options)
        yield f"jpeg_{mode}_{'_'.join(options) or 'plain'}", out.getvalue()
    for orientation in range(1, 9):
        out = io.BytesIO()
        rgb.crop((0, 0, 9, 5)).save(out, "JPEG", exif=exif(orientation))
        yield f"jpeg_turned_{orientation}", out.getvalue()


def broken_pictures(kind):
    pictures = list(make_hostile_images.hostile_images()) + list(make_hostile_images.tolerated_images())
    yield from ((name, data) for name, _, data in pictures if name.startswith(kind))


def png_seeds():
    tags = png_writer.chunk(b"eXIf", exif(5)[6:])
    yield from with_choices(itertools.chain(
        every_png(), [("turned", png_writer.write_png(make_hostile_images.small_picture(), 8, png_writer.RGB,
                                                      before=tags))], broken_pictures("png")))


def jpeg_seeds():
    yield from with_choices(itertools.chain(every_jpeg(), broken_pictures("jpeg")))


# ---- texts -----------------------------------------------------------------------------------------------------------


def charset_seeds():
    """Text, number of characters, and how: 0 preset, 1 text, 2 file, 3 nothing; + 4 attention; + 8 it fits."""
    for name, size in (("alnum36", 36), ("printable94", 94), ("english_g2", 96), ("latin_g2", 95), ("none", 9)):
        yield name, name.encode() + bytes([size, 0])
    for name, text in (("ascii", "abc"), ("utf8", "aäß€😀"), ("twice", "aab"), ("space", " ab"), ("long", "x" * 300)):
        for how in (1, 2, 5, 6):
            yield f"{name}_{how}", text.encode() + bytes([0, 8 + how])
    for name, data in (("lines", b"a\nb\r\nab\n"), ("mark", b"\xef\xbb\xbfa\nb\n"), ("empty_line", b"a\n\nb\n"),
                       ("latin1", b"\xe4\xf6"), ("zero", b"a\0b"), ("long_character", b"abcdefghijkl" * 9 + b"\nb\n")):
        yield name, data + bytes([3, 2])
        yield name + "_by_size", data + bytes([2, 2])
    yield from ((f"nothing_{size}", bytes([size, 3])) for size in (10, 36, 95))


def opt_seeds():
    lines = ["------------ Options -------------", "exp_name: TPS-ResNet-BiLSTM-Attn-Seed1", "imgH: 32", "imgW: 100",
             "rgb: False", "character: 0123456789abcdefghijklmnopqrstuvwxyz", "sensitive: True", "PAD: False",
             "Transformation: TPS", "FeatureExtraction: ResNet", "SequenceModeling: BiLSTM", "Prediction: Attn",
             "num_fiducial: 20", "input_channel: 1", "output_channel: 512", "hidden_size: 256", "batch_max_length: 25",
             "---------------------------------------", ""]
    yield "clovaai", "\n".join(lines).encode()
    yield "windows", b"\xef\xbb\xbf" + "\r\n".join(lines).encode()
    yield "twice", ("\n".join(lines) * 2).replace("Seed1", "Seed2").encode()
    yield "trainer", "number: '0123456789'\nsymbol: \"!#\"\nlang_char: 'ab'\nimgH: 64\n".encode()
    yield "turned", b"rotate: auto\nrgb: True\npreset: easyocr\nTransformation: None\n"
    for number, value in enumerate(("rotate: sideways", "rotate: 90", "preset: paddle", "PAD: 2", "Prediction: LSTM",
                                    "imgW: 0", "character: \0")):
        yield f"bad_{number}", value.encode()
    yield "bad_number", b"imgH: 99999999999999999999\nimgW: -1\nrgb: maybe\n"
    yield "empty", b""


def yaml_seeds():
    yield "easyocr", ("network_params:\n  input_channel: 1\n  output_channel: 256\n  hidden_size: 256\n"
                      "imgH: 64\nlang_list:\n    - 'en'\ncharacter_list: 0123456789!\"#$%&'()*\n").encode()
    yield "trainer", ("number: '0123456789'\nsymbol: \"!\\\"#\\u20ac \"\nlang_char: 'ABC'\nimgH: 64\nimgW: 600\n"
                      "PAD: True\nTransformation: 'None'\nFeatureExtraction: 'VGG'\nPrediction: 'CTC'\n").encode()
    yield "own", ("charset_preset: alnum36\npreset: clovaai\nbatch_max_length: 30\nsensitive: true\nrgb: no\n"
                  "rotate: tall\n").encode()
    ways = ("none", "Tall", "AUTO", "~", "None", "''", "'auto'", "sideways", "[tall]", "!a tall")
    for number, value in enumerate(ways):
        yield f"rotate_{number}", f"rotate: {value}\n".encode()
    yield "twice", b"rotate: tall\nrotate: none\npreset: easyocr\npreset: ~\n"
    yield "two_alphabets", b"charset: abc\ncharset_preset: alnum36\n"
    yield "flow", b"{imgH: 32, network_params: {hidden_size: 8}, other: [1, [2, {a: b}]]}"
    yield "alias", b"a: &x 1\nimgH: *x\n"
    yield "block", b"character: |\n  abc\n  def\nsymbol: >-\n  !\n"
    yield "documents", b"%YAML 1.1\n---\nimgH: 32\n...\n---\nimgW: 1\n"
    yield "tags", b"imgH: !!int '32'\n? [a]\n: b\n"
    yield "deep", b"a: " + b"[" * 300
    yield "utf16", "imgH: 32\n".encode("utf-16")
    yield "empty", b""


def boxes_seeds():
    box, corners = [10, 12, 30, 20], [[10, 12], [40, 12], [40, 32], [10, 32]]
    values = {"list": [box, box], "corners": [corners], "flat": [sum(corners, [])], "turned": [[1, 2, 40.5, 9, 45]],
              "object": {"boxes": [{"box": box, "text": "a"}, {"points": corners}, {"polygon": corners}]},
              "easyocr": [[[10, 40, 12, 32]], [corners]], "paddle": [[corners, ["word", 0.9]]],
              "nested": [[[[[[]]]]]], "large": [[1e300, -1e300, 1e308, 1]],
              "regions": {"regions": [{"x": 1, "y": 2, "w": 3, "h": 4}]}}
    yield from ((name, json.dumps(value).encode()) for name, value in values.items())
    yield "csv", b"x,y,w,h\n10,12,30,20\n 1.5 , 2 ,3e0,4\n"
    yield "icdar", b"\xef\xbb\xbf10,12,40,32,word, with comma\r\n10,12,40,12,40,32,10,32,###\r\n"
    yield "semicolons", b"# note\n10;12;30;20\n\n10 12 30 20\n"
    yield "bad", b"10,12,x,20\nnan,inf,-1,1e999\n"


# A command line each; fuzz_programs.c makes the files.
STRDEMO_LINES = """
    -m tiny.pth word.png
    -m tiny.pth word.png -f tsv --time
    --model=tiny.pth --format jsonl word.png names.txt
    --sensitive --character ab x
    -- -m
    -m tiny.pth --boxes page.json --rotate auto --vertical word.png
    -m tiny.pth --boxes page.json --rotate tall -f jsonl tall9.png
    -m tiny.pth --compat clovaai word.png
    -m broken.pth word.png
    -m tiny.pth --charset text:abc word.png
    -m tiny.pth --preset easyocr word.png
    -m tiny.pth --preset easyocr --rotate tall tall9.png
    -m tiny.pth --charset file:names.txt --no-sidecar -v word.png
    -m tiny.pth . -q -t 2 -b 3 -o out.tsv
    --help
    --version
    -m missing.pth word.png
    -m tiny.pth -
    -m tiny.pth @names.txt
    -m tiny.pth @-
    -m tiny.pth @word.png
    --saved_model tiny.pth --image_folder . --Transformation None --FeatureExtraction VGG --SequenceModeling None
        --Prediction CTC --imgH 32 --imgW 50 --output_channel 8 --PAD --workers 4
    -m tiny.pth --exif apply --alpha white --cpu ref --batch-max-length 3 word.png
    -m tiny.pth --precision int16 -v --rotate tall word.png
    -m tiny.pth --precision auto --rotate auto . -b 2
    -m tiny.pth --Transformation TPS --Prediction Attn word.png
    -m told.pth -v --Transformation TPS --charset ab word.png
    -m told.pth --time --verbose tall9.png word.png
    -m told.pth --no-sidecar --rotate none -f jsonl .
    -m told.pth --compat clovaai word.png
    -m tiny.pth . -f tsv -o done.tsv --resume
    -m tiny.pth @names.txt -f jsonl -o done.jsonl --resume
    -m tiny.pth word.png -f jsonl -o done.tsv --resume
    -m tiny.pth word.png -o word.png
    -m tiny.pth @names.txt -o names.txt
    -m told.pth word.png -o told.yaml
    --vertical word.png
    --boxes page.json --compat clovaai word.png
    --boxes page.json -m tiny.pth .
    --resume word.png
    --resume -o done.tsv word.png
    -q -v word.png
"""
TRBA_LINES = """
    info tiny.pth
    info --json tiny.pth
    info --json --tensors --kernels told.pth
    info --tensors tiny.pth
    info word.png
    info --kernels --precision auto tiny.pth
    info --cpu ref --precision bf16 --kernels told.pth
    info --help
    compare tiny.pth
    compare --json tiny.pth --Transformation TPS --FeatureExtraction ResNet
    compare tiny.pth --num_class 38 --Prediction Attn
    convert tiny.pth out.safetensors
    convert tiny.pth out.pth --dtype float16 --prefix module.
    convert told.pth out.pt --dtype bfloat16
    convert told.pth told.yaml --format pth
    convert tiny.pth tiny.pth
    convert broken.pth out.pth
    convert tiny.pth
    charsets
    charsets --json
    charsets alnum36
    version
    help
    nothing
    eval -m tiny.pth gt.txt
    eval -m told.pth . -v
    eval -m tiny.pth labels.csv --json --filter --rotate auto
    eval -m tiny.pth gt.txt labels.csv --errors out.html --predictions out.jsonl --compare alnum --confusions 3
    eval -m told.pth gt.txt --root . --rotate none --precision int16 -q -b 2
    eval -m tiny.pth --compat clovaai --benchmark_all_eval --data_filtering_off --eval_data gt.txt
    eval -m tiny.pth word.png
    eval -m tiny.pth names.txt
    eval -m told.pth gt.txt --predictions told.yaml
    eval -m told.pth gt.txt --errors names.txt
    eval gt.txt --errors out --predictions out
"""


def seeds_of_lines(lines):
    """A line that stands deeper goes on with the one before."""
    for number, line in enumerate(lines.replace("\n        ", " ").split("\n    ")[1:]):
        yield f"line_{number}", "\n".join(line.split()).encode()


SEEDS = {"zip": zip_seeds, "pickle": pickle_seeds, "legacy": legacy_seeds, "safetensors": safetensors_seeds,
         "checkpoint": checkpoint_seeds, "pickle_zip": pickle_zip_seeds, "convert": convert_seeds, "png": png_seeds,
         "jpeg": jpeg_seeds, "charset": charset_seeds, "opt": opt_seeds, "yaml": yaml_seeds, "boxes": boxes_seeds,
         "strdemo": lambda: seeds_of_lines(STRDEMO_LINES), "trba": lambda: seeds_of_lines(TRBA_LINES)}


def write_seeds(folder, seeds):
    """Returns how many were written: those that are there, and small."""
    folder.mkdir(parents=True, exist_ok=True)
    n = 0
    for name, data in seeds:
        if data is None or len(data) > LARGEST_BYTES:
            continue
        (folder / name).write_bytes(data)
        n += 1
    return n


def main(folder):
    for target, make in SEEDS.items():
        print(f"{target}: {write_seeds(pathlib.Path(folder, target), make())} seeds")


if __name__ == "__main__":
    main(sys.argv[1])
