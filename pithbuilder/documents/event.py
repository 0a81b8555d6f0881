"""Events: signed, hash-named statements about one Pith Number."""

from __future__ import annotations

from typing import ClassVar, Final, Self

import attrs

from pithbuilder.core.made_once import made_once
from pithbuilder.documents.base import Content, Document, Fields, OpaqueDocument, Reader, SealedDocument
from pithbuilder.documents.preimage import left_out_of
from pithbuilder.documents.signature import EventSignature, EventSigner

EVENT_SCHEMA_VERSION: Final = "1.0"
EVENT_ID_PREFIX: Final = "sha256:"

RECORD_CREATED: Final = "record_created"
GRAPH_SNAPSHOT: Final = "graph_snapshot"


@attrs.frozen(kw_only=True, slots=False)
class EventContent(Content):
    """What is hashed of an event: everything but its identifiers and its signature.

    Attributes:
        event_type: The family, ``record_created``, ``graph_snapshot`` and so on.
        subject_pith_number: The number that the event is about, in full.
        target: What of it: ``record``, ``graph`` …
        payload: The family's own object.
        signer: Who says so.
        created_at: Whole seconds, UTC.
        supersedes: Identifiers of events that this one replaces.
        prev_event: Identifier of the event that this one follows; None for a first one.
        schema_version: ``1.0``.
    """

    document_kind: ClassVar[str] = "event"

    event_type: str
    subject_pith_number: str
    target: str
    payload: Document
    signer: EventSigner
    created_at: str
    supersedes: tuple[str, ...] = ()
    prev_event: str | None = None
    schema_version: str = EVENT_SCHEMA_VERSION

    @property
    def content_sha256(self) -> str:
        """The digest, always recomputed: 64 hexadecimal digits."""
        return self.digest.hex()

    @made_once
    def event_id(self) -> str:
        """The identifier, always recomputed: ``sha256:`` and the digest."""
        return EVENT_ID_PREFIX + self.content_sha256

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        content = cls(
            event_type=reader.text("event_type"),
            subject_pith_number=reader.text("subject_pith_number"),
            target=reader.text("target"),
            payload=reader.document("payload", OpaqueDocument),
            signer=reader.document("signer", EventSigner),
            created_at=reader.whole_second("created_at"),
            supersedes=reader.texts("supersedes"),
            prev_event=reader.text_or_null("prev_event"),
            schema_version=reader.text("schema_version"),
            extra=reader.extra(cls, left_out_of("event")),
        )
        return reader.remember(content, left_out_of("event"))


@attrs.frozen(kw_only=True, slots=False)
class Event(SealedDocument):
    """A signed event.

    Attributes:
        content: What is hashed; the event's true identifier is ``content.event_id``.
        signature: The signature over the content's digest.
        stated_event_id: ``event_id`` as the document has it.
        stated_content_sha256: ``content_sha256`` as the document has it.
    """

    document_kind: ClassVar[str] = "signed_event"

    content: EventContent
    signature: EventSignature
    stated_event_id: str
    stated_content_sha256: str

    @classmethod
    def sealed(cls, content: EventContent, signature: EventSignature) -> Event:
        """Return the event with the identifiers that its content gives it."""
        return cls(
            content=content,
            signature=signature,
            stated_event_id=content.event_id,
            stated_content_sha256=content.content_sha256,
        )

    def fields(self) -> Fields:
        """Return the fields as on the wire, in one object."""
        return {
            **self.content.parts,
            "content_sha256": self.stated_content_sha256,
            "event_id": self.stated_event_id,
            "signature": self.signature,
        }

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            content=EventContent.read(reader),
            signature=reader.document("signature", EventSignature),
            stated_event_id=reader.text("event_id"),
            stated_content_sha256=reader.digest("content_sha256"),
        )
