"""The event families: which there are, what their events are about, what they say, and where a state shows them.

This table is the only place that says so. An event of another type is valid, applied, and stands in no list.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs

from pithbuilder.documents.base import Document
from pithbuilder.documents.event import GRAPH_SNAPSHOT, RECORD_CREATED, EventContent
from pithbuilder.documents.mirror import MirrorHint
from pithbuilder.documents.payloads import (
    AuthorAttestation,
    CitationSignature,
    Correction,
    GraphSnapshotPayload,
    RecordCreated,
    ReplicationRecord,
    StorageAttestation,
    TimestampAnchor,
)


@attrs.frozen(kw_only=True)
class EventFamily:
    """One kind of event.

    Attributes:
        event_type: Its name (wire field ``event_type``).
        target: What such an event is about (wire field ``target``).
        state_list: The list of a state's ``current`` that shows such events; empty for ``record_created``, of which
            a state shows one.
        payload: The type of what it says (wire field ``payload``).
        summary: What it says, one line without a full stop.
    """

    event_type: str
    target: str
    state_list: str
    payload: type[Document]
    summary: str


_FAMILIES: Final = (
    EventFamily(
        event_type=RECORD_CREATED,
        target="record",
        state_list="",
        payload=RecordCreated,
        summary="the registry's receipt for the canonical record",
    ),
    EventFamily(
        event_type=GRAPH_SNAPSHOT,
        target="graph",
        state_list="graph_snapshots",
        payload=GraphSnapshotPayload,
        summary="what is shown of the paper: claims, references, verdict, integrity findings",
    ),
    EventFamily(
        event_type="author_attestation",
        target="author",
        state_list="author_attestations",
        payload=AuthorAttestation,
        summary="somebody is an author of the paper, and how they are known",
    ),
    EventFamily(
        event_type="timestamp_anchor",
        target="timestamp",
        state_list="timestamp_anchors",
        payload=TimestampAnchor,
        summary="a proof by somebody else that a digest existed at a time",
    ),
    EventFamily(
        event_type="storage_attestation",
        target="storage",
        state_list="storage_attestations",
        payload=StorageAttestation,
        summary="an archive held these bytes at a time",
    ),
    EventFamily(
        event_type="citation_signature",
        target="citation",
        state_list="citation_signatures",
        payload=CitationSignature,
        summary="the paper cites another one, and how it stands to it",
    ),
    EventFamily(
        event_type="replication_record",
        target="replication",
        state_list="replication_records",
        payload=ReplicationRecord,
        summary="somebody tried the paper's results, or proved them formally",
    ),
    EventFamily(
        event_type="correction",
        target="record",
        state_list="corrections",
        payload=Correction,
        summary="something about the paper or its record is wrong, and where it is put right",
    ),
    EventFamily(
        event_type="mirror_hint",
        target="mirror",
        state_list="mirror_hints",
        payload=MirrorHint,
        summary="a place where the bundle can be had",
    ),
)

EVENT_FAMILIES: Final[Mapping[str, EventFamily]] = MappingProxyType({item.event_type: item for item in _FAMILIES})
"""Event type to family."""


def typed_payload(content: EventContent, path: str = "$.payload") -> Document | None:
    """Return what an event says, as its family's type; None for an unknown event type.

    Args:
        content: The event.
        path: Where the payload stands, for error messages.

    Raises:
        DocumentError: The payload is not what the family's type reads; see :meth:`Document.from_dict`.
    """
    family = EVENT_FAMILIES.get(content.event_type)
    return None if family is None else content.payload.read_as(family.payload, path)
