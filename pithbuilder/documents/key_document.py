"""Public keys as they are published, and their fingerprints."""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar, Final, Self

import attrs

from pithbuilder.core.digest import sha256
from pithbuilder.core.encoding import encode_base32, encode_base64
from pithbuilder.documents.base import Document, Reader
from pithbuilder.documents.signature import ALGORITHM

KEY_FORMAT: Final = "raw"


@lru_cache(maxsize=256)
def fingerprint_hex(public_key: bytes) -> str:
    """Return the fingerprint of a raw Ed25519 public key: first 16 bytes of its SHA-256, 32 hexadecimal digits."""
    return sha256(public_key)[:16].hex()


@lru_cache(maxsize=256)
def fingerprint_base32(public_key: bytes) -> str:
    """Return the first 26 characters (130 bits, whatever the wire field's name says) of base32 of its SHA-256."""
    return encode_base32(sha256(public_key))[:26]


@attrs.frozen(kw_only=True, slots=False)
class KeyDocument(Document):
    """A published public key (``pith-signing-key.json``, and ``public_keys[]`` of a bundle).

    Attributes:
        key_id: The key's name, such as ``pith-v1-2026-05``.
        public_key_b64: 32 raw bytes (RFC 8032, section 5.1.5) in padded standard base64, 44 characters.
        public_key_hex: The same bytes, 64 hexadecimal digits.
        fingerprint_sha256_b32_first128bits: 26 base32 characters of SHA-256 of the raw key (130 bits).
        fingerprint_sha256_hex: First 16 bytes of SHA-256 of the raw key, 32 hexadecimal digits.
        rotates_at: When the key is to be replaced; None if that is not set.
        url: Where the document is published.
        notes: For people.
        algorithm: ``ed25519``.
        format: ``raw``.
    """

    document_kind: ClassVar[str] = "key_document"

    key_id: str
    public_key_b64: str
    public_key_hex: str
    fingerprint_sha256_b32_first128bits: str
    fingerprint_sha256_hex: str
    rotates_at: str | None
    url: str
    notes: str
    algorithm: str = ALGORITHM
    format: str = KEY_FORMAT

    @classmethod
    def of(cls, public_key: bytes, *, key_id: str, url: str, notes: str, rotates_at: str | None = None) -> KeyDocument:
        """Return the document of a raw public key (32 bytes), every derived field computed."""
        return cls(
            key_id=key_id,
            public_key_b64=encode_base64(public_key),
            public_key_hex=public_key.hex(),
            fingerprint_sha256_b32_first128bits=fingerprint_base32(public_key),
            fingerprint_sha256_hex=fingerprint_hex(public_key),
            rotates_at=rotates_at,
            url=url,
            notes=notes,
        )

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            key_id=reader.text("key_id"),
            public_key_b64=reader.text("public_key_b64"),
            public_key_hex=reader.text("public_key_hex"),
            fingerprint_sha256_b32_first128bits=reader.text("fingerprint_sha256_b32_first128bits"),
            fingerprint_sha256_hex=reader.text("fingerprint_sha256_hex"),
            rotates_at=reader.instant_or_null("rotates_at"),
            url=reader.text("url"),
            notes=reader.text("notes"),
            algorithm=reader.text("algorithm"),
            format=reader.text("format"),
            extra=reader.extra(cls),
        )
