"""A private key in this process's memory, used by libsodium through PyNaCl (extra ``fast``): the same signatures."""

from __future__ import annotations

from importlib.util import find_spec
from types import TracebackType
from typing import Final, Self

from pithbuilder.documents.preimage import Preimage
from pithbuilder.errors import SigningError
from pithbuilder.signing.ed25519 import SIGNATURE_LENGTH, PrivateKey, PublicKey


def sodium_is_installed() -> bool:
    """Say whether PyNaCl can be imported, without importing it."""
    return find_spec("nacl") is not None


class SodiumSigner:
    """Signs with a private key that has been loaded or generated here."""

    def __init__(self, key_id: str, private_key: PrivateKey) -> None:
        """Sign as ``key_id`` with ``private_key``.

        Raises:
            SigningError: ``backend-not-installed``.
        """
        self.key_id: Final = key_id
        self._public_key = private_key.public_key
        try:
            from nacl.bindings import crypto_sign  # an optional extra, and slow to import
        except ImportError as error:
            raise SigningError(
                "backend-not-installed",
                "PyNaCl is not installed",
                where=f"key {key_id}",
                hint="pip install 'pithbuilder[fast]'",
            ) from error
        self._sign = crypto_sign
        self._secret = private_key.to_seed() + private_key.public_key.raw  # libsodium's form of a secret key

    @property
    def public_key(self) -> PublicKey:
        """The public half."""
        return self._public_key

    def sign(self, preimage: Preimage) -> bytes:
        """Return the signature (64 bytes) over the preimage's digest bytes."""
        signed: bytes = self._sign(preimage.digest, self._secret)
        return signed[:SIGNATURE_LENGTH]

    def close(self) -> None:
        """Do nothing: the key goes with this object."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"SodiumSigner({self.key_id!r}, public={self.public_key.raw.hex()})"
