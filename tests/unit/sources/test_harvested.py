"""Harvested records: the bytes as they came, and nothing is read from them when they are others."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pithbuilder.core.digest import sha256_hex
from pithbuilder.errors import SourceError
from pithbuilder.sources.harvested import HarvestedRecord, is_harvested
from pithbuilder.sources.reading import read_papers
from pithbuilder.sources.source_paper import Origin, SourcePaper
from tests.support import feeds
from tests.support.feeds import FeedPaper

OAI = "http://www.openarchives.org/OAI/2.0/"
ATOM = {"": "http://www.w3.org/2005/Atom", "arxiv": "http://arxiv.org/schemas/atom"}
PAPER = FeedPaper(
    arxiv_id="1805.08469",
    title="On <a> title &",
    abstract="  An abstract\n",
    authors=r"Jos\'e A and B",
    categories=("cs.LG",),
    license=None,
    versions=(datetime(2018, 5, 22, 9, 32, 21, tzinfo=UTC),),
    datestamp="2018-05-23",
)
RAW = feeds.raw_record(PAPER).strip()


def record(raw: Any = RAW, **changes: Any) -> dict[str, Any]:
    """Return a record; a change to ``...`` leaves the member out."""
    members = {
        "source": "https://oaipmh.arxiv.org/oai?verb=ListRecords",
        "fetched_at": "2026-05-18T00:15:26Z",
        "raw_sha256": sha256_hex(str(raw).encode()),
        "raw": raw,
        "namespaces": {"": OAI},
        "source_id": "1805.08469",
        "datestamp": "2018-05-23",
        **changes,
    }
    return {name: value for name, value in members.items() if value is not ...}


def read(value: dict[str, Any]) -> SourcePaper:
    (item,) = read_papers(BytesIO(json.dumps(value).encode()), "f")
    return item


def error_in(value: dict[str, Any]) -> SourceError:
    item = read(value)
    assert item.paper is None
    assert item.error is not None
    return item.error


def test_a_record_is_the_paper_of_its_bytes() -> None:
    (whole,) = read_papers(BytesIO(feeds.oai_page([RAW])), "f")
    item = read(record())
    assert whole.paper is not None
    assert item == SourcePaper(
        "f:1",
        whole.paper,
        revised_at=whole.revised_at,
        origin=Origin(
            "https://oaipmh.arxiv.org/oai?verb=ListRecords", "2026-05-18T00:15:26Z", sha256_hex(RAW.encode())
        ),
    )


@pytest.mark.parametrize(
    ("raw", "namespaces", "told"),
    [
        (
            feeds.raw_record(attrs.evolve(PAPER, deleted=True)).strip(),
            {"": OAI},
            lambda item: item.deleted_id == PAPER.arxiv_id,
        ),
        (feeds.arxiv_record(PAPER).strip(), {"": OAI}, lambda item: item.partial.feed == "OAI-PMH arXiv"),
        (feeds.atom_entry(PAPER, 1, ["A"]).strip(), ATOM, lambda item: item.partial.feed == "Atom"),
        (
            f'<o:record xmlns:o="{OAI}">{RAW.removeprefix("<record>").removesuffix("</record>")}</o:record>',
            {"": OAI},
            lambda item: item.paper is not None,
        ),
    ],
    ids=["deleted", "arXiv", "Atom", "with namespaces of its own"],
)
def test_other_kinds(raw: str, namespaces: dict[str, str], told: Callable[[SourcePaper], bool]) -> None:
    item = read(record(raw, namespaces=namespaces))
    assert told(item)
    assert item.origin is not None
    assert item.origin.raw_sha256 == sha256_hex(raw.encode())


@given(
    raw=st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    source=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    namespaces=st.dictionaries(st.text("abc:", max_size=4), st.text("<&'\"/x", max_size=8), max_size=3),
)
def test_what_is_written_is_read_again(raw: str, source: str, namespaces: dict[str, str]) -> None:
    written = HarvestedRecord(
        origin=Origin(source, "2026-05-18T00:15:26Z", sha256_hex(raw.encode())),
        source_id="1805.08469",
        datestamp="",
        namespaces=namespaces,
        raw=raw.encode(),
    )
    line = written.to_line()
    assert line.count(b"\n") == 1
    assert is_harvested(json.loads(line))
    assert HarvestedRecord.from_dict(json.loads(line)) == written
    (item,) = read_papers(BytesIO(line), "f")  # a paper, or an error; never anything else
    assert item.paper is not None or item.error is not None


def test_a_snapshot_is_none() -> None:
    assert not is_harvested(json.loads(feeds.snapshot_line(PAPER)))


NAMED = "f:1: paper 1805.08469: "
TABLE: dict[str, tuple[dict[str, Any], str, str, str]] = {
    # name: (record, code, where, expected)
    **{
        f"no {name}": (record(**{name: ...}), "field-missing", f"{NAMED}$.{name}", f"'{name}'")
        for name in ("source", "fetched_at", "raw", "namespaces", "datestamp")
    },
    "no source_id": (record(source_id=...), "field-missing", "f:1: $.source_id", "'source_id'"),
    "raw is a number": (record(raw=7), "field-type", f"{NAMED}$.raw", "a string"),
    "a namespace is a number": (record(namespaces={"": 7}), "field-type", f"{NAMED}$.namespaces", "a string"),
    "namespaces are a list": (record(namespaces=[]), "field-type", f"{NAMED}$.namespaces", "an object"),
    "fetched_at is none": (record(fetched_at="today"), "field-format", f"{NAMED}$.fetched_at", "YYYY-MM-DD"),
    "a digest that is none": (record(raw_sha256="AB"), "field-format", f"{NAMED}$.raw_sha256", "64"),
    "another digest": (record(raw_sha256="0" * 64), "harvest-digest", f"{NAMED}$.raw", "SHA-256 000"),
    "other bytes": (
        record(raw_sha256=sha256_hex(RAW.replace("title", "titel").encode())),
        "harvest-digest",
        f"{NAMED}$.raw",
        "SHA-256",
    ),
    "two records": (record(RAW + RAW), "harvest-raw", f"{NAMED}raw", "one element"),
    "no record": (record("text"), "harvest-raw", f"{NAMED}raw", "one element"),
    "nothing": (record(""), "harvest-raw", f"{NAMED}raw", "one element"),
    "a comment": (record("<!-- -->"), "harvest-raw", f"{NAMED}raw", "one element"),
    "text before the record": (record(f"x{RAW}"), "harvest-raw", f"{NAMED}raw", "one element"),
    "text behind the record": (record(f"{RAW}x"), "harvest-raw", f"{NAMED}raw", "one element"),
    "a line end behind the record": (record(f"{RAW}\n"), "harvest-raw", f"{NAMED}raw", "one element"),
    "another namespace": (
        record(RAW, namespaces={"": "http://arxiv.org/OAI/arXivRaw/"}),
        "harvest-raw",
        f"{NAMED}$.raw",
        "a record or an entry",
    ),
    "an entity": (record(RAW.replace("On ", "On&nbsp;")), "xml-syntax", f"{NAMED}raw:", "well-formed"),
    "an attribute of a prefix that is none": (
        record(RAW.replace("<title", "<title q:a=''")),
        "xml-syntax",
        f"{NAMED}raw:",
        "well-formed",
    ),
    "an end of what is round it, spelt as it is": (
        record(f"{RAW}</raw><raw>"),
        "xml-syntax",
        f"{NAMED}raw:",
        "well-formed",
    ),
    "a record whose bytes go on": (record(f"{RAW}</raw>"), "xml-syntax", f"{NAMED}raw:", "well-formed"),
    "a record that is cut": (record(RAW[:-5]), "xml-", f"{NAMED}raw:", "XML"),
    "an undeclared prefix": (record(f"<q:record>{RAW}</q:record>"), "xml-syntax", f"{NAMED}raw:1", "well-formed"),
    "an end of what is round it": (record("</harvested><x>"), "xml-syntax", f"{NAMED}raw:1", "well-formed"),
    "a document type": (record(f"<!DOCTYPE r>{RAW}"), "xml-syntax", f"{NAMED}raw:1", "well-formed"),
    "an id for a terminal": (
        record(raw_sha256="0" * 64, source_id="\x1b[31m"),
        "harvest-digest",
        "f:1: paper '\\x1b[31m': $.raw",
        "SHA-256",
    ),
    "a field is missing": (
        record(RAW.replace("title>", "x-title>")),
        "field-missing",
        f"{NAMED}arXivRaw/title",
        "'title'",
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_a_bad_record(name: str) -> None:
    value, code, where, expected = TABLE[name]
    error = error_in(value)
    assert error.code.startswith(code)
    assert error.code == code or code.endswith("-")
    assert error.where.startswith(where)
    assert expected in error.expected
    assert str(error).isascii()
    assert str(error).isprintable()


@pytest.mark.parametrize("prefix", ["xml", "a b", "a='x' b", "><x", "é", "1"])
def test_a_prefix_that_is_none_changes_nothing(prefix: str) -> None:
    assert read(record(namespaces={"": OAI, prefix: "urn:x"})).paper is not None


@pytest.mark.parametrize("prefix", ["xmlns"])
def test_a_prefix_that_xml_keeps_for_itself(prefix: str) -> None:
    item = read(record(namespaces={"": OAI, prefix: "urn:x"}))
    assert item.paper is not None or item.error is not None
