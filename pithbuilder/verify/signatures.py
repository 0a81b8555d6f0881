"""Signatures and the keys that they name.

A key is looked up by its id: in a document that lists keys among those alone, for it must list every key that signed
anything inside; elsewhere among the pinned keys. A listed key never stands in for a pinned one of the same id.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from typing import Final, Protocol

from pithbuilder.core.encoding import decode_base64
from pithbuilder.core.timestamps import format_seconds, parse_instant
from pithbuilder.documents.key_document import KeyDocument, fingerprint_hex
from pithbuilder.documents.signature import ALGORITHM, SIGNATURE_STATUS
from pithbuilder.errors import EncodingError, KeyMaterialError, printable
from pithbuilder.signing.ed25519 import SIGNATURE_LENGTH, PublicKey
from pithbuilder.signing.keyring import ALWAYS, Keyring, public_key_of
from pithbuilder.verify.checks import Checks
from pithbuilder.verify.report import Check, Outcome, SignatureKey

STANDING_CODES: Final = frozenset({"compromised-key", "key-window"})
"""Codes that speak against a good signature because of its key; they depend on which keys are trusted."""


SIGNER_KEY: Final = "signer-key"
"""Code of an event in the name of a signer whose keys are known, by a key that is none of them."""


class SignatureFields(Protocol):
    """What receipts, event signatures and bundle signatures have in common."""

    @property
    def key_id(self) -> str:
        """Which key signed."""
        ...

    @property
    def public_key_fingerprint(self) -> str:
        """Its fingerprint, 32 hexadecimal digits."""
        ...

    @property
    def algorithm(self) -> str:
        """The algorithm."""
        ...

    @property
    def signature_status(self) -> str:
        """The status."""
        ...

    @property
    def signed_message(self) -> str:
        """The name of the signed bytes."""
        ...

    @property
    def signature_b64(self) -> str:
        """64 bytes in base64."""
        ...


class TimeProofs(Protocol):
    """Independent proofs of time: what shows that a digest was there before some instant, whoever signed it.

    That a digest was there does not show that its signature was. A receipt's digest is the record's, which anybody can
    compute: only with proofs of the event and the bundle around it, too, is it shown that the receipt was there.
    """

    def existed_before(self, digest: bytes, instant: datetime) -> bool:
        """Say whether it is proved that ``digest`` (32 raw bytes) was there before ``instant`` (UTC)."""
        ...


class SignerStanding(Enum):
    """Whether a signature is by whom it says, as far as the trusted keys tell."""

    KNOWN = "known"
    """By one of the signer's own keys, or by a key that is trusted whoever it belongs to."""

    UNKNOWN = "unknown"
    """Nothing is known of such a signer."""

    UNPROVEN = "unproven"
    """Keys of the signer are known, and this is none of them: a newer one, or somebody else's."""


class _NoTimeProofs:
    def existed_before(self, digest: bytes, instant: datetime) -> bool:
        return False


NO_TIME_PROOFS: Final[TimeProofs] = _NoTimeProofs()


