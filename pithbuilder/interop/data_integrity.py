"""W3C Data Integrity proofs with the cryptosuite ``eddsa-jcs-2022``: making one, and verifying one offline.

A proof signs two digests: that of its own options, and that of the document without it, both as canonical JSON. Keys
are never fetched: ``did:key`` carries its key, and of ``did:web`` the key's name is looked up among the pinned keys,
and must be that of a key that is published at the identifier's address.
"""

from __future__ import annotations

import copy
import re
from datetime import UTC, datetime
from typing import Final

import attrs

from pithbuilder.core.canonical_json import JsonObject, JsonValue, canonicalize
from pithbuilder.core.encoding import decode_base58, encode_base58
from pithbuilder.core.json_path import ROOT, child_path
from pithbuilder.core.timestamps import format_seconds, parse_seconds
from pithbuilder.documents.key_document import fingerprint_hex
from pithbuilder.documents.mirror import SIGNING_KEY_PATH
from pithbuilder.documents.preimage import Preimage
from pithbuilder.documents.wire import json_type_name
from pithbuilder.errors import CanonicalizationError, EncodingError, FormatError, InteropError, PithError, printable
from pithbuilder.interop.did_web import DID_WEB, did_web, key_id_of_method
from pithbuilder.interop.multikey import DID_KEY, MULTIBASE_BASE58, decode_did_key_method
from pithbuilder.signing.ed25519 import SIGNATURE_LENGTH, PublicKey
from pithbuilder.signing.keyring import ALWAYS, Keyring
from pithbuilder.signing.signer import Signer
from pithbuilder.verify.checks import Checks
from pithbuilder.verify.document import verify_known_kind
from pithbuilder.verify.report import SignatureKey, Verdict, VerificationReport, worst
from pithbuilder.verify.signatures import NO_TIME_PROOFS, KnownKeys, TimeProofs

PROOF_TYPE: Final = "DataIntegrityProof"
CRYPTOSUITE: Final = "eddsa-jcs-2022"
ASSERTION: Final = "assertionMethod"

_PROOF: Final = child_path(ROOT, "proof")
_CONTEXT: Final = "@context"
_LONGEST_PROOF_VALUE: Final = 128
_DIGEST_LENGTH: Final = 32
# XML Schema's dateTimeStamp, as proofs of other software may spell it.
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)


def sign_credential(
    value: JsonObject,
    signer: Signer,
    *,
    verification_method: str,
    created: str,
    proof_purpose: str = ASSERTION,
) -> JsonObject:
    """Return a document with a proof added to it.

    Args:
        value: A credential, a record document, or any other JSON object without a proof.
        signer: Signs the proof.
        verification_method: Where the signer's key is found: ``did:key:…#…`` of that key, or ``did:web:…#<key_id>``.
        created: The instant of signing, UTC, whole seconds.
        proof_purpose: What the proof is for.

    Raises:
        InteropError: ``credential-has-proof``, ``credential-created``, ``credential-method``, ``credential-number``,
            ``credential-value``, or what is wrong with the method's spelling.
    """
    if "proof" in value:
        raise InteropError(
            "credential-has-proof",
            "document has a proof already",
            where=_PROOF,
            expected="a document without proof",
            hint="remove the proof to replace it; several proofs in one document are not supported",
        )
    try:
        parse_seconds(created)
    except FormatError as error:
        raise InteropError(
            "credential-created", error.message, where="created", expected=error.expected, found=error.found
        ) from error
    _check_method(verification_method, signer)
    options: JsonObject = {
        "type": PROOF_TYPE,
        "cryptosuite": CRYPTOSUITE,
        "created": created,
        "verificationMethod": verification_method,
        "proofPurpose": proof_purpose,
    }
    if _CONTEXT in value:
        options[_CONTEXT] = copy.deepcopy(value[_CONTEXT])
    signature = signer.sign(_preimage(options, value))
    return {**value, "proof": {**options, "proofValue": MULTIBASE_BASE58 + encode_base58(signature)}}


def verify_credential(
    value: JsonObject, keyring: Keyring, time_proofs: TimeProofs = NO_TIME_PROOFS
) -> VerificationReport:
    """Verify the one proof of a document, and a document of this project, without it, as such as well.

    The verdict is then the worse of the two. It is ``self-consistent`` at best with a proof by a key of ``did:key``
    that is not pinned under any name, or with an ``issuer`` that is not whom the proof names.

    Args:
        value: The document as parsed from the wire.
        keyring: The pinned keys.
        time_proofs: What proves that a document was there before its key was compromised.
    """
    checks = Checks()
    keys = KnownKeys(keyring, time_proofs)
    unsecured = {name: member for name, member in value.items() if name != "proof"}
    proof = value.get("proof")
    if isinstance(proof, dict):
        _check_proof(checks, proof, unsecured, keyring, keys)
    elif isinstance(proof, list):
        checks.fail(
            "proof-several",
            _PROOF,
            "proofs in an array, sets and chains of proofs, are not supported",
            expected="one proof, an object",
            found=f"an array of {len(proof)}",
        )
    else:
        found = json_type_name(proof) if "proof" in value else "nothing"
        checks.fail("proof-missing", _PROOF, "document has no proof", expected="one proof, an object", found=found)
    foreign = "issuer" in value and isinstance(proof, dict) and not _is_issuer(value["issuer"], proof)
    if foreign:
        checks.note("credential-issuer", "$.issuer", "issuer is not whom the proof names: compare the two")
    report = checks.report("credential", "", unsigned=foreign)
    own = verify_known_kind(unsecured, keyring, time_proofs)
    return report if own is None else _joined(report, own)


