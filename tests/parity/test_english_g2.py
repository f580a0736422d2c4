# SPDX-License-Identifier: Apache-2.0
"""A trained network on real pictures: EasyOCR's english_g2 on the samples of data/ and the original demo's pictures.

The judge is PyTorch with the network of training/trba_torch and each program's preprocessing by the libraries that the
program uses (OpenCV and Pillow). Without quantisation, which EasyOCR turns on by default on a CPU, and without its
second look at low-confidence words with more contrast.
"""

import cv2
import pytest
import torch
from PIL import Image
from trained_networks import FOLDERS, SOURCE, check_against, find_pictures
from trba_ctypes import Model, Session, available_cpus, precisions_of

from trba_torch import Architecture, Recogniser
from trba_torch.decode import decode_ctc, decode_ctc_easyocr
from trba_torch.preprocess import prepare_clovaai, prepare_easyocr

MODEL = SOURCE / "models" / "english_g2.pth"
CHARSET = ("0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ €"
           "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
CPUS = [cpu for cpu in available_cpus() if cpu != "ref"]

pytestmark = pytest.mark.skipif(not MODEL.exists(), reason="models/english_g2.pth is not there (make models)")


@pytest.fixture(params=FOLDERS)
def pictures(request):
    return find_pictures(request.param)


@pytest.fixture(scope="module")
def network():
    state = torch.load(MODEL, map_location="cpu", weights_only=True)
    recogniser = Recogniser(Architecture("None", "VGG", "BiLSTM", "CTC", num_class=97, output_channel=256, img_h=64))
    recogniser.load_state_dict({name.removeprefix("module."): tensor for name, tensor in state.items()})
    return recogniser.eval()


@torch.no_grad()
def run_network(network, images):
    """A list of [1, h, w], each alone -> a list of logits [t, classes]."""
    return [network(image[None])[0] for image in images]


@pytest.mark.parametrize("cpu", CPUS)
def test_reads_like_easyocr(network, pictures, cpu):
    images = [prepare_easyocr(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), 64) for path in pictures]
    logits = run_network(network, images)
    readings = [decode_ctc_easyocr(rows, CHARSET) for rows in logits]
    with Model(MODEL, charset_preset="english_g2", preset="easyocr", cpu=cpu) as model, \
            Session(model, n_threads=2, batch_size=3, retry_contrast=False) as session:
        # One by one: a batch may be traced in another order, widths being different.
        traces = [session.trace([str(path)]) for path in pictures]
    results = [results[0] for results, _ in traces]
    traced = {stage: [trace[stage][0] for _, trace in traces] for stage in ("input", "logits")}
    check_against(images, logits, readings, results, traced, cpu)


@pytest.mark.parametrize("cpu, precision", [(cpu, precision) for cpu in CPUS for precision in precisions_of(cpu)])
def test_batches_of_different_widths_read_the_same(pictures, cpu, precision):
    with Model(MODEL, charset_preset="english_g2", preset="easyocr", cpu=cpu, precision=precision) as model:
        runs = []
        for n_threads, batch_size in ((1, 1), (2, 4), (1, 50)):
            with Session(model, n_threads=n_threads, batch_size=batch_size) as session:
                runs.append(session.read_batch([str(path) for path in pictures]))
    assert runs[0] == runs[1] == runs[2]


@pytest.mark.parametrize("img_h, img_w, pad", [(64, 256, True), (32, 100, False), (32, 100, True)])
@pytest.mark.parametrize("cpu", CPUS)
def test_reads_like_clovaai(network, pictures, cpu, img_h, img_w, pad):
    images = [prepare_clovaai(Image.open(path).convert("L"), img_h, img_w, pad) for path in pictures]
    logits = run_network(network, images)
    readings = [decode_ctc(rows, CHARSET) for rows in logits]
    with Model(MODEL, charset_preset="english_g2", preset="clovaai", pad=pad, cpu=cpu,
               expect={"img_h": img_h, "img_w": img_w}) as model, \
            Session(model, n_threads=2, batch_size=4) as session:
        results, traced = session.trace([str(path) for path in pictures])
    check_against(images, logits, readings, results, traced, cpu)
