"""A document's fields are its attributes, whatever has been asked of it before."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from pithbuilder.core.canonical_json import JsonObject, JsonValue, canonicalize
from pithbuilder.documents.base import Document
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.wire import parse_object

PUBLISHED = sorted((Path(__file__).parents[2] / "published").glob("bundle-*.json"))


def _with_unknown_fields(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {**{name: _with_unknown_fields(item) for name, item in value.items()}, "zz_unknown": {"a": [1, None]}}
    return [_with_unknown_fields(item) for item in value] if isinstance(value, list) else value


def _documents_in(value: object) -> list[Document]:
    if isinstance(value, tuple):
        return [document for item in value for document in _documents_in(item)]
    if not isinstance(value, Document):
        return []
    parts = [getattr(value, field.name) for field in attrs.fields(type(value))]
    return [value, *(document for part in parts for document in _documents_in(part))]


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_unknown_fields_are_kept_everywhere(path: Path) -> None:
    raw: JsonObject = parse_object(path.read_bytes())
    assert Bundle.from_dict(raw).canonical_bytes == canonicalize(raw)
    richer = _with_unknown_fields(raw)
    assert Bundle.from_dict(richer).canonical_bytes == canonicalize(richer)


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_what_was_made_before_is_no_field(path: Path) -> None:
    raw = parse_object(path.read_bytes())
    fresh, used = Bundle.from_dict(raw), Bundle.from_dict(raw)
    for document in reversed(_documents_in(used)):
        before = set(document.fields())
        assert document.digest
        assert set(document.fields()) == before
    assert used.canonical_bytes == fresh.canonical_bytes == canonicalize(raw)
