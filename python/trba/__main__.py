# SPDX-License-Identifier: Apache-2.0
"""python -m trba: reads image files, or the regions of a page, and prints their texts.

    text    the text of each image that can be read, one line each
    tsv     path TAB text TAB confidence, as strdemo --format tsv
    jsonl   one JSON object per image, bad ones included, with the keys of strdemo --format jsonl

    The path of a region is that of its page with #0, #1, ... behind it.

Exit code: 0 all were read, 1 some could not be (stderr says why), 2 bad options or model, 3 the output cannot be
written.
"""

import argparse
import errno
import io
import json
import os
import pathlib
import signal
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple, get_args

from . import (
    CannotReadError,
    Error,
    Model,
    Quadrilateral,
    Result,
    UnsupportedError,
    __version__,
    charset_presets,
    load_boxes,
)
from ._options import Alpha, Exif, Rotate, looks_like_file

_CHUNK = 16  # lines appear as soon as this many images have been read


class Row(NamedTuple):
    path: str
    result: Result
    region: int | None = None  # its number


def _escape(text: str, *, with_backslash: bool) -> str:
    text = text.replace("\\", "\\\\") if with_backslash else text
    return text.replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _text_line(row: Row) -> str | None:
    return row.result.text if row.result.ok else None


def _tsv_line(row: Row) -> str | None:
    if not row.result.ok:
        return None
    return (f"{_escape(row.path, with_backslash=True)}\t{_escape(row.result.text, with_backslash=False)}"
            f"\t{row.result.confidence:.6f}")


def _jsonl_line(row: Row) -> str | None:
    name = os.fsencode(row.path).decode("utf-8", "replace")  # JSON has no place for a name that is not UTF-8
    region = {"region": row.region} if row.region is not None else {}
    return json.dumps({"path": name, **row.result.to_dict(), **region}, ensure_ascii=False)


_FORMATS: dict[str, Callable[[Row], str | None]] = {"text": _text_line, "tsv": _tsv_line, "jsonl": _jsonl_line}


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m trba", description="Reads the text in images of words.")
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="a PNG or JPEG file; with --boxes the page")
    parser.add_argument("--model", metavar="FILE", default=os.environ.get("TRBA_MODEL") or None,
                        help="the checkpoint; trba is the package's own (default: the environment variable TRBA_MODEL, "
                        "else trba)")
    parser.add_argument("--charset", help="the alphabet: a preset's name, else an existing file, else the characters")
    parser.add_argument("--format", choices=tuple(_FORMATS), default="text", help="what to print (default: text)")
    parser.add_argument("--boxes", metavar="FILE", help="read the regions of one page: a JSON, CSV or ICDAR text file, "
                        "as strdemo reads it, says where they are")
    parser.add_argument("--rotate", choices=get_args(Rotate), help="read words that stand on their side, too, "
                        "and keep the surest reading: tall, what is at least 1.5 times as tall as wide also turned by "
                        "90 and 270 degrees; auto, everything also by 90, 180 and 270 (default: as the model's sidecar "
                        "says, else none; with --boxes none)")
    parser.add_argument("--vertical", action="store_true", help="with --boxes: turn regions at least 1.5 times as tall "
                        "as wide counter-clockwise")
    parser.add_argument("--exif", choices=get_args(Exif), help="turn images as their EXIF orientation says "
                        "(default: as the program of the model's preset)")
    parser.add_argument("--alpha", choices=get_args(Alpha), default="ignore", help="what shows where an image is "
                        "transparent: its stored colour, white or black (default: ignore)")
    parser.add_argument("--version", action="version", version=f"trba {__version__}")
    options = parser.parse_args(arguments)
    if options.boxes == "":
        parser.error("the name given with --boxes is empty: write --boxes FILE, or leave it out")
    if options.boxes and len(options.images) > 1:
        parser.error(f"--boxes goes with one page, and there are {len(options.images)}")
    if options.vertical and not options.boxes:
        parser.error("--vertical is for the regions of a page: add --boxes")
    return options


def _find_charset(charset: str | None) -> str | pathlib.Path | None:
    is_preset = any(charset == preset.name for preset in charset_presets())
    return pathlib.Path(charset) if charset and not is_preset and looks_like_file(charset) else charset


def _find_model(asked: str | None) -> str | None:
    """None: the package's own. The other two that strdemo knows by name do not come with the package."""
    if asked in ("trba-ctc", "english_g2"):
        raise UnsupportedError(f"the model {asked} does not come with the Python package: give the path of {asked}.pth")
    return None if asked == "trba" else asked


def _read_files(model: Model, paths: list[str]) -> Iterator[Row]:
    for first in range(0, len(paths), _CHUNK):
        chunk = paths[first:first + _CHUNK]
        yield from map(Row, chunk, model.read(chunk, errors="return"))


def _read_page(model: Model, options: argparse.Namespace, boxes: list[Quadrilateral]) -> Iterator[Row]:
    path = options.images[0]
    with model.open_page(path) as page:
        for first in range(0, len(boxes), _CHUNK):
            results = model.read_regions(page, boxes[first:first + _CHUNK], rotate=options.rotate,
                                         vertical=options.vertical, errors="return")
            yield from (Row(f"{path}#{i}", result, i) for i, result in enumerate(results, first))


def _say_failure(path: str, error: Error) -> None:
    """The library's sentence names a file that cannot be opened, but not one whose bytes are no picture."""
    print(f"trba: {error}" if isinstance(error, CannotReadError) else f"trba: {path}: {error}", file=sys.stderr)


def _print_rows(rows: Iterator[Row], make_line: Callable[[Row], str | None]) -> int:
    """The number of bad ones."""
    n_failed = 0
    for row in rows:
        line = make_line(row)
        if line is not None:
            print(line, flush=True)
        if row.result.error is not None:
            _say_failure(row.path, row.result.error)
            n_failed += 1
    return n_failed


def _print_all(model: Model, options: argparse.Namespace, boxes: list[Quadrilateral] | None) -> int:
    """The exit code."""
    rows = _read_files(model, options.images) if boxes is None else _read_page(model, options, boxes)
    try:
        n_failed = _print_rows(rows, _FORMATS[options.format])
    except Error as error:  # the page cannot be opened
        _say_failure(options.images[0], error)
        return 1
    if boxes == []:
        print(f"trba: there is no region in {options.boxes}: nothing on the page is read", file=sys.stderr)
    return 1 if n_failed or boxes == [] else 0


def _has_output() -> bool:
    """False with a message if standard output is closed, for which Python has None."""
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # print(file=None) writes to standard output
    if sys.stdout is None:
        print(f"trba: cannot write to standard output: {os.strerror(errno.EBADF)}", file=sys.stderr)
    return sys.stdout is not None


def main(arguments: list[str] | None = None) -> int:
    options = _parse(arguments)
    if not _has_output():
        return 3
    for stream in (sys.stdout, sys.stderr):  # names of files may be anything
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")
    try:
        boxes = load_boxes(options.boxes) if options.boxes else None
        model = Model(_find_model(options.model), charset=_find_charset(options.charset), exif=options.exif,
                      alpha=options.alpha, rotate=options.rotate)
    except Error as error:
        print(f"trba: {error}", file=sys.stderr)
        return 2
    try:
        return _print_all(model, options, boxes)
    except OSError as error:  # pictures that cannot be read are results: this is the output
        if not isinstance(error, BrokenPipeError):  # a reader that left needs no message
            print(f"trba: cannot write to standard output: {error.strerror}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python must not find out once more at its end
        return 3


if __name__ == "__main__":
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it as any program, without a traceback
    sys.exit(main())
