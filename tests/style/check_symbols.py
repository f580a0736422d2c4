#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_symbols.py - what the library gives to its host program, takes from it, and keeps.

    exports    exactly the functions that trba.h declares, all of them named trba_*
    imports    nothing that prints, ends the process, or reads or changes what belongs to all of it
    keeps      no writable variable: not in .data, not in .bss, not in thread-local storage

    usage: check_symbols.py SOURCE_DIR LIBTRBA_SO CONFIG [LIBTRBA_A]

CONFIG is CMake's kind of build: in Debug, assert() may end the process. The static library is of the same objects: only
what it exports is looked at once more, because in an archive a hidden symbol is an exported one.
"""
import pathlib
import re
import subprocess
import sys

DECLARATION = re.compile(r"^TRBA_API\b[^;(]*?(\w+)\s*\(", re.MULTILINE)

# By what they would do to the host program. glibc's checked forms (__printf_chk) count as what they check. dlopen() is
# left out: layers/blas.c loads OpenBLAS, as trba.h says; so is pthread_sigmask(), by which base/signals.c keeps the
# host's signals from threads. check_includes.py lets no other file include <dlfcn.h> or <signal.h>.
UNWANTED = {
    "prints": "printf vprintf fprintf vfprintf dprintf vdprintf puts putchar putc fputs fputc fwrite perror psignal "
              "syslog vsyslog err errx warn warnx error stdout stderr stdin",
    "ends the process": "exit _exit _Exit quick_exit abort assert_fail assert_perror_fail atexit on_exit",
    "changes its locale": "setlocale uselocale newlocale",
    "has to do with signals": "signal sigaction sigprocmask sigaltstack raise kill alarm setitimer",
    "has to do with the environment": "getenv secure_getenv setenv putenv unsetenv clearenv environ",
    "starts a process": "fork vfork execl execv execve execvp execvpe posix_spawn posix_spawnp system popen clone",
    "changes its surroundings": "chdir fchdir umask setrlimit prctl setpriority nice sched_setaffinity mallopt",
    "has state that threads share": "rand srand random srandom strtok localtime gmtime ctime asctime tmpnam",
}
# What the C runtime's own start files (crtbeginS.o) put into every shared library.
ALLOWED_VARIABLES = re.compile(r"__dso_handle|completed\.\d+|__TMC_END__|_edata|_end|__bss_start")
WRITABLE_SECTION = re.compile(r"\.(data|bss|tdata|tbss)(\.(?!rel\.ro).*)?")


def read_symbols(library, *options):
    """(name, section) of every symbol that nm lists; the version is taken off the name."""
    lines = subprocess.run(["nm", "--format=sysv", *options, library], check=True, text=True,
                           capture_output=True).stdout.splitlines()
    rows = [[field.strip() for field in line.split("|")] for line in lines if line.count("|") == 6]
    return [(row[0].split("@")[0], row[6]) for row in rows if row[0] != "Name"]


def check_exports(source_dir, library, *options):
    header = pathlib.Path(source_dir, "include", "trba.h").read_text(encoding="utf-8")
    where = pathlib.Path(library).name
    declared = set(DECLARATION.findall(header))
    exported = {name for name, _ in read_symbols(library, "--defined-only", *options)}
    for name in sorted(exported):
        if not name.startswith("trba_"):
            yield f"{where}: exported, but not named trba_*: {name}"
    for name in sorted(exported - declared):
        yield f"{where}: exported, but not in trba.h: {name}"
    for name in sorted(declared - exported):
        yield f"{where}: in trba.h, but not exported: {name}"
    if len(declared) < 20:
        yield f"found only {len(declared)} declarations in trba.h: this check cannot read it"


def check_imports(library, config):
    imported = {name for name, _ in read_symbols(library, "--dynamic", "--undefined-only")}
    if "malloc" not in imported:
        yield "malloc is not among the imported functions: this check cannot read them"
    plain = {re.sub(r"^__(.*?)(_chk)?$", r"\1", name) for name in imported}
    if config == "Debug":
        plain.discard("assert_fail")
    for what, names in UNWANTED.items():
        for name in sorted(plain & set(names.split())):
            yield f"imported, but the library must not call what {what}: {name}"


def check_variables(library):
    symbols = read_symbols(library)
    if len(symbols) < 100:
        yield f"only {len(symbols)} symbols: the library is stripped, and this check sees nothing"
    for name, section in sorted(symbols):
        if WRITABLE_SECTION.fullmatch(section) and not ALLOWED_VARIABLES.fullmatch(name):
            yield f"a writable variable, which all threads would share: {name} in {section}"


def main():
    source_dir, library, config, *archives = sys.argv[1:]
    problems = [*check_exports(source_dir, library, "--dynamic"), *check_imports(library, config),
                *check_variables(library)]
    for archive in archives:
        problems += check_exports(source_dir, archive, "--extern-only")
    also = "".join(f", the exports of {pathlib.Path(archive).name}" for archive in archives)
    print("\n".join(problems) or f"exports, imports and variables of libtrba.so{also} are as promised")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
