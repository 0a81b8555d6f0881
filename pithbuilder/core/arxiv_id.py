"""arXiv identifiers and categories: what is one, and nothing else."""

from __future__ import annotations

import re
from typing import Final

from pithbuilder.errors import FormatError, printable

_MONTH: Final = r"\d\d(?:0[1-9]|1[0-2])"
_NEW_ID: Final = re.compile(rf"{_MONTH}\.\d{{4,5}}", re.ASCII)
_OLD_ID: Final = re.compile(rf"[a-z]+(?:-[a-z]+)*(?:\.[A-Z]{{2}})?/{_MONTH}\d{{3}}", re.ASCII)
_CATEGORY: Final = re.compile(r"[a-z]+(?:-[a-z]+)*(?:\.[A-Za-z]+(?:-[A-Za-z]+)*)?", re.ASCII)


def is_arxiv_id(text: str) -> bool:
    """Say whether ``text`` is an arXiv identifier, new (``1805.08469``) or old (``math.AG/9901001``)."""
    return _NEW_ID.fullmatch(text) is not None or _OLD_ID.fullmatch(text) is not None


def parse_arxiv_id(text: str) -> str:
    """Return ``text`` if it is an arXiv identifier without a version.

    Args:
        text: New scheme ``YYMM.NNNN`` or ``YYMM.NNNNN``, old scheme ``archive/YYMMNNN`` or
            ``archive.SC/YYMMNNN``; the month is 01 to 12.

    Raises:
        FormatError: ``arxiv-id-format``.

    >>> parse_arxiv_id("math.AG/9901001")
    'math.AG/9901001'
    """
    if not is_arxiv_id(text):
        raise FormatError(
            "arxiv-id-format",
            "not an arXiv identifier",
            expected="YYMM.NNNNN, YYMM.NNNN or archive/YYMMNNN, without a version",
            found=printable(text),
        )
    return text


def parse_category(text: str) -> str:
    """Return ``text`` if it is spelt like an arXiv category (``cs.LG``, ``math-ph``, ``cond-mat.mes-hall``).

    Raises:
        FormatError: ``category-format``. Whether the category exists is not looked at: arXiv adds new ones.
    """
    if _CATEGORY.fullmatch(text) is None:
        raise FormatError(
            "category-format",
            "not spelt like an arXiv category",
            expected="archive or archive.subject, such as cs.LG",
            found=printable(text),
        )
    return text


def doi_of(arxiv_id: str) -> str:
    """Return the DOI under which arXiv registers a paper, in lower case.

    >>> doi_of("math.AG/9901001")
    '10.48550/arxiv.math.ag/9901001'
    """
    return f"10.48550/arxiv.{arxiv_id.lower()}"
