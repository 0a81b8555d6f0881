"""OpenSSH's public keys: one line ``ssh-ed25519 AAAA… comment`` (RFC 8709; wire format of RFC 4253 and RFC 4251)."""

from __future__ import annotations

import struct
from typing import Final

from pithbuilder.core.encoding import decode_base64, encode_base64
from pithbuilder.errors import EncodingError, InteropError, printable
from pithbuilder.signing.ed25519 import PUBLIC_KEY_LENGTH, PublicKey, load_public_key

ALGORITHM: Final = "ssh-ed25519"


def _string(data: bytes) -> bytes:
    """Return ``data`` as a string of the SSH protocol (RFC 4251, section 5)."""
    return struct.pack(">I", len(data)) + data


_HEAD: Final = _string(ALGORITHM.encode("ascii")) + struct.pack(">I", PUBLIC_KEY_LENGTH)


def openssh_blob(key: PublicKey) -> bytes:
    """Return the bytes that stand for a public key on the wire and in OpenSSH's files (RFC 8709, section 4)."""
    return _HEAD + key.raw


def encode_openssh(key: PublicKey, comment: str = "") -> str:
    """Return a public key as the line that ``authorized_keys`` and ``.pub`` files hold, without a line break.

    Args:
        key: The key.
        comment: What follows the key; the key id, say. May be empty.

    Raises:
        InteropError: ``openssh-comment``.
    """
    _check_comment(comment)
    return " ".join([ALGORITHM, encode_base64(openssh_blob(key)), *([comment] if comment else [])])


def decode_openssh(line: str) -> tuple[PublicKey, str]:
    """Return the public key and the comment of a line that :func:`encode_openssh` could have written.

    Args:
        line: Without a line break.

    Raises:
        InteropError: ``openssh-algorithm``, ``openssh-encoding`` or ``openssh-comment``.
        KeyMaterialError: What :class:`~pithbuilder.signing.ed25519.PublicKey` refuses.
    """
    algorithm, _, rest = line.partition(" ")
    if algorithm != ALGORITHM:
        raise InteropError(
            "openssh-algorithm",
            "not an OpenSSH public key for Ed25519",
            expected=f"{ALGORITHM} AAAA…, without options in front",
            found=printable(algorithm),
        )
    text, space, comment = rest.partition(" ")
    if space and not comment:
        raise _bad_comment(comment)
    _check_comment(comment)
    try:
        data = decode_base64(text)
    except EncodingError as error:
        raise _bad_encoding(error.found) from error
    if len(data) != len(_HEAD) + PUBLIC_KEY_LENGTH or not data.startswith(_HEAD):
        raise _bad_encoding(printable(text))
    return load_public_key(data[len(_HEAD) :]), comment


def _check_comment(comment: str) -> None:
    if not comment.isprintable() or comment != comment.strip():
        raise _bad_comment(comment)


def _bad_comment(comment: str) -> InteropError:
    return InteropError(
        "openssh-comment",
        "comment cannot stand in an OpenSSH public key",
        expected="one line of printable text without blanks around it",
        found=printable(comment),
    )


def _bad_encoding(found: str) -> InteropError:
    return InteropError(
        "openssh-encoding",
        "OpenSSH public key is damaged",
        expected=f"base64 of {len(_HEAD) + PUBLIC_KEY_LENGTH} bytes: the algorithm's name and the key",
        found=found,
    )
