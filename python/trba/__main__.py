# SPDX-License-Identifier: Apache-2.0
"""python -m trba: reads image files and prints their texts.

    text    the text of each image, one line each
    tsv     path TAB text TAB confidence, as strdemo --format tsv
    jsonl   one JSON object per image, bad ones included, with the keys of strdemo --format jsonl

Exit code: 0 all were read, 1 some could not be (stderr says why), 2 bad options or model, 3 the
reader of the pipe left.
"""

import argparse
import io
import itertools
import json
import os
import pathlib
import sys
from collections.abc import Callable, Iterator

from . import Error, Model, Result, __version__, charset_presets

_CHUNK = 16  # lines appear as soon as this many images have been read


def _escape(text: str, *, with_backslash: bool) -> str:
    text = text.replace("\\", "\\\\") if with_backslash else text
    return text.replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _text_line(path: str, result: Result) -> str | None:
    return result.text if result.ok else None


def _tsv_line(path: str, result: Result) -> str | None:
    if not result.ok:
        return None
    return (f"{_escape(path, with_backslash=True)}\t{_escape(result.text, with_backslash=False)}"
            f"\t{result.confidence:.6f}")


def _jsonl_line(path: str, result: Result) -> str | None:
    name = os.fsencode(path).decode("utf-8", "replace")  # JSON has no place for the bytes of a name that is not UTF-8
    return json.dumps({"path": name, **result.to_dict()}, ensure_ascii=False)


_FORMATS: dict[str, Callable[[str, Result], str | None]] = {"text": _text_line, "tsv": _tsv_line, "jsonl": _jsonl_line}


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m trba", description="Reads the text in images of words.")
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="a PNG or JPEG file")
    parser.add_argument("--model", metavar="FILE", default=os.environ.get("TRBA_MODEL"),
                        help="the checkpoint (default: the environment variable TRBA_MODEL)")
    parser.add_argument("--charset", help="the alphabet: a preset's name, else an existing file, else the characters")
    parser.add_argument("--format", choices=tuple(_FORMATS), default="text", help="what to print (default: text)")
    parser.add_argument("--version", action="version", version=f"trba {__version__}")
    options = parser.parse_args(arguments)
    if not options.model:
        parser.error("say which --model to use, or set TRBA_MODEL")
    return options


def _find_charset(charset: str | None) -> str | pathlib.Path | None:
    is_preset = any(charset == preset.name for preset in charset_presets())
    return pathlib.Path(charset) if charset and not is_preset and os.path.exists(charset) else charset


def _read_files(model: Model, paths: list[str]) -> Iterator[tuple[str, Result]]:
    iterator = iter(paths)
    while chunk := list(itertools.islice(iterator, _CHUNK)):
        yield from zip(chunk, model.read(chunk, errors="return"), strict=True)


def _print_results(model: Model, options: argparse.Namespace) -> int:
    make_line, n_failed = _FORMATS[options.format], 0
    for path, result in _read_files(model, options.images):
        line = make_line(path, result)
        if line is not None:
            print(line, flush=True)
        if result.error is not None:
            print(f"trba: {path}: {result.error}", file=sys.stderr)
            n_failed += 1
    return 1 if n_failed else 0


def main(arguments: list[str] | None = None) -> int:
    options = _parse(arguments)
    for stream in (sys.stdout, sys.stderr):  # names of files may be anything
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")
    try:
        model = Model(options.model, charset=_find_charset(options.charset))
    except Error as error:
        print(f"trba: {error}", file=sys.stderr)
        return 2
    try:
        return _print_results(model, options)
    except BrokenPipeError:  # the reader of the pipe left; Python must not find that out once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 3


if __name__ == "__main__":
    sys.exit(main())
