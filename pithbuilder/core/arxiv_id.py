"""arXiv identifiers and categories: what is one, and nothing else."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from pithbuilder.errors import FormatError, printable

_MONTH: Final = r"\d\d(?:0[1-9]|1[0-2])"
_NEW_ID: Final = re.compile(rf"{_MONTH}\.\d{{4,5}}", re.ASCII)
_OLD_ID: Final = re.compile(rf"[a-z]+(?:-[a-z]+)*(?:\.[A-Z]{{2}})?/{_MONTH}\d{{3}}", re.ASCII)
_WITH_VERSION: Final = re.compile(r"(.+)v([1-9]\d{0,5})", re.ASCII)
_LONGEST_CATEGORY: Final = 40
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


def without_subject_class(arxiv_id: str) -> str:
    """Return the identifier under which arXiv lists a paper: an old one may also be cited with a subject class.

    The archive in front of the slash belongs to the number, the class behind its dot does not: ``cs/9808001`` and
    ``cmp-lg/9808001`` are two papers. The published records have old identifiers without a class.

    Args:
        arxiv_id: An identifier; any other text comes back as it is.

    >>> without_subject_class("math.AG/9901001")
    'math/9901001'
    """
    archive, slash, number = arxiv_id.partition("/")
    if slash and _OLD_ID.fullmatch(arxiv_id):
        return f"{archive.partition('.')[0]}/{number}"
    return arxiv_id


def split_version(text: str) -> tuple[str, int | None]:
    """Return identifier and version of ``1805.08469v1``; the version is None where none is named.

    Raises:
        FormatError: ``arxiv-id-format``.

    >>> split_version("math.AG/9901001v2")
    ('math/9901001', 2)
    """
    match = _WITH_VERSION.fullmatch(text)
    arxiv_id = without_subject_class(parse_arxiv_id(match[1] if match else text))
    return arxiv_id, int(match[2]) if match else None


@lru_cache(maxsize=1024)  # there are fewer than two hundred
def _is_category(text: str) -> bool:
    return _CATEGORY.fullmatch(text) is not None


def is_category(text: str) -> bool:
    """Say whether ``text`` is spelt like an arXiv category: at most 40 characters."""
    return len(text) <= _LONGEST_CATEGORY and _is_category(text)


def parse_category(text: str) -> str:
    """Return ``text`` if it is spelt like an arXiv category (``cs.LG``, ``math-ph``, ``cond-mat.mes-hall``).

    Raises:
        FormatError: ``category-format``. Whether the category exists is not looked at: arXiv adds new ones.
    """
    if not is_category(text):
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
