"""The merge, rule by rule, and the published states out of the published events."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest

from pithbuilder.documents.alias import SourceAliases
from pithbuilder.documents.base import OpaqueDocument, Reader
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.event import Event, EventContent
from pithbuilder.documents.signature import EventSigner
from pithbuilder.documents.state import State, StateContent
from pithbuilder.merge.fold import fold_events
from tests.support.merge_oracle import (
    ALIASES,
    LISTS,
    PUBLISHED,
    RECORD_PAYLOAD,
    Draft,
    event_of,
    events_of,
    fold,
    name_of,
)

A, B, C, D, E = (name_of(letter) for letter in "ABCDE")
MISSING = name_of("missing")


def merged(*drafts: Draft) -> StateContent:
    """Return the state of some events, which must be the same from every order of arrival."""
    events = events_of(drafts)
    states = {fold(order).canonical_bytes for order in permutations(events)}
    assert len(states) == 1
    return fold(events).content


def reasons_in(content: StateContent) -> dict[str, str]:
    return {invalid.event_id: invalid.reason for invalid in content.invalid_events}


def shown(content: StateContent, name: str = "graph_snapshots") -> list[str]:
    return [applied.event_id for applied in getattr(content.current, name)]


def record(event_id: str, **fields: Any) -> Draft:
    return Draft(event_id=event_id, event_type="record_created", target="record", **fields)


# ---- Published ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bundle-1805.08469v1.json", "bundle-2410.05985v4.json"])
def test_the_state_of_a_published_bundle(name: str) -> None:
    value = json.loads((PUBLISHED / name).read_text(encoding="utf-8"))
    bundle = Bundle.from_dict(value)
    aliases = SourceAliases.read(Reader(value), "source_aliases")
    events = bundle.content.events
    assert len(events) == 2
    for arrived in (events, events[::-1], events * 3):
        state = fold_events(value["pith_number"], arrived, check=lambda event: None, source_aliases=aliases)
        assert state.to_dict() == value["state"]
        assert state.content.state_sha256 == value["state"]["state_sha256"]


def test_the_published_state() -> None:
    """Its events are not published, but all that is hashed of them stands in it."""
    value = json.loads((PUBLISHED / "state-1710.02368v1.json").read_text(encoding="utf-8"))
    current = value["current"]
    events = []
    for event_type, applied in (
        ("record_created", current["record_created"]),
        *(("graph_snapshot", snapshot) for snapshot in current["graph_snapshots"]),
    ):
        content = EventContent(
            event_type=event_type,
            subject_pith_number=value["pith_number"],
            target=applied["target"],
            payload=OpaqueDocument.from_dict(applied["payload"]),
            signer=EventSigner.from_dict(applied["signer"]),
            created_at=applied["created_at"],
        )
        assert content.event_id == applied["event_id"]
        events.append(event_of(content))
    aliases = State.from_dict(value).content.current.source_aliases
    for arrived in (events, events[::-1]):
        state = fold_events(value["pith_number"], arrived, check=lambda event: None, source_aliases=aliases)
        assert state.to_dict() == value


# ---- Rules 1 and 2: validity and copies --------------------------------------------------------------------------


def test_no_events() -> None:
    content = fold([]).content
    assert (content.event_count, content.valid_event_count, content.invalid_event_count) == (0, 0, 0)
    assert content.current.canonical_record is None
    assert content.current.record_created is None
    assert all(shown(content, name) == [] for name in LISTS.values())
    assert content.current.source_aliases == ALIASES


def test_invalid_events_are_listed_by_identifier_with_their_reason() -> None:
    drafts = [Draft(event_id=name_of(number), copies=(f"reason-{number}",)) for number in range(4)]
    content = merged(*drafts)
    assert reasons_in(content) == {name_of(number): f"reason-{number}" for number in range(4)}
    assert [invalid.event_id for invalid in content.invalid_events] == sorted(name_of(number) for number in range(4))
    assert (content.event_count, content.valid_event_count, content.invalid_event_count) == (4, 0, 4)


def test_copies_count_once_and_one_valid_copy_is_enough() -> None:
    content = merged(Draft(event_id=A, copies=("event-id", None, "signature", None)))
    assert (content.event_count, content.valid_event_count, content.invalid_event_count) == (1, 1, 0)
    assert shown(content) == [A]


def test_of_several_reasons_one_is_chosen_whatever_the_order() -> None:
    content = merged(Draft(event_id=A, copies=("signature", "event-id", "event-subject")))
    assert reasons_in(content) == {A: "event-id"}


def test_an_event_is_listed_under_its_true_identifier() -> None:
    [event] = events_of([Draft(event_id=A, copies=("event-id",))])
    members = event.to_dict()
    members["event_id"] = B
    false = Event.from_dict(members)
    content = fold([false]).content
    assert list(reasons_in(content)) == [false.content.event_id]
    assert false.content.event_id not in (A, B)


# ---- Rule 3: order -----------------------------------------------------------------------------------------------


def test_record_created_comes_first_then_time_then_identifier() -> None:
    small, large = sorted((A, B))
    content = merged(
        Draft(event_id=large, created_at="2026-01-01T00:00:01Z"),
        Draft(event_id=small, created_at="2026-01-01T00:00:01Z"),
        Draft(event_id=C, created_at="2026-01-01T00:00:00Z"),
        record(D, created_at="2026-12-31T00:00:00Z"),
    )
    assert list(content.applied_event_ids) == [D, C, small, large]
    assert shown(content) == [C, small, large]


def test_an_event_comes_after_what_it_names_whatever_its_time() -> None:
    content = merged(
        Draft(event_id=A, created_at="2026-01-01T00:00:00Z", prev_event=B),
        Draft(event_id=B, created_at="2026-06-01T00:00:00Z", supersedes=(C,)),
        Draft(event_id=C, created_at="2026-12-01T00:00:00Z"),
    )
    assert list(content.applied_event_ids) == [C, B, A]


def test_a_missing_predecessor_makes_invalid_all_that_rests_on_it() -> None:
    content = merged(
        Draft(event_id=A, prev_event=MISSING),
        Draft(event_id=B, supersedes=(A,)),
        Draft(event_id=C, prev_event=B),
        Draft(event_id=D),
    )
    assert reasons_in(content) == dict.fromkeys((A, B, C), "predecessor-missing")
    assert list(content.applied_event_ids) == [D]


def test_an_invalid_predecessor_is_a_missing_one() -> None:
    content = merged(Draft(event_id=A, copies=("signature",)), Draft(event_id=B, prev_event=A))
    assert reasons_in(content) == {A: "signature", B: "predecessor-missing"}


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("link", ["prev_event", "supersedes"])
def test_circles_are_invalid_and_so_is_what_rests_on_them(size: int, link: str) -> None:
    names = [A, B, C][:size]
    drafts = []
    for at, name in enumerate(names):
        before = names[at - 1]
        fields: dict[str, Any] = {"prev_event": before} if link == "prev_event" else {"supersedes": (before,)}
        drafts.append(Draft(event_id=name, **fields))
    content = merged(*drafts, Draft(event_id=D, prev_event=A), Draft(event_id=E))
    assert reasons_in(content) == dict.fromkeys([*names, D], "predecessor-cycle")
    assert list(content.applied_event_ids) == [E]


def test_naming_an_event_twice_is_naming_it_once() -> None:
    content = merged(Draft(event_id=A), Draft(event_id=B, prev_event=A, supersedes=(A, A)))
    assert list(content.applied_event_ids) == [A, B]
    assert shown(content) == [B]


# ---- Rule 4: equivocation ----------------------------------------------------------------------------------------


def test_two_successors_of_one_event_by_one_signer() -> None:
    content = merged(Draft(event_id=A), Draft(event_id=B, prev_event=A), Draft(event_id=C, prev_event=A))
    [group] = content.equivocations
    assert (group.signer_id, group.target, group.prev_event) == ("a", "graph", A)
    assert list(group.event_ids) == sorted((B, C))
    assert (content.valid_event_count, content.equivocation_count) == (3, 1)
    assert list(content.applied_event_ids) == shown(content) == [A]


@pytest.mark.parametrize(
    "other",
    [
        Draft(event_id=C, prev_event=A, signer_id="b"),
        Draft(event_id=C, prev_event=A, target="record"),
        Draft(event_id=C, prev_event=B),
        Draft(event_id=C),
        Draft(event_id=C, prev_event=A, copies=("signature",)),
        Draft(event_id=C, prev_event=A, supersedes=(MISSING,)),
    ],
    ids=["other signer", "other target", "a successor", "no predecessor", "invalid", "misfit"],
)
def test_no_contradiction(other: Draft) -> None:
    content = merged(Draft(event_id=A), Draft(event_id=B, prev_event=A), other)
    assert content.equivocations == ()
    assert B in content.applied_event_ids


def test_events_without_a_predecessor_do_not_contradict_each_other() -> None:
    content = merged(Draft(event_id=A), Draft(event_id=B), Draft(event_id=C))
    assert content.equivocations == ()
    assert len(shown(content)) == 3


def test_what_follows_or_supersedes_an_equivocation_is_still_applied() -> None:
    content = merged(
        Draft(event_id=A),
        Draft(event_id=B, prev_event=A),
        Draft(event_id=C, prev_event=A),
        Draft(event_id=D, prev_event=B),
        Draft(event_id=E, supersedes=(C,)),
    )
    assert content.equivocation_count == 1
    assert {*content.applied_event_ids} == {A, D, E}


def test_an_equivocating_event_supersedes_nothing() -> None:
    content = merged(
        Draft(event_id=A),
        Draft(event_id=B, prev_event=A, supersedes=(A,)),
        Draft(event_id=C, prev_event=A),
    )
    assert shown(content) == [A]


def test_two_records_of_one_signer() -> None:
    content = merged(record(A), record(B), Draft(event_id=C))
    [group] = content.equivocations
    assert (group.signer_id, group.target, group.prev_event) == ("a", "record", None)
    assert list(group.event_ids) == sorted((A, B))
    assert content.current.record_created is None
    assert content.current.canonical_record is None
    assert shown(content) == [C]


def test_a_record_that_supersedes_the_other_is_no_contradiction() -> None:
    content = merged(record(A), record(B, supersedes=(A,)))
    assert content.equivocations == ()
    assert content.current.record_created is not None
    assert content.current.record_created.event_id == B
    assert list(content.applied_event_ids) == [A, B]


def test_superseding_through_others_is_superseding() -> None:
    content = merged(record(A), record(B, supersedes=(A,)), record(C, supersedes=(B,)))
    assert content.equivocations == ()
    content = merged(record(A), Draft(event_id=B, supersedes=(A,)), record(C, supersedes=(B,)))
    assert content.equivocations == ()
    assert content.current.record_created is not None
    assert content.current.record_created.event_id == C


def test_two_successors_of_one_record_contradict_each_other_but_not_the_first() -> None:
    content = merged(record(A), record(B, supersedes=(A,)), record(C, supersedes=(A,)))
    [group] = content.equivocations
    assert list(group.event_ids) == sorted((B, C))
    assert content.current.record_created is not None
    assert content.current.record_created.event_id == A


def test_a_record_that_supersedes_two_contradicting_ones_counts() -> None:
    content = merged(record(A), record(B), record(C, supersedes=(A, B)))
    [group] = content.equivocations
    assert list(group.event_ids) == sorted((A, B))
    assert list(content.applied_event_ids) == [C]
    assert content.current.record_created is not None
    assert content.current.record_created.event_id == C


def test_superseding_one_of_two_contradicting_successors_does_not_settle_it() -> None:
    content = merged(
        Draft(event_id=A),
        Draft(event_id=B, prev_event=A),
        Draft(event_id=C, prev_event=A),
        Draft(event_id=D, supersedes=(B,)),
    )
    assert content.equivocation_count == 1
    assert {*shown(content)} == {A, D}


def test_records_related_through_a_contradicting_event_only() -> None:
    """The relation is that of all valid events; what holds is superseded by applied events only: the first counts."""
    content = merged(
        record(A),
        Draft(event_id=B, prev_event=A, supersedes=(A,)),
        Draft(event_id=C, prev_event=A),
        record(D, supersedes=(B,)),
    )
    [group] = content.equivocations
    assert (group.prev_event, list(group.event_ids)) == (A, sorted((B, C)))
    assert list(content.applied_event_ids) == [A, D]
    assert content.current.record_created is not None
    assert content.current.record_created.event_id == A


def test_records_of_two_signers_do_not_contradict_each_other_and_the_first_counts() -> None:
    content = merged(
        record(A, signer_id="a", created_at="2026-01-02T00:00:00Z"),
        record(B, signer_id="b", created_at="2026-01-01T00:00:00Z"),
    )
    assert content.equivocations == ()
    assert content.current.record_created is not None
    assert content.current.record_created.event_id == B
    assert content.current.canonical_record is not None
    assert content.current.canonical_record.to_dict() == RECORD_PAYLOAD["canonical_record"]


def test_one_event_in_two_groups() -> None:
    content = merged(
        Draft(event_id=A, target="record"),
        record(B, prev_event=A),
        record(C, prev_event=A),
    )
    assert [(group.prev_event, list(group.event_ids)) for group in content.equivocations] == [
        (None, sorted((B, C))),
        (A, sorted((B, C))),
    ]
    assert (content.equivocation_count, content.valid_event_count) == (2, 3)


# ---- Rule 5: superseding -----------------------------------------------------------------------------------------


def test_a_superseded_event_leaves_its_list_and_stays_applied() -> None:
    content = merged(Draft(event_id=A), Draft(event_id=B, supersedes=(A,)))
    assert shown(content) == [B]
    assert list(content.applied_event_ids) == [A, B]


def test_an_event_may_supersede_one_of_another_family() -> None:
    content = merged(Draft(event_id=A), Draft(event_id=B, event_type="correction", supersedes=(A,)))
    assert shown(content) == []
    assert shown(content, "corrections") == [B]


def test_superseding_is_not_undone_by_being_superseded() -> None:
    content = merged(Draft(event_id=A), Draft(event_id=B, supersedes=(A,)), Draft(event_id=C, supersedes=(B,)))
    assert shown(content) == [C]
    assert list(content.applied_event_ids) == [A, B, C]


def test_nobody_supersedes_what_another_signed() -> None:
    content = merged(Draft(event_id=A), Draft(event_id=B, signer_id="b", supersedes=(A,)))
    assert reasons_in(content) == {B: "supersedes-other-signer"}
    assert shown(content) == [A]


def test_following_what_another_signed_is_allowed() -> None:
    content = merged(Draft(event_id=A), Draft(event_id=B, signer_id="b", prev_event=A))
    assert content.invalid_event_count == 0
    assert shown(content) == [A, B]


# ---- Rule 6 and the lists ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("event_type", "name"), LISTS.items())
def test_every_family_has_its_list(event_type: str, name: str) -> None:
    content = merged(Draft(event_id=A, event_type=event_type, target="author", payload={"x": [1, "\U0001f600"]}))
    assert shown(content, name) == [A]
    assert [other for other in LISTS.values() if shown(content, other)] == [name]
    [applied] = getattr(content.current, name)
    assert sorted(applied.to_dict()) == ["created_at", "event_id", "payload", "signer", "target"]


@pytest.mark.parametrize("event_type", ["", "key_rotation", "Graph_Snapshot", "graph_snapshots", "\U0001f600"])
def test_an_unknown_type_is_applied_and_stands_in_no_list(event_type: str) -> None:
    content = merged(Draft(event_id=A, event_type=event_type))
    assert list(content.applied_event_ids) == [A]
    assert (content.valid_event_count, content.invalid_event_count) == (1, 0)
    assert not any(shown(content, name) for name in LISTS.values())


def test_an_unknown_type_supersedes_and_contradicts_as_any_other() -> None:
    content = merged(Draft(event_id=A), Draft(event_id=B, event_type="made_up_in_2050", supersedes=(A,)))
    assert shown(content) == []
    content = merged(
        Draft(event_id=A), Draft(event_id=B, prev_event=A), Draft(event_id=C, event_type="made_up", prev_event=A)
    )
    assert content.equivocation_count == 1
    assert shown(content) == [A]


# ---- Many events -------------------------------------------------------------------------------------------------


def test_ten_thousand_successors_of_one_event() -> None:
    drafts = [Draft(event_id=A), *(Draft(event_id=name_of(number), prev_event=A) for number in range(10_000))]
    content = fold(events_of(drafts)).content
    assert (content.event_count, content.valid_event_count, content.invalid_event_count) == (10_001, 10_001, 0)
    assert content.equivocation_count == 1
    assert list(content.equivocations[0].event_ids) == sorted(name_of(number) for number in range(10_000))
    assert list(content.applied_event_ids) == [A]


def test_five_thousand_pairs_of_contradicting_events() -> None:
    drafts = [Draft(event_id=name_of(number)) for number in range(5_000)]
    for number in range(5_000):
        drafts += [Draft(event_id=name_of((number, which)), prev_event=name_of(number)) for which in range(2)]
    content = fold(events_of(drafts)).content
    assert (content.valid_event_count, content.equivocation_count) == (15_000, 5_000)
    assert len(content.applied_event_ids) == 5_000


def test_a_hundred_thousand_copies() -> None:
    good, bad = events_of([Draft(event_id=A), Draft(event_id=B, copies=("signature",))])
    content = fold([good, bad] * 100_000).content
    assert (content.event_count, content.valid_event_count, content.invalid_event_count) == (2, 1, 1)


def test_ten_thousand_records_of_one_signer() -> None:
    content = fold(events_of([record(name_of(number)) for number in range(10_000)])).content
    assert (content.valid_event_count, content.equivocation_count) == (10_000, 1)
    assert len(content.equivocations[0].event_ids) == 10_000
    assert content.applied_event_ids == ()
    assert content.current.record_created is None


def test_eight_thousand_records_that_supersede_one_another() -> None:
    """Each stands in a relation to each: what looks at every pair by itself takes minutes."""
    drafts = [record(name_of(0))]
    drafts += [record(name_of(number), supersedes=(name_of(number - 1),)) for number in range(1, 8_000)]
    content = fold(events_of(drafts[::-1])).content
    assert content.equivocations == ()
    assert list(content.applied_event_ids) == [draft.event_id for draft in drafts]
    assert content.current.record_created is not None
    assert content.current.record_created.event_id == name_of(7_999)


def test_a_chain_of_ten_thousand_events() -> None:
    drafts = [Draft(event_id=name_of(0))]
    drafts += [Draft(event_id=name_of(number), prev_event=name_of(number - 1)) for number in range(1, 10_000)]
    content = fold(events_of(drafts[::-1])).content
    assert list(content.applied_event_ids) == [draft.event_id for draft in drafts]


def test_ten_thousand_events_in_a_circle_and_on_a_missing_one() -> None:
    circle = [Draft(event_id=name_of(n), prev_event=name_of((n + 1) % 10_000)) for n in range(10_000)]
    content = fold(events_of(circle)).content
    assert {*reasons_in(content).values()} == {"predecessor-cycle"}
    assert content.invalid_event_count == 10_000
    broken = [*circle[:-1], Draft(event_id=circle[-1].event_id, prev_event=MISSING)]
    content = fold(events_of(broken)).content
    assert {*reasons_in(content).values()} == {"predecessor-missing"}
    assert content.invalid_event_count == 10_000
