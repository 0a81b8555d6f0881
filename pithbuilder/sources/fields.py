"""The fields that several feeds spell alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple, TypeVar

from pithbuilder.core.timestamps import parse_rfc2822
from pithbuilder.errors import DocumentError, FormatError, printable

_T = TypeVar("_T")

_VERSION: Final = re.compile(r"v([1-9]\d{0,5})", re.ASCII)
_LONGEST_VERSION: Final = 10  # long ones are not worth a place in a cache
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
        number = _version_number(name) if len(name) < _LONGEST_VERSION else 0
        if number <= newest or (index == 0 and number != 1):
            raise unusable("version-order", path_of(index, "version"), "v1 first, then rising", name)
        newest = number
        try:
            revised_at = parse_rfc2822(created)
        except FormatError as error:
            raise misspelt(error, path_of(index, "created")) from error
        submitted_at = submitted_at or revised_at
    if submitted_at is None or revised_at is None:
        raise unusable("field-empty", path_of(-1, ""), "at least one version", "no versions")
    return Versions(newest, submitted_at, revised_at)


@lru_cache(maxsize=1024)
def _version_number(name: str) -> int:
    """Return 12 for ``v12``, and 0 for what is no version."""
    match = _VERSION.fullmatch(name)
    return int(match[1]) if match else 0


def parsed(parse: Callable[[str], _T], text: str, path: str) -> _T:
    """Return what a field's text says; what is wrong with it is reported with its path.

    Raises:
        DocumentError: With the code of the error that ``parse`` raised.
    """
    try:
        return parse(text)
    except FormatError as error:
        raise misspelt(error, path) from error


def misspelt(error: FormatError, path: str) -> DocumentError:
    """Return what is wrong with a field's text with the path of the field."""
    return DocumentError(error.code, error.message, where=path, expected=error.expected, found=error.found)


def shown_id(paper_id: object) -> str:
    """Return a paper's identifier as it may stand in a message, whatever the source has in its place."""
    if isinstance(paper_id, str):
        return paper_id if _SHOWN_ID.fullmatch(paper_id) else printable(paper_id)
    return ""


def unusable(code: str, path: str, expected: str, found: object) -> DocumentError:
    """Return the error for a field that is there, but of no use."""
    return DocumentError(
        code, "a field of the record cannot be used", where=path, expected=expected, found=printable(found)
    )
