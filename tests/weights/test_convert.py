# SPDX-License-Identifier: Apache-2.0
"""What "trba convert" writes is read by PyTorch (weights_only=True) and by the safetensors package, with the values of
torch's own .float(), .half() and .bfloat16(); and OUT is there as a whole or as it was."""
import json
import os
import resource
import shutil
import signal
import stat
import struct
import subprocess
import zipfile

import numpy
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

TRBA = os.environ.get("TRBA_TRBA")
if not TRBA:
    pytest.skip("TRBA_TRBA is not set: no program to test", allow_module_level=True)

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
FORMS = {"safetensors": load_file, "pth": lambda path: torch.load(path, weights_only=True)}


def convert(*arguments):
    return subprocess.run([TRBA, "convert", *map(str, arguments)], capture_output=True, text=True, timeout=120)


def bits(tensor):
    """The elements' bits; NaNs are compared by these, too."""
    return tensor.contiguous().reshape(-1).view(torch.uint8)


def assert_same(found, expected):
    assert set(found) == set(expected)
    for name, tensor in expected.items():
        assert (found[name].dtype, found[name].shape) == (tensor.dtype, tensor.shape), name
        assert torch.equal(bits(found[name]), bits(tensor)), name


def make_state():
    """Every dtype that is read, and every kind of shape and stride."""
    generator = torch.Generator().manual_seed(4)

    def random(*shape):
        return torch.randn(*shape, generator=generator)

    return {
        "FeatureExtraction.ConvNet.conv.weight": random(4, 3, 3, 2),
        "FeatureExtraction.ConvNet.channels_last": random(4, 3, 3, 2).contiguous(memory_format=torch.channels_last),
        "FeatureExtraction.ConvNet.transposed": random(5, 7).t(),
        "FeatureExtraction.ConvNet.every_other": random(6, 10)[::2, 1::3],
        "FeatureExtraction.ConvNet.broadcast": random(1, 4).expand(3, 4),
        "FeatureExtraction.ConvNet.half": random(9).half(),
        "FeatureExtraction.ConvNet.bfloat16": random(9).bfloat16(),
        "FeatureExtraction.ConvNet.double": random(9).double() * 1.000000001,
        "FeatureExtraction.ConvNet.num_batches_tracked": torch.tensor(12345678901),
        "FeatureExtraction.ConvNet.int32": torch.arange(-3, 3, dtype=torch.int32).reshape(2, 3).t(),
        "FeatureExtraction.ConvNet.bool": torch.tensor([True, False]),
        "FeatureExtraction.ConvNet.uint8": torch.arange(5, dtype=torch.uint8),
        "FeatureExtraction.ConvNet.scalar": torch.tensor(0.1),
        "FeatureExtraction.ConvNet.empty": torch.zeros(0, 3),
        "Prediction.weight": random(11, 5),
    }


@pytest.fixture(scope="module")
def state():
    return make_state()


@pytest.fixture(scope="module")
def checkpoint(state, tmp_path_factory):
    path = tmp_path_factory.mktemp("checkpoint") / "best.pth"
    torch.save({f"module.{name}": tensor for name, tensor in state.items()}, path)
    return path


@pytest.mark.parametrize("dtype", [None, *DTYPES])
@pytest.mark.parametrize("form", FORMS)
def test_values_are_those_of_torch(checkpoint, state, tmp_path, form, dtype):
    out = tmp_path / f"out.{form}"
    done = convert(checkpoint, out, *(["--dtype", dtype] if dtype else []))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert_same(FORMS[form](out), {name: tensor.to(DTYPES[dtype]) if dtype and tensor.is_floating_point() else tensor
                                   for name, tensor in state.items()})
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_every_sort_of_float_rounds_as_in_torch(tmp_path, form, dtype):
    """Ties, subnormals, the smallest and largest numbers, zeros, infinities, NaN, and a million random patterns."""
    patterns = numpy.random.default_rng(8).integers(0, 1 << 32, 1_000_000, dtype=numpy.uint64).astype(numpy.uint32)
    near = (numpy.arange(1 << 16, dtype=numpy.uint32) << 16)[:, None] + numpy.array(
        [0, 0x7FFF, 0x8000, 0x8001, 0xFFFF, 0xFFF, 0x1000, 0x1001, 0x2FFF, 0x3000, 0x3001], numpy.uint32)
    values = torch.from_numpy(numpy.concatenate([patterns, near.ravel()]).view(numpy.float32))
    expected = values.to(DTYPES[dtype])
    fits = expected.isinf() <= values.isinf()  # what overflows has a test of its own
    path, out = tmp_path / "in.pth", tmp_path / f"out.{form}"
    torch.save({"Prediction.weight": values[fits]}, path)
    assert convert(path, out, "--dtype", dtype).returncode == 0
    found = FORMS[form](out)["Prediction.weight"]
    nan = expected[fits].isnan()  # which NaN is nobody's promise
    assert found.isnan().eq(nan).all()
    assert torch.equal(bits(found[~nan]), bits(expected[fits][~nan]))


