"""Paper metadata: what cannot be minted is refused, with the field's name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.documents.record import CanonicalRecord
from pithbuilder.errors import DocumentError

GOOD: dict[str, Any] = {
    "arxiv_id": "math/9901001",
    "version": 2,
    "title": "A title",
    "abstract": "An abstract.",
    "authors": "Ada Lovelace",
    "categories": ("math.AG",),
    "license": "",
    "submitted_at": datetime(1999, 1, 1, 23, 59, 59, 999999, tzinfo=UTC),
}


def test_a_subject_class_makes_no_other_number() -> None:
    plain, classed = PaperMetadata(**GOOD), PaperMetadata(**{**GOOD, "arxiv_id": "math.AG/9901001"})
    assert plain == classed
    assert classed.arxiv_id == "math/9901001"
    assert CanonicalRecord.derive(plain).canonical_bytes == CanonicalRecord.derive(classed).canonical_bytes
    other = PaperMetadata(**{**GOOD, "arxiv_id": "cs/9901001"})
    assert CanonicalRecord.derive(other).pith_number != CanonicalRecord.derive(plain).pith_number


def test_the_time_is_told_in_utc_and_cut_to_seconds() -> None:
    elsewhere = timezone(timedelta(hours=-5))
    paper = PaperMetadata(**{**GOOD, "submitted_at": datetime(1999, 12, 31, 20, 0, 0, 5, tzinfo=elsewhere)})
    assert paper.submitted_at_text == "2000-01-01T01:00:00Z"
    assert PaperMetadata(**GOOD).submitted_at_text == "1999-01-01T23:59:59Z"


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("arxiv_id", "math/9913001", "arxiv-id-format"),
        ("arxiv_id", "1805.08469v1", "arxiv-id-format"),
        ("version", 0, "paper-field"),
        ("version", True, "paper-field"),
        ("version", 2**53, "paper-field"),
        ("version", "1", "paper-field"),
        ("title", "", "field-empty"),
        ("title", " \n\u2003", "field-empty"),
        ("title", "\ud800", "paper-field"),
        ("title", None, "paper-field"),
        ("abstract", "\t", "field-empty"),
        ("abstract", "half \udc00", "paper-field"),
        ("authors", "", "field-empty"),
        ("authors", b"Ada", "paper-field"),
        ("categories", (), "field-empty"),
        ("categories", ("math.AG", "../x"), "category-format"),
        ("license", "http://\ud800", "paper-field"),
        ("submitted_at", datetime(1999, 1, 1), "paper-field"),
    ],
)
def test_what_cannot_be_minted(name: str, value: object, code: str) -> None:
    with pytest.raises(DocumentError) as caught:
        PaperMetadata(**{**GOOD, name: value})
    assert (caught.value.code, caught.value.where) == (code, f"$.{name}")
    assert caught.value.expected
    assert str(caught.value).isascii()
