"""Canonical text of titles and abstracts, rule ``pith-text-v1``, frozen.

The rule: strip, collapse every run of white space to one blank, lower-case. TeX, punctuation and accents stay
as typed; there is no Unicode normalisation. White space is what ``str.split()`` splits on (Unicode White_Space
and U+001C to U+001F). Lower case is ``str.lower()`` with the case pairs of Unicode 14.0: later versions of
Unicode, and with them of Python, give lower-case forms to characters that had none, and a number minted today
must come out again on the Python of another decade.
"""

from __future__ import annotations

import re
from typing import Final

from pithbuilder.core.digest import sha256_hex
from pithbuilder.errors import CanonicalizationError, printable

TEXT_RULE: Final = "pith-text-v1"

ABSTRACT_EXCERPT_LENGTH: Final = 600

# Characters that got a lower-case form after Unicode 14.0 (16.0: Garay, Latin Extended-D; 17.0: Beria Erfe,
# Latin Extended-D). Under 14.0 they are unassigned, hence unchanged and a boundary for the final sigma.
_CASED_LATER: Final = re.compile(
    "([\ua7cb\ua7cc\ua7ce\ua7d2\ua7d4\ua7da\ua7dc\U00010d50-\U00010d65\U00016ea0-\U00016eb8])"
)

# What the rule does to each ASCII character by itself, as a table for bytes.translate.
_ASCII_FOLDED: Final = bytes(
    ord(" " if chr(code).isspace() else chr(code).lower()) if code < 0x80 else code for code in range(0x100)
)

_PARAGRAPH_BREAK: Final = "\n  "


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
        return (b" ".join(folded.split()) if b"  " in folded else folded).decode("ascii")
    collapsed = collapse_white_space(text)
    if _CASED_LATER.search(collapsed) is None:
        return collapsed.lower()
    return "".join(part if _CASED_LATER.fullmatch(part) else part.lower() for part in _CASED_LATER.split(collapsed))


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
