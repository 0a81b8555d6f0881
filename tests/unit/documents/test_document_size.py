"""How much of a document is read: bytes, and parts, so that memory stays bounded."""

from __future__ import annotations

import pytest

from pithbuilder.documents import wire
from pithbuilder.documents.wire import MAX_DOCUMENT_BYTES, MAX_PARTS, parse_json
from pithbuilder.errors import WireError

EMPTY = b'{"a":[' + b",".join([b"{}"] * (MAX_PARTS // 2 - 1)) + b"]}"  # 2^24 parts: an object and a comma each


def test_too_many_bytes() -> None:
    with pytest.raises(WireError) as refused:
        parse_json(b'"' + b"x" * 10 + b'"', where="FILE", limit=11)
    assert refused.value.code == "json-size"
    assert refused.value.where == "FILE"
    assert refused.value.expected == "at most 11 bytes"
    assert refused.value.found == "12 bytes"
    assert refused.value.hint


def test_a_document_of_a_bundle_with_many_events_is_not_too_large() -> None:
    assert MAX_DOCUMENT_BYTES == 256 * 2**20
    text = "x" * (70 * 2**20)
    assert parse_json(b'{"a":"' + text.encode() + b'"}') == {"a": text}


@pytest.mark.parametrize(
    "data",
    [
        EMPTY[:-2] + b",[]]}",
        b"[" * (MAX_PARTS + 1),
        b"[0" + b",0" * MAX_PARTS + b"]",
        b'"' + b"," * (MAX_PARTS + 1) + b'"',
    ],
    ids=["objects", "nesting", "numbers", "in a text"],
)
def test_too_many_parts(data: bytes) -> None:
    with pytest.raises(WireError) as refused:
        parse_json(data)
    assert refused.value.code == "json-size"
    assert refused.value.expected == "at most 16777216 commas and opening braces and brackets"
    assert refused.value.found.endswith("of them")
    assert refused.value.hint


def test_the_parts_that_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_PARTS", 6)
    assert parse_json(b'{"a":[1,{}],"b":[]}') == {"a": [1, {}], "b": []}
    with pytest.raises(WireError):
        parse_json(b'{"a":[1,{}],"b":[1,2]}')
