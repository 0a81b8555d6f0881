"""The short ways for plainly spelt documents lead to the same values and bytes as the long ones."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pithbuilder.core.canonical_json import canonicalize, decode_plain, encode_plain, is_plain
from pithbuilder.core.json_path import ROOT
from pithbuilder.documents.base import Reader
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.preimage import left_out_of
from pithbuilder.documents.state import State
from pithbuilder.documents.wire import _parse_closely, parse_feed_object, parse_json
from pithbuilder.errors import WireError

PUBLISHED = Path(__file__).resolve().parents[1] / "published"
NAMES = ("bundle-1805.08469v1", "bundle-2410.05985v4")


def objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from objects(item)


def without(members: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name not in left_out_of(kind)}


def check_all_ways(value: Any) -> None:
    composed = Bundle.from_dict(value)
    encoded = Bundle.read(Reader(value, ROOT, plain=is_plain(value)))
    expected = canonicalize(without(value, "bundle"))
    for bundle in (encoded, composed):
        content = bundle.content
        assert content.canonical_bytes == expected
        assert bundle.canonical_bytes == canonicalize(value)
        assert content.canonical_record.canonical_bytes == canonicalize(value["canonical_record"])
        assert content.source_aliases == composed.content.source_aliases
        for event, members in zip(content.events, value["events"], strict=True):
            assert event.content.canonical_bytes == canonicalize(without(members, "event"))
            assert event.canonical_bytes == canonicalize(members)
            assert event.content.payload.canonical_bytes == canonicalize(members["payload"])
            assert event.content.signer.canonical_bytes == canonicalize(members["signer"])
        state = content.state
        assert state.content.canonical_bytes == canonicalize(without(value["state"], "state"))
        assert state.canonical_bytes == canonicalize(value["state"])
    assert encoded == composed


@pytest.mark.parametrize(
    "extra", [{"unknown": 1}, {"": [{}]}, {"\uffff": "\U0001f600"}, {"\U0001f600": 1, "\ue000": 2}]
)
@pytest.mark.parametrize("name", NAMES)
def test_composed_and_encoded_bytes_are_equal(name: str, extra: dict[str, Any]) -> None:
    value = json.loads((PUBLISHED / f"{name}.json").read_bytes())
    check_all_ways(value)
    for number, _ in enumerate(objects(value)):
        changed = copy.deepcopy(value)
        list(objects(changed))[number].update(extra)
        check_all_ways(changed)
    for members in list(objects(value)):
        members.update(copy.deepcopy(extra))
    check_all_ways(value)


def test_published_state() -> None:
    value = json.loads((PUBLISHED / "state-1710.02368v1.json").read_bytes())
    encoded = State.read(Reader(value, ROOT, plain=True))
    assert encoded.content.canonical_bytes == State.from_dict(value).content.canonical_bytes


def outcome(data: bytes, *, closely: bool) -> object:
    try:
        return json.dumps(_parse_closely(data, "") if closely else parse_json(data))
    except WireError as error:
        return error.to_dict()


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":1}',
        '{"a":1.0}',
        '{"a":[1.5]}',
        '{"a":1e3}',
        '{"a":1e+22}',
        '{"a":-0}',
        '{"a":-0.0}',
        '{"a":NaN}',
        '{"a":01}',
        '{"a":"\\u00e9"}',
        '{"a":"\\ud83d\\ude00"}',
        '{"a":"\\ud800"}',
        '{"\\ud800":1}',
        '{"a":"\\/"}',
        '{"a":"\\u001b\\u001B\x7f"}',
        '{"\U0001f600":1,"\uffff":2}',
        '\ufeff{"a":1}',
        '{"a":1}\n',
        '{"a":1}x',
        '{"a":1}\x00',
        "{}",
        "{",
        "",
        "[]",
        "null",
        *(f'{{"a":{sign}{number}}}' for sign in ("", "-") for number in (2**53 - 1, 2**53, 2**63, 2**64, 10**30)),
        *("[" * depth + "]" * depth for depth in (99, 100, 101, 2000)),
        *('{"a":' * depth + "1" + "}" * depth for depth in (99, 100, 101, 300, 2000)),
        *('{"a":' + "[" * depth + "]" * depth + "}" for depth in (98, 99, 100, 101)),
    ],
)
def test_short_way_refuses_what_the_long_one_refuses(text: str) -> None:
    data = text.encode()
    assert outcome(data, closely=False) == outcome(data, closely=True)


@pytest.mark.parametrize("name", NAMES)
def test_short_way_on_damaged_documents(name: str) -> None:
    original = (PUBLISHED / f"{name}.json").read_bytes()
    assert decode_plain(original) == json.loads(original)
    source = random.Random(name)
    pieces = [
        b"\\",
        b'"',
        b"{",
        b"}",
        b",",
        b"0",
        b".5",
        b"e3",
        b" ",
        b"\\u00e9",
        b"\\ud800",
        b"-",
        b"\xff",
        b"\xc3\xa9",
    ]
    for _ in range(3000):
        data = bytearray(original)
        place = source.randrange(len(data))
        if source.random() < 0.2:
            del data[place : place + source.randint(1, 3)]
        elif source.random() < 0.5:
            data[place:place] = source.choice(pieces)
        else:
            other = source.randrange(len(data))
            data[place:place] = data[other : other + source.randint(1, 60)]
        assert outcome(bytes(data), closely=False) == outcome(bytes(data), closely=True)


PASSED_OVER_IN_FEEDS = {"json-float", "json-integer-range", "json-depth"}


def check_short_way(data: bytes) -> None:
    """The short way has no opinion, or the long way's; and what it calls plain is."""
    assert outcome(data, closely=False) == outcome(data, closely=True)
    plain = decode_plain(data)
    if plain is not None:
        # The texts are compared: 1 and True are equal, and so are objects with their members in another order.
        assert json.dumps(plain) == outcome(data, closely=True)
        assert is_plain(plain)
        assert json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode() == data
        assert encode_plain(plain) == canonicalize(plain)
    check_feed_line(data)


