"""The receipt: a registry's signature over a canonical record's digest."""

from __future__ import annotations

from typing import ClassVar, Final, Self

import attrs

from pithbuilder.documents.base import Reader, SmallDocument
from pithbuilder.documents.signature import ALGORITHM, SIGNATURE_STATUS

RECEIPT_KIND: Final = "pith_receipt"
RECEIPT_VERSION: Final = "0.3"


@attrs.frozen(kw_only=True, slots=False)
class Receipt(SmallDocument):
    """A registry's receipt (wire field ``receipt``). Times are in UTC with six digits of microseconds.

    Attributes:
        canonical_sha256: Digest of the canonical record, 64 hexadecimal digits; its 32 bytes are signed.
        key_id: Which key signed.
        public_key_fingerprint: First 16 bytes of SHA-256 of the raw public key, 32 hexadecimal digits.
        signature_b64: 64 bytes in strict standard base64, 88 characters.
        signed_message: ``canonical_sha256_bytes``.
        signed_at: When it was signed.
        first_computed_at: When the number was first computed; a re-issue keeps it.
        last_reissued_at: When this receipt was issued; equal to ``first_computed_at`` in the first one.
        builder_version: The software that computed the record.
        kind: ``pith_receipt``.
        receipt_version: ``0.3``.
        algorithm: ``ed25519``.
        signature_status: ``signed_v1``.
    """

    document_kind: ClassVar[str] = "receipt"

    canonical_sha256: str
    key_id: str
    public_key_fingerprint: str
    signature_b64: str
    signed_message: str
    signed_at: str
    first_computed_at: str
    last_reissued_at: str
    builder_version: str
    kind: str = RECEIPT_KIND
    receipt_version: str = RECEIPT_VERSION
    algorithm: str = ALGORITHM
    signature_status: str = SIGNATURE_STATUS

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            canonical_sha256=reader.digest("canonical_sha256"),
            key_id=reader.text("key_id"),
            public_key_fingerprint=reader.text("public_key_fingerprint"),
            signature_b64=reader.text("signature_b64"),
            signed_message=reader.text("signed_message"),
            signed_at=reader.microsecond("signed_at"),
            first_computed_at=reader.microsecond("first_computed_at"),
            last_reissued_at=reader.microsecond("last_reissued_at"),
            builder_version=reader.text("builder_version"),
            kind=reader.text("kind"),
            receipt_version=reader.text("receipt_version"),
            algorithm=reader.text("algorithm"),
            signature_status=reader.text("signature_status"),
            extra=reader.extra(cls),
        )
