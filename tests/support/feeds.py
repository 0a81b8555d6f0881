"""Papers as arXiv publishes them: a snapshot's line, OAI-PMH records and pages, Atom entries and feeds."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from email.utils import format_datetime
from typing import Final
from xml.sax import saxutils

import attrs

OAI_URL: Final = "https://oaipmh.arxiv.org/oai"
RESPONSE_DATE: Final = "2026-05-18T00:15:26Z"
SUBMITTER: Final = "Ada Submitter"
COMMENTS: Final = "12 pages, 3 figures"

_DECLARATION: Final = "<?xml version='1.0' encoding='UTF-8'?>\n"
_XSI: Final = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation'
_OAI_NAMESPACE: Final = "http://www.openarchives.org/OAI/2.0/"
_ACCENTS: Final = dict(
    zip("`'^~=.\"urHvck", "\u0300\u0301\u0302\u0303\u0304\u0307\u0308\u0306\u030a\u030b\u030c\u0327\u0328", strict=True)
)
_LETTERS: Final = dict(zip("aa AA ae AE o O oe OE l L ss i j".split(), "åÅæÆøØœŒłŁßij", strict=True))
_ACCENT: Final = re.compile(r"\\(?:([`'^~=.\"])\s*|([urHvck])(?:\s+|(?=\{)))(?:\{\\?([A-Za-z])\s*\}|\\?([A-Za-z]))")
_LETTER: Final = re.compile(rf"\\({'|'.join(sorted(_LETTERS, key=len, reverse=True))})(?![A-Za-z])\s*")
_RECORD: Final = re.compile(rb"<(record|entry)>.*?</\1>", re.DOTALL)
_VERSIONED_ID: Final = re.compile(r"(\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v([1-9]\d*))?", re.ASCII)
_DATES: Final = {len("YYYY-MM-DD"): "%Y-%m-%d", len("YYYY-MM-DDThh:mm:ssZ"): "%Y-%m-%dT%H:%M:%SZ"}
_SUFFIXES: Final = frozenset({"Jr", "Jr.", "Sr", "Sr.", "II", "III", "IV"})


class OaiError(Exception):
    """A request that OAI-PMH answers with an error: its code, and a text."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text


class AtomError(Exception):
    """A request that the Atom interface refuses."""


@attrs.frozen
class FeedPaper:
    """A paper as arXiv keeps it.

    Attributes:
        arxiv_id: Without a version.
        title: TeX, wrapped or not.
        abstract: TeX, wrapped or not.
        authors: The raw author line, TeX.
        categories: The primary one first.
        license: A URL, or None.
        versions: When each version was submitted, in UTC; that of v1 first.
        datestamp: The day on which the record last changed, ``YYYY-MM-DD``; an instant where the server has those.
        deleted: Whether only the header is left.
        sets: The OAI sets, such as ``cs:cs:LG``.
    """

    arxiv_id: str
    title: str
    abstract: str
    authors: str
    categories: tuple[str, ...]
    license: str | None
    versions: tuple[datetime, ...]
    datestamp: str
    deleted: bool = False
    sets: tuple[str, ...] = ()

    @property
    def changed_at(self) -> str:
        """The datestamp as an instant."""
        return self.datestamp if "T" in self.datestamp else f"{self.datestamp}T00:00:00Z"


@attrs.frozen
class AuthorName:
    """One author in the parts that arXiv splits a name into, in Unicode."""

    keyname: str
    forenames: str
    suffix: str

    def full(self) -> str:
        """Return the name as it is read."""
        return " ".join(part for part in (self.forenames, self.keyname, self.suffix) if part)


def unicode_text(tex: str) -> str:
    r"""Return TeX with its accents as Unicode and without its braces.

    >>> unicode_text("Rico M\\\"ockel, {\\L}ukasz \\v{S}\\'{\\i}l, \\O re")
    'Rico Möckel, Łukasz Šíl, Øre'
    """
    accented = _ACCENT.sub(lambda found: (found[3] or found[4]) + _ACCENTS[found[1] or found[2]], tex)
    text = _LETTER.sub(lambda found: _LETTERS[found[1]], accented)
    return unicodedata.normalize("NFC", re.sub(r"[{}]", "", text))


def author_names(authors: str) -> list[AuthorName]:
    """Split an author line, leaving out what is in parentheses.

    >>> [name.full() for name in author_names("Ada B. Lovelace (1), Émilie du Châtelet and Max Roe Jr. ((1) Here)")]
    ['Ada B. Lovelace', 'Émilie du Châtelet', 'Max Roe Jr.']
    """
    text, changes = unicode_text(authors), 1
    while changes:
        text, changes = re.subn(r"\([^()]*\)", " ", text)
    return [_author_name(words) for name in re.split(r",|\band\b", text) if (words := name.split())]


