"""The author line of a graph snapshot: split, deduplicated, sorted."""

from __future__ import annotations

import re
from typing import Final

from pithbuilder.core.text import collapse_white_space

_SEPARATOR: Final = re.compile(r",|(?<![^\s,])and(?![^\s,])")
_NOT_SORTED_BY: Final = re.compile(r"[^0-9a-z]+")


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
    names = {name for part in _SEPARATOR.split(authors) if (name := collapse_white_space(part))}
    return ", ".join(sorted(names, key=_sort_key))


def _sort_key(name: str) -> tuple[str, str]:
    return _NOT_SORTED_BY.sub("", name.lower()), name
