"""The first place where two JSON values differ."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pithbuilder.core.json_difference import first_difference

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a", "1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES, VALUES)
def test_there_is_one_exactly_where_the_texts_differ(one: Any, other: Any) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    found, turned = first_difference(one, other), first_difference(other, one)
    assert (found is None) == (turned is None) == same
    if found is not None and turned is not None:
        assert found == (turned[0], turned[2], turned[1])


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"b": 1, "a": 2}, {"b": 2, "a": 3}, ("$.a", 2, 3)),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, ("$.a.b[1]", 2, 3)),
        ([1], [1, 2], ("$", "1 elements", "2 elements")),
        ([1, 2], [3], ("$[0]", 1, 3)),
        ({"a": 1}, {}, ("$.a", 1, "no such field")),
        ({}, {"a b": 1}, ('$["a b"]', "no such field", 1)),
        (1, True, ("$", 1, True)),
        (0, False, ("$", 0, False)),
        ("1", 1, ("$", "1", 1)),
        ({}, [], ("$", {}, [])),
    ],
)
def test_the_place(one: Any, other: Any, expected: tuple[str, object, object]) -> None:
    assert first_difference(one, other) == expected
