"""age files with a passphrase, written and read from the specification alone (https://age-encryption.org/v1).

An oracle for what the package makes, and cheap: scrypt with 2^4 steps, where age takes seconds.
"""

from __future__ import annotations

import base64
import hmac
import os
from collections.abc import Iterator

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

CHUNK = 64 * 2**10
CHEAP = 4


def encrypt(plain: bytes, passphrase: str, *, log_n: int = CHEAP) -> bytes:
    file_key, salt, nonce = os.urandom(16), os.urandom(16), os.urandom(16)
    body = ChaCha20Poly1305(_wrap_key(passphrase, salt, log_n)).encrypt(bytes(12), file_key, None)
    header = f"age-encryption.org/v1\n-> scrypt {_b64(salt)} {log_n}\n{_b64(body)}\n---".encode()
    key = ChaCha20Poly1305(_hkdf(file_key, nonce, b"payload"))
    chunks = [plain[start : start + CHUNK] for start in range(0, len(plain), CHUNK)] or [b""]
    sealed = b"".join(
        key.encrypt(counter, chunk, None) for counter, chunk in zip(_counters(len(chunks)), chunks, strict=True)
    )
    return header + f" {_b64(_mac(file_key, header))}\n".encode() + nonce + sealed


def decrypt(data: bytes, passphrase: str) -> bytes:
    version, stanza, body, mac_line = data.split(b"\n", 4)[:4]
    arrow, kind, salt, log_n = stanza.split(b" ")
    assert (version, arrow, kind) == (b"age-encryption.org/v1", b"->", b"scrypt")
    wrapping = ChaCha20Poly1305(_wrap_key(passphrase, _raw(salt), int(log_n)))
    file_key = wrapping.decrypt(bytes(12), _raw(body), None)
    header = b"\n".join((version, stanza, body, b"---"))
    assert mac_line == b"--- " + _b64(_mac(file_key, header)).encode()
    payload = data[len(header) + 1 + len(mac_line) - len(b"---") :]
    nonce, sealed = payload[:16], payload[16:]
    key = ChaCha20Poly1305(_hkdf(file_key, nonce, b"payload"))
    chunks = [sealed[start : start + CHUNK + 16] for start in range(0, len(sealed), CHUNK + 16)]
    return b"".join(
        key.decrypt(counter, chunk, None) for counter, chunk in zip(_counters(len(chunks)), chunks, strict=True)
    )


def _wrap_key(passphrase: str, salt: bytes, log_n: int) -> bytes:
    salt = b"age-encryption.org/v1/scrypt" + salt
    return Scrypt(salt=salt, length=32, n=2**log_n, r=8, p=1).derive(passphrase.encode())


def _hkdf(key: bytes, salt: bytes, info: bytes) -> bytes:
    """RFC 5869 with SHA-256, one block."""
    return hmac.digest(hmac.digest(salt or bytes(32), key, "sha256"), info + b"\1", "sha256")


def _mac(file_key: bytes, header: bytes) -> bytes:
    return hmac.digest(_hkdf(file_key, b"", b"header"), header, "sha256")


def _counters(count: int) -> Iterator[bytes]:
    return (number.to_bytes(11, "big") + bytes([number == count - 1]) for number in range(count))


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def _raw(text: bytes) -> bytes:
    return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
