"""The files that metadata is read from: files, directories of files, standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from pithbuilder.errors import StoreError
from pithbuilder.stores.atomic import read_failed

STANDARD_INPUT: Final = "-"


def open_sources(paths: Iterable[Path]) -> Iterator[tuple[str, BinaryIO | StoreError]]:
    """Open the files that paths name, one after the other; those inside directories sorted by path.

    What is hidden (its name begins with a dot) is passed over in directories; links to directories are not followed;
    and a pipe or device there is refused, for reading it might never end.

    Args:
        paths: Files, directories, and ``-`` for standard input.

    Yields:
        What to call the file in places; and its stream, open until the next one is asked for, or why there is none
        (``read-failed``).
    """
    for path in paths:
        if str(path) == STANDARD_INPUT:
            if sys.stdin is None:
                closed = "cannot read: standard input is closed"
                yield "<stdin>", StoreError("read-failed", closed, where="<stdin>")
            else:
                yield "<stdin>", sys.stdin.buffer
        elif path.is_dir():
            nothing = True
            for inside in _files_inside(path):
                nothing = False
                if isinstance(inside, StoreError):
                    yield inside.where, inside
                elif inside.exists() and not inside.is_file():
                    yield str(inside), StoreError("read-failed", "cannot read: not a regular file", where=str(inside))
                else:
                    yield from _open(inside)
            if nothing:
                empty = "there is no file in the directory"
                yield str(path), StoreError("source-empty", empty, where=str(path), expected="at least one file")
        else:
            yield from _open(path)


def _open(path: Path) -> Iterator[tuple[str, BinaryIO | StoreError]]:
    try:
        stream = path.open("rb")
    except OSError as error:
        yield str(path), read_failed(path, error)
        return
    with stream:
        yield str(path), stream


def _files_inside(directory: Path) -> Iterator[Path | StoreError]:
    pending = [directory]
    while pending:
        path = pending.pop()
        if path != directory and not (path.is_dir() and not path.is_symlink()):
            if not path.is_dir():
                yield path
            continue
        try:
            entries = sorted(path.iterdir(), reverse=True)
        except OSError as error:
            yield read_failed(path, error)
            continue
        pending += [entry for entry in entries if not entry.name.startswith(".")]
