"""arXiv identifiers and categories: what is one, and that nothing hostile passes for one."""

from __future__ import annotations

import json
import re
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pithbuilder.core.arxiv_id import (
    doi_of,
    is_arxiv_id,
    is_category,
    parse_arxiv_id,
    parse_category,
    split_version,
    without_subject_class,
)
from pithbuilder.errors import FormatError

PUBLISHED = Path(__file__).parents[2] / "published"
MANY = settings(max_examples=400, deadline=None)
MONTHS = {f"{month:02}" for month in range(1, 13)}


def published_records() -> list[dict[str, Any]]:
    lines = (PUBLISHED / "vectors/records.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 96
    return [json.loads(line)["canonical_record"] for line in lines]


def refused(text: str) -> bool:
    with pytest.raises(FormatError) as caught:
        parse_arxiv_id(text)
    assert caught.value.code == "arxiv-id-format"
    assert str(caught.value).isascii()
    assert not is_arxiv_id(text)
    return True


GOOD = [
    "1805.08469",
    "0704.0001",
    "1412.9999",
    "1501.00001",
    "9912.12345",
    "hep-th/9901001",
    "math/0309136",
    "math.AG/9901001",
    "cond-mat/9901001",
    "acc-phys/9411001",
    "chao-dyn/9912001",
    "cmp-lg/9408001",
    "cs.CL/0012345",
    "physics/9901001",
    "q-bio.BM/0401001",
    "supr-con/9605001",
]


@pytest.mark.parametrize("text", GOOD)
def test_identifiers(text: str) -> None:
    assert is_arxiv_id(text)
    assert parse_arxiv_id(text) == text


def test_published_identifiers_and_categories() -> None:
    for record in published_records():
        assert parse_arxiv_id(record["source"]["id"]) == record["source"]["id"]
        metadata = record["metadata"]
        for category in [metadata["primary_cat"], *metadata["cross_cats_sorted"]]:
            assert parse_category(category) == category


HOSTILE = [
    "",
    ".",
    "..",
    "/",
    "../../etc/passwd",
    "../1805.08469",
    "1805.08469/..",
    "1805.08469/../..",
    "..%2f1805.08469",
    "/1805.08469",
    "./1805.08469",
    "hep-th/../9901001",
    "../9901001",
    "./9901001",
    "//9901001",
    "hep-th//9901001",
    "hep-th\\9901001",
    "-rf/9901001",
    "-/9901001",
    "--/9901001",
    "hep-/9901001",
    "hep--th/9901001",
    "hep-th/99010011",
    "hep-th/990100",
    "hep-th/9913001",
    "hep-th/9900001",
    "hep-th/9901001v1",
    "hep-th/9901001/",
    "HEP-TH/9901001",
    "Hep-th/9901001",
    "hep_th/9901001",
    "hep-th.ag/9901001",
    "math.A/9901001",
    "math.AGT/9901001",
    "math./9901001",
    ".AG/9901001",
    "math.AG.AG/9901001",
    "math.AG /9901001",
    "math AG/9901001",
    "/9901001",
    "9901001",
    "9/9901001",
    "1813.12345",
    "1800.12345",
    "1805.123",
    "1805.123456",
    "805.08469",
    "11805.08469",
    "180508469",
    "1805-08469",
    "1805,08469",
    "1805.08469v1",
    "1805.08469V1",
    "1805.08469.json",
    "1805.08469 ",
    " 1805.08469",
    "1805.08469\n",
    "\n1805.08469",
    "1805.08469\r\n",
    "1805.08469\x00",
    "1805\n.08469",
    "hep-th/9901001\n",
    "1805. 08469",
    "'1805.08469'",
    '"1805.08469"',
    "1805.08469'",
    '1805.08469"',
    "1805.08469;rm",
    "`1805.08469`",
    "$(1805.08469)",
    "arXiv:1805.08469",
    "arxiv:1805.08469",
    "https://arxiv.org/abs/1805.08469",
    "-1805.08469",
    "+1805.08469",
    "1805.0846९",
    "１８０５.08469",
    "1805.0846\u0669",
    "1805.0846²",
    "1805\u00b708469",
    "1805\uff0e08469",
    "hep\u2010th/9901001",
    "ħep-th/9901001",
    "heſ/9901001",
    "\u212a/9901001",
    "math\u2044/9901001",
    "1805.08469\u200b",
    "\ufeff1805.08469",
    "\u202e1805.08469",
    "\ud8001805.08469",
    "1805.08469" * 1000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:40])
def test_hostile_identifiers_are_refused(text: str) -> None:
    assert refused(text)


NEW = st.from_regex(re.compile(r"\A[0-9]{2}(0[1-9]|1[0-2])\.[0-9]{4,5}\Z", re.ASCII))
OLD = st.from_regex(re.compile(r"\A[a-z]+(-[a-z]+)?(\.[A-Z]{2})?/[0-9]{2}(0[1-9]|1[0-2])[0-9]{3}\Z", re.ASCII))


