# SPDX-License-Identifier: Apache-2.0
"""Training, in small: a tiny network sees a few dozen words in one font. That it starts, stops, goes on and is read by
the C library; not that it learns."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

import draw_samples
import gather_materials
import train
from learning.data_parallel import Ranks, run_ranks
from learning.journal import read_journal
from learning.joint_network import JointNetwork, encode_texts, measure_loss, spell_attention, spell_ctc
from learning.real_words import RealWords
from learning.training_state import export, halve
from learning.word_batches import load_batches, to_images
from mistakes import Mistake
from render import Renderer
from render.texts import ALPHABET, MAX_LENGTH
from trba_torch.attention import END
from trba_torch.checkpoints import random_network
from trba_torch.decode import top_margin
from trba_torch.textures import Stream, texture
from trba_ctypes import Model, Session

FONTS = "fonts-dejavu-core"
SIZES = 16, 8  # output_channel, hidden_size
BATCH = 8

pytestmark = pytest.mark.skipif(
    subprocess.run(["dpkg-query", "-W", FONTS], capture_output=True, check=False).returncode != 0,
    reason=f"{FONTS} is not installed: nothing to render with")


@pytest.fixture(scope="module")
def font_package(tmp_path_factory):
    """A table of packages with one of fonts: opening hundreds takes its time."""
    table = tmp_path_factory.mktemp("packages") / "packages.tsv"
    table.write_text(f"# one is enough here\n{FONTS}\tsans\tfree\n", encoding="utf-8")
    return table


@pytest.fixture(scope="module")
def renderer(font_package):
    """Opened once, for all runs in this process."""
    return Renderer(1, packages=font_package)


@pytest.fixture(scope="module")
def train_until(renderer, font_package):
    """train_until(folder, n_words): the Trainer after a run with the smallest sizes."""
    def train_tiny(folder, n_words, resume_from="nothing", processes=1):
        arguments = ["--run", folder, "--words", n_words, "--batch", BATCH, "--held-out", BATCH, "--processes",
                     processes, "--output-channel", SIZES[0], "--hidden-size", SIZES[1], "--report-every", 0,
                     "--resume-from", resume_from, "--packages", font_package]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(train, "Renderer", lambda seed, **_: renderer.with_seed(seed))
            return train.run(train.parse_options([str(argument) for argument in arguments]))
    return train_tiny


@pytest.fixture(scope="module")
def run_folder(train_until, tmp_path_factory):
    """A run of two steps that was cut off and went on for two more."""
    folder = tmp_path_factory.mktemp("run")
    train_until(folder, 2 * BATCH)
    train_until(folder, 4 * BATCH)
    return folder


def test_pictures_depend_on_seed_and_number_only(renderer):
    pictures = [renderer.draw(number) for number in range(50)]
    again = {number: renderer.draw(number) for number in reversed(range(50))}
    for number, (picture, text) in enumerate(pictures):
        assert picture.shape == (32, 100) and picture.dtype == np.uint8
        assert 0 < len(text) <= 25 and set(text) <= set(ALPHABET), (number, text)
        assert again[number][1] == text and np.array_equal(again[number][0], picture), f"picture {number}"
    others = [renderer.with_seed(2).draw(number)[0] for number in range(50)]
    assert not any(np.array_equal(a, b) for (a, _), b in zip(pictures, others))


def test_gathered_materials_make_the_same_pictures_without_packages(font_package, tmp_path, monkeypatch):
    gather_materials.main([str(tmp_path / "gathered"), "--packages", str(font_package)])
    installed = Renderer(1, packages=font_package)
    monkeypatch.setattr(subprocess, "run", None)  # no dpkg
    gathered = Renderer(1, packages=tmp_path / "gathered" / "packages.tsv")
    assert [face.characters for face in gathered.typefaces] == [face.characters for face in installed.typefaces]
    for number in range(20):
        (picture, text), (wanted, wanted_text) = gathered.draw(number), installed.draw(number)
        assert text == wanted_text and np.array_equal(picture, wanted), f"picture {number}"


def test_gathered_fonts_fit_the_room_there_is(font_package, tmp_path, capsys):
    gather_materials.main([str(tmp_path / "all"), "--packages", str(font_package)])
    first = next((tmp_path / "all" / "files").rglob("*.0.ttf"))
    room = sum(path.stat().st_size for path in (tmp_path / "all" / "dict").iterdir()) + first.stat().st_size
    gather_materials.main([str(tmp_path / "one"), "--packages", str(font_package),
                           "--megabytes", str(room / 1e6 + 1e-3)])
    assert [path.name for path in (tmp_path / "one" / "files").rglob("*.ttf")] == [first.name]
    assert "1 fonts" in capsys.readouterr().out


def test_batches_do_not_depend_on_the_number_of_processes(renderer):
    alone, helped = (load_batches(renderer, BATCH, 3 * BATCH, n_workers) for n_workers in (0, 2))
    for index in range(4):
        for ours, theirs in zip(next(alone), next(helped)):
            assert torch.equal(ours, theirs), f"batch {index}"


def average_own_gradients(ranks, rows):
    """For run_ranks: the gradient of this rank's row, averaged."""
    weight, unused = (torch.nn.Parameter(torch.zeros(2)) for _ in range(2))
    (weight * torch.tensor(rows[ranks.rank])).sum().backward()
    ranks.average_gradients([weight, unused])
    return weight.grad.tolist(), ranks.agree(ranks.leads)


