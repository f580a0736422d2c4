# SPDX-License-Identifier: Apache-2.0
"""What strdemo reads: files, folders in natsort's order, lists, standard input."""

import json
import os
import random
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest


@pytest.fixture
def paths_of(strdemo, crnn):
    """paths_of(inputs...) -> the paths that strdemo tried, in order. The files need not be pictures."""
    def run(*inputs, **options):
        done = strdemo.run("--model", crnn.path, "--format", "jsonl", *inputs, **options)
        assert done.returncode in (0, 1), done.stderr
        return [json.loads(line)["path"] for line in done.stdout.splitlines()]
    return run


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_folder_is_read_with_its_subfolders_in_natural_order(paths_of, tmp_path):
    touch(tmp_path, "b/img10.png", "b/img9.JPG", "a2.jpeg", "a10.Png", "a1/x.png", "notes.txt", "png", ".png",
          "..jpg", ".hidden.png", "img.png.txt", "b/c/d/e.jpg")
    assert paths_of(".", cwd=tmp_path) == ["./.hidden.png", "./a1/x.png", "./a2.jpeg", "./a10.Png", "./b/c/d/e.jpg",
                                           "./b/img9.JPG", "./b/img10.png"]


def reference_paths(root):
    """What clovaai's dataset.py does with a folder."""
    natsort = pytest.importorskip("natsort")
    found = [os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names
             if os.path.splitext(name)[1].lower() in (".jpg", ".jpeg", ".png")]
    return natsort.natsorted(found)


def random_name(chooser):
    pieces = ["a", "b", "A", "Z", "img", "_", "-", ".", " ", "(", "~", "0", "00", "1", "2", "10", "007", "99999999999",
              "123456789012345678901234567890", "\N{SNOWMAN}", "日", "\N{GRINNING FACE}", "\ue000"]
    return "".join(chooser.choice(pieces) for _ in range(chooser.randint(1, 6)))


@pytest.mark.parametrize("seed", range(4))
def test_order_is_natsorts(paths_of, tmp_path, monkeypatch, seed):
    chooser = random.Random(seed)
    folders = [""] + [f"{chooser.choice('ab1')}{n}/" for n in range(4)]
    for _ in range(250):
        touch(tmp_path, f"{chooser.choice(folders)}x{random_name(chooser)}.{chooser.choice(['png', 'JPG', 'jpeg'])}")
    ours = paths_of(".", cwd=tmp_path)
    monkeypatch.chdir(tmp_path)
    theirs = reference_paths(".")
    assert sorted(ours) == sorted(theirs)
    # Names that natsort finds equal ("x01", "x1") keep the folder's order there and are sorted by bytes here.
    key = pytest.importorskip("natsort").natsort_keygen()
    assert [key(path) for path in ours] == [key(path) for path in theirs]


def test_names_equal_in_natural_order_are_sorted_by_bytes(paths_of, tmp_path):
    touch(tmp_path, "x1.png", "x01.png", "x001.png")
    assert paths_of(".", cwd=tmp_path) == ["./x001.png", "./x01.png", "./x1.png"]


def test_inputs_keep_the_order_of_the_command_line(paths_of, tmp_path):
    touch(tmp_path, "f/2.png", "f/1.png", "z.png", "a.png")
    assert paths_of("z.png", "f/", "--image_folder", "f", "a.png", cwd=tmp_path) == \
        ["z.png", "f/1.png", "f/2.png", "f/1.png", "f/2.png", "a.png"]


def test_links_to_folders_are_not_followed(paths_of, tmp_path):
    touch(tmp_path, "real/1.png")
    (tmp_path / "real" / "loop").symlink_to("..")
    (tmp_path / "real" / "loop.png").symlink_to("..")
    (tmp_path / "real" / "link.png").symlink_to("1.png")
    (tmp_path / "real" / "nowhere.png").symlink_to("2.png")
    assert paths_of("real", cwd=tmp_path) == ["real/1.png", "real/link.png", "real/nowhere.png"]
    (tmp_path / "way").symlink_to("real")
    assert paths_of("way", cwd=tmp_path) == ["way/1.png", "way/link.png", "way/nowhere.png"]


def test_pipe_in_a_folder_is_passed_over(paths_of, tmp_path):
    touch(tmp_path, "1.png")
    os.mkfifo(tmp_path / "2.png")
    assert paths_of(".", cwd=tmp_path) == ["./1.png"]


