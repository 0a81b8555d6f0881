"""Verifier keys of signed notes (C2SP signed-note): ``<name>+<8 hexadecimal digits>+<base64>``."""

from __future__ import annotations

from typing import Final

from pithbuilder.core.digest import sha256
from pithbuilder.core.encoding import decode_base64, encode_base64
from pithbuilder.errors import EncodingError, InteropError, printable
from pithbuilder.signing.ed25519 import PUBLIC_KEY_LENGTH, PublicKey, load_public_key

ED25519_TYPE: Final = b"\x01"
"""The signature type of plain Ed25519."""


def key_hash(name: str, key: PublicKey) -> int:
    """Return the 32-bit key id that tells apart the keys of one name.

    Raises:
        InteropError: ``vkey-name``.
    """
    _check_name(name)
    return int.from_bytes(sha256(name.encode("utf-8") + b"\n" + ED25519_TYPE + key.raw)[:4], "big")


def encode_vkey(name: str, key: PublicKey) -> str:
    """Return the verifier key of a public key.

    Args:
        name: The key's name, best an address without ``https://``: not empty, no white space, no ``+``.
        key: The key.

    Raises:
        InteropError: ``vkey-name``.
    """
    return f"{name}+{key_hash(name, key):08x}+{encode_base64(ED25519_TYPE + key.raw)}"


def decode_vkey(text: str) -> tuple[str, PublicKey]:
    """Return name and public key of a verifier key.

    Raises:
        InteropError: ``vkey-name``, ``vkey-format``, ``vkey-algorithm`` or ``vkey-hash``.
        KeyMaterialError: What :class:`~pithbuilder.signing.ed25519.PublicKey` refuses.
    """
    name, _, rest = text.partition("+")
    stated, separator, encoded = rest.partition("+")
    if not separator:
        raise _bad_format(printable(text))
    try:
        data = decode_base64(encoded)
    except EncodingError as error:
        raise _bad_format(error.found) from error
    if not data.startswith(ED25519_TYPE) or len(data) != len(ED25519_TYPE) + PUBLIC_KEY_LENGTH:
        raise InteropError(
            "vkey-algorithm",
            "verifier key is not for Ed25519 signatures of notes",
            expected=f"type {ED25519_TYPE.hex()} and {PUBLIC_KEY_LENGTH} bytes",
            found=f"type {data[:1].hex() or 'none'} and {max(len(data) - 1, 0)} bytes",
        )
    key = load_public_key(data[len(ED25519_TYPE) :])
    expected = f"{key_hash(name, key):08x}"
    if stated != expected:
        raise InteropError(
            "vkey-hash",
            "key hash is not that of this name and key",
            expected=expected,
            found=printable(stated),
            hint="name, hash or key was changed or mistyped: get the verifier key again",
        )
    return name, key


def _check_name(name: str) -> None:
    if not name or "+" in name or not name.isprintable() or any(map(str.isspace, name)):
        raise InteropError(
            "vkey-name",
            "not a name for a verifier key",
            expected="printable text that is not empty, without white space and '+'",
            found=printable(name),
        )


def _bad_format(found: str) -> InteropError:
    return InteropError(
        "vkey-format", "not a verifier key", expected="NAME+HASH+BASE64, 8 hexadecimal digits", found=found
    )
