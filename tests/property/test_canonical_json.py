"""Canonical JSON against two independent implementations of RFC 8785, on random values."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import jcs
import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pithbuilder.core.canonical_json import (
    MAX_INTEGER,
    Fragment,
    canonicalize,
    compose,
    compose_array,
    decode_canonical,
)
from pithbuilder.errors import CanonicalizationError

MANY = settings(max_examples=250, deadline=None)

ASTRAL = st.characters(min_codepoint=0x10000, max_codepoint=0x10FFFF)
BEHIND_SURROGATES = st.characters(min_codepoint=0xE000, max_codepoint=0xFFFF)
BELOW_SURROGATES = st.characters(min_codepoint=0, max_codepoint=0xD7FF)
CONTROLS = st.characters(min_codepoint=0, max_codepoint=0x1F)
SPECIAL = st.sampled_from('"\\/\b\t\n\f\r\x7f\x80\u2028\u2029\ufeff\uffff')
CHARACTERS = st.one_of(ASTRAL, BEHIND_SURROGATES, BELOW_SURROGATES, CONTROLS, SPECIAL)
TEXTS = st.text(CHARACTERS, max_size=12)
KEYS = st.text(st.one_of(ASTRAL, BEHIND_SURROGATES, CHARACTERS), max_size=4)
BMP_KEYS = st.text(st.one_of(BEHIND_SURROGATES, BELOW_SURROGATES), max_size=4)
INTEGERS = st.one_of(
    st.integers(-MAX_INTEGER, MAX_INTEGER),
    st.sampled_from([0, 1, -1, MAX_INTEGER, -MAX_INTEGER, MAX_INTEGER - 1, 2**31, 2**32, -(2**31)]),
)
SCALARS = st.one_of(st.none(), st.booleans(), INTEGERS, TEXTS)


def json_values(keys: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        SCALARS,
        lambda below: st.one_of(st.lists(below, max_size=6), st.dictionaries(keys, below, max_size=6)),
        max_leaves=25,
    )


VALUES = json_values(KEYS)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=6)


def path_of(steps: list[str | int]) -> str:
    """JSON path of a place, written independently of the package."""
    parts = ["$"]
    for step in steps:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif re.fullmatch("[A-Za-z_][A-Za-z_0-9]*", step):
            parts.append("." + step)
        else:
            parts.append("[" + json.dumps(step, ensure_ascii=True) + "]")
    return "".join(parts)


@MANY
@given(VALUES)
@example({"\U0001f600": 1, "\ue000": 2, "\uffff": 3, "\U0010ffff": 4, "\ud7ff": 5, "": 6})
@example([MAX_INTEGER, -MAX_INTEGER, 0, True, False, None, ""])
@example("".join(map(chr, range(0x100))))
def test_bytes_are_those_of_both_oracles(value: Any) -> None:
    made = canonicalize(value)
    assert made == rfc8785.dumps(value)
    assert made == jcs.canonicalize(value)


@MANY
@given(json_values(BMP_KEYS))
def test_bytes_are_those_of_both_oracles_where_no_key_is_astral(value: Any) -> None:
    assert canonicalize(value) == rfc8785.dumps(value) == jcs.canonicalize(value)


@MANY
@given(VALUES)
def test_a_value_comes_back_and_canonical_bytes_are_a_fixed_point(value: Any) -> None:
    made = canonicalize(value)
    assert json.loads(made) == value
    assert decode_canonical(made) == value
    assert canonicalize(json.loads(made)) == made


@MANY
@given(st.lists(KEYS, unique=True, max_size=12))
def test_members_stand_in_the_order_of_their_utf16_code_units(names: list[str]) -> None:
    made = canonicalize({name: index for index, name in enumerate(names)})
    found = [name for name, _ in json.loads(made, object_pairs_hook=list)]
    assert found == sorted(names, key=lambda name: list(memoryview(name.encode("utf-16-be"))))


@MANY
@given(OBJECTS, st.randoms(use_true_random=False))
def test_insertion_order_is_of_no_consequence(value: dict[str, Any], random: Any) -> None:
    names = list(value)
    random.shuffle(names)
    assert canonicalize({name: value[name] for name in names}) == canonicalize(value)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("name"), KEYS, st.dictionaries(KEYS, SCALARS, max_size=3)),
        st.tuples(st.just("index"), st.lists(SCALARS, max_size=3), st.lists(SCALARS, max_size=3)),
    ),
    max_size=6,
)


def plant(bad: Any, steps: list[tuple[str, Any, Any]]) -> tuple[Any, str]:
    """Put a bad value deep inside harmless ones; return the whole and the path of the bad value."""
    value, path = bad, []
    for kind, first, second in reversed(steps):
        if kind == "name":
            before = {name: item for name, item in second.items() if name != first}
            value = {**before, first: value}
            path.append(first)
        else:
            value = [*first, value, *second]
            path.append(len(first))
    return value, path_of(path[::-1])


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (1.0, "json-float"),
        (0.1, "json-float"),
        (-0.0, "json-float"),
        (1e300, "json-float"),
        (float("nan"), "json-float"),
        (float("inf"), "json-float"),
        (float("-inf"), "json-float"),
        (MAX_INTEGER + 1, "json-integer-range"),
        (-MAX_INTEGER - 1, "json-integer-range"),
        (2**53 + 1, "json-integer-range"),
        (2**64, "json-integer-range"),
        (10**400, "json-integer-range"),
        ("\ud800", "json-surrogate"),
        ("\udfff", "json-surrogate"),
        ("a\udc00\ud800b", "json-surrogate"),
        ("\U0001f600\ud83d", "json-surrogate"),
        ((), "json-type"),
        (b"bytes", "json-type"),
        ({1, 2}, "json-type"),
        (object, "json-type"),
    ],
    ids=repr,
)
@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_a_bad_value_is_refused_with_its_code_and_place(bad: Any, code: str, steps: Any) -> None:
    value, path = plant(bad, steps)
    with pytest.raises(CanonicalizationError) as caught:
        canonicalize(value)
    assert (caught.value.code, caught.value.where) == (code, path)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("key", [1, 1.5, None, True, b"k", ("k",)], ids=repr)
@settings(max_examples=40, deadline=None)
@given(steps=STEPS)
def test_a_member_name_that_is_no_string_is_refused_at_its_object(key: Any, steps: Any) -> None:
    value, path = plant({key: 1}, steps)
    with pytest.raises(CanonicalizationError) as caught:
        canonicalize(value)
    assert (caught.value.code, caught.value.where) == ("json-type", path)


@pytest.mark.parametrize("key", ["\ud800", "a\udfff", "\U0001f600\udc00"], ids=ascii)
@settings(max_examples=40, deadline=None)
@given(steps=STEPS)
def test_a_member_name_with_half_a_pair_is_refused_at_its_object(key: str, steps: Any) -> None:
    value, path = plant({key: 1}, steps)
    with pytest.raises(CanonicalizationError) as caught:
        canonicalize(value)
    assert (caught.value.code, caught.value.where) == ("json-surrogate", path)


def unlike(names: list[str]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda members: {name: value for name, value in members.items() if name not in names}


FIELD_NAMES = ["created_at", "event_type", "payload", "signer", "zz", "A"]
FIELDS = st.dictionaries(st.sampled_from(FIELD_NAMES), VALUES, max_size=6)
EXTRA = OBJECTS.map(unlike(FIELD_NAMES))


@MANY
@given(FIELDS, EXTRA)
@example({"zz": {"\U0001f600": "\ue000"}}, {"\U0001f600": [], "\uffff": {}, "\ue000": None, "z": 1})
def test_composing_from_fragments_gives_the_canonical_bytes(fields: dict[str, Any], extra: dict[str, Any]) -> None:
    fragments = {name: Fragment(canonicalize(value)) for name, value in fields.items()}
    expected = rfc8785.dumps({**fields, **extra})
    assert compose(fragments, extra) == expected
    assert canonicalize({**fields, **extra}) == expected


@MANY
@given(st.dictionaries(st.sampled_from(FIELD_NAMES), SCALARS), st.lists(VALUES, max_size=4), EXTRA)
def test_composing_from_plain_values_and_arrays_gives_the_canonical_bytes(
    scalars: dict[str, Any], items: list[Any], extra: dict[str, Any]
) -> None:
    array = compose_array([Fragment(canonicalize(item)) for item in items])
    fields = {**scalars, "list": array, "nested": {"b": array, "a": [1, "\U0001f600"]}}
    extra = unlike(list(fields))(extra)
    expected = {**scalars, "list": items, "nested": {"b": items, "a": [1, "\U0001f600"]}, **extra}
    assert compose(fields, extra) == rfc8785.dumps(expected)


@MANY
@given(FIELDS, EXTRA, KEYS.filter(lambda name: name not in FIELD_NAMES))
def test_composing_guards_what_was_not_known(fields: dict[str, Any], extra: dict[str, Any], name: str) -> None:
    fragments = {field: Fragment(canonicalize(value)) for field, value in fields.items()}
    bad: Any = [1.5]
    with pytest.raises(CanonicalizationError) as caught:
        compose(fragments, {**extra, name: {"deep": bad}})
    assert caught.value.code == "json-float"
