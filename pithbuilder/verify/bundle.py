"""Bundles: every digest recomputed, every signature checked, every copy compared, the state merged again."""

from __future__ import annotations

import re
from typing import Final

import attrs

from pithbuilder.core.canonical_json import JsonObject, is_plain
from pithbuilder.core.json_path import ROOT, child_path
from pithbuilder.documents.base import Reader
from pithbuilder.documents.bundle import BUNDLE_TYPE, BUNDLE_VERSION, Bundle, BundleContent
from pithbuilder.documents.event import GRAPH_SNAPSHOT, Event
from pithbuilder.documents.mirror import bundle_path, state_path, well_known_bundle_path
from pithbuilder.documents.payloads import GraphSnapshotPayload
from pithbuilder.documents.preimage import Preimage
from pithbuilder.documents.signature import EventSigner
from pithbuilder.documents.state import MERGE_VERSION, StateContent
from pithbuilder.documents.wire import parse_object_seen
from pithbuilder.errors import DocumentError, WireError, printable
from pithbuilder.merge.fold import fold_content
from pithbuilder.signing.keyring import Keyring
from pithbuilder.verify.checks import Checks
from pithbuilder.verify.event import JudgedEvent, judge_event
from pithbuilder.verify.record import check_aliases, check_number, check_paper, check_record
from pithbuilder.verify.report import Check, Outcome, VerificationReport
from pithbuilder.verify.signatures import (
    NO_TIME_PROOFS,
    SIGNER_KEY,
    KnownKeys,
    SignerStanding,
    TimeProofs,
    check_signature,
)
from pithbuilder.verify.state import check_merge, check_state_itself, printable_number

_BASE: Final = re.compile("https?://[^/]")


def verify_bundle(data: bytes, keyring: Keyring, *, time_proofs: TimeProofs = NO_TIME_PROOFS) -> VerificationReport:
    """Verify one bundle, offline.

    Args:
        data: The bundle's bytes: JSON in UTF-8, in any member order and spacing.
        keyring: The trusted keys; a key inside the bundle never stands in for one of them.
        time_proofs: What proves that something was signed before its key was compromised.

    Returns:
        The report; bad input makes an ``invalid`` report, not an exception.

    >>> from pithbuilder.signing.keyring import Keyring
    >>> report = verify_bundle(b'{"bundle_type": "pith_open_graph_bundle"}', Keyring())
    >>> report.verdict.value, report.findings[0].code, report.findings[0].path
    ('invalid', 'field-missing', '$.pith_number')
    """
    try:
        value, plain = parse_object_seen(data)
    except WireError as error:
        checks = Checks()
        checks.refused(error)
        return checks.report("bundle", "")
    return _verify(value, plain or is_plain(value), KnownKeys(keyring, time_proofs))


def verify_bundle_value(
    value: JsonObject, keyring: Keyring, time_proofs: TimeProofs = NO_TIME_PROOFS
) -> VerificationReport:
    """Verify one bundle that has been parsed strictly; see :func:`verify_bundle`."""
    return _verify(value, is_plain(value), KnownKeys(keyring, time_proofs))


def _verify(value: JsonObject, plain: bool, keys: KnownKeys) -> VerificationReport:
    checks = Checks()
    try:
        bundle = Bundle.read(Reader(value, ROOT, plain=plain))
    except DocumentError as error:
        checks.refused(error)
    else:
        _check_bundle(checks, bundle, keys)
    return checks.report("bundle", printable_number(value))


def _check_bundle(checks: Checks, bundle: Bundle, keys: KnownKeys) -> None:
    content = bundle.content
    for code, name, found, expected in (
        ("bundle-type", "bundle_type", content.bundle_type, BUNDLE_TYPE),
        ("bundle-version", "bundle_version", content.bundle_version, BUNDLE_VERSION),
        ("merge-version", "merge_version", content.merge_version, MERGE_VERSION),
    ):
        checks.equal(code, f"$.{name}", found, expected, "not what a bundle of this project says")
    keys.bring(content.public_keys, checks, "$.public_keys")
    _check_identity(checks, content)
    _check_addresses(checks, content)
    _check_events_and_state(checks, content, keys)
    _check_bundle_signature(checks, bundle, keys)


def _check_identity(checks: Checks, content: BundleContent) -> None:
    record = content.canonical_record
    check_record(checks, record, content.canonical_sha256, ROOT)
    short_length = check_number(checks, record, content.pith_number, content.short_pith_number, ROOT)
    checks.equal(
        "record-copies",
        "$.source",
        content.source.canonical_bytes,
        record.source.canonical_bytes,
        "source is not that of the canonical record",
    )
    check_aliases(checks, content.source_aliases, record.pith_number, record.source, short_length, "$.source_aliases")


def _check_addresses(checks: Checks, content: BundleContent) -> None:
    suffix = content.canonical_record.pith_number.suffix
    resolver_path = f"/pith/{suffix}"
    links = content.links
    base = links.resolver.removesuffix(resolver_path)
    if base != links.resolver and _BASE.match(base):
        checks.passed("links", "$.links.resolver")
        for name, found, path in (
            ("bundle", links.bundle, bundle_path(suffix)),
            ("state", links.state, state_path(suffix)),
            ("well_known_bundle", links.well_known_bundle, well_known_bundle_path(suffix)),
        ):
            checks.equal("links", f"$.links.{name}", found, f"{base}/{path}", "link leads elsewhere")
    else:
        checks.fail(
            "links", "$.links.resolver", "link leads elsewhere", expected=f"…{resolver_path}", found=links.resolver
        )
    for index, hint in enumerate(content.mirror_hints):
        for name, found, path in (
            ("bundle_url", hint.bundle_url, bundle_path(suffix)),
            ("state_url", hint.state_url, state_path(suffix)),
            ("well_known_bundle_url", hint.well_known_bundle_url, well_known_bundle_path(suffix)),
        ):
            checks.equal(
                "mirror-hints",
                f"$.mirror_hints[{index}].{name}",
                found,
                f"{hint.base_url}/{path}",
                "hint leads elsewhere",
            )


