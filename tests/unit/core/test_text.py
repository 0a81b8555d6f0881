"""Canonical text (``pith-text-v1``), frozen at Unicode 14.0, and the excerpt of an abstract."""

from __future__ import annotations

import hashlib
import json
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pithbuilder.core import text as text_module
from pithbuilder.core.text import abstract_excerpt, canonical_text, canonical_text_sha256, collapse_white_space
from pithbuilder.errors import CanonicalizationError

TESTS = Path(__file__).parents[2]
PUBLISHED = TESTS / "published"
MANY = settings(max_examples=500, deadline=None)

WHITE_SPACE = [
    *range(0x09, 0x0E),
    *range(0x1C, 0x20),
    0x20,
    0x85,
    0xA0,
    0x1680,
    *range(0x2000, 0x200B),
    0x2028,
    0x2029,
    0x202F,
    0x205F,
    0x3000,
]
LOOKS_LIKE_WHITE_SPACE = [0x180E, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x2800, 0x3164, 0x115F, 0x00AD, 0x0000, 0x08]

# Code points whose Word_Break makes them case-ignorable although their category does not.
BETWEEN_LETTERS = {
    chr(code)
    for code in (
        *(0x27, 0x2E, 0x3A, 0xB7, 0x387, 0x55F, 0x5F4, 0x2018, 0x2019, 0x2024, 0x2027),
        *(0xFE13, 0xFE52, 0xFE55, 0xFF07, 0xFF0E, 0xFF1A),
    )
}


def published_lines(name: str) -> list[dict[str, Any]]:
    lines = (PUBLISHED / name).read_text(encoding="utf-8").splitlines()
    assert lines, f"{name} is empty"
    return [json.loads(line) for line in lines]


def is_cased(character: str) -> bool:
    return character.islower() or character.isupper() or unicodedata.category(character) == "Lt"


def is_passed_over(character: str) -> bool:
    return character in BETWEEN_LETTERS or unicodedata.category(character) in ("Mn", "Me", "Cf", "Lm", "Sk")


def ends_a_word(text: str, at: int) -> bool:
    """The final sigma of the Unicode Standard, section 3.13: a cased letter before, none after."""
    before = next((other for other in reversed(text[:at]) if not is_passed_over(other)), "")
    after = next((other for other in text[at + 1 :] if not is_passed_over(other)), "")
    return before != "" and is_cased(before) and not (after != "" and is_cased(after))


def oracle(text: str) -> str:
    """The rule written again, a character at a time, without ``str.split`` and without ``lower`` of a whole text."""
    words = [""]
    for character in text:
        if ord(character) in WHITE_SPACE:
            words.append("")
        else:
            words[-1] += character
    collapsed = " ".join(word for word in words if word)
    return "".join(
        ("ς" if ends_a_word(collapsed, at) else "σ") if character == "Σ" else character.lower()
        for at, character in enumerate(collapsed)
    )


# Characters that Unicode 3.2 had already, so that the oracle, which asks the running Python's tables, agrees with
# 14.0 under every Python; U+0295 was a lower-case letter until 14.0 and is none today.
OLD = st.characters(exclude_categories=["Cs"]).filter(
    lambda character: unicodedata.ucd_3_2_0.category(character) not in ("Cn", "Co") and character != "\u0295"
)
SPACES = st.sampled_from([chr(code) for code in WHITE_SPACE])
AWKWARD = st.sampled_from(
    [*"İıIiΣσςΑαẞßſKÅǅǈǄDžÀàΐΰ'.:·’\u00ad\u0307\u0345\u200dªᵃʰ", "\U00010400", "\u1e9e", "\ufb01"]
)
CHARACTERS = st.one_of(OLD, AWKWARD, SPACES, st.characters(max_codepoint=0x7F))
TEXTS = st.text(CHARACTERS, max_size=30)


@MANY
@given(TEXTS)
@example("ΟΔΥΣΣΕΥΣ ΟΔΟΣ. ΣΣ Σ ΑΣ' ΑΣ'Α")
@example("İSTANBUL \u1e9e ǅ")
def test_the_rule_against_an_oracle(text: str) -> None:
    assert canonical_text(text) == oracle(text)


