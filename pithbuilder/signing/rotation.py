"""Making statements about keys: built as typed documents, signed through the same seam as everything else."""

from __future__ import annotations

from datetime import datetime

from pithbuilder.core.digest import sha256_hex
from pithbuilder.core.encoding import encode_base64
from pithbuilder.core.timestamps import format_microseconds
from pithbuilder.documents.key_document import fingerprint_hex
from pithbuilder.documents.key_statement import KeyStatement, StatementContent
from pithbuilder.documents.preimage import Preimage
from pithbuilder.documents.signature import EventSignature
from pithbuilder.signing.ed25519 import PublicKey
from pithbuilder.signing.signer import Signer


def key_commitment(key: PublicKey) -> str:
    """Return the promise of a key that is not shown yet: SHA-256 of its 32 raw bytes, 64 hexadecimal digits."""
    return sha256_hex(key.raw)


def sign_statement(content: StatementContent, *signers: Signer, signed_at: datetime) -> KeyStatement:
    """Return a statement with the signature of each signer, in the order given.

    Args:
        content: What is stated.
        signers: Of a rotation the old key's signer, unless that key is lost, and the new key's.
        signed_at: An instant in UTC; not covered by the digest.

    Raises:
        PithError: What a signer raises.
    """
    preimage = Preimage.of(content)
    return KeyStatement.sealed(
        content,
        tuple(
            EventSignature(
                key_id=signer.key_id,
                public_key_fingerprint=fingerprint_hex(signer.public_key.raw),
                signature_b64=encode_base64(signer.sign(preimage)),
                signed_message=preimage.signed_message,
                signed_at=format_microseconds(signed_at),
            )
            for signer in signers
        ),
    )
