"""Canonical JSON: published examples, and everything that has no canonical form."""

from __future__ import annotations

import uuid
from collections import OrderedDict, UserDict, UserList, defaultdict, namedtuple
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import pytest
import rfc8785

from pithbuilder.core.canonical_json import MAX_DEPTH, MAX_INTEGER, Fragment, canonicalize, compose
from pithbuilder.errors import CanonicalizationError


def refusal_of(value: Any) -> tuple[str, str]:
    with pytest.raises(CanonicalizationError) as caught:
        canonicalize(value)
    return caught.value.code, caught.value.where


def nested(depth: int, kind: type[list[Any]] | type[dict[str, Any]] = list) -> Any:
    """Return that many arrays or objects inside one another."""
    value: Any = kind()
    for _ in range(depth - 1):
        value = [value] if kind is list else {"a": value}
    return value


class Words(StrEnum):
    ONE = "one"


class Numbers(IntEnum):
    ONE = 1


class Plain(Enum):
    ONE = "one"


class Text(str):
    __slots__ = ()


class Integer(int):
    pass


class Object(dict[str, Any]):
    pass


class Array(list[Any]):
    pass


@dataclass
class Data:
    a: int = 1


Pair = namedtuple("Pair", "a b")


def test_the_sorting_example_of_rfc_8785() -> None:
    """Section 3.2.3: member names in the order of their UTF-16 code units."""
    value: Any = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }
    assert (
        canonicalize(value)
        == (
            '{"\\r":"Carriage Return","1":"One","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis",'
            '"\u20ac":"Euro Sign","\U0001f600":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}'
        ).encode()
    )


def test_every_control_character_has_its_shortest_escape() -> None:
    short = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
    for code in range(0x100):
        escaped = short.get(code, f"\\u{code:04x}" if code < 0x20 else chr(code))
        assert canonicalize(chr(code)) == f'"{escaped}"'.encode(), code


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, b"null"),
        (True, b"true"),
        (False, b"false"),
        (0, b"0"),
        (-0, b"0"),
        (MAX_INTEGER, b"9007199254740991"),
        (-MAX_INTEGER, b"-9007199254740991"),
        ("", b'""'),
        ("\u2028\u2029\u007f/", '"\u2028\u2029\u007f/"'.encode()),
        ([], b"[]"),
        ({}, b"{}"),
        ({"b": [], "a": {"": None}}, b'{"a":{"":null},"b":[]}'),
    ],
)
def test_the_simplest_values(value: Any, expected: bytes) -> None:
    assert canonicalize(value) == expected


SUBCLASSES = [
    Words.ONE,
    Numbers.ONE,
    Plain.ONE,
    Text("one"),
    Integer(1),
    Object(a=1),
    Array([1]),
    OrderedDict(a=1),
    defaultdict(int, a=1),
    UserDict(a=1),
    UserList([1]),
    MappingProxyType({"a": 1}),
    Data(),
    Data,
    Pair(1, 2),
    (),
    (1, 2),
    {1},
    frozenset({1}),
    b"one",
    bytearray(b"one"),
    memoryview(b"one"),
    uuid.UUID(int=1),
    datetime(2026, 1, 1, tzinfo=UTC),
    date(2026, 1, 1),
    time(1, 2, 3),
    Decimal(1),
    Fraction(1, 2),
    1j,
    range(3),
    object(),
    Fragment(b"1"),
    len,
    NotImplemented,
    ...,
]


@pytest.mark.parametrize("value", SUBCLASSES, ids=lambda value: type(value).__name__)
def test_only_the_exact_types_of_json_are_taken(value: Any) -> None:
    assert refusal_of(value) == ("json-type", "$")
    assert refusal_of([0, {"a": value}]) == ("json-type", "$[1].a")
    assert refusal_of({"\U0001f600": value}) == ("json-type", '$["\\ud83d\\ude00"]')
    assert refusal_of({"\U0001f600": 1, "a": [value]}) == ("json-type", "$.a[0]")


@pytest.mark.parametrize(
    "key", [1, 1.5, True, None, b"a", (1,), Text("a"), Words.ONE, Numbers.ONE, uuid.UUID(int=1), date(2026, 1, 1)]
)
def test_member_names_are_exactly_strings(key: Any) -> None:
    assert refusal_of({key: 1}) == ("json-type", "$")
    assert refusal_of({"a": [{"b": 1, key: 1}]}) == ("json-type", "$.a[0]")
    assert refusal_of({"\U0001f600": {key: 1}}) == ("json-type", '$["\\ud83d\\ude00"]')


@pytest.mark.parametrize("number", [2**53, -(2**53), 2**53 + 1, 2**63, 2**64, 10**5000], ids=int.bit_length)
def test_integers_beyond_53_bits_are_refused_not_rounded(number: int) -> None:
    assert refusal_of(number) == ("json-integer-range", "$")
    assert refusal_of({"\U0001f600": 0, "source": {"version": number}}) == ("json-integer-range", "$.source.version")