def snapshot_line(paper: FeedPaper) -> bytes:
    """Return the paper's line in the bulk snapshot, line end included."""
    versions = [
        # The snapshot does not fill up a day of one digit, arXivRaw does.
        {"version": f"v{number}", "created": _rfc2822(created).replace(", 0", ", ")}
        for number, created in enumerate(paper.versions, 1)
    ]
    record = {
        "id": paper.arxiv_id,
        "submitter": SUBMITTER,
        "authors": paper.authors,
        "title": paper.title,
        "comments": COMMENTS,
        "journal-ref": None,
        "doi": None,
        "report-no": None,
        "categories": " ".join(paper.categories),
        "license": paper.license,
        "abstract": paper.abstract,
        "versions": versions,
        "update_date": paper.datestamp[:10],
        "authors_parsed": [[name.keyname, name.forenames, name.suffix] for name in author_names(paper.authors)],
    }
    return json.dumps(record).encode("ascii") + b"\n"


def raw_record(paper: FeedPaper) -> str:
    """Return the paper's OAI record with the prefix ``arXivRaw``."""
    versions = (
        f'<version version="v{number}">{_element("date", _rfc2822(created))}'
        "<size>19kb</size><source_type>D</source_type></version>\n"
        for number, created in enumerate(paper.versions, 1)
    )
    fields = (
        _line("id", paper.arxiv_id),
        _line("submitter", SUBMITTER),
        *versions,
        _line("title", paper.title),
        _line("authors", paper.authors),
        _line("categories", " ".join(paper.categories)),
        _line("comments", COMMENTS),
        _line("license", paper.license),
        _line("abstract", paper.abstract),
    )
    return _record(paper, _metadata("arXivRaw", "".join(fields)))


def arxiv_record(paper: FeedPaper) -> str:
    """Return the paper's OAI record with the prefix ``arXiv``."""
    authors = (
        f"<author>{_element('keyname', name.keyname)}{_element('forenames', name.forenames or None)}"
        f"{_element('suffix', name.suffix or None)}</author>"
        for name in author_names(paper.authors)
    )
    days = [created.date().isoformat() for created in paper.versions]
    fields = (
        _line("id", paper.arxiv_id),
        _line("created", days[0] if days else None),
        _line("updated", days[-1] if len(days) > 1 else None),
        f"<authors>{''.join(authors)}</authors>\n",
        _line("title", paper.title),
        _line("categories", " ".join(paper.categories)),
        _line("comments", COMMENTS),
        _line("license", paper.license),
        _line("abstract", paper.abstract),
    )
    return _record(paper, _metadata("arXiv", "".join(fields)))


def dc_record(paper: FeedPaper) -> str:
    """Return the paper's OAI record in Dublin Core, prefix ``oai_dc``."""
    creators = (", ".join(filter(None, (name.keyname, name.forenames))) for name in author_names(paper.authors))
    fields = (
        _line("dc:title", paper.title),
        *(_line("dc:creator", creator) for creator in creators),
        *(_line("dc:subject", category) for category in paper.categories),
        _line("dc:description", paper.abstract),
        *(_line("dc:date", day) for day in dict.fromkeys(created.date().isoformat() for created in paper.versions)),
        _line("dc:type", "text"),
        _line("dc:identifier", f"http://arxiv.org/abs/{paper.arxiv_id}"),
    )
    schema = f"{_OAI_NAMESPACE}oai_dc/ http://www.openarchives.org/OAI/2.0/oai_dc.xsd"
    start = (
        f'<oai_dc:dc xmlns:oai_dc="{_OAI_NAMESPACE}oai_dc/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        f'{_XSI}="{schema}">\n'
    )
    return _record(paper, f"{start}{''.join(fields)}</oai_dc:dc>\n")


def oai_page(
    records: Sequence[str],
    verb: str = "ListRecords",
    token: str | None = None,
    cursor: int | None = None,
    complete: int | None = None,
    response_date: str = RESPONSE_DATE,
    prefix: str | None = "arXivRaw",
    base_url: str = OAI_URL,
) -> bytes:
    """Return an OAI-PMH document.

    Args:
        records: What the verb answers with, as XML.
        verb: The verb.
        token: The resumption token; empty at the end of a list that had tokens, None for no element at all.
        cursor: The token's attribute: how many records came before this page.
        complete: The token's attribute ``completeListSize``.
        response_date: An instant.
        prefix: The metadata prefix that was asked for; None where none was.
        base_url: The repository's URL.
    """
    resumption = ""
    if token is not None:
        attributes = _attributes(cursor=cursor, completeListSize=complete)
        end = f">{_escape(token)}</resumptionToken>\n" if token else "/>\n"
        resumption = f"<resumptionToken{attributes}{end}"
    request = f"<request{_attributes(verb=verb, metadataPrefix=prefix)}>{_escape(base_url)}</request>\n"
    return _oai_document(request, f"<{verb}>\n{''.join(records)}{resumption}</{verb}>\n", response_date)


