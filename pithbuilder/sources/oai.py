"""OAI-PMH 2.0 as arXiv speaks it: ListRecords and GetRecord, ``metadataPrefix`` ``arXivRaw`` or ``arXiv``.

``arXivRaw`` tells all, with the newest version's text. ``arXiv`` names no version, tells days instead of instants,
gives authors by their parts, and all text for display, with TeX turned into Unicode: it has to be completed from a feed
that tells these as they were submitted.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final, NamedTuple

from pithbuilder.core.arxiv_id import parse_arxiv_id, without_subject_class
from pithbuilder.core.timestamps import parse_day
from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.errors import DocumentError, PithError, printable
from pithbuilder.sources.fields import parsed, read_versions, unusable
from pithbuilder.sources.incomplete import incomplete
from pithbuilder.sources.source_paper import PartialMetadata, SourcePaper, refused
from pithbuilder.sources.xml_fields import XmlFields, attribute, only_text
from pithbuilder.sources.xml_records import Element

OAI: Final = "http://www.openarchives.org/OAI/2.0/"
ARXIV_RAW: Final = "http://arxiv.org/OAI/arXivRaw/"
ARXIV: Final = "http://arxiv.org/OAI/arXiv/"

ROOT: Final = f"{{{OAI}}}OAI-PMH"
RECORD: Final = f"{{{OAI}}}record"
ERROR: Final = f"{{{OAI}}}error"
RESUMPTION_TOKEN: Final = f"{{{OAI}}}resumptionToken"
RESPONSE_DATE: Final = f"{{{OAI}}}responseDate"
WATCHED: Final = frozenset({RECORD, ERROR, RESUMPTION_TOKEN, RESPONSE_DATE})

ARXIV_FEED: Final = "OAI-PMH arXiv"

_HEADER: Final = f"{{{OAI}}}header"
_IDENTIFIER: Final = f"{{{OAI}}}identifier"
_DATESTAMP: Final = f"{{{OAI}}}datestamp"
_METADATA: Final = f"{{{OAI}}}metadata"

_RAW_ID: Final = f"{{{ARXIV_RAW}}}id"
_RAW_VERSION: Final = f"{{{ARXIV_RAW}}}version"
_RAW_DATE: Final = f"{{{ARXIV_RAW}}}date"
_RAW_TITLE: Final = f"{{{ARXIV_RAW}}}title"
_RAW_ABSTRACT: Final = f"{{{ARXIV_RAW}}}abstract"
_RAW_AUTHORS: Final = f"{{{ARXIV_RAW}}}authors"
_RAW_CATEGORIES: Final = f"{{{ARXIV_RAW}}}categories"
_RAW_LICENSE: Final = f"{{{ARXIV_RAW}}}license"

_ARXIV_ID: Final = f"{{{ARXIV}}}id"
_ARXIV_CREATED: Final = f"{{{ARXIV}}}created"
_ARXIV_UPDATED: Final = f"{{{ARXIV}}}updated"
_ARXIV_TITLE: Final = f"{{{ARXIV}}}title"
_ARXIV_ABSTRACT: Final = f"{{{ARXIV}}}abstract"
_ARXIV_CATEGORIES: Final = f"{{{ARXIV}}}categories"
_ARXIV_LICENSE: Final = f"{{{ARXIV}}}license"

IDENTIFIER_PREFIX: Final = "oai:arXiv.org:"
"""What stands in front of an arXiv identifier in OAI-PMH."""


class OaiHeader(NamedTuple):
    """The header of a record.

    Attributes:
        arxiv_id: The paper's identifier.
        datestamp: When the record last changed, ``YYYY-MM-DD`` or ``YYYY-MM-DDThh:mm:ssZ``; empty where it is not told.
        deleted: Whether the record is gone.
    """

    arxiv_id: str
    datestamp: str
    deleted: bool


def read_oai(element: Element, place: str) -> SourcePaper | None:
    """Return what one watched element of a response says of a paper; None where it is about none.

    Args:
        element: A ``record``, ``error``, ``resumptionToken`` or ``responseDate``.
        place: ``FILE:LINE``.
    """
    name = element.tag
    if name != RECORD:
        return refused(error_of(element), place) if name == ERROR else None
    record = XmlFields(element, "record")
    try:
        header = _header(record)
    except PithError as error:
        return refused(error, place)
    if header.deleted:
        return SourcePaper(place, deleted_id=header.arxiv_id)
    try:
        metadata = _metadata(record)
        read = _FORMATS.get(metadata.tag)
        if read is None:
            raise DocumentError(
                "oai-format",
                "metadata is of a format that is not read here",
                where="record/metadata",
                expected="arXivRaw or arXiv",
                found=printable(metadata.tag),
                hint="ask with metadataPrefix=arXivRaw",
            )
        return read(metadata, header, place)
    except PithError as error:
        error.where = _RAW_PATHS.get(error.where, error.where)
        return refused(error, place, header.arxiv_id)


def read_header(record: Element) -> OaiHeader:
    """Return a record's header.

    Raises:
        DocumentError: ``field-missing``, ``field-repeated``, ``field-markup``, ``oai-identifier``.
    """
    return _header(XmlFields(record, "record"))


def error_of(element: Element) -> DocumentError:
    """Return the error that a server has answered (OAI-PMH, section 3.6)."""
    code = element.get("code", "")
    return DocumentError(
        "oai-error",
        f"the server answered {printable(code)}",
        where="error",
        found=printable((element.text or "").strip()),
    )


def _header(record: XmlFields) -> OaiHeader:
    header = record.only(_HEADER)
    fields = XmlFields(header, "record/header")
    identifier = fields.text(_IDENTIFIER).strip()
    datestamps = fields.all(_DATESTAMP)
    datestamp = (datestamps[0].text or "").strip() if datestamps else ""
    path = "record/header/identifier"
    if not identifier.startswith(IDENTIFIER_PREFIX):
        raise unusable("oai-identifier", path, f"{IDENTIFIER_PREFIX} and an arXiv identifier", identifier)
    arxiv_id = parsed(parse_arxiv_id, identifier.removeprefix(IDENTIFIER_PREFIX), path)
    return OaiHeader(without_subject_class(arxiv_id), datestamp, header.get("status") == "deleted")


def _metadata(record: XmlFields) -> Element:
    metadata = record.only(_METADATA)
    if len(metadata) != 1:
        raise unusable("oai-format", "record/metadata", "one element", f"{len(metadata)} elements")
    return metadata[0]


_RAW_PATHS: Final = {
    f"$.{name}": f"arXivRaw/{field}"
    for name, field in {
        "arxiv_id": "id",
        "title": "title",
        "abstract": "abstract",
        "authors": "authors",
        "categories": "categories",
        "license": "license",
    }.items()
}


def _read_raw(metadata: Element, header: OaiHeader, place: str) -> SourcePaper:
    fields = XmlFields(metadata, "arXivRaw")
    _check_id(fields.text(_RAW_ID), header, "arXivRaw/id")
    path = "arXivRaw/version"
    versions = read_versions(
        [
            (attribute(item, "version", path), only_text(item, _RAW_DATE, path).strip())
            for item in fields.all(_RAW_VERSION)
        ],
        _version_path,
    )
    paper = PaperMetadata(
        arxiv_id=header.arxiv_id,
        version=versions.newest,
        title=fields.text(_RAW_TITLE),
        abstract=fields.text(_RAW_ABSTRACT),
        authors=fields.text(_RAW_AUTHORS),
        categories=tuple(fields.text(_RAW_CATEGORIES).split()),
        license=(fields.text_or_none(_RAW_LICENSE) or "").strip(),
        submitted_at=versions.submitted_at,
    )
    return SourcePaper(place, paper, revised_at=versions.revised_at)


def _read_arxiv(metadata: Element, header: OaiHeader, place: str) -> SourcePaper:
    fields = XmlFields(metadata, "arXiv")
    _check_id(fields.text(_ARXIV_ID), header, "arXiv/id")
    created = parsed(parse_day, fields.text(_ARXIV_CREATED).strip(), "arXiv/created")
    told = fields.text_or_none(_ARXIV_UPDATED)
    updated = created if told is None else parsed(parse_day, told.strip(), "arXiv/updated")
    # Until 2025 "created" was the first version's day and "updated" the newest one's; since then "created" is the
    # newest one's and "updated" that of the last change to the record, which is its datestamp too.
    days: set[tuple[date | None, date]] = {(created, updated)}
    if told is None or updated.isoformat() == header.datestamp[: len("YYYY-MM-DD")]:
        days.add((None, created))
    partial = PartialMetadata(
        feed=ARXIV_FEED,
        missing=("version", "title", "abstract", "authors", "submitted_at"),
        arxiv_id=header.arxiv_id,
        days=frozenset(days),
        title=fields.text(_ARXIV_TITLE),
        abstract=fields.text(_ARXIV_ABSTRACT),
        categories=tuple(fields.text(_ARXIV_CATEGORIES).split()),
        license=(fields.text_or_none(_ARXIV_LICENSE) or "").strip(),
    )
    return incomplete(partial, place)


_FORMATS: Final[dict[str, Callable[[Element, OaiHeader, str], SourcePaper]]] = {
    f"{{{ARXIV_RAW}}}arXivRaw": _read_raw,
    f"{{{ARXIV}}}arXiv": _read_arxiv,
}


def _check_id(told: str, header: OaiHeader, path: str) -> None:
    """Refuse a record whose header is about another paper than its metadata."""
    if told == header.arxiv_id:
        return
    found = without_subject_class(parsed(parse_arxiv_id, told.strip(), path))
    if found != header.arxiv_id:
        raise unusable("oai-identifier", path, f"{header.arxiv_id}, as in the header", found)


def _version_path(index: int, name: str) -> str:
    path = "arXivRaw/version"
    return f"{path}[{index + 1}]/{'@version' if name == 'version' else 'date'}" if name else path
