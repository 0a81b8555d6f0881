"""One event, taken by itself: is it what it says it is, and signed by whom it says?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pithbuilder.documents.base import NO_ROWS
from pithbuilder.documents.event import (
    EVENT_SCHEMA_VERSION,
    GRAPH_SNAPSHOT,
    RECORD_CREATED,
    Event,
    GraphSnapshotPayload,
    RecordCreated,
)
from pithbuilder.documents.preimage import Preimage
from pithbuilder.documents.snapshot import GraphSnapshot, integrity_sha256
from pithbuilder.errors import DocumentError, printable
from pithbuilder.verify.checks import Checks
from pithbuilder.verify.record import check_receipt, check_record
from pithbuilder.verify.report import Check, Outcome, SigningKey
from pithbuilder.verify.signatures import KnownKeys, find_signature_fault

_TARGETS: Final = {RECORD_CREATED: "record", GRAPH_SNAPSHOT: "graph"}


def judge_event(event: Event, pith_number: str, keys: KnownKeys, path: str) -> tuple[list[Check], list[SigningKey]]:
    """Check one event by itself.

    Args:
        event: The event.
        pith_number: The number that it must be about.
        keys: Where to look up keys.
        path: JSON path of the event.

    Returns:
        The faults, the first of which is the reason for which a state calls the event invalid; none for a valid
        event. And the keys under which its signatures, the receipt's included, are good.
    """
    preimage = Preimage.of(event.content)
    result = find_signature_fault(event.signature, preimage.digest, preimage.signed_message, keys, f"{path}.signature")
    faults = [*_envelope_faults(event, pith_number, path)]
    good_keys: list[SigningKey] = []
    if isinstance(result, SigningKey):
        good_keys.append(result)
    else:
        faults.append(result)
    payload_checks = Checks()
    try:
        _check_payload(payload_checks, event, pith_number, keys, path)
    except DocumentError as error:
        payload_checks.add(
            Check("event-payload", error.where, Outcome.FAILED, error.message, error.expected, error.found)
        )
    faults.extend(check for check in payload_checks.made if check.outcome is Outcome.FAILED)
    good_keys.extend(payload_checks.keys)
    return faults, good_keys


def _envelope_faults(event: Event, pith_number: str, path: str) -> Iterator[Check]:
    content, signature = event.content, event.signature
    for code, name, found, expected, message in (
        ("event-digest", "content_sha256", event.stated_content_sha256, content.content_sha256, "wrong digest"),
        ("event-id", "event_id", event.stated_event_id, content.event_id, "identifier is not the digest's"),
        ("event-subject", "subject_pith_number", content.subject_pith_number, pith_number, "about another number"),
        (
            "event-schema-version",
            "schema_version",
            content.schema_version,
            EVENT_SCHEMA_VERSION,
            "event is of an unknown version",
        ),
        ("event-signer", "signer.key_id", content.signer.key_id, signature.key_id, "signed with another key"),
        (
            "event-signer",
            "signer.public_key_fingerprint",
            content.signer.public_key_fingerprint,
            signature.public_key_fingerprint,
            "signed with another key",
        ),
    ):
        if found != expected:
            yield Check(code, f"{path}.{name}", Outcome.FAILED, message, printable(expected), printable(found))


def _check_payload(checks: Checks, event: Event, pith_number: str, keys: KnownKeys, path: str) -> None:
    place = f"{path}.payload"
    if event.content.event_type in _TARGETS:
        checks.equal(
            "event-target",
            f"{path}.target",
            event.content.target,
            _TARGETS[event.content.event_type],
            "not what such an event is about",
        )
    if event.content.event_type == RECORD_CREATED:
        created = RecordCreated.of(event.content.payload, place)
        record = created.canonical_record
        check_record(checks, record, created.canonical_sha256, place)
        checks.equal(
            "pith-number",
            f"{place}.canonical_record",
            str(record.pith_number),
            pith_number,
            "record of another number",
        )
        for name, found, expected in (
            ("source_kind", created.source_kind, record.source.kind),
            ("source_id", created.source_id, record.source.id),
            ("source_version", created.source_version, record.source.version),
        ):
            checks.equal("record-source", f"{place}.{name}", found, expected, "not the record's source")
        check_receipt(checks, created.receipt, record, keys, f"{place}.receipt")
    elif event.content.event_type == GRAPH_SNAPSHOT:
        snapshot = GraphSnapshotPayload.of(event.content.payload, place).graph_snapshot
        _check_snapshot_digests(checks, snapshot, f"{place}.graph_snapshot")


def _check_snapshot_digests(checks: Checks, snapshot: GraphSnapshot, path: str) -> None:
    """Check the digests of those rows that are inside; where there are none, the digest of no rows."""
    for name, count, rows, stated in (
        ("claims", snapshot.claims.count, snapshot.claims.items, snapshot.claims.snapshot_sha256),
        (
            "references",
            snapshot.references.count,
            snapshot.references.sample,
            snapshot.references.snapshot_sha256,
        ),
        ("formal_canon", snapshot.formal_canon.evidence_count, NO_ROWS, snapshot.formal_canon.snapshot_sha256),
        ("author_claims", snapshot.author_claims.count, NO_ROWS, snapshot.author_claims.snapshot_sha256),
    ):
        if len(rows.values) > count:
            checks.fail("snapshot-rows", f"{path}.{name}", "more rows than are counted", found=len(rows.values))
        elif len(rows.values) == count:
            checks.equal(
                "snapshot-digest",
                f"{path}.{name}.snapshot_sha256",
                stated,
                rows.snapshot_sha256,
                "not the rows' digest",
            )
    if snapshot.integrity is not None:
        checks.equal(
            "snapshot-digest",
            f"{path}.integrity.snapshot_sha256",
            snapshot.integrity.snapshot_sha256,
            integrity_sha256(snapshot.integrity.detectors_run, snapshot.integrity.findings),
            "not the digest of detectors and findings",
        )
