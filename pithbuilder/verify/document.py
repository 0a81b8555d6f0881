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
from pithbuilder.verify.signatures import KnownKeys
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
    if "bundle_type" in value:
        return verify_bundle_value(value, keyring)
    if "state_type" in value:
        return verify_state(value, keyring)
    if "record_type" in value:
        return verify_record_document(value, KnownKeys(keyring))
    if "manifest_type" in value:
        return verify_manifest(value)
    if "keyring_type" in value:
        return verify_keyring(value, keyring)[0]
    if "public_key_b64" in value:
        return verify_key_document(value, keyring)
    checks = Checks()
    checks.fail(
        "document-kind",
        "$",
        "not a document that can be verified",
        expected="a bundle, state, record document, key document, keyring or mirror manifest",
        found=", ".join(sorted(value)[:5]),
    )
    return checks.report("unknown", "")