@pytest.mark.parametrize("value,dtype,words", [
    (65520.0, "float16", "65520 is too large for float16"), (-7e4, "float16", "-70000"),
    (3.4e38, "bfloat16", "too large for bfloat16")])
@pytest.mark.parametrize("form", FORMS)
def test_what_would_become_infinite_is_refused_by_name(tmp_path, form, value, dtype, words):
    path, out = tmp_path / "in.pth", tmp_path / f"out.{form}"
    torch.save({"Prediction.good": torch.ones(3), "Prediction.bad": torch.tensor([1.0, value])}, path)
    out.write_bytes(b"what was here")
    done = convert(path, out, "--dtype", dtype)
    assert done.returncode == 2
    assert done.stderr.startswith("trba: tensor Prediction.bad: ") and words in done.stderr
    assert out.read_bytes() == b"what was here" and len(list(tmp_path.iterdir())) == 2


def test_the_largest_numbers_that_fit_are_written(tmp_path):
    path, out = tmp_path / "in.pth", tmp_path / "out.pth"
    torch.save({"Prediction.weight": torch.tensor([65519.996, -65504.0, float("inf"), float("nan")])}, path)
    assert convert(path, out, "--dtype", "float16").returncode == 0
    found = torch.load(out, weights_only=True)["Prediction.weight"]
    assert found[:3].tolist() == [65504.0, -65504.0, float("inf")] and found[3].isnan()


def test_a_double_too_large_for_float_is_refused(tmp_path):
    path = tmp_path / "in.pth"
    torch.save({"Prediction.weight": torch.tensor([1e39], dtype=torch.float64)}, path)
    done = convert(path, tmp_path / "out.pth", "--dtype", "float32")
    assert done.returncode == 2 and "tensor Prediction.weight: 1e+39 is too large for float32" in done.stderr
    assert convert(path, tmp_path / "out.pth").returncode == 0


# ---- names and texts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_a_prefix_may_be_asked_for(checkpoint, state, tmp_path, form):
    out = tmp_path / f"out.{form}"
    assert convert(checkpoint, out, "--prefix", "module.").returncode == 0
    assert list(sorted(FORMS[form](out))) == sorted(f"module.{name}" for name in state)


def test_metadata_goes_with_safetensors(tmp_path):
    alphabet = '0123"\\\n\t' + "\x01äé中😀"
    path, out, again = tmp_path / "in.pth", tmp_path / "out.safetensors", tmp_path / "again.safetensors"
    torch.save({"state_dict": {"Prediction.weight": torch.ones(3)}, "epoch": 7,
                "hyper_parameters": {"charset_train": alphabet}}, path)
    assert convert(path, out).returncode == 0
    with safe_open(out, "pt") as file:
        metadata = file.metadata()
    assert metadata["hyper_parameters.charset_train"] == alphabet and metadata["epoch"] == "7"
    assert convert(out, again).returncode == 0
    with safe_open(again, "pt") as file:
        assert file.metadata() == metadata


def test_pytorch_keeps_the_order_and_can_map_the_file(checkpoint, state, tmp_path):
    out = tmp_path / "out.pth"
    assert convert(checkpoint, out).returncode == 0
    loaded = torch.load(out, weights_only=True, mmap=True)
    assert list(loaded) == list(state)
    assert_same(loaded, state)
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        assert archive.read("archive/version") == b"3\n"


