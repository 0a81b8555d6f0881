"""Canonical records: one object in any layout, or one a line."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest

from pithbuilder.sources import records
from pithbuilder.sources.records import read_records

RECORD: dict[str, Any] = {
    "metadata": {
        "abstract_canon_sha256": "34dea16cd0fd3a931ae7b32f03103cb0dac943bdda45a439bddd1751a356240d",
        "cross_cats_sorted": ["cs.DC", "stat.ML"],
        "license": "http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
        "primary_cat": "cs.LG",
        "submitted_at": "2018-05-22T09:32:21Z",
        "title_canon_sha256": "6593634ed85b13e4af7ea34394e646ce20a112b4e3e0ac0971dc11401f30314c",
    },
    "schema_version": "1.0",
    "source": {"id": "1805.08469", "kind": "arxiv", "version": 1},
}
NUMBER = "pith:2018:EVMWRSTHAZ6J4Q62KC6KLAZ6KI"


def numbers(data: bytes) -> list[str]:
    return [
        str(item.record.pith_number) if item.record is not None else item.error.code if item.error else ""
        for item in read_records(BytesIO(data), "f")
    ]


@pytest.mark.parametrize("indent", [None, 0, 1, 4, "\t"])
def test_layouts(indent: int | str | None) -> None:
    data = json.dumps(RECORD, indent=indent).encode()
    assert numbers(data) == numbers(b"\n" + data + b"\n\n") == numbers(data.replace(b"\n", b"\r\n")) == [NUMBER]


def test_json_lines() -> None:
    data = json.dumps(RECORD).encode() + b"\n"
    assert numbers(data * 3) == [NUMBER] * 3
    assert numbers(data + b"[\n" + data) == [NUMBER, "json-syntax", NUMBER]
    assert numbers(b"[\n" + data) == ["json-syntax", NUMBER]


def test_a_bad_first_line_does_not_swallow_the_others() -> None:
    data = json.dumps(RECORD).encode() + b"\n"
    assert numbers(data[:50] + b"\n" + data + data) == ["json-syntax", NUMBER, NUMBER]
    assert numbers(data[:50] + b"\n\n" + data) == ["json-syntax", NUMBER]


def test_a_spread_object_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    data = json.dumps(RECORD, indent=1).encode()
    for limit, expected in ((len(data), NUMBER), (len(data) - 1, "line-too-long")):
        monkeypatch.setattr(records, "MAX_LINE_BYTES", limit)
        assert numbers(data) == [expected]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"{\n}", "field-missing"),
        (b"{\n", "json-syntax"),
        (b'{\n"a": 1.5\n}', "json-float"),
        (b'{\n"a": 1,\n"a": 2\n}', "json-duplicate-key"),
        (b'{\n"a": "\xff"\n}', "json-encoding"),
    ],
)
def test_a_spread_object_that_is_wrong(data: bytes, code: str) -> None:
    (item,) = read_records(BytesIO(data), "f")
    assert item.error is not None
    assert item.error.code == code
    assert item.error.where.startswith("f: ")


def test_nothing() -> None:
    assert numbers(b"") == numbers(b"\n \n") == []


def test_unknown_fields_are_hashed() -> None:
    (number,) = numbers(json.dumps({**RECORD, "extra": 1}).encode())
    assert number.startswith("pith:2018:")
    assert number != NUMBER
