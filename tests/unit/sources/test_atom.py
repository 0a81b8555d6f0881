"""Atom as arXiv's query API answers it: every field as another parser reads it, and every error with its place."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from pithbuilder.core.arxiv_id import is_category
from pithbuilder.documents.record import CanonicalRecord
from pithbuilder.errors import DocumentError, SourceError
from pithbuilder.sources.atom import ATOM, read_identifier
from pithbuilder.sources.incomplete import complete
from pithbuilder.sources.reading import read_papers
from pithbuilder.sources.source_paper import SourcePaper
from tests.support import feeds
from tests.support.feeds import FeedPaper

FEEDS = Path(__file__).parents[2] / "vectors" / "feeds"
NAMES = {"a": "http://www.w3.org/2005/Atom", "x": "http://arxiv.org/schemas/atom"}
CAPTURES = {
    "atom2016-one-1111.2011v2": 1,
    "atom2016-search-10": 10,
    "atom2016-oldid-cond-mat-0603029": 1,
    "atom2026-oldid-astro-ph-0601001": 1,
    "atom2026-oldid-quant-ph-0201082v1": 1,
    "atom2026-one-1605.08386": 1,
    "atom2026-one-2104.12255v1": 1,
    "atom2026-search-10": 10,
    "atom2026-three": 3,
    "atom2026-two-ids-one-absent": 1,
}
PAPER = FeedPaper(
    arxiv_id="1805.08469",
    title="On a\n  title",
    abstract="  An abstract\n",
    authors="A and B",
    categories=("cs.LG", "cs.AI", "stat.ML"),
    license=None,
    versions=(datetime(2018, 5, 22, 9, 32, 21, tzinfo=UTC), datetime(2018, 6, 2, 9, 32, 21, tzinfo=UTC)),
    datestamp="2018-06-03",
)


def read(document: bytes) -> list[SourcePaper]:
    return list(read_papers(BytesIO(document), "f"))


def error_in(document: bytes) -> SourceError:
    (item,) = read(document)
    assert item.paper is None
    assert item.error is not None
    return item.error


def text(element: etree._Element, path: str) -> str:
    found = element.find(path, NAMES)
    assert found is not None
    return found.text or ""


@pytest.mark.parametrize("name", CAPTURES)
def test_what_arxiv_answered(name: str) -> None:
    data = (FEEDS / f"{name}.xml").read_bytes()
    entries = etree.fromstring(data, etree.XMLParser(resolve_entities=False)).findall("a:entry", NAMES)
    items = read(data)
    assert len(items) == CAPTURES[name]
    for item, entry in zip(items, entries, strict=True):
        partial = item.partial
        assert item.paper is None
        assert partial is not None
        (named,) = re.findall(r"/abs/(.*)$", text(entry, "a:id"))
        primary = entry.find("x:primary_category", NAMES)
        assert primary is not None
        terms = [str(category.get("term")) for category in entry.findall("a:category", NAMES)]
        assert f"{partial.arxiv_id}v{partial.version}" == named
        assert (partial.title, partial.abstract) == (text(entry, "a:title"), text(entry, "a:summary"))
        assert partial.categories[0] == primary.get("term")
        assert sorted(partial.categories) == sorted(filter(is_category, terms))
        assert partial.submitted_at == datetime.fromisoformat(text(entry, "a:published"))
        first, newest = (datetime.fromisoformat(text(entry, f"a:{name}")).date() for name in ("published", "updated"))
        assert partial.days == {(first, newest)}
        assert partial.license is None
        assert item.error is not None
        assert item.error.code == "source-incomplete"
        assert item.error.where == f"f:{entry.sourceline}: paper {partial.arxiv_id}"
        for missing in ("title", "abstract", "authors", "license"):
            assert missing in item.error.message
        assert "--complete-from" in item.error.hint


def test_the_two_feeds_of_the_same_three_papers_give_one_record() -> None:
    raw = read((FEEDS / "oai2026-arXivRaw-three.xml").read_bytes())
    atom = read((FEEDS / "atom2026-three.xml").read_bytes())
    assert len(raw) == len(atom) == 3
    for whole, part in zip(raw, atom, strict=True):
        assert part.partial is not None
        assert whole.paper is not None
        completed = complete(part.partial, whole.paper, whole.revised_at, part.place)
        assert completed.error is None
        assert completed.paper is not None
        made, alone = (CanonicalRecord.derive(paper).canonical_bytes for paper in (completed.paper, whole.paper))
        assert made == alone


@pytest.mark.parametrize("name", ["atom2026-empty-0000.0000", "atom2026-empty-0808.05394"])
def test_a_feed_without_an_entry(name: str) -> None:
    error = error_in((FEEDS / f"{name}.xml").read_bytes())
    assert (error.code, error.where, error.expected) == ("source-empty", "f", "at least one record")


def test_an_error_that_arxiv_answered() -> None:
    error = error_in((FEEDS / "atom2026-error-incorrect-id.xml").read_bytes())
    assert (error.code, error.where) == ("atom-error", "f:9: entry")
    assert error.found == "'incorrect id format for abc'"


def test_the_error_of_a_test_server_is_one_too() -> None:
    error = error_in(feeds.atom_error("incorrect id format for x"))
    assert (error.code, error.found) == ("atom-error", "'incorrect id format for x'")


def feed(paper: FeedPaper = PAPER, version: int = 2) -> str:
    return feeds.atom_feed([feeds.atom_entry(paper, version, ["A", "B"])], 1, 0, 10).decode()


def entry_at(address: str) -> etree._Element:
    entry = etree.Element(f"{{{ATOM}}}entry")
    etree.SubElement(entry, f"{{{ATOM}}}id").text = address
    return entry


@given(
    year=st.integers(7, 99),
    month=st.integers(1, 12),
    number=st.integers(0, 99_999),
    archive=st.sampled_from(["", "hep-th/", "math.AG/", "cond-mat/"]),
    version=st.integers(1, 999_999),
    start=st.sampled_from(
        ["http://arxiv.org", "https://arxiv.org", "http://export.arxiv.org", "https://www.arxiv.org"]
    ),
)
def test_any_address(year: int, month: int, number: int, archive: str, version: int, start: str) -> None:
    name = f"{archive}{year:02d}{month:02d}{number % 1000:03d}" if archive else f"{year:02d}{month:02d}.{number:05d}"
    bare = name.replace(".AG/", "/")
    assert read_identifier(entry_at(f"{start}/abs/{name}v{version}")) in ((bare, version), (name, version))


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("http://arxiv.org/abs/1805.08469", "atom-id"),
        ("http://arxiv.org/pdf/1805.08469v1", "atom-id"),
        ("http://arxiv.example/abs/1805.08469v1", "atom-id"),
        ("http://arxiv.org.example/abs/1805.08469v1", "atom-id"),
        ("ftp://arxiv.org/abs/1805.08469v1", "atom-id"),
        ("1805.08469v1", "atom-id"),
        ("", "atom-id"),
        ("http://arxiv.org/abs/1805.08469v0", "arxiv-id-format"),
        ("http://arxiv.org/abs/1805.08469v1/../x", "arxiv-id-format"),
        ("http://arxiv.org/abs/../../etc/passwdv1", "arxiv-id-format"),
        ("http://arxiv.org/abs/1813.08469v1", "arxiv-id-format"),
        ("http://arxiv.org/abs/1805.08469v1?x", "arxiv-id-format"),
    ],
)
def test_an_address_that_is_none(address: str, code: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_identifier(entry_at(address))
    assert (caught.value.code, caught.value.where) == (code, "entry/id")
    assert caught.value.expected


LINE = 1 + feed()[: feed().index("<entry>")].count("\n")
OF_PAPER = f"f:{LINE}: paper 1805.08469: entry/"
TABLE = {
    # name: (before, after, code, where, expected)
    "no id": ("<id>http://arxiv.org/abs/1805.08469v2</id>", "", "field-missing", f"f:{LINE}: entry/id", "'id'"),
    "two ids": (
        "<id>http://arxiv.org/abs/1805.08469v2</id>",
        "<id>a</id><id>b</id>",
        "field-repeated",
        f"f:{LINE}: entry/id",
        "each field once",
    ),
    "no version": ("08469v2</id>", "08469</id>", "atom-id", f"f:{LINE}: entry/id", "an address with a version"),
    "another address": ("http://arxiv.org/abs/", "urn:", "atom-id", f"f:{LINE}: entry/id", "abstract page"),
    "no title": (f"<title>{PAPER.title}</title>", "", "field-missing", f"{OF_PAPER}title", "'title'"),
    "markup in the title": ("<title>On", "<title>On <b/>", "field-markup", f"{OF_PAPER}title", "text alone"),
    "no summary": (f"<summary>{PAPER.abstract}</summary>", "", "field-missing", f"{OF_PAPER}summary", "'summary'"),
    "markup in the summary": ("<summary>", "<summary><p/>", "field-markup", f"{OF_PAPER}summary", "text alone"),
    "two summaries": ("<summary>", "<summary/><summary>", "field-repeated", f"{OF_PAPER}summary", "once"),
    "no published": (
        "<published>2018-05-22T09:32:21Z</published>",
        "",
        "field-missing",
        f"{OF_PAPER}published",
        "'published'",
    ),
    "no updated": (
        "<updated>2018-06-02T09:32:21Z</updated>",
        "",
        "field-missing",
        f"{OF_PAPER}updated",
        "'updated'",
    ),
    "published is none": ("2018-05-22T", "2018-02-31T", "instant-format", f"{OF_PAPER}published", "YYYY-MM-DD"),
    "updated has an offset": ("06-02T09:32:21Z", "06-02T09:32:21+00:00", "instant-format", f"{OF_PAPER}updated", "Z"),
    "no primary category": (
        "<arxiv:primary_category",
        "<arxiv:other",
        "field-missing",
        f"{OF_PAPER}primary_category",
        "'primary_category'",
    ),
    "two primary categories": (
        "<arxiv:primary_category",
        "<arxiv:primary_category/><arxiv:primary_category",
        "field-repeated",
        f"{OF_PAPER}primary_category",
        "each field once",
    ),
    "a primary category without a term": (
        '<arxiv:primary_category term="cs.LG"',
        "<arxiv:primary_category",
        "field-missing",
        f"{OF_PAPER}primary_category/@term",
        "'term'",
    ),
    "a category without a term": (
        '<category term="cs.AI"',
        "<category",
        "field-missing",
        f"{OF_PAPER}category/@term",
        "'term'",
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_a_bad_entry(name: str) -> None:
    before, after, code, where, expected = TABLE[name]
    start, entry, rest = feed().partition("<entry>")
    assert before in rest
    error = error_in((start + entry + rest.replace(before, after, 1)).encode())
    assert (error.code, error.where) == (code, where)
    assert expected in error.expected


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        (("cs.LG", "cs.AI"), ("cs.LG", "cs.AI")),
        (("cs.AI", "cs.LG"), ("cs.LG", "cs.AI")),
        (("cs.AI",), ("cs.LG", "cs.AI")),
        ((), ("cs.LG",)),
        (("cs.LG", "68T05, 62H30", "I.2.6", "cs.AI"), ("cs.LG", "cs.AI")),
    ],
)
def test_categories_begin_with_the_primary_one(listed: tuple[str, ...], expected: tuple[str, ...]) -> None:
    document = feed(attrs.evolve(PAPER, categories=("cs.LG",)))
    category = '<category term="cs.LG" scheme="http://arxiv.org/schemas/atom"/>\n'
    assert document.count(category) == 1
    document = document.replace(category, "".join(f'<category term="{term}"/>' for term in listed))
    (item,) = read(document.encode())
    assert item.partial is not None
    assert item.partial.categories == expected
