"""Bundles on which something is to be built: only what holds, and where it may be changed."""

from __future__ import annotations

from collections.abc import Iterable

from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.payloads import RecordCreated
from pithbuilder.documents.wire import parse_object
from pithbuilder.errors import EventError, printable
from pithbuilder.signing.keyring import Keyring
from pithbuilder.stores.bundle_place import BundlePlace
from pithbuilder.verify.bundle import verify_bundle
from pithbuilder.verify.key_chain import KeyChain
from pithbuilder.verify.report import Verdict, VerificationReport
from pithbuilder.verify.signatures import STANDING_CODES


def load_trusted_bundle(
    data: bytes,
    keyrings: Iterable[Keyring],
    where: str,
    otherwise: str = "the bundle is not to be trusted, so nothing is added to it",
) -> Bundle:
    """Return a bundle that is trusted under one of some keyrings.

    Args:
        data: The bundle's bytes.
        keyrings: The trusted keys, in the order in which they are tried: at least one keyring.
        where: What to call the bundle in errors.
        otherwise: What to say if it is not.

    Raises:
        EventError: ``bundle-untrusted``.
    """
    report = VerificationReport(document_kind="bundle", verdict=Verdict.INVALID)
    for keyring in keyrings:
        report = verify_bundle(data, keyring)
        if report.verdict is Verdict.TRUSTED:
            return Bundle.from_dict(parse_object(data))
    raise EventError(
        "bundle-untrusted",
        otherwise,
        where=where,
        expected="a trusted bundle",
        found=_why_not(report),
        hint=_how_to_go_on(report),
    )


def load_bundle_to_sign(data: bytes, keyring: Keyring, where: str) -> Bundle:
    """Return a bundle of whose number something may be said: one that holds, whoever signed it.

    Args:
        data: The bundle's bytes.
        keyring: The trusted keys.
        where: What to call the bundle in errors.

    Raises:
        EventError: ``bundle-invalid``.
    """
    report = verify_bundle(data, keyring)
    if report.verdict is not Verdict.INVALID:
        return Bundle.from_dict(parse_object(data))
    raise EventError(
        "bundle-invalid",
        "the bundle is invalid, so nothing is signed about it",
        where=where,
        expected="a bundle that is trusted or self-consistent",
        found=_why_not(report),
        hint="see 'pithbuilder verify'",
    )


def refuse_other_mirror(place: BundlePlace, chain: KeyChain) -> None:
    """Refuse a bundle that stands in the mirror of somebody else.

    Args:
        place: Where the bundle is.
        chain: The keys of whoever wants to change it.

    Raises:
        EventError: ``bundle-mirror``.
        StoreError: ``read-failed``.
    """
    if place.tree is not None and not place.tree.shows_keys_of(chain):
        raise EventError(
            "bundle-mirror",
            "the bundle stands in a mirror that is not this issuer's",
            where=str(place.path),
            hint="copy the bundle elsewhere and extend the copy",
        )


def refuse_other_record(before: Bundle, after: Bundle) -> None:
    """Refuse to put another record in the place of the one in force: its issuer could not issue it again.

    Args:
        before: The bundle.
        after: The bundle with more events.

    Raises:
        EventError: ``record-displaced``; the record in force would be another signer's, or of another first time.
    """
    was, would = _recorded(before), _recorded(after)
    if was and was != would:
        raise EventError(
            "record-displaced",
            "another record_created would take the place of the one in force",
            where=after.content.pith_number,
            expected=was,
            found=would,
            hint="leave that event out; 'pithbuilder log' and 'pithbuilder merge' show what is in force",
        )


def _recorded(bundle: Bundle) -> str:
    shown = bundle.content.state.content.current.record_created
    if shown is None:
        return ""
    receipt = shown.payload.read_as(RecordCreated, "$.payload").receipt
    return f"{printable(shown.signer.signer_id)}, first at {receipt.first_computed_at}"


def _how_to_go_on(report: VerificationReport) -> str:
    if any(failure.code in STANDING_CODES for failure in report.failures):
        return "what rests on a key that others may have had is signed again with 'pithbuilder reissue'"
    return "see 'pithbuilder verify'; pin its issuer's keys with --trust if you know them to be genuine"


def _why_not(report: VerificationReport) -> str:
    failures = report.failures
    return f"{failures[0].code} at {failures[0].path}" if failures else report.verdict.value