def test_the_data_is_aligned(checkpoint, tmp_path):
    pth, safetensors = tmp_path / "out.pth", tmp_path / "out.safetensors"
    assert convert(checkpoint, pth).returncode == convert(checkpoint, safetensors).returncode == 0
    raw = pth.read_bytes()
    with zipfile.ZipFile(pth) as archive:
        for info in archive.infolist():
            name_bytes, extra_bytes = struct.unpack("<HH", raw[info.header_offset + 26:info.header_offset + 30])
            assert (info.header_offset + 30 + name_bytes + extra_bytes) % 64 == 0, info.filename
    raw = safetensors.read_bytes()
    length, = struct.unpack("<Q", raw[:8])
    sizes = {"F32": 4, "F64": 8, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "U8": 1, "BOOL": 1}
    for name, entry in json.loads(raw[8:8 + length]).items():
        assert (8 + length + entry["data_offsets"][0]) % sizes[entry["dtype"]] == 0, name


@pytest.mark.parametrize("source", ["zip", "legacy", "safetensors", "pth of ours"])
def test_every_form_is_converted(state, tmp_path, source):
    plain = {name: tensor.contiguous() for name, tensor in state.items()}
    path, out = tmp_path / "in.bin", tmp_path / "out.safetensors"
    if source == "safetensors":
        save_file(plain, path)
    else:
        torch.save(plain, path, _use_new_zipfile_serialization=source != "legacy")
    if source == "pth of ours":
        assert convert(path, tmp_path / "first.pth").returncode == 0
        path = tmp_path / "first.pth"
    assert convert(path, out).returncode == 0
    assert_same(load_file(out), plain)


# ---- the file --------------------------------------------------------------------------------------------------------


def test_a_file_may_be_converted_in_place(checkpoint, state, tmp_path):
    path = tmp_path / "best.pth"
    path.write_bytes(checkpoint.read_bytes())
    assert convert(path, path, "--dtype", "float16").returncode == 0
    assert torch.load(path, weights_only=True)["Prediction.weight"].equal(state["Prediction.weight"].half())


def test_the_sidecar_is_not_written_over(checkpoint, tmp_path):
    shutil.copy(checkpoint, tmp_path / "best.pth")
    (tmp_path / "best.yaml").write_text("imgW: 120\n")
    (tmp_path / "way").symlink_to(".")
    for out in (tmp_path / "best.yaml", tmp_path / "way" / "best.yaml"):
        done = convert(tmp_path / "best.pth", out, "--format", "pth")
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
        assert "best.pth, and would be lost" in done.stderr
        assert out.read_text() == "imgW: 120\n"


def test_the_format_is_by_name_or_asked_for(checkpoint, tmp_path):
    done = convert(checkpoint, tmp_path / "out.bin")
    assert done.returncode == 2 and ".safetensors, .pth or .pt" in done.stderr
    assert convert(checkpoint, tmp_path / "out.bin", "--format", "safetensors").returncode == 0
    assert load_file(tmp_path / "out.bin")
    assert convert(checkpoint, tmp_path / "out.pt").returncode == 0
    assert torch.load(tmp_path / "out.pt", weights_only=True)


def test_what_cannot_be_written_is_said(checkpoint, tmp_path):
    for out, words in ((tmp_path / "none" / "out.pth", "No such file"), (tmp_path, "a folder of this name"),
                       ("/dev/null", "a pipe or device")):
        done = convert(checkpoint, out, "--format", "pth")
        assert done.returncode == 3 and len(done.stderr.splitlines()) == 1 and words in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_link_to_an_open_file_is_refused_and_kept(checkpoint, tmp_path):
    """/dev/stdout is such a link: to /proc/self/fd/1. Here there are others, as a test must not risk that one."""
    (tmp_path / "out").symlink_to("/proc/self/fd/1")
    (tmp_path / "way").symlink_to("out")
    (tmp_path / "round").symlink_to(os.path.relpath("/proc/self/fd/1", tmp_path.resolve()))
    (tmp_path / "nowhere").symlink_to("/proc/self/fd/999")
    (tmp_path / "fd").symlink_to("/proc/self/fd")
    before = sorted(tmp_path.iterdir())
    for name in ("out", "way", "round", "nowhere", "fd/1"):
        with open(tmp_path / "redirected", "wb") as stdout:
            done = subprocess.run([TRBA, "convert", checkpoint, name, "--format", "pth"], stdout=stdout,
                                  stderr=subprocess.PIPE, text=True, cwd=tmp_path)
        assert done.returncode == 3 and done.stderr == \
            f"trba: {name} leads into /proc, as /dev/stdout does: name the file to write itself\n"
        (tmp_path / "redirected").unlink()
        assert sorted(tmp_path.iterdir()) == before and (tmp_path / "out").is_symlink()


