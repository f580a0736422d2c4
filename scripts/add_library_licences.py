#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""add_library_licences.py - puts the licences of the C libraries that a wheel will carry into it.

    wheel --> its extension module --ldd--> libraries --dpkg--> Debian packages --> /usr/share/doc/PACKAGE/copyright
          --> trba-*.dist-info/licenses/PACKAGE.txt, and the licences that those files refer to

For a wheel before auditwheel, which then copies the libraries and lists every file. The system's own libraries (libc,
libm, zlib, libgcc), which auditwheel leaves out, may be among the licences: that does no harm. Not on a Debian system:
says which licences are missing, and fails.

    usage: add_library_licences.py WHEEL
"""
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

LDD_LINE = re.compile(r"=> (/\S+) \(0x")
COMMON_LICENCE = re.compile(r"/usr/share/common-licenses/([\w.+-]*\w)")


def find_libraries(wheel):
    """The shared libraries that the wheel's extension module is linked with, as real paths."""
    module, = (name for name in wheel.namelist() if name.endswith(".so"))
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["ldd", wheel.extract(module, folder)], check=True, capture_output=True, text=True)
    return [pathlib.Path(path).resolve() for path in LDD_LINE.findall(done.stdout)]


def find_package(library):
    """The Debian package of a library. Packages from before /lib became a link to /usr/lib know it as /lib/..."""
    for path in (library, pathlib.Path(str(library).removeprefix("/usr"))):
        done = subprocess.run(["dpkg-query", "-S", path], capture_output=True, text=True)
        if done.returncode == 0:
            return done.stdout.split(":")[0]
    sys.exit(f"no Debian package has {library}: its licence must be added by hand")


def read_licences(packages):
    """{file name: text}"""
    texts = {}
    for package in packages:
        text = pathlib.Path("/usr/share/doc", package, "copyright").read_text(encoding="utf-8")
        texts[f"{package}.txt"] = text
        for name in COMMON_LICENCE.findall(text):
            texts[f"{name}.txt"] = pathlib.Path("/usr/share/common-licenses", name).read_text(encoding="utf-8")
    return texts


def main():
    with zipfile.ZipFile(sys.argv[1], "a", zipfile.ZIP_DEFLATED) as wheel:
        dist_info = next(name.split("/")[0] for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        packages = sorted({find_package(library) for library in find_libraries(wheel)})
        for name, text in sorted(read_licences(packages).items()):
            wheel.writestr(f"{dist_info}/licenses/libraries/{name}", text)
    print(f"licences of {', '.join(packages)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
