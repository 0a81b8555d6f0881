"""The state: what all events of one number amount to, recomputable by anyone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final, Self

import attrs

from pithbuilder.documents.alias import SourceAliases
from pithbuilder.documents.base import (
    Content,
    Document,
    Fields,
    OpaqueDocument,
    Reader,
    SealedDocument,
    SmallDocument,
)
from pithbuilder.documents.event import Event
from pithbuilder.documents.preimage import left_out_of
from pithbuilder.documents.record import CanonicalRecord
from pithbuilder.documents.signature import EventSigner

STATE_TYPE: Final = "pith_open_graph_state"
STATE_VERSION: Final = "1.0"
MERGE_VERSION: Final = "pith-open-graph-merge-v1"


@attrs.frozen(kw_only=True, slots=False)
class AppliedEvent(SmallDocument):
    """An event as a state shows it: without signature, so that no signing time enters a state."""

    document_kind: ClassVar[str] = "applied_event"

    event_id: str
    target: str
    created_at: str
    signer: EventSigner
    payload: Document

    @classmethod
    def of(cls, event: Event) -> AppliedEvent:
        """Return what a state shows of an event; the identifier is the recomputed one."""
        content = event.content
        return cls(
            event_id=content.event_id,
            target=content.target,
            created_at=content.created_at,
            signer=content.signer,
            payload=content.payload,
        )

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            event_id=reader.text("event_id"),
            target=reader.text("target"),
            created_at=reader.whole_second("created_at"),
            signer=reader.document("signer", EventSigner),
            payload=reader.document("payload", OpaqueDocument),
            extra=reader.extra(cls),
        )


@attrs.frozen(kw_only=True, slots=False)
class CurrentState(Document):
    """What holds now (wire field ``current``): the record, its aliases, and the applied events by family."""

    document_kind: ClassVar[str] = "current_state"

    canonical_record: CanonicalRecord | None
    source_aliases: SourceAliases
    record_created: AppliedEvent | None
    graph_snapshots: tuple[AppliedEvent, ...] = ()
    author_attestations: tuple[AppliedEvent, ...] = ()
    timestamp_anchors: tuple[AppliedEvent, ...] = ()
    storage_attestations: tuple[AppliedEvent, ...] = ()
    citation_signatures: tuple[AppliedEvent, ...] = ()
    replication_records: tuple[AppliedEvent, ...] = ()
    corrections: tuple[AppliedEvent, ...] = ()
    mirror_hints: tuple[AppliedEvent, ...] = ()

    def events(self) -> Iterator[AppliedEvent]:
        """Yield every event that is in force."""
        if self.record_created is not None:
            yield self.record_created
        yield from self.graph_snapshots
        yield from self.author_attestations
        yield from self.timestamp_anchors
        yield from self.storage_attestations
        yield from self.citation_signatures
        yield from self.replication_records
        yield from self.corrections
        yield from self.mirror_hints

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            canonical_record=reader.document_or_null("canonical_record", CanonicalRecord),
            source_aliases=SourceAliases.read(reader, "source_aliases"),
            record_created=reader.document_or_null("record_created", AppliedEvent),
            graph_snapshots=reader.documents("graph_snapshots", AppliedEvent),
            author_attestations=reader.documents("author_attestations", AppliedEvent),
            timestamp_anchors=reader.documents("timestamp_anchors", AppliedEvent),
            storage_attestations=reader.documents("storage_attestations", AppliedEvent),
            citation_signatures=reader.documents("citation_signatures", AppliedEvent),
            replication_records=reader.documents("replication_records", AppliedEvent),
            corrections=reader.documents("corrections", AppliedEvent),
            mirror_hints=reader.documents("mirror_hints", AppliedEvent),
            extra=reader.extra(cls),
        )


@attrs.frozen(kw_only=True, slots=False)
class InvalidEvent(SmallDocument):
    """An event that does not count (wire field ``invalid_events[]``): its recomputed id, and a reason code."""

    document_kind: ClassVar[str] = "invalid_event"

    event_id: str
    reason: str

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(event_id=reader.text("event_id"), reason=reader.text("reason"), extra=reader.extra(cls))


@attrs.frozen(kw_only=True, slots=False)
class Equivocation(SmallDocument):
    """Events of one signer that contradict each other (wire field ``equivocations[]``); none is applied."""

    document_kind: ClassVar[str] = "equivocation"

    signer_id: str
    target: str
    prev_event: str | None
    event_ids: tuple[str, ...]

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            signer_id=reader.text("signer_id"),
            target=reader.text("target"),
            prev_event=reader.text_or_null("prev_event"),
            event_ids=reader.texts("event_ids"),
            extra=reader.extra(cls),
        )


@attrs.frozen(kw_only=True, slots=False)
class StateContent(Content):
    """What is hashed of a state: everything but ``state_sha256``.

    Attributes:
        pith_number: The number, in full.
        event_count: How many different events there are.
        valid_event_count: How many of them are valid.
        invalid_event_count: How many are not.
        equivocation_count: How many groups of contradicting events there are.
        current: What holds now.
        applied_event_ids: In the order of application.
        equivocations: The groups.
        invalid_events: Sorted by identifier.
        merge_version: ``pith-open-graph-merge-v1``.
        state_type: ``pith_open_graph_state``.
        state_version: ``1.0``.
    """

    document_kind: ClassVar[str] = "state"

    pith_number: str
    event_count: int
    valid_event_count: int
    invalid_event_count: int
    equivocation_count: int
    current: CurrentState
    applied_event_ids: tuple[str, ...]
    equivocations: tuple[Equivocation, ...] = ()
    invalid_events: tuple[InvalidEvent, ...] = ()
    merge_version: str = MERGE_VERSION
    state_type: str = STATE_TYPE
    state_version: str = STATE_VERSION

    @property
    def state_sha256(self) -> str:
        """The digest, always recomputed: 64 hexadecimal digits."""
        return self.digest.hex()

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        content = cls(
            pith_number=reader.text("pith_number"),
            event_count=reader.integer("event_count"),
            valid_event_count=reader.integer("valid_event_count"),
            invalid_event_count=reader.integer("invalid_event_count"),
            equivocation_count=reader.integer("equivocation_count"),
            current=reader.document("current", CurrentState),
            applied_event_ids=reader.texts("applied_event_ids"),
            equivocations=reader.documents("equivocations", Equivocation),
            invalid_events=reader.documents("invalid_events", InvalidEvent),
            merge_version=reader.text("merge_version"),
            state_type=reader.text("state_type"),
            state_version=reader.text("state_version"),
            extra=reader.extra(cls, left_out_of("state")),
        )
        return reader.remember(content, left_out_of("state"))


@attrs.frozen(kw_only=True, slots=False)
class State(SealedDocument):
    """A state with its digest.

    Attributes:
        content: What is hashed; the true digest is ``content.state_sha256``.
        stated_state_sha256: ``state_sha256`` as the document has it.
    """

    document_kind: ClassVar[str] = "sealed_state"

    content: StateContent
    stated_state_sha256: str

    @classmethod
    def sealed(cls, content: StateContent) -> State:
        """Return the state with the digest of its content."""
        return cls(content=content, stated_state_sha256=content.state_sha256)

    def fields(self) -> Fields:
        """Return the fields as on the wire, in one object."""
        return {**self.content.parts, "state_sha256": self.stated_state_sha256}

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(content=StateContent.read(reader), stated_state_sha256=reader.digest("state_sha256"))
