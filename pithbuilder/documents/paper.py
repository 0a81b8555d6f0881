"""Paper metadata: what every source tells of one version of one paper, checked once, on the way in."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

import attrs

from pithbuilder.core.arxiv_id import parse_arxiv_id, parse_category, without_subject_class
from pithbuilder.core.canonical_json import MAX_INTEGER
from pithbuilder.core.timestamps import format_seconds
from pithbuilder.errors import DocumentError, FormatError, printable

_MANY_CATEGORIES: Final = 16  # arXiv's longest lists have fewer; a longer one is not worth a place in a cache


@attrs.frozen(kw_only=True)
class PaperMetadata:
    r"""One version of one paper, as its source has it.

    Attributes:
        arxiv_id: Identifier without a version, ``1805.08469`` or ``math/9901001``; the subject class of
            ``math.AG/9901001`` is taken off, so that a paper has one number however it is cited.
        version: The version that title and abstract belong to, 1 or more.
        title: Not blank; may be wrapped.
        abstract: Not blank; may be wrapped.
        authors: The author line; may be wrapped; not blank.
        categories: At least one; the first is the primary category.
        license: The license's URL as the source has it, ``""`` where there is none.
        submitted_at: When version 1 was submitted: a datetime with a time zone; fractions of a second are cut.

    Raises:
        DocumentError: ``field-empty`` for what is blank, ``arxiv-id-format``, ``category-format``, ``paper-field`` for
            the rest; ``where`` is ``$.`` and the attribute's name.
    """

    arxiv_id: str
    version: int
    title: str
    abstract: str
    authors: str
    categories: tuple[str, ...]
    license: str
    submitted_at: datetime

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot be minted."""
        try:
            if "/" in parse_arxiv_id(self.arxiv_id):
                object.__setattr__(self, "arxiv_id", without_subject_class(self.arxiv_id))
        except FormatError as error:
            raise _misspelt("arxiv_id", error) from error
        if type(self.version) is not int or not 1 <= self.version <= MAX_INTEGER:
            raise _wrong("version", "an integer of at least 1, and at most 2^53 - 1", self.version)
        for name, text in (("title", self.title), ("abstract", self.abstract), ("authors", self.authors)):
            if type(text) is not str or not text.isascii() or not text or text.isspace():
                _check_text(name, text)
        if not self.categories:
            raise _empty("categories", "at least one category, not blank", self.categories)
        try:
            (_check_categories if len(self.categories) <= _MANY_CATEGORIES else _check_categories.__wrapped__)(
                self.categories
            )
        except FormatError as error:
            raise _misspelt("categories", error) from error
        if self.submitted_at.tzinfo is not UTC and self.submitted_at.utcoffset() is None:
            raise _wrong("submitted_at", "a datetime with a time zone", self.submitted_at)
        if not self.license.isascii():
            _check_encodable("license", self.license)

    @property
    def submitted_at_text(self) -> str:
        """``submitted_at`` as on the wire: ``YYYY-MM-DDThh:mm:ssZ``, in UTC whatever its time zone is."""
        return format_seconds(self.submitted_at.astimezone(UTC))


@lru_cache(maxsize=4096)  # a feed of millions repeats some thousands of lists; what is refused is not kept
def _check_categories(categories: tuple[str, ...]) -> None:
    for category in categories:
        parse_category(category)


def _misspelt(name: str, error: FormatError) -> DocumentError:
    return DocumentError(error.code, error.message, where=f"$.{name}", expected=error.expected, found=error.found)


def _check_text(name: str, text: str) -> None:
    if not isinstance(text, str):
        raise _wrong(name, "text that is not blank", text)
    if text.isspace() or not text:
        raise _empty(name, "text that is not blank", text)
    if not text.isascii():
        _check_encodable(name, text)


def _check_encodable(name: str, text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise _wrong(name, "text without halves of surrogate pairs", text) from error


def _empty(name: str, expected: str, found: object) -> DocumentError:
    return _wrong(name, expected, found, code="field-empty")


def _wrong(name: str, expected: str, found: object, code: str = "paper-field") -> DocumentError:
    return DocumentError(
        code,
        f"paper metadata has no usable {name}",
        where=f"$.{name}",
        expected=expected,
        found=printable(found),
    )
