# SPDX-License-Identifier: Apache-2.0
"""Makes the files of pictures/ and networks/: what Pillow, OpenCV and PyTorch answer, for where none of them runs.

    pictures/NAME.png, .jpg         a picture of every kind, small
    pictures/NAME.grey.pgm          Pillow's convert('L')
    pictures/NAME.rgb.ppm           Pillow's convert('RGB')
    pictures/NAME.resized.pgm       that grey picture resized to 100 x 32 (bicubic)
    pictures/NAME.opencv.pgm        OpenCV's imread(IMREAD_GRAYSCALE), where EasyOCR's preprocessing is tried ...
    pictures/NAME.easyocr.pgm       ... and what it gives for a height of 64
    networks/NAME.pth, .safetensors a small random network, each in another form and number type
    networks/NAME.txt               the alphabet, and for each of its pictures PyTorch's text, confidence and logits
    networks/NAME-1.png, ...        those pictures

Deterministic: the same versions of the libraries give the same bytes.

    usage: make_golden.py                   with tests/requirements.txt installed; README.md has the versions used
"""

import hashlib
import io
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image
from torch import nn

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "pixels"), str(HERE.parent.parent / "training")]

import png_writer  # noqa: E402
from trba_torch import Architecture  # noqa: E402
from trba_torch.checkpoints import random_network, save_legacy, save_safetensors, save_zip  # noqa: E402
from trba_torch.decode import decode_attention, decode_ctc, decode_ctc_easyocr, top_margin  # noqa: E402
from trba_torch.preprocess import prepare_clovaai, prepare_easyocr  # noqa: E402
from trba_torch.textures import Stream, texture  # noqa: E402

SEED = 6
LETTERS = "abcdefghijklmnopqr"
MARGIN = 0.05  # of the best class in every step: no rounding decides a text


def write_pnm(path, pixels):
    """uint8 [h, w] as PGM, [h, w, 3] as PPM: the binary forms."""
    kind = "P5" if pixels.ndim == 2 else "P6"
    path.write_bytes(f"{kind}\n{pixels.shape[1]} {pixels.shape[0]}\n255\n".encode() + pixels.tobytes())


# ---- pictures -------------------------------------------------------------------------------------------------------

def saved(pixels, kind, mode="RGB", **options):
    stream = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(stream, kind, **options)
    return stream.getvalue()


def wide_samples(stream, channels):
    """16-bit samples, half of them below 256: there and there only Pillow keeps grey ones as they are."""
    samples = stream.integers(0, 65536, (19, 33, channels))
    return np.where(stream.integers(0, 2, samples.shape) == 1, samples >> 8, samples)


def exif_turned(order):
    """EXIF that says "orientation 6", in either byte order ("little" or "big")."""
    def number(value, n_bytes):
        return value.to_bytes(n_bytes, order)

    entry = number(0x0112, 2) + number(3, 2) + number(1, 4) + number(6, 2) + number(0, 2)
    mark = b"II" if order == "little" else b"MM"
    return b"Exif\0\0" + mark + number(42, 2) + number(8, 4) + number(1, 2) + entry + number(0, 4)


