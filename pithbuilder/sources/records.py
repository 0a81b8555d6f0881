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


@attrs.frozen
class SourceRecord:
    """One canonical record of a file: the record, or why it cannot be used."""

    place: str
    record: CanonicalRecord | None
    error: SourceError | None


def read_records(stream: BinaryIO, name: str) -> Iterator[SourceRecord]:
    """Yield every canonical record of a file; a bad one does not stop the others.

    A file whose first line is not a JSON text by itself is one JSON object, spread over lines.

    Args:
        stream: UTF-8, read to its end; the caller closes it.
        name: What to call it in errors.
    """
    lines = read_lines(stream, name)
    first = next(lines, None)
    if first is None:
        return
    if _begins_a_spread_object(first):
        rest = stream.read(MAX_LINE_BYTES)
        yield _read(Line(name, (first.data or b"") + b"\n" + rest))
        return
    for line in chain([first], lines):
        yield _read(line)


def _begins_a_spread_object(line: Line) -> bool:
    if line.data is None or not line.data.lstrip().startswith(b"{"):
        return False
    try:
        parse_object(line.data)
    except WireError as error:
        return error.code == "json-syntax"
    return False


def _read(line: Line) -> SourceRecord:
    try:
        return SourceRecord(line.place, CanonicalRecord.from_dict(parse_object(line.content())), None)
    except SourceError as error:
        return SourceRecord(line.place, None, error)
    except PithError as error:
        where = f"{line.place}: {error.where}" if error.where else line.place
        return SourceRecord(
            line.place,
            None,
            SourceError(
                error.code, error.message, where=where, expected=error.expected, found=error.found, hint=error.hint
            ),
        )
