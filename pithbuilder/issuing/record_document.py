"""The record document that goes with a bundle; everything in it is taken from the bundle."""

from __future__ import annotations

from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.event import GRAPH_SNAPSHOT, GraphSnapshotPayload, RecordCreated
from pithbuilder.documents.record_document import RecordDocument, VerificationStatus
from pithbuilder.documents.state import AppliedEvent, CurrentState
from pithbuilder.errors import DocumentError


def build_record_document(bundle: Bundle, schema_url: str) -> RecordDocument:
    """Return the record document of a bundle.

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
    created = _created(current.record_created)
    snapshot = _snapshot(current.graph_snapshots[-1])
    return RecordDocument(
        schema_url=schema_url,
        pith_number=content.pith_number,
        short_pith_number=content.short_pith_number,
        canonical_sha256=content.canonical_sha256,
        source=content.source,
        paper=snapshot.graph_snapshot.paper,
        verification_status=derive_verification_status(current, snapshot),
        canonical_record=content.canonical_record,
        receipt=created.receipt,
        attestation_state=created.attestation_state,
    )


def derive_verification_status(current: CurrentState, snapshot: GraphSnapshotPayload) -> VerificationStatus:
    """Return what a state says about its record, in the record document's terms.

    Author claims count by the ``strength`` in their payload; an anchor counts when its ``status`` is
    ``confirmed``.

    Args:
        current: The state's ``current``.
        snapshot: Its newest snapshot.
    """
    strengths = [attestation.payload.to_dict().get("strength") for attestation in current.author_attestations]
    anchors = [anchor.payload.to_dict().get("status") for anchor in current.timestamp_anchors]
    graph = snapshot.graph_snapshot
    return VerificationStatus(
        content_addressed=True,
        pith_receipt=current.record_created is not None,
        graph_snapshot=True,
        author_attested=bool(strengths),
        weak_author_claims=strengths.count("weak"),
        strong_author_claims=strengths.count("strong"),
        externally_anchored="confirmed" in anchors,
        storage_verified=bool(current.storage_attestations),
        citation_signatures=len(current.citation_signatures),
        replication_records=len(current.replication_records),
        references_resolved=graph.references.count > 0 and graph.references.resolved_work == graph.references.count,
        formal_links_present=graph.formal_canon.evidence_count > 0,
    )


def _created(applied: AppliedEvent) -> RecordCreated:
    if isinstance(applied.payload, RecordCreated):
        return applied.payload
    return RecordCreated.from_dict(applied.payload.to_dict(), "$.state.current.record_created.payload")


def _snapshot(applied: AppliedEvent) -> GraphSnapshotPayload:
    if isinstance(applied.payload, GraphSnapshotPayload):
        return applied.payload
    return GraphSnapshotPayload.from_dict(applied.payload.to_dict(), f"$.state.current.{GRAPH_SNAPSHOT}s[-1].payload")
