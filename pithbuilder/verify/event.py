"""One event, taken by itself: is it what it says it is, and signed by whom it says?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs

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
from pithbuilder.verify.report import Check, Outcome, SignatureKey
from pithbuilder.verify.signatures import STANDING_CODES, KnownKeys, find_signature_fault

_TARGETS: Final = {RECORD_CREATED: "record", GRAPH_SNAPSHOT: "graph"}


@attrs.frozen
class JudgedEvent:
    """What was found out about one event.

    Attributes:
        faults: What makes it invalid; the code of the first is the reason that a state gives. Whether an event is
            valid does not depend on which keys are trusted: every machine merges to the same state.
        standing_faults: What speaks against its signatures, good as they are, because of their keys; of weight only
            as long as the event is in force.
        keys: The keys under which its signatures, the receipt's included, are good.
    """

    faults: tuple[Check, ...]
    standing_faults: tuple[Check, ...]
    keys: tuple[SignatureKey, ...]


def judge_event(event: Event, pith_number: str, keys: KnownKeys, path: str) -> JudgedEvent:
    """Check one event by itself.

    Args:
        event: The event.
        pith_number: The number that it must be about.
        keys: Where to look up keys.
        path: JSON path of the event.
    """
    preimage = Preimage.of(event.content)
    place = f"{path}.signature"
    result = find_signature_fault(event.signature, preimage.digest, preimage.signed_message, keys, place)
    faults = [*_envelope_faults(event, pith_number, path)]
    standing_faults: list[Check] = []
    good_keys: list[SignatureKey] = []
    if isinstance(result, SignatureKey):
        good_keys.append(result)
        standing = keys.standing_fault(result.key_id, preimage.digest, event.content.created_at, place)
        standing_faults.extend([] if standing is None else [standing])
    else:
        faults.append(result)
    payload_checks = Checks()
    try:
        _check_payload(payload_checks, event, pith_number, keys, path)
    except DocumentError as error:
        payload_checks.add(
            Check("event-payload", error.where, Outcome.FAILED, error.message, error.expected, error.found)
        )
    for check in payload_checks.made:
        if check.outcome is Outcome.FAILED:
            (standing_faults if check.code in STANDING_CODES else faults).append(check)
    return JudgedEvent(tuple(faults), tuple(standing_faults), (*good_keys, *payload_checks.keys))


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