def _joined(proof: VerificationReport, own: VerificationReport) -> VerificationReport:
    """Return one report on a document of this project: that on its proof, and that on itself without the proof."""
    covered = proof.verdict is not Verdict.INVALID
    return attrs.evolve(
        proof,
        verdict=worst((proof.verdict, own.verdict)),
        pith_number=own.pith_number,
        checks=(*proof.checks, *(check for check in own.checks if not (covered and check.code == "unsigned"))),
        keys=tuple(dict.fromkeys((*proof.keys, *own.keys))),
    )


def _preimage(options: JsonObject, document: JsonObject) -> Preimage:
    try:
        canonical = canonicalize(document)
        return Preimage.of_proof(canonicalize(options), canonical)
    except CanonicalizationError as error:
        if error.code in ("json-float", "json-integer-range"):
            raise InteropError(
                "credential-number",
                "number in the document cannot be signed",
                where=error.where,
                expected=error.expected,
                found=error.found,
                hint='write the number as a string, such as "0.5"; floats have no one spelling everywhere',
            ) from error
        raise InteropError(
            "credential-value",
            f"document has no canonical form: {error.message}",
            where=error.where,
            expected=error.expected,
            found=error.found,
        ) from error


def _check_method(method: str, signer: Signer) -> None:
    """Refuse to name a key in the proof that is not the signer's."""
    if method.startswith(DID_KEY):
        right = decode_did_key_method(method) == signer.public_key
    else:
        right = method.startswith(DID_WEB) and key_id_of_method(method) == signer.key_id
    if not right:
        raise InteropError(
            "credential-method",
            "verification method is not the signer's key",
            where="verificationMethod",
            expected=f"did:key:…#… of the key {signer.key_id}, or did:web:…#{signer.key_id}",
            found=printable(method),
        )


def _check_proof(checks: Checks, proof: JsonObject, unsecured: JsonObject, keyring: Keyring, keys: KnownKeys) -> None:
    options = {name: member for name, member in proof.items() if name != "proofValue"}
    for code, name, expected in (
        ("proof-type", "type", PROOF_TYPE),
        ("proof-cryptosuite", "cryptosuite", CRYPTOSUITE),
        ("proof-purpose", "proofPurpose", ASSERTION),
    ):
        checks.equal(code, child_path(_PROOF, name), proof.get(name), expected, "proof is not one that is known here")
    _check_created(checks, proof)
    _check_other_members(checks, proof)
    document = _signed_document(checks, proof, unsecured)
    signature = _signature_of(checks, proof)
    found = _key_of(checks, proof, keyring)
    if document is None:
        return
    try:
        preimage = _preimage(options, document)
    except InteropError as error:
        checks.refused(error)
        return
    if signature is None or found is None:
        return
    public_key, key = found
    if public_key.verify(signature, preimage.digest):
        checks.passed("proof-signature", child_path(_PROOF, "proofValue"))
        checks.signed_by(key)
        if keyring.window_of(public_key) != ALWAYS:
            _check_standing(checks, proof, keyring.names(public_key)[0], preimage, keys)
    else:
        checks.fail(
            "proof-signature",
            child_path(_PROOF, "proofValue"),
            "signature is not by this key over this document and this proof",
            expected=f"Ed25519 by {key.key_id} over {preimage.digest.hex()}",
            found=proof.get("proofValue"),
        )


def _check_standing(checks: Checks, proof: JsonObject, key_id: str, preimage: Preimage, keys: KnownKeys) -> None:
    """Check that a key that does not always sign was one to sign with when the proof was made."""
    path = child_path(_PROOF, "verificationMethod")
    created = proof.get("created")
    if not isinstance(created, str) or not _is_instant(created):
        checks.fail(
            "key-window", path, "proof does not say when it was made, and its key does not always sign", found=key_id
        )
        return
    signed_at = format_seconds(datetime.fromisoformat(created).astimezone(UTC))
    fault = keys.standing_fault(key_id, preimage.digest[_DIGEST_LENGTH:], signed_at, _PROOF)
    if fault is not None:
        checks.add(attrs.evolve(fault, path=path))


def _check_created(checks: Checks, proof: JsonObject) -> None:
    path = child_path(_PROOF, "created")
    if "created" not in proof:
        checks.note("proof-created", path, "proof does not say when it was made")
        return
    created = proof["created"]
    if isinstance(created, str) and _is_instant(created):
        checks.passed("proof-created", path)
        return
    checks.fail(
        "proof-created",
        path,
        "not an instant that exists",
        expected="YYYY-MM-DDThh:mm:ssZ, or with a fraction or an offset",
        found=created,
    )