@pytest.mark.parametrize(
    "text", ["\ud800", "\udbff", "\udc00", "\udfff", "x\ud83dx", "\ude00\ud83d", "\U0001f600\ud83d"]
)
def test_halves_of_surrogate_pairs_are_refused_on_both_routes(text: str) -> None:
    assert refusal_of(text) == ("json-surrogate", "$")
    assert refusal_of({"a": [text]}) == ("json-surrogate", "$.a[0]")
    assert refusal_of({text: 1}) == ("json-surrogate", "$")
    assert refusal_of({"a": {text: 1}}) == ("json-surrogate", "$.a")
    assert refusal_of({"\U0001f600": 1, "a": text}) == ("json-surrogate", "$.a")
    assert refusal_of({"\U0001f600": {text: 1}}) == ("json-surrogate", '$["\\ud83d\\ude00"]')


def test_two_halves_that_were_joined_by_python_stay_two_halves() -> None:
    assert refusal_of("\ud83d" + "\ude00") == ("json-surrogate", "$")


def test_the_first_refusal_in_reading_order_is_named() -> None:
    assert refusal_of({"a": [1, {"b": 1.5}], "c": "\ud800"}) == ("json-float", "$.a[1].b")
    assert refusal_of({"a": [1, {"b": "x"}], "c": ["\ud800", 1.5]}) == ("json-surrogate", "$.c[0]")


@pytest.mark.parametrize("kind", [list, dict])
def test_one_hundred_levels_are_taken_and_one_more_is_not(kind: type[Any]) -> None:
    assert MAX_DEPTH == 100
    deepest = nested(100, kind)
    assert canonicalize(deepest) == rfc8785.dumps(deepest)
    code, where = refusal_of(nested(101, kind))
    assert code == "json-depth"
    assert where == "$" + ("[0]" if kind is list else ".a") * 100


def test_one_hundred_levels_under_an_astral_name() -> None:
    value = {"\U0001f600": nested(99)}
    assert canonicalize(value) == rfc8785.dumps(value)
    assert refusal_of({"\U0001f600": nested(100)})[0] == "json-depth"


def test_a_scalar_may_stand_in_the_hundredth_level() -> None:
    value = nested(100)
    innermost = value
    while innermost:
        innermost = innermost[0]
    innermost.append("\u20ac")
    assert canonicalize(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("kind", [list, dict])
def test_ten_thousand_levels_are_refused_without_exhausting_the_stack(kind: type[Any]) -> None:
    assert refusal_of(nested(10_000, kind))[0] == "json-depth"


def test_cycles_are_refused() -> None:
    array: list[Any] = [1]
    array.append(array)
    assert refusal_of(array) == ("json-depth", "$" + "[1]" * 100)
    mapping: dict[str, Any] = {}
    mapping["a"] = [mapping]
    assert refusal_of(mapping)[0] == "json-depth"
    astral: dict[str, Any] = {"\U0001f600": 1}
    astral["z"] = {"y": astral}
    assert refusal_of(astral)[0] == "json-depth"


def test_a_value_that_stands_in_two_places_is_no_cycle() -> None:
    shared: Any = {"a": [1]}
    assert canonicalize([shared, shared]) == b'[{"a":[1]},{"a":[1]}]'


def test_nothing_is_changed() -> None:
    value: Any = {"b": 1, "a": {"\U0001f600": [1, 2], "\ue000": None}}
    canonicalize(value)
    assert list(value) == ["b", "a"]
    assert list(value["a"]) == ["\U0001f600", "\ue000"]


def test_composing_refuses_what_canonicalizing_refuses() -> None:
    refused: list[Any] = [1.5, 2**53, "\ud800", (1,), nested(101), {1: 2}]
    for bad in refused:
        with pytest.raises(CanonicalizationError) as caught:
            compose({"a": 1}, {"x": bad})
        with pytest.raises(CanonicalizationError) as plain:
            canonicalize(bad)
        assert caught.value.code == plain.value.code


@pytest.mark.parametrize(
    ("extra", "code", "where"),
    [
        ({"x": [1.5]}, "json-float", "$.x[0]"),
        ({"x": 2**53}, "json-integer-range", "$.x"),
        ({"\U0001f600": {"y": "\ud800"}}, "json-surrogate", '$["\\ud83d\\ude00"].y'),
        ({"\ud800": 1}, "json-surrogate", "$"),
        ({"\U0001f600\ud800": 1}, "json-surrogate", "$"),
    ],
)
def test_composing_names_the_same_place_as_canonicalizing(extra: dict[str, Any], code: str, where: str) -> None:
    assert refusal_of({"a": 1, **extra}) == (code, where)
    with pytest.raises(CanonicalizationError) as caught:
        compose({"a": 1}, extra)
    assert (caught.value.code, caught.value.where) == (code, where)
