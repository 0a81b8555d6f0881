"""One record of a source: a paper, a part of one, a deletion, or why it cannot be used."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

import attrs

from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.errors import PithError, SourceError


@attrs.frozen(kw_only=True)
class PartialMetadata:
    """What a feed tells that does not tell enough to mint from.

    Attributes:
        feed: What the feed is called in messages.
        missing: The fields that it does not tell, or not as they were typed.
        arxiv_id: Identifier without a version and without a subject class.
        version: The version that it describes; None where it does not say.
        days: What may be the UTC days on which version 1 (None: it is not told) and that version were submitted.
        submitted_at: When version 1 was submitted; None where it does not say that to the second.
        title: As the feed shows it: TeX may have become Unicode.
        abstract: As for the title.
        categories: The primary category first.
        license: URL, or ``""``; None where it says nothing of licenses.
    """

    feed: str
    missing: tuple[str, ...]
    arxiv_id: str
    version: int | None = None
    days: frozenset[tuple[date | None, date]]
    submitted_at: datetime | None = None
    title: str
    abstract: str
    categories: tuple[str, ...]
    license: str | None = None


class Origin(NamedTuple):
    """Where and when a harvested record was fetched.

    Attributes:
        source: The URL that was asked.
        fetched_at: UTC, ``YYYY-MM-DDThh:mm:ssZ``.
        raw_sha256: SHA-256 of the record's bytes as they came, 64 lower-case hexadecimal digits.
    """

    source: str
    fetched_at: str
    raw_sha256: str


class SourcePaper(NamedTuple):
    """One record of a source.

    Attributes:
        place: ``FILE:LINE``.
        paper: The paper; None where the record does not give one.
        error: Why not; its place names file, line, paper and field. None for a record that was deleted at its source.
        partial: What the record tells where that is not enough; the error then says what is missing.
        deleted_id: The paper of a record that was deleted at its source.
        refused_id: The paper of a record that was refused, as far as it is known and as it may stand in a message.
        revised_at: When the paper's version was submitted, where the source tells.
        origin: Where a harvested record came from.
    """

    place: str
    paper: PaperMetadata | None = None
    error: SourceError | None = None
    partial: PartialMetadata | None = None
    deleted_id: str = ""
    refused_id: str = ""
    revised_at: datetime | None = None
    origin: Origin | None = None


def refused(error: PithError, place: str, paper_id: str = "") -> SourcePaper:
    """Return the record that an error stands for.

    Args:
        error: ``where`` is the place inside the record, or empty.
        place: ``FILE:LINE``.
        paper_id: The paper's identifier, already safe for a terminal, where it is known.
    """
    return SourcePaper(place, error=located(error, place, paper_id), refused_id=paper_id)


def located(error: PithError, place: str, paper_id: str = "") -> SourceError:
    """Return an error about a part of a record as an error of the source, with its whole place."""
    inside = error.where.removeprefix(place).removeprefix(": ")
    parts = (place, f"paper {paper_id}" if paper_id else "", inside)
    return SourceError(
        error.code,
        error.message,
        where=": ".join(part for part in parts if part),
        expected=error.expected,
        found=error.found,
        hint=error.hint,
    )
