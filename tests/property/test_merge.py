"""The merge against a slow transcription of its rules, on thousands of random graphs of events."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from pithbuilder.documents.event import Event
from pithbuilder.documents.state import State
from pithbuilder.merge.fold import fold_events
from tests.support.merge_oracle import (
    ALIASES,
    LISTS,
    Draft,
    check_by_signature,
    content_of,
    event_of,
    events_of,
    fold,
    merge,
    name_of,
)

MANY = settings(max_examples=800, deadline=None)
SOME = settings(max_examples=300, deadline=None)
ALIAS_OBJECTS = [alias.to_dict() for alias in ALIASES]

TYPES = ["record_created", "graph_snapshot", "author_attestation", "correction", "mirror_hint", "made_up_in_2050"]
REASONS = ["event-digest", "event-id", "signature", "event-subject"]
MISSING = name_of("nobody has seen this event")


def outcome(drafts: list[Draft]) -> Any:
    return merge(drafts, ALIAS_OBJECTS)


@st.composite
def graphs(draw: st.DrawFn, most: int = 8, circles: bool = True) -> list[Draft]:
    """Events that name one another: backwards, forwards, themselves, and what is not there."""
    count = draw(st.integers(1, most))
    drafts = []
    for index in range(count):
        names = [name_of(other) for other in (range(count) if circles else range(index))] + [MISSING]
        event_type = draw(st.sampled_from(TYPES))
        drafts.append(
            Draft(
                event_id=name_of(index),
                event_type=event_type,
                target="record" if event_type == "record_created" else draw(st.sampled_from(["graph", "record"])),
                signer_id=draw(st.sampled_from("aaab")),
                created_at=f"2026-05-18T00:00:0{draw(st.integers(0, 3))}Z",
                prev_event=draw(st.one_of(st.none(), st.sampled_from(names))),
                supersedes=tuple(draw(st.lists(st.sampled_from(names), max_size=2))),
                copies=tuple(draw(st.sampled_from([(None,), (None,), (None,), (None, None)]) | COPIES)),
            )
        )
    return drafts


COPIES = st.lists(st.sampled_from([None, *REASONS]), min_size=1, max_size=3).map(tuple)


def seeded_graph(seed: int, most: int, misfits: float) -> list[Draft]:
    """A larger graph, mostly of events that have their place."""
    source = random.Random(seed)
    count = source.randint(2, most)
    signers = [source.choice("abc") for _ in range(count)]
    drafts: list[Draft] = []
    for index in range(count):
        strange = source.random() < misfits
        earlier = list(range(index))
        own = [other for other in earlier if signers[other] == signers[index]]
        pool = list(range(count)) if strange else earlier
        prev_event = name_of(source.choice(pool)) if pool and source.random() < 0.6 else None
        superseded = [name_of(other) for other in (pool if strange else own) if source.random() < 0.12]
        if strange and source.random() < 0.2:
            superseded.append(MISSING)
        event_type = source.choice([*TYPES, *LISTS]) if source.random() < 0.8 else "record_created"
        drafts.append(
            Draft(
                event_id=name_of(index),
                event_type=event_type,
                target="record" if event_type == "record_created" else source.choice(["graph", "record", "author"]),
                signer_id=signers[index],
                created_at=f"2026-05-18T00:00:{source.randint(0, 20):02}Z",
                prev_event=prev_event,
                supersedes=tuple(superseded),
                copies=(source.choice(REASONS),) if strange and source.random() < 0.2 else (None,),
            )
        )
    source.shuffle(drafts)
    return drafts


def real_events(drafts: list[Draft]) -> tuple[list[Draft], list[Event]]:
    """Give every event of a graph without circles its true identifier, and the others' names accordingly."""
    true_names: dict[str, str] = {}
    renamed: dict[str, Draft] = {}
    events = []
    for draft in drafts:
        moved = replace(
            draft,
            prev_event=None if draft.prev_event is None else true_names.get(draft.prev_event, draft.prev_event),
            supersedes=tuple(true_names.get(name, name) for name in draft.supersedes),
            payload={**draft.payload, "of": draft.event_id},
        )
        content = content_of(moved)
        true_names[draft.event_id] = content.event_id
        # Records without references differ in nothing but their copies: they are one event.
        copies = renamed[content.event_id].copies if content.event_id in renamed else ()
        renamed[content.event_id] = replace(moved, event_id=content.event_id, copies=(*copies, *draft.copies))
        events += [event_of(content, reason) for reason in draft.copies]
    return [*renamed.values()], events


