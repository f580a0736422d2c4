#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_install.py - installs the build into a temporary folder, moves that folder, and uses what lies there:

    the outside project of this folder   through the CMake package, in C and C++, shared and static
    the same sources                     through pkg-config, shared and static
                                         host.c has functions of its own named as the library's inner ones
                                         and with add_subdirectory(), with settings of a project of its own
    the program of README.md             compiles, links and reads as README.md says
    strdemo and trba                     run from the moved folder, with their library; their pages and completions
    the models                           the installed ones are read, and none of the source tree in their place

    usage: check_install.py BUILD_DIR CMAKE C_COMPILER CXX_COMPILER
"""
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SOURCE_DIR = HERE.parent.parent


def run(*command, env=None, cwd=None):
    """Runs a command that must succeed; returns what it printed."""
    done = subprocess.run([str(word) for word in command], env=env, cwd=cwd, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if done.returncode:
        sys.exit(f"failed with {done.returncode}: {' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


def install_and_move(cmake, build_dir, folder):
    """Installs to one folder and moves it to another, where nothing was configured for. Returns the new one."""
    run(cmake, "--install", build_dir, "--prefix", folder / "first")
    return (folder / "first").rename(folder / "moved")


def check_host(name, program, prefix):
    """A program with functions named as the library's inner ones reads as every other."""
    said = run(program, prefix / "share" / "trba" / "models" / "trba.pth", SOURCE_DIR / "data" / "exit.png").strip()
    if said != "EXIT":
        sys.exit(f"{name}: beside functions named as its own, the library reads {said!r}")
    print(f"{name}: {said}")


def find_one(prefix, name):
    found = sorted(prefix.rglob(name))
    if len(found) != 1:
        sys.exit(f"the installed tree has {len(found)} files {name}, expected 1")
    return found[0]


def check_cmake_package(cmake, compilers, version, prefix, folder):
    run(cmake, "-S", HERE, "-B", folder / "build", f"-DCMAKE_PREFIX_PATH={prefix}",
        f"-DCMAKE_C_COMPILER={compilers[0]}", f"-DCMAKE_CXX_COMPILER={compilers[1]}",
        f"-DTRBA_EXPECTED_VERSION={version}")
    run(cmake, "--build", folder / "build")
    programs = sorted((folder / "build").glob("user_c*_trba*"))
    if len(programs) < 2:
        sys.exit(f"the outside project built {len(programs)} programs, expected 2 or more")
    for program in programs:
        print(f"CMake package, {program.name}: {run(program).strip()}")
    for program in sorted((folder / "build").glob("host_trba*")):
        check_host(f"CMake package, {program.name}", program, prefix)


def check_cmake_package_alone(cmake, compilers, version, prefix, folder):
    """Where nothing that the library was built from can be found: the shared one needs none of it."""
    env = {**os.environ, "PKG_CONFIG_LIBDIR": "/nowhere", "PKG_CONFIG_PATH": ""}
    run(cmake, "-S", HERE, "-B", folder / "alone", f"-DCMAKE_PREFIX_PATH={prefix}",
        f"-DCMAKE_C_COMPILER={compilers[0]}", f"-DCMAKE_CXX_COMPILER={compilers[1]}",
        f"-DTRBA_EXPECTED_VERSION={version}", env=env)
    run(cmake, "--build", folder / "alone")
    built = [program.name for program in sorted((folder / "alone").glob("user_c*_trba*"))]
    if built != ["user_c_trba", "user_cpp_trba"]:
        sys.exit(f"without the library's dependencies the outside project built {built}")


