"""Which list of a state an applied event goes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pithbuilder.documents.event import RECORD_CREATED
from pithbuilder.documents.event_family import EVENT_FAMILIES
from pithbuilder.merge.event import MergeEvent, Shown

_LISTS: Final = {name: family.state_list for name, family in EVENT_FAMILIES.items() if family.state_list}
"""Event type to the state's list; a type that is not here is applied and stands in no list."""


def reduce_events(
    applied: Sequence[str], events: Mapping[str, MergeEvent[Shown]]
) -> tuple[Shown | None, dict[str, list[Shown]]]:
    """Return what holds after some events.

    Of several ``record_created`` in force, by several signers, the one counts that has the first place; one that
    supersedes another has its place too, so that a record that is issued again stays the one that counts.

    Args:
        applied: Identifiers in the order of application.
        events: Identifier to event.

    Returns:
        What is shown of that ``record_created``; and each of the state's lists by its name, also the empty ones.
    """
    superseded = {name for event_id in applied for name in events[event_id].supersedes}
    record_created: Shown | None = None
    first = len(applied)
    places: dict[str, int] = {}
    lists: dict[str, list[Shown]] = {name: [] for name in _LISTS.values()}
    for index, event_id in enumerate(applied):
        event = events[event_id]
        if event.event_type == RECORD_CREATED:
            place = index
            for earlier in event.supersedes:
                place = min(place, places.get(earlier, index))
            places[event_id] = place
            if place < first and event_id not in superseded:
                record_created, first = event.shown, place
        elif event_id not in superseded and (name := _LISTS.get(event.event_type)) is not None:
            lists[name].append(event.shown)
    return record_created, lists