def make_pictures():
    """{file name: bytes}"""
    stream = Stream(SEED)
    word = texture(stream, 23, 61, 3)
    palette = png_writer.chunk(b"PLTE", stream.integers(0, 256, (16 * 3,)).astype(np.uint8).tobytes())
    clear = png_writer.chunk(b"tRNS", bytes(range(0, 160, 16)))
    write = png_writer.write_png
    return {
        "bits.png": write(stream.integers(0, 2, (17, 29, 1)), 1, png_writer.GREY),
        "palette.png": write(stream.integers(0, 16, (18, 31, 1)), 4, png_writer.PALETTE, before=palette + clear),
        "grey16.png": write(wide_samples(stream, 1), 16, png_writer.GREY),
        "grey16_alpha.png": write(wide_samples(stream, 2), 16, png_writer.GREY_ALPHA),
        "rgb16_interlaced.png": write(wide_samples(stream, 3), 16, png_writer.RGB, interlaced=True),
        "rgba.png": write(stream.integers(0, 256, (21, 37, 4)), 8, png_writer.RGB_ALPHA),
        "colour.jpg": saved(word, "JPEG", quality=80, subsampling="4:2:0"),
        "progressive.jpg": saved(word, "JPEG", quality=90, subsampling="4:2:2", progressive=True),
        "grey.jpg": saved(word, "JPEG", mode="L", quality=75),
        "cmyk.jpg": saved(word, "JPEG", mode="CMYK", quality=85),
        "turned_little.jpg": saved(word, "JPEG", quality=80, exif=exif_turned("little")),
        "turned_big.jpg": saved(word, "JPEG", quality=80, exif=exif_turned("big")),
    }


EASYOCR = ("colour.jpg", "grey16.png", "turned_little.jpg", "turned_big.jpg")


def easyocr_pixels(grey):
    """prepare_easyocr()'s input before it is scaled to -1..1: exact, since the scaling keeps all 256 levels apart."""
    return np.rint((prepare_easyocr(grey, 64)[0].numpy() + 1) * 127.5).astype(np.uint8)


def write_picture(folder, name, data):
    path = folder / name
    path.write_bytes(data)
    image = Image.open(io.BytesIO(data))
    grey = image.convert("L")
    write_pnm(path.with_suffix(".grey.pgm"), np.asarray(grey))
    write_pnm(path.with_suffix(".rgb.ppm"), np.asarray(image.convert("RGB")))
    write_pnm(path.with_suffix(".resized.pgm"), np.asarray(grey.resize((100, 32), Image.Resampling.BICUBIC)))
    if name in EASYOCR:
        theirs = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        write_pnm(path.with_suffix(".opencv.pgm"), theirs)
        write_pnm(path.with_suffix(".easyocr.pgm"), easyocr_pixels(theirs))


# ---- networks -------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Case:
    file: str
    architecture: Architecture
    dtype: torch.dtype
    save: object
    preset: str = "clovaai"
    n_images: int = 2

    @property
    def name(self):
        return self.file.partition(".")[0]


def save_deflated(state, path):
    """The zip form as no PyTorch writes it, but as any zip program may pack it anew."""
    stream = io.BytesIO()
    torch.save(state, stream)
    with zipfile.ZipFile(stream) as stored, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for entry in stored.infolist():
            packed.writestr(zipfile.ZipInfo(entry.filename), stored.read(entry), zipfile.ZIP_DEFLATED, 9)


def small(*combination, **sizes):
    n_reserved = 1 if combination[3] == "CTC" else 2
    return Architecture(*combination, num_class=len(LETTERS) + n_reserved, output_channel=16, hidden_size=8, **sizes)


CASES = (
    Case("vgg_ctc.pth", small("None", "VGG", "None", "CTC"), torch.float32, save_legacy),
    Case("rcnn_bilstm_ctc.safetensors", small("None", "RCNN", "BiLSTM", "CTC", input_channel=3), torch.bfloat16,
         save_safetensors),
    Case("resnet_bilstm_attn.pth", small("None", "ResNet", "BiLSTM", "Attn"), torch.float16, save_zip),
    Case("tps_vgg_bilstm_attn.pth", small("TPS", "VGG", "BiLSTM", "Attn", num_fiducial=6, img_w=60), torch.float32,
         save_deflated),
    Case("easyocr_vgg_bilstm_ctc.safetensors", small("None", "VGG", "BiLSTM", "CTC"), torch.float64, save_safetensors,
         preset="easyocr"),
)


