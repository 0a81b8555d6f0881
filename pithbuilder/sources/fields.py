"""The fields that several feeds spell alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final, NamedTuple, TypeVar

from pithbuilder.core.timestamps import parse_rfc2822
from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.errors import DocumentError, FormatError, PithError, printable

_T = TypeVar("_T")

_VERSION: Final = re.compile(r"v([1-9]\d{0,5})", re.ASCII)
_SHOWN_ID: Final = re.compile(r"[A-Za-z0-9./-]{1,40}", re.ASCII)


class Versions(NamedTuple):
    """What a list of versions says.

    Attributes:
        newest: The number of the last one: the only one whose text a feed with such a list carries.
        submitted_at: When the first one was submitted.
        revised_at: When the last one was submitted.
    """

    newest: int
    submitted_at: datetime
    revised_at: datetime


def read_versions(versions: Iterable[tuple[str, str]], path_of: Callable[[int, str], str]) -> Versions:
    """Read a list of versions.

    Args:
        versions: For each version its name (``v1``) and its date (RFC 2822, in GMT).
        path_of: Gives the path of a version's ``version`` or ``created``, for messages; versions counted from 0.

    Raises:
        DocumentError: ``field-empty``, ``version-order`` or ``date-format``.
    """
    newest = 0
    submitted_at = revised_at = None
    for index, (name, created) in enumerate(versions):
        match = _VERSION.fullmatch(name)
        number = int(match[1]) if match else 0
        if number <= newest or (index == 0 and number != 1):
            raise unusable(path_of(index, "version"), "version-order", "v1 first, then rising", name)
        newest = number
        revised_at = parsed(parse_rfc2822, created, lambda index=index: path_of(index, "created"))  # type: ignore[misc]
        submitted_at = submitted_at or revised_at
    if submitted_at is None or revised_at is None:
        raise unusable(path_of(-1, ""), "field-empty", "at least one version", "no versions")
    return Versions(newest, submitted_at, revised_at)


def build_paper(paths: dict[str, str], **fields: object) -> PaperMetadata:
    """Return the paper that these fields make; what is wrong is reported under the name that it has in the source.

    Args:
        paths: ``$.`` and an attribute's name to the path of the source's field.
        fields: The attributes.

    Raises:
        DocumentError: As for :class:`~pithbuilder.documents.paper.PaperMetadata`.
    """
    try:
        return PaperMetadata(**fields)  # type: ignore[arg-type]
    except DocumentError as error:
        error.where = paths.get(error.where, error.where)
        raise


def parsed(parse: Callable[[str], _T], text: str, path: Callable[[], str]) -> _T:
    """Return what a field's text says; what is wrong with it is reported with its path.

    Raises:
        DocumentError: With the code of the error that ``parse`` raised.
    """
    try:
        return parse(text)
    except FormatError as error:
        raise DocumentError(
            error.code, error.message, where=path(), expected=error.expected, found=error.found
        ) from error


def shown_id(paper_id: object) -> str:
    """Return a paper's identifier as it may stand in a message, whatever the source has in its place."""
    if isinstance(paper_id, str):
        return paper_id if _SHOWN_ID.fullmatch(paper_id) else printable(paper_id)
    return ""


def unusable(path: str, code: str, expected: str, found: object) -> PithError:
    """Return the error for a field that is there, but of no use."""
    return DocumentError(
        code, "a field of the record cannot be used", where=path, expected=expected, found=printable(found)
    )
