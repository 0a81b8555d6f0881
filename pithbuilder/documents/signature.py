"""Signatures as the documents carry them, and who signed."""

from __future__ import annotations

from typing import ClassVar, Final, Self, TypedDict

import attrs

from pithbuilder.documents.base import Document, Reader, SmallDocument

ALGORITHM: Final = "ed25519"
SIGNATURE_STATUS: Final = "signed_v1"


class _KeyAndSignature(TypedDict):
    key_id: str
    public_key_fingerprint: str
    signature_b64: str
    signed_message: str


class _Constants(TypedDict):
    algorithm: str
    signature_status: str


@attrs.frozen(kw_only=True, slots=False)
class TimelessSignature(SmallDocument):
    """An Ed25519 signature (RFC 8032) and the key it names; no time is in it.

    Attributes:
        key_id: Which key signed.
        public_key_fingerprint: First 16 bytes of SHA-256 of the raw public key, 32 hexadecimal digits.
        signature_b64: 64 bytes in strict standard base64, 88 characters.
        signed_message: The name of the 32 digest bytes that are signed.
        algorithm: ``ed25519``.
        signature_status: ``signed_v1``.
    """

    document_kind: ClassVar[str] = "timeless_signature"

    key_id: str
    public_key_fingerprint: str
    signature_b64: str
    signed_message: str
    algorithm: str = ALGORITHM
    signature_status: str = SIGNATURE_STATUS

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the signature that ``reader`` stands on."""
        return cls(**cls._key_and_signature(reader), **cls._constants(reader), extra=reader.extra(cls))

    @staticmethod
    def _key_and_signature(reader: Reader) -> _KeyAndSignature:
        return {
            "key_id": reader.text("key_id"),
            "public_key_fingerprint": reader.text("public_key_fingerprint"),
            "signature_b64": reader.text("signature_b64"),
            "signed_message": reader.text("signed_message"),
        }

    @staticmethod
    def _constants(reader: Reader) -> _Constants:
        return {
            "algorithm": reader.text("algorithm"),
            "signature_status": reader.text("signature_status"),
        }


@attrs.frozen(kw_only=True, slots=False)
class EventSignature(TimelessSignature):
    """The signature of an event (wire field ``signature``), and when it was made.

    Attributes:
        signed_at: Microseconds, UTC; not covered by any digest of the event.
    """

    document_kind: ClassVar[str] = "event_signature"

    signed_at: str

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the signature that ``reader`` stands on."""
        return cls(
            **cls._key_and_signature(reader),
            signed_at=reader.microsecond("signed_at"),
            **cls._constants(reader),
            extra=reader.extra(cls),
        )


@attrs.frozen(kw_only=True, slots=False)
class BundleSignature(EventSignature):
    """The signature over a whole bundle (wire field ``bundle_signature``).

    Only ``bundle_sha256`` and ``signature_b64`` are authenticated; everything else here is a claim to be held
    against the pinned key and the constants.

    Attributes:
        bundle_sha256: Digest of the bundle's content as the document states it, 64 hexadecimal digits.
    """

    document_kind: ClassVar[str] = "bundle_signature"

    bundle_sha256: str

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the signature that ``reader`` stands on."""
        return cls(
            bundle_sha256=reader.digest("bundle_sha256"),
            **cls._key_and_signature(reader),
            signed_at=reader.microsecond("signed_at"),
            **cls._constants(reader),
            extra=reader.extra(cls),
        )


@attrs.frozen(kw_only=True, slots=False)
class EventSigner(Document):
    """Who signed an event (wire field ``signer``); covered by the event's digest.

    Attributes:
        signer_id: The registry, author or journal, such as ``pith.science``.
        signer_type: ``pith_registry`` for a registry.
        key_id: Which of its keys.
        public_key_fingerprint: First 16 bytes of SHA-256 of the raw public key, 32 hexadecimal digits.
    """

    document_kind: ClassVar[str] = "event_signer"

    signer_id: str
    signer_type: str
    key_id: str
    public_key_fingerprint: str

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            signer_id=reader.text("signer_id"),
            signer_type=reader.text("signer_type"),
            key_id=reader.text("key_id"),
            public_key_fingerprint=reader.text("public_key_fingerprint"),
            extra=reader.extra(cls),
        )
