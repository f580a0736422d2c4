# SPDX-License-Identifier: Apache-2.0
"""The package itself: what is in it, what it needs, its program and its example."""

import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import typing
import zipfile

import pytest
from conftest import SOURCE_DIR, run, run_pip, with_path

MYPY = "mypy==2.4.1"


# ---- wheel and source package ----

def header_version():
    header = (SOURCE_DIR / "include" / "trba.h").read_text()
    return ".".join(re.findall(r"#define TRBA_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", header))


def test_the_version_is_that_of_the_header(trba, wheel):
    assert trba.__version__ == header_version()
    assert wheel.name.split("-")[1] == header_version()


def test_the_wheel_is_for_the_stable_abi(wheel):
    assert wheel.name.split("-")[2:4] == ["cp311", "abi3"]
    names = zipfile.ZipFile(wheel).namelist()
    assert [name for name in names if name.startswith("trba/") and ".so" in name] == ["trba/_core.abi3.so"]
    assert {f"trba/{path.name}" for path in (SOURCE_DIR / "python" / "trba").glob("*.py*")} <= set(names)
    assert {"trba/py.typed", "trba/_core.pyi", "trba/models/trba.pth", "trba/models/trba.yaml"} <= set(names)
    assert {name.split("/")[0].partition("-")[0] for name in names} <= {"trba", "trba.libs"}


def test_the_module_exports_its_start_and_nothing_else(installed):
    symbols = run("nm", "-D", "--defined-only", installed.site / "trba" / "_core.abi3.so").stdout
    assert [line.split()[-1] for line in symbols.splitlines()] == ["PyInit__core"]


def test_the_module_asks_python_for_the_stable_abi_only(installed):
    """It wants no private symbol of Python's but two. (That the public ones are of the stable ABI is the compiler's to
    say, which sees no others with Py_LIMITED_API.)"""
    symbols = run("nm", "-D", "--undefined-only", installed.site / "trba" / "_core.abi3.so").stdout
    wanted = {line.split()[-1] for line in symbols.splitlines() if line.split()[-1].startswith(("Py", "_Py"))}
    assert "PyObject_GetBuffer" in wanted
    # In the limited API a macro may hide a private symbol; these two belong to the stable ABI.
    assert {name for name in wanted if name.startswith("_")} <= {"_Py_NoneStruct", "_Py_Dealloc"}


def test_the_source_package_has_what_is_needed_and_no_more(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "CMakeLists.txt", "include/trba.h", "LICENSE", "NOTICE", "PKG-INFO"} <= names
    sources = [path for path in (SOURCE_DIR / "python").glob("*/*") if path.suffix in (".py", ".pyi", ".c", ".h")]
    assert {str(path.relative_to(SOURCE_DIR)) for path in sources} <= names
    assert ({name.partition("/")[0] for name in names}
            == {"pyproject.toml", "CMakeLists.txt", "PKG-INFO", "LICENSE", "NOTICE",
                "cmake", "docs", "include", "models", "python", "src"})
    assert [name for name in names if name.endswith((".pyc", ".pth", ".so"))] == ["models/trba.pth"]


# ---- what it needs ----

ALONE = """
import sys
import trba
model = trba.Model(sys.argv[1])
files = sys.argv[2:]
with open(files[0], "rb") as file:
    results = [model.read(file.read()), *model.read(files)]
pixels = memoryview(bytes(range(240)) * 8).cast("B", (8, 240))
assert model.read(pixels).width == 240
assert model.read(memoryview(bytes(960)).cast("B", (8, 40, 3))[1:5]).height == 4
heavy = {"numpy", "torch", "PIL", "cv2", "ctypes"} & set(sys.modules)
assert not heavy, heavy
print(*(result.text for result in results), sep="\\n")
"""


def test_it_runs_without_anything_else_installed(installed, model, networks, files):
    done = run(installed.python, "-I", "-c", ALONE, networks["attn"], *files[:3])
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:-1] == [model.read(path).text for path in (files[0], *files[:3])]


def test_numpy_and_torch_are_not_imported_where_they_are_there(installed, networks, files):
    environment = {**os.environ, "PYTHONPATH": str(installed.site)}
    done = run(sys.executable, "-c", ALONE, networks["attn"], *files[:3], env=environment)
    assert done.returncode == 0, done.stderr


# ---- the program ----

@pytest.fixture
def program(installed):
    def call(*arguments, **options):
        return run(installed.python, "-I", "-m", "trba", *arguments, **options)
    return call


def test_the_program_prints_texts(program, networks, model, files):
    done = program("--model", networks["attn"], *files)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "".join(f"{result.text}\n" for result in model.read(files))


def test_the_program_says_that_the_disk_is_full(installed, networks, files):
    with open("/dev/full", "w") as full:
        done = subprocess.run([installed.python, "-I", "-m", "trba", "--model", networks["attn"], *files], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=120)
    assert done.returncode == 3
    assert done.stderr == "trba: cannot write to standard output: No space left on device\n"


