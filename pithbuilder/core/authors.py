"""The author line of a graph snapshot: split, deduplicated, sorted."""

from __future__ import annotations

from typing import Final

_SORTED_BY: Final = b"0123456789abcdefghijklmnopqrstuvwxyz"
_NOT_SORTED_BY: Final = bytes(set(range(0x80)) - set(_SORTED_BY) - set(b"\n"))


def authors_text(authors: str) -> str:
    r"""Return the names of an arXiv author line, sorted, joined with a comma and a blank.

    The line is split at every comma (also inside parentheses) and at the word ``and``; names are trimmed, empty
    and repeated ones dropped; the order is that of the lower-cased name reduced to ``0``-``9``, ``a``-``z``,
    then of the name itself. TeX stays as typed (wire field ``paper.authors_text``).

    Args:
        authors: The source's author line, wrapped or not.

    Returns:
        The sorted line; empty where the source's line names nobody.

    >>> authors_text("Joeri Hermans, Gerasimos Spanakis and Rico M\\\"ockel")
    'Gerasimos Spanakis, Joeri Hermans, Rico M\\"ockel'
    """
    words = authors.replace(",", " and ").split()
    line = f" {'  '.join(words)} "  # two blanks between words, so that each "and" has its own on either side
    names = list({name.strip().replace("  ", " ") for name in line.split(" and ")} - {""})
    # All names are reduced in one go, a line for each: no name has a line break in it.
    reduced = "\n".join(names).lower().encode("ascii", "ignore").translate(None, _NOT_SORTED_BY).split(b"\n")
    return ", ".join([name for _, name in sorted(zip(reduced, names, strict=False))])