@MANY
@given(TEXTS)
@example("İ")
@example("Σ")
@example("ΑΣ\u0345Σ")
def test_canonical_text_is_a_fixed_point(text: str) -> None:
    once = canonical_text(text)
    assert canonical_text(once) == once
    assert canonical_text_sha256(text) == canonical_text_sha256(once) == hashlib.sha256(once.encode()).hexdigest()


def test_every_single_character_is_a_fixed_point_after_one_step() -> None:
    for pattern in ("{}", "{}Σ", "ΑΣ{}Α"):
        for words in batched(pattern.format(character) for character in all_characters()):
            once = canonical_text(" ".join(words))
            assert canonical_text(once) == once, ascii(words[0])


@MANY
@given(st.lists(st.text(OLD.filter(lambda character: not character.isspace()), min_size=1, max_size=5)), st.data())
def test_how_words_are_spaced_is_of_no_consequence(words: list[str], draw: st.DataObject) -> None:
    runs = st.text(SPACES, min_size=1, max_size=4)
    spaced = draw.draw(runs) + "".join(word + draw.draw(runs) for word in words)
    assert collapse_white_space(spaced) == " ".join(words)
    assert canonical_text(spaced) == canonical_text(" ".join(words))


@pytest.mark.parametrize("code", WHITE_SPACE, ids=lambda code: f"U+{code:04X}")
def test_every_white_space_character_separates_and_is_stripped(code: int) -> None:
    assert canonical_text(f"{chr(code)}A{chr(code)}\n{chr(code)}B{chr(code)}") == "a b"
    assert canonical_text(chr(code)) == ""


@pytest.mark.parametrize("code", LOOKS_LIKE_WHITE_SPACE, ids=lambda code: f"U+{code:04X}")
def test_what_only_looks_like_white_space_stays(code: int) -> None:
    assert canonical_text(f" A{chr(code)}B ") == f"a{chr(code)}b"


def test_there_are_29_white_space_characters() -> None:
    assert len(WHITE_SPACE) == 29
    assert [code for code in range(sys.maxunicode + 1) if collapse_white_space(chr(code)) == ""] == WHITE_SPACE


def test_nothing_is_normalised() -> None:
    composed, decomposed = "Erd\u0151s", "Erdo\u030bs"
    assert unicodedata.normalize("NFC", decomposed) == composed
    assert canonical_text(composed) == "erd\u0151s"
    assert canonical_text(decomposed) == "erdo\u030bs"
    assert canonical_text_sha256(composed) != canonical_text_sha256(decomposed)
    for kept in ("\ufb01", "\u2126" + "x", "x²", "ｘ", "\u1100\u1161", "\u0344"):
        assert canonical_text(kept) == kept.replace("\u2126", "\u03c9")


def test_tex_and_punctuation_stay_as_typed() -> None:
    assert canonical_text("On $\\Gamma_{\\rm IR}$:\n  Erd\\H{o}s--R\\'enyi  graphs") == (
        "on $\\gamma_{\\rm ir}$: erd\\h{o}s--r\\'enyi graphs"
    )


def test_special_cases_of_lower_case() -> None:
    assert canonical_text("İ") == "i\u0307"
    assert canonical_text("ẞ") == "ß"
    assert canonical_text("ß") == "ß"
    assert canonical_text("\u212a") == "k"
    assert canonical_text("ǅ") == "ǆ"
    assert canonical_text("I ı") == "i ı"
    assert canonical_text("ΟΔΟΣ ΣΟΦΟΣ") == "οδος σοφος"


def test_published_titles() -> None:
    checked = 0
    for line in published_lines("vectors/records.jsonl"):
        if "title" in line:
            assert canonical_text_sha256(line["title"]) == line["canonical_record"]["metadata"]["title_canon_sha256"]
            checked += 1
    assert checked == 88


