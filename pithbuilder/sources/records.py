"""Canonical records as input: one JSON object, or JSON Lines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

import attrs

from pithbuilder.documents.record import CanonicalRecord
from pithbuilder.documents.wire import parse_object
from pithbuilder.errors import PithError, SourceError, WireError
from pithbuilder.sources.lines import MAX_LINE_BYTES, Line, read_lines
from pithbuilder.sources.source_paper import located


@attrs.frozen
class SourceRecord:
    """One canonical record of a file: the record, or why it cannot be used."""

    place: str
    record: CanonicalRecord | None
    error: SourceError | None


def read_records(stream: BinaryIO, name: str) -> Iterator[SourceRecord]:
    """Yield every canonical record of a file; a bad one does not stop the others.

    A file whose first line begins a JSON object, and whose second line is not one by itself, is one JSON object
    spread over lines.

    Args:
        stream: UTF-8, read to its end; the caller closes it.
        name: What to call it in errors.
    """
    lines = read_lines(stream, name)
    first = next(lines, None)
    if first is None:
        return
    if first.data is not None and _is_cut_short(first.data):
        second = next(lines, None)
        if second is None or (second.data is not None and not _is_an_object(second.data)):
            yield _read(_spread_object(first.data, second, lines, name))
            return
        lines = chain([second], lines)
    for line in chain([first], lines):
        yield _read(line)


def _is_cut_short(data: bytes) -> bool:
    """Say whether a line begins an object without being a JSON text by itself."""
    if not data.lstrip().startswith(b"{"):
        return False
    try:
        parse_object(data)
    except WireError as error:
        return error.code == "json-syntax"
    return False


def _is_an_object(data: bytes) -> bool:
    try:
        parse_object(data)
    except WireError:
        return False
    return True


def _spread_object(first: bytes, second: Line | None, lines: Iterator[Line], name: str) -> Line:
    """Join the lines of a file again, as long as they are not too long to be one record."""
    whole = bytearray(first)
    for line in chain([] if second is None else [second], lines):
        if line.data is None or len(whole) + 1 + len(line.data) > MAX_LINE_BYTES:
            return Line(name, None)
        whole += b"\n"
        whole += line.data
    return Line(name, bytes(whole))


def _read(line: Line) -> SourceRecord:
    try:
        return SourceRecord(line.place, CanonicalRecord.from_dict(parse_object(line.content())), None)
    except PithError as error:
        return SourceRecord(line.place, None, error if isinstance(error, SourceError) else located(error, line.place))