def test_a_link_to_a_file_or_to_itself_is_replaced(checkpoint, tmp_path):
    (tmp_path / "file").write_bytes(b"what was here")
    for target in ("file", "link.pth", "none"):
        (tmp_path / "link.pth").symlink_to(target)
        assert convert(checkpoint, tmp_path / "link.pth").returncode == 0
        assert not (tmp_path / "link.pth").is_symlink()
        (tmp_path / "link.pth").unlink()
    assert (tmp_path / "file").read_bytes() == b"what was here"


def test_standard_output_is_refused(checkpoint, tmp_path):
    for options in ([], ["--format", "pth"]):
        done = subprocess.run([TRBA, "convert", checkpoint, "-", *options], cwd=tmp_path, capture_output=True,
                              text=True)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == ("trba: a checkpoint cannot be written to standard output: name a file, "
                               "./- if its name is -\n")
    assert list(tmp_path.iterdir()) == []
    done = subprocess.run([TRBA, "convert", checkpoint, "./-", "--format", "pth"], cwd=tmp_path)
    assert done.returncode == 0 and (tmp_path / "-").is_file()


def test_names_that_cannot_be_written_are_refused(checkpoint, tmp_path):
    done = convert(checkpoint, tmp_path / "out.pth", "--prefix", "x" * 1020 + ".")
    assert done.returncode != 0 and "with its prefix a tensor's name is longer than 1024 bytes" in done.stderr
    torch.save({"__metadata__": torch.ones(2)}, tmp_path / "reserved.pth")
    for out in ("out.pth", "out.safetensors"):
        done = convert(tmp_path / "reserved.pth", tmp_path / out)
        assert done.returncode != 0 and "not UTF-8, or reserved" in done.stderr
        assert not (tmp_path / out).exists()


@pytest.mark.parametrize("form", FORMS)
def test_a_full_disk_leaves_what_was_there(checkpoint, tmp_path, form):
    def fill_disk():  # as ulimit -f does; Python gives its children SIGXFSZ as it was
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    out = tmp_path / f"out.{form}"
    out.write_bytes(b"what was here")
    done = subprocess.run([TRBA, "convert", checkpoint, out], capture_output=True, text=True, preexec_fn=fill_disk)
    assert done.returncode == 3 and done.stderr == f"trba: cannot write {out}: File too large\n"
    assert out.read_bytes() == b"what was here" and list(tmp_path.iterdir()) == [out]


# A disk that turns one bit of what it is given, `FLIPPED` bytes before the end.
BAD_DISK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

ssize_t write(int fd, const void *bytes, size_t n)
{
    static char changed[1 << 20];
    ssize_t (*real)(int, const void *, size_t);
    *(void **)&real = dlsym(RTLD_NEXT, "write");
    if (fd <= 2 || n < FLIPPED || n > sizeof changed) return real(fd, bytes, n);
    memcpy(changed, bytes, n);
    changed[n - FLIPPED] ^= 1;
    return real(fd, changed, n);
}
"""


@pytest.fixture(scope="module")
def make_surroundings(tmp_path_factory):
    """make_surroundings(C, *options): the environment in which functions of that text take the place of the C
    library's. A sanitizer's runtime must come before them."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler: disks at fault and interruptions are not tested")

    def make(text, *options):
        folder = tmp_path_factory.mktemp("surroundings")
        (folder / "functions.c").write_text(text)
        subprocess.run([compiler, "-shared", "-fPIC", *options, "-o", folder / "functions.so", folder / "functions.c",
                        "-ldl"], check=True)
        return {**os.environ, "LD_PRELOAD": f"{os.environ.get('LD_PRELOAD', '')}:{folder / 'functions.so'}"}

    return make


