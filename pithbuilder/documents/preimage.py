"""The one table of what is hashed and signed: document kind to the fields left out of its digest.

Each kind that has such fields is two types: the content, whose canonical bytes are the preimage, and the sealed
document, which adds the fields of this table (``EventContent`` and ``Event``, and so on).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs

from pithbuilder.core.digest import sha256
from pithbuilder.documents.base import Document


@attrs.frozen
class PreimageRule:
    """How one kind of document is hashed and signed.

    Attributes:
        left_out: The fields that are not hashed.
        signed_message: The wire's name for the 32 digest bytes that are signed; None for an unsigned kind.
    """

    left_out: frozenset[str]
    signed_message: str | None


_STATEMENT_SEAL: Final = frozenset({"statement_sha256", "signatures"})

PREIMAGE_RULES: Final[Mapping[str, PreimageRule]] = MappingProxyType(
    {
        "canonical_record": PreimageRule(frozenset(), "canonical_sha256_bytes"),
        "event": PreimageRule(frozenset({"signature", "content_sha256", "event_id"}), "open_graph_event_sha256_bytes"),
        "state": PreimageRule(frozenset({"state_sha256"}), None),
        "bundle": PreimageRule(frozenset({"bundle_signature"}), "bundle_sha256_bytes"),
        "key_rotation": PreimageRule(_STATEMENT_SEAL, "key_rotation_sha256_bytes"),
        "key_revocation": PreimageRule(_STATEMENT_SEAL, "key_revocation_sha256_bytes"),
        "corpus_signature": PreimageRule(frozenset({"signature"}), "corpus_signature_sha256_bytes"),
        "probe": PreimageRule(frozenset(), "probe"),
        "data_integrity_proof": PreimageRule(frozenset({"proofValue"}), "eddsa-jcs-2022"),
    }
)


@attrs.frozen(slots=False)
class Preimage:
    """What a signer signs: the digest of a typed document, together with what it is the digest of.

    Attributes:
        document_kind: A key of :data:`PREIMAGE_RULES`.
        signed_message: The wire field of the same name.
        digest: 32 raw bytes, SHA-256 of the content's canonical bytes; these bytes are signed. Of a W3C Data
            Integrity proof they are 64: SHA-256 of the proof's options, then SHA-256 of the document.
    """

    document_kind: str
    signed_message: str
    digest: bytes

    @classmethod
    def of(cls, content: Document) -> Preimage:
        """Return the preimage of a canonical record, or of the content of an event, bundle or statement about keys.

        Raises:
            ValueError: Documents of this kind are not signed.
        """
        return cls(content.document_kind, _signed_message(content.document_kind), content.digest)

    @classmethod
    def of_bytes(cls, document_kind: str, canonical_bytes: bytes) -> Preimage:
        """Return the preimage of a content that was composed as bytes and is no object.

        Args:
            document_kind: A key of :data:`PREIMAGE_RULES`; the bytes are a document's of this kind.
            canonical_bytes: Canonical JSON of the content, without what the rule leaves out.

        Raises:
            ValueError: Documents of this kind are not signed.
        """
        return cls(document_kind, _signed_message(document_kind), sha256(canonical_bytes))

    @classmethod
    def of_proof(cls, proof_options: bytes, document: bytes) -> Preimage:
        """Return the preimage of a W3C Data Integrity proof with the cryptosuite ``eddsa-jcs-2022``.

        Args:
            proof_options: Canonical JSON of the proof without its ``proofValue``.
            document: Canonical JSON of the document without its ``proof``.
        """
        kind = "data_integrity_proof"
        return cls(kind, _signed_message(kind), sha256(proof_options) + sha256(document))

    @classmethod
    def probe(cls) -> Preimage:
        """Return what is signed to try a signer out: 32 fresh random bytes, the digest of no document."""
        return cls("probe", _signed_message("probe"), secrets.token_bytes(32))


def left_out_of(document_kind: str) -> frozenset[str]:
    """Return the names of the fields that are left out of the digest of a document of this kind."""
    return PREIMAGE_RULES[document_kind].left_out


def _signed_message(document_kind: str) -> str:
    rule = PREIMAGE_RULES.get(document_kind)
    if rule is None or rule.signed_message is None:
        raise ValueError(f"a document of kind {document_kind!r} is not signed")
    return rule.signed_message
