"""What the events of each family say: one payload type for each family, its attributes the wire's fields.

Which family has which type says :mod:`pithbuilder.documents.event_family`. The payload of ``mirror_hint`` is
:class:`pithbuilder.documents.mirror.MirrorHint`.
"""

from __future__ import annotations

from typing import ClassVar, Final, Self

import attrs

from pithbuilder.documents.base import Document, Reader
from pithbuilder.documents.receipt import Receipt
from pithbuilder.documents.record import CanonicalRecord
from pithbuilder.documents.snapshot import GraphSnapshot

IDENTITY_PROVIDERS: Final = ("orcid", "apple", "x", "email")
WEAK: Final = "weak"
STRONG: Final = "strong"
STRENGTHS: Final = (WEAK, STRONG)
ANCHOR_METHODS: Final = ("opentimestamps", "rfc3161")
PENDING: Final = "pending"
CONFIRMED: Final = "confirmed"
ANCHOR_STATUSES: Final = (PENDING, CONFIRMED)
RELATIONSHIPS: Final = (
    "supports",
    "refutes",
    "extends",
    "uses_method",
    "depends_on",
    "replaces",
    "compares",
    "cites",
)
FORMAL_BRIDGE: Final = "formal_bridge"
REPLICATION_KINDS: Final = ("replication", "falsification", FORMAL_BRIDGE)


@attrs.frozen(kw_only=True, slots=False)
class RecordCreated(Document):
    """Payload of ``record_created``.

    Attributes:
        canonical_record: The record.
        canonical_sha256: Its digest, 64 hexadecimal digits.
        receipt: The registry's receipt for it.
        source_kind: ``arxiv``.
        source_id: The record's ``source.id``.
        source_version: The record's ``source.version``.
        attestation_state: ``computed``.
    """

    document_kind: ClassVar[str] = "record_created"

    canonical_record: CanonicalRecord
    canonical_sha256: str
    receipt: Receipt
    source_kind: str
    source_id: str
    source_version: int
    attestation_state: str = "computed"

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            canonical_record=reader.document("canonical_record", CanonicalRecord),
            canonical_sha256=reader.digest("canonical_sha256"),
            receipt=reader.document("receipt", Receipt),
            source_kind=reader.text("source_kind"),
            source_id=reader.text("source_id"),
            source_version=reader.integer("source_version", minimum=1),
            attestation_state=reader.text("attestation_state"),
            extra=reader.extra(cls),
        )


@attrs.frozen(kw_only=True, slots=False)
class GraphSnapshotPayload(Document):
    """Payload of ``graph_snapshot``.

    Attributes:
        graph_snapshot: The snapshot.
        verdict_id: Identifier of the verdict shown in it; None where there is none.
    """

    document_kind: ClassVar[str] = "graph_snapshot_payload"

    graph_snapshot: GraphSnapshot
    verdict_id: str | None = None

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            graph_snapshot=reader.document("graph_snapshot", GraphSnapshot),
            verdict_id=reader.text_or_null("verdict_id"),
            extra=reader.extra(cls),
        )


@attrs.frozen(kw_only=True, slots=False)
class AuthorAttestation(Document):
    """Payload of ``author_attestation``: somebody is an author of the paper, and how they are known.

    Attributes:
        claimant_name: The author's name, not blank.
        identity_provider: Who vouches for the identity: ``orcid``, ``apple``, ``x`` or ``email``.
        identifier: The author at that provider, such as an ORCID iD; not blank.
        strength: ``strong`` where the provider showed that the claimant holds the identity, else ``weak``.
    """

    document_kind: ClassVar[str] = "author_attestation"

    claimant_name: str
    identity_provider: str
    identifier: str
    strength: str

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            claimant_name=reader.text_not_blank("claimant_name"),
            identity_provider=reader.choice("identity_provider", IDENTITY_PROVIDERS),
            identifier=reader.text_not_blank("identifier"),
            strength=reader.choice("strength", STRENGTHS),
            extra=reader.extra(cls),
        )


