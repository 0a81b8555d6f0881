"""A history as text: what the lines at the left say is read back, and held against the events."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from pithbuilder.cli.history_text import HistoryLine, history_lines, wrapped
from pithbuilder.merge.history import HistoryEntry, read_history
from tests.support.merge_oracle import Draft, events_of, fold, name_of
from tests.support.random_graphs import graphs

A, B, C, D, E, F = (name_of(letter) for letter in "ABCDEF")
MARKS = "*o?x"


def history(drafts: list[Draft]) -> tuple[HistoryEntry, ...]:
    events = events_of(drafts)
    return read_history(events, fold(events).content)


def drawn(*drafts: Draft, width: int = 80) -> list[str]:
    """Return what stands at the left of the lines, without the lines between two events."""
    lines = history_lines("pith:2020:X", history([*drafts]), width)
    return [line.graph.rstrip() for line in lines if line.text and line.graph]


def read_links(lines: list[HistoryLine], entries: tuple[HistoryEntry, ...]) -> set[tuple[str, str]]:
    """Follow the lines with the eye: return the pairs of events that they link, the upper one first."""
    links = set()
    owners: dict[int, str] = {}
    above = ""
    place = 0
    for number, line in enumerate(lines):
        if line.standing is None:
            above = line.graph
            continue
        event_id = entries[place].event_id
        place += 1
        [column] = [at for at, character in enumerate(line.graph) if character in MARKS]
        if above[column : column + 1] == "|":
            links.add((owners[column], event_id))
        for at, character in enumerate(line.graph):
            if character in "+`'":
                links.add((owners[at], event_id))
                assert not line.graph[min(at, column) + 1 : max(at, column)].strip("-=|+`'"), line.graph
        below = lines[number + 1].graph if number + 1 < len(lines) else ""
        owners = {at: owner for at, owner in owners.items() if below[at : at + 1] == "|" and at != column}
        if below[column : column + 1] == "|":
            owners[column] = event_id
        assert {at for at, character in enumerate(below) if character == "|"} == owners.keys()
    return links


@settings(max_examples=300, deadline=None)
@given(graphs(most=12))
def test_the_lines_lead_to_what_is_named(drafts: list[Draft]) -> None:
    entries = history(drafts)
    places = {entry.event_id: place for place, entry in enumerate(entries)}
    lines = list(history_lines("pith:2020:X", entries, 80))
    named = {
        tuple(sorted((draft.event_id, name), key=places.__getitem__))
        for draft in drafts
        for name in draft.named
        if name in places and name != draft.event_id
    }
    assert read_links(lines, entries) == named


@settings(max_examples=100, deadline=None)
@given(graphs(most=30), st.sampled_from([1, 24, 30, 40, 60, 80, 200]))
def test_every_event_once_and_no_line_too_wide(drafts: list[Draft], width: int) -> None:
    entries = history(drafts)
    lines = list(history_lines("pith:2020:X", entries, width))
    assert [line.standing for line in lines if line.standing] == [entry.standing for entry in entries]
    assert max(cell_len(str(line)) for line in lines) <= max(width, 24)
    assert not any(str(line) != str(line).rstrip() for line in lines)


def test_a_chain() -> None:
    assert drawn(Draft(event_id=A), Draft(event_id=B, prev_event=A), Draft(event_id=C, supersedes=(B,))) == [
        "*",
        "|",
        "o",
        "|",
        "|",
        "|",
        "*",
        "",
        "",
    ]


def test_branches() -> None:
    """Three signers follow one event; the last of them takes over its line."""
    drafts = [Draft(event_id=name_of(number), signer_id=str(number), prev_event=A) for number in range(3)]
    rows = [row for row in drawn(Draft(event_id=A), *drafts) if set(row) & set(MARKS)]
    assert rows == ["*", "+-*", "+-*", "*"]


def test_an_event_that_joins_what_others_said() -> None:
    time = "2026-05-18T00:00:0{}Z".format
    rows = drawn(
        Draft(event_id=A, created_at=time(0)),
        Draft(event_id=B, created_at=time(1)),
        Draft(event_id=C, created_at=time(2)),
        Draft(event_id=D, created_at=time(3), prev_event=A, supersedes=(B, C)),
    )
    assert rows == ["*", "|", "| o", "| |", "| |", "| | o", "| | |", "| | |", "*='='", "", "", ""]


def test_the_columns_of_lines_that_have_ended_are_used_again() -> None:
    def at(second: int) -> str:
        return f"2026-05-18T00:00:0{second}Z"

    rows = drawn(
        Draft(event_id=A, created_at=at(0)),
        Draft(event_id=B, created_at=at(1)),
        Draft(event_id=C, created_at=at(2), prev_event=A, supersedes=(B,)),
        Draft(event_id=D, created_at=at(3)),
        Draft(event_id=E, created_at=at(4)),
        Draft(event_id=F, created_at=at(5), prev_event=D, supersedes=(E,)),
    )
    assert [row for row in rows if set(row) & set(MARKS)] == ["*", "| o", "*='", "*", "| o", "*='"]


def test_roots_and_misfits_stand_at_the_left() -> None:
    rows = drawn(
        Draft(event_id=A),
        Draft(event_id=B),
        Draft(event_id=C, prev_event=name_of("nowhere")),
        Draft(event_id=D, copies=("signature",)),
    )
    assert [row for row in rows if row] == ["*", "*", "x", "x"]


def test_circles() -> None:
    itself = Draft(event_id=C, prev_event=C, created_at="2026-05-19T00:00:00Z")
    rows = drawn(Draft(event_id=A, prev_event=B), Draft(event_id=B, prev_event=A), itself)
    assert [row for row in rows if row] == ["x", "|", "|", "x", "x"]


def test_too_many_lines_for_the_width() -> None:
    roots = [Draft(event_id=name_of(number), created_at="2026-01-01T00:00:00Z") for number in range(30)]
    last = Draft(event_id=A, supersedes=tuple(name_of(number) for number in range(30)))
    rows = [row for row in drawn(*roots, last, width=60) if set(row) & set(MARKS)]
    assert rows[:3] == ["o", "| o", "| | o"]
    assert rows[29] == "| | | | | | | | | | o"
    assert rows[30] == "*='='='='='='='='='=:"


def test_what_is_told_of_an_event() -> None:
    nowhere = "sha256:" + "ab" * 32
    lines = history_lines(
        "pith:2020:X",
        history(
            [
                Draft(event_id=A, event_type="made\x1b[31m up", signer_id="\u202e\n"),
                Draft(event_id=B, event_type="", signer_id="", prev_event=nowhere, copies=("signature",)),
            ]
        ),
        80,
    )
    text = "\n".join(map(str, lines))
    assert r"made\x1b[31m up  applied" in text
    assert r"2026-05-18T00:00:00Z  \u202e\n" in text
    assert "(no type)  invalid: signature" in text
    assert "(no signer)" in text
    assert "follows abababababababab (not here)" in text
    assert text.startswith("pith:2020:X\n2 events: 1 applied, 1 invalid\n\n")


def test_names_of_many_events_are_not_all_told() -> None:
    drafts = [Draft(event_id=name_of(number)) for number in range(20)]
    last = Draft(event_id=A, supersedes=tuple(draft.event_id for draft in drafts))
    text = " ".join(" ".join(line.text for line in history_lines("x", history([*drafts, last]), 80)).split())
    assert "and 14 more" in text


def test_no_events() -> None:
    assert [str(line) for line in history_lines("pith:2020:X", (), 80)] == ["pith:2020:X", "0 events"]


def test_twenty_thousand_events_are_drawn_in_no_time() -> None:
    drafts = [Draft(event_id=name_of(0))]
    drafts += [
        Draft(event_id=name_of(n), signer_id=str(n), prev_event=name_of(0 if n % 2 else n // 2))
        for n in range(1, 20_000)
    ]
    lines = list(history_lines("x", history(drafts), 80))
    assert sum(line.standing is not None for line in lines) == 20_000
    assert max(len(str(line)) for line in lines) <= 80


# ---- Lines -------------------------------------------------------------------------------------------------------


@given(st.lists(st.text("ab 漢é", min_size=1, max_size=40), min_size=1, max_size=6), st.integers(8, 60))
def test_nothing_is_lost_by_breaking_lines(parts: list[str], width: int) -> None:
    lines = list(wrapped(parts, width))
    assert "".join("".join(lines).split()) == "".join("".join(parts).split())
    assert all(cell_len(line.rstrip()) <= width for line in lines)


@pytest.mark.parametrize(
    ("parts", "width", "lines"),
    [
        (["a", "b"], 10, ["a  b"]),
        (["a", "in force"], 10, ["a", "  in force"]),
        (["abcdefghijkl"], 8, ["abcdefgh", "  ijkl"]),
        ([""], 8, [""]),
    ],
)
def test_broken_lines(parts: list[str], width: int, lines: list[str]) -> None:
    assert list(wrapped(parts, width)) == lines
