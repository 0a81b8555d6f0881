"""The first byte that differs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pithbuilder.core.byte_difference import first_differing_byte


@pytest.mark.parametrize(
    ("one", "other", "place"),
    [(b"", b"", 0), (b"", b"a", 0), (b"a", b"b", 0), (b"ab", b"ac", 1), (b"ab", b"abc", 2), (b"ab", b"ab", 2)],
)
def test_places(one: bytes, other: bytes, place: int) -> None:
    assert first_differing_byte(one, other) == first_differing_byte(other, one) == place


@given(st.binary(max_size=40), st.binary(max_size=40), st.binary(max_size=40))
def test_the_same_byte_as_one_by_one(prefix: bytes, one: bytes, other: bytes) -> None:
    one, other = prefix + one, prefix + other
    pairs = enumerate(zip(one, other, strict=False))
    naive = next((place for place, (left, right) in pairs if left != right), min(len(one), len(other)))
    assert first_differing_byte(one, other) == naive