def test_published_abstracts() -> None:
    documents = [json.loads((PUBLISHED / "state-1710.02368v1.json").read_text(encoding="utf-8"))["current"]]
    documents += [
        json.loads((PUBLISHED / name).read_text(encoding="utf-8"))
        for name in ("bundle-1805.08469v1.json", "bundle-2410.05985v4.json")
    ]
    records = {document["canonical_record"]["source"]["id"]: document["canonical_record"] for document in documents}
    checked = 0
    for paper in published_lines("arxiv/snapshot.jsonl"):
        if (record := records.get(paper["id"])) is not None:
            metadata = record["metadata"]
            assert canonical_text_sha256(paper["abstract"]) == metadata["abstract_canon_sha256"]
            assert canonical_text_sha256(paper["title"]) == metadata["title_canon_sha256"]
            checked += 1
    assert checked >= 2


@pytest.mark.parametrize("half", ["\ud800", "\udfff", "Title\ud83d"], ids=ascii)
def test_half_a_surrogate_pair_has_no_digest(half: str) -> None:
    with pytest.raises(CanonicalizationError) as caught:
        canonical_text_sha256(f"  A  {half} B")
    assert caught.value.code == "text-surrogate"
    assert str(caught.value).isascii()


# ---- The frozen case mapping -------------------------------------------------------------------------------------
#
# A number minted today must come out again under every later Python, whose str.lower() follows later versions of
# Unicode. What pith-text-v1 gives for every code point, alone and beside a capital sigma, is therefore recorded
# here as digests. They were computed with Python 3.11, whose unicodedata.unidata_version is 14.0.0, as
# " ".join(text.split()).lower(), each over the lines "CODE;CODE CODE...\n" (code points in hexadecimal, at least four
# digits) of all Unicode scalar values in order. 1433 code points have a lower case of their own, 29 are white space.

DIGESTS = {
    "{}": "04fd3099d206f8af61f2a0482639edde187658a3cd3c713daf3784ce91afb80f",
    "ΑΣ{}": "457786c8dce00941c92f0532c96855636b0c8a1a689e95127f1b316fe78d4839",
    "ΑΣ{}Α": "6fba79a59713892abd90bb6e1468aa9c8d219d38bbfb90c9ec9f74082e8d78a4",
    "Α{}Σ": "aac06c77c66df219eb2361489d0127949cbfe59a1244888fc014ef81be6f4c42",
}


def all_characters() -> Iterator[str]:
    yield from map(chr, range(0xD800))
    yield from map(chr, range(0xE000, sys.maxunicode + 1))


def batched(words: Iterable[str], size: int = 1000) -> Iterator[list[str]]:
    """Group words: a text of a thousand words takes far less time than a thousand texts."""
    iterator = iter(words)
    while batch := list(islice(iterator, size)):
        yield batch


def digest_of_all(rule: Callable[[str], str], pattern: str) -> str:
    """Return the digest; white space by itself, the other characters as words of one text, which the rule keeps."""
    digest = hashlib.sha256()
    for batch in batched(all_characters()):
        if any(map(str.isspace, batch)):
            results = [rule(pattern.format(character)) for character in batch]
        else:
            results = rule(" ".join(map(pattern.format, batch))).split(" ")
        for character, result in zip(batch, results, strict=True):
            spelt = " ".join([f"{ord(part):04X}" for part in result])
            digest.update(f"{ord(character):04X};{spelt}\n".encode())
    return digest.hexdigest()


@pytest.mark.parametrize(("pattern", "expected"), DIGESTS.items())
def test_the_result_for_every_code_point_is_frozen(pattern: str, expected: str) -> None:
    assert digest_of_all(canonical_text, pattern) == expected


def test_the_recorded_digests_are_those_of_unicode_14() -> None:
    """Where Python's own tables are those of 14.0, they must give the recorded digests."""
    if unicodedata.unidata_version != "14.0.0":
        assert tuple(map(int, unicodedata.unidata_version.split("."))) > (14, 0, 0)
        return
    for pattern, expected in DIGESTS.items():
        assert digest_of_all(lambda text: " ".join(text.split()).lower(), pattern) == expected


def test_how_many_characters_change() -> None:
    changed = [character for character in all_characters() if canonical_text(character) != character]
    assert len(changed) == 1433 + 29


