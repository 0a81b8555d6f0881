"""arXiv's metadata snapshot: JSON Lines, one paper a line, with the newest version's text.

The shape is that of the public bulk export: ``id``, ``authors``, ``title``, ``categories`` (separated by blanks),
``license`` (or null), ``abstract``, ``versions`` (each ``{"version": "v1", "created": RFC 2822}``); other fields
are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final, TypeVar

import attrs

from pithbuilder.core.arxiv_id import parse_arxiv_id, parse_category
from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.core.json_path import child_path
from pithbuilder.core.timestamps import parse_rfc2822
from pithbuilder.documents.base import Reader
from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.documents.wire import parse_object
from pithbuilder.errors import DocumentError, FormatError, PithError, SourceError, printable
from pithbuilder.sources.lines import Line, read_lines

_T = TypeVar("_T")

_VERSION: Final = re.compile(r"v([1-9]\d{0,5})", re.ASCII)
_SHOWN_ID: Final = re.compile(r"[A-Za-z0-9./-]{1,40}", re.ASCII)


@attrs.frozen
class SourcePaper:
    """One record of a source.

    Attributes:
        place: ``FILE:LINE``.
        paper: The paper; None where the record cannot be used.
        error: Why not; its place names file, line, paper and field.
    """

    place: str
    paper: PaperMetadata | None
    error: SourceError | None


def read_snapshot(stream: BinaryIO, name: str) -> Iterator[SourcePaper]:
    """Yield every record of a snapshot; a bad one does not stop the others.

    Args:
        stream: JSON Lines in UTF-8, read to its end; the caller closes it.
        name: What to call it in errors.
    """
    for line in read_lines(stream, name):
        try:
            yield SourcePaper(line.place, _parse_line(line), None)
        except SourceError as error:
            yield SourcePaper(line.place, None, error)


def parse_snapshot_record(value: JsonObject) -> PaperMetadata:
    """Return the paper that one object of a snapshot describes, at its newest version.

    Args:
        value: One line, parsed.

    Raises:
        DocumentError: A field is missing or wrong; ``where`` is its JSON path.
    """
    reader = Reader(value)
    versions = reader.array("versions")
    if not versions:
        raise _wrong("$.versions", "field-empty", "at least one version", "no versions")
    submitted_at = None
    number = 0
    for index, item in enumerate(versions):
        path = child_path("$.versions", index)
        version = Reader(item, path)
        match = _VERSION.fullmatch(version.text("version"))
        previous, number = number, int(match[1]) if match else 0
        if match is None or number <= previous or (index == 0 and number != 1):
            raise _wrong(f"{path}.version", "version-order", "v1 first, then rising", version.text("version"))
        created = _parsed(parse_rfc2822, version.text("created"), f"{path}.created")
        submitted_at = submitted_at or created
    assert submitted_at is not None  # there is at least one version
    return PaperMetadata(
        arxiv_id=_parsed(parse_arxiv_id, reader.text("id"), "$.id"),
        version=number,
        title=_not_blank(reader, "title"),
        abstract=_not_blank(reader, "abstract"),
        authors=_not_blank(reader, "authors"),
        categories=tuple(
            _parsed(parse_category, text, "$.categories") for text in _not_blank(reader, "categories").split()
        ),
        license=reader.text_or_null("license") or "",
        submitted_at=submitted_at,
    )


def _parse_line(line: Line) -> PaperMetadata:
    paper_id = ""
    try:
        value = parse_object(line.content())
        paper_id = _shown_id(value)
        return parse_snapshot_record(value)
    except SourceError:
        raise
    except PithError as error:
        place = f"{line.place}: paper {paper_id}" if paper_id else line.place
        raise SourceError(
            error.code,
            error.message,
            where=f"{place}: {error.where}" if error.where else place,
            expected=error.expected,
            found=error.found,
            hint=error.hint,
        ) from error


def _shown_id(value: JsonObject) -> str:
    paper_id = value.get("id")
    if isinstance(paper_id, str):
        return paper_id if _SHOWN_ID.fullmatch(paper_id) else printable(paper_id)
    return ""


def _not_blank(reader: Reader, name: str) -> str:
    text = reader.text(name)
    if not text.strip():
        raise _wrong(child_path(reader.path, name), "field-empty", "text that is not blank", text)
    return text


def _parsed(parse: Callable[[str], _T], text: str, path: str) -> _T:
    """Parse a field's text; what is wrong with it is reported under the name that it has in the snapshot."""
    try:
        return parse(text)
    except FormatError as error:
        raise DocumentError(
            error.code, error.message, where=path, expected=error.expected, found=error.found
        ) from error


def _wrong(path: str, code: str, expected: str, found: object) -> DocumentError:
    return DocumentError(
        code, "a field of the record cannot be used", where=path, expected=expected, found=printable(found)
    )
