"""Instants: two spellings and no third, dates that exist, and the dates of arXiv's snapshot."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pithbuilder.core.timestamps import (
    FixedClock,
    SystemClock,
    format_microseconds,
    format_seconds,
    parse_day,
    parse_instant,
    parse_microseconds,
    parse_rfc2822,
    parse_seconds,
)
from pithbuilder.errors import FormatError

PUBLISHED = Path(__file__).parents[2] / "published"
MANY = settings(max_examples=300, deadline=None)
INSTANTS = st.datetimes(timezones=st.just(UTC))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def code_of(parse: Callable[[str], object], text: str) -> str:
    with pytest.raises(FormatError) as caught:
        parse(text)
    assert str(caught.value).isascii()
    return caught.value.code


@MANY
@given(INSTANTS)
@example(datetime(1, 1, 1, tzinfo=UTC))
@example(datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC))
@example(datetime(2026, 5, 18, 0, 33, 33, 40, tzinfo=UTC))
def test_round_trips(instant: datetime) -> None:
    whole = instant.replace(microsecond=0)
    seconds, microseconds = format_seconds(instant), format_microseconds(instant)
    date_and_time = (
        f"{instant.year:04}-{instant.month:02}-{instant.day:02}"
        f"T{instant.hour:02}:{instant.minute:02}:{instant.second:02}"
    )
    assert seconds == date_and_time + "Z"
    assert microseconds == f"{date_and_time}.{instant.microsecond:06}Z"
    assert parse_seconds(seconds) == parse_instant(seconds) == whole
    assert parse_microseconds(microseconds) == parse_instant(microseconds) == instant
    assert parse_seconds(seconds).tzinfo is UTC
    assert code_of(parse_seconds, microseconds) == code_of(parse_microseconds, seconds) == "instant-format"


@MANY
@given(INSTANTS, INSTANTS)
def test_text_order_is_time_order(first: datetime, second: datetime) -> None:
    assert (format_microseconds(first) < format_microseconds(second)) == (first < second)
    assert (format_seconds(first) <= format_seconds(second)) or first > second


GOOD = "2024-02-29T23:59:59Z"
LOOSE = [
    "",
    "2024-02-29",
    "2024-02-29 23:59:59Z",
    "2024-02-29t23:59:59Z",
    "2024-02-29T23:59:59z",
    "2024-02-29T23:59:59",
    "2024-02-29T23:59:59+00:00",
    "2024-02-29T23:59:59-00:00",
    "2024-02-29T23:59:59+0000",
    "2024-02-29T23:59:59+02:00",
    "2024-02-29T23:59:59ZZ",
    "2024-02-29T23:59:59Z ",
    " 2024-02-29T23:59:59Z",
    "2024-02-29T23:59:59Z\n",
    "2024-02-29T23:59:59 Z",
    "2024-02-29T23:59Z",
    "2024-02-29T235959Z",
    "20240229T235959Z",
    "2024-2-29T23:59:59Z",
    "24-02-29T23:59:59Z",
    "+2024-02-29T23:59:59Z",
    "-2024-02-29T23:59:59Z",
    "02024-02-29T23:59:59Z",
    "2024-060T23:59:59Z",
    "2024-W09-4T23:59:59Z",
    "2024/02/29T23:59:59Z",
    "2024-02-29T23:59:59.Z",
    "2024-02-29T23:59:59.1Z",
    "2024-02-29T23:59:59.123Z",
    "2024-02-29T23:59:59.1234567Z",
    "2024-02-29T23:59:59,123456Z",
    "2024-02-29T23:59:59.123456z",
    "2024-02-29T23:59:59.123456+00:00",
    "2024-02-29T23:59:59.12345 Z",
    "2024-02-29T23:59:59.-12345Z",
    "2024-02-29T23:59:59.123456Z\n",
    "２０２４-02-29T23:59:59Z",
    "2024-02-29T23:59:5\u0669Z",
    "2024-02-29T23:59:59.12345\u0966Z",
    "2024-02-29T23:59:59.12345²Z",
    "2024\u201002-29T23:59:59Z",
    "2024-02-29T23:59:59\uff3a",
    "now",
    "0",
    "\ud800",
]
NO_SUCH = [
    "2024-13-01T00:00:00Z",
    "2024-00-01T00:00:00Z",
    "2024-01-00T00:00:00Z",
    "2024-01-32T00:00:00Z",
    "2024-02-30T00:00:00Z",
    "2023-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "2024-04-31T00:00:00Z",
    "2024-01-01T24:00:00Z",
    "2024-01-01T00:60:00Z",
    "2016-12-31T23:59:60Z",
    "2016-12-31T23:59:61Z",
    "0000-01-01T00:00:00Z",
]


@pytest.mark.parametrize("text", LOOSE, ids=ascii)
def test_every_other_spelling_is_refused(text: str) -> None:
    for parse in (parse_seconds, parse_microseconds, parse_instant):
        assert code_of(parse, text) == "instant-format"


@pytest.mark.parametrize("text", NO_SUCH)
def test_dates_and_times_that_do_not_exist_are_refused(text: str) -> None:
    assert code_of(parse_seconds, text) == "instant-format"
    assert code_of(parse_instant, text) == "instant-format"
    for fraction in ("000000", "999999"):
        assert code_of(parse_microseconds, f"{text[:-1]}.{fraction}Z") == "instant-format"
        assert code_of(parse_instant, f"{text[:-1]}.{fraction}Z") == "instant-format"


def test_leap_days() -> None:
    assert parse_seconds(GOOD) == datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)
    assert parse_seconds("2000-02-29T00:00:00Z").day == 29


@MANY
@given(st.integers(0, len(GOOD)), st.sampled_from([*" \n\t0Z+-:.T\u0660\u200b", "\ud800"]))
def test_nothing_may_be_added_anywhere(at: int, added: str) -> None:
    text = GOOD[:at] + added + GOOD[at:]
    for parse in (parse_seconds, parse_microseconds, parse_instant):
        assert code_of(parse, text) == "instant-format"


def test_every_published_instant_is_spelt_as_we_spell_it() -> None:
    counts = {20: 0, 27: 0}

    def look(value: Any) -> None:
        if isinstance(value, dict):
            for name, part in value.items():
                if isinstance(part, str) and name.endswith("_at"):
                    form = format_seconds if len(part) == 20 else format_microseconds
                    assert form(parse_instant(part)) == part
                    counts[len(part)] += 1
                look(part)
        elif isinstance(value, list):
            for part in value:
                look(part)

    for name in ("bundle-1805.08469v1.json", "bundle-2410.05985v4.json", "state-1710.02368v1.json"):
        look(json.loads((PUBLISHED / name).read_text(encoding="utf-8")))
    for line in (PUBLISHED / "vectors/records.jsonl").read_text(encoding="utf-8").splitlines():
        look(json.loads(line))
    assert counts[20] >= 96
    assert counts[27] >= 83


# ---- RFC 2822 dates ----------------------------------------------------------------------------------------------


@MANY
@given(st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.just(UTC)))
def test_dates_of_the_snapshot_against_the_standard_library(instant: datetime) -> None:
    text = format_datetime(instant, usegmt=True)
    assert parse_rfc2822(text) == instant.replace(microsecond=0) == parsedate_to_datetime(text)
    assert parse_rfc2822(text).tzinfo is UTC
    assert parse_rfc2822(text.replace("GMT", "+0000")) == parse_rfc2822(text)


@MANY
@given(st.integers(0, 60_000), st.sampled_from(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]))
def test_only_the_right_day_of_the_week_is_taken(days: int, weekday: str) -> None:
    instant = EPOCH + timedelta(days=days)
    month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][instant.month - 1]
    text = f"{weekday}, {instant.day} {month} {instant.year:04} 00:00:00 GMT"
    # 1 January 1970 was a Thursday.
    if ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][days % 7] == weekday:
        assert parse_rfc2822(text) == instant
    else:
        assert code_of(parse_rfc2822, text) == "date-format"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "22 May 2018 09:32:21 GMT",
        "Wed, 22 May 2018 09:32:21 GMT",
        "tue, 22 May 2018 09:32:21 GMT",
        "Tue, 22 may 2018 09:32:21 GMT",
        "Tue, 22 May 18 09:32:21 GMT",
        "Tue, 22 May 2018 09:32 GMT",
        "Tue, 22 May 2018 9:32:21 GMT",
        "Tue, 22 May 2018 09:32:21",
        "Tue, 22 May 2018 09:32:21 EST",
        "Tue, 22 May 2018 09:32:21 +0100",
        "Tue, 22 May 2018 09:32:21 -0000",
        "Tue, 22 May 2018 09:32:21 Z",
        "Tue, 22 May 2018 09:32:21 gmt",
        "Tue, 22 May 2018 09:32:21 GMT (comment)",
        "Tue, 22 May 2018 09:32:21 GMT\n",
        " Tue, 22 May 2018 09:32:21 GMT",
        "Tue,  22 May 2018 09:32:21 GMT",
        "Tue 22 May 2018 09:32:21 GMT",
        "Tue, 022 May 2018 09:32:21 GMT",
        "Tue, 2\u0662 May 2018 09:32:21 GMT",
        "Fri, 30 Feb 2018 09:32:21 GMT",
        "Fri, 0 Jun 2018 09:32:21 GMT",
        "Sat, 31 Dec 2016 23:59:60 GMT",
        "Tue, 22 May 2018 24:00:00 GMT",
        "Sat, 1 Jan 0000 00:00:00 GMT",
        "2018-05-22T09:32:21Z",
        "\ud800",
    ],
    ids=ascii,
)
def test_other_dates_are_refused(text: str) -> None:
    assert code_of(parse_rfc2822, text) == "date-format"


def test_one_and_two_digits_for_the_day() -> None:
    expected = datetime(2007, 4, 2, 19, 18, 42, tzinfo=UTC)
    assert parse_rfc2822("Mon, 2 Apr 2007 19:18:42 GMT") == expected
    assert parse_rfc2822("Mon, 02 Apr 2007 19:18:42 GMT") == expected


def test_version_dates_of_the_snapshot_are_the_published_ones() -> None:
    papers = [
        json.loads(line) for line in (PUBLISHED / "arxiv/snapshot.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    bundle = json.loads((PUBLISHED / "bundle-1805.08469v1.json").read_text(encoding="utf-8"))
    created = {paper["id"]: paper["versions"][0]["created"] for paper in papers}
    submitted_at = bundle["canonical_record"]["metadata"]["submitted_at"]
    assert format_seconds(parse_rfc2822(created["1805.08469"])) == submitted_at


# ---- Clocks ------------------------------------------------------------------------------------------------------


def test_a_fixed_clock_stands_still_in_utc() -> None:
    instant = datetime(2026, 5, 18, 2, 33, 33, 604458, tzinfo=timezone(timedelta(hours=2)))
    clock = FixedClock(instant)
    assert clock.now() == clock.now() == instant
    assert format_microseconds(clock.now()) == "2026-05-18T00:33:33.604458Z"
    assert format_seconds(clock.now()) == "2026-05-18T00:33:33Z"


def test_the_machine_s_clock_is_in_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)


@MANY
@given(st.dates())
def test_a_day(day: date) -> None:
    assert parse_day(day.isoformat()) == day


@pytest.mark.parametrize(
    "text",
    ["", "2018-5-22", "20180522", "2018-W21-2", "2018-02-30", "2018-05-22T00:00:00Z", "２018-05-22", " 2018-05-22"],
)
def test_what_is_no_day(text: str) -> None:
    assert code_of(parse_day, text) == "date-format"