def later_characters(kind: str) -> list[str]:
    """Characters that Unicode 14.0 does not have and a later version made case matter for."""
    ranges = json.loads((TESTS / "vectors" / "cased-after-unicode-14.json").read_text(encoding="ascii"))[kind]
    found: list[str] = []
    for span in ranges:
        first, _, last = span.partition("-")
        found += map(chr, range(int(first, 16), int(last or first, 16) + 1))
    assert found
    return found


@pytest.mark.parametrize("kind", ["upper_case", "lower_case", "case_ignorable"])
def test_characters_of_later_versions_stay_and_end_a_word(kind: str) -> None:
    for later in later_characters(kind):
        assert canonical_text(later) == later
        assert canonical_text(f"ΑΣ{later}") == f"ας{later}"
        assert canonical_text(f"ΑΣ{later}Α") == f"ας{later}α"
        assert canonical_text(f"Α{later}Σ") == f"α{later}σ"
        assert canonical_text(f"{later}Σ  A{later}B") == f"{later}σ a{later}b"


class LaterText(str):
    """A text under a Python of a later Unicode version: what its ``lower`` says must not be believed."""

    __slots__ = ()

    def lower(self) -> str:
        return "<lower case of a later Unicode version>"


@pytest.mark.parametrize("kind", ["upper_case", "lower_case", "case_ignorable"])
def test_a_later_python_is_not_asked_for_the_lower_case_of_later_characters(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case matters for the character in a later version, if only to a capital sigma beside it."""
    monkeypatch.setattr(text_module, "collapse_white_space", lambda text: LaterText(" ".join(text.split())))
    believed = [
        f"U+{ord(later):04X}" for later in later_characters(kind) if canonical_text(f"ΑΣ{later}Α") != f"ας{later}α"
    ]
    assert believed == []


# ---- The excerpt of an abstract ----------------------------------------------------------------------------------


def excerpt_oracle(abstract: str) -> str:
    return re.sub(r"\n(?!  )", " ", abstract.strip())[:600]


ABSTRACTS = st.one_of(
    st.text(st.sampled_from([*"\n\n\n    ab\t", "é", "\U0001f600"]), max_size=80),
    st.builds(
        lambda pad, end: "x" * pad + end, st.integers(590, 602), st.text(st.sampled_from("\n \nab"), max_size=16)
    ),
    st.text(max_size=40),
)


@MANY
@given(ABSTRACTS)
@example("x" * 599 + "\n  y")
@example("x" * 598 + "\n  y")
@example("x" * 600 + "\n  y")
@example("x" * 599 + "\n y")
@example("a\n\n  b\n   c\n\n\nd")
def test_excerpt_against_an_oracle(abstract: str) -> None:
    assert abstract_excerpt(abstract) == excerpt_oracle(abstract)


@pytest.mark.parametrize(
    ("abstract", "expected"),
    [
        ("", ""),
        (" \n ", ""),
        ("  One\nand two.\n", "One and two."),
        ("One.\n  A new paragraph.", "One.\n  A new paragraph."),
        ("One.\n Not one.", "One.  Not one."),
        ("A  double  blank.", "A  double  blank."),
        ("Wide.\n   Wider.", "Wide.\n   Wider."),
        ("A\nb\n  c\nd", "A b\n  c d"),
        ("\U0001f600" * 601, "\U0001f600" * 600),
        ("a" * 600, "a" * 600),
        ("a" * 599 + "\nb", "a" * 599 + " "),
    ],
)
def test_excerpt_examples(abstract: str, expected: str) -> None:
    assert abstract_excerpt(abstract) == expected


def test_published_excerpts() -> None:
    papers = {paper["id"]: paper for paper in published_lines("arxiv/snapshot.jsonl")}
    state = json.loads((PUBLISHED / "state-1710.02368v1.json").read_text(encoding="utf-8"))
    bundle = json.loads((PUBLISHED / "bundle-1805.08469v1.json").read_text(encoding="utf-8"))
    for arxiv_id, snapshots in (
        ("1710.02368", state["current"]["graph_snapshots"]),
        ("1805.08469", bundle["state"]["current"]["graph_snapshots"]),
    ):
        shown = snapshots[0]["payload"]["graph_snapshot"]["paper"]["abstract_excerpt"]
        assert len(shown) == 600
        assert abstract_excerpt(papers[arxiv_id]["abstract"]) == shown
