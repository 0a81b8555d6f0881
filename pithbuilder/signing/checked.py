"""Every signature is checked before it is used, wherever it comes from."""

from __future__ import annotations

from types import TracebackType
from typing import Final, Self

from pithbuilder.documents.preimage import Preimage
from pithbuilder.errors import SigningError
from pithbuilder.signing.ed25519 import SIGNATURE_LENGTH, PublicKey
from pithbuilder.signing.signer import ClosableSigner


class CheckedSigner:
    """Signs with another signer, and gives back only signatures that are right.

    A faulty chip, a disturbed bit of memory or a hostile agent could return anything; some wrong signatures even
    give the private key away (of two signatures with one nonce). Nothing is signed for the sake of checking alone
    before a document is.
    """

    def __init__(self, signer: ClosableSigner, *, against: ClosableSigner | None = None) -> None:
        """Check the signatures of ``signer``.

        Args:
            signer: Any signer; it is closed with this one.
            against: A second signer of the same key, with a copy of the key of its own and, where there is one,
                another library; it is closed with this one too. Ed25519 is deterministic (RFC 8032): both must give
                the same bytes, and signing costs a third of verifying. The first signature is verified all the
                same, which shows that private and public key belong together. None verifies every signature.
        """
        self.key_id: Final = signer.key_id
        self._signers = [signer] if against is None else [signer, against]
        self._public_key = signer.public_key
        self._sign = signer.sign
        self._sign_again = None if against is None else against.sign
        self._verified_once = False

    @property
    def public_key(self) -> PublicKey:
        """The public half, as it was when this signer was made."""
        return self._public_key

    def sign(self, preimage: Preimage) -> bytes:
        """Return the signature (64 bytes) over the preimage's digest bytes, after checking it.

        Raises:
            SigningError: ``signature-wrong``, or what the signer raises.
        """
        signature = self._sign(preimage)
        if len(signature) != SIGNATURE_LENGTH:
            raise self._wrong(f"{len(signature)} bytes")
        if self._sign_again is not None and self._verified_once:
            if self._sign_again(preimage) != signature:
                raise self._wrong("another signature from the second copy of the key")
            return signature
        if not self._public_key.verify(signature, preimage.digest):
            raise self._wrong("64 bytes that the public key does not verify")
        self._verified_once = True
        return signature

    def close(self) -> None:
        """Close the signer."""
        for signer in self._signers:
            signer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"CheckedSigner({self._signers[0]!r})"

    def _wrong(self, found: str) -> SigningError:
        return SigningError(
            "signature-wrong",
            "the signer gave a wrong signature; it was thrown away",
            where=f"key {self.key_id}",
            expected=f"{SIGNATURE_LENGTH} bytes that public key {self._public_key.raw.hex()} verifies",
            found=found,
            hint="do not go on with this signer: wrong signatures can give the private key away; check the device",
        )
