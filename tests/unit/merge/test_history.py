"""What becomes of every event, against the slow transcription of the rules."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from pithbuilder.documents.event import Event
from pithbuilder.errors import DocumentError, EventError
from pithbuilder.merge.history import HistoryEntry, Standing, long_name, read_history, short_names
from tests.support.merge_oracle import ALIASES, LISTS, Draft, event_of, events_of, fold, merge, name_of
from tests.support.random_graphs import graphs

ALIAS_OBJECTS = [alias.to_dict() for alias in ALIASES]
A, B, C, D = (name_of(letter) for letter in "ABCD")


def history(*drafts: Draft) -> tuple[HistoryEntry, ...]:
    events = events_of(drafts)
    return read_history(events, fold(events).content)


def standings(*drafts: Draft) -> dict[str, Standing]:
    return {entry.event_id: entry.standing for entry in history(*drafts)}


def ids(entries: tuple[HistoryEntry, ...], *wanted: Standing) -> list[str]:
    return [entry.event_id for entry in entries if entry.standing in wanted]


def in_force(current: dict[str, Any]) -> set[str]:
    shown = [applied for name in LISTS.values() for applied in current[name]]
    return {applied["event_id"] for applied in [*shown, current["record_created"]] if applied is not None}


@settings(max_examples=300, deadline=None)
@given(graphs())
def test_every_event_stands_as_the_rules_say(drafts: list[Draft]) -> None:
    state = merge(drafts, ALIAS_OBJECTS)
    entries = history(*drafts)
    assert len(entries) == state["event_count"] == len({entry.event_id for entry in entries})
    applied = Standing.IN_FORCE, Standing.APPLIED, Standing.SUPERSEDED
    assert (
        ids(entries, *applied)
        == state["applied_event_ids"]
        == [entry.event_id for entry in entries][: len(state["applied_event_ids"])]
    )
    assert {*ids(entries, Standing.IN_FORCE)} == in_force(state["current"])
    equivocating = {event_id for group in state["equivocations"] for event_id in group["event_ids"]}
    assert {*ids(entries, Standing.EQUIVOCATING)} == equivocating
    reasons = {invalid["event_id"]: invalid["reason"] for invalid in state["invalid_events"]}
    assert {entry.event_id: entry.reason for entry in entries if entry.reason} == reasons
    assert {*ids(entries, Standing.INVALID)} == reasons.keys()
    for entry in entries:
        superseders = sorted(
            draft.event_id
            for draft in drafts
            if entry.event_id in draft.supersedes and draft.event_id in state["applied_event_ids"]
        )
        assert list(entry.superseded_by) == superseders
        if entry.standing is Standing.SUPERSEDED:
            assert superseders
        if entry.standing in (Standing.IN_FORCE, Standing.APPLIED):
            assert not superseders


@pytest.mark.parametrize("standing", Standing)
def test_the_graphs_hold_events_of_every_standing(standing: Standing) -> None:
    """Guards the test above against graphs in which nothing happens."""
    drafts = find(graphs(), lambda drafts: standing in standings(*drafts).values())
    assert standing in standings(*drafts).values()


@settings(max_examples=200, deadline=None)
@given(graphs(), st.data())
def test_the_order_of_arrival_is_of_no_consequence(drafts: list[Draft], data: st.DataObject) -> None:
    events = events_of(drafts)
    state = fold(events).content
    expected = [(entry.event.canonical_bytes, entry.standing) for entry in read_history(events, state)]
    arrived = data.draw(st.permutations([*events, *events[:3]]))
    assert [(entry.event.canonical_bytes, entry.standing) for entry in read_history(iter(arrived), state)] == expected


def test_what_does_not_count_comes_last_by_time() -> None:
    entries = history(
        Draft(event_id=A, created_at="2026-01-09T00:00:00Z", copies=("signature",)),
        Draft(event_id=B, created_at="2026-01-08T00:00:00Z", copies=("event-id",)),
        Draft(event_id=C, created_at="2026-01-10T00:00:00Z"),
        Draft(event_id=D, created_at="2026-01-07T00:00:00Z", signer_id="b", prev_event=C),
    )
    assert [entry.event_id for entry in entries] == [C, D, B, A]
    assert [entry.reason for entry in entries] == ["", "", "event-id", "signature"]


def test_an_unknown_type_is_applied_and_can_be_superseded() -> None:
    unknown = Draft(event_id=A, event_type="made_up_in_2050")
    assert standings(unknown) == {A: Standing.APPLIED}
    assert standings(unknown, Draft(event_id=B, supersedes=(A,))) == {A: Standing.SUPERSEDED, B: Standing.IN_FORCE}


def test_a_second_signers_record_is_applied_beside_the_one_that_counts() -> None:
    first = Draft(event_id=A, event_type="record_created", created_at="2026-01-01T00:00:00Z")
    second = Draft(event_id=B, event_type="record_created", created_at="2026-01-02T00:00:00Z", signer_id="b")
    assert standings(first, second) == {A: Standing.IN_FORCE, B: Standing.APPLIED}


def test_what_equivocates_supersedes_nothing_and_can_be_superseded() -> None:
    entries = history(
        Draft(event_id=A),
        Draft(event_id=B, prev_event=A, supersedes=(A,)),
        Draft(event_id=C, prev_event=A),
        Draft(event_id=D, supersedes=(C,)),
    )
    found = {entry.event_id: (entry.standing, entry.superseded_by) for entry in entries}
    assert found == {
        A: (Standing.IN_FORCE, ()),
        B: (Standing.EQUIVOCATING, ()),
        C: (Standing.EQUIVOCATING, (D,)),
        D: (Standing.IN_FORCE, ()),
    }


def test_a_state_of_other_events_is_refused() -> None:
    events = events_of([Draft(event_id=A), Draft(event_id=B)])
    with pytest.raises(DocumentError) as caught:
        read_history(events, fold(events[:1]).content)
    assert caught.value.code == "state-merge"
    assert caught.value.found == repr(B)


def test_a_state_that_names_events_that_are_not_there_is_no_matter() -> None:
    events = events_of([Draft(event_id=A), Draft(event_id=B)])
    assert [entry.event_id for entry in read_history(events[:1], fold(events).content)] == [A]


def test_the_same_copy_is_shown_whichever_came_first() -> None:
    [draft] = events_of([Draft(event_id=A)])
    copies = [event_of(draft.content, reason) for reason in (None, "a", "b")]
    shown: set[bytes] = set()
    for order in (copies, copies[::-1]):
        [entry] = read_history(order, fold(copies).content)
        shown.add(entry.event.canonical_bytes)
    assert shown == {min(copy.canonical_bytes for copy in copies)}


def test_no_events() -> None:
    nothing: list[Event] = []
    assert read_history(nothing, fold(nothing).content) == ()


# ---- Short names -------------------------------------------------------------------------------------------------


@given(st.sets(st.text("01", min_size=0, max_size=12) | st.integers(0, 99).map(name_of), max_size=30))
def test_short_names_are_prefixes_and_differ(event_ids: set[str]) -> None:
    names = short_names(event_ids)
    assert names.keys() == event_ids
    assert all(event_id.removeprefix("sha256:").startswith(name) for event_id, name in names.items())
    assert len({*names.values()}) == len(event_ids)


def test_short_names_have_eight_digits_where_these_differ() -> None:
    assert {len(name) for name in short_names(map(name_of, range(100))).values()} == {8}


def test_names_that_are_one_to_the_end() -> None:
    assert short_names(["sha256:ab", "ab"]) == {"sha256:ab": "ab", "ab": "ab"}


@given(st.sets(st.integers(min_value=0, max_value=2**256 - 1).map("sha256:{:064x}".format), min_size=1, max_size=9))
def test_a_short_name_leads_to_its_event(event_ids: set[str]) -> None:
    for event_id, short in short_names(event_ids).items():
        assert long_name(short, event_ids) == long_name(f"sha256:{short}", event_ids) == event_id


@pytest.mark.parametrize("text", ["abababab", "sha256:abababab", "cdcdcdcd"])
def test_a_name_of_two_events_or_of_none(text: str) -> None:
    with pytest.raises(EventError) as caught:
        long_name(text, ["sha256:" + "ab" * 32, "sha256:" + "ab" * 31 + "cd"])
    assert caught.value.code == "event-unknown"
    assert caught.value.found == ("0 events" if "cd" in text else "2 events")


def test_a_whole_identifier_need_not_be_there() -> None:
    assert long_name("cd" * 32, []) == "sha256:" + "cd" * 32
