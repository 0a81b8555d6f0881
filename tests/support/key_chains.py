"""Keys, statements about keys, and keyrings; every key is made from a fixed seed: TEST ONLY, never to be used."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import pytest

from pithbuilder.core.timestamps import format_seconds
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.key_statement import (
    COMPROMISED,
    SCHEDULED,
    KeyRevocationContent,
    KeyRotationContent,
    KeyStatement,
)
from pithbuilder.documents.keyring_document import KeyringDocument
from pithbuilder.errors import KeyMaterialError, PithError, RotationError
from pithbuilder.signing.backends.local import LocalSigner
from pithbuilder.signing.ed25519 import PrivateKey
from pithbuilder.signing.keyring import Keyring
from pithbuilder.signing.rotation import key_commitment, sign_statement
from pithbuilder.verify.key_chain import KeyChain
from pithbuilder.verify.key_chain import follow as follow_chain

ISSUER = "registry.example"
SIGNED_AT = datetime(2040, 1, 1, tzinfo=UTC)


def year(number: int) -> datetime:
    """The beginning of a year."""
    return datetime(number, 1, 1, tzinfo=UTC)


def instant(at: int | str) -> str:
    """The beginning of a year, as documents spell it; what is spelt already stays."""
    return format_seconds(year(at)) if isinstance(at, int) else at


@cache
def signer(number: int, key_id: str = "") -> LocalSigner:
    """The signer of key ``number``, which is called ``k<number>`` unless it is given another id."""
    return LocalSigner(key_id or f"k{number}", PrivateKey.from_seed(bytes([number]) * 32))


def key(
    number: int, key_id: str = "", *, until: int | str | None = None, notes: str = "", url: str = ""
) -> KeyDocument:
    """The document of key ``number``; ``until`` is the planned end of its window."""
    rotates_at = None if until is None else instant(until)
    own = signer(number, key_id)
    return KeyDocument.of(own.public_key.raw, key_id=own.key_id, url=url, notes=notes, rotates_at=rotates_at)


def rotation(
    sequence: int,
    old: int,
    new: int | KeyDocument,
    at: int | str,
    reason: str = SCHEDULED,
    *,
    promise: int | None = None,
    by: tuple[LocalSigner, ...] | None = None,
    **changes: Any,
) -> KeyStatement:
    """Statement ``sequence``: ``new`` follows ``old``, signed by both (or by those in ``by``)."""
    document = key(new) if isinstance(new, int) else new
    signers = by if by is not None else (signer(old), signer(int(document.key_id[1:])))
    fields: dict[str, Any] = {
        "issuer": ISSUER,
        "previous_key_id": f"k{old}",
        "new_key": document,
        "reason": reason,
        "effective_at": instant(at),
        "next_key_commitment_sha256": None if promise is None else key_commitment(signer(promise).public_key),
        "sequence": sequence,
    }
    return sign_statement(KeyRotationContent(**(fields | changes)), *signers, signed_at=SIGNED_AT)


def revocation(
    sequence: int,
    ended: int,
    at: int | str,
    reason: str = COMPROMISED,
    *,
    by: int | tuple[LocalSigner, ...],
    **changes: Any,
) -> KeyStatement:
    """Statement ``sequence``: key ``ended`` comes to its end, signed by key ``by``."""
    signers = (signer(by),) if isinstance(by, int) else by
    fields: dict[str, Any] = {
        "issuer": ISSUER,
        "key_id": f"k{ended}",
        "reason": reason,
        "effective_at": instant(at),
        "sequence": sequence,
    }
    return sign_statement(KeyRevocationContent(**(fields | changes)), *signers, signed_at=SIGNED_AT)


def chain_of(*statements: KeyStatement, first: KeyDocument | None = None, issuer: str = ISSUER) -> KeyChain:
    """The chain from key 1 (or ``first``) through statements that hold."""
    chain = KeyChain.begin(issuer, first or key(1))
    for statement in statements:
        chain = chain.extended(statement)
    return chain


def keyring(*statements: KeyStatement, first: KeyDocument | None = None, issuer: str = ISSUER) -> KeyringDocument:
    """The keyring as an honest issuer publishes it."""
    return chain_of(*statements, first=first, issuer=issuer).to_document()


def broken(*statements: KeyStatement, first: KeyDocument | None = None, issuer: str = ISSUER) -> KeyringDocument:
    """A keyring with statements of which the last does not hold; its keys are those up to there."""
    good = keyring(*statements[:-1], first=first, issuer=issuer)
    return KeyringDocument(issuer=issuer, keys=good.keys, chain=statements)


def pinned(*numbers: int) -> Keyring:
    """The keyring of a person who pinned some keys."""
    return Keyring(map(key, numbers))


ONE: Final = (rotation(1, 1, 2, 2027),)
TWO: Final = (*ONE, rotation(2, 2, 3, 2028))
THREE: Final = (*TWO, rotation(3, 3, 4, 2029))
PROMISE: Final = (rotation(1, 1, 2, 2027, promise=3),)

IMPOSTOR: Final = signer(9, "k1")
"""Another key that signs under the first key's id."""


def changed(document: KeyringDocument, *change: Any) -> KeyringDocument:
    """Return the document with the value at a path (all but the last argument) changed to the last argument."""
    *path, last, value = change
    members: Any = copy.deepcopy(document.to_dict())
    inner = members
    for step in path:
        inner = inner[step]
    inner[last] = value
    return KeyringDocument.from_dict(members)


def forged_beginning(*statements: KeyStatement) -> KeyringDocument:
    """A chain with a made-up first key, which has signed the first statement in place of the real one."""
    first = key(9, "k1")
    forged = rotation(1, 1, 2, 2027, by=(IMPOSTOR, signer(2)))
    assert forged.content.digest == statements[0].content.digest
    return keyring(forged, *statements[1:], first=first)


def follow(trusted: Keyring, document: KeyringDocument) -> Keyring:
    """The trusted keys and those that a published keyring reaches from one of them."""
    return follow_chain(trusted, KeyChain.read(document))


def refusal(document: KeyringDocument, trusted: Keyring) -> PithError:
    with pytest.raises((RotationError, KeyMaterialError)) as caught:
        follow(trusted, document)
    return caught.value
