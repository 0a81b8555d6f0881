"""arXiv's metadata snapshot: one JSON object a paper, with the newest version's text.

The shape is that of the public bulk export: ``id``, ``authors``, ``title``, ``categories`` (separated by blanks),
``license`` (or null), ``abstract``, ``versions`` (each ``{"version": "v1", "created": RFC 2822}``); other fields
are passed over.
"""

from __future__ import annotations

from typing import Final

from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.core.json_path import child_path
from pithbuilder.documents.base import Reader
from pithbuilder.errors import PithError
from pithbuilder.sources.fields import build_paper, read_versions, shown_id
from pithbuilder.sources.source_paper import SourcePaper, refused

FEED: Final = "arXiv snapshot"

_PATHS: Final = {"$.arxiv_id": "$.id"}


def read_snapshot_object(value: JsonObject, place: str) -> SourcePaper:
    """Return the paper that one object of a snapshot describes, at its newest version.

    Args:
        value: One line, parsed.
        place: ``FILE:LINE``.
    """
    try:
        reader = Reader(value)
        items = enumerate(reader.array("versions"))
        listed = [Reader(item, child_path("$.versions", index)) for index, item in items]
        versions = read_versions([(item.text("version"), item.text("created")) for item in listed], _version_path)
        paper = build_paper(
            _PATHS,
            arxiv_id=reader.text("id"),
            version=versions.newest,
            title=reader.text("title"),
            abstract=reader.text("abstract"),
            authors=reader.text("authors"),
            categories=tuple(reader.text("categories").split()),
            license=reader.text_or_null("license") or "",
            submitted_at=versions.submitted_at,
        )
    except PithError as error:
        return refused(error, place, shown_id(value.get("id")))
    return SourcePaper(place, paper, revised_at=versions.revised_at)


def _version_path(index: int, name: str) -> str:
    return child_path(child_path("$.versions", index), name) if name else "$.versions"
