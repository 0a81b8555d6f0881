"""Feeds that do not tell all that a number is minted from: what is missing, and how another feed completes them.

The complete feed gives the whole record; what the other one tells must agree with it. So nothing is ever minted from a
text that was made for display, nor from the text of another version.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from typing import Final

from pithbuilder.core.text import canonical_text
from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.errors import SourceError, printable
from pithbuilder.sources.source_paper import PartialMetadata, SourcePaper, located

_TEX: Final = frozenset("\\$")


def incomplete(partial: PartialMetadata, place: str) -> SourcePaper:
    """Return the record of a feed that lacks something, with the error that it is as long as nothing completes it."""
    *most, last = partial.missing
    error = SourceError(
        "source-incomplete",
        f"{partial.feed} does not tell {', '.join(most)} and {last} as they were submitted: nothing is minted from it",
        expected="a feed that tells all: arXiv's snapshot, or OAI-PMH with metadataPrefix=arXivRaw",
        hint="complete it from such a file: --complete-from FILE",
    )
    return SourcePaper(place, error=located(error, place, partial.arxiv_id), partial=partial)


def complete(
    partial: PartialMetadata,
    paper: PaperMetadata | None,
    revised_at: datetime | None,
    place: str,
    *,
    disputed: bool = False,
) -> SourcePaper:
    """Return the record of a feed that lacks something, completed; or why it cannot be.

    Args:
        partial: What the feed tells.
        paper: What a complete feed tells of the same paper; None where it has no such paper.
        revised_at: When the paper's version was submitted, as the complete feed says.
        place: ``FILE:LINE`` of the partial record.
        disputed: Whether there were two such papers that are not the same.
    """
    if paper is None:
        error = SourceError(
            "complete-missing",
            f"{partial.feed} does not tell all, nor does the source that is to complete it",
            expected="the same paper in the file of --complete-from, from a feed that tells all",
        )
    elif disputed:
        error = SourceError(
            "complete-disagrees",
            "the sources that are to complete it tell different things of one version of the paper",
            hint="give one of them alone, or fetch them again",
        )
    elif partial.version is not None and partial.version != paper.version:
        error = SourceError(
            "complete-version",
            f"{partial.feed} and the source that is to complete it have two versions of the paper",
            expected=f"version {partial.version}",
            found=f"version {paper.version}, the newest there: only its text is known",
            hint="take the newest version from both",
        )
    else:
        name = _disagreement(partial, paper, revised_at)
        if name is None:
            return SourcePaper(place, paper, revised_at=revised_at)
        error = SourceError(
            "complete-disagrees",
            f"{partial.feed} and the source that is to complete it tell different things of the paper",
            where=f"$.{name}",
            expected=printable(_shown(_told(partial, name))),
            found=printable(_shown(revised_at if name == "revised_at" else getattr(paper, name))),
            hint="one of them may be older than the other: fetch both again",
        )
    return SourcePaper(place, error=located(error, place, partial.arxiv_id), partial=partial)


def _disagreement(partial: PartialMetadata, paper: PaperMetadata, revised_at: datetime | None) -> str | None:
    """Return the first thing of which the two tell something else.

    Of the categories, the first and the set of the others must be the same: not every feed repeats what authors repeat.
    Texts can be compared where no TeX can have become Unicode.
    """
    agreements = {
        "revised_at": _may_be_the_day(partial, paper, revised_at),
        "submitted_at": partial.submitted_at in (None, paper.submitted_at),
        "title": _may_be_one_text(partial.title, paper.title),
        "abstract": _may_be_one_text(partial.abstract, paper.abstract),
        "categories": _categories(partial.categories) == _categories(paper.categories),
        "license": partial.license in (None, paper.license),
    }
    return next((name for name, agree in agreements.items() if not agree), None)


def _may_be_the_day(partial: PartialMetadata, paper: PaperMetadata, revised_at: datetime | None) -> bool:
    if revised_at is None:
        return False
    submitted, revised = paper.submitted_at.astimezone(UTC).date(), revised_at.astimezone(UTC).date()
    return any(first in (None, submitted) and newest == revised for first, newest in partial.days)


def _may_be_one_text(shown: str, typed: str) -> bool:
    """Say whether a text may be shown so; where TeX may have become Unicode, the plain words round it are compared."""
    if canonical_text(shown) == canonical_text(typed):
        return True
    plain_shown, odd_shown = _words(shown)
    plain_typed, odd_typed = _words(typed)
    differences = (plain_shown - plain_typed).total() + (plain_typed - plain_shown).total()
    return bool(odd_shown + odd_typed) and differences <= 2 * (odd_shown + odd_typed)


def _words(text: str) -> tuple[Counter[str], int]:
    """Return the words that look the same in TeX and in Unicode, and how many others there are."""
    words = canonical_text(text).split()
    plain = [word for word in words if word.isascii() and not _TEX.intersection(word)]
    return Counter(plain), len(words) - len(plain)


def _categories(listed: tuple[str, ...]) -> tuple[tuple[str, ...], frozenset[str]]:
    return listed[:1], frozenset(listed)


def _told(partial: PartialMetadata, name: str) -> object:
    return sorted({day for _, day in partial.days}) if name == "revised_at" else getattr(partial, name)


def _shown(value: object) -> object:
    """Return times as they are written, and anything else as it is."""
    if isinstance(value, list):
        return " or ".join(str(_shown(item)) for item in value)
    return value.isoformat() if isinstance(value, date) else value
