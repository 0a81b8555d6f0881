"""The merge against a slow transcription of its rules, on thousands of random graphs of events."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
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

MANY = settings(max_examples=600, deadline=None)
SOME = settings(max_examples=250, deadline=None)
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
    """A graph of which most events have their place, the more so the smaller ``misfits`` (0 to 1) is."""
    source = random.Random(f"{seed} {most} {misfits}")
    count = source.randint(2, most)
    signers = [source.choice("aab" if source.random() < 0.9 else "c") for _ in range(count)]
    drafts: list[Draft] = []
    for index in range(count):
        strange = source.random() < misfits
        earlier = list(range(index))
        own = [other for other in earlier if signers[other] == signers[index]]
        pool = list(range(count)) if strange else earlier
        prev_event = name_of(source.choice(pool)) if pool and source.random() < 0.6 else None
        superseded = [name_of(other) for other in (pool if strange else own) if source.random() < 1.5 / most]
        if strange and source.random() < 0.2:
            superseded.append(MISSING)
        event_type = source.choice([*TYPES, *LISTS]) if source.random() < 0.7 else "record_created"
        copies: tuple[str | None, ...] = (None,) * source.choice([1, 1, 1, 2])
        if strange:
            wrong = source.sample(REASONS, 2)
            copies = source.choice([copies, copies, copies, (wrong[0],), (wrong[0], None), (None, wrong[0]), (*wrong,)])
        drafts.append(
            Draft(
                event_id=name_of(index),
                event_type=event_type,
                target="record" if event_type == "record_created" else source.choice(["graph", "record", "author"]),
                signer_id=signers[index],
                created_at=f"2026-05-18T00:00:{source.randint(0, 20):02}Z",
                prev_event=prev_event,
                supersedes=tuple(superseded),
                copies=copies,
            )
        )
    source.shuffle(drafts)
    return drafts


def kinds_of(drafts: list[Draft], state: dict[str, Any]) -> Iterator[str]:
    """Name what happens in a graph, so that it can be shown to have happened."""
    by_id = {draft.event_id: draft for draft in drafts}
    for invalid in state["invalid_events"]:
        yield invalid["reason"]
        if invalid["reason"] == "predecessor-missing" and by_id[invalid["event_id"]].named <= {*by_id}:
            yield "its predecessor is there, and invalid"
    for draft in drafts:
        if len(draft.copies) > 1:
            yield "all copies valid" if {*draft.copies} == {None} else "valid and invalid copies"
            yield "several reasons" if None not in draft.copies else "valid copy"
        if draft.event_type == "made_up_in_2050" and draft.event_id in state["applied_event_ids"]:
            yield "unknown type applied"
        if draft.prev_event in by_id and by_id[draft.prev_event].signer_id != draft.signer_id:
            yield "follows another signer"
    applied, groups = state["applied_event_ids"], state["equivocations"]
    recorders = [by_id[event_id].signer_id for event_id in applied if by_id[event_id].event_type == "record_created"]
    yield f"{min(len(recorders), 2)} records applied by {min(len({*recorders}), 2)} signers"
    yield "record" if state["current"]["record_created"] else "no record"
    yield f"{min(len({draft.signer_id for draft in drafts}), 3)} signers"
    yield "no invalid event" if not state["invalid_events"] else "invalid events"
    for group in groups:
        yield "contradicting records" if group["prev_event"] is None else "contradicting successors"
        yield "two rivals" if len(group["event_ids"]) == 2 else "many rivals"
    listed = [event_id for group in groups for event_id in group["event_ids"]]
    yield "in two groups" if len(listed) > len({*listed}) else "in one group"
    superseded = {name for event_id in applied for name in by_id[event_id].supersedes}
    if superseded & {*applied}:
        yield "superseded"
    if any(superseded & {*by_id[event_id].supersedes} for event_id in superseded & {*applied}):
        yield "superseded by a superseded one"
    if any({*by_id[event_id].supersedes} - superseded for event_id in listed):
        yield "not superseded by a contradicting one"
    times = [by_id[event_id].created_at for event_id in applied]
    yield "not in the order of time" if times != sorted(times) else "in the order of time"


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
def test_ten_thousand_graphs(chunk: int) -> None:
    """Against the rules written again; and each kind of trouble is there, in every thousand graphs."""
    tally: Counter[str] = Counter()
    for seed in range(1000 * chunk, 1000 * chunk + 1000):
        drafts = seeded_graph(seed, most=20 if seed % 10 == 0 else 10, misfits=(0.0, 0.1, 0.5)[seed % 3])
        expected = outcome(drafts)
        events = events_of(drafts)
        random.Random(seed).shuffle(events)
        assert fold(events).canonical_bytes == rfc8785.dumps(expected), f"seed {seed}"
        tally.update({*kinds_of(drafts, expected)})
    assert {kind for kind, count in tally.items() if count >= 10} >= KINDS, tally


KINDS = {
    *REASONS,
    "predecessor-missing",
    "predecessor-cycle",
    "supersedes-other-signer",
    "its predecessor is there, and invalid",
    "all copies valid",
    "valid and invalid copies",
    "several reasons",
    "unknown type applied",
    "follows another signer",
    "0 records applied by 0 signers",
    "1 records applied by 1 signers",
    "2 records applied by 1 signers",
    "2 records applied by 2 signers",
    "record",
    "no record",
    "1 signers",
    "2 signers",
    "3 signers",
    "no invalid event",
    "invalid events",
    "contradicting records",
    "contradicting successors",
    "two rivals",
    "many rivals",
    "in two groups",
    "superseded",
    "superseded by a superseded one",
    "not superseded by a contradicting one",
    "not in the order of time",
}


@st.composite
def superseding_records(draw: st.DrawFn) -> list[Draft]:
    """One signer's records and other events, densely superseding one another: the rule of rivals alone."""
    count = draw(st.integers(2, 9))
    return [
        Draft(
            event_id=name_of(index),
            event_type=draw(st.sampled_from(["record_created", "record_created", "correction"])),
            target="record",
            created_at=f"2026-05-18T00:00:0{draw(st.integers(0, 2))}Z",
            supersedes=tuple(name_of(other) for other in draw(st.sets(st.integers(0, index - 1), max_size=3)))
            if index
            else (),
            payload={},
        )
        for index in range(count)
    ]


