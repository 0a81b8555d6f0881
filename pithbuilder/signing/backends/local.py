"""A private key in this process's memory."""

from __future__ import annotations

from types import TracebackType
from typing import Final, Self

from pithbuilder.documents.preimage import Preimage
from pithbuilder.signing.ed25519 import PrivateKey, PublicKey


class LocalSigner:
    """Signs with a private key that has been loaded or generated here."""

    def __init__(self, key_id: str, private_key: PrivateKey) -> None:
        """Sign as ``key_id`` with ``private_key``."""
        self.key_id: Final = key_id
        self._private_key = private_key

    @property
    def public_key(self) -> PublicKey:
        """The public half."""
        return self._private_key.public_key

    def sign(self, preimage: Preimage) -> bytes:
        """Return the signature (64 bytes) over the preimage's digest bytes."""
        return self._private_key.sign(preimage.digest)

    def close(self) -> None:
        """Do nothing: the key goes with this object."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"LocalSigner({self.key_id!r}, public={self.public_key.raw.hex()})"
