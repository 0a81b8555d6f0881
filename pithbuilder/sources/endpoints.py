"""arXiv's two interfaces for a harvester: a request brings a page of records, with their bytes as they came."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final, Protocol

import attrs

from pithbuilder.core.digest import sha256_hex
from pithbuilder.core.timestamps import format_seconds, parse_seconds
from pithbuilder.errors import PithError, SourceError
from pithbuilder.sources import atom, oai
from pithbuilder.sources.harvested import HarvestedRecord
from pithbuilder.sources.http import Answer, HttpClient, TransientError
from pithbuilder.sources.source_paper import Origin, located
from pithbuilder.sources.xml_feeds import feed_of
from pithbuilder.sources.xml_outline import Outline, RawElement, outline
from pithbuilder.sources.xml_records import Element, parse_element

OAI_ENDPOINT: Final = "https://oaipmh.arxiv.org/oai"
ATOM_ENDPOINT: Final = "https://export.arxiv.org/api/query"

METADATA_PREFIX: Final = "arXivRaw"


@attrs.frozen(kw_only=True)
class Page:
    """What one request brought.

    Attributes:
        records: The records, in the server's order.
        token: What brings the next page (OAI-PMH ``resumptionToken``); empty at the end of a list.
        token_expired: Whether the server no longer knew the token that was sent.
        responded_at: The server's time, ``YYYY-MM-DDThh:mm:ssZ`` (OAI-PMH ``responseDate``); empty where it tells none.
        total: How many records the server says there are in the list; None where it does not say.
        answered: The identifiers that are answered: with a version where the answer is about one, and without.
    """

    records: tuple[HarvestedRecord, ...] = ()
    token: str = ""
    token_expired: bool = False
    responded_at: str = ""
    total: int | None = None
    answered: frozenset[str] = frozenset()


class IdEndpoint(Protocol):
    """Brings papers by their identifiers."""

    batch: int
    """How many identifiers one request may name."""

    def by_ids(self, ids: Sequence[str]) -> Page:
        """Return the records of these papers; those that the server does not have are not among them.

        Args:
            ids: Identifiers, with or without a version.

        Raises:
            SourceError: As for :meth:`~pithbuilder.sources.http.HttpClient.get`.
        """
        ...


class OaiEndpoint:
    """OAI-PMH, ``metadataPrefix=arXivRaw``.

    Args:
        http: Asks the server.
    """

    batch = 1

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def list(self, first: str, last: str, set_spec: str) -> Page:
        """Return the first page of the records that changed in a span of days.

        Args:
            first: ``YYYY-MM-DD``.
            last: ``YYYY-MM-DD``; empty for no end.
            set_spec: Such as ``cs`` or ``math:math:AG``; empty for all.

        Raises:
            SourceError: As for :meth:`~pithbuilder.sources.http.HttpClient.get`; ``oai-error``.
        """
        given = {"metadataPrefix": METADATA_PREFIX, "from": first, "until": last, "set": set_spec}
        return self._ask("ListRecords", {name: value for name, value in given.items() if value})

    def resume(self, token: str) -> Page:
        """Return the page that a token stands for.

        Raises:
            SourceError: As for :meth:`list`.
        """
        return self._ask("ListRecords", {"resumptionToken": token}, _read_next_page)

    def by_ids(self, ids: Sequence[str]) -> Page:
        """Return the record of one paper, its newest version.

        Raises:
            SourceError: As for :meth:`list`.
        """
        (paper_id,) = ids
        return self._ask(
            "GetRecord", {"identifier": oai.IDENTIFIER_PREFIX + paper_id, "metadataPrefix": METADATA_PREFIX}
        )

    def _ask(self, verb: str, parameters: dict[str, str], read: Callable[[Answer], Page] | None = None) -> Page:
        return self._http.get({"verb": verb, **parameters}, read or read_oai_page)


class AtomEndpoint:
    """The query API, asked for papers by their identifiers.

    Args:
        http: Asks the server.
    """

    batch = 100

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def by_ids(self, ids: Sequence[str]) -> Page:
        """Return the entries of these papers; an identifier with a version brings that version.

        Raises:
            SourceError: As for :meth:`~pithbuilder.sources.http.HttpClient.get`; ``atom-error``.
        """
        parameters = {"id_list": ",".join(ids), "start": "0", "max_results": str(len(ids))}
        return self._http.get(parameters, read_atom_page)


def _read_next_page(answer: Answer) -> Page:
    """Read a page that a token has brought: there must be something on it."""
    return read_oai_page(answer, may_be_empty=False)


def read_oai_page(answer: Answer, *, may_be_empty: bool = True) -> Page:
    """Return what an answer of OAI-PMH brings.

    Args:
        answer: What the server answered.
        may_be_empty: Whether the server may say that there are no records.

    Raises:
        SourceError: ``http-endpoint``, ``http-status``, ``oai-error``, ``oai-page``, or what is wrong with the markup.
    """
    found = _outline(answer, oai.ROOT)
    elements: dict[str, list[Element]] = {}
    for raw in found.elements:
        if raw.name != oai.RECORD:
            elements.setdefault(raw.name, []).append(_parse(raw, answer))
    for element in elements.get(oai.ERROR, []):
        code = element.get("code")
        if code == "badResumptionToken":
            return Page(token_expired=True)
        told = oai.error_of(element)
        error = SourceError(told.code, told.message, where=answer.url, found=told.found)
        if code == "noRecordsMatch" and not may_be_empty:
            raise TransientError(error)
        if code not in ("noRecordsMatch", "idDoesNotExist"):
            raise error
    _check_status(answer)
    tokens = elements.get(oai.RESUMPTION_TOKEN, [])
    dates = elements.get(oai.RESPONSE_DATE, [])
    if not elements.get(oai.ERROR) and not tokens and not any(raw.name == oai.RECORD for raw in found.elements):
        raise TransientError(
            SourceError(
                "oai-page",
                "the answer has neither records nor an error",
                where=answer.url,
                expected="a record, an error or a resumption token",
            )
        )
    records = tuple(_harvested(raw, answer, *_oai_header(raw)) for raw in found.elements if raw.name == oai.RECORD)
    return Page(
        records=records,
        answered=frozenset(record.source_id for record in records),
        token=(tokens[0].text or "").strip() if tokens else "",
        responded_at=_instant(dates[0].text, answer) if dates else "",
        total=_count(tokens[0].get("completeListSize")) if tokens else None,
    )


def read_atom_page(answer: Answer) -> Page:
    """Return what an answer of the query API brings.

    Raises:
        SourceError: ``http-endpoint``, ``http-status``, ``atom-error``, ``atom-page``, or what is
            wrong with the markup.
    """
    found = _outline(answer, atom.ROOT)
    entries = [(raw, _parse(raw, answer)) for raw in found.elements if raw.name == atom.ENTRY]
    totals = [_parse(raw, answer) for raw in found.elements if raw.name == atom.TOTAL_RESULTS]
    for _, entry in entries:
        if atom.is_error(entry):
            error = atom.error_of(entry)
            raise SourceError(error.code, error.message, where=answer.url, found=error.found)
    _check_status(answer)
    total = _count(totals[0].text) if totals else None
    if total is not None and total > len(entries):  # the API is known for such pages
        raise TransientError(
            SourceError(
                "atom-page",
                "the answer does not have the entries that it counts",
                where=answer.url,
                expected=f"{total} entries",
                found=f"{len(entries)}",
            )
        )
    versions = [_atom_version(entry) for _, entry in entries]
    return Page(
        records=tuple(
            _harvested(raw, answer, paper_id, "") for (raw, _), (paper_id, _) in zip(entries, versions, strict=True)
        ),
        total=total,
        answered=frozenset(name for paper_id, version in versions for name in (paper_id, f"{paper_id}v{version}")),
    )


def _outline(answer: Answer, root: str) -> Outline:
    """Return where an answer's records stand.

    Raises:
        SourceError: ``http-endpoint``.
        TransientError: It is not a whole document of a known kind.
    """
    try:
        found = outline(answer.body, lambda name: feed_of(name, answer.url).watched, answer.url)
    except SourceError as error:  # cut off, or a page of something else: it may be right the next time
        raise TransientError(error) from error
    if found.root != root:
        raise SourceError(
            "http-endpoint",
            "the endpoint speaks another protocol",
            where=answer.url,
            expected=root.rpartition("}")[2],
            found=found.root.rpartition("}")[2],
            hint="--api chooses the protocol, --endpoint the address",
        )
    return found


def _parse(element: RawElement, answer: Answer) -> Element:
    try:
        return parse_element(element.raw, element.namespaces)
    except SourceError as error:
        raise TransientError(located(error, answer.url)) from error


def _check_status(answer: Answer) -> None:
    """Refuse an answer that says that it is none, but not why."""
    if answer.status != 200:
        raise SourceError(
            "http-status", "the server refused", where=answer.url, expected="status 200", found=str(answer.status)
        )


def _harvested(element: RawElement, answer: Answer, source_id: str, datestamp: str) -> HarvestedRecord:
    return HarvestedRecord(
        origin=Origin(answer.url, format_seconds(answer.fetched_at), sha256_hex(element.raw)),
        source_id=source_id,
        datestamp=datestamp,
        namespaces=element.namespaces,
        raw=element.raw,
    )


def _instant(text: str | None, answer: Answer) -> str:
    """Return the server's time as it is spelt, if it is one, and not days ahead."""
    try:
        instant = parse_seconds((text or "").strip())
    except PithError:
        return ""
    return format_seconds(instant) if instant <= answer.fetched_at + timedelta(days=1) else ""


def _count(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _oai_header(record: RawElement) -> tuple[str, str]:
    """Return paper and datestamp; a record that does not say them as it should is kept, and refused when it is used."""
    try:
        header = oai.read_header(parse_element(record.raw, record.namespaces))
    except PithError:
        return "", ""
    return header.arxiv_id, header.datestamp


def _atom_version(entry: Element) -> tuple[str, int]:
    """Return paper and version; an entry that does not say them as it should is kept, and refused when it is used."""
    try:
        return atom.read_identifier(entry)
    except PithError:
        return "", 0
