#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_dist.py - the tarball of `make dist` is the commit and nothing else, and is enough to build and use trba:

    make_dist.sh, twice        the same bytes; named after the version; the files of the commit, no more and no fewer
    configure, build           in a temporary folder without .git and, where the system lets us, without a network
    strdemo                    reads data/ as its labels say

    usage: check_dist.py VERSION CMAKE C_COMPILER        exit code 77: skipped, this tree has no Git history
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE_DIR = pathlib.Path(__file__).resolve().parent.parent.parent
SKIPPED = 77


def run(*command, cwd=SOURCE_DIR):
    """Runs a command that must succeed; returns what it printed to standard output."""
    done = subprocess.run([str(word) for word in command], cwd=cwd, text=True, capture_output=True)
    if done.returncode:
        sys.exit(f"failed with {done.returncode}: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def pack(version, folder):
    tarball = folder / f"trba-{version}.tar.gz"
    run(SOURCE_DIR / "scripts" / "make_dist.sh", folder)
    if not tarball.is_file():
        sys.exit(f"expected {tarball.name}, found {[path.name for path in folder.iterdir()]}")
    return tarball


def check_same_bytes(version, tarball, folder):
    folder.mkdir()
    if pack(version, folder).read_bytes() != tarball.read_bytes():
        sys.exit("packed twice, the tarballs differ")


def check_files(tarball, tree):
    """Unpacks to `tree` and holds the files there against the commit."""
    run("tar", "-xzf", tarball, "-C", tree.parent)
    unpacked = {str(path.relative_to(tree)) for path in tree.rglob("*") if not path.is_dir()}
    committed = set(run("git", "ls-tree", "-r", "-z", "--name-only", "HEAD").split("\0")) - {""}
    if unpacked != committed:
        sys.exit(f"the tarball and the commit differ in {sorted(unpacked ^ committed)}")
    print(f"{tarball.name}: {len(unpacked)} files, {tarball.stat().st_size} bytes")


def find_network_cutter():
    """The words before a command that take its network away; none where that is not allowed."""
    for cutter in (["unshare", "-n"], ["unshare", "-rn"]):
        if shutil.which("unshare") and subprocess.run([*cutter, "true"], capture_output=True).returncode == 0:
            return cutter
    print("skipped: this system does not let us take the network away")
    return []


def check_build(cmake, compiler, tree, build):
    cutter = find_network_cutter()
    run(*cutter, cmake, "-S", tree, "-B", build, "-DCMAKE_BUILD_TYPE=Release", f"-DCMAKE_C_COMPILER={compiler}",
        "-DTRBA_WERROR=ON", cwd=tree)
    run(*cutter, cmake, "--build", build, "--parallel", "2", cwd=tree)


def check_strdemo(version, tree, build):
    said = run(build / "strdemo", "--version", cwd=tree).split()[:2]
    if said != ["strdemo", version]:
        sys.exit(f"strdemo --version says {said}, expected {version}")
    lines = run(build / "strdemo", "--format", "tsv", "data/", cwd=tree).splitlines()
    read = ["\t".join(line.split("\t")[:2]).removeprefix("data/") for line in lines]
    labels = (tree / "data" / "labels.tsv").read_text(encoding="utf-8").splitlines()
    if read != labels:
        sys.exit(f"strdemo read {read}, expected {labels}")
    print(f"strdemo read {len(read)} pictures of data/ as they are labelled")


def main():
    version, cmake, compiler = sys.argv[1:]
    if not (SOURCE_DIR / ".git").exists():
        print("skipped: this tree has no Git history, so there is no commit to pack")
        return SKIPPED
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        tarball = pack(version, folder)
        check_same_bytes(version, tarball, folder / "again")
        tree = folder / f"trba-{version}"
        check_files(tarball, tree)
        check_build(cmake, compiler, tree, folder / "build")
        check_strdemo(version, tree, folder / "build")
    return 0


if __name__ == "__main__":
    sys.exit(main())
