"""The tables of Unicode 14.0: made anew where Python has that version, and held against ``str.lower()``."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Iterable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pithbuilder.core import unicode14
from pithbuilder.core.text import canonical_text

SIGMA, FINAL, MEDIAL = "Σ", "ς", "σ"
CHARACTERS = [*map(chr, range(0xD800)), *map(chr, range(0xE000, sys.maxunicode + 1))]

on_unicode_14 = pytest.mark.skipif(
    unicodedata.unidata_version != "14.0.0",
    reason=f"NOT COMPARED WITH str.lower(): this Python has Unicode {unicodedata.unidata_version}, the tables are "
    "those of 14.0.0; run the tests with Python 3.11 before the tables are changed",
)


def spelt_runs(targets: Iterable[tuple[int, int]]) -> str:
    """Join code points and their lower case into runs of the same step and offset."""
    runs: list[tuple[int, int, int, int]] = []
    for code, target in targets:
        if runs:
            first, last, step, offset = runs[-1]
            close = code - last == step if first < last else code - last in (1, 2)
            if close and target - code == offset:
                runs[-1] = (first, code, code - last, offset)
                continue
        runs.append((code, code, 1, target - code))
    return " ".join(",".join(f"{number:X}" for number in run) for run in runs)


def spelt_ranges(holds: Callable[[str], bool]) -> str:
    ranges: list[tuple[int, int]] = []
    for code in map(ord, filter(holds, CHARACTERS)):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1] = (ranges[-1][0], code)
        else:
            ranges.append((code, code))
    return " ".join(f"{first:X}" if first == last else f"{first:X}-{last:X}" for first, last in ranges)


def is_cased(character: str) -> bool:
    return (character + SIGMA).lower().endswith(FINAL)


def is_ignorable(character: str) -> bool:
    return ("a" + character + SIGMA).lower().endswith(FINAL) and (character + SIGMA).lower().endswith(MEDIAL)


@on_unicode_14
def test_the_tables_are_what_python_does() -> None:
    changed = [(character, character.lower()) for character in CHARACTERS if character.lower() != character]
    assert {character: lower for character, lower in changed if len(lower) > 1} == unicode14.LONGER_LOWER_CASE
    single = [(ord(character), ord(lower)) for character, lower in changed if len(lower) == 1]
    assert spelt_runs(single) == unicode14.LOWER_CASE
    assert spelt_ranges(is_cased) == unicode14.CASED
    assert spelt_ranges(is_ignorable) == unicode14.CASE_IGNORABLE


NEAR_SIGMA = st.sampled_from([*"ΣΣΣσςΑαaA1 '.:·’İıẞǅſK", *"\u00ad\u0307\u0345\u200dªᵃʰ", "\U00010400", "\ufb01", "数"])


@on_unicode_14
@settings(max_examples=1000, deadline=None)
@given(st.text(NEAR_SIGMA | st.characters(exclude_categories=["Cs"]), max_size=24))
@example("ΟΔΥΣΣΕΥΣ ΟΔΟΣ. ΣΣ Σ ΑΣ' ΑΣ'Α 'Σ' Α'Σ'Α ΑΣ\u0345 \u0345Σ")
@example("Σ" * 9)
@example("İΣ İΣİ ΣİΣ")
def test_the_tables_give_what_python_gives(text: str) -> None:
    assert canonical_text(text) == " ".join(text.split()).lower()


def test_many_sigmas_among_what_is_passed_over_take_no_time() -> None:
    """Each run of case-ignorable characters is looked at from its two ends only."""
    text = "Α" + ("Σ" + "'" * 1000) * 200
    assert canonical_text(text) == "α" + ("σ" + "'" * 1000) * 199 + "ς" + "'" * 1000
