# SPDX-License-Identifier: Apache-2.0
"""make_dictionaries.py - the words that inputs of the fuzz targets are made of, taken from where they are written down.

    usage: make_dictionaries.py SOURCE_DIR FOLDER      writes FOLDER/TARGET.dict, in libFuzzer's form

Opcodes come from Python's pickletools, names from the library's own tables, chunk kinds from the PNG specification.
"""
import pathlib
import pickletools
import re
import struct
import sys

PNG_CHUNKS = ("IHDR PLTE IDAT IEND bKGD cHRM cICP dSIG eXIf gAMA hIST iCCP iTXt pHYs sBIT sPLT sRGB sTER tEXt tIME "
              "tRNS zTXt acTL fcTL fdAT").split()
EXIF_WORDS = [b"Exif\0\0", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"\x12\1\3\0\1\0\0\0"]
JPEG_MARKERS = [*range(0xC0, 0xE2), 0xE8, 0xEE, 0xFE, 0x01]
ZIP_RECORDS = [b"PK\3\4", b"PK\1\2", b"PK\5\6", b"PK\6\6", b"PK\6\7", b"PK\7\x08", b"\1\0\x10\0", b"\1\0\x18\0",
               b"\xff" * 2, b"\xff" * 4, b"\xff" * 8, b"\x08\0", b"data.pkl", b"data/0", b"byteorder", b"little",
               b"big", b"version", b"constants.pkl", b".data/serialization_id"]
OBJECT_KEYS = ("state_dict model _modules _parameters _buffers _metadata module. _orig_mod. training storage cpu "
               "cuda:0 little_endian protocol_version type_sizes _extra_state opt args hyper_parameters epoch").split()
JSON = ["{", "}", "[", "]", ":", ",", '"', "null", "true", "false", "-1", "0.5", "1e308", "9223372036854775807",
        "18446744073709551616", "\\u0000", "\\ud800"]
YAML = ["---\n", "...\n", "%YAML 1.1\n", "!!int ", "!!binary ", "&a ", "*a", "<<: ", "|\n", ">-\n", "? ", "- ", "'",
        '"', "# ", "\\x41", "\\u20ac", "\\U0010ffff", "{", "}", "[", "]", ": "]


def strings_of(source_dir, *names, pattern=r'"([^"\\\n]+)"'):
    """The string literals of some C files."""
    for name in names:
        yield from re.findall(pattern, (source_dir / name).read_text(encoding="utf-8"))


def network_names(source_dir):
    yield from strings_of(source_dir, "src/model/architecture_tensors.c", pattern=r'"([a-zA-Z][\w.]+)"')
    yield from ("FeatureExtraction.ConvNet.", "SequenceModeling.0.rnn.weight_ih_l0", "Prediction.weight",
                "Prediction.generator.weight", "Transformation.GridGenerator.P_hat")


def pickle_words(source_dir):
    for opcode in pickletools.opcodes:
        yield opcode.code.encode("latin-1")
    known = (source_dir / "src/weights/known_globals.c").read_text(encoding="utf-8")
    for module, name in re.findall(r'\{"([\w.]+)", "(\w+)", KNOWN', known):
        yield f"c{module}\n{name}\n".encode()
    for key in (*OBJECT_KEYS, *network_names(source_dir)):
        yield b"X" + struct.pack("<I", len(key)) + key.encode()
    yield from (b"\x80\2", b"\x80\4\x95", b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", b"J\xff\xff\xff\xff", b"\x8a\x08")


def safetensors_words(source_dir):
    dtypes = strings_of(source_dir, "src/weights/safetensors.c", pattern=r'\{"([A-Z]+\d*)", TENSOR')
    keys = ("dtype", "shape", "data_offsets", "__metadata__", "F8_E4M3")
    yield from (f'"{word}"' for word in (*keys, *dtypes, *network_names(source_dir)))
    yield from JSON


def option_words(source_dir, program):
    tables = [path.relative_to(source_dir) for folder in ("common", program)
              for path in sorted((source_dir / "tools" / folder).glob("*.c"))]
    for name in strings_of(source_dir, *tables, pattern=r'\.name = "([\w-]+)"'):
        yield from (f"--{name}\n", f"--{name}=")
    for choices in strings_of(source_dir, *tables, pattern=r'"(\w+(?:\|\w+)+)"'):
        yield from choices.split("|")
    yield from strings_of(source_dir, "tests/fuzz/fuzz_programs.c", pattern=r'\{?"(\w+\.\w+)", ')
    yield from ("@names.txt", "@-", "-", "--", ".", "-m\n", "preset:", "file:", "text:", "99", "4294967296")


def trba_words(source_dir):
    yield from strings_of(source_dir, "tools/trba/trba_main.c", pattern=r'\{"(\w+)", command')
    yield from ("out.pth", "out.safetensors", "float16", "bfloat16", "module.")
    yield from option_words(source_dir, "trba")


def sidecar_words(source_dir):
    draft = "src/model/sidecar_draft.c"
    yield from (f"{key}: " for key in strings_of(source_dir, draft, pattern=r'\{"(\w+)", set_'))
    yield from strings_of(source_dir, draft, pattern=r'value_bytes, "([\w~]+)"')
    yield from "True False yes no on off TPS VGG RCNN ResNet BiLSTM Attn CTC None alnum36 printable94 32".split()


def boxes_words(source_dir):
    keys = strings_of(source_dir, "tools/strdemo/boxes_json.c", pattern=r'"(\w+)"')
    return [f'"{key}"' for key in keys] + ["1,2,3,4\n", ";", "\t", "\r\n", "nan", "inf", "1e999", "-0", "0x1p3", "#"]


def dictionaries(source_dir):
    pickles = list(pickle_words(source_dir))
    sidecars = list(sidecar_words(source_dir))
    safetensors = list(safetensors_words(source_dir))
    yield "zip", ZIP_RECORDS
    for target in ("pickle", "legacy", "pickle_zip", "convert"):
        yield target, pickles
    yield "safetensors", safetensors
    yield "checkpoint", ZIP_RECORDS + pickles + safetensors
    yield "png", PNG_CHUNKS + EXIF_WORDS + [b"\x89PNG\r\n\x1a\n"]
    yield "jpeg", [bytes([0xFF, marker]) for marker in JPEG_MARKERS] + EXIF_WORDS + ["JFIF\0", "Adobe\0"]
    yield "charset", list(strings_of(source_dir, "src/model/charset_presets.c", pattern=r'\{"(\w+)"')) + [
        b"\xef\xbb\xbf", "\r\n", "ä", "€", "😀", b"\xed\xa0\x80", b"\xc0\x80"]
    yield "opt", sidecars + ["------------ Options -------------\n", "\r\n", b"\xef\xbb\xbf"]
    yield "yaml", sidecars + YAML + ["network_params:\n  ", "lang_list: "]
    yield "boxes", JSON + boxes_words(source_dir)
    yield "strdemo", option_words(source_dir, "strdemo")
    yield "trba", trba_words(source_dir)


def quoted(word):
    data = word if isinstance(word, bytes) else word.encode()
    return '"' + "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\x{b:02x}" for b in data) + '"'


def main(source_dir, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for target, words in dictionaries(source_dir):
        lines = list(dict.fromkeys(quoted(word) for word in words))
        if len(lines) < 5:
            sys.exit(f"{target}: only {len(lines)} words were found; the sources look different than they did")
        (folder / f"{target}.dict").write_text("\n".join(lines) + "\n", encoding="ascii")
        print(f"{target}: {len(lines)} words")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
