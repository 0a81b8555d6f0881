"""arXiv's metadata snapshot: one JSON object a paper, with the newest version's text.

The shape is that of the public bulk export: ``id``, ``authors``, ``title``, ``categories`` (separated by blanks),
``license`` (or null), ``abstract``, ``versions`` (each ``{"version": "v1", "created": RFC 2822}``); other fields
are passed over.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any, Final, TypeAlias

from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.core.json_path import child_path
from pithbuilder.documents.base import Reader
from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.errors import PithError
from pithbuilder.sources.fields import read_versions, shown_id
from pithbuilder.sources.source_paper import SourcePaper, refused

_Taken: TypeAlias = tuple[str, str, str, str, str, str | None, list[tuple[str, str]]]
_FIELDS: Final = itemgetter("id", "title", "abstract", "authors", "categories", "license", "versions")
_TYPES: Final = {(*[str] * 5, str, list), (*[str] * 5, type(None), list)}
_VERSION_FIELDS: Final = itemgetter("version", "created")

_PATHS: Final = {"$.arxiv_id": "$.id"}


def read_snapshot_object(value: JsonObject, place: str) -> SourcePaper:
    """Return the paper that one object of a snapshot describes, at its newest version.

    Args:
        value: One line, parsed.
        place: ``FILE:LINE``.
    """
    try:
        paper_id, title, abstract, authors, categories, license_url, listed = _take(value)
        versions = read_versions(listed, _version_path)
        paper = PaperMetadata(
            arxiv_id=paper_id,
            version=versions.newest,
            title=title,
            abstract=abstract,
            authors=authors,
            categories=tuple(categories.split()),
            license=(license_url or "").strip(),
            submitted_at=versions.submitted_at,
        )
    except PithError as error:
        error.where = _PATHS.get(error.where, error.where)
        return refused(error, place, shown_id(value.get("id")))
    return SourcePaper(place, paper, revised_at=versions.revised_at)


def _take(value: JsonObject) -> _Taken:
    """Return the fields, each of its type; which one is not, or is not there, is told by a closer look."""
    try:
        fields: Any = _FIELDS(value)
        if tuple(map(type, fields)) in _TYPES:
            versions = list(map(_VERSION_FIELDS, fields[-1]))
            if all(map(_is_text_pair, versions)):
                return (*fields[:-1], versions)
    except (KeyError, TypeError):
        pass
    return _take_closely(Reader(value))


def _is_text_pair(pair: tuple[object, object]) -> bool:
    return type(pair[0]) is str and type(pair[1]) is str


def _take_closely(reader: Reader) -> _Taken:
    items = enumerate(reader.array("versions"))
    versions = [Reader(item, child_path("$.versions", index)) for index, item in items]
    return (
        reader.text("id"),
        reader.text("title"),
        reader.text("abstract"),
        reader.text("authors"),
        reader.text("categories"),
        reader.text_or_null("license"),
        [(version.text("version"), version.text("created")) for version in versions],
    )


def _version_path(index: int, name: str) -> str:
    return child_path(child_path("$.versions", index), name) if name else "$.versions"
