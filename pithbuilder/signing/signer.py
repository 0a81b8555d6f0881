"""The seam between documents and private keys."""

from __future__ import annotations

from typing import Protocol

from pithbuilder.documents.preimage import Preimage
from pithbuilder.signing.ed25519 import PublicKey


class Signer(Protocol):
    """Something that signs typed documents with one key, wherever that key is."""

    @property
    def key_id(self) -> str:
        """The key's name (wire field ``key_id``)."""
        ...

    @property
    def public_key(self) -> PublicKey:
        """The public half."""
        ...

    def sign(self, preimage: Preimage) -> bytes:
        """Return the Ed25519 signature (64 bytes) over the preimage's digest bytes."""
        ...


class ClosableSigner(Signer, Protocol):
    """A signer that holds something open: a connection, a session, a process."""

    def close(self) -> None:
        """Let go of it; closing twice does nothing."""
        ...