def oai_identify(granularity: str, earliest: str, base_url: str, response_date: str = RESPONSE_DATE) -> bytes:
    """Return the answer to the verb ``Identify``."""
    fields = (
        _line("repositoryName", "arXiv"),
        _line("baseURL", base_url),
        _line("protocolVersion", "2.0"),
        _line("adminEmail", "help@arxiv.example"),
        _line("earliestDatestamp", earliest),
        _line("deletedRecord", "persistent"),
        _line("granularity", granularity),
    )
    return oai_page(fields, "Identify", response_date=response_date, prefix=None, base_url=base_url)


def oai_error(code: str, text: str, base_url: str = OAI_URL, response_date: str = RESPONSE_DATE) -> bytes:
    """Return an OAI-PMH document with an error."""
    error = f"<error{_attributes(code=code)}>{_escape(text)}</error>\n"
    return _oai_document(f"<request>{_escape(base_url)}</request>\n", error, response_date)


def atom_entry(paper: FeedPaper, version: int, authors: Sequence[str]) -> str:
    """Return one version of a paper as an entry; ``authors`` are the names to show."""
    name = f"{paper.arxiv_id}v{version}"
    scheme = 'scheme="http://arxiv.org/schemas/atom"/>\n'
    fields = (
        _line("id", f"http://arxiv.org/abs/{name}"),
        _line("updated", _instant(paper.versions[version - 1])),
        _line("published", _instant(paper.versions[0])),
        _line("title", paper.title),
        _line("summary", paper.abstract),
        *(f"<author>\n{_line('name', author)}</author>\n" for author in authors),
        _line("arxiv:comment", COMMENTS),
        f'<link href="http://arxiv.org/abs/{name}" rel="alternate" type="text/html"/>\n',
        f'<link title="pdf" href="http://arxiv.org/pdf/{name}" rel="related" type="application/pdf"/>\n',
        *(f"<arxiv:primary_category{_attributes(term=category)} {scheme}" for category in paper.categories[:1]),
        *(f"<category{_attributes(term=category)} {scheme}" for category in paper.categories),
    )
    return f"<entry>\n{''.join(fields)}</entry>\n"


def atom_feed(entries: Sequence[str], total: int, start: int, per_page: int) -> bytes:
    """Return an Atom feed: these entries of ``total``, beginning with number ``start``."""
    fields = (
        '<link href="http://arxiv.org/api/query" rel="self" type="application/atom+xml"/>\n',
        '<title type="html">ArXiv Query: search_query=&amp;id_list=</title>\n',
        _line("id", "http://arxiv.org/api/cHxbiOdZaP56ODnBPIenZhzg5f8"),
        _line("updated", RESPONSE_DATE),
        _line("opensearch:totalResults", str(total)),
        _line("opensearch:startIndex", str(start)),
        _line("opensearch:itemsPerPage", str(per_page)),
    )
    namespaces = (
        'xmlns="http://www.w3.org/2005/Atom" xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" '
        'xmlns:arxiv="http://arxiv.org/schemas/atom"'
    )
    return f"{_DECLARATION}<feed {namespaces}>\n{''.join((*fields, *entries))}</feed>\n".encode()


def atom_error(message: str) -> bytes:
    """Return the feed that reports an error: one entry, which is no paper."""
    place = f"http://arxiv.org/api/errors#{re.sub(r'[^0-9A-Za-z.]+', '_', message)}"
    fields = (
        _line("id", place),
        _line("title", "Error"),
        _line("summary", message),
        _line("updated", RESPONSE_DATE),
        f'<link{_attributes(href=place)} rel="alternate" type="text/html"/>\n',
        f"<author>\n{_line('name', 'arXiv api core')}</author>\n",
    )
    return atom_feed([f"<entry>\n{''.join(fields)}</entry>\n"], total=1, start=0, per_page=1)


def oai_records(papers: Sequence[FeedPaper], prefix: str, granularity: str) -> list[str]:
    """Return papers as OAI records.

    Raises:
        OaiError: ``cannotDisseminateFormat``.
    """
    renderers = {"arXivRaw": raw_record, "arXiv": arxiv_record, "oai_dc": dc_record}
    if prefix not in renderers:
        raise OaiError("cannotDisseminateFormat", "no such metadata format")
    dated = (attrs.evolve(paper, datestamp=paper.changed_at[: len(granularity)]) for paper in papers)
    return [renderers[prefix](paper) for paper in dated]


