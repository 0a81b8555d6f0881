"""The record document: one number's record and receipt for a resolver's page (``pith/<suffix>.json``)."""

from __future__ import annotations

from typing import ClassVar, Final, Self, TypeVar

import attrs

from pithbuilder.documents.base import Document, Reader, SmallDocument
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.payloads import (
    CONFIRMED,
    FORMAL_BRIDGE,
    STRONG,
    WEAK,
    AuthorAttestation,
    GraphSnapshotPayload,
    RecordCreated,
    ReplicationRecord,
    TimestampAnchor,
)
from pithbuilder.documents.receipt import Receipt
from pithbuilder.documents.record import RECORD_SCHEMA_VERSION, CanonicalRecord, SourceReference
from pithbuilder.documents.snapshot import GraphSnapshot, PaperSummary
from pithbuilder.documents.state import AppliedEvent, CurrentState
from pithbuilder.errors import DocumentError

RECORD_DOCUMENT_TYPE: Final = "pith_number_record"

_D = TypeVar("_D", bound=Document)


@attrs.frozen(kw_only=True, slots=False)
class VerificationStatus(SmallDocument):
    """What the graph says about the record (wire field ``verification_status``); unsigned, derived.

    Attributes:
        content_addressed: The number follows from the record.
        pith_receipt: There is a receipt.
        graph_snapshot: There is a snapshot.
        author_attested: There is an author's attestation, weak or strong.
        weak_author_claims: How many of them are weak.
        strong_author_claims: How many of them are strong.
        externally_anchored: There is a confirmed time anchor; a pending one does not count.
        storage_verified: There is a storage attestation.
        citation_signatures: How many.
        replication_records: How many, of any kind.
        references_resolved: The newest snapshot has references, and all are resolved.
        formal_links_present: The newest snapshot has formal evidence, or there is a formal bridge.
    """

    document_kind: ClassVar[str] = "verification_status"

    content_addressed: bool = True
    pith_receipt: bool = True
    graph_snapshot: bool = True
    author_attested: bool = False
    weak_author_claims: int = 0
    strong_author_claims: int = 0
    externally_anchored: bool = False
    storage_verified: bool = False
    citation_signatures: int = 0
    replication_records: int = 0
    references_resolved: bool = False
    formal_links_present: bool = False

    @classmethod
    def of(cls, current: CurrentState, snapshot: GraphSnapshot) -> VerificationStatus:
        """Return what a state says about its record: of its events, those that are in force, whoever signed them.

        Args:
            current: The state's ``current``.
            snapshot: Its newest snapshot, the last of its list.

        Raises:
            DocumentError: The payload of an event that counts here is not what its family's type reads.
        """
        attested = _payloads_of(current, "author_attestations", AuthorAttestation)
        strengths = [attestation.strength for attestation in attested]
        anchors = _payloads_of(current, "timestamp_anchors", TimestampAnchor)
        replications = _payloads_of(current, "replication_records", ReplicationRecord)
        references = snapshot.references
        return cls(
            content_addressed=True,
            pith_receipt=current.record_created is not None,
            graph_snapshot=True,
            author_attested=bool(strengths),
            weak_author_claims=strengths.count(WEAK),
            strong_author_claims=strengths.count(STRONG),
            externally_anchored=any(anchor.status == CONFIRMED for anchor in anchors),
            storage_verified=bool(current.storage_attestations),
            citation_signatures=len(current.citation_signatures),
            replication_records=len(replications),
            references_resolved=0 < references.count == references.resolved_work,
            formal_links_present=snapshot.formal_canon.evidence_count > 0
            or any(replication.kind == FORMAL_BRIDGE for replication in replications),
        )

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            content_addressed=reader.boolean("content_addressed"),
            pith_receipt=reader.boolean("pith_receipt"),
            graph_snapshot=reader.boolean("graph_snapshot"),
            author_attested=reader.boolean("author_attested"),
            weak_author_claims=reader.integer("weak_author_claims"),
            strong_author_claims=reader.integer("strong_author_claims"),
            externally_anchored=reader.boolean("externally_anchored"),
            storage_verified=reader.boolean("storage_verified"),
            citation_signatures=reader.integer("citation_signatures"),
            replication_records=reader.integer("replication_records"),
            references_resolved=reader.boolean("references_resolved"),
            formal_links_present=reader.boolean("formal_links_present"),
            extra=reader.extra(cls),
        )


