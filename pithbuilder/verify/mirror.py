"""Key documents, keyrings and mirror manifests."""

from __future__ import annotations

from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.core.json_difference import first_difference
from pithbuilder.core.json_path import ROOT
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.keyring_document import KeyringDocument
from pithbuilder.documents.mirror import MANIFEST_TYPE, MANIFEST_VERSION, MirrorManifest
from pithbuilder.documents.state import MERGE_VERSION
from pithbuilder.errors import DocumentError, KeyMaterialError, RotationError, printable
from pithbuilder.signing.keyring import Keyring
from pithbuilder.verify.checks import Checks
from pithbuilder.verify.key_chain import KeyChain, follow
from pithbuilder.verify.report import SignatureKey, VerificationReport
from pithbuilder.verify.signatures import KnownKeys


def verify_key_document(value: JsonObject, keyring: Keyring, chain: KeyChain | None = None) -> VerificationReport:
    """Verify a published key: its fields agree, and it contradicts no pinned key; ``trusted`` if it is pinned.

    Args:
        value: The document as parsed from the wire.
        keyring: The trusted keys.
        chain: The chain of the mirror in which the document is; it must then be the one in there of the key that
            signs, in every field.
    """
    checks = Checks()
    keys = KnownKeys(keyring)
    try:
        document = KeyDocument.from_dict(value)
    except DocumentError as error:
        checks.refused(error)
        return checks.report("key_document", "")
    keys.bring_one(document, checks, ROOT)
    key = keys.find(document.key_id)
    if key is not None and keyring.window_of(key).compromised:
        checks.fail("compromised-key", "$.key_id", "others may have had this key: it is revoked", found=document.key_id)
    if chain is not None:
        _check_signing_key(checks, document, chain.latest.entry.key)
    if key is not None:
        pinned = keys.is_pinned(document.key_id, key)
        checks.signed_by(SignatureKey(document.key_id, document.fingerprint_sha256_hex, pinned))
    return checks.report("key_document", "")


def _check_signing_key(checks: Checks, document: KeyDocument, entry: KeyDocument) -> None:
    """Check that a mirror's key document is the one in its keyring, of the key that signs or was the last to."""
    same_key = checks.equal(
        "signing-key",
        "$.key_id",
        (document.key_id, document.public_key_hex),
        (entry.key_id, entry.public_key_hex),
        "not the key that signs, as the keyring beside it says",
    )
    difference = first_difference(document.to_dict(), entry.to_dict())
    if same_key and difference is not None:
        place, found, expected = difference
        checks.fail(
            "signing-key",
            place,
            "not what the keyring beside it says of this key",
            expected=printable(expected),
            found=found,
        )


def verify_keyring(value: JsonObject, keyring: Keyring) -> tuple[VerificationReport, Keyring, KeyChain | None]:
    """Verify a published keyring, and follow its chain where a key of it is pinned.

    Returns:
        The report, ``trusted`` if the chain could be followed; the trusted keys, those that it reaches among them;
        and the chain, None if it is broken.
    """
    checks = Checks()
    try:
        document = KeyringDocument.from_dict(value)
        chain = KeyChain.read(document)
        checks.passed("keyring", "$")
        reached = follow(keyring, chain)
    except RotationError as error:
        if error.code != "rotation-unpinned":
            checks.refused(error)
            return checks.report("keyring", ""), keyring, None
        reached = keyring
    except (DocumentError, KeyMaterialError) as error:
        checks.refused(error)
        return checks.report("keyring", ""), keyring, None
    for key in chain.keys:
        trusted = reached.get(key.key_id) == key.key
        checks.signed_by(SignatureKey(key.key_id, key.entry.key.fingerprint_sha256_hex, trusted))
    return checks.report("keyring", ""), reached, chain


def verify_manifest(value: JsonObject) -> VerificationReport:
    """Verify a mirror manifest: it is not signed, so ``self-consistent`` is the best verdict."""
    checks = Checks()
    try:
        manifest = MirrorManifest.from_dict(value)
    except DocumentError as error:
        checks.refused(error)
        return checks.report("mirror_manifest", "", unsigned=True)
    for name, found, expected in (
        ("manifest_type", manifest.manifest_type, MANIFEST_TYPE),
        ("manifest_version", manifest.manifest_version, MANIFEST_VERSION),
        ("merge_version", manifest.merge_version, MERGE_VERSION),
    ):
        checks.equal("manifest", f"$.{name}", found, expected, "not what a manifest of this project says")
    for index, mirror in enumerate(manifest.mirrors):
        for name, pattern in (
            ("bundle_pattern", mirror.bundle_pattern),
            ("state_pattern", mirror.state_pattern),
            ("well_known_pattern", mirror.well_known_pattern),
        ):
            place = f"$.mirrors[{index}].{name}"
            if pattern.startswith(f"{mirror.base_url}/") and pattern.count("{suffix}") == 1:
                checks.passed("manifest", place)
            else:
                checks.fail(
                    "manifest",
                    place,
                    "pattern does not lead into the mirror",
                    expected="the base_url, and {suffix} once",
                    found=pattern,
                )
    return checks.report("mirror_manifest", "", unsigned=True)
