"""Which list of a state an applied event goes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from pithbuilder.documents.event import RECORD_CREATED
from pithbuilder.merge.event import MergeEvent, Shown

LIST_OF_EVENT_TYPE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "graph_snapshot": "graph_snapshots",
        "author_attestation": "author_attestations",
        "timestamp_anchor": "timestamp_anchors",
        "storage_attestation": "storage_attestations",
        "citation_signature": "citation_signatures",
        "replication_record": "replication_records",
        "correction": "corrections",
        "mirror_hint": "mirror_hints",
    }
)
"""Event type to the state's list; a type that is not here is applied and stands in no list."""


def reduce_events(events: Iterable[MergeEvent[Shown]]) -> tuple[Shown | None, dict[str, list[Shown]]]:
    """Return what holds after some events.

    Args:
        events: Applied and not superseded, in the order of application. The first ``record_created`` counts.

    Returns:
        What is shown of that ``record_created``; and each of the state's lists by its name, also the empty ones.
    """
    record_created: Shown | None = None
    lists: dict[str, list[Shown]] = {name: [] for name in LIST_OF_EVENT_TYPE.values()}
    for event in events:
        if event.event_type == RECORD_CREATED:
            if record_created is None:
                record_created = event.shown
        elif (name := LIST_OF_EVENT_TYPE.get(event.event_type)) is not None:
            lists[name].append(event.shown)
    return record_created, lists