def fail_away_from_rank_0(ranks, _):
    if not ranks.leads:
        raise ValueError("on purpose")
    return ranks.agree(True) and average_own_gradients(ranks, [[1.0, 1.0]])


def test_processes_that_learn_together_take_the_mean_of_their_gradients():
    assert run_ranks(2, average_own_gradients, [[1.0, 2.0], [5.0, -2.0]]) == ([3.0, 0.0], True)


def test_when_one_process_fails_the_others_do_not_wait():
    with pytest.raises(RuntimeError):
        run_ranks(2, fail_away_from_rank_0, None)


def test_two_processes_share_out_the_batches(renderer):
    whole = load_batches(renderer, BATCH, 4 * BATCH, 0)
    shares = [load_batches(renderer, BATCH, 4 * BATCH, 0, Ranks(rank, 2)) for rank in (0, 1)]
    for index in range(4):
        for ours, wanted in zip(next(shares[index % 2]), next(whole)):
            assert torch.equal(ours, wanted), f"batch {index}"


def expect_same_run(folder, straight):
    """The run in the folder, resumed, has the bits of the Trainer that went straight through."""
    resumed = torch.load(folder / "last.pt", weights_only=True)
    assert resumed["progress"] | {"seconds": 0} == straight.progress | {"seconds": 0}
    for kind, module in (("network", straight.network), ("average", straight.average.module)):
        for name, tensor in module.state_dict().items():
            assert torch.equal(tensor, resumed[kind][name]), f"{kind}: {name}"


def test_a_run_that_was_cut_off_goes_on_to_the_same_bits(run_folder, train_until, tmp_path):
    expect_same_run(run_folder, train_until(tmp_path, 4 * BATCH))


def test_so_does_a_run_of_two_processes(run_folder, train_until, tmp_path):
    for n_words in (2 * BATCH, 4 * BATCH):
        together = train_until(tmp_path / "resumed", n_words, processes=2)
    expect_same_run(tmp_path / "resumed", train_until(tmp_path / "straight", 4 * BATCH, processes=2))
    alone = torch.load(run_folder / "last.pt", weights_only=True)
    assert alone["progress"] | {"seconds": 0} == together.progress | {"seconds": 0}
    assert not torch.equal(alone["network"]["ctc_head.weight"], together.network.ctc_head.weight)


