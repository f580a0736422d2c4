# SPDX-License-Identifier: Apache-2.0
"""strdemo and trba answer as PyTorch did, also where neither PyTorch nor pytest runs: another processor, in qemu-user.

The answers are those of networks/NAME.txt (README.md). Needs Python's standard library only. TRBA_STRDEMO and TRBA_TRBA
are the programs; TRBA_EMULATOR, if not empty, is what starts them.

    usage: check_golden_programs.py
"""

import hashlib
import json
import os
import shlex
import subprocess
import tempfile
import unittest
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

NETWORKS = Path(__file__).resolve().parent / "networks"
EMULATOR = shlex.split(os.environ.get("TRBA_EMULATOR", ""))
DTYPE_CODES = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}
CONFIDENCE_TOLERANCE = 1e-2  # relative; a product of up to 26 probabilities


@dataclass
class Record:
    """What PyTorch knows of one network: networks/NAME.txt without the logits."""

    fields: dict
    pictures: list = field(default_factory=list)  # (file, text, confidence)


def read_record(path):
    record, reading = Record({}), []
    for line in path.read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(" ")
        if key in ("picture", "text", "confidence"):
            reading.append(value)
        elif key.isidentifier() and key != "logits":
            record.fields[key] = value
        if len(reading) == 3:
            record.pictures.append((reading[0], reading[1], float(reading[2])))
            reading = []
    return record


RECORDS = {path.stem: read_record(path) for path in sorted(NETWORKS.glob("*.txt"))}


def run_any(program, *arguments):
    """The finished process of "strdemo" or "trba"."""
    command = [*EMULATOR, os.environ[f"TRBA_{program.upper()}"], *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=600)


def run(program, *arguments):
    """Standard output of a run that must succeed."""
    done = run_any(program, *arguments)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(done.args)}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout


def read_safetensors(path):
    """{name: (dtype code, bytes)}"""
    data = path.read_bytes()
    begin = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:begin])
    header.pop("__metadata__", None)
    return {name: (entry["dtype"], data[begin + entry["data_offsets"][0]:begin + entry["data_offsets"][1]])
            for name, entry in header.items()}


def digest_numbers(tensors, code):
    """SHA-256 of all tensors of that dtype, in the order of their names, as make_golden.py computes it."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        if tensors[name][0] == code:
            digest.update(tensors[name][1])
    return digest.hexdigest()


def write_big_endian_claim(source, path):
    """The same checkpoint, but it says that a big-endian machine wrote it."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w") as new:
        for entry in old.infolist():
            is_claim = entry.filename.endswith("/byteorder")
            new.writestr(entry.filename, b"big" if is_claim else old.read(entry))


class GoldenPrograms(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.assertGreaterEqual(len(RECORDS), 5, "no records: nothing would be tested")

    def test_strdemo_reads_as_pytorch_did(self):
        for record in RECORDS.values():
            if record.fields["preset"] == "easyocr":
                continue  # strdemo looks twice at unsure words, PyTorch was asked once: test_golden_networks.c reads it
            height, width = record.fields["size"].split()
            pictures = [NETWORKS / picture for picture, _, _ in record.pictures]
            lines = run("strdemo", "--model", NETWORKS / record.fields["file"], "--charset",
                        "text:" + record.fields["charset"], "--imgH", height, "--imgW", width, "--format", "jsonl",
                        *pictures).splitlines()
            self.assertEqual(len(lines), len(record.pictures))
            for line, (picture, text, confidence) in zip(lines, record.pictures):
                result = json.loads(line)
                with self.subTest(picture):
                    self.assertEqual(result["text"], text)
                    self.assertAlmostEqual(result["confidence"], confidence, delta=CONFIDENCE_TOLERANCE * confidence)

    def test_trba_info_names_the_network(self):
        for name, record in RECORDS.items():
            with self.subTest(name):
                self.assertIn(record.fields["architecture"], run("trba", "info", NETWORKS / record.fields["file"]))

    def test_trba_convert_rounds_every_number_as_pytorch_does(self):
        for name, record in RECORDS.items():
            for dtype, code in DTYPE_CODES.items():
                with self.subTest(f"{name}, {dtype}"):
                    path = self.folder / "converted.safetensors"
                    run("trba", "convert", NETWORKS / record.fields["file"], path, "--dtype", dtype)
                    self.assertEqual(digest_numbers(read_safetensors(path), code), record.fields[dtype])

    def test_trba_convert_to_pytorchs_form_keeps_every_number(self):
        for name, record in RECORDS.items():
            with self.subTest(name):
                middle, path = self.folder / "middle.pth", self.folder / "converted.safetensors"
                run("trba", "convert", NETWORKS / record.fields["file"], middle, "--dtype", "float32")
                with zipfile.ZipFile(middle) as archive:
                    self.assertEqual(archive.read("archive/byteorder"), b"little")
                run("trba", "convert", middle, path)
                self.assertEqual(digest_numbers(read_safetensors(path), "F32"), record.fields["float32"])

    def test_big_endian_checkpoints_are_refused_by_name(self):
        path = self.folder / "big.pth"
        write_big_endian_claim(NETWORKS / RECORDS["resnet_bilstm_attn"].fields["file"], path)
        done = run_any("trba", "info", path)
        self.assertEqual(done.returncode, 2)
        self.assertIn("written on a big-endian machine", done.stderr)


if __name__ == "__main__":
    unittest.main()
