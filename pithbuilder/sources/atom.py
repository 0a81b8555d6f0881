"""Atom, as arXiv's query API answers: the version that was asked for, but no license, and all text for display.

TeX has been turned into Unicode (since 2026 in titles and abstracts too) and authors stand by themselves; so an entry
has to be completed from a feed that tells these as they were submitted.
"""

from __future__ import annotations

import re
from typing import Final

from pithbuilder.core.arxiv_id import is_category, split_version
from pithbuilder.core.timestamps import parse_seconds
from pithbuilder.errors import DocumentError, PithError, printable
from pithbuilder.sources.fields import parsed, unusable
from pithbuilder.sources.incomplete import incomplete
from pithbuilder.sources.source_paper import PartialMetadata, SourcePaper, refused
from pithbuilder.sources.xml_fields import XmlFields, attribute
from pithbuilder.sources.xml_records import Element

ATOM: Final = "http://www.w3.org/2005/Atom"
ARXIV_SCHEMA: Final = "http://arxiv.org/schemas/atom"
OPEN_SEARCH: Final = "http://a9.com/-/spec/opensearch/1.1/"

ROOT: Final = f"{{{ATOM}}}feed"
ENTRY: Final = f"{{{ATOM}}}entry"
TOTAL_RESULTS: Final = f"{{{OPEN_SEARCH}}}totalResults"
WATCHED: Final = frozenset({ENTRY, TOTAL_RESULTS})

_ID: Final = f"{{{ATOM}}}id"
_PUBLISHED: Final = f"{{{ATOM}}}published"
_UPDATED: Final = f"{{{ATOM}}}updated"
_TITLE: Final = f"{{{ATOM}}}title"
_SUMMARY: Final = f"{{{ATOM}}}summary"
_CATEGORY: Final = f"{{{ATOM}}}category"
_PRIMARY_CATEGORY: Final = f"{{{ARXIV_SCHEMA}}}primary_category"

FEED: Final = "Atom"

_ABSTRACT_PAGE: Final = re.compile(r"https?://(?:[a-z]+\.)?arxiv\.org/abs/(.+)", re.ASCII)
_ERROR_PAGE: Final = re.compile(r"https?://(?:[a-z]+\.)?arxiv\.org/api/errors", re.ASCII)


def read_atom(element: Element, place: str) -> SourcePaper | None:
    """Return what one watched element of a feed says of a paper; None where it is about none.

    Args:
        element: An ``entry`` or ``totalResults``.
        place: ``FILE:LINE``.
    """
    if element.tag != ENTRY:
        return None
    fields = XmlFields(element, "entry")
    paper_id = ""
    try:
        if is_error(element):
            raise error_of(element)
        paper_id, version = read_identifier(element)
        primary = attribute(fields.only(_PRIMARY_CATEGORY), "term", "entry/primary_category")
        # Entries also carry classes of MSC and ACM, as their authors typed them.
        terms = [attribute(item, "term", "entry/category") for item in fields.all(_CATEGORY)]
        submitted_at = parsed(parse_seconds, fields.text(_PUBLISHED).strip(), "entry/published")
        revised_at = parsed(parse_seconds, fields.text(_UPDATED).strip(), "entry/updated")
        partial = PartialMetadata(
            feed=FEED,
            missing=("title", "abstract", "authors", "license"),
            arxiv_id=paper_id,
            version=version,
            title=fields.text(_TITLE),
            abstract=fields.text(_SUMMARY),
            categories=_primary_first(primary, [term for term in terms if is_category(term)]),
            submitted_at=submitted_at,
            days=frozenset({(submitted_at.date(), revised_at.date())}),
        )
    except PithError as error:
        return refused(error, place, paper_id)
    return incomplete(partial, place)


def read_identifier(entry: Element) -> tuple[str, int]:
    """Return the paper and the version that an entry's address names, such as ``http://arxiv.org/abs/1805.08469v1``.

    Raises:
        DocumentError: ``atom-id``, ``arxiv-id-format``, ``field-missing``, ``field-repeated`` or ``field-markup``.
    """
    address = XmlFields(entry, "entry").text(_ID).strip()
    match = _ABSTRACT_PAGE.fullmatch(address)
    if match is None:
        raise unusable("atom-id", "entry/id", "the address of an abstract page, http://arxiv.org/abs/…", address)
    paper_id, version = parsed(split_version, match[1], "entry/id")
    if version is None:
        raise unusable("atom-id", "entry/id", "an address with a version, such as …/abs/1805.08469v1", address)
    return paper_id, version


def error_of(entry: Element) -> DocumentError:
    """Return the error that the API has answered: an entry with the title ``Error``."""
    summary = XmlFields(entry, "entry").text_or_none(_SUMMARY)
    return DocumentError(
        "atom-error", "the server answered an error", where="entry", found=printable((summary or "").strip())
    )


def is_error(entry: Element) -> bool:
    """Say whether an entry is an error of the API's instead of a paper."""
    address = XmlFields(entry, "entry").text_or_none(_ID)
    return address is not None and _ERROR_PAGE.match(address.strip()) is not None


def _primary_first(primary: str, terms: list[str]) -> tuple[str, ...]:
    """Return the categories in arXiv's order: the primary one, then the others; the list may name it too."""
    if primary in terms:
        terms.remove(primary)
    return (primary, *terms)