def check_subdirectory(cmake, compilers, folder):
    """In another project's tree, with that project's folders and its wish for few, large compilations. In plain C: the
    quickest to build."""
    run(cmake, "-S", HERE, "-B", folder / "inside", f"-DTRBA_SUBDIRECTORY={SOURCE_DIR}", "-DTRBA_REF_ONLY=ON",
        f"-DCMAKE_C_COMPILER={compilers[0]}", f"-DCMAKE_CXX_COMPILER={compilers[1]}", "-DCMAKE_UNITY_BUILD=ON",
        "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_INSTALL_BINDIR=lib/programs", "-DCMAKE_INSTALL_DATADIR=data")
    run(cmake, "--build", folder / "inside", "--parallel", "2")
    print(f"add_subdirectory(): {run(folder / 'inside' / 'user_c_trba').strip()}")
    run(cmake, "--install", folder / "inside", "--prefix", folder / "in folders of its own")
    prefix = (folder / "in folders of its own").rename(folder / "moved too")
    check_default_model(prefix / "lib" / "programs" / "strdemo", prefix / "data" / "trba" / "models", folder)
    check_absolute_folders(cmake, folder)


def check_absolute_folders(cmake, folder):
    """As some distributions have them, each kind of file under a prefix of its own."""
    split = folder / "split"
    kinds = {"BINDIR": "bin", "LIBDIR": "lib", "INCLUDEDIR": "dev/include", "DATADIR": "data"}
    run(cmake, *(f"-DCMAKE_INSTALL_{kind}={split / name}" for kind, name in kinds.items()),
        f"-DCMAKE_INSTALL_PREFIX={split / 'rest'}", folder / "inside")
    run(cmake, "--build", folder / "inside", "--parallel", "2")
    run(cmake, "--install", folder / "inside")
    check_default_model(split / "bin" / "strdemo", split / "data" / "trba" / "models", folder)
    env = {**os.environ, "PKG_CONFIG_PATH": str(split / "lib" / "pkgconfig")}
    for variable, name in (("libdir", "lib"), ("includedir", "dev/include"), ("prefix", "rest")):
        said = run("pkg-config", f"--variable={variable}", "trba", env=env).strip()
        if pathlib.Path(said).resolve() != (split / name).resolve():
            sys.exit(f"trba.pc says {variable}={said}, and it is {split / name}")


def check_refused_options(cmake, compiler, folder):
    """What could not be linked is refused before anything is built."""
    option, wanted = "-DTRBA_BUILD_PYTHON=ON", "add -DTRBA_BUILD_STATIC=ON"
    done = subprocess.run([cmake, "-S", SOURCE_DIR, "-B", folder / "refused", option,
                           f"-DCMAKE_C_COMPILER={compiler}"], capture_output=True, text=True)
    if done.returncode == 0 or wanted not in " ".join(done.stderr.split()):
        sys.exit(f"with {option} CMake ends with {done.returncode}: {done.stderr}")


def check_pkg_config(compilers, prefix, folder):
    pc = find_one(prefix, "trba.pc")
    env = {**os.environ, "PKG_CONFIG_PATH": str(pc.parent)}
    libdir = pc.parent.parent
    links = {"shared": (["--libs"], [f"-Wl,-rpath,{libdir}"])}
    if (libdir / "libtrba.a").exists():
        links["static"] = (["--libs", "--static"], ["-Wl,-rpath,/nowhere"])
    for compiler, source in zip((*compilers, compilers[0]), ("user_c.c", "user_cpp.cpp", "host.c")):
        for kind, (libs, extra) in links.items():
            flags = run("pkg-config", "--cflags", *libs, "trba", env=env).split()
            if kind == "static":
                flags = [str(libdir / "libtrba.a") if flag == "-ltrba" else flag for flag in flags]
            run(compiler, HERE / source, "-o", folder / "user", *flags, *extra)
            name = f"pkg-config {kind}, {source}"
            if source == "host.c":
                check_host(name, folder / "user", prefix)
            else:
                print(f"{name}: {run(folder / 'user').strip()}")