def thin_out(network, stream):
    """Leaves one weight in 96 to the localization network, whose size is fixed: zeros pack well. Not too well: what
    unpacks to over 100 times its size is refused."""
    localization = network.Transformation.LocalizationNetwork
    for layer in [*localization.conv, *localization.localization_fc1]:
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            rows = layer.weight.view(layer.weight.shape[0], -1)
            dropped = torch.ones_like(rows, dtype=torch.bool)
            kept = stream.integers(0, rows.shape[1], (rows.shape[0], max(2, rows.shape[1] // 96)))
            dropped.scatter_(1, torch.from_numpy(kept), False)
            rows.masked_fill_(dropped, 0.0)


def rounded_state(network, dtype):
    """The state as it will be saved; `network` gets the rounded numbers back, so that it is their judge."""
    state = {name: tensor.to(dtype) if tensor.is_floating_point() else tensor
             for name, tensor in network.state_dict().items()}
    network.load_state_dict(state)
    return state


def make_network(case, seed):
    change = thin_out if case.architecture.transformation == "TPS" else None
    return random_network(case.architecture, seed, change)


def decode(case, logits):
    if case.preset == "easyocr":
        return decode_ctc_easyocr(logits, LETTERS)
    if case.architecture.prediction == "CTC":
        return decode_ctc(logits, LETTERS)
    return decode_attention(logits, LETTERS, case.architecture.batch_max_length)


def prepare(case, path):
    """float32 [1, c, h, w]"""
    a = case.architecture
    if case.preset == "easyocr":
        return prepare_easyocr(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), a.img_h)[None]
    return prepare_clovaai(Image.open(path).convert("L" if a.input_channel == 1 else "RGB"), a.img_h, a.img_w)[None]


def write_picture_clear_of_ties(case, network, stream, path):
    """Draws pictures until no step of one is close to a tie; returns its logits [steps, classes] and reading."""
    while True:
        height, width = stream.integer(20, 50), stream.integer(60, 120)
        pixels = texture(stream, height, width, case.architecture.input_channel)
        Image.fromarray(pixels.squeeze()).save(path, "PNG")
        logits = network(prepare(case, path))[0]
        reading = decode(case, logits)
        logits = logits[:reading.n_steps]
        if top_margin(logits) > MARGIN and reading.text and not reading.truncated:
            return logits, reading


def state_digest(state, dtype):
    """SHA-256 of all floating-point tensors as `dtype`, little-endian, in the order of their names."""
    digest = hashlib.sha256()
    for name in sorted(state):
        if state[name].is_floating_point():
            digest.update(state[name].float().to(dtype).contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


@torch.no_grad()
def write_network(folder, case, seed):
    network = make_network(case, seed)
    state = rounded_state(network, case.dtype)
    case.save(state, folder / case.file)
    a = case.architecture
    lines = [f"file {case.file}", f"architecture {a.name}", f"preset {case.preset}", f"size {a.img_h} {a.img_w}",
             f"charset {LETTERS}", f"float32 {state_digest(state, torch.float32)}",
             f"float16 {state_digest(state, torch.float16)}", f"bfloat16 {state_digest(state, torch.bfloat16)}"]
    stream = Stream(SEED, seed)
    for number in range(1, case.n_images + 1):
        path = folder / f"{case.name}-{number}.png"
        logits, reading = write_picture_clear_of_ties(case, network, stream, path)
        lines += [f"picture {path.name}", f"text {reading.text}", f"confidence {reading.confidence:.9g}",
                  f"logits {logits.shape[0]} {logits.shape[1]}"]
        lines += [" ".join(f"{value:.9g}" for value in row) for row in logits.tolist()]
    (folder / f"{case.name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main():
    for folder in ("pictures", "networks"):
        (HERE / folder).mkdir(exist_ok=True)
    for name, data in make_pictures().items():
        write_picture(HERE / "pictures", name, data)
    torch.set_num_threads(1)
    for seed, case in enumerate(CASES):
        write_network(HERE / "networks", case, seed)


if __name__ == "__main__":
    main()