@MANY
@given(superseding_records())
def test_who_contradicts_whom_among_the_records_of_one_signer(drafts: list[Draft]) -> None:
    assert fold(events_of(drafts)).to_dict() == outcome(drafts)


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


def kept(events: Iterable[Event]) -> list[Event]:
    """Return what a mirror that holds some events may keep of them: one copy of each, the one that counts."""
    best: dict[str, tuple[bool, str, Event]] = {}
    for event in events:
        reason = check_by_signature(event)
        copy = (reason is not None, reason or "", event)
        known = best.get(event.content.event_id)
        if known is None or copy[:2] < known[:2]:
            best[event.content.event_id] = copy
    return [event for _, _, event in best.values()]


@SOME
@given(graphs(), st.data())
def test_mirrors_may_be_merged_in_any_grouping(drafts: list[Draft], draw: st.DataObject) -> None:
    """Commutative, associative, idempotent: whoever merges parts, and merges what came of that, comes to one state."""
    events = events_of(drafts)
    expected = fold(events).canonical_bytes
    held = [draw.draw(st.sets(st.integers(0, 2), min_size=1, max_size=3)) for _ in events]
    a, b, c = ([event for event, mirrors in zip(events, held, strict=True) if at in mirrors] for at in range(3))
    for together in (
        [*a, *b, *c],
        [*c, *a, *b],
        [*kept([*a, *b]), *c],
        [*a, *kept([*b, *c])],
        [*kept([*c, *kept([*b, *a])]), *a, *b],
        kept([*a, *b, *c]),
        [*a, *b, *c, *a, *b, *c],
    ):
        assert fold(together).canonical_bytes == expected


@SOME
@given(graphs(), graphs(most=3, circles=False))
def test_an_unknown_type_changes_no_list(drafts: list[Draft], added: list[Draft]) -> None:
    """As long as it neither supersedes nor contradicts: that it may do as any other event."""
    before = fold(events_of(drafts)).content
    strangers = [
        replace(
            draft,
            event_id=name_of(("added", index)),
            event_type="made_up_in_2050",
            signer_id=f"stranger {index}",
            supersedes=(),
            copies=(None,),
        )
        for index, draft in enumerate(added)
    ]
    after = fold(events_of([*drafts, *strangers])).content
    assert after.current.canonical_bytes == before.current.canonical_bytes
    assert after.equivocations == before.equivocations
    assert [name for name in after.applied_event_ids if name in {*before.applied_event_ids}] == [
        *before.applied_event_ids
    ]
    invalid = {event.event_id for event in after.invalid_events}
    new = {draft.event_id for draft in strangers}
    assert {*after.applied_event_ids} == {*before.applied_event_ids} | (new - invalid)


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