@MANY
@given(graphs())
def test_the_state_is_that_of_the_rules(drafts: list[Draft]) -> None:
    state = fold(events_of(drafts))
    expected = outcome(drafts)
    assert state.to_dict() == expected
    assert state.canonical_bytes == rfc8785.dumps(expected)


@pytest.mark.parametrize("chunk", range(10))
@pytest.mark.parametrize("misfits", [0.0, 0.1, 0.5])
def test_the_state_of_larger_graphs_is_that_of_the_rules(chunk: int, misfits: float) -> None:
    for seed in range(100 * chunk, 100 * chunk + 100):
        drafts = seeded_graph(seed, 30, misfits)
        assert fold(events_of(drafts)).to_dict() == outcome(drafts), f"seed {seed}"


def test_the_graphs_hold_every_kind_of_trouble() -> None:
    """Guards the tests above against graphs in which nothing happens."""
    reasons: dict[str, int] = {}
    tally = dict.fromkeys(["same prev", "records", "several groups", "superseded", "record", "no record", "valid"], 0)
    for seed in range(300):
        for misfits in (0.1, 0.5):
            state = outcome(seeded_graph(seed, 30, misfits))
            for invalid in state["invalid_events"]:
                reasons[invalid["reason"]] = reasons.get(invalid["reason"], 0) + 1
            groups = state["equivocations"]
            shown = sum(len(state["current"][name]) for name in LISTS.values())
            tally["same prev"] += any(group["prev_event"] is not None for group in groups)
            tally["records"] += any(group["prev_event"] is None for group in groups)
            tally["several groups"] += len(groups) > 1
            tally["superseded"] += shown + 1 < len(state["applied_event_ids"])
            tally["record"] += state["current"]["record_created"] is not None
            tally["no record"] += state["current"]["record_created"] is None
            tally["valid"] += not state["invalid_events"]
    assert set(reasons) >= {"predecessor-missing", "predecessor-cycle", "supersedes-other-signer", "event-digest"}
    assert min(reasons.values()) > 50
    assert min(tally.values()) > 20, tally


@SOME
@given(graphs(circles=False))
def test_events_under_their_true_identifiers(drafts: list[Draft]) -> None:
    renamed, events = real_events(drafts)
    assert fold(events).to_dict() == outcome(renamed)
    read_again = [Event.from_dict(event.to_dict()) for event in events]
    assert fold(read_again).canonical_bytes == fold(events).canonical_bytes


@SOME
@given(graphs(), st.data())
def test_arrival_order_and_duplicates_are_of_no_consequence(drafts: list[Draft], draw: st.DataObject) -> None:
    events = events_of(drafts)
    expected = fold(events).canonical_bytes
    for _ in range(3):
        arrived = draw.draw(st.permutations(events + draw.draw(st.lists(st.sampled_from(events), max_size=6))))
        assert fold(arrived).canonical_bytes == expected
    assert fold(iter(events)).canonical_bytes == expected


@SOME
@given(graphs())
def test_signing_times_and_stated_names_do_not_enter_the_state(drafts: list[Draft]) -> None:
    events = events_of(drafts)
    others = []
    for event in events:
        members = event.to_dict()
        signature = members["signature"]
        assert isinstance(signature, dict)
        signature["signed_at"] = "2031-01-01T00:00:00.000001Z"
        members["event_id"] = "sha256:" + "f" * 64
        members["content_sha256"] = "f" * 64
        other = Event.from_dict(members)
        vars(other.content)["event_id"] = event.content.event_id
        others.append(other)
    assert fold(others).canonical_bytes == fold(events).canonical_bytes


@SOME
@given(graphs(), graphs(most=3), st.sampled_from(REASONS))
def test_an_event_that_is_invalid_by_itself_changes_nothing_that_holds(
    drafts: list[Draft], added: list[Draft], reason: str
) -> None:
    before = fold(events_of(drafts)).content
    strangers = [
        replace(draft, event_id=name_of(("added", index)), copies=(reason,)) for index, draft in enumerate(added)
    ]
    after = fold(events_of([*drafts, *strangers])).content
    assert after.current.canonical_bytes == before.current.canonical_bytes
    assert after.applied_event_ids == before.applied_event_ids
    assert after.equivocations == before.equivocations
    assert after.invalid_event_count == before.invalid_event_count + len(strangers)