@pytest.mark.parametrize("flipped", [30, 700, 1500])
@pytest.mark.parametrize("form", FORMS)
def test_what_the_disk_changes_is_noticed(checkpoint, make_surroundings, tmp_path, form, flipped):
    out = tmp_path / f"out.{form}"
    done = subprocess.run([TRBA, "convert", checkpoint, out], capture_output=True, text=True,
                          env=make_surroundings(BAD_DISK, f"-DFLIPPED={flipped}"))
    assert done.returncode == 3
    assert done.stderr == f"trba: {out} reads back otherwise than it was written: is the disk at fault?\n"
    assert list(tmp_path.iterdir()) == []


# Ctrl-C and its kind, when everything is written and nothing renamed. A file of the same name with 0 behind it is what
# a process of the same PID once left.
INTERRUPTED = """
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int fsync(int fd)
{
    char name[100];
    snprintf(name, sizeof name, "out.pth.part-%ld-1", (long)getpid());
    if (access(name, F_OK) == 0) kill(getpid(), SIGNAL);
    return fd < 0;
}

__attribute__((constructor)) static void leave_a_part(void)
{
    char name[100];
    snprintf(name, sizeof name, "out.pth.part-%ld-0", (long)getpid());
    close(open(name, O_WRONLY | O_CREAT, 0666));
}
"""


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("is_ignored", [False, True])
def test_what_is_interrupted_leaves_no_part(checkpoint, make_surroundings, tmp_path, number, is_ignored):
    def prepare():
        signal.signal(number, signal.SIG_IGN if is_ignored else signal.SIG_DFL)

    (tmp_path / "out.pth").write_bytes(b"what was here")
    process = subprocess.Popen([TRBA, "convert", checkpoint, "out.pth"], cwd=tmp_path, stderr=subprocess.PIPE,
                               env=make_surroundings(INTERRUPTED, f"-DSIGNAL={int(number)}"), preexec_fn=prepare)
    assert process.communicate(timeout=120) == (None, b"")
    assert process.returncode == (0 if is_ignored else -number)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"out.pth", f"out.pth.part-{process.pid}-0"}, "and what is not this run's stays"
    assert ((tmp_path / "out.pth").read_bytes() == b"what was here") != is_ignored


# Every run in a container has the same PID, and each that is killed leaves a part.
LEFT_BEHIND = """
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

__attribute__((constructor)) static void leave_parts(void)
{
    char name[100];
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "out.pth.part-%ld-%d", (long)getpid(), i);
        close(open(name, O_WRONLY | O_CREAT, 0666));
    }
}
"""


def test_where_all_names_of_parts_are_taken_they_are_to_be_removed(checkpoint, make_surroundings, tmp_path):
    process = subprocess.Popen([TRBA, "convert", checkpoint, "out.pth"], cwd=tmp_path, stderr=subprocess.PIPE,
                               env=make_surroundings(LEFT_BEHIND), text=True)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 3 and said.count("\n") == 1
    assert f"out.pth.part-{process.pid}-0 and so on to 99: remove these files" in said
    assert len(list(tmp_path.iterdir())) == 100 and not (tmp_path / "out.pth").exists()


def test_permissions_are_those_of_a_new_file(checkpoint, tmp_path):
    before = os.umask(0o027)
    try:
        assert convert(checkpoint, tmp_path / "out.pth").returncode == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "out.pth").stat().st_mode) == 0o640


@pytest.mark.parametrize("permissions", [0o600, 0o666, 0o440])
def test_a_file_that_is_replaced_keeps_its_permissions(checkpoint, tmp_path, permissions):
    path = tmp_path / "best.pth"
    shutil.copyfile(checkpoint, path)
    path.chmod(permissions)
    before = os.umask(0o022)
    try:
        assert convert(path, path, "--dtype", "float16").returncode == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == permissions


