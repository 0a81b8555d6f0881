"""The short ways for plainly spelt documents lead to the same values and bytes as the long ones."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pithbuilder.core.canonical_json import canonicalize, decode_fast, is_plain
from pithbuilder.core.json_path import ROOT
from pithbuilder.documents.base import Reader
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.preimage import left_out_of
from pithbuilder.documents.state import State
from pithbuilder.documents.wire import _parse_closely, parse_json
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
    assert decode_fast(original) == (json.loads(original), True)
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