def _payloads_of(current: CurrentState, state_list: str, kind: type[_D]) -> list[_D]:
    applied: tuple[AppliedEvent, ...] = getattr(current, state_list)
    place = f"$.state.current.{state_list}"
    return [event.payload.read_as(kind, f"{place}[{index}].payload") for index, event in enumerate(applied)]


@attrs.frozen(kw_only=True, slots=False)
class RecordDocument(Document):
    """A resolver's record document; judged by its receipt.

    Attributes:
        schema_url: Where the document's schema is published.
        pith_number: The number, in full.
        short_pith_number: ``pith:`` and 8 characters, or more where 8 collided.
        canonical_sha256: Digest of the record as the document states it, 64 hexadecimal digits.
        source: The record's source once more.
        paper: What is shown of the paper; covered by no signature here.
        verification_status: What the graph says.
        canonical_record: The record.
        receipt: The registry's receipt for it.
        attestation_state: ``computed``.
        schema_version: ``1.0``.
        record_type: ``pith_number_record``.
    """

    document_kind: ClassVar[str] = "record_document"

    schema_url: str
    pith_number: str
    short_pith_number: str
    canonical_sha256: str
    source: SourceReference
    paper: PaperSummary
    verification_status: VerificationStatus
    canonical_record: CanonicalRecord
    receipt: Receipt
    attestation_state: str = "computed"
    schema_version: str = RECORD_SCHEMA_VERSION
    record_type: str = RECORD_DOCUMENT_TYPE

    @classmethod
    def of(cls, bundle: Bundle, schema_url: str) -> RecordDocument:
        """Return the record document that goes with a bundle; everything in it is taken from the bundle.

        Args:
            bundle: A bundle whose state has a ``record_created`` and at least one ``graph_snapshot``.
            schema_url: What to name as the document's schema.

        Raises:
            DocumentError: ``bundle-incomplete``; the state lacks one of the two, or their payloads are damaged.
        """
        content = bundle.content
        current = content.state.content.current
        if current.record_created is None or not current.graph_snapshots:
            raise DocumentError(
                "bundle-incomplete",
                "bundle has no record document: its state lacks a record_created or a graph_snapshot event",
                where="$.state.current",
                found=content.pith_number,
            )
        created = current.record_created.payload.read_as(RecordCreated, "$.state.current.record_created.payload")
        last = len(current.graph_snapshots) - 1
        snapshot = (
            current.graph_snapshots[last]
            .payload.read_as(GraphSnapshotPayload, f"$.state.current.graph_snapshots[{last}].payload")
            .graph_snapshot
        )
        return cls(
            schema_url=schema_url,
            pith_number=content.pith_number,
            short_pith_number=content.short_pith_number,
            canonical_sha256=content.canonical_sha256,
            source=content.source,
            paper=snapshot.paper,
            verification_status=VerificationStatus.of(current, snapshot),
            canonical_record=content.canonical_record,
            receipt=created.receipt,
            attestation_state=created.attestation_state,
        )

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            schema_url=reader.text("schema_url"),
            pith_number=reader.text("pith_number"),
            short_pith_number=reader.text("short_pith_number"),
            canonical_sha256=reader.digest("canonical_sha256"),
            source=reader.document("source", SourceReference),
            paper=reader.document("paper", PaperSummary),
            verification_status=reader.document("verification_status", VerificationStatus),
            canonical_record=reader.document("canonical_record", CanonicalRecord),
            receipt=reader.document("receipt", Receipt),
            attestation_state=reader.text("attestation_state"),
            schema_version=reader.text("schema_version"),
            record_type=reader.text("record_type"),
            extra=reader.extra(cls),
        )