def test_the_program_says_that_the_output_is_closed(installed, networks, files):
    command = [installed.python, "-I", "-m", "trba", "--model", networks["attn"], files[0], "none.png"]
    done = subprocess.run(["sh", "-c", '"$@" >&-', "sh", *command], stderr=subprocess.PIPE, text=True, timeout=120)
    assert done.returncode == 3
    assert done.stderr == "trba: cannot write to standard output: Bad file descriptor\n"


def test_the_programs_messages_never_go_to_the_output(installed, networks, model, files):
    command = [installed.python, "-I", "-m", "trba", "--model", networks["attn"], files[0], "none.png"]
    done = subprocess.run(["sh", "-c", '"$@" 2>&-', "sh", *command], stdout=subprocess.PIPE, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (1, f"{model.read(files[0]).text}\n")


def test_ctrl_c_ends_the_program_without_a_traceback(installed, networks, files):
    command = [installed.python, "-I", "-m", "trba", "--model", networks["attn"], *files * 300]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) as started:  # not ignored
        started.stdout.readline()  # it reads
        started.send_signal(signal.SIGINT)
        _, messages = started.communicate(timeout=120)
    assert (started.returncode, messages) == (-signal.SIGINT, "")


def test_the_program_writes_tsv_and_jsonl_as_strdemo_does(program, networks, files, strdemo, tmp_path):
    odd = tmp_path / "a\tb\\c\n\udcff.png"
    odd.write_bytes(files[0].read_bytes())
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no image")
    for file_format in ("tsv", "jsonl"):
        arguments = ["--model", networks["attn"], "--charset", "alnum36", "--format", file_format, odd, bad, *files]
        mine = program(*arguments, errors="surrogateescape")
        theirs = subprocess.run([strdemo, "--quiet", *arguments], capture_output=True, text=True,
                                errors="surrogateescape", timeout=120)
        assert mine.returncode == theirs.returncode == 1
        assert f"{bad}: " in mine.stderr
        if file_format == "tsv":
            assert mine.stdout == theirs.stdout
            continue
        lines = [[json.loads(line) for line in done.stdout.splitlines()] for done in (mine, theirs)]
        for key in ("path", "text", "status", "message", "width", "height", "truncated"):
            assert [line[key] for line in lines[0]] == [line[key] for line in lines[1]]


def test_the_program_says_what_is_wrong_with_a_picture_as_strdemo_does(program, networks, strdemo, tmp_path):
    bad, missing = tmp_path / "bad.png", tmp_path / "none.png"
    bad.write_bytes(b"no image")
    mine = program("--model", networks["attn"], bad, missing)
    theirs = subprocess.run([strdemo, "--model", networks["attn"], bad, missing], capture_output=True, text=True,
                            timeout=120)
    said = [line.split(": ", 1)[1] for line in mine.stderr.splitlines()]
    assert said == [f"{bad}: a text file, not an image", f"there is no such file: {missing}"]
    assert said == [line.split(": ", 1)[1] for line in theirs.stderr.splitlines()]


def test_the_program_takes_the_model_from_the_environment(program, networks, model, files):
    done = program(files[0], env={**os.environ, "TRBA_MODEL": str(networks["attn"])})
    assert done.stdout == f"{model.read(files[0]).text}\n"


def test_the_program_knows_the_models_by_name(program, model):
    picture = SOURCE_DIR / "data" / "exit.png"
    for name in ("trba", "trba-ctc", "english_g2"):
        for done in (program(picture, env={**os.environ, "TRBA_MODEL": name}), program("--model", name, picture)):
            if name == "trba":
                assert (done.returncode, done.stdout) == (0, "EXIT\n")
            else:
                assert done.returncode == 2 and f"give the path of {name}.pth" in done.stderr


def test_without_a_model_the_package_reads_with_its_own(program, trba):
    labels = [line.split("\t") for line in (SOURCE_DIR / "data" / "labels.tsv").read_text().splitlines()]
    paths, texts = [SOURCE_DIR / "data" / name for name, _ in labels], [text for _, text in labels]
    with trba.Model() as model:
        assert [result.text for result in model.read(paths)] == texts
        assert model.info.architecture.prediction == "Attn"
    environment = {name: value for name, value in os.environ.items() if name != "TRBA_MODEL"}
    assert program(*paths, env=environment).stdout.splitlines() == texts


def test_the_program_refuses_a_bad_model(program, networks, files):
    for arguments in (["--model", files[0]], ["--model", networks["ctc"], "--charset", "abc"],
                      ["--model", networks["ctc"], "--charset", "a\udcff"]):
        done = program(*arguments, files[0])
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("trba: ") and "Traceback" not in done.stderr


# ---- for people ----

