"""Key documents and mirror manifests."""

from __future__ import annotations

from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.mirror import MANIFEST_TYPE, MANIFEST_VERSION, MirrorManifest
from pithbuilder.documents.state import MERGE_VERSION
from pithbuilder.errors import DocumentError
from pithbuilder.signing.keyring import Keyring
from pithbuilder.verify.checks import Checks
from pithbuilder.verify.report import SigningKey, VerificationReport
from pithbuilder.verify.signatures import KnownKeys


def verify_key_document(value: JsonObject, keyring: Keyring) -> VerificationReport:
    """Verify a published key: its fields agree, and it contradicts no pinned key; ``trusted`` if it is pinned."""
    checks = Checks()
    keys = KnownKeys(keyring)
    try:
        document = KeyDocument.from_dict(value)
    except DocumentError as error:
        checks.refused(error)
        return checks.report("key_document", "")
    keys.bring([document], checks, "$")
    key = keys.find(document.key_id)
    if key is not None:
        pinned = keys.is_pinned(document.key_id, key)
        checks.signed_by(SigningKey(document.key_id, document.fingerprint_sha256_hex, pinned))
    return checks.report("key_document", "")


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
