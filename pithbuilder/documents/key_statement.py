"""Signed statements about an issuer's keys: one follows another (rotation), or one comes to its end (revocation).

Statements are numbered from 1 and make a chain from the issuer's first key; which statement may follow which says
:mod:`pithbuilder.verify.key_chain`.
"""

from __future__ import annotations

from typing import ClassVar, Final, Self, TypeAlias

import attrs

from pithbuilder.core.json_path import child_path
from pithbuilder.documents.base import Content, Fields, Reader, SealedDocument
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.preimage import left_out_of
from pithbuilder.documents.signature import EventSignature
from pithbuilder.errors import DocumentError, printable

KEY_ROTATION: Final = "pith_key_rotation"
KEY_REVOCATION: Final = "pith_key_revocation"
STATEMENT_VERSION: Final = "1.0"

SCHEDULED: Final = "scheduled"
COMPROMISED: Final = "compromised"
LOST: Final = "lost"
REASONS: Final = (SCHEDULED, COMPROMISED, LOST)


@attrs.frozen(kw_only=True, slots=False)
class KeyRotationContent(Content):
    """What is hashed of a rotation: one key follows another.

    Attributes:
        issuer: The issuer's name, its ``signer_id`` in events.
        previous_key_id: The key that is replaced.
        new_key: The key that follows.
        reason: ``scheduled``, ``compromised`` or ``lost``.
        effective_at: Whole seconds, UTC: the end of the old key's window and the beginning of the new one's. Of a
            compromised key, from when on others may have had it.
        next_key_commitment_sha256: SHA-256 of the raw key (32 bytes) that will follow the new one, 64 hexadecimal
            digits; None where nothing is promised.
        sequence: The statement's place in the chain, from 1.
        statement_type: ``pith_key_rotation``.
        statement_version: ``1.0``.
    """

    document_kind: ClassVar[str] = "key_rotation"

    issuer: str
    previous_key_id: str
    new_key: KeyDocument
    reason: str
    effective_at: str
    next_key_commitment_sha256: str | None
    sequence: int
    statement_type: str = KEY_ROTATION
    statement_version: str = STATEMENT_VERSION

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        sealed_by = left_out_of(cls.document_kind)
        committed = reader.value("next_key_commitment_sha256") is not None
        content = cls(
            issuer=reader.text("issuer"),
            previous_key_id=reader.text("previous_key_id"),
            new_key=reader.document("new_key", KeyDocument),
            reason=reader.text("reason"),
            effective_at=reader.whole_second("effective_at"),
            next_key_commitment_sha256=reader.digest("next_key_commitment_sha256") if committed else None,
            sequence=reader.integer("sequence", minimum=1),
            statement_type=reader.text("statement_type"),
            statement_version=reader.text("statement_version"),
            extra=reader.extra(cls, sealed_by),
        )
        return reader.remember(content, sealed_by)


@attrs.frozen(kw_only=True, slots=False)
class KeyRevocationContent(Content):
    """What is hashed of a revocation: a key comes to its end, and none follows.

    Attributes:
        issuer: The issuer's name, its ``signer_id`` in events.
        key_id: The key.
        reason: ``compromised``; or ``scheduled`` or ``lost``, where the key is the last one and the issuer ends.
        effective_at: Whole seconds, UTC: the end of the key's window; of a compromised key, from when on others may
            have had it.
        sequence: The statement's place in the chain, from 1.
        statement_type: ``pith_key_revocation``.
        statement_version: ``1.0``.
    """

    document_kind: ClassVar[str] = "key_revocation"

    issuer: str
    key_id: str
    reason: str
    effective_at: str
    sequence: int
    statement_type: str = KEY_REVOCATION
    statement_version: str = STATEMENT_VERSION

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        sealed_by = left_out_of(cls.document_kind)
        content = cls(
            issuer=reader.text("issuer"),
            key_id=reader.text("key_id"),
            reason=reader.text("reason"),
            effective_at=reader.whole_second("effective_at"),
            sequence=reader.integer("sequence", minimum=1),
            statement_type=reader.text("statement_type"),
            statement_version=reader.text("statement_version"),
            extra=reader.extra(cls, sealed_by),
        )
        return reader.remember(content, sealed_by)


StatementContent: TypeAlias = KeyRotationContent | KeyRevocationContent

_CONTENTS: Final[dict[str, type[StatementContent]]] = {
    KEY_ROTATION: KeyRotationContent,
    KEY_REVOCATION: KeyRevocationContent,
}


@attrs.frozen(kw_only=True, slots=False)
class KeyStatement(SealedDocument):
    """A signed statement about keys.

    Attributes:
        content: What is hashed; the true digest is ``content.digest``.
        signatures: Over the 32 digest bytes: of a rotation the old key's and the new key's, in this order.
        stated_statement_sha256: ``statement_sha256`` as the document has it, 64 hexadecimal digits.
    """

    document_kind: ClassVar[str] = "signed_key_statement"

    content: StatementContent
    signatures: tuple[EventSignature, ...]
    stated_statement_sha256: str

    @classmethod
    def sealed(cls, content: StatementContent, signatures: tuple[EventSignature, ...]) -> KeyStatement:
        """Return the statement with the digest of its content."""
        return cls(content=content, signatures=signatures, stated_statement_sha256=content.digest.hex())

    def fields(self) -> Fields:
        """Return the fields as on the wire, in one object."""
        return {
            **self.content.parts,
            "signatures": self.signatures,
            "statement_sha256": self.stated_statement_sha256,
        }

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        kind = reader.text("statement_type")
        if kind not in _CONTENTS:
            raise DocumentError(
                "field-format",
                "not a statement about keys that is known here",
                where=child_path(reader.path, "statement_type"),
                expected=" or ".join(_CONTENTS),
                found=printable(kind),
            )
        return cls(
            content=_CONTENTS[kind].read(reader),
            signatures=reader.documents("signatures", EventSignature),
            stated_statement_sha256=reader.digest("statement_sha256"),
        )