def test_the_example_runs(installed, networks, model, files, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no image")
    program = SOURCE_DIR / "examples" / "python" / "read_words.py"
    done = run(installed.python, "-I", program, networks["attn"], *files, bad)
    assert done.returncode == 0, done.stderr
    for path, result in zip(files, model.read(files), strict=True):
        assert f"{path}\t{result.text}\t{result.confidence:.3f}" in done.stdout.splitlines()
    assert f"{bad}\t" in done.stdout


@pytest.mark.parametrize("name", ["read_words.py", "page_with_boxes.py"])
def test_the_examples_say_what_is_wrong_in_one_line(installed, files, tmp_path, name):
    program, none = SOURCE_DIR / "examples" / "python" / name, tmp_path / "none.pth"
    boxes = tmp_path / "boxes.json"
    boxes.write_text("[[0, 0, 9, 9]]")
    for arguments, words in (([], f"usage: {name} "), ([none, files[0], boxes], f"there is no such file: {none}")):
        done = run(installed.python, "-I", program, *arguments)
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
        assert done.stderr.startswith(words)


def test_every_public_name_is_explained(trba):
    for name in trba.__all__:
        thing = getattr(trba, name)
        if typing.get_origin(thing) is None and callable(thing):  # aliases of types cannot have a text
            assert thing.__doc__ and "(*args" not in thing.__doc__, name


def test_type_hints_hold_when_a_program_runs(trba):
    """Aliases can be made optional, and what looks hints up finds them."""
    for alias in (trba.ImageInput, trba.RegionInput):
        assert type(None) in typing.get_args(alias | None)
    for function in (trba.Model.read_regions, trba.Model.iter_read, trba.Model.open_page, trba.Page.__init__):
        assert typing.get_type_hints(function)["return"]


TYPED_CALLER = """
import io
from collections.abc import Iterator
from pathlib import Path
from typing import assert_type

import numpy as np
import numpy.typing as npt
import trba


Rectangle = tuple[tuple[float, float], tuple[float, float], float]


def read_all(model: trba.Model, array: npt.NDArray[np.uint8], quads: npt.NDArray[np.float32],
             from_easyocr: list[list[list[int]]], rectangle: Rectangle) -> None:
    page = trba.Page(array, preset="easyocr", exif="apply", alpha="white", channel_order="bgr")
    results = model.read_regions(page, quads, rotate="auto", vertical=True, errors="return")
    assert_type(results, list[trba.Result])
    assert_type(results[0].points, trba.Quadrilateral | None)
    assert_type(results[0].rotation, int)
    model.read_regions(Path("page.png"), [(1, 2, 3, 4), (1.5, 2, 3, 4, 90)])
    model.read_regions(array, [quads[0], quads[1]])
    model.read_regions(array, from_easyocr)
    model.read_regions(array, [rectangle])
    model.read_regions(b"", [[(1, 2), (3, 2), (3, 4), (1, 4)]])
    model.read_regions(model.open_page("page.png"), trba.load_boxes("boxes.json"))
    trba.convert("a.pth", Path("a.safetensors"), dtype="float16", format="safetensors", prefix="module.")
    assert_type(model.read(io.BytesIO()), trba.Result)
    with open("a.png", "rb") as buffered, open("a.png", "rb", buffering=0) as raw:
        assert_type(model.read(buffered), trba.Result)
        assert_type(model.read([buffered, raw]), list[trba.Result])
    assert_type(model.iter_read(path for path in Path().iterdir()), Iterator[trba.Result])
    assert_type(model.info.characters, tuple[str, ...])
    model.read(3)  # type: ignore[call-overload]
    model.read_regions(page, 3)  # type: ignore[arg-type]
    model.read_regions(page, [3])  # type: ignore[list-item]
    model.read_regions(page, [], rotate="90")  # type: ignore[arg-type]


def open_model(path: Path, preset: trba.Preset, precision: trba.Precision, exif: trba.Exif, alpha: trba.Alpha,
               rotate: trba.Rotate) -> trba.Model:
    return trba.Model(path, preset=preset, precision=precision, exif=exif, alpha=alpha, rotate=rotate)


def read_some(model: trba.Model, image: trba.ImageInput | None, region: trba.RegionInput | None = None) -> None:
    if image is not None and region is not None:
        model.read_regions(image, [region])


def read_page(model: trba.Model, page: trba.ImageInput, order: trba.ChannelOrder, rotate: trba.Rotate) -> None:
    model.read_regions(page, [], channel_order=order, rotate=rotate)


def convert(path: Path, dtype: trba.Dtype, form: trba.SaveFormat) -> None:
    trba.convert(path, "a.bin", dtype=dtype, format=form)
"""


def test_types_are_clean(tmp_path):
    """mypy, strict as pyproject.toml says, on the package, on the examples that need nothing else, and on a caller."""
    tools, caller = tmp_path / "tools", tmp_path / "caller.py"
    done = run_pip("install", "--quiet", "--target", tools, MYPY)
    if done.returncode:
        pytest.skip(f"pip cannot get {MYPY}: {done.stderr.strip().splitlines()[-1]}")
    caller.write_text(TYPED_CALLER)
    done = run(sys.executable, "-m", "mypy", "--cache-dir", os.devnull, "python/trba", "examples/python/read_words.py",
               "examples/python/page_with_boxes.py", caller, cwd=SOURCE_DIR, env=with_path(tools))
    assert done.returncode == 0, done.stdout + done.stderr
