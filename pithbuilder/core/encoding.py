"""Strict base32, base64 and base58: exactly one spelling for every sequence of bytes.

The libraries decode generously (line breaks, lost padding, loose trailing bits). Here what was read must be
what encoding again would write, so that two different texts can never stand for the same signature or key.
"""

from __future__ import annotations

import base64
import binascii

from pithbuilder.errors import EncodingError, printable


def encode_base32(data: bytes) -> str:
    """Return ``data`` in base32 (RFC 4648, section 6): upper case, without padding."""
    return base64.b32encode(data).decode("ascii").rstrip("=")


def decode_base32(text: str) -> bytes:
    """Return the bytes that ``text`` spells in base32 without padding.

    Raises:
        EncodingError: ``base32-format``; lower case, padding, other characters, trailing bits that are not 0.
    """
    try:
        data = base64.b32decode(text + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError) as error:
        raise _refused("base32", "RFC 4648 base32, upper case, no padding", text) from error
    if encode_base32(data) != text:
        raise _refused("base32", "RFC 4648 base32, upper case, no padding", text)
    return data


def encode_base64(data: bytes) -> str:
    """Return ``data`` in base64 (RFC 4648, section 4): standard alphabet, padded."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def decode_base64(text: str, length: int | None = None) -> bytes:
    """Return the bytes that ``text`` spells in padded standard base64.

    Args:
        text: For a signature 88 characters, for a public key 44.
        length: How many bytes they must be, where that is known (64 for a signature, 32 for a public key).

    Raises:
        EncodingError: ``base64-format`` for any other spelling of the same bytes (line breaks, blanks, URL
            alphabet, missing padding, loose trailing bits); ``base64-length`` for another number of bytes.
    """
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:  # binascii.Error, and non-ASCII text
        raise _refused("base64", "RFC 4648 base64, standard alphabet, padded", text) from error
    if encode_base64(data) != text:
        raise _refused("base64", "RFC 4648 base64 without loose trailing bits", text)
    if length is not None and len(data) != length:
        raise EncodingError(
            "base64-length",
            "base64 text holds the wrong number of bytes",
            expected=f"{length} bytes",
            found=f"{len(data)} bytes",
        )
    return data


def encode_base58(data: bytes) -> str:
    """Return ``data`` in base58 with the Bitcoin alphabet (multibase ``z`` without its prefix)."""
    import base58  # only other people's key formats need it

    return base58.b58encode(data).decode("ascii")


def decode_base58(text: str) -> bytes:
    """Return the bytes that ``text`` spells in base58 with the Bitcoin alphabet.

    Raises:
        EncodingError: ``base58-format``; a character outside the alphabet, blanks around the text.
    """
    import base58

    try:
        data = base58.b58decode(text)
    except ValueError as error:
        raise _refused("base58", "base58, Bitcoin alphabet", text) from error
    if encode_base58(data) != text:
        raise _refused("base58", "base58, Bitcoin alphabet", text)
    return data


def _refused(name: str, expected: str, text: str) -> EncodingError:
    return EncodingError(f"{name}-format", f"text is not strict {name}", expected=expected, found=printable(text))
