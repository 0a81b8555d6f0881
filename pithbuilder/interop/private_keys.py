"""Private keys in other people's files: PEM (PKCS#8), OpenSSH and JWK, told apart by what is in them.

Nothing of a private key gets into an error: where reading fails, the error is raised afresh, without the one that the
JSON parser raised and that still holds the text.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.documents.wire import parse_object
from pithbuilder.errors import InteropError, KeyMaterialError, PithError, WireError
from pithbuilder.interop.jwk import decode_private_jwk
from pithbuilder.interop.openssh import openssh_blob
from pithbuilder.signing.ed25519 import PrivateKey

MAX_KEY_FILE_BYTES: Final = 64 * 2**10

_BEGIN: Final = re.compile(rb"-----BEGIN ([A-Z0-9][A-Z0-9 ]*)-----")
_OPENSSH: Final = "OPENSSH PRIVATE KEY"
_PKCS8: Final = "PRIVATE KEY"
_ENCRYPTED_PKCS8: Final = "ENCRYPTED PRIVATE KEY"
_OTHER_ALGORITHMS: Final = frozenset({"RSA PRIVATE KEY", "DSA PRIVATE KEY", "EC PRIVATE KEY", "ANY PRIVATE KEY"})
_PUBLIC_HINT: Final = "give the file with the private key; this one may be published, it cannot sign"
_OTHER_KINDS: Final = {
    "CERTIFICATE": "a certificate holds a public key only; give the file with its private key",
    "TRUSTED CERTIFICATE": "a certificate holds a public key only; give the file with its private key",
    "CERTIFICATE REQUEST": "give the file with the private key that the request was signed with",
    "PUBLIC KEY": _PUBLIC_HINT,
    "RSA PUBLIC KEY": _PUBLIC_HINT,
    "SSH2 PUBLIC KEY": _PUBLIC_HINT,
}
_OPENSSH_MAGIC: Final = b"openssh-key-v1\0"
_PUBLIC_LINE: Final = re.compile(rb"(?:ssh|ecdsa|sk)-[a-z0-9@.-]+ AAAA")
_EXPECTED: Final = "a private key for Ed25519 in PEM (PKCS#8), an OpenSSH private key, or a JWK"


def needs_passphrase(data: bytes) -> bool:
    """Say whether a private key is encrypted; False also for what :func:`read_private_key` refuses anyway.

    Args:
        data: The file's bytes.
    """
    begin = _BEGIN.search(data)
    if begin is None:
        return False
    label = begin[1].decode("ascii")
    return label == _ENCRYPTED_PKCS8 or (label == _OPENSSH and _openssh_is_encrypted(data, begin.end()))


def read_private_key(data: bytes, passphrase: bytes | None) -> PrivateKey:
    """Return the private key of a file.

    Args:
        data: The file's bytes: PEM (PKCS#8), OpenSSH or JWK.
        passphrase: None for a key that is not encrypted.

    Raises:
        InteropError: ``private-key-size``, ``private-key-unknown``, ``private-key-kind``, ``private-key-several``,
            ``private-key-truncated``, ``private-key-damaged``, ``private-key-mismatch``, ``key-algorithm``,
            ``jwk-syntax``, or as for :func:`~pithbuilder.interop.jwk.decode_private_jwk`.
        KeyMaterialError: As for :meth:`PrivateKey.from_pem <pithbuilder.signing.ed25519.PrivateKey.from_pem>`.
    """
    if len(data) > MAX_KEY_FILE_BYTES:
        raise InteropError(
            "private-key-size",
            "file is too large for a private key",
            expected=f"at most {MAX_KEY_FILE_BYTES} bytes",
            found=f"{len(data)} bytes",
        )
    if data.lstrip().startswith(b"{"):
        return _read_jwk(data, passphrase)
    begins = list(_BEGIN.finditer(data))
    if not begins:
        raise _refusal_of_unknown(data)
    if len(begins) > 1:
        raise InteropError(
            "private-key-several",
            "file holds more than one key or certificate",
            expected="one private key",
            found=f"{len(begins)} parts in PEM",
            hint="copy the lines from BEGIN to END of the one that is meant into a file of their own",
        )
    return _read_pem(data, begins[0], passphrase)


def _read_pem(data: bytes, begin: re.Match[bytes], passphrase: bytes | None) -> PrivateKey:
    label = begin[1].decode("ascii")
    if label in _OTHER_ALGORITHMS:
        raise InteropError(
            "key-algorithm",
            "private key is not for Ed25519",
            expected=_EXPECTED,
            found=label,
            hint="make an Ed25519 key; keys for other algorithms cannot sign here",
        )
    if label not in (_PKCS8, _ENCRYPTED_PKCS8, _OPENSSH):
        raise InteropError(
            "private-key-kind",
            "file does not hold a private key",
            expected=_EXPECTED,
            found=label if label in _OTHER_KINDS else "another kind of PEM",
            hint=_OTHER_KINDS.get(label, _PUBLIC_HINT if label.endswith("PUBLIC KEY") else ""),
        )
    end = f"-----END {label}-----".encode("ascii")
    end_at = data.find(end, begin.end())
    if end_at < 0:
        raise InteropError(
            "private-key-truncated",
            "private key ends too early",
            expected=end.decode("ascii"),
            hint="the file is not whole: copy it again, from the first line to the last",
        )
    block = data[begin.start() : end_at + len(end)] + b"\n"
    load = PrivateKey.from_openssh if label == _OPENSSH else PrivateKey.from_pem
    try:
        key = load(block, passphrase)
    except PithError:
        raise
    except Exception as error:  # the library has internal errors for damaged keys, and no common root of its errors
        raise InteropError(
            "private-key-damaged",
            "private key is damaged",
            expected=_EXPECTED,
            hint="the file was changed after it was written: take it from a backup",
        ) from error
    if label != _OPENSSH:
        return key
    if openssh_blob(key.public_key) not in _body(data, begin.end()):  # it stands there in the clear, encrypted or not
        raise InteropError(
            "private-key-mismatch",
            "public key in the file does not belong to the private key",
            hint="the file is damaged, or was put together from two keys",
        )
    return key


def _openssh_is_encrypted(data: bytes, start: int) -> bool:
    """Read the cipher's name, the first string of an OpenSSH private key."""
    none = (4).to_bytes(4, "big") + b"none"
    body = _body(data, start)
    return body.startswith(_OPENSSH_MAGIC) and not body.startswith(_OPENSSH_MAGIC + none)


