"""From what a person or program has to say to the payload of an event."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs

from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.core.pith_number import PithNumber
from pithbuilder.documents.base import Document
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.event import GRAPH_SNAPSHOT, RECORD_CREATED
from pithbuilder.documents.event_family import EVENT_FAMILIES
from pithbuilder.documents.mirror import MirrorHint
from pithbuilder.documents.payloads import GraphSnapshotPayload
from pithbuilder.documents.snapshot_data import SnapshotData
from pithbuilder.errors import EventError

OPTIONAL_MEMBERS: Final[Mapping[str, JsonObject]] = MappingProxyType(
    {
        "timestamp_anchor": {"block_height": None, "authority": None},
        "storage_attestation": {"archive": ""},
        "replication_record": {"outcome": "", "system": None},
        "correction": {"corrected_pith_number": None},
    }
)
"""Event type to the members of its data that may be left out, and what they are then."""

_OTHER_MIRROR: Final = "mirror"


def build_payload(event_type: str, data: JsonObject, bundle: Bundle, *, builder_version: str) -> Document | None:
    """Return what an event is to say; None for ``record_created``, which an issuer makes from the bundle.

    Args:
        event_type: The event's family.
        data: The payload's members. Of a ``graph_snapshot`` the rows (schema ``graph_snapshot_data``); of a
            ``timestamp_anchor`` without ``digest_sha256`` the record's digest is meant; of a ``mirror_hint``, ``name``
            and ``base_url`` are enough for a mirror with the usual paths.
        bundle: The bundle that the event is about.
        builder_version: What stands as such in a snapshot.

    Raises:
        DocumentError: The data lacks a member, or has one of no use; ``where`` is the JSON path.
        EventError: ``event-no-snapshot``: the bundle has no snapshot whose paper a new one could show.
    """
    if event_type == RECORD_CREATED:
        return None
    if event_type == GRAPH_SNAPSHOT:
        return _build_snapshot(data, bundle, builder_version)
    members = {**OPTIONAL_MEMBERS.get(event_type, {}), **data}
    if event_type == "timestamp_anchor":
        members.setdefault("digest_sha256", bundle.content.canonical_sha256)
    elif event_type == "mirror_hint":
        members = {**_usual_addresses(data, bundle), **data}
    return EVENT_FAMILIES[event_type].payload.from_dict(members)


def _build_snapshot(data: JsonObject, bundle: Bundle, builder_version: str) -> GraphSnapshotPayload:
    snapshots = bundle.content.state.content.current.graph_snapshots
    if not snapshots:
        raise EventError(
            "event-no-snapshot",
            "no snapshot is in force whose paper a new one could show",
            where=bundle.content.pith_number,
            hint="mint the paper again from its source",
        )
    last = snapshots[-1].payload.read_as(GraphSnapshotPayload, "$.payload").graph_snapshot
    snapshot_data = SnapshotData.from_dict(data)
    return snapshot_data.build_payload(paper=last.paper, source=last.source, builder_version=builder_version)


def _usual_addresses(data: JsonObject, bundle: Bundle) -> JsonObject:
    base_url, name = data.get("base_url"), data.get("name")
    if not isinstance(base_url, str) or not isinstance(name, str):
        return {}
    suffix = PithNumber.parse(bundle.content.pith_number).suffix
    hint = MirrorHint.of(suffix, name=name, base_url=base_url)
    return attrs.evolve(hint, status=_OTHER_MIRROR).to_dict()