def select(papers: Sequence[FeedPaper], query: Mapping[str, str], granularity: str) -> list[FeedPaper]:
    """Return the papers that an OAI list has by its arguments from, until and set, in its order.

    Raises:
        OaiError: ``badArgument``.
    """
    bounds = [query[name] for name in ("from", "until") if name in query]
    finest = len(granularity)
    if not all(_is_date(bound, finest) for bound in bounds) or len(set(map(len, bounds))) > 1:
        raise OaiError("badArgument", "from and until are no dates of one granularity")
    if bounds and bounds[0] > bounds[-1]:
        raise OaiError("badArgument", "from is later than until")
    since, until, spec = query.get("from", ""), query.get("until", ""), query.get("set", "")
    return [
        paper
        for paper in sorted(papers, key=lambda paper: paper.changed_at)
        if paper.changed_at[: len(since)] >= since
        and paper.changed_at[: len(until)] <= until
        and (not spec or any(f"{name}:".startswith(f"{spec}:") for name in paper.sets))
    ]


def versions_of(papers: Sequence[FeedPaper], names: str) -> list[str]:
    """Return the Atom entries for a list of identifiers, with or without versions; unknown ones are left out.

    Raises:
        AtomError: One of them is no identifier.
    """
    known = {paper.arxiv_id: paper for paper in papers if not paper.deleted}
    entries = []
    for name in dict.fromkeys(names.split(",")):
        match = _VERSIONED_ID.fullmatch(name)
        if match is None:
            raise AtomError(f"incorrect id format for {name}")
        paper = known.get(match[1])
        if paper and int(match[2] or 1) <= len(paper.versions):
            authors = [author.full() for author in author_names(paper.authors)]
            entries.append(atom_entry(paper, int(match[2] or len(paper.versions)), authors))
    return entries


def first_half(body: bytes) -> bytes:
    """Return a document up to the middle of the record that is in its middle."""
    middle = len(body) // 2
    for found in _RECORD.finditer(body):
        if found.end() > middle:
            return body[: (found.start() + found.end()) // 2]
    return body[:middle]


def with_entity_bomb(body: bytes) -> bytes:
    """Return a document in which one reference stands for gigabytes."""
    entities = [f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 10)]
    content, end = body[: body.rindex(b"</")], body[body.rindex(b"</") :]
    root = re.search(rb"<([A-Za-z][\w-]*)", content)
    assert root is not None
    doctype = f'<!DOCTYPE {root[1].decode()} [<!ENTITY e0 "boom">{"".join(entities)}]>\n'.encode()
    return content[: root.start()] + doctype + content[root.start() :] + b"&e9;" + end


def _is_date(text: str, finest: int) -> bool:
    with suppress(ValueError):
        return len(text) in {len("YYYY-MM-DD"), finest} and bool(datetime.strptime(text, _DATES[len(text)]))
    return False


def _author_name(words: list[str]) -> AuthorName:
    suffix = words.pop() if len(words) > 1 and words[-1] in _SUFFIXES else ""
    start = len(words) - 1
    while start > 0 and words[start - 1][0].islower():  # "du Châtelet" is one keyname
        start -= 1
    return AuthorName(" ".join(words[start:]), " ".join(words[:start]), suffix)


def _record(paper: FeedPaper, metadata: str) -> str:
    fields = (
        _element("identifier", f"oai:arXiv.org:{paper.arxiv_id}"),
        _element("datestamp", paper.datestamp),
        *(_element("setSpec", name) for name in paper.sets),
    )
    header = f"<header{_attributes(status='deleted' if paper.deleted else None)}>{''.join(fields)}</header>\n"
    return f"<record>\n{header}{'' if paper.deleted else f'<metadata>{metadata}</metadata>'}</record>\n"


def _metadata(name: str, content: str) -> str:
    namespace = f"http://arxiv.org/OAI/{name}/"
    return f'<{name} xmlns="{namespace}" {_XSI}="{namespace} http://arxiv.org/OAI/{name}.xsd">\n{content}</{name}>\n'


def _oai_document(request: str, content: str, response_date: str) -> bytes:
    schema = f"{_OAI_NAMESPACE} http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd"
    start = f'{_DECLARATION}<OAI-PMH xmlns="{_OAI_NAMESPACE}" {_XSI}="{schema}">\n'
    return f"{start}{_line('responseDate', response_date)}{request}{content}</OAI-PMH>\n".encode()


def _escape(text: str) -> str:
    return saxutils.escape(text, {"\r": "&#13;"})  # a parser turns a bare carriage return into a line feed


def _element(name: str, text: str | None) -> str:
    return "" if text is None else f"<{name}>{_escape(text)}</{name}>"


def _line(name: str, text: str | None) -> str:
    return "" if text is None else f"{_element(name, text)}\n"


def _attributes(**values: str | int | None) -> str:
    return "".join(f" {name}={saxutils.quoteattr(str(value))}" for name, value in values.items() if value is not None)


def _rfc2822(instant: datetime) -> str:
    return format_datetime(instant, usegmt=True)


def _instant(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
