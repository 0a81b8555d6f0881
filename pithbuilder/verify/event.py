"""One event, taken by itself: is it what it says it is, and signed by whom it says?"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from pithbuilder.documents.base import NO_ROWS, Rows
from pithbuilder.documents.event import EVENT_SCHEMA_VERSION, Event
from pithbuilder.documents.event_family import EVENT_FAMILIES, typed_payload
from pithbuilder.documents.payloads import GraphSnapshotPayload, RecordCreated
from pithbuilder.documents.preimage import Preimage
from pithbuilder.documents.snapshot import SEVERITIES, GraphSnapshot, Integrity, IntegritySummary, integrity_sha256
from pithbuilder.errors import DocumentError, printable
from pithbuilder.verify.checks import Checks
from pithbuilder.verify.record import check_receipt, check_record
from pithbuilder.verify.report import Check, Outcome, SignatureKey
from pithbuilder.verify.signatures import STANDING_CODES, KnownKeys, find_signature_fault


@attrs.frozen
class JudgedEvent:
    """What was found out about one event.

    Attributes:
        faults: What makes it invalid, in the order of ``docs/merge.md``. Whether an event is
            valid does not depend on which keys are trusted: every machine merges to the same state.
        standing_faults: What speaks against its signatures, good as they are, because of their keys; of weight only
            as long as the event is in force.
        keys: The keys under which its signatures, the receipt's included, are good.
    """

    faults: tuple[Check, ...]
    standing_faults: tuple[Check, ...]
    keys: tuple[SignatureKey, ...]

    @property
    def reason(self) -> str | None:
        """The reason code that a state gives for an invalid event; None for a valid one."""
        return self.faults[0].code if self.faults else None


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
    """Check that the payload is what its family's type reads, and what it says; of an unknown family nothing."""
    family = EVENT_FAMILIES.get(event.content.event_type)
    if family is None:
        return
    checks.equal(
        "event-target",
        f"{path}.target",
        event.content.target,
        family.target,
        "not what such an event is about",
    )
    place = f"{path}.payload"
    payload = typed_payload(event.content, place)
    if isinstance(payload, RecordCreated):
        _check_created(checks, payload, pith_number, keys, place)
    elif isinstance(payload, GraphSnapshotPayload):
        _check_snapshot(checks, payload.graph_snapshot, f"{place}.graph_snapshot")


def _check_created(checks: Checks, created: RecordCreated, pith_number: str, keys: KnownKeys, path: str) -> None:
    record = created.canonical_record
    check_record(checks, record, created.canonical_sha256, path)
    checks.equal(
        "pith-number",
        f"{path}.canonical_record",
        str(record.pith_number),
        pith_number,
        "record of another number",
    )
    for name, found, expected in (
        ("source_kind", created.source_kind, record.source.kind),
        ("source_id", created.source_id, record.source.id),
        ("source_version", created.source_version, record.source.version),
    ):
        checks.equal("record-source", f"{path}.{name}", found, expected, "not the record's source")
    check_receipt(checks, created.receipt, record, keys, f"{path}.receipt")


def _check_snapshot(checks: Checks, snapshot: GraphSnapshot, path: str) -> None:
    """Check the digests of those rows that are inside, no rows included, and the counts that go with them."""
    references, author_claims = snapshot.references, snapshot.author_claims
    for name, count, rows, stated in (
        ("claims", snapshot.claims.count, snapshot.claims.items, snapshot.claims.snapshot_sha256),
        ("references", references.count, references.sample, references.snapshot_sha256),
        ("formal_canon", snapshot.formal_canon.evidence_count, NO_ROWS, snapshot.formal_canon.snapshot_sha256),
        ("author_claims", author_claims.count, NO_ROWS, author_claims.snapshot_sha256),
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
    for place, part, whole in (
        ("references.resolved_work", references.resolved_work, references.count),
        ("author_claims.strong_count", author_claims.strong_count, author_claims.count),
    ):
        if part > whole:
            checks.fail(
                "snapshot-counts",
                f"{path}.{place}",
                "more of them than there are in all",
                expected=f"at most {whole}",
                found=part,
            )
    if snapshot.integrity is not None:
        _check_integrity(checks, snapshot.integrity, f"{path}.integrity")


def _check_integrity(checks: Checks, integrity: Integrity, path: str) -> None:
    """Check the digest of the findings, and that ``clean`` and the summary fit them."""
    findings, summary = integrity.findings, integrity.summary
    checks.equal(
        "snapshot-digest",
        f"{path}.snapshot_sha256",
        integrity.snapshot_sha256,
        integrity_sha256(integrity.detectors_run, findings),
        "not the digest of detectors and findings",
    )
    found = bool(findings.values)
    if integrity.available and integrity.clean is found:
        checks.fail("snapshot-findings", f"{path}.clean", "does not fit the findings", found=integrity.clean)
    if found or summary.advisory or summary.critical or summary.informational or summary.by_detector.extra:
        _check_summary(checks, summary, findings, f"{path}.summary")


def _check_summary(checks: Checks, summary: IntegritySummary, findings: Rows, path: str) -> None:
    """Check how many findings there are, by severity and by detector.

    The public formats do not say what a finding looks like. Where one does not name its severity or its detector as
    here, or where ``by_detector`` holds something else than numbers, that part of the summary cannot be judged.
    """
    severities, detectors = findings.tally("severity"), findings.tally("detector")
    if sum(severities[name] for name in SEVERITIES) == len(findings.values):
        for name, count in zip(SEVERITIES, (summary.advisory, summary.critical, summary.informational), strict=True):
            if count != severities[name]:
                checks.fail(
                    "snapshot-findings",
                    f"{path}.{name}",
                    "not the number of such findings",
                    expected=str(severities[name]),
                    found=count,
                )
    by_detector = {name: count for name, count in summary.by_detector.extra.items() if count != 0}
    if (
        detectors.total() == len(findings.values)
        and all(type(count) is int for count in by_detector.values())
        and by_detector != detectors
    ):
        checks.fail(
            "snapshot-findings",
            f"{path}.by_detector",
            "not the number of findings by detector",
            expected=printable(dict(detectors)),
            found=summary.by_detector.to_dict(),
        )