def test_a_trba_yaml_is_told_of_unless_it_is_another_checkpoints(checkpoint, tmp_path):
    source, there = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    there.mkdir()
    (source / "best.pth").write_bytes(checkpoint.read_bytes())
    (source / "trba.yaml").write_text("charset: abc\n")
    (there / "trba.pth").write_bytes(b"")  # as copying to out/trba.yaml would give the settings to this one alone:
    assert convert(source / "best.pth", there / "small.safetensors").stderr == \
        (f"trba: the settings in {source}/trba.yaml belong to {there}/small.safetensors, too: "
         f"copy them to {there}/small.yaml\n")
    (source / "trba.pth").write_bytes(b"")
    done = convert(source / "best.pth", there / "smaller.safetensors")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["best.pth", "best.pt", "best.safetensors", "best.bin"])
def test_a_new_trba_pth_takes_no_sidecar_from_others(checkpoint, tmp_path, name):
    """A trba.yaml is for the whole folder, but beside a trba.pth it is for that one alone."""
    shutil.copy(checkpoint, tmp_path / name)
    (tmp_path / "trba.yaml").write_text("imgW: 120\n")
    (tmp_path / "way").symlink_to(".")
    (tmp_path / "elsewhere").mkdir()
    sources = [tmp_path / name] + ([checkpoint] if name != "best.bin" else [])  # what is beside OUT counts by its name
    for source in sources:
        for folder in (tmp_path, tmp_path / "way"):
            done = convert(source, folder / "trba.pth")
            other = folder / name if source == checkpoint else source
            assert (done.returncode, done.stderr) == (2, (
                f"trba: {other.parent}/trba.yaml would be for {folder}/trba.pth alone, and lost to {other}: "
                f"copy it to {other.with_suffix('.yaml')} first, or name another file\n"))
            assert not (tmp_path / "trba.pth").exists()
    done = subprocess.run([TRBA, "convert", name, "trba.pth"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2 and "trba.yaml would be for trba.pth alone" in done.stderr
    shutil.copy(tmp_path / "trba.yaml", tmp_path / "best.yaml")
    assert convert(tmp_path / name, tmp_path / "trba.pth").returncode == 0
    assert convert(tmp_path / name, tmp_path / "trba.pth").returncode == 0, "it is there already"


def test_a_trba_yaml_that_waits_for_its_trba_pth_is_no_hindrance(checkpoint, tmp_path):
    (tmp_path / "trba.yaml").write_text("imgW: 120\n")
    (tmp_path / "trba.safetensors").write_bytes(b"")  # for which it is STEM.yaml, and stays it
    (tmp_path / "other.pth").write_bytes(b"")
    (tmp_path / "other.yml").write_text("imgW: 120\n")
    (tmp_path / "notes.txt").write_text("no checkpoint")
    source = tmp_path / "in"
    source.mkdir()
    shutil.copy(checkpoint, source / "best.pth")
    (source / "trba.yaml").symlink_to("../trba.yaml")  # for all of its own folder, where there will be no trba.pth
    assert convert(source / "best.pth", tmp_path / "trba.pth").returncode == 0


def test_the_user_is_told_of_the_sidecar(checkpoint, tmp_path):
    source, there = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    there.mkdir()
    (source / "best.pth").write_bytes(checkpoint.read_bytes())
    (source / "best.yaml").write_text("charset: abc\n")
    done = convert(source / "best.pth", there / "small.safetensors")
    assert done.returncode == 0
    assert done.stderr == (f"trba: the settings in {source}/best.yaml belong to {there}/small.safetensors, too: "
                           f"copy them to {there}/small.yaml\n")
    (there / "small.yaml").write_text("charset: abc\n")
    assert convert(source / "best.pth", there / "small.safetensors").stderr == ""
    assert convert(source / "best.pth", source / "best.safetensors").stderr == ""


def test_wrong_command_lines_are_refused(checkpoint, tmp_path):
    for arguments in ([], [checkpoint], [checkpoint, "a", "b"], [checkpoint, "out.pth", "--dtype", "int8"],
                      [tmp_path / "none.pth", "out.pth"]):
        done = convert(*arguments)
        assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
