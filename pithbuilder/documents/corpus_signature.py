"""Who vouches for a corpus of fixtures: a signature over the digest of its manifest, which lists every other file."""

from __future__ import annotations

from typing import ClassVar, Final, Self

import attrs

from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.documents.base import Document, Reader
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.signature import ALGORITHM, SIGNATURE_STATUS

CORPUS_SIGNATURE_TYPE: Final = "pith_corpus_signature"
CORPUS_SIGNATURE_VERSION: Final = "1.0"


@attrs.frozen(kw_only=True, slots=False)
class CorpusSignatureContent(Document):
    """What is signed. No time is in it: the same corpus, signed with the same key, gives the same bytes.

    Attributes:
        file: The manifest's name.
        file_sha256: Digest of the manifest's bytes, 64 hexadecimal digits.
        public_key: The key that signs.
        document_type: ``pith_corpus_signature``.
        document_version: ``1.0``.
    """

    document_kind: ClassVar[str] = "corpus_signature"

    file: str
    file_sha256: str
    public_key: KeyDocument
    document_type: str = CORPUS_SIGNATURE_TYPE
    document_version: str = CORPUS_SIGNATURE_VERSION

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the content that ``reader`` stands on."""
        return cls(
            file=reader.text("file"),
            file_sha256=reader.digest("file_sha256"),
            public_key=reader.document("public_key", KeyDocument),
            document_type=reader.choice("document_type", (CORPUS_SIGNATURE_TYPE,)),
            document_version=reader.choice("document_version", (CORPUS_SIGNATURE_VERSION,)),
            extra=reader.extra(cls, frozenset({"signature"})),
        )


@attrs.frozen(kw_only=True, slots=False)
class TimelessSignature(Document):
    """An Ed25519 signature (RFC 8032) that says no time.

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
        return cls(
            key_id=reader.text("key_id"),
            public_key_fingerprint=reader.text("public_key_fingerprint"),
            signature_b64=reader.text("signature_b64"),
            signed_message=reader.text("signed_message"),
            algorithm=reader.text("algorithm"),
            signature_status=reader.text("signature_status"),
            extra=reader.extra(cls),
        )


@attrs.frozen(kw_only=True)
class CorpusSignature:
    """A signed manifest of a corpus.

    Attributes:
        content: What is signed.
        signature: By whom.
    """

    content: CorpusSignatureContent
    signature: TimelessSignature

    def to_dict(self) -> JsonObject:
        """Return the document as it stands beside the manifest."""
        return {**self.content.to_dict(), "signature": self.signature.to_dict()}

    @classmethod
    def from_dict(cls, value: JsonObject) -> Self:
        """Return the document that a JSON object holds.

        Raises:
            DocumentError: As for :meth:`~pithbuilder.documents.base.Document.from_dict`.
        """
        reader = Reader(value)
        return cls(
            content=CorpusSignatureContent.read(reader), signature=reader.document("signature", TimelessSignature)
        )
