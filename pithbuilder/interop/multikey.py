"""Multikey and ``did:key``: a public key as one word.

A Multikey (W3C Controlled Identifiers, section 2.2.2) is multibase ``z``, base58btc, over the multicodec of the
algorithm and the raw key. A ``did:key`` identifier is made of it alone, so it resolves without a network.
"""

from __future__ import annotations

from typing import Final

from pithbuilder.core.encoding import decode_base58, encode_base58
from pithbuilder.errors import EncodingError, InteropError, printable
from pithbuilder.signing.ed25519 import PublicKey, load_public_key

MULTIBASE_BASE58: Final = "z"
ED25519_CODEC: Final = bytes((0xED, 0x01))
"""``ed25519-pub``, 0xed, as an unsigned varint."""

DID_KEY: Final = "did:key:"

_LENGTH: Final = 48
_LONGEST: Final = 128


def encode_multikey(key: PublicKey) -> str:
    """Return the Multikey of a public key: 48 characters that begin with ``z6Mk``."""
    return MULTIBASE_BASE58 + encode_base58(ED25519_CODEC + key.raw)


def decode_multikey(text: str) -> PublicKey:
    """Return the public key that a Multikey holds.

    Raises:
        InteropError: ``multikey-encoding`` or ``multikey-algorithm``.
        KeyMaterialError: What :class:`~pithbuilder.signing.ed25519.PublicKey` refuses.
    """
    expected = f"{MULTIBASE_BASE58} and base58btc, {_LENGTH} characters"
    if not text.startswith(MULTIBASE_BASE58) or len(text) > _LONGEST:  # base58 of long text is slow to decode
        raise InteropError("multikey-encoding", "not a Multikey", expected=expected, found=printable(text[:8]))
    try:
        data = decode_base58(text[1:])
    except EncodingError as error:
        raise InteropError("multikey-encoding", "not a Multikey", expected=expected, found=error.found) from error
    if not data.startswith(ED25519_CODEC):  # the text is not shown: it could be a private key in Multikey form
        raise InteropError(
            "multikey-algorithm",
            "Multikey does not hold a public key for Ed25519",
            expected=f"multicodec {ED25519_CODEC.hex()}, text that begins with z6Mk",
            found=f"multicodec {data[: len(ED25519_CODEC)].hex()}",
        )
    return load_public_key(data[len(ED25519_CODEC) :])


def did_key(key: PublicKey) -> str:
    """Return the ``did:key`` identifier of a public key."""
    return DID_KEY + encode_multikey(key)


def decode_did_key(text: str) -> PublicKey:
    """Return the public key of a ``did:key`` identifier.

    Raises:
        InteropError: ``did-key-format``, or as for :func:`decode_multikey`.
        KeyMaterialError: As for :func:`decode_multikey`.
    """
    if not text.startswith(DID_KEY) or "#" in text:
        raise _bad_format("not a did:key identifier", f"{DID_KEY}z6Mk…", text)
    return decode_multikey(text[len(DID_KEY) :])


def did_key_method(key: PublicKey) -> str:
    """Return the id of the one verification method of a ``did:key`` identifier: ``did:key:z6Mk…#z6Mk…``."""
    multikey = encode_multikey(key)
    return f"{DID_KEY}{multikey}#{multikey}"


def decode_did_key_method(text: str) -> PublicKey:
    """Return the public key that the id of a verification method with ``did:key`` carries.

    Raises:
        InteropError: ``did-key-format``, or as for :func:`decode_multikey`.
        KeyMaterialError: As for :func:`decode_multikey`.
    """
    did, separator, fragment = text.partition("#")
    if not separator or did != DID_KEY + fragment:
        raise _bad_format("not a verification method of a did:key identifier", f"{DID_KEY}z6Mk…#z6Mk…, twice one", text)
    return decode_did_key(did)


def _bad_format(message: str, expected: str, text: str) -> InteropError:
    return InteropError("did-key-format", message, expected=expected, found=printable(text))