def _body(data: bytes, start: int) -> bytes:
    """Return the bytes of the base64 that begins at ``start`` and ends before the next dashes; none if it is not."""
    text = b"".join(data[start:].partition(b"-----")[0].split())
    try:
        return base64.b64decode(text[: len(text) // 4 * 4])
    except binascii.Error:
        return b""


def _read_jwk(data: bytes, passphrase: bytes | None) -> PrivateKey:
    value = _parse_secret(data)
    if value is None:  # raised only here, where the parser's own error, which shows what it read, is gone
        raise InteropError(
            "jwk-syntax",
            "file begins like a JWK, but is not one JSON object",
            expected=_EXPECTED,
            hint="the file is damaged, or not whole; nothing of it is shown, for it may hold a private key",
        )
    key = decode_private_jwk(value)
    if passphrase is not None:
        raise KeyMaterialError(
            "passphrase-not-needed",
            "private key is not encrypted, but a passphrase was given",
            hint="leave the passphrase away, or check that this is the right key file",
        )
    return key


def _parse_secret(data: bytes) -> JsonObject | None:
    try:
        return parse_object(data)
    except WireError:
        return None


def _refusal_of_unknown(data: bytes) -> InteropError:
    text = data.lstrip()
    if _PUBLIC_LINE.match(text) is not None:
        return InteropError(
            "private-key-kind",
            "file does not hold a private key",
            expected=_EXPECTED,
            found="an OpenSSH public key",
            hint="give the file of the same name without .pub",
        )
    if text.startswith(b"PuTTY-User-Key-File"):
        hint = "export the key from PuTTY's key generator in OpenSSH's format"
    elif not text:
        hint = "the file is empty"
    elif data.startswith(b"\x30"):
        hint = "if this is a key in DER, write it as PEM: openssl pkey -inform DER -in FILE"
    else:
        hint = "check that this is the right file, and that it is whole"
    return InteropError("private-key-unknown", "not a private key in a known format", expected=_EXPECTED, hint=hint)
