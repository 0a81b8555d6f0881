"""arXiv's snapshot: one record of JSON, one paper."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.sources.json_lines import read_json_lines
from pithbuilder.sources.snapshot import read_snapshot_object

RECORD: dict[str, Any] = {
    "id": "1805.08469",
    "authors": "A and B",
    "title": " A\n title ",
    "abstract": " An abstract\n",
    "categories": "cs.LG cs.DC\n stat.ML",
    "license": None,
    "versions": [
        {"version": "v1", "created": "Tue, 22 May 2018 09:32:21 GMT"},
        {"version": "v3", "created": "Wed, 23 May 2018 09:32:21 GMT"},
    ],
}


def read(record: dict[str, Any]) -> PaperMetadata:
    paper = read_snapshot_object(record, "f:1").paper
    assert paper is not None
    return paper


def test_a_record() -> None:
    paper = read({**RECORD, "doi": None, "unknown": {"a": [1]}})
    assert (paper.arxiv_id, paper.version) == ("1805.08469", 3)
    assert (paper.title, paper.abstract, paper.authors) == (" A\n title ", " An abstract\n", "A and B")
    assert paper.categories == ("cs.LG", "cs.DC", "stat.ML")
    assert paper.license == ""
    assert paper.submitted_at == datetime(2018, 5, 22, 9, 32, 21, tzinfo=UTC)


@pytest.mark.parametrize("text", [None, "", "http://a.example/"])
def test_a_license(text: str | None) -> None:
    assert read({**RECORD, "license": text}).license == (text or "")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(name=st.sampled_from(sorted(RECORD)), value=JSON)
def test_any_value_in_any_field_is_a_paper_or_one_error(name: str, value: object) -> None:
    line = json.dumps({**RECORD, name: value}).encode()
    (item,) = read_json_lines(BytesIO(line), "f")
    assert item.place == "f:1"
    assert (item.paper is None) != (item.error is None)
    if item.error is not None:
        assert item.error.where.startswith("f:1: ")
        assert item.error.expected
        assert str(item.error).isprintable()


@given(st.binary(max_size=40).filter(lambda data: b"\n" not in data and bool(data.strip())))
def test_any_bytes_are_one_error(data: bytes) -> None:
    good = json.dumps(RECORD).encode()
    items = list(read_json_lines(BytesIO(good + b"\n" + data + b"\n" + good), "f"))
    assert [item.place for item in items] == ["f:1", "f:2", "f:3"]
    assert [item.paper is None for item in items] == [False, True, False]


@pytest.mark.parametrize(
    ("identifier", "shown"),
    [
        ("1805.08469v1", "1805.08469v1"),
        ("../../etc/passwd", "../../etc/passwd"),
        ("\x1b[31m", "'\\x1b[31m'"),
        ("a b", "'a b'"),
        ("\u202e", "'\\u202e'"),
        ("x" * 1000, "'" + "x" * 76 + "..."),
    ],
)
def test_a_hostile_id_is_shown_harmlessly(identifier: str, shown: str) -> None:
    (item,) = read_json_lines(BytesIO(json.dumps({**RECORD, "id": identifier}).encode()), "f")
    assert item.error is not None
    assert item.error.code == "arxiv-id-format"
    assert item.error.where == f"f:1: paper {shown}: $.id"
