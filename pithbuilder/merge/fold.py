"""From a set of events to the state (``pith-open-graph-merge-v1``): the same bytes from any order of arrival."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from pithbuilder.documents.alias import SourceAliases
from pithbuilder.documents.event import Event
from pithbuilder.documents.state import InvalidEvent, State, StateContent
from pithbuilder.merge.order import find_equivocations, order_events
from pithbuilder.merge.reducers import reduce_events

EventCheck: TypeAlias = Callable[[Event], str | None]
"""Returns None for an event that is valid taken by itself, else a stable reason code."""


def fold_events(
    pith_number: str,
    events: Iterable[Event],
    *,
    check: EventCheck,
    source_aliases: SourceAliases,
) -> State:
    """Return the state that some events amount to.

    No signing time and no building time enters it. Events are counted by their recomputed identifier; an event
    is valid if any of its copies is.

    Args:
        pith_number: The number, in full.
        events: In any order, with duplicates.
        check: Judges one event by itself.
        source_aliases: The bundle's aliases.

    Returns:
        The state, with its digest.
    """
    valid: dict[str, Event] = {}
    reasons: dict[str, str] = {}
    for event in events:
        event_id = event.content.event_id
        if event_id in valid:
            continue
        reason = check(event)
        if reason is None:
            valid[event_id] = event
            reasons.pop(event_id, None)
        else:
            reasons[event_id] = min(reason, reasons.get(event_id, reason))
    contents = {event_id: event.content for event_id, event in valid.items()}
    order, misfits = order_events(contents)
    reasons.update(misfits)
    equivocations = find_equivocations(order, contents)
    equivocating = {event_id for group in equivocations for event_id in group.event_ids}
    applied = [event_id for event_id in order if event_id not in equivocating]
    superseded = {name for event_id in applied for name in contents[event_id].supersedes}
    current = reduce_events([valid[event_id] for event_id in applied if event_id not in superseded], source_aliases)
    return State.sealed(
        StateContent(
            pith_number=pith_number,
            event_count=len(order) + len(reasons),
            valid_event_count=len(order),
            invalid_event_count=len(reasons),
            equivocation_count=len(equivocations),
            current=current,
            applied_event_ids=tuple(applied),
            equivocations=tuple(equivocations),
            invalid_events=tuple(
                [InvalidEvent(event_id=event_id, reason=reason) for event_id, reason in sorted(reasons.items())]
            ),
        )
    )
