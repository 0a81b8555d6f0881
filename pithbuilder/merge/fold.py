"""From a set of events to the state (``pith-open-graph-merge-v1``): the same bytes from any order of arrival.

The rules are :func:`merge_events`, which knows nothing of documents. Verifying merges typed events into a typed
state (:func:`fold_events`); issuing merges what it has just composed and composes the state itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Generic, NamedTuple, TypeAlias

from pithbuilder.documents.alias import SourceAliases
from pithbuilder.documents.event import Event
from pithbuilder.documents.payloads import RecordCreated
from pithbuilder.documents.state import (
    AppliedEvent,
    CurrentState,
    Equivocation,
    InvalidEvent,
    State,
    StateContent,
)
from pithbuilder.merge.event import MergeEvent, Shown, merge_event_of
from pithbuilder.merge.order import find_equivocations, order_events
from pithbuilder.merge.reducers import reduce_events

EventCheck: TypeAlias = Callable[[Event], str | None]
"""Returns None for an event that is valid taken by itself, else a stable reason code."""


class Merged(NamedTuple, Generic[Shown]):
    """What some events amount to.

    Attributes:
        valid_event_count: How many events are valid; the invalid ones are all in ``invalid_events``.
        applied_event_ids: In the order of application.
        record_created: What is shown of the ``record_created`` that counts.
        lists: What is shown of the other events in force: each of the state's lists by its name.
        equivocations: Groups of events that contradict each other.
        invalid_events: Sorted by identifier.
    """

    valid_event_count: int
    applied_event_ids: list[str]
    record_created: Shown | None
    lists: dict[str, list[Shown]]
    equivocations: list[Equivocation]
    invalid_events: list[InvalidEvent]


def merge_events(valid: Mapping[str, MergeEvent[Shown]], reasons: Mapping[str, str]) -> Merged[Shown]:
    """Return what some events amount to.

    Args:
        valid: Recomputed event identifier to event, of events that are valid taken one by one.
        reasons: Recomputed event identifier to reason code, of those that are not.
    """
    order, misfits = order_events(valid)
    equivocations = find_equivocations(order, valid)
    equivocating = {event_id for group in equivocations for event_id in group.event_ids}
    applied = [event_id for event_id in order if event_id not in equivocating]
    record_created, lists = reduce_events(applied, valid)
    return Merged(
        valid_event_count=len(order),
        applied_event_ids=applied,
        record_created=record_created,
        lists=lists,
        equivocations=equivocations,
        invalid_events=[
            InvalidEvent(event_id=event_id, reason=reason)
            for event_id, reason in sorted({**reasons, **misfits}.items())
        ],
    )


def fold_events(
    pith_number: str,
    events: Iterable[Event],
    *,
    check: EventCheck,
    source_aliases: SourceAliases,
) -> State:
    """Return the state that some events amount to, with its digest; see :func:`fold_content`."""
    return State.sealed(fold_content(pith_number, events, check=check, source_aliases=source_aliases))


def fold_content(
    pith_number: str,
    events: Iterable[Event],
    *,
    check: EventCheck,
    source_aliases: SourceAliases,
) -> StateContent:
    """Return what some events amount to.

    No signing time and no building time enters it. Events are counted by their recomputed identifier; an event
    is valid if any of its copies is.

    Args:
        pith_number: The number, in full.
        events: In any order, with duplicates.
        check: Judges one event by itself.
        source_aliases: The bundle's aliases.
    """
    valid: dict[str, MergeEvent[AppliedEvent]] = {}
    reasons: dict[str, str] = {}
    for event in events:
        event_id = event.content.event_id
        if event_id in valid:
            continue
        reason = check(event)
        if reason is None:
            valid[event_id] = merge_event_of(event.content, AppliedEvent.of(event))
            reasons.pop(event_id, None)
        else:
            reasons[event_id] = min(reason, reasons.get(event_id, reason))
    merged = merge_events(valid, reasons)
    return StateContent(
        pith_number=pith_number,
        event_count=merged.valid_event_count + len(merged.invalid_events),
        valid_event_count=merged.valid_event_count,
        invalid_event_count=len(merged.invalid_events),
        equivocation_count=len(merged.equivocations),
        current=_current_state(merged, source_aliases),
        applied_event_ids=tuple(merged.applied_event_ids),
        equivocations=tuple(merged.equivocations),
        invalid_events=tuple(merged.invalid_events),
    )


def _current_state(merged: Merged[AppliedEvent], source_aliases: SourceAliases) -> CurrentState:
    created, lists = merged.record_created, merged.lists
    return CurrentState(
        canonical_record=None if created is None else created.payload.read_as(RecordCreated).canonical_record,
        source_aliases=source_aliases,
        record_created=created,
        graph_snapshots=tuple(lists["graph_snapshots"]),
        author_attestations=tuple(lists["author_attestations"]),
        timestamp_anchors=tuple(lists["timestamp_anchors"]),
        storage_attestations=tuple(lists["storage_attestations"]),
        citation_signatures=tuple(lists["citation_signatures"]),
        replication_records=tuple(lists["replication_records"]),
        corrections=tuple(lists["corrections"]),
        mirror_hints=tuple(lists["mirror_hints"]),
    )
