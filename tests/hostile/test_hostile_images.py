# SPDX-License-Identifier: Apache-2.0
"""Broken and malicious images: each fails within a second and 64 MB, with a sentence.

What Pillow reads, reads the same.
"""
import io
import os
import random
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "pixels"))
import cost  # noqa: E402
import image_library  # noqa: E402
import make_hostile_images  # noqa: E402

IMAGES = list(make_hostile_images.hostile_images())
TOLERATED = list(make_hostile_images.tolerated_images())
STATUSES = ("FORMAT", "UNSUPPORTED", "LIMIT")


def assert_fails_well(data, what):
    with cost.of(what, len(data)):
        assert_refused(data, what)


def assert_refused(data, what):
    for grey in (image_library.GREY_PILLOW, image_library.GREY_OPENCV):
        with pytest.raises(image_library.ImageError) as failure:
            image_library.decode(data, 1, grey)
        assert failure.value.status in STATUSES, what
        assert len(failure.value.message) > 10 and "\n" not in failure.value.message, what


@pytest.mark.parametrize("name,reason,data", IMAGES, ids=[name for name, _, _ in IMAGES])
def test_hostile_image_fails_with_a_sentence(name, reason, data):
    assert_fails_well(data, f"{name} ({reason})")


def decode_or_none(data):
    try:
        return image_library.decode(data, 3)
    except image_library.ImageError as failure:
        assert failure.status in STATUSES and failure.message
        return None


def pillow_or_none(data):
    try:
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    except Exception:  # Pillow raises whatever its parsers run into
        return None


@pytest.mark.parametrize("kind,make", [
    ("PNG", make_hostile_images.small_png), ("JPEG", make_hostile_images.small_jpeg),
    ("progressive JPEG", lambda: make_hostile_images.small_jpeg(progressive=True))])
def test_cut_at_every_byte_fails_or_reads_as_pillow(kind, make):
    """We may refuse what Pillow reads (a PNG that is cut within its last IDAT), never the other way round."""
    whole = make()
    for length in range(len(whole)):
        ours, theirs = decode_or_none(whole[:length]), pillow_or_none(whole[:length])
        if ours is not None:
            assert theirs is not None, f"{kind} cut at {length} of {len(whole)}: only we read it"
            image_library.assert_same(ours, theirs, f"{kind} cut at {length} of {len(whole)}")
        else:
            assert theirs is None or length > len(whole) - 30, f"{kind} cut at {length} of {len(whole)}: Pillow can"
    image_library.assert_same(decode_or_none(whole), pillow_or_none(whole), kind)


@pytest.mark.parametrize("name,damage,data", TOLERATED, ids=[name for name, _, _ in TOLERATED])
def test_damage_that_pillow_tolerates_reads_the_same(name, damage, data):
    started = time.process_time()
    ours = decode_or_none(data)
    assert time.process_time() - started < cost.SECONDS, f"{name}: took too long"
    assert ours is not None, f"{name} ({damage})"
    image_library.assert_same(ours, pillow_or_none(data), f"{name} ({damage})")


@pytest.mark.parametrize("name,reason,data", list(make_hostile_images.segment_floods()),
                         ids=[name for name, _, _ in make_hostile_images.segment_floods()])
def test_a_picture_of_many_segments_is_read_in_time(name, reason, data):
    with cost.of(f"{name} ({reason})", len(data)):
        ours = image_library.decode(data, 3, applies_orientation=True)
    image_library.assert_same(ours, pillow_or_none(make_hostile_images.small_jpeg()), name)


@pytest.mark.parametrize("kind,data", list(make_hostile_images.large_pictures()),
                         ids=["PNG", "JPEG", "progressive JPEG"])
def test_a_large_picture_cut_at_its_end_costs_no_more_than_a_whole_one(kind, data):
    """Its damage shows when all of it has been decoded: the limits of a refusal are then those of a valid picture."""
    with cost.measured() as whole:
        image_library.decode(data)
    with cost.measured() as cut, pytest.raises(image_library.ImageError):
        image_library.decode(data[:-60])
    assert cut.seconds < 1.5 * whole.seconds + 0.1, f"{kind}: {cut.seconds:.2f} s, whole {whole.seconds:.2f} s"
    assert cut.n_bytes < 1.1 * whole.n_bytes + 4e6, f"{kind}: {cut.n_bytes} bytes, whole {whole.n_bytes}"


def test_mutated_pngs_never_read_differently_from_pillow():
    """A quick look; the fuzzers do this at length. (JPEG: libjpeg versions differ in what they make of damage.)"""
    rng = random.Random(20261124)
    whole = make_hostile_images.small_png()
    for i in range(2000):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 3)):
            data[rng.randrange(8, len(data))] = rng.randrange(256)
        ours, theirs = decode_or_none(bytes(data)), pillow_or_none(bytes(data))
        if ours is not None and theirs is not None:
            image_library.assert_same(ours, theirs, f"mutation {i}")


def test_the_program_names_a_bad_image_and_goes_on(tmp_path):
    program = os.environ.get("TRBA_STRDEMO")
    if not program or not os.path.exists(program):
        pytest.skip("TRBA_STRDEMO is not set: the program is not tried on bad images")
    names = []
    for name, _, data in IMAGES:
        path = tmp_path / (name if "." in name else name + (".jpg" if name.startswith("jpeg") else ".png"))
        path.write_bytes(data)
        names.append(str(path))
    good = tmp_path / "zz_good.png"
    good.write_bytes(make_hostile_images.small_png())
    run = subprocess.run([program, "--format", "tsv", *names, str(good)], capture_output=True, text=True, timeout=120)
    assert run.returncode == 1, run.stderr
    complaints = run.stderr.strip().splitlines()
    assert len(complaints) == len(names), run.stderr
    for path, line in zip(names, complaints):
        assert path in line
    assert str(good) in run.stdout
