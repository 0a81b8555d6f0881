"""Instants in UTC and their two spellings: whole seconds, and microseconds with always six digits.

Days, and the dates of arXiv's feeds, are read too.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final, Protocol

from pithbuilder.errors import FormatError, printable

_SECONDS: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z", re.ASCII)
_MICROSECONDS: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{6})Z", re.ASCII)
_RFC2822: Final = re.compile(
    r"((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4}) "
    r"((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d) (?:GMT|UTC|\+0000)",
    re.ASCII,
)
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}


class Clock(Protocol):
    """Where an issuer takes the time from; always given as an argument."""

    def now(self) -> datetime:
        """Return the current instant, with time zone UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the current instant, with time zone UTC and microseconds."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still, for reproducible output."""

    def __init__(self, instant: datetime) -> None:
        """Stand still at ``instant``, which must carry a time zone.

        Raises:
            ValueError: It carries none.
        """
        if instant.utcoffset() is None:
            raise ValueError("a clock's instant must carry a time zone")
        self._instant = instant.astimezone(UTC)

    def now(self) -> datetime:
        """Return the instant at which the clock stands, in UTC."""
        return self._instant


def format_seconds(instant: datetime) -> str:
    """Return ``YYYY-MM-DDThh:mm:ssZ``: 20 characters, the fraction of a second cut off.

    Args:
        instant: An instant in UTC.
    """
    return instant.isoformat("T", "seconds")[:19] + "Z"


def format_microseconds(instant: datetime) -> str:
    """Return ``YYYY-MM-DDThh:mm:ss.ffffffZ``: 27 characters, always six digits.

    Args:
        instant: An instant in UTC.
    """
    return instant.isoformat("T", "microseconds")[:26] + "Z"


def cut_to_seconds(text: str) -> str:
    """Return an instant that :func:`format_microseconds` has spelt as :func:`format_seconds` would spell it.

    >>> cut_to_seconds("2026-11-21T09:08:07.060504Z")
    '2026-11-21T09:08:07Z'
    """
    return f"{text[:19]}Z"


@lru_cache(maxsize=1024)  # a document repeats its few instants; what is refused is not kept
def parse_seconds(text: str) -> datetime:
    """Return the instant that ``YYYY-MM-DDThh:mm:ssZ`` names.

    Raises:
        FormatError: ``instant-format``; another spelling, or a date or time that does not exist.
    """
    return _parse(_SECONDS, text, "YYYY-MM-DDThh:mm:ssZ")


@lru_cache(maxsize=1024)
def parse_microseconds(text: str) -> datetime:
    """Return the instant that ``YYYY-MM-DDThh:mm:ss.ffffffZ`` names.

    Raises:
        FormatError: ``instant-format``; another spelling, or a date or time that does not exist.
    """
    return _parse(_MICROSECONDS, text, "YYYY-MM-DDThh:mm:ss.ffffffZ")


def parse_instant(text: str) -> datetime:
    """Return the instant that ``text`` names in either of the two spellings.

    Raises:
        FormatError: ``instant-format``.
    """
    if len(text) == 20:
        return parse_seconds(text)
    return _parse(_MICROSECONDS, text, "YYYY-MM-DDThh:mm:ssZ or YYYY-MM-DDThh:mm:ss.ffffffZ")


def parse_day(text: str) -> date:
    """Return the day that ``YYYY-MM-DD`` names.

    Raises:
        FormatError: ``date-format``; another spelling, or a day that does not exist.
    """
    with suppress(ValueError):
        day = date.fromisoformat(text)
        if day.isoformat() == text:  # ISO 8601 has other spellings
            return day
    raise FormatError(
        "date-format", "not a day that exists", expected="a day such as 2018-05-22", found=printable(text)
    )


def parse_rfc2822(text: str) -> datetime:
    """Return the instant of an arXiv version date such as ``Tue, 22 May 2018 09:32:21 GMT``.

    Args:
        text: RFC 2822, section 3.3, as arXiv's snapshot writes it: in GMT, with the day of the week.

    Raises:
        FormatError: ``date-format``; another spelling, a date that does not exist, or a day of the week that
            is not that date's.
    """
    match = _RFC2822.fullmatch(text)
    if match is not None:
        day, time_of_day = match.groups()
        try:
            return datetime.fromisoformat(f"{_iso_day(day)}T{time_of_day}+00:00")
        except ValueError as error:
            raise _no_such_date(text) from error
    raise _no_such_date(text)


@lru_cache(maxsize=16384)  # a feed of millions repeats some twelve thousand days; what is refused is not kept
def _iso_day(text: str) -> str:
    """Return ``2018-05-22`` for ``Tue, 22 May 2018``; a ValueError if that was no Tuesday."""
    weekday, day, month, year = text.split()
    found = date(int(year), _MONTHS[month], int(day))
    if _WEEKDAYS[found.weekday()] != weekday.rstrip(","):
        raise ValueError("that date is another day of the week")
    return found.isoformat()


def _parse(pattern: re.Pattern[str], text: str, expected: str) -> datetime:
    match = pattern.fullmatch(text)
    if match is None:
        raise FormatError("instant-format", "not an instant in UTC", expected=expected, found=printable(text))
    try:
        year, month, day, hour, minute, second, microsecond = map(int, (*match.groups(), 0)[:7])
        return datetime(year, month, day, hour, minute, second, microsecond, tzinfo=UTC)
    except ValueError as error:
        raise FormatError(
            "instant-format",
            "date or time does not exist",
            expected=expected,
            found=printable(text),
        ) from error


def _no_such_date(text: str) -> FormatError:
    return FormatError(
        "date-format",
        "not a date in GMT that exists",
        expected="a date such as 'Tue, 22 May 2018 09:32:21 GMT'",
        found=printable(text),
    )