@pytest.fixture
def open_folder():
    """A folder that everybody can reach; pytest's own are closed to others, and so may the build be."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        if not all(parent.stat().st_mode & 0o001 for parent in folder.parents):
            pytest.skip(f"others cannot reach {folder}")
        yield folder


def copy_program(strdemo, folder):
    """A copy, with its library beside it."""
    folder.mkdir()
    for library in Path(os.environ["TRBA_BUILD_DIR"]).glob("libtrba.so.*"):
        shutil.copy(library, folder)
    return shutil.copy(strdemo.path, folder)


def test_unreadable_subfolder_is_one_line_and_the_rest_is_read(strdemo, crnn, pictures, open_folder):
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("root reads every folder, and there is no setpriv to be somebody else")
    words = open_folder / "words"
    touch(words, "closed/2.png")
    shutil.copy(pictures["word1.png"], words / "1.png")
    shutil.copy(crnn.path, words / "crnn.pth")
    command = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    program = copy_program(strdemo, open_folder / "program") if os.geteuid() == 0 else strdemo.path
    (words / "closed").chmod(0)
    done = subprocess.run([*command, program, "-m", "crnn.pth", "-f", "tsv", "."], cwd=words,
                          env=os.environ | {"LD_LIBRARY_PATH": str(Path(program).parent)}, capture_output=True,
                          text=True, timeout=60)
    (words / "closed").chmod(0o755)
    if "setpriv" in done.stderr:
        pytest.skip(f"setpriv cannot be used here: {done.stderr}")
    assert done.returncode == 1, done.stderr
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["./1.png"]
    assert done.stderr.splitlines() == ["strdemo: cannot read the folder ./closed: Permission denied"]


def test_folder_without_pictures_is_said(strdemo, crnn, tmp_path):
    done = strdemo.run("-m", crnn.path, tmp_path)
    assert done.returncode == 1 and str(tmp_path) in done.stderr


def test_list_may_have_windows_lines_a_mark_and_empty_lines(paths_of, tmp_path):
    touch(tmp_path, "1.png", "2.png", "with space.png")
    (tmp_path / "list.txt").write_bytes(b"\xef\xbb\xbf2.png\r\n\r\n\nwith space.png\n1.png")
    assert paths_of("@list.txt", cwd=tmp_path) == ["2.png", "with space.png", "1.png"]
    assert paths_of("@-", cwd=tmp_path, stdin=b"1.png\n2.png\n") == ["1.png", "2.png"]


def test_missing_list_is_said_and_the_rest_is_read(strdemo, crnn, pictures):
    done = strdemo.run("-m", crnn.path, "-f", "tsv", "@there-is-none", pictures["word1.png"])
    assert done.returncode == 1 and done.stdout.count("\n") == 1
    assert "there-is-none" in done.stderr and len(done.stderr.splitlines()) == 1


def test_missing_picture_in_a_list_is_one_line(strdemo, crnn, pictures, tmp_path):
    (tmp_path / "list").write_text(f"{pictures['word1.png']}\nnowhere.png\n{pictures['word2.png']}\n")
    done = strdemo.run("-m", crnn.path, "-f", "tsv", f"@{tmp_path}/list")
    assert done.returncode == 1 and done.stdout.count("\n") == 2
    assert len(done.stderr.splitlines()) == 1 and done.stderr.count("nowhere.png") == 1


def test_dash_reads_a_picture_from_stdin(strdemo, crnn, pictures):
    raw = pictures["word1.png"].read_bytes()
    from_file = strdemo.run("-m", crnn.path, "-f", "tsv", pictures["word1.png"]).stdout.split("\t")[1:]
    done = strdemo.run("-m", crnn.path, "-f", "tsv", "-", stdin=raw)
    assert done.returncode == 0 and done.stdout.split("\t") == ["-", *from_file]


def test_stdin_that_is_empty_broken_or_closed_is_one_line(strdemo, crnn):
    for stdin in (b"", b"\x89PNG\r\n\x1a\n", b"hello"):
        done = strdemo.run("-m", crnn.path, "-f", "tsv", "-", stdin=stdin)
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    done = strdemo.run("-m", crnn.path, "-f", "tsv", "-", stdin=None, preexec_fn=lambda: os.close(0))
    assert (done.returncode, done.stdout) == (1, "") and "standard input cannot be read" in done.stderr


def test_inputs_that_look_like_options_follow_dashes(strdemo, crnn, pictures, tmp_path):
    shutil.copy(pictures["word1.png"], tmp_path / "--time.png")
    done = strdemo.run("-m", crnn.path, "-f", "tsv", "--", "--time.png", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.startswith("--time.png\t")


def test_long_list_keeps_its_order(paths_of, tmp_path):
    names = [f"missing-{n}.png" for n in range(1000)]
    (tmp_path / "list").write_text("\n".join(names))
    assert paths_of("@list", cwd=tmp_path) == names


def test_list_without_pictures_and_list_that_is_no_text_are_said(strdemo, crnn, pictures, tmp_path):
    (tmp_path / "empty").write_text("\n\n")
    for inputs, stdin, said in ((["@empty"], b"", "the list empty names no picture: "),
                                (["@-"], b"", "the list on standard input names no picture: "),
                                (["@-"], b"1.png\0", "is no text: a list has the path of a picture on each line"),
                                ([f"@{pictures['word1.png']}"], b"", "is a picture: it is read without the @"),
                                (["@."], b"", "the list . cannot be read: Is a directory")):
        done = strdemo.run("-m", crnn.path, *inputs, stdin=stdin, cwd=tmp_path)
        assert done.returncode == 1 and said in done.stderr


def test_names_cannot_command_the_terminal(strdemo, crnn, tmp_path):
    done = strdemo.run("-m", crnn.path, "a\033[31mb.png", cwd=tmp_path)
    assert done.returncode == 1 and done.stderr == "strdemo: there is no such file: a?[31mb.png\n"
