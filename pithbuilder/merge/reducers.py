"""Which list of a state an applied event goes to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pithbuilder.documents.event import RECORD_CREATED
from pithbuilder.documents.event_family import EVENT_FAMILIES
from pithbuilder.merge.event import MergeEvent, Shown

_LISTS: Final = {name: family.state_list for name, family in EVENT_FAMILIES.items() if family.state_list}
"""Event type to the state's list; a type that is not here is applied and stands in no list."""


def reduce_events(events: Iterable[MergeEvent[Shown]]) -> tuple[Shown | None, dict[str, list[Shown]]]:
    """Return what holds after some events.

    Args:
        events: Applied and not superseded, in the order of application. The first ``record_created`` counts.

    Returns:
        What is shown of that ``record_created``; and each of the state's lists by its name, also the empty ones.
    """
    record_created: Shown | None = None
    lists: dict[str, list[Shown]] = {name: [] for name in _LISTS.values()}
    for event in events:
        if event.event_type == RECORD_CREATED:
            if record_created is None:
                record_created = event.shown
        elif (name := _LISTS.get(event.event_type)) is not None:
            lists[name].append(event.shown)
    return record_created, lists
