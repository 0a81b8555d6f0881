"""Who vouches for a corpus of fixtures: a signature over the digest of its manifest, which lists every other file."""

from __future__ import annotations

from typing import ClassVar, Final, Self

import attrs

from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.documents.base import Document, Reader
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.signature import TimelessSignature

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