def _check_events_and_state(checks: Checks, content: BundleContent, keys: KnownKeys) -> None:
    number = str(content.canonical_record.pith_number)
    faults: list[Check] = []
    signed: list[tuple[int, Event, JudgedEvent]] = []
    reasons: dict[int, str | None] = {}
    for index, event in enumerate(content.events):
        judged = judge_event(event, number, keys, f"$.events[{index}]")
        reasons[id(event)] = judged.reason
        faults.extend(judged.faults)
        if not judged.faults:
            checks.passed("event", f"$.events[{index}]")
            signed.append((index, event, judged))
    merged = fold_content(
        content.pith_number,
        content.events,
        check=lambda event: reasons[id(event)],
        source_aliases=content.source_aliases,
    )
    check_state_itself(checks, content.state, "$.state")
    agrees = check_merge(checks, content.state, merged, "$.state")
    for fault in faults:  # an invalid event that the state calls invalid is no fault of the bundle
        checks.add(_noted(fault) if agrees else fault)
    if merged.current.record_created is None:
        checks.fail("record-created", "$.events", "no valid record_created event is in force")
    _check_signers(checks, signed, merged, keys)
    applied = set(merged.applied_event_ids)
    for index, event in enumerate(content.events):
        if event.content.event_id in applied:
            _check_snapshot_paper(checks, content, event, f"$.events[{index}].payload.graph_snapshot")
        if event.content.created_at > content.built_at:
            checks.note("event-future", f"$.events[{index}].created_at", "dated after the bundle was built")


def _check_signers(
    checks: Checks, signed: list[tuple[int, Event, JudgedEvent]], merged: StateContent, keys: KnownKeys
) -> None:
    """Hold who is said to have signed each event that is valid by itself against the keys that are known as theirs.

    The state does not depend on it, for others trust other keys. The verdict is about the signers that are known, and
    about whoever recorded the paper: events by unknown signers are noted, and their keys do not count. What speaks
    against a key is fatal in an event of the recorder that is in force; what has been said again under a good key need
    not rest on it, and nobody can make another's bundle invalid.
    """
    recorded = merged.current.record_created
    recorder = None if recorded is None else recorded.signer.signer_id
    in_force = {event.event_id for event in merged.current.events()}
    for index, event, judged in signed:
        signer, used = event.content.signer, judged.keys
        is_recorder, counts = signer.signer_id == recorder, event.content.event_id in in_force
        for fault in judged.standing_faults:
            checks.add(fault if is_recorder and counts else _noted(fault))
        standing = keys.signer_standing(signer.signer_id, signer.key_id)
        if standing is SignerStanding.UNKNOWN and not is_recorder:
            message = "by a signer of whom nothing is known here; --trust takes its keyring"
            checks.add(_signer_note("signer-unknown", index, signer, message))
            continue
        is_anothers = standing is SignerStanding.UNKNOWN and any(key.pinned for key in used)
        if standing is SignerStanding.UNPROVEN or is_anothers:
            message = "by a key that is not known as this signer's: --keyring may lead to it"
            checks.add(_signer_note(SIGNER_KEY, index, signer, message))
        if standing is not SignerStanding.KNOWN or (judged.standing_faults and counts):
            used = tuple(attrs.evolve(key, pinned=False) for key in used)  # not pinned for this
        for key in used:
            checks.signed_by(key)


def _signer_note(code: str, index: int, signer: EventSigner, message: str) -> Check:
    who = f"{printable(signer.signer_id)} with key {printable(signer.key_id)}"
    return Check(code, f"$.events[{index}].signer", Outcome.NOTED, message, found=who)


def _check_snapshot_paper(checks: Checks, content: BundleContent, event: Event, path: str) -> None:
    if event.content.event_type != GRAPH_SNAPSHOT:
        return
    snapshot = event.content.payload.read_as(GraphSnapshotPayload).graph_snapshot
    source, own = snapshot.source, content.canonical_record.source
    if source.canonical_bytes == own.canonical_bytes:
        check_paper(checks, snapshot.paper, content.canonical_record, f"{path}.paper")
    elif (source.kind, source.id) == (own.kind, own.id):
        checks.note("paper", f"{path}.source", "snapshot is of another version than the record")
    else:
        expected = f"{own.kind} {own.id}"
        checks.fail(
            "paper",
            f"{path}.source",
            "snapshot is of another paper",
            expected=expected,
            found=f"{source.kind} {source.id}",
        )


def _check_bundle_signature(checks: Checks, bundle: Bundle, keys: KnownKeys) -> None:
    preimage = Preimage.of(bundle.content)
    for name in sorted(bundle.bundle_signature.extra):
        place = child_path("$.bundle_signature", name)
        checks.note("bundle-signature", place, "an unknown field that no signature covers")
    checks.equal(
        "bundle-digest",
        "$.bundle_signature.bundle_sha256",
        bundle.bundle_signature.bundle_sha256,
        preimage.digest.hex(),
        "stated digest is not that of the bundle",
    )
    check_signature(
        checks,
        bundle.bundle_signature,
        preimage.digest,
        preimage.signed_message,
        keys,
        "$.bundle_signature",
        signed_at=bundle.content.built_at,
    )


def _noted(check: Check) -> Check:
    return Check(check.code, check.path, Outcome.NOTED, check.message, check.expected, check.found)
