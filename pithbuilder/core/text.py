"""Canonical text of titles and abstracts, rule ``pith-text-v1``, frozen.

The rule: strip, collapse every run of white space to one blank, lower-case. TeX, punctuation and accents stay
as typed; there is no Unicode normalisation. White space is what ``str.split()`` splits on (Unicode White_Space
and U+001C to U+001F). Lower case is that of Unicode 14.0, the final sigma included, as ``str.lower()`` of Python 3.11
has it. Later versions of Unicode, and with them of Python, give a case to characters that had none, and a number
minted today must come out again on the Python of another decade; so ``str.lower()`` is never asked about anything
but ASCII, and the tables of :mod:`pithbuilder.core.unicode14` say the rest.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from itertools import accumulate, chain
from typing import Final

from pithbuilder.core.digest import sha256_hex
from pithbuilder.core.unicode14 import CASE_IGNORABLE, CASED, LONGER_LOWER_CASE, LOWER_CASE
from pithbuilder.errors import CanonicalizationError, printable

TEXT_RULE: Final = "pith-text-v1"

ABSTRACT_EXCERPT_LENGTH: Final = 600

# What the rule does to each ASCII character by itself, as a table for bytes.translate.
_ASCII_FOLDED: Final = bytes(
    ord(" " if chr(code).isspace() else chr(code).lower()) if code < 0x80 else code for code in range(0x100)
)

_PARAGRAPH_BREAK: Final = "\n  "

_SIGMA: Final = "\u03a3"
_SMALL_SIGMA: Final = "\u03c3"
_FINAL_SIGMA: Final = "\u03c2"

# str.translate is slow with what its table does not have; nearly all characters of nearly all texts are below this.
_FIRST_RARE_CHARACTER: Final = 0x3000

_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]")


def canonical_text(text: str) -> str:
    r"""Return the canonical form of a title or an abstract under ``pith-text-v1``.

    Args:
        text: As the source has it, wrapped or not.

    Returns:
        Stripped, every run of white space one blank, lower-cased; may be empty.

    >>> canonical_text("  On a problem\n  of Erd\\H{o}s ")
    'on a problem of erd\\h{o}s'
    """
    if text.isascii():  # nearly all texts are, and characters by themselves are then all there is to look at
        folded = text.encode("ascii").translate(_ASCII_FOLDED).strip()
        while b"  " in folded:
            folded = folded.replace(b"  ", b" ")
        return folded.decode("ascii")
    return _lower_case(collapse_white_space(text))


def canonical_text_sha256(text: str) -> str:
    """Return the SHA-256 of the canonical text's UTF-8 bytes: 64 lower-case hexadecimal digits.

    Raises:
        CanonicalizationError: ``text-surrogate``; the text holds half of a surrogate pair.
    """
    try:
        return sha256_hex(canonical_text(text).encode("utf-8"))
    except UnicodeEncodeError as error:
        raise CanonicalizationError(
            "text-surrogate",
            "text holds half of a surrogate pair and cannot be written as UTF-8",
            expected="Unicode scalar values only",
            found=printable(text[max(0, error.start - 20) : error.start + 20]),
        ) from error


def collapse_white_space(text: str) -> str:
    """Return ``text`` stripped, with every run of white space replaced by one blank."""
    return " ".join(text.split())


def abstract_excerpt(abstract: str) -> str:
    r"""Return the first 600 characters (code points) of an abstract as the graph snapshot shows it.

    The abstract is stripped; a single line wrap becomes a blank; a paragraph break (a newline followed by two
    blanks) and double blanks inside a line are kept (wire field ``paper.abstract_excerpt``).

    >>> abstract_excerpt("  One line\nand the next.\n  A new paragraph.\n")
    'One line and the next.\n  A new paragraph.'
    """
    beginning = abstract.strip()[: ABSTRACT_EXCERPT_LENGTH + len(_PARAGRAPH_BREAK)]
    paragraphs = [paragraph.replace("\n", " ") for paragraph in beginning.split(_PARAGRAPH_BREAK)]
    return _PARAGRAPH_BREAK.join(paragraphs)[:ABSTRACT_EXCERPT_LENGTH]


def _lower_case(text: str) -> str:
    """Return ``text.lower()`` of Unicode 14.0.

    Apart from sigma, every character has its lower case by itself: where this Python's is the table's for the few
    that are not ASCII, this Python may do it all, which is several times faster.
    """
    if _SIGMA in text:
        words = text.split(_SIGMA)
        places = accumulate(len(word) + 1 for word in words[:-1])  # just behind each sigma
        small = [_FINAL_SIGMA if _ends_a_word(text, place - 1) else _SMALL_SIGMA for place in places]
        text = "".join(chain.from_iterable(zip(words, [*small, ""], strict=True)))
    if all(map(_is_lower_cased_alike, set(_NOT_ASCII.findall(text)))):
        return text.lower()
    return text.translate(_lower_case_table())


@lru_cache(maxsize=4096)
def _is_lower_cased_alike(character: str) -> bool:
    """Say whether this Python gives a character the lower case that Unicode 14.0 gave it."""
    return character.lower() == character.translate(_lower_case_table())


def _ends_a_word(text: str, place: int) -> bool:
    """Say whether the sigma at that place is final: a cased character before it, and none after it.

    Case-ignorable characters in between are passed over (the Unicode Standard, section 3.13, Final_Sigma).
    """
    cased, ignorable = _characters(CASED), _characters(CASE_IGNORABLE)
    before = place - 1
    while before >= 0 and text[before] in ignorable:
        before -= 1
    if before < 0 or text[before] not in cased:
        return False
    after = place + 1
    while after < len(text) and text[after] in ignorable:
        after += 1
    return after == len(text) or text[after] not in cased


@cache
def _lower_case_table() -> dict[int, int | str]:
    """Return the lower-case mapping as a table for ``str.translate``."""
    table: dict[int, int | str] = {code: code for code in range(_FIRST_RARE_CHARACTER)}
    for run in LOWER_CASE.split():
        first, last, step, offset = (int(number, 16) for number in run.split(","))
        table.update((code, code + offset) for code in range(first, last + 1, step))
    table.update((ord(character), lower) for character, lower in LONGER_LOWER_CASE.items())
    return table


@cache
def _characters(ranges: str) -> frozenset[str]:
    """Return the characters of a table of ranges."""
    characters: set[str] = set()
    for item in ranges.split():
        first, _, last = item.partition("-")
        characters.update(map(chr, range(int(first, 16), int(last or first, 16) + 1)))
    return frozenset(characters)