def test_a_run_goes_on_from_exported_networks(run_folder, train_until, tmp_path):
    trainer = train_until(tmp_path, 4 * BATCH, run_folder)
    assert trainer.progress["words"] == trainer.progress["optimizer_words"] == 4 * BATCH
    saved = torch.load(run_folder / "last.pt", weights_only=True)["average"]
    for name, tensor in trainer.network.state_dict().items():
        if tensor.is_floating_point() and "GridGenerator" not in name:
            assert torch.equal(tensor, saved[name].half().float()), name


def fail(capsys, main, *arguments):
    """The sentence with which a program refuses its command line."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    assert ended.value.code == 2
    return capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("option, value", [
    ("--batch", 0), ("--batch", 63), ("--processes", 0), ("--threads", 0), ("--workers", -1), ("--held-out", 0),
    ("--real-every", 0), ("--words", "many"), ("--words", 0), ("--minutes", "nan"), ("--ema", 2),
    ("--learning-rate", -1), ("--output-channel", 8), ("--hidden-size", 0), ("--cool-down", 100), ("--seed", 2**64)])
def test_an_option_that_cannot_be_is_refused_by_its_name(option, value, capsys):
    assert option in fail(capsys, train.parse_options, "--run", "nowhere", option, value)


def test_a_folder_that_holds_no_run_is_not_trained_over(train_until, tmp_path):
    (tmp_path / "trba.pth").write_bytes(b"somebody's")
    with pytest.raises(Mistake, match="written over"):
        train_until(tmp_path, BATCH)
    assert (tmp_path / "trba.pth").read_bytes() == b"somebody's"
    assert [path.name for path in tmp_path.iterdir()] == ["trba.pth"]
    with pytest.raises(Mistake, match="cannot be the folder"):
        train_until(tmp_path / "trba.pth", BATCH)


@pytest.mark.parametrize("content", [b"", b"junk", b"PK\3\4"])
def test_a_run_whose_state_is_damaged_is_refused(train_until, content, tmp_path):
    (tmp_path / "last.pt").write_bytes(content)
    with pytest.raises(Mistake, match="cannot go on from .*last.pt"):
        train_until(tmp_path, BATCH)
    assert (tmp_path / "last.pt").read_bytes() == content


def test_networks_to_begin_with_must_be_there_and_fit(train_until, tmp_path):
    with pytest.raises(Mistake, match="no-such-folder has no trba-progress.json"):
        train_until(tmp_path / "run", BATCH, "no-such-folder")
    with pytest.raises(Mistake, match="other sizes"):
        train_until(tmp_path / "run", BATCH, train.MODELS)


def test_what_a_run_that_goes_on_does_not_use_is_said(run_folder, train_until, capsys):
    train_until(run_folder, BATCH)  # it has seen more: nothing is learned
    assert "--resume-from has no effect: the run goes on from" in capsys.readouterr().err


def test_a_device_that_is_not_here_is_refused():
    for device in ("no-such-device", "meta"):
        with pytest.raises(Mistake, match="give cpu"):
            train.check_device(device)
    train.check_device("cpu")


@pytest.mark.parametrize("labels", [None, "a.png\n", "a.png\tAB\tscene\tother\n"])
def test_photographed_words_that_cannot_be_measured_on_are_refused(labels, tmp_path):
    if labels is not None:
        (tmp_path / "labels.tsv").write_text(labels, encoding="utf-8")
    with pytest.raises(Mistake, match="labels.tsv"):
        RealWords(tmp_path, train.REAL_SETS)


@pytest.mark.parametrize("table, said", [(None, "no table"), ("fonts-dejavu-core\n", "no table"),
                                         ("no-such-package\tsans\tfree\n", "no usable font")])
def test_a_table_without_fonts_is_refused(table, said, tmp_path):
    path = tmp_path / "packages.tsv"
    if table is not None:
        path.write_text(table, encoding="utf-8")
    with pytest.raises(Mistake, match=said):
        Renderer(1, packages=path)
    with pytest.raises(Mistake, match=said):
        gather_materials.main([str(tmp_path / "gathered"), "--packages", str(path)])
    assert not (tmp_path / "gathered").exists()


def test_materials_are_gathered_into_an_empty_folder_only(font_package, tmp_path):
    (tmp_path / "packages.tsv").write_text("somebody's", encoding="utf-8")
    for folder in (tmp_path, tmp_path / "packages.tsv"):
        with pytest.raises(Mistake, match="name a new one"):
            gather_materials.main([str(folder), "--packages", str(font_package)])
    assert (tmp_path / "packages.tsv").read_text(encoding="utf-8") == "somebody's"
    with pytest.raises(Mistake, match="give more --megabytes"):
        gather_materials.main([str(tmp_path / "little"), "--packages", str(font_package), "--megabytes", "0"])


def test_a_sheet_that_cannot_be_written_is_not_announced(renderer, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(draw_samples, "Renderer", lambda *_, **__: renderer)
    few = ["--rows", 1, "--columns", 1]
    with pytest.raises(Mistake, match="in a folder that is there"):
        draw_samples.main([str(word) for word in (tmp_path / "nowhere" / "sheet.png", *few)])
    assert capsys.readouterr().out == ""
    assert "--rows" in fail(capsys, draw_samples.main, tmp_path / "sheet.png", "--rows", 0)
    assert "--difficulty" in fail(capsys, draw_samples.main, tmp_path / "sheet.png", "--difficulty", "inf")
    assert ".png" in fail(capsys, draw_samples.main, tmp_path / "sheet.tex", *few)


@pytest.mark.parametrize("processes", [1, 2])
def test_a_mistake_is_one_line_and_no_stack_trace(processes, font_package, tmp_path):
    (tmp_path / "last.pt").write_bytes(b"junk")
    done = subprocess.run([sys.executable, train.__file__, "--run", tmp_path, "--packages", font_package, "--processes",
                           str(processes)], capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith(f"cannot go on from {tmp_path / 'last.pt'}") and done.stderr.count("\n") == 1, (
        done.stderr)


def test_a_line_of_the_journal_that_was_cut_off_is_passed_over(tmp_path):
    path = tmp_path / "journal.jsonl"
    path.write_text('{"words": 8}\n{"words": 1\n7\n\n{"words": 24}\n', encoding="utf-8")
    assert read_journal(path) == [{"words": 8}, {"words": 24}]


def test_no_picture_comes_twice_when_batches_become_larger(renderer):
    seen = 3 * BATCH  # one and a half of the larger ones
    larger = load_batches(renderer, 2 * BATCH, seen, 0)
    wanted = load_batches(renderer, 2 * BATCH, 4 * BATCH, 0)
    for ours, theirs in zip(next(larger), next(wanted)):
        assert torch.equal(ours, theirs)


def test_the_transformation_starts_as_the_identity(renderer):
    images = to_images(np.stack([renderer.draw(number)[0] for number in range(4)]))
    with torch.no_grad():
        _, rectified = JointNetwork(*SIZES).eval().recogniser.rectify(images)
    assert (rectified - images).abs().max() < 0.5 * 2 / 255  # half a grey level: the grid is float32


def test_texts_survive_encoding(renderer):
    texts = [renderer.draw(number)[1] for number in range(20)]
    given, wanted = encode_texts(texts)
    for row, text in enumerate(texts):
        assert spell_attention(wanted[row].tolist()) == text
        assert spell_attention(given[row, 1:].tolist()[:len(text)]) == text
    assert spell_ctc([0, 1, 1, 0, 1, 2, 2]) == "001"


def test_both_heads_learn_words_by_heart(renderer):
    """60 steps with the same four words."""
    torch.manual_seed(1)
    network = JointNetwork(*SIZES)
    pictures, texts = zip(*(renderer.draw(number, 0.0, 4) for number in range(4)))
    pictures, codes = np.stack(pictures), encode_texts(texts)
    optimizer = torch.optim.AdamW(network.parameters(), 0.02)
    history = []
    for _ in range(60):
        losses = measure_loss(network, to_images(pictures), *codes)
        history.append([loss.item() for loss in losses])
        optimizer.zero_grad()
        sum(losses).backward()
        optimizer.step()
    for head, first, last in zip(("attention", "ctc"), history[0], history[-1]):
        assert last < 0.6 * first, f"{head} loss {first:.3f} -> {last:.3f}"


def make_random_network():
    """With the parity tests' weights, which are the same numbers on every machine, rounded as they are exported."""
    network = JointNetwork(*SIZES)
    model = network.recogniser
    drawn = random_network(model.architecture, 1)
    for stage in ("FeatureExtraction", "SequenceModeling", "Prediction"):
        getattr(model, stage).load_state_dict(getattr(drawn, stage).state_dict())
    weight = network.ctc_head.weight
    with torch.no_grad():
        weight.copy_(torch.from_numpy(Stream(1).uniform(-7.0, 7.0, weight.shape)))
        network.ctc_head.bias.zero_()
    network.load_state_dict(halve(network.state_dict()))
    network.rectifies = True  # as the library does
    return network.eval()