@attrs.frozen(kw_only=True, slots=False)
class TimestampAnchor(Document):
    """Payload of ``timestamp_anchor``: a proof by somebody else that a digest existed at a time.

    Attributes:
        method: ``opentimestamps`` or ``rfc3161``.
        digest_sha256: What was stamped, 64 hexadecimal digits: the record's digest, or an event's.
        proof_b64: The proof's file as the method has it, strict base64 of at least one byte.
        status: ``pending`` until the time is fixed, then ``confirmed``.
        block_height: Of the Bitcoin block that fixes it, 0 or more; None where there is none (yet).
        authority: The time-stamping authority's or the calendar's name; None where none is named.
    """

    document_kind: ClassVar[str] = "timestamp_anchor"

    method: str
    digest_sha256: str
    proof_b64: str
    status: str
    block_height: int | None
    authority: str | None

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            method=reader.choice("method", ANCHOR_METHODS),
            digest_sha256=reader.digest("digest_sha256"),
            proof_b64=reader.base64("proof_b64"),
            status=reader.choice("status", ANCHOR_STATUSES),
            block_height=reader.integer_or_null("block_height"),
            authority=reader.text_or_null("authority"),
            extra=reader.extra(cls),
        )


@attrs.frozen(kw_only=True, slots=False)
class StorageAttestation(Document):
    """Payload of ``storage_attestation``: an archive held these bytes at a time.

    Attributes:
        url: Where the copy can be had.
        archive: The archive's name; may be empty.
        captured_at: When the archive took the copy, whole seconds, UTC.
        content_sha256: SHA-256 of the bytes that the archive holds, 64 hexadecimal digits.
    """

    document_kind: ClassVar[str] = "storage_attestation"

    url: str
    archive: str
    captured_at: str
    content_sha256: str

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            url=reader.url("url"),
            archive=reader.text("archive"),
            captured_at=reader.whole_second("captured_at"),
            content_sha256=reader.digest("content_sha256"),
            extra=reader.extra(cls),
        )


@attrs.frozen(kw_only=True, slots=False)
class CitationSignature(Document):
    """Payload of ``citation_signature``: this paper cites another one, and how it stands to it.

    Attributes:
        cited_pith_number: The other paper's number, in full.
        relationship: What this paper does to it: ``supports``, ``refutes``, ``extends``, ``uses_method``,
            ``depends_on``, ``replaces``, ``compares`` or ``cites``.
    """

    document_kind: ClassVar[str] = "citation_signature"

    cited_pith_number: str
    relationship: str

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            cited_pith_number=reader.pith_number("cited_pith_number"),
            relationship=reader.choice("relationship", RELATIONSHIPS),
            extra=reader.extra(cls),
        )


@attrs.frozen(kw_only=True, slots=False)
class ReplicationRecord(Document):
    """Payload of ``replication_record``: somebody tried the paper's results, or put them into a proof checker.

    Attributes:
        kind: ``replication``, ``falsification`` or ``formal_bridge`` (a formal proof of what the paper says).
        outcome: What came of it, in words; may be empty.
        url: Where the report or the proof is.
        artifact_sha256: SHA-256 of what is there, 64 hexadecimal digits.
        system: What it was done with, such as ``lean`` or ``coq``; None where that says nothing.
    """

    document_kind: ClassVar[str] = "replication_record"

    kind: str
    outcome: str
    url: str
    artifact_sha256: str
    system: str | None

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            kind=reader.choice("kind", REPLICATION_KINDS),
            outcome=reader.text("outcome"),
            url=reader.url("url"),
            artifact_sha256=reader.digest("artifact_sha256"),
            system=reader.text_or_null("system"),
            extra=reader.extra(cls),
        )


@attrs.frozen(kw_only=True, slots=False)
class Correction(Document):
    """Payload of ``correction``: something about the paper or its record is wrong, and where it is put right.

    Attributes:
        what: What is wrong, not blank.
        reason: Why it is wrong, not blank.
        url: Where the correction is published.
        corrected_pith_number: The number of the corrected paper, in full; None where it has none.
    """

    document_kind: ClassVar[str] = "correction"

    what: str
    reason: str
    url: str
    corrected_pith_number: str | None

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            what=reader.text_not_blank("what"),
            reason=reader.text_not_blank("reason"),
            url=reader.url("url"),
            corrected_pith_number=reader.pith_number_or_null("corrected_pith_number"),
            extra=reader.extra(cls),
        )