class KnownKeys:
    """The keys under which one document's signatures are checked."""

    def __init__(self, keyring: Keyring, time_proofs: TimeProofs = NO_TIME_PROOFS) -> None:
        """Know the trusted keys only."""
        self._keyring = keyring
        self._time_proofs = time_proofs
        self._brought: dict[str, PublicKey] = {}
        self._only_listed = False

    def bring(self, documents: Iterable[KeyDocument], checks: Checks, path: str) -> None:
        """Add the keys that a document brought along, checking each.

        From then on only listed keys count: a bundle must list every key that signed anything inside.

        Args:
            documents: The key documents.
            checks: Takes ``public-key`` for each, or what is wrong with it.
            path: JSON path of the array.
        """
        self._only_listed = True
        for index, document in enumerate(documents):
            self.bring_one(document, checks, f"{path}[{index}]")

    def bring_one(self, document: KeyDocument, checks: Checks, path: str) -> None:
        """Add one key that came along, checked as by :meth:`bring`.

        Args:
            document: The key document.
            checks: Takes ``public-key``, or what is wrong with it.
            path: JSON path of the key document.
        """
        self._only_listed = True
        try:
            key = public_key_of(document, path)
        except KeyMaterialError as error:
            checks.refused(error)
            return
        pinned = self._keyring.get(document.key_id)
        if pinned is not None and pinned != key:
            checks.fail(
                "key-conflict",
                f"{path}.public_key_b64",
                "document gives the id of a pinned key to another key",
                expected=f"the pinned key, fingerprint {fingerprint_hex(pinned.raw)}",
                found=document.fingerprint_sha256_hex,
            )
        elif document.key_id in self._brought:
            checks.fail("key-conflict", f"{path}.key_id", "two keys have the same id", found=document.key_id)
        else:
            self._brought[document.key_id] = key
            checks.passed("public-key", path)

    def find(self, key_id: str) -> PublicKey | None:
        """Return the key of that id, or None."""
        if self._only_listed:
            return self._brought.get(key_id)
        return self._keyring.get(key_id)

    def is_pinned(self, key_id: str, key: PublicKey) -> bool:
        """Say whether that key is trusted under that id."""
        return self._keyring.get(key_id) == key

    def signer_standing(self, signer_id: str, key_id: str) -> SignerStanding:
        """Say whether a signer signs with the key of that id.

        Args:
            signer_id: Who is said to have signed.
            key_id: The key under which the signature is good.

        Returns:
            Where keys of the signer are known, ``KNOWN`` for one of them and ``UNPROVEN`` for any other. Where none
            are, ``KNOWN`` for a pinned key of which nobody said whose it is, and ``UNKNOWN`` for any other. Verifying
            notes what is not known; ``merge`` and ``event accept`` refuse what is unproven.
        """
        key = self.find(key_id)
        if key is None:
            return SignerStanding.UNKNOWN
        own = self._keyring.signer_keys(signer_id)
        if own:
            return SignerStanding.KNOWN if key in own else SignerStanding.UNPROVEN
        nobodys = self.is_pinned(key_id, key) and not self._keyring.signers_of(key)
        return SignerStanding.KNOWN if nobodys else SignerStanding.UNKNOWN

    def standing_fault(self, key_id: str, digest: bytes, signed_at: str, path: str) -> Check | None:
        """Return what speaks against a good signature all the same: when it was made, and what became of the key.

        Args:
            key_id: The key under which the signature is good.
            digest: The 32 bytes that were signed.
            signed_at: When they were signed, as the document says.
            path: JSON path of the object that holds the signature's fields.

        Returns:
            A failed check with one of :data:`STANDING_CODES`; None where nothing speaks against it.
        """
        key = self.find(key_id)
        window = ALWAYS if key is None else self._keyring.window_of(key)
        if window is ALWAYS:
            return None
        end, compromised_at = window.valid_until, window.compromised_at
        if compromised_at is not None and not self._time_proofs.existed_before(digest, compromised_at):
            return _fault(
                "compromised-key",
                f"{path}.key_id",
                "signed with a key that others may have had, and nothing proves that it was signed before",
                f"an independent proof of time before {format_seconds(compromised_at)}",
                key_id,
            )
        if not window.holds(parse_instant(signed_at)):
            first = "the beginning" if window.valid_from is None else format_seconds(window.valid_from)
            last = "now" if end is None else format_seconds(end)
            return _fault(
                "key-window",
                f"{path}.key_id",
                "signed at a time in which this key does not sign",
                f"a time from {first} to {last}",
                f"{key_id} at {signed_at}",
            )
        return None