def check_readme(compiler, prefix, folder):
    readme = (SOURCE_DIR / "README.md").read_text(encoding="utf-8")
    program = readme.split("```c\n")[1].split("```")[0]
    (folder / "word.c").write_text(program, encoding="utf-8")
    env = {**os.environ, "PKG_CONFIG_PATH": str(find_one(prefix, "trba.pc").parent)}
    flags = run("pkg-config", "--cflags", "--libs", "trba", env=env).split()
    run(compiler, "-Wall", "-Wextra", "-Werror", folder / "word.c", "-o", folder / "word", *flags)
    # What its two names are, and what ldconfig is for after an installation.
    (folder / "best.pth").symlink_to(SOURCE_DIR / "models" / "trba.pth")
    env["LD_LIBRARY_PATH"] = str(find_one(prefix, "trba.pc").parent.parent)
    missing = subprocess.run([folder / "word"], cwd=folder, env=env, capture_output=True, text=True)
    if missing.returncode != 1 or missing.stdout or "word.png" not in missing.stderr:
        sys.exit(f"README.md: without a picture its program ends with {missing.returncode} and says {missing.stderr!r}")
    (folder / "word.png").symlink_to(SOURCE_DIR / "data" / "exit.png")
    said = run(folder / "word", env=env, cwd=folder)
    if said.split()[0] != "EXIT":
        sys.exit(f"README.md: its program reads {said!r}")
    print(f"README.md: {said.strip()}")


def check_programs(version, prefix):
    for name in ("strdemo", "trba"):
        program = prefix / "bin" / name
        # The library beside it, not one of the system: the environment has no say.
        env = {key: value for key, value in os.environ.items() if key != "LD_LIBRARY_PATH"}
        print(f"{name}: {run(program, '--version', env=env).strip()}")
        for file in (f"man/man1/{name}.1", f"bash-completion/completions/{name}",
                     f"fish/vendor_completions.d/{name}.fish", "zsh/site-functions/_trba"):
            if not (prefix / "share" / file).is_file():
                sys.exit(f"the installed tree has no share/{file}")
        if f'"trba {version}"' not in (prefix / "share" / "man" / "man1" / f"{name}.1").read_text(encoding="utf-8"):
            sys.exit(f"the manual page {name}.1 is not of version {version}")


def check_default_model(strdemo, models, folder):
    """From a folder without models, and without one of the user's own."""
    env = {key: value for key, value in os.environ.items() if key not in ("LD_LIBRARY_PATH", "TRBA_MODEL")}
    command = [strdemo, "-v", SOURCE_DIR / "data" / "exit.png"]
    done = subprocess.run(command, cwd=folder, env=env, text=True, capture_output=True)
    [said] = [line for line in done.stderr.splitlines() if line.startswith("model: ")] or [done.stderr]
    if done.returncode or pathlib.Path(said.removeprefix("model: ")).resolve() != (models / "trba.pth").resolve():
        sys.exit(f"the installed strdemo does not read the installed model: {said}")
    print(f"strdemo reads {said}")
    (models / "trba.pth").unlink()
    done = subprocess.run(command, cwd=folder, env=env, text=True, capture_output=True)
    if done.returncode != 2 or "is not here" not in done.stderr:
        sys.exit(f"without its model the installed strdemo took another: {done.stderr}")


def main():
    build_dir, cmake, *compilers = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        prefix = install_and_move(cmake, build_dir, folder)
        for file in ("trba.h", "LICENSE", "NOTICE"):
            find_one(prefix, file)
        version = run("pkg-config", "--modversion", find_one(prefix, "trba.pc")).strip()
        check_cmake_package(cmake, compilers, version, prefix, folder)
        check_cmake_package_alone(cmake, compilers, version, prefix, folder)
        check_pkg_config(compilers, prefix, folder)
        check_readme(compilers[0], prefix, folder)
        check_programs(version, prefix)
        check_default_model(prefix / "bin" / "strdemo", prefix / "share" / "trba" / "models", folder)
        check_subdirectory(cmake, compilers, folder)
        check_refused_options(cmake, compilers[0], folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
