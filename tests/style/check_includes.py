#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_includes.py - reads the #include lines and fails on an arrow that docs/STRUCTURE.md does not have.

    docs/STRUCTURE.md   | `src/image/` | what it is for | base, kernels |      the rows of its table are the rules
    src/, tools/        every #include line                                   must follow them

And: a third-party header is included by one library file only, processor intrinsics stay in src/kernels/ (but for
INTRINSICS_ELSEWHERE), a file name is used once.

    usage: check_includes.py SOURCE_DIR
"""
import collections
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
TABLE_ROW = re.compile(r"^\| `([a-z./]+?)/?` \|[^|]*\| ([^|]*) \|$", re.MULTILINE)
INTRINSICS_ELSEWHERE = {"src/base/crc32_fold.c"}  # no kernel of a network
INTRINSICS = {"immintrin.h", "emmintrin.h", "xmmintrin.h", "cpuid.h", "arm_neon.h"}

# Headers of the C standard and of POSIX: free for all. Any other header in <> belongs to a third party; so do
# <dlfcn.h>, which src/layers/blas.c alone may use, and <signal.h>, which is src/base/signals.c's.
SYSTEM = set("""
    assert.h ctype.h errno.h fenv.h float.h inttypes.h limits.h locale.h math.h setjmp.h stdalign.h stdarg.h
    stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdlib.h stdnoreturn.h string.h threads.h time.h wchar.h
    dirent.h fcntl.h ftw.h getopt.h pthread.h sched.h strings.h unistd.h
    sys/ioctl.h sys/mman.h sys/resource.h sys/stat.h sys/syscall.h sys/time.h sys/types.h sys/wait.h
    """.split())


def read_rules(source_dir):
    """{"src/image": {"src/base", "src/kernels", "src/image"}, ...}: which folders' headers a folder may include."""
    text = (source_dir / "docs" / "STRUCTURE.md").read_text(encoding="utf-8")
    rules = {}
    for folder, sees in TABLE_ROW.findall(text):
        names = [name.strip(" `") for name in sees.split(",")]
        rules[folder] = {folder} | {name if name in ("include", "everything") else f"src/{name}"
                                    for name in names if name not in ("nothing", "")}
    return rules


def rule_name(rules, path):
    """The row a file belongs to: its own, or its folder's ("src/kernels/avx2/x.c" -> "src/kernels"). The row of src/ is
    for the files right in it: a new folder needs a row of its own."""
    for name in (path, *path.parents):
        if str(name) in rules and (str(name) != "src" or name == path.parent):
            return str(name)
    return None


def included_file(source_dir, path, name):
    """What a "quoted" name refers to, relative to the source folder; None if there is no such file."""
    for base in (path.parent, pathlib.PurePosixPath("src"), pathlib.PurePosixPath("include"),
                 pathlib.PurePosixPath("tools")):
        if (source_dir / base / name).is_file():
            return base / name
    return None


def check_quoted(source_dir, rules, path, name):
    target = included_file(source_dir, path, name)
    if target is None:
        return f'{path}: "{name}" is no file of this tree'
    rule, target_rule = rule_name(rules, path), rule_name(rules, target)
    if rule is None or target_rule is None:
        return f"{path}: docs/STRUCTURE.md has no row for its folder, or for that of {target}"
    # trba.h is the contract: everybody sees it.
    if "everything" in rules[rule] or target_rule in rules[rule] or target_rule == "include":
        return None
    return f'{path} includes "{name}", but {rule} may only see {", ".join(sorted(rules[rule]))}'


def check_files(source_dir, rules, files):
    problems, users = [], collections.defaultdict(set)
    for path in files:
        for kind, name in INCLUDE.findall((source_dir / path).read_text(encoding="utf-8")):
            if kind == '"':
                problems.append(check_quoted(source_dir, rules, path, name))
            elif name in INTRINSICS:
                is_at_home = path.is_relative_to("src/kernels") or str(path) in INTRINSICS_ELSEWHERE
                if not is_at_home and name != "cpuid.h":
                    problems.append(f"{path} includes <{name}>: instruction sets are the business of src/kernels/")
            elif name not in SYSTEM and path.is_relative_to("src"):
                users[name].add(str(path))
    for name, paths in users.items():
        if len(paths) > 1:
            problems.append(f"<{name}> is included by {len(paths)} library files, one may: {', '.join(sorted(paths))}")
    return [problem for problem in problems if problem]


def check_names(source_dir):
    """The C and Python files of the whole tree have different names, so that a name is enough to find one."""
    paths = collections.defaultdict(list)
    for folder in ("src", "include", "tools", "python", "examples", "bench", "tests", "scripts", "training"):
        for path in sorted((source_dir / folder).rglob("*")):
            if path.suffix in (".c", ".h", ".inc", ".py", ".sh") and path.name not in ("__init__.py", "conftest.py"):
                paths[path.name].append(str(path.relative_to(source_dir)))
    return [f"{name} is the name of {len(same)} files: {', '.join(same)}" for name, same in paths.items()
            if len(same) > 1]


def main():
    source_dir = pathlib.Path(sys.argv[1])
    rules = read_rules(source_dir)
    files = [path.relative_to(source_dir) for folder in ("src", "tools") for path in
             sorted((source_dir / folder).rglob("*")) if path.suffix in (".c", ".h", ".inc")]
    if len(rules) < 8 or len(files) < 20:
        sys.exit(f"read {len(rules)} rules and {len(files)} files: this check does not see the tree it is for")
    problems = check_files(source_dir, rules, files) + check_names(source_dir)
    print("\n".join(problems) or f"{len(files)} files follow the {len(rules)} rows of docs/STRUCTURE.md")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
