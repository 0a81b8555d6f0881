"""The quick ways through the text rules end where the rules as they are written end."""

from __future__ import annotations

import re
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from pithbuilder.core.authors import authors_text
from pithbuilder.core.text import canonical_text

ASCII = [chr(code) for code in range(128)]
PIECES = ["and", "And", ",", " ", "  ", "\n", "\t", "\x1c", "\u00a0", "A", "b", "é", "Σ", "(", "1"]
LINES = st.lists(st.sampled_from(PIECES)).map("".join)


def test_canonical_text_of_every_pair_of_ascii_characters() -> None:
    for first, second in product(ASCII, repeat=2):
        text = f"A{first}{second}b{second}"
        assert canonical_text(text) == " ".join(text.split()).lower()


@given(st.one_of(LINES, st.text(st.characters(max_codepoint=0x3FF))))
def test_canonical_text_is_collapsed_and_lower_case(text: str) -> None:
    assert canonical_text(text) == " ".join(text.split()).lower()


@given(LINES)
def test_authors_are_split_at_commas_and_the_word_and(line: str) -> None:
    names = {" ".join(part.split()) for part in re.split(r",|(?<![^\s,])and(?![^\s,])", line)} - {""}
    assert authors_text(line) == ", ".join(
        sorted(names, key=lambda name: (re.sub("[^0-9a-z]", "", name.lower()), name))
    )


def _sorted_by(name: str) -> tuple[str, str]:
    return re.sub("[^0-9a-z]", "", name.lower()), name
