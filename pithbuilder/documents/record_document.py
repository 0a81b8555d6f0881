"""The record document: one number's record and receipt for a resolver's page (``pith/<suffix>.json``)."""

from __future__ import annotations

from typing import ClassVar, Final, Self

import attrs

from pithbuilder.documents.base import Document, Reader, SmallDocument
from pithbuilder.documents.receipt import Receipt
from pithbuilder.documents.record import RECORD_SCHEMA_VERSION, CanonicalRecord, SourceReference
from pithbuilder.documents.snapshot import PaperSummary

RECORD_DOCUMENT_TYPE: Final = "pith_number_record"


@attrs.frozen(kw_only=True, slots=False)
class VerificationStatus(SmallDocument):
    """What the graph says about the record (wire field ``verification_status``); unsigned, derived.

    Attributes:
        content_addressed: The number follows from the record.
        pith_receipt: There is a receipt.
        graph_snapshot: There is a snapshot.
        author_attested: There is an author's attestation.
        weak_author_claims: How many weak ones.
        strong_author_claims: How many strong ones.
        externally_anchored: There is a confirmed time anchor.
        storage_verified: There is a storage attestation.
        citation_signatures: How many.
        replication_records: How many.
        references_resolved: The snapshot has resolved references.
        formal_links_present: The snapshot has formal evidence.
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
