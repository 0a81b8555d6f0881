"""OAI-PMH as arXiv answers it: every field as another parser reads it, and every error with its place."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from pithbuilder.errors import DocumentError, SourceError
from pithbuilder.sources.oai import OaiHeader, read_header
from pithbuilder.sources.reading import read_papers
from pithbuilder.sources.source_paper import PartialMetadata, SourcePaper
from tests.support import feeds
from tests.support.feeds import FeedPaper

FEEDS = Path(__file__).parents[2] / "vectors" / "feeds"
NAMES = {
    "o": "http://www.openarchives.org/OAI/2.0/",
    "r": "http://arxiv.org/OAI/arXivRaw/",
    "x": "http://arxiv.org/OAI/arXiv/",
}
RAW_CAPTURES = {
    "oai2015-arXivRaw-GetRecord": 1,
    "oai2015-arXivRaw-ListRecords": 6,
    "oai2026-arXivRaw-three": 3,
}
ARXIV_CAPTURES = {"oai2017-arXiv-ListRecords-hep-ex": 3, "oai2017-arXiv-ListRecords-hep-th": 3}
PAPER = FeedPaper(
    arxiv_id="1805.08469",
    title="On a\n  title",
    abstract="  An abstract\n",
    authors=r"Jos\'e A and B",
    categories=("cs.LG", "stat.ML"),
    license="http://creativecommons.org/licenses/by/4.0/",
    versions=(datetime(2018, 5, 22, 9, 32, 21, tzinfo=UTC), datetime(2018, 6, 2, 9, 32, 21, tzinfo=UTC)),
    datestamp="2018-06-03",
)


def read(document: bytes) -> list[SourcePaper]:
    return list(read_papers(BytesIO(document), "f"))


def read_one(document: bytes) -> SourcePaper:
    (item,) = read(document)
    return item


def error_in(document: bytes) -> SourceError:
    item = read_one(document)
    assert item.paper is None
    assert item.error is not None
    return item.error


def text(element: etree._Element, path: str) -> str | None:
    found = element.find(path, NAMES)
    return None if found is None else found.text or ""


def records(name: str) -> list[etree._Element]:
    root = etree.fromstring((FEEDS / f"{name}.xml").read_bytes(), etree.XMLParser(resolve_entities=False))
    return root.findall(".//o:record", NAMES)


def instant(spelt: str | None) -> datetime:
    assert spelt is not None
    return datetime.strptime(spelt, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)


@pytest.mark.parametrize("name", RAW_CAPTURES)
def test_what_arxiv_answered_in_arxivraw(name: str) -> None:
    items = read((FEEDS / f"{name}.xml").read_bytes())
    assert len(items) == RAW_CAPTURES[name]
    for item, record in zip(items, records(name), strict=True):
        paper = item.paper
        raw = record.find("o:metadata/r:arXivRaw", NAMES)
        assert paper is not None
        assert raw is not None
        versions = raw.findall("r:version", NAMES)
        assert item.place == f"f:{record.sourceline}"
        assert item.error is None
        assert item.partial is None
        assert paper.arxiv_id == text(raw, "r:id")
        assert f"v{paper.version}" == versions[-1].get("version")
        assert paper.title == text(raw, "r:title")
        assert paper.abstract == text(raw, "r:abstract")
        assert paper.authors == text(raw, "r:authors")
        assert " ".join(paper.categories) == text(raw, "r:categories")
        assert paper.license == (text(raw, "r:license") or "")
        assert paper.submitted_at == instant(text(versions[0], "r:date"))
        assert item.revised_at == instant(text(versions[-1], "r:date"))


@pytest.mark.parametrize("name", ARXIV_CAPTURES)
def test_what_arxiv_answered_in_arxiv(name: str) -> None:
    items = read((FEEDS / f"{name}.xml").read_bytes())
    assert len(items) == ARXIV_CAPTURES[name]
    for item, record in zip(items, records(name), strict=True):
        told = record.find("o:metadata/x:arXiv", NAMES)
        assert told is not None
        created, updated = date.fromisoformat(text(told, "x:created") or ""), text(told, "x:updated")
        days: set[tuple[date | None, date]] = {(created, date.fromisoformat(updated) if updated else created)}
        if not updated or updated == text(record, "o:header/o:datestamp"):
            days.add((None, created))
        assert item.paper is None
        assert item.partial == PartialMetadata(
            feed="OAI-PMH arXiv",
            missing=("version", "title", "abstract", "authors", "submitted_at"),
            arxiv_id=text(told, "x:id") or "",
            version=None,
            days=frozenset(days),
            submitted_at=None,
            title=text(told, "x:title") or "",
            abstract=text(told, "x:abstract") or "",
            categories=tuple((text(told, "x:categories") or "").split()),
            license=text(told, "x:license") or "",
        )
        assert item.error is not None
        assert item.error.code == "source-incomplete"
        assert item.error.where == f"f:{record.sourceline}: paper {text(told, 'x:id')}"
        assert "version" in item.error.message
        assert "arXivRaw" in item.error.expected
        assert "--complete-from" in item.error.hint


@pytest.mark.parametrize("path", sorted(FEEDS.glob("oai*-error-*.xml")), ids=lambda path: path.stem)
def test_an_error_that_arxiv_answered(path: Path) -> None:
    answer = etree.fromstring(path.read_bytes()).find("o:error", NAMES)
    assert answer is not None
    error = error_in(path.read_bytes())
    assert (error.code, error.where) == ("oai-error", f"f:{answer.sourceline}: error")
    assert repr(answer.get("code")) in error.message
    assert (answer.text or "").strip()[:50] in error.found


# What XML can carry and a paper may hold: characters of XML, not blank, no halves of pairs.
TEXTS = (
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff"), min_size=1)
    .map(lambda spelt: re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", spelt))
    .filter(lambda spelt: bool(spelt.strip()))
)


@given(title=TEXTS, abstract=TEXTS, authors=TEXTS, count=st.integers(1, 4), stated=st.booleans())
def test_any_paper_is_read_as_from_a_snapshot(
    title: str, abstract: str, authors: str, count: int, stated: bool
) -> None:
    paper = attrs.evolve(
        PAPER,
        title=title,
        abstract=abstract,
        authors=authors,
        license=PAPER.license if stated else None,
        versions=tuple(PAPER.versions[0].replace(year=2018 + number) for number in range(count)),
    )
    for verb in ("ListRecords", "GetRecord"):
        item = read_one(feeds.oai_page([feeds.raw_record(paper)], verb))
        snapshot = read_one(feeds.snapshot_line(paper))
        assert (item.paper, item.revised_at) == (snapshot.paper, snapshot.revised_at)
        assert item.paper is not None
        assert (item.paper.title, item.paper.abstract, item.paper.authors) == (title, abstract, authors)


@pytest.mark.parametrize("identifier", ["1805.08469", "hep-th/9901001", "math.AG/9901001"])
def test_a_deleted_record(identifier: str) -> None:
    paper = attrs.evolve(PAPER, arxiv_id=identifier, deleted=True)
    item = read_one(feeds.oai_page([feeds.raw_record(paper)]))
    assert item == SourcePaper(item.place, deleted_id=identifier.replace(".AG/", "/"))


def test_records_are_read_wherever_the_page_ends() -> None:
    rendered = [feeds.raw_record(attrs.evolve(PAPER, arxiv_id=f"1805.0846{number}")) for number in range(3)]
    for token in (None, "", "a%3Db"):
        assert [item.error for item in read(feeds.oai_page(rendered, token=token))] == [None] * 3


def test_one_bad_record_does_not_stop_the_others() -> None:
    rendered = [feeds.raw_record(attrs.evolve(PAPER, arxiv_id=f"1805.0846{number}")) for number in range(3)]
    rendered[1] = rendered[1].replace("<title>", "<titel>").replace("</title>", "</titel>")
    items = read(feeds.oai_page(rendered))
    assert [item.paper is None for item in items] == [False, True, False]


RAW = feeds.oai_page([feeds.raw_record(PAPER)]).decode()
ARXIV = feeds.oai_page([feeds.arxiv_record(PAPER)]).decode()
LINE = 1 + RAW[: RAW.index("<record>")].count("\n")
V1 = '<version version="v1"><date>Tue, 22 May 2018 09:32:21 GMT</date>'
V2 = '<version version="v2"><date>Sat, 02 Jun 2018 09:32:21 GMT</date>'
OF_PAPER = f"f:{LINE}: paper 1805.08469: "
TABLE: dict[str, tuple[str, str, str, str, str, str]] = {
    # name: (document, before, after, code, where, expected)
    "no header": (RAW, "header>", "kopf>", "field-missing", f"f:{LINE}: record/header", "an element 'header'"),
    "two headers": (RAW, "<header>", "<header/><header>", "field-repeated", f"f:{LINE}: record/header", "once"),
    "no identifier": (
        RAW,
        "<identifier>oai:arXiv.org:1805.08469</identifier>",
        "",
        "field-missing",
        f"f:{LINE}: record/header/identifier",
        "'identifier'",
    ),
    "two identifiers": (
        RAW,
        "<identifier>",
        "<identifier/><identifier>",
        "field-repeated",
        f"f:{LINE}: record/header/identifier",
        "each field once",
    ),
    "markup in the identifier": (
        RAW,
        "<identifier>",
        "<identifier><b/>",
        "field-markup",
        f"f:{LINE}: record/header/identifier",
        "text alone",
    ),
    "another archive": (
        RAW,
        "oai:arXiv.org:",
        "oai:example.org:",
        "oai-identifier",
        f"f:{LINE}: record/header/identifier",
        "oai:arXiv.org:",
    ),
    "an identifier that is none": (
        RAW,
        "oai:arXiv.org:1805.08469",
        "oai:arXiv.org:../../etc",
        "arxiv-id-format",
        f"f:{LINE}: record/header/identifier",
        "archive/YYMMNNN",
    ),
    "no metadata": (RAW, "metadata>", "about>", "field-missing", f"{OF_PAPER}record/metadata", "'metadata'"),
    "two of metadata": (
        RAW,
        "<metadata>",
        "<metadata/><metadata>",
        "field-repeated",
        f"{OF_PAPER}record/metadata",
        "each field once",
    ),
    "empty metadata": (
        RAW,
        "<metadata><arXivRaw",
        "<metadata/><about><arXivRaw",
        "oai-format",
        f"{OF_PAPER}record/metadata",
        "one element",
    ),
    "two formats": (RAW, "</metadata>", "<x/></metadata>", "oai-format", f"{OF_PAPER}record/metadata", "one element"),
    "another paper": (
        RAW,
        "<id>1805.08469",
        "<id>1805.08460",
        "oai-identifier",
        f"{OF_PAPER}arXivRaw/id",
        "1805.08469, as in the header",
    ),
    "another paper in arXiv": (
        ARXIV,
        "<id>1805.08469",
        "<id>1805.08460",
        "oai-identifier",
        f"{OF_PAPER}arXiv/id",
        "as in the header",
    ),
    "an id that is none": (
        RAW,
        "<id>1805.08469",
        "<id>1805",
        "arxiv-id-format",
        f"{OF_PAPER}arXivRaw/id",
        "archive/YYMMNNN",
    ),
    **{
        f"no {name}": (RAW, f"{name}>", f"x-{name}>", "field-missing", f"{OF_PAPER}arXivRaw/{name}", f"'{name}'")
        for name in ("id", "title", "abstract", "authors", "categories")
    },
    **{
        f"two of {name}": (
            RAW,
            f"<{name}>",
            f"<{name}>x</{name}><{name}>",
            "field-repeated",
            f"{OF_PAPER}arXivRaw/{name}",
            "each field once",
        )
        for name in ("id", "title", "abstract", "authors", "categories", "license")
    },
    **{
        f"markup in {name}": (
            RAW,
            f"<{name}>",
            f"<{name}><b>x</b>",
            "field-markup",
            f"{OF_PAPER}arXivRaw/{name}",
            "text alone",
        )
        for name in ("id", "title", "abstract", "authors", "categories", "license")
    },
    **{
        f"a blank {name}": (
            RAW,
            f"<{name}>{value}<",
            f"<{name}> \n<",
            "field-empty",
            f"{OF_PAPER}arXivRaw/{name}",
            "not blank",
        )
        for name, value in {
            "title": PAPER.title,
            "abstract": PAPER.abstract,
            "authors": PAPER.authors,
            "categories": "cs.LG stat.ML",
        }.items()
    },
    "a category that is none": (
        RAW,
        "cs.LG stat.ML",
        "cs.LG ../x",
        "category-format",
        f"{OF_PAPER}arXivRaw/categories",
        "cs.LG",
    ),
    "no versions": (RAW, "version ", "x-version ", "field-empty", f"{OF_PAPER}arXivRaw/version", "at least one"),
    "a version without a name": (
        RAW,
        '<version version="v1">',
        "<version>",
        "field-missing",
        f"{OF_PAPER}arXivRaw/version/@version",
        "'version'",
    ),
    "v1 is missing": (
        RAW,
        'version="v1"',
        'version="v2"',
        "version-order",
        f"{OF_PAPER}arXivRaw/version[1]/@version",
        "v1 first, then rising",
    ),
    "versions fall": (
        RAW,
        'version="v2"',
        'version="v1"',
        "version-order",
        f"{OF_PAPER}arXivRaw/version[2]/@version",
        "v1 first",
    ),
    "no date": (
        RAW,
        V1,
        '<version version="v1">',
        "field-missing",
        f"{OF_PAPER}arXivRaw/version/date",
        "an element 'date'",
    ),
    "no date in the second version": (
        RAW,
        V2,
        '<version version="v2">',
        "field-missing",
        f"{OF_PAPER}arXivRaw/version/date",
        "an element 'date'",
    ),
    "no date in a version out of order": (
        RAW,
        V2,
        '<version version="v1">',
        "field-missing",
        f"{OF_PAPER}arXivRaw/version/date",
        "an element 'date'",
    ),
    "two dates": (
        RAW,
        V2,
        f"{V2}<date/>",
        "field-repeated",
        f"{OF_PAPER}arXivRaw/version/date",
        "each field once",
    ),
    "markup in a date": (
        RAW,
        V2,
        V2.replace("</date>", "<b/></date>"),
        "field-markup",
        f"{OF_PAPER}arXivRaw/version/date",
        "text alone",
    ),
    "a version twice": (
        RAW,
        V2,
        f"{V1}</version>{V2}",
        "version-order",
        f"{OF_PAPER}arXivRaw/version[2]/@version",
        "v1 first, then rising",
    ),
    "a date that is none": (
        RAW,
        "Tue, 22 May 2018 09:32:21 GMT",
        "Tue, 31 Feb 2018 09:32:21 GMT",
        "date-format",
        f"{OF_PAPER}arXivRaw/version[1]/date",
        "a date such as",
    ),
    "no day in arXiv": (
        ARXIV,
        "<created>2018-05-22</created>",
        "",
        "field-missing",
        f"{OF_PAPER}arXiv/created",
        "'created'",
    ),
    "a day in arXiv that is none": (ARXIV, "2018-05-22", "2018-02-31", "date-format", f"{OF_PAPER}arXiv/created", ""),
    "no title in arXiv": (ARXIV, "title>", "x-title>", "field-missing", f"{OF_PAPER}arXiv/title", "'title'"),
    "no abstract in arXiv": (
        ARXIV,
        "abstract>",
        "x-abstract>",
        "field-missing",
        f"{OF_PAPER}arXiv/abstract",
        "'abstract'",
    ),
}


def respell(document: str, before: str, after: str) -> bytes:
    assert before in document
    if before.endswith((">", " ")) and not before.startswith("<"):  # a name, in both its tags
        changed = document.replace(f"<{before}", f"<{after}").replace(f"</{before}", f"</{after}")
        if before == "version ":
            changed = changed.replace("</version>", "</x-version>")
    else:
        changed = document.replace(before, after, 1)
    if "<about>" in changed and "</about>" not in changed:
        changed = changed.replace("</metadata>", "</about>", 1)
    return changed.encode()


@pytest.mark.parametrize("name", TABLE)
def test_a_bad_record(name: str) -> None:
    document, before, after, code, where, expected = TABLE[name]
    error = error_in(respell(document, before, after))
    assert (error.code, error.where) == (code, where)
    assert expected in error.expected


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("<title>", "<title/><title>", "2 of them"),
        ("<title>", "<title/><title/><title>", "3 of them"),
        ("<title>", "<title><b/><i/>", "'{http://arxiv.org/OAI/arXivRaw/}b'"),
        ("title>", "titel>", ""),
    ],
)
def test_what_was_found_instead_of_a_text(before: str, after: str, found: str) -> None:
    assert error_in(respell(RAW, before, after)).found == found


def test_fields_of_other_namespaces_and_of_other_elements_are_passed_over() -> None:
    others = '<title xmlns="urn:x"><b/></title><comments><title/><version/></comments>'
    document = respell(RAW, "<title>", f"{others}<title>").replace(b"<header>", b'<header xmlns="urn:x"/><header>')
    assert read_one(document).paper == read_one(RAW.encode()).paper


def described(before: str = "", after: str = "") -> OaiHeader:
    root = etree.fromstring(respell(RAW, before, after) if before else RAW.encode())
    (record,) = root.findall(".//o:record", NAMES)
    return read_header(record)


def test_when_a_record_last_changed() -> None:
    assert described() == ("1805.08469", "2018-06-03", False)
    assert described("2018-06-03<", "2018-06-03T00:00:00Z\n<").datestamp == "2018-06-03T00:00:00Z"
    assert described("<datestamp>2018-06-03</datestamp>").datestamp == ""
    assert described("<datestamp>", "<datestamp>2017-01-01<b/></datestamp><datestamp>").datestamp == "2017-01-01"


@pytest.mark.parametrize(
    ("before", "after", "code", "where", "expected"),
    [
        ("header>", "kopf>", "field-missing", "record/header", "'header'"),
        ("oai:arXiv.org:", "oai:example.org:", "oai-identifier", "record/header/identifier", "oai:arXiv.org:"),
    ],
)
def test_a_header_that_describes_no_record(before: str, after: str, code: str, where: str, expected: str) -> None:
    with pytest.raises(DocumentError) as caught:
        described(before, after)
    assert (caught.value.code, caught.value.where) == (code, where)
    assert expected in caught.value.expected


def test_a_paper_is_read_without_its_datestamp() -> None:
    assert read_one(respell(RAW, "<datestamp>2018-06-03</datestamp>", "")).paper == read_one(RAW.encode()).paper


def test_another_format() -> None:
    error = error_in(feeds.oai_page([feeds.dc_record(PAPER)], prefix="oai_dc"))
    assert (error.code, error.where) == ("oai-format", f"{OF_PAPER}record/metadata")
    assert (error.expected, error.found) == ("arXivRaw or arXiv", "'{http://www.openarchives.org/OAI/2.0/oai_dc/}dc'")
    assert "metadataPrefix=arXivRaw" in error.hint


def test_a_date_in_its_two_spellings() -> None:
    plain = read_one(respell(RAW, "Sat, 02 Jun", "Sat, 2 Jun"))
    assert plain.revised_at == read_one(RAW.encode()).revised_at == PAPER.versions[-1]


def test_an_identify_answer_has_no_record() -> None:
    error = error_in(feeds.oai_identify("YYYY-MM-DD", "2005-09-16", feeds.OAI_URL))
    assert (error.code, error.where) == ("source-empty", "f")