@SOME
@given(graphs(), st.data())
def test_an_invalid_copy_of_a_valid_event_changes_nothing_at_all(drafts: list[Draft], draw: st.DataObject) -> None:
    reason = draw.draw(st.sampled_from(REASONS))
    more = [replace(draft, copies=(*draft.copies, reason)) if None in draft.copies else draft for draft in drafts]
    assert fold(events_of(more)).canonical_bytes == fold(events_of(drafts)).canonical_bytes
    first = [replace(draft, copies=(reason, *draft.copies)) if None in draft.copies else draft for draft in drafts]
    assert fold(events_of(first)).canonical_bytes == fold(events_of(drafts)).canonical_bytes


@SOME
@given(graphs(), st.sampled_from(TYPES), st.data())
def test_a_misfit_changes_nothing_that_holds(drafts: list[Draft], event_type: str, draw: st.DataObject) -> None:
    """A missing predecessor, a circle, or a stranger's supersession: the event is not applied and moves nothing."""
    before = fold(events_of(drafts)).content
    name = name_of("added")
    valid = [draft for draft in drafts if None in draft.copies]
    kinds: list[dict[str, Any]] = [
        {"prev_event": MISSING},
        {"supersedes": (MISSING,)},
        {"prev_event": name},
        {"supersedes": (name,)},
    ]
    if valid:
        theirs = draw.draw(st.sampled_from(valid)).event_id
        kinds += [
            {"supersedes": (theirs,), "signer_id": "stranger"},
            {"supersedes": (theirs, MISSING)},
            {"prev_event": theirs, "supersedes": (name,)},
        ]
    for kind in kinds:
        after = fold(events_of([*drafts, Draft(event_id=name, event_type=event_type, target="record", **kind)])).content
        assert after.current.canonical_bytes == before.current.canonical_bytes
        assert after.applied_event_ids == before.applied_event_ids
        assert after.equivocations == before.equivocations
        assert after.invalid_event_count == before.invalid_event_count + 1


@SOME
@given(graphs())
def test_what_every_state_must_hold(drafts: list[Draft]) -> None:
    content = fold(events_of(drafts)).content
    applied = list(content.applied_event_ids)
    invalid = [event.event_id for event in content.invalid_events]
    equivocating = {event_id for group in content.equivocations for event_id in group.event_ids}
    known = {draft.event_id: draft for draft in drafts}
    assert {*applied} | {*invalid} | equivocating == {*known}
    assert len(applied) + len(invalid) + len(equivocating) == len(known) == content.event_count
    assert content.valid_event_count == len(applied) + len(equivocating)
    assert content.invalid_event_count == len(invalid)
    assert content.equivocation_count == len(content.equivocations)
    assert invalid == sorted(invalid)
    assert all(len(group.event_ids) > 1 for group in content.equivocations)
    for at, event_id in enumerate(applied):
        assert known[event_id].named <= {*applied[:at]} | equivocating
    shown = [applied.event_id for name in LISTS.values() for applied in getattr(content.current, name)]
    assert len(shown) == len({*shown})
    assert {*shown} <= {*applied}


@SOME
@given(graphs())
def test_a_state_is_read_back_as_it_was(drafts: list[Draft]) -> None:
    state = fold(events_of(drafts))
    again = State.from_dict(state.to_dict())
    assert again.canonical_bytes == state.canonical_bytes
    assert again.content.state_sha256 == again.stated_state_sha256


def test_the_check_is_asked_once_for_each_copy_that_could_matter() -> None:
    drafts = [Draft(event_id=name_of(0), copies=("event-id", None, None)), Draft(event_id=name_of(1))]
    asked: list[str] = []

    def check(event: Event) -> str | None:
        asked.append(event.content.event_id)
        return check_by_signature(event)

    fold_events("pith:x", events_of(drafts), check=check, source_aliases=ALIASES)
    assert sorted(asked) == sorted([name_of(0), name_of(0), name_of(1)])
