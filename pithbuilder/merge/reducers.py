"""Which list of a state an applied event goes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from pithbuilder.documents.alias import SourceAliases
from pithbuilder.documents.event import RECORD_CREATED, Event, RecordCreated
from pithbuilder.documents.record import CanonicalRecord
from pithbuilder.documents.state import AppliedEvent, CurrentState

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


def reduce_events(events: Iterable[Event], source_aliases: SourceAliases) -> CurrentState:
    """Return what holds after some events.

    Args:
        events: Applied and not superseded, in the order of application. The first ``record_created`` counts.
        source_aliases: The bundle's aliases.
    """
    record: CanonicalRecord | None = None
    record_created: AppliedEvent | None = None
    lists: dict[str, list[AppliedEvent]] = {}
    for event in events:
        event_type = event.content.event_type
        if event_type == RECORD_CREATED:
            if record_created is None:
                record_created = AppliedEvent.of(event)
                record = RecordCreated.of(event.content.payload).canonical_record
        elif (name := LIST_OF_EVENT_TYPE.get(event_type)) is not None:
            lists.setdefault(name, []).append(AppliedEvent.of(event))
    return CurrentState(
        canonical_record=record,
        source_aliases=source_aliases,
        record_created=record_created,
        graph_snapshots=tuple(lists.get("graph_snapshots", ())),
        author_attestations=tuple(lists.get("author_attestations", ())),
        timestamp_anchors=tuple(lists.get("timestamp_anchors", ())),
        storage_attestations=tuple(lists.get("storage_attestations", ())),
        citation_signatures=tuple(lists.get("citation_signatures", ())),
        replication_records=tuple(lists.get("replication_records", ())),
        corrections=tuple(lists.get("corrections", ())),
        mirror_hints=tuple(lists.get("mirror_hints", ())),
    )
