#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_wheel.py - is a wheel all that is needed? Installs it, and nothing else, into a new virtual environment, where
it must read data/ with its own model as labels.tsv says, also with the OpenBLAS that it carries.

    usage: check_wheel.py WHEEL
"""
import pathlib
import subprocess
import sys
import tempfile
import venv

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"

# Prints the texts of argv[2:], read with OpenBLAS, if that lies under argv[1].
READ_WITH_OPENBLAS = """
import sys, trba
with trba.Model(cpu="blas") as model:
    texts = [result.text for result in model.read(sys.argv[2:])]
mapped = {line.split()[-1] for line in open("/proc/self/maps") if "openblas" in line}
if not mapped or not all(path.startswith(sys.argv[1] + "/") for path in mapped):
    sys.exit(f"the wheel does not use an OpenBLAS of its own, but {mapped}")
print(*texts, sep="\\n")
"""


def install(wheel, folder):
    """Returns the Python that has the wheel."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", wheel],
                   check=True)
    return python


def read_data(python, folder):
    """What `python -m trba` prints, as (file name, text); from a folder without a trba to be taken by mistake."""
    done = subprocess.run([python, "-I", "-m", "trba", "--format", "tsv", *list_pictures()], check=True,
                          cwd=folder, stdout=subprocess.PIPE, text=True)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    return [f"{pathlib.Path(row[0]).name}\t{row[1]}" for row in rows]


def read_data_with_openblas(python, folder):
    """The same."""
    done = subprocess.run([python, "-I", "-c", READ_WITH_OPENBLAS, folder, *list_pictures()], check=True, cwd=folder,
                          stdout=subprocess.PIPE, text=True)
    return [f"{picture.name}\t{text}" for picture, text in zip(list_pictures(), done.stdout.splitlines(), strict=True)]


def list_pictures():
    return [DATA / line.split("\t")[0] for line in read_labels()]


def read_labels():
    return (DATA / "labels.tsv").read_text(encoding="utf-8").splitlines()


def main():
    wheel = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name).resolve()
        python = install(wheel, folder / "venv")
        labels = read_labels()
        for read in (read_data(python, folder), read_data_with_openblas(python, folder)):
            if read != labels:
                sys.exit(f"the wheel read {read}, expected {labels}")
    print(f"{wheel.name}: alone in a new environment it read {len(labels)} pictures as they are labelled, twice")
    return 0


if __name__ == "__main__":
    sys.exit(main())