def check_feed_line(data: bytes) -> None:
    """A feed's line is read as the long way reads it, or refused with the same code; numbers and depth may pass."""
    try:
        found: object = json.dumps(parse_feed_object(data))
    except WireError as error:
        found = error.code
    expected = outcome(data, closely=True)
    if isinstance(expected, dict):
        code = expected["code"]
        assert found == code or (code in PASSED_OVER_IN_FEEDS and str(found).startswith("{"))
    else:
        assert isinstance(expected, str)
        assert found == (expected if expected.startswith("{") else "json-not-an-object")


# JSON as others spell it: blanks between tokens, characters by their codes, member names twice.
BLANKS = st.sampled_from(["", "", "", "", " ", "\n", "\t", "\r\n", "  \n "]) | st.sampled_from(
    ["\x0b", "\u00a0", "\ufeff"]
)
CHARACTERS = st.sampled_from(list('ab"\\/u0022{}[]:, \x7f\u00e9\u2028\ufffe\uffff\U0001f600')) | st.characters(
    exclude_categories=["Cs"]
)
ODD_SPELLINGS = st.sampled_from(
    [
        *(
            '\\"',
            '\\\\"',
            "\\u0022",
            "\\\\u0022",
            "\\\\\\u0022",
            '\\\\\\"',
            "\\\\",
            "\\/",
            "\\b\\f\\n\\r\\t",
            "\\u005c",
        ),
        *(
            "\\u005C",
            "\\u0061",
            "\\u000a",
            "\\u0000",
            "\\u007f",
            "\\u00e9",
            "\\u00E9",
            "\\ud83d\\ude00",
            "\\uD83D\\uDE00",
        ),
        *("\\ud800", "\\ude00\\ud83d", "\\uDFFF", "\\u12", "\\x41", "\\'", "\n", "\t", "\x00", "\x1f"),
    ]
)
LITERALS = st.sampled_from(
    [
        *(
            "0",
            "-0",
            "1",
            "-1",
            "true",
            "false",
            "null",
            "NaN",
            "Infinity",
            "-Infinity",
            "True",
            "01",
            "+1",
            ".5",
            "1.",
        ),
        *("0.0", "-0.0", "1.5", "1e3", "1E+22", "1e400", "1e-400", "9007199254740991", "9007199254740992"),
        *("-9007199254740991", "-9007199254740992", "9007199254740993.0", "9223372036854775807", "9223372036854775808"),
        *("18446744073709551615", "18446744073709551616", "-9223372036854775809", "1" + "0" * 40, "1" * 5000),
    ]
) | st.integers().map(str)


