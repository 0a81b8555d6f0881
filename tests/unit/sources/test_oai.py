"""OAI-PMH as arXiv answers it: every field as another parser reads it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from pithbuilder.sources.source_paper import PartialMetadata, SourcePaper
from tests.support import feeds
from tests.support.oai import NAMES, PAPER, error_in, read, read_one

FEEDS = Path(__file__).parents[2] / "vectors" / "feeds"
RAW_CAPTURES = {
    "oai2015-arXivRaw-GetRecord": 1,
    "oai2015-arXivRaw-ListRecords": 6,
    "oai2026-arXivRaw-three": 3,
}
ARXIV_CAPTURES = {"oai2017-arXiv-ListRecords-hep-ex": 3, "oai2017-arXiv-ListRecords-hep-th": 3}


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