def _is_instant(text: str) -> bool:
    if _INSTANT.fullmatch(text) is None:
        return False
    try:
        datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return False
    return True


def _is_issuer(issuer: JsonValue, proof: JsonObject) -> bool:
    """Say whether a document's issuer is whom the proof names: the part of its verification method before ``#``."""
    stated = issuer.get("id") if isinstance(issuer, dict) else issuer
    method = proof.get("verificationMethod")
    return isinstance(method, str) and stated == method.partition("#")[0]


def _check_other_members(checks: Checks, proof: JsonObject) -> None:
    """Look at what changes the meaning of a proof, or makes it one of several."""
    if "previousProof" in proof:
        path = child_path(_PROOF, "previousProof")
        checks.fail("proof-chain", path, "proof continues another one: chains of proofs are not supported")
    if "expires" in proof:
        path = child_path(_PROOF, "expires")
        checks.note("proof-expires", path, "proof says until when it is to be relied on; that is not checked here")


def _signed_document(checks: Checks, proof: JsonObject, unsecured: JsonObject) -> JsonObject | None:
    """Return the document as it was signed: with the contexts of the proof, which the document's must begin with."""
    path = child_path(_PROOF, _CONTEXT)
    if _CONTEXT not in proof:
        if _CONTEXT in unsecured:
            checks.note("proof-context", path, "proof does not repeat the document's @context")
        return unsecured
    wanted, found = _contexts(proof[_CONTEXT]), _contexts(unsecured.get(_CONTEXT, []))
    try:
        same = canonicalize(found[: len(wanted)]) == canonicalize(wanted)  # True is not 1 here, as it is for ==
    except CanonicalizationError:
        same = False
    if not same:
        checks.fail(
            "proof-context",
            path,
            "document's @context does not begin with that of the proof",
            expected=printable(wanted),
            found=found,
        )
        return None
    checks.passed("proof-context", path)
    if len(found) > len(wanted):
        checks.note("unsigned", child_path(ROOT, _CONTEXT), "contexts behind those of the proof are not signed")
    return {**unsecured, _CONTEXT: proof[_CONTEXT]}


def _contexts(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else [value]


def _signature_of(checks: Checks, proof: JsonObject) -> bytes | None:
    text = proof.get("proofValue")
    if isinstance(text, str) and text.startswith(MULTIBASE_BASE58) and len(text) <= _LONGEST_PROOF_VALUE:
        try:
            signature = decode_base58(text[1:])
        except EncodingError:
            signature = b""
        if len(signature) == SIGNATURE_LENGTH:
            return signature
    checks.fail(
        "proof-value",
        child_path(_PROOF, "proofValue"),
        "proof value is not a signature",
        expected=f"z and base58btc of {SIGNATURE_LENGTH} bytes",
        found=text,
    )
    return None


def _key_of(checks: Checks, proof: JsonObject, keyring: Keyring) -> tuple[PublicKey, SignatureKey] | None:
    """Return the key that the proof names, as far as it is known without a network."""
    path = child_path(_PROOF, "verificationMethod")
    method = proof.get("verificationMethod")
    if not isinstance(method, str) or not method.startswith((DID_KEY, DID_WEB)):
        checks.fail(
            "proof-method",
            path,
            "verification method cannot be looked up offline",
            expected="did:key:z6Mk…#z6Mk…, or did:web:HOST#KEY-ID with a pinned key",
            found=method,
        )
        return None
    try:
        if method.startswith(DID_KEY):
            public_key = decode_did_key_method(method)
            names = keyring.names(public_key)
            key_id = names[0] if names else method.partition("#")[0]
            checks.passed("proof-method", path)
            return public_key, SignatureKey(key_id, fingerprint_hex(public_key.raw), bool(names))
        key_id = key_id_of_method(method)
    except PithError as error:
        checks.fail("proof-method", path, error.message, expected=error.expected, found=method)
        return None
    pinned = keyring.get(key_id)
    if pinned is None:
        checks.fail(
            "proof-key",
            path,
            "proof names a key that is not pinned; keys are not fetched from the network",
            expected="a pinned key of that id: give its key document with --trust",
            found=key_id,
        )
        return None
    checks.passed("proof-method", path)
    _check_controller(checks, method.partition("#")[0], keyring.address(key_id), path)
    return pinned, SignatureKey(key_id, fingerprint_hex(pinned.raw), True)


def _check_controller(checks: Checks, did: str, address: str, path: str) -> None:
    """Check that a ``did:web`` identifier is that of the address at which its key is published."""
    base_url = address.removesuffix(f"/{SIGNING_KEY_PATH}")
    try:
        expected = did_web(base_url) if base_url != address else ""
    except InteropError:
        expected = ""
    if did == expected:
        checks.passed("proof-controller", path)
        return
    checks.fail(
        "proof-controller",
        path,
        "the key is pinned, but not as a key of whom the proof names",
        expected=expected or f"did:key, for the key's document has no https address of a {SIGNING_KEY_PATH}",
        found=did,
    )
