"""The published keyring (``pith-keys.json``): every key an issuer ever had, and the statements that link them."""

from __future__ import annotations

from typing import ClassVar, Final, Self

import attrs

from pithbuilder.documents.base import Document, Reader
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.key_statement import KeyStatement

KEYRING_TYPE: Final = "pith_keyring"
KEYRING_VERSION: Final = "1.0"

ACTIVE: Final = "active"
RETIRED: Final = "retired"
REVOKED: Final = "revoked"


@attrs.frozen(kw_only=True, slots=False)
class KeyringEntry(Document):
    """One key with the time in which it signs. Everything but the first key's document follows from the chain.

    Attributes:
        key: The key; ``rotates_at`` is the end of its window.
        valid_from: Whole seconds, UTC; None for the first key, which counts from the beginning.
        valid_until: In UTC; None where no end is set.
        status: ``active``; ``retired``: what it signed stays good; ``revoked``: it was compromised.
    """

    document_kind: ClassVar[str] = "keyring_entry"

    key: KeyDocument
    valid_from: str | None
    valid_until: str | None
    status: str

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            key=reader.document("key", KeyDocument),
            valid_from=reader.instant_or_null("valid_from"),
            valid_until=reader.instant_or_null("valid_until"),
            status=reader.text("status"),
            extra=reader.extra(cls),
        )


@attrs.frozen(kw_only=True, slots=False)
class KeyringDocument(Document):
    """A published keyring. It is not signed itself: whoever pins its first key can recompute the rest.

    Attributes:
        issuer: The issuer's name, its ``signer_id`` in events.
        keys: Every key, in the order in which they came into use.
        chain: Every statement, by its sequence.
        keyring_type: ``pith_keyring``.
        keyring_version: ``1.0``.
    """

    document_kind: ClassVar[str] = "keyring"

    issuer: str
    keys: tuple[KeyringEntry, ...]
    chain: tuple[KeyStatement, ...]
    keyring_type: str = KEYRING_TYPE
    keyring_version: str = KEYRING_VERSION

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            issuer=reader.text("issuer"),
            keys=reader.documents("keys", KeyringEntry),
            chain=reader.documents("chain", KeyStatement),
            keyring_type=reader.text("keyring_type"),
            keyring_version=reader.text("keyring_version"),
            extra=reader.extra(cls),
        )