@MANY
@given(st.one_of(NEW, OLD))
def test_whatever_is_spelt_right_is_taken_and_safe_in_a_path(text: str) -> None:
    assert parse_arxiv_id(text) == text
    assert re.fullmatch(r"[a-zA-Z0-9./-]+", text)
    parts = PurePosixPath(text).parts
    assert 1 <= len(parts) <= 2
    assert not any(part.startswith((".", "-", "/")) for part in parts)
    assert doi_of(text) == "10.48550/arxiv." + text.lower()


@MANY
@given(st.one_of(NEW, OLD), st.data())
def test_one_more_character_from_elsewhere_makes_it_wrong(text: str, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(text)))
    intruder = draw.draw(st.sampled_from([*" \n\t\r\0'\"\\;:_$%", "..", "/", "\u0661", "\uff11", "é", "\ud800"]))
    assert refused(text[:at] + intruder + text[at:])


@MANY
@given(st.one_of(st.text(max_size=20), st.text(st.sampled_from("0123456789./-azAZv"), max_size=14)))
@example("0001.0000")
def test_nothing_is_taken_that_the_format_does_not_name(text: str) -> None:
    taken = is_arxiv_id(text)
    archive, slash, number = text.partition("/")
    if slash:
        archive, dot, subject = archive.partition(".")
        expected = (
            all(part and set(part) <= set("abcdefghijklmnopqrstuvwxyz") for part in archive.split("-"))
            and (not dot or (len(subject) == 2 and set(subject) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ")))
            and len(number) == 7
            and set(number) <= set("0123456789")
            and number[2:4] in MONTHS
        )
    else:
        month, dot, number = text.partition(".")
        expected = (
            len(month) == 4
            and len(number) in (4, 5)
            and set(month + number) <= set("0123456789")
            and month[2:] in MONTHS
        )
    assert taken == expected


def test_months() -> None:
    for month in range(100):
        for text in (f"18{month:02}.12345", f"hep-th/99{month:02}001"):
            assert is_arxiv_id(text) == (f"{month:02}" in MONTHS)


@pytest.mark.parametrize(
    "text",
    ["cs.LG", "math-ph", "math.CO", "hep-th", "cond-mat.mes-hall", "q-fin.ST", "physics.acc-ph", "astro-ph", "nlin.CD"],
)
def test_categories(text: str) -> None:
    assert parse_category(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "cs.",
        ".LG",
        "cs..LG",
        "cs.LG.X",
        "cs LG",
        "cs.LG ",
        " cs.LG",
        "cs.LG\n",
        "CS.LG",
        "-cs",
        "cs-",
        "cs--x",
        "cs.-LG",
        "cs.LG-",
        "cs.L_G",
        "cs/LG",
        "../cs",
        "cs.LG,cs.AI",
        "cs.L1",
        "q1",
        "çs.LG",
        "cs.ＬＧ",
        "cs.ſt",
        "cs.\u212a",
        "cs.LG\x00",
        "\ud800",
    ],
    ids=ascii,
)
def test_other_categories_are_refused(text: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_category(text)
    assert caught.value.code == "category-format"
    assert str(caught.value).isascii()


@pytest.mark.parametrize(
    ("arxiv_id", "doi"),
    [
        ("1805.08469", "10.48550/arxiv.1805.08469"),
        ("hep-th/9901001", "10.48550/arxiv.hep-th/9901001"),
        ("math.AG/9901001", "10.48550/arxiv.math.ag/9901001"),
    ],
)
def test_doi(arxiv_id: str, doi: str) -> None:
    assert doi_of(arxiv_id) == doi


@pytest.mark.parametrize("text", GOOD)
def test_a_subject_class_is_no_part_of_an_identifier(text: str) -> None:
    archive, slash, number = text.partition("/")
    listed = f"{archive.partition('.')[0]}/{number}" if slash else text
    assert without_subject_class(text) == listed
    assert without_subject_class(listed) == listed
    assert split_version(text) == (listed, None)
    assert split_version(f"{text}v12") == (listed, 12)


def test_published_identifiers_have_no_subject_class() -> None:
    identifiers = [record["source"]["id"] for record in published_records()]
    assert sum("/" in identifier for identifier in identifiers) >= 10
    assert [without_subject_class(identifier) for identifier in identifiers] == identifiers


@pytest.mark.parametrize("text", ["", "math.AG/990100", "cs.LG", "../x.AG/9901001", "math.AG/9901001v1"])
def test_what_is_no_identifier_comes_back_as_it_is(text: str) -> None:
    assert without_subject_class(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "v1", "1805.08469v", "1805.08469v0", "1805.08469v01", "1805.08469v1v2", "1805.08469V1", "1805.08469v１"],
)
def test_what_is_no_identifier_with_a_version(text: str) -> None:
    with pytest.raises(FormatError) as caught:
        split_version(text)
    assert caught.value.code == "arxiv-id-format"


@pytest.mark.parametrize("text", ["cs.LG", "math-ph", "cond-mat.mes-hall", "11F03", "I.2.6", "", "cs.", "cs.LG\n"])
def test_is_category_says_what_parse_category_does(text: str) -> None:
    try:
        assert parse_category(text) == text
    except FormatError:
        assert not is_category(text)
    else:
        assert is_category(text)