@torch.no_grad()
def is_decided(network, picture):
    """Does each head's best class lead clearly, in every step that counts?"""
    context = network.encode(to_images(picture[None]))
    attention = network.recogniser.Prediction(context, MAX_LENGTH + 1)[0][0]
    n_steps = (attention.argmax(dim=1).tolist() + [END]).index(END) + 1
    return min(top_margin(attention[:n_steps]), top_margin(network.ctc_head(context))) > 0.1


def test_the_library_reads_exported_networks_as_pytorch_does(tmp_path):
    network = make_random_network()
    pictures = [texture(Stream(seed), 32, 100, 1).reshape(32, 100) for seed in range(60)]
    pictures = [picture for picture in pictures if is_decided(network, picture)]
    assert len(pictures) >= 10, "too few pictures are decided: nothing is compared"
    export(network, tmp_path, {})
    for name, wanted in zip(("trba.pth", "trba-ctc.pth"), network.read(to_images(np.stack(pictures)))):
        with Model(tmp_path / name) as model, Session(model) as session:
            assert [result.text for result in session.read_batch(pictures)] == wanted, name
        assert len(set(wanted)) > 1, "the same for every picture: nothing is compared"


def test_the_exported_transformation_is_still_the_identity(tmp_path):
    """Its weights are rounded; its constants must not be: that moves points by whole pixels."""
    network = make_random_network()
    export(network, tmp_path, {})
    network.recogniser.load_state_dict(torch.load(tmp_path / "trba.pth", weights_only=True))
    images = to_images(np.stack([texture(Stream(seed), 32, 100, 1).reshape(32, 100) for seed in range(8)]))
    with torch.no_grad():
        _, rectified = network.recogniser.rectify(images)
    assert (rectified - images).abs().max() < 2 * 2 / 255  # two grey levels; measured: one


def test_real_words_are_counted_without_case_and_punctuation(tmp_path):
    class Reader:
        def eval(self):
            return self

        def read(self, images):
            return ["ab-1"] * len(images), ["Ab2"] * len(images)

    Image.new("L", (20, 10)).save(tmp_path / "a.png")
    rows = ["a.png\tAB1!\tscene\tfirst", "a.png\tab2\tscene\tsecond", "a.png\t!?\tscene\tfirst"]
    (tmp_path / "labels.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    assert RealWords(tmp_path).measure(Reader()) == {
        "first": {"n": 1, "attention": 1.0, "ctc": 0.0}, "second": {"n": 1, "attention": 0.0, "ctc": 1.0},
        "all": {"n": 2, "attention": 0.5, "ctc": 0.5}}
