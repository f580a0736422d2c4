# SPDX-License-Identifier: Apache-2.0
"""Model(rotate=...): the same bits as the C library, which the sidecar or the caller may tell to read images turned;
boxes of characters are those of the image before it was turned."""

import json
import re

import numpy as np
import pytest
from conftest import SOURCE_DIR, run
from PIL import Image

WAYS = ("none", "tall", "auto")


@pytest.fixture(scope="module")
def tall_and_wide(pixels):
    """The pictures, and each turned by a quarter."""
    return [*pixels, *(np.ascontiguousarray(np.rot90(array)) for array in pixels)]


@pytest.fixture(scope="module")
def expected(judge, networks, tall_and_wide):
    """{rotate: the C library's results}."""
    results = {}
    for rotate in WAYS:
        with judge.Model(networks["ctc"]) as model, judge.Session(model, batch_size=4, rotate=rotate) as session:
            results[rotate] = session.read_batch(tall_and_wide)
        assert rotate == "none" or len({result.rotation for result in results[rotate]}) > 1, "none is turned"
    return results


@pytest.fixture
def checkpoint(networks, tmp_path):
    """The path of the network beside a sidecar that says so."""
    def write(rotate):
        path = tmp_path / "mine.pth"
        path.write_bytes(networks["ctc"].read_bytes())
        (tmp_path / "mine.yaml").write_text(f"rotate: {rotate}\n")
        return path
    return write


@pytest.mark.parametrize("rotate", WAYS)
def test_images_are_turned_as_the_c_library_turns_them(trba, networks, tall_and_wide, expected, assert_same, rotate):
    with trba.Model(networks["ctc"], rotate=rotate) as model:
        assert model.info.rotate == rotate
        results = model.read(tall_and_wide)
        assert_same(results, expected[rotate])
        assert [model.read(array) for array in tall_and_wide[:30]] == results[:30]
    assert [result.to_dict()["rotation"] for result in results] == [result.rotation for result in results]


def test_the_sidecar_says_what_the_caller_does_not(trba, networks, checkpoint, tall_and_wide, expected, assert_same):
    for path, options, rotate in ((networks["ctc"], {}, "none"), (checkpoint("tall"), {}, "tall"),
                                  (checkpoint("tall"), {"rotate": "auto"}, "auto"),
                                  (checkpoint("tall"), {"rotate": "none"}, "none"),
                                  (checkpoint("tall"), {"sidecar": False}, "none"),
                                  (checkpoint("tall"), {"compat": True}, "none")):
        with trba.Model(path, **options) as model:
            assert model.info.rotate == rotate
            if "compat" not in options:
                assert_same(model.read(tall_and_wide), expected[rotate])


def test_regions_have_an_option_of_their_own(trba, checkpoint, tall_and_wide):
    with trba.Model(checkpoint("auto")) as model, trba.Model(checkpoint("none")) as upright:
        for array in tall_and_wide[:12]:
            whole = [(0, 0, array.shape[1], array.shape[0])]
            assert model.read_regions(array, whole) == upright.read_regions(array, whole)
            for rotate in WAYS:
                assert model.read_regions(array, whole, rotate=rotate) == upright.read_regions(array, whole,
                                                                                               rotate=rotate)


def test_the_packages_own_model_reads_words_on_their_side(trba):
    word = Image.open(SOURCE_DIR / "data" / "riverside.jpg")
    with trba.Model() as model:
        assert model.info.rotate == "tall"
        results = model.read([word, word.transpose(Image.Transpose.ROTATE_90), word.rotate(-90, expand=True)])
    assert [(result.text, result.rotation) for result in results] == [("RIVERSIDE", 0), ("RIVERSIDE", 270),
                                                                      ("RIVERSIDE", 90)]
    assert [(result.width, result.height) for result in results[1:]] == [word.size[::-1]] * 2


@pytest.mark.parametrize("pad", [False, True])
def test_boxes_are_those_of_the_image_before_it_was_turned(trba, networks, tall_and_wide, pad):
    """Each is drawn in the picture that NumPy turned, and that turned back."""
    with trba.Model(networks["ctc"], pad=pad, rotate="auto") as model, \
            trba.Model(networks["ctc"], pad=pad, rotate="none") as upright:
        results = model.read(tall_and_wide)
        for array, result in zip(tall_and_wide, results, strict=True):
            quarters = result.rotation // 90
            turned = np.rot90(array, quarters)
            drawn = upright.read(np.ascontiguousarray(turned)).characters
            assert [character.text for character in result.characters] == [character.text for character in drawn]
            for mine, theirs in zip(result.characters, drawn, strict=True):
                left, top, right, bottom = (round(edge) for edge in theirs.box)
                inside = np.zeros(turned.shape[:2], bool)
                inside[top:bottom, left:right] = True
                rows, columns = np.nonzero(np.rot90(inside, -quarters))
                if rows.size:
                    bounds = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
                    assert mine.box == pytest.approx(bounds, abs=0.51)
    assert {result.rotation for result in results if len(result.characters) > 1} == {0, 90, 180, 270}


def test_a_way_that_there_is_not_is_refused(trba, networks):
    with pytest.raises(trba.ArgumentError, match="none, auto, tall"):
        trba.Model(networks["ctc"], rotate="90")


def test_the_program_turns_as_strdemo_does(installed, strdemo, checkpoint, tall_and_wide, tmp_path):
    paths = [tmp_path / f"{i}.png" for i in range(len(tall_and_wide))]
    for path, array in zip(paths, tall_and_wide, strict=True):
        Image.fromarray(array).save(path)
    model = checkpoint("tall")
    for options in ([], *(["--rotate", rotate] for rotate in WAYS)):
        mine, theirs = (run(*program, "--model", model, "--format", "jsonl", *options, *paths)
                        for program in ((installed.python, "-I", "-m", "trba"), (strdemo,)))
        assert (mine.returncode, mine.stderr) == (0, "")
        seen = [[(line["text"], line["rotation"], line["width"], line["height"], sorted(line))
                 for line in map(json.loads, done.stdout.splitlines())] for done in (mine, theirs)]
        assert seen[0] == seen[1]
    assert re.search("none,tall,auto", run(installed.python, "-I", "-m", "trba", "--help").stdout)