@st.composite
def spelt_texts(draw: st.DrawFn) -> str:
    """Draw a JSON text between its quotation marks, each character spelt in one of its ways; some are no JSON."""

    def spelling(character: str) -> str:
        escaped = json.dumps(character, ensure_ascii=draw(st.booleans()))[1:-1]
        code = json.dumps(character)[1:-1] if ord(character) > 0xFFFF else f"\\u{ord(character):04x}"
        return draw(st.sampled_from([escaped, escaped, escaped, code]))

    pieces = draw(
        st.lists(CHARACTERS.map(lambda one: (one, True)) | ODD_SPELLINGS.map(lambda one: (one, False)), max_size=4)
    )
    return '"' + "".join(spelling(text) if plain else text for text, plain in pieces) + '"'


# Names from few letters, so that many are equal, and many only once their codes are read.
NAMES_SPELT = st.sampled_from(
    ['"a"', '"a"', '"\\u0061"', '"b"', '""', '"\\""', '"\\u0022"', '"\\\\"', '"\\u005c"', '"\U0001f600"']
)


@st.composite
def spelt_containers(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    def blank() -> str:
        return draw(BLANKS) if spaced else ""

    spaced = draw(st.booleans())
    if draw(st.booleans()):
        return "[" + ",".join(blank() + item + blank() for item in draw(st.lists(inner, max_size=4))) + "]"
    members = draw(st.lists(st.tuples(NAMES_SPELT | spelt_texts(), inner), max_size=4))
    return "{" + ",".join(f"{blank()}{name}{blank()}:{blank()}{item}{blank()}" for name, item in members) + "}"


SPELT = st.recursive(spelt_texts() | LITERALS, spelt_containers, max_leaves=12)
# Objects whose lost members and whose quotation marks spelt by codes may make up for one another.
FEW_NAMES = st.tuples(
    NAMES_SPELT, st.sampled_from(["1", '""', '"\\u0022"', '"\\u0022\\u0022"', '"\\""', '"\\\\u0022\\u0022"', '"a"'])
)
SMALL_OBJECTS = st.lists(FEW_NAMES, max_size=5).map(
    lambda members: "{" + ",".join(f"{name}:{item}" for name, item in members) + "}"
)
THOROUGH = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@THOROUGH
@given(SPELT | spelt_containers(SPELT) | SMALL_OBJECTS, BLANKS, BLANKS)
@example('{"a":"\\u0022\\u0022","b":1,"b":2}', "", "")
@example('{"a":"\\\\u0022","b":1,"b":2}', "", "")
@example('{"\\"":1,"\\u0022":2}', "", "")
@example('{"a":1,"\\u0061":2}', "", "")
@example('{"a":{"b":[{"c":1,"c":1}]},"d":"\\"\\""}', "", "")
def test_short_way_on_any_spelling(text: str, before: str, after: str) -> None:
    check_short_way(f"{before}{text}{after}".encode())


@THOROUGH
@given(
    opening=st.lists(
        st.sampled_from(["[", '{"a":', '{ "\\u0061" : ', "[1, ", '{"b":"\\"","a":']), min_size=98, max_size=102
    ),
    inside=LITERALS | st.sampled_from(["[]", "{}", "[[]]", '{"a":1,"a":2}', '"\\ud800"']),
)
def test_short_way_at_the_greatest_depth(opening: list[str], inside: str) -> None:
    closing = "".join("]" if item.startswith("[") else "}" for item in reversed(opening))
    check_short_way(("".join(opening) + inside + closing).encode())


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**54), 2**54)
    | st.floats()
    | st.text(CHARACTERS | st.characters(), max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(CHARACTERS, max_size=4), inner, max_size=4),
    max_leaves=12,
)


@THOROUGH
@given(
    value=st.dictionaries(st.text(CHARACTERS, max_size=4), JSON_VALUES, max_size=4) | JSON_VALUES,
    ensure_ascii=st.booleans(),
    indent=st.sampled_from([None, None, 0, 2, "\t"]),
    separators=st.sampled_from([None, (",", ":"), (" , ", " : ")]),
)
def test_short_way_on_what_the_standard_library_writes(
    value: Any, ensure_ascii: bool, indent: int | str | None, separators: tuple[str, str] | None
) -> None:
    text = json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators)
    check_short_way(text.encode("utf-8", "surrogatepass"))