def find_signature_fault(
    signature: SignatureFields, digest: bytes, signed_message: str, keys: KnownKeys, path: str
) -> Check | SignatureKey:
    """Check one signature and everything that it says about itself.

    Whether the key was one to sign at the time is another question: :meth:`KnownKeys.standing_fault`.

    Args:
        signature: The signature's fields.
        digest: The 32 bytes that must have been signed, recomputed.
        signed_message: What those bytes are called.
        keys: Where to look up the key.
        path: JSON path of the object that holds the signature's fields.

    Returns:
        The key under which the signature is good, or the first failed check: ``signature-algorithm``,
        ``signature-status``, ``signature-message``, ``signature-key``, ``signature-fingerprint``,
        ``signature-encoding`` or ``signature``.
    """
    key = keys.find(signature.key_id)
    fault = find_fault_under_key(signature, digest, signed_message, key, path)
    if fault is not None or key is None:
        return fault or _unknown_key(signature, path)
    return SignatureKey(signature.key_id, fingerprint_hex(key.raw), keys.is_pinned(signature.key_id, key))


def find_fault_under_key(
    signature: SignatureFields, digest: bytes, signed_message: str, key: PublicKey | None, path: str
) -> Check | None:
    """Check one signature as :func:`find_signature_fault` does, under a key that has been looked up.

    Args:
        signature: As for :func:`find_signature_fault`, like all the others.
        digest: The digest that must have been signed.
        signed_message: What it is called.
        key: The key; None makes the fault ``signature-key``, unless something else is wrong before.
        path: JSON path of the signature's fields.
    """
    for code, name, found, expected in (
        ("signature-algorithm", "algorithm", signature.algorithm, ALGORITHM),
        ("signature-status", "signature_status", signature.signature_status, SIGNATURE_STATUS),
        ("signature-message", "signed_message", signature.signed_message, signed_message),
    ):
        if found != expected:
            return _fault(code, f"{path}.{name}", "signature says something else of itself", expected, found)
    try:
        raw = decode_base64(signature.signature_b64, SIGNATURE_LENGTH)
    except EncodingError as error:
        return _fault(
            "signature-encoding", f"{path}.signature_b64", error.message, error.expected, signature.signature_b64
        )
    if key is None:
        return _unknown_key(signature, path)
    fingerprint = fingerprint_hex(key.raw)
    if signature.public_key_fingerprint != fingerprint:
        return _fault(
            "signature-fingerprint",
            f"{path}.public_key_fingerprint",
            "fingerprint is not that of the key of this id",
            fingerprint,
            signature.public_key_fingerprint,
        )
    if not key.verify(raw, digest):
        return _fault(
            "signature",
            f"{path}.signature_b64",
            "signature is not by this key over this digest",
            f"Ed25519 by {signature.key_id} over {digest.hex()}",
            signature.signature_b64,
        )
    return None


def check_signature(
    checks: Checks,
    signature: SignatureFields,
    digest: bytes,
    signed_message: str,
    keys: KnownKeys,
    path: str,
    *,
    signed_at: str,
    key_may_be_unknown: bool = False,
) -> SignatureKey | None:
    """Do :func:`find_signature_fault` and keep what comes of it; return the key if the signature is good.

    Args:
        checks: Takes ``signature``, or the fault.
        signature: As for :func:`find_signature_fault`, like all the others.
        digest: The digest that must have been signed.
        signed_message: What it is called.
        keys: Where to look up the key.
        path: JSON path of the signature's fields.
        signed_at: When it was signed, as the document says.
        key_may_be_unknown: The document cannot bring keys along: one that is not known here is only noted.
    """
    result = find_signature_fault(signature, digest, signed_message, keys, path)
    if isinstance(result, SignatureKey):
        checks.passed("signature", f"{path}.signature_b64")
        checks.signed_by(result)
        standing = keys.standing_fault(result.key_id, digest, signed_at, path)
        if standing is not None:
            checks.add(standing)
        return result
    if result.code == "signature-key" and key_may_be_unknown:
        checks.note(result.code, result.path, "signature was not checked: its key is not known here")
    else:
        checks.add(result)
    return None


def _unknown_key(signature: SignatureFields, path: str) -> Check:
    return _fault(
        "signature-key",
        f"{path}.key_id",
        "signature names a key that is not known here",
        "a pinned key, or one that the document lists in public_keys",
        signature.key_id,
    )


def _fault(code: str, path: str, message: str, expected: str, found: str) -> Check:
    return Check(code, path, Outcome.FAILED, message, expected, printable(found))
