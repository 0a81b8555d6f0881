"""Any one document, told apart by what is in it."""

from __future__ import annotations

from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.documents.wire import parse_object
from pithbuilder.errors import WireError
from pithbuilder.signing.keyring import Keyring
from pithbuilder.verify.bundle import verify_bundle_value
from pithbuilder.verify.checks import Checks
from pithbuilder.verify.mirror import verify_key_document, verify_keyring, verify_manifest
from pithbuilder.verify.record_document import verify_record_document
from pithbuilder.verify.report import VerificationReport
from pithbuilder.verify.signatures import NO_TIME_PROOFS, KnownKeys, TimeProofs
from pithbuilder.verify.state import verify_state


def verify_document(data: bytes, keyring: Keyring) -> VerificationReport:
    """Verify a bundle, state, record document, key document, keyring or mirror manifest.

    Args:
        data: The document's bytes.
        keyring: The pinned keys.

    Returns:
        The report; bad input makes an ``invalid`` report, not an exception.
    """
    try:
        value = parse_object(data)
    except WireError as error:
        checks = Checks()
        checks.refused(error)
        return checks.report("unknown", "")
    return verify_value(value, keyring)


def verify_value(value: JsonObject, keyring: Keyring) -> VerificationReport:
    """Verify one document that has been parsed strictly; see :func:`verify_document`."""
    report = verify_known_kind(value, keyring)
    if report is not None:
        return report
    checks = Checks()
    checks.fail(
        "document-kind",
        "$",
        "not a document that can be verified",
        expected="a bundle, state, record document, key document, keyring or mirror manifest",
        found=", ".join(sorted(value)[:5]),
    )
    return checks.report("unknown", "")


def verify_known_kind(
    value: JsonObject, keyring: Keyring, time_proofs: TimeProofs = NO_TIME_PROOFS
) -> VerificationReport | None:
    """Verify one document that has been parsed strictly, if it is of a kind that is known here.

    Args:
        value: The document as parsed from the wire.
        keyring: The pinned keys.
        time_proofs: What proves that something was signed before its key was compromised.

    Returns:
        The report; None for a document of another kind.
    """
    if "bundle_type" in value:
        return verify_bundle_value(value, keyring, time_proofs)
    if "state_type" in value:
        return verify_state(value, keyring)
    if "record_type" in value:
        return verify_record_document(value, KnownKeys(keyring, time_proofs))
    if "manifest_type" in value:
        return verify_manifest(value)
    if "keyring_type" in value:
        return verify_keyring(value, keyring)[0]
    if "public_key_b64" in value:
        return verify_key_document(value, keyring)
    return None
