"""Pith Numbers: every published one derived again, spelling, short forms and aliases."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from pithbuilder.core.pith_number import PithNumber
from pithbuilder.core.text import canonical_text_sha256
from pithbuilder.documents.record import CanonicalRecord
from pithbuilder.errors import CanonicalizationError, FormatError

PUBLISHED = Path(__file__).parents[2] / "published"
BUNDLES = ("bundle-1805.08469v1.json", "bundle-2410.05985v4.json")
MANY = settings(max_examples=300, deadline=None)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
SUFFIXES = st.text(alphabet=ALPHABET, min_size=26, max_size=26)
GOOD = "pith:2018:EVMWRSTHAZ6J4Q62KC6KLAZ6KI"


def published_records() -> list[dict[str, Any]]:
    lines = (PUBLISHED / "vectors/records.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 96
    return [json.loads(line) for line in lines]


def published_document(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((PUBLISHED / name).read_text(encoding="utf-8"))
    return document


RECORDS = published_records()
EVERY_RECORD = pytest.mark.parametrize("line", RECORDS, ids=lambda line: line["canonical_record"]["source"]["id"])


def first_130_bits(digest: bytes) -> str:
    """The suffix by arithmetic: the digest as one number, its first 130 bits in base 32."""
    number = int.from_bytes(digest, "big") >> (256 - 130)
    return "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def code_of(text: str) -> str:
    with pytest.raises(FormatError) as caught:
        PithNumber.parse(text)
    assert str(caught.value).isascii()
    return caught.value.code


@EVERY_RECORD
def test_every_published_number(line: dict[str, Any]) -> None:
    record, expected = line["canonical_record"], line["pith_number"]
    digest = hashlib.sha256(rfc8785.dumps(record)).digest()
    assert digest.hex() == line["canonical_sha256"]
    number = PithNumber.derive(record)
    assert str(number) == expected
    assert number.year == int(record["metadata"]["submitted_at"][:4])
    assert number.suffix == first_130_bits(digest)
    assert number == PithNumber.parse(expected) == PithNumber.from_digest(digest, number.year)
    assert number == PithNumber.derive(CanonicalRecord.from_dict(record))


@EVERY_RECORD
def test_every_published_title_digest(line: dict[str, Any]) -> None:
    if "title" in line:
        assert canonical_text_sha256(line["title"]) == line["canonical_record"]["metadata"]["title_canon_sha256"]
    else:
        assert set(line) == {"canonical_record", "canonical_sha256", "pith_number"}


def test_published_numbers_differ_and_one_bears_another_year_than_its_identifier() -> None:
    assert len({line["pith_number"] for line in RECORDS}) == len(RECORDS)
    ids = {line["canonical_record"]["source"]["id"]: line["pith_number"] for line in RECORDS}
    new = {arxiv_id: number for arxiv_id, number in ids.items() if "/" not in arxiv_id}
    assert any(number[7:9] != arxiv_id[:2] for arxiv_id, number in new.items())


@pytest.mark.parametrize("name", BUNDLES)
def test_published_aliases_and_short_numbers(name: str) -> None:
    bundle = published_document(name)
    number = PithNumber.parse(bundle["pith_number"])
    source = bundle["canonical_record"]["source"]
    assert number.short == bundle["short_pith_number"]
    aliases = number.aliases(source["id"], source["version"])
    assert [*aliases.items()] == [(alias["alias_kind"], alias["alias_value"]) for alias in bundle["source_aliases"]]


def test_the_number_depends_on_every_field() -> None:
    record = RECORDS[0]["canonical_record"]
    seen = {PithNumber.derive(record).suffix}
    for part, name, other in (
        ("metadata", "abstract_canon_sha256", "0" * 64),
        ("metadata", "cross_cats_sorted", ["math-ph"]),
        ("metadata", "license", ""),
        ("metadata", "primary_cat", "cs.XX"),
        ("metadata", "submitted_at", "2015-05-12T20:00:28Z"),
        ("metadata", "title_canon_sha256", "0" * 64),
        ("source", "id", "1505.03148"),
        ("source", "kind", "other"),
        ("source", "version", 4),
        ("source", "unknown", None),
        ("metadata", "\U0001f600", {"\ue000": 1}),
    ):
        changed = {**record, part: {**record[part], name: other}}
        seen.add(PithNumber.derive(changed).suffix)
    seen.add(PithNumber.derive({**record, "schema_version": "1.1"}).suffix)
    seen.add(PithNumber.derive({**record, "extra": []}).suffix)
    assert len(seen) == 14


def test_the_order_of_members_is_of_no_consequence() -> None:
    record = RECORDS[0]["canonical_record"]
    turned = {name: record[name] for name in reversed(record)}
    turned["metadata"] = {name: record["metadata"][name] for name in reversed(record["metadata"])}
    assert PithNumber.derive(turned) == PithNumber.derive(record)


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"metadata": None},
        {"metadata": []},
        {"metadata": {}},
        {"metadata": {"submitted_at": None}},
        {"metadata": {"submitted_at": 2018}},
    ],
    ids=repr,
)
def test_without_a_submission_time_there_is_no_number(record: dict[str, Any]) -> None:
    with pytest.raises(FormatError) as caught:
        PithNumber.derive(record)
    assert (caught.value.code, caught.value.where) == ("record-year", "$.metadata.submitted_at")


def test_a_wrong_submission_time_or_value_is_refused() -> None:
    with pytest.raises(FormatError) as caught:
        PithNumber.derive({"metadata": {"submitted_at": "2018-05-22"}})
    assert caught.value.code == "instant-format"
    with pytest.raises(CanonicalizationError) as refused:
        bad: Any = {"metadata": {"submitted_at": "2018-05-22T09:32:21Z"}, "x": 1.5}
        PithNumber.derive(bad)
    assert (refused.value.code, refused.value.where) == ("json-float", "$.x")


@MANY
@given(st.integers(1, 9999), SUFFIXES)
def test_spelling_round_trip(year: int, suffix: str) -> None:
    number = PithNumber(year, suffix)
    text = f"pith:{year:04}:{suffix}"
    assert str(number) == text
    assert PithNumber.parse(text) == number
    assert hash(PithNumber.parse(text)) == hash(number)
    assert number.short == "pith:" + suffix[:8]
    assert [number.short_form(length) for length in (8, 12, 16, 26)] == [
        "pith:" + suffix[:8],
        "pith:" + suffix[:12],
        "pith:" + suffix[:16],
        "pith:" + suffix,
    ]


@MANY
@given(st.binary(min_size=32, max_size=32), st.integers(1, 9999))
def test_the_suffix_is_the_first_130_bits(digest: bytes, year: int) -> None:
    assert PithNumber.from_digest(digest, year).suffix == first_130_bits(digest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pith:",
        "pith:EVMWRSTH",
        "EVMWRSTHAZ6J4Q62KC6KLAZ6KI",
        GOOD.lower(),
        GOOD.upper(),
        GOOD.replace("pith", "Pith"),
        GOOD[:-1],
        GOOD + "A",
        GOOD + "=",
        GOOD + "\n",
        " " + GOOD,
        GOOD + " ",
        GOOD.replace("2018", "18"),
        GOOD.replace("2018", "02018"),
        GOOD.replace("2018", "0000"),
        GOOD.replace("2018", "-018"),
        GOOD.replace("2018", "２０１８"),
        GOOD.replace("2018", "201\u0668"),
        GOOD.replace(":", "/"),
        GOOD.replace(":", "::"),
        GOOD.replace("V", "0"),
        GOOD.replace("V", "1"),
        GOOD.replace("V", "8"),
        GOOD.replace("V", "9"),
        GOOD.replace("V", "v"),
        GOOD.replace("K", "\u212a"),
        GOOD.replace("V", "/"),
        "pith:2018:" + "../" * 8 + "AA",
        "urn:" + GOOD,
        "\ud800",
    ],
    ids=ascii,
)
def test_other_spellings_are_refused(text: str) -> None:
    assert code_of(text) == "pith-number-format"


@pytest.mark.parametrize(
    ("year", "suffix"),
    [(0, "A" * 26), (-1, "A" * 26), (10000, "A" * 26), (2018, ""), (2018, "a" * 26), (2018, "A" * 27)],
)
def test_a_wrong_number_cannot_be_made_in_memory_either(year: int, suffix: str) -> None:
    with pytest.raises(FormatError) as caught:
        PithNumber(year, suffix)
    assert caught.value.code == "pith-number-format"


def test_a_number_cannot_be_changed() -> None:
    number = PithNumber.parse(GOOD)
    with pytest.raises(AttributeError):
        number.year = 2019  # type: ignore[misc]


@pytest.mark.parametrize(
    ("short_length", "lengths"), [(8, [12, 16, 8]), (12, [12, 16]), (16, [16]), (26, [])], ids=["8", "12", "16", "26"]
)
def test_aliases_that_collide_are_left_out(short_length: int, lengths: list[int]) -> None:
    number = PithNumber.parse(GOOD)
    aliases = number.aliases("math.AG/9901001", 12, short_length=short_length)
    assert list(aliases.items()) == [
        ("arxiv", "math.AG/9901001"),
        ("arxiv_version", "math.AG/9901001v12"),
        ("doi", "10.48550/arxiv.math.ag/9901001"),
        *((f"pith_short_{length}", number.suffix[:length]) for length in lengths),
    ]
    assert list(aliases) == sorted(aliases)


@pytest.mark.parametrize("arxiv_id", ["", "../../etc/passwd", "1805.08469v1", "1813.12345"])
def test_there_are_no_aliases_for_what_is_no_identifier(arxiv_id: str) -> None:
    with pytest.raises(FormatError) as caught:
        PithNumber.parse(GOOD).aliases(arxiv_id, 1)
    assert caught.value.code == "arxiv-id-format"
