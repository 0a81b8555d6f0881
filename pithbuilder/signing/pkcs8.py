"""Encrypted private keys: PKCS#8 (RFC 5958) with PBES2 (RFC 8018), scrypt (RFC 7914) and AES-256-CBC.

`cryptography` reads such files and so does OpenSSL, but `cryptography` writes only PBKDF2 with 2,048 rounds, which is
too little for a file that is kept for decades. So the few bytes of structure round the ciphertext are made here. The
cost is what OpenSSL still reads with its limit of 32 MiB: 16 MiB of memory, five times over.
"""

from __future__ import annotations

import base64
import secrets
import textwrap
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.padding import PKCS7

SCRYPT_N: Final = 2**14
SCRYPT_R: Final = 8
SCRYPT_P: Final = 5

_AES_KEY_BYTES: Final = 32
_AES_BLOCK_BITS: Final = 128
_PBES2: Final = bytes.fromhex("2a864886f70d01050d")  # 1.2.840.113549.1.5.13
_SCRYPT: Final = bytes.fromhex("2b06010401da47040b")  # 1.3.6.1.4.1.11591.4.11
_AES_256_CBC: Final = bytes.fromhex("60864801650304012a")  # 2.16.840.1.101.3.4.1.42

_INTEGER: Final = 0x02
_OCTET_STRING: Final = 0x04
_OBJECT_IDENTIFIER: Final = 0x06
_SEQUENCE: Final = 0x30


def encrypt_to_pem(private_key_info: bytes, passphrase: bytes) -> bytes:
    """Return ``EncryptedPrivateKeyInfo`` (RFC 5958, section 3) in PEM (RFC 7468), with a fresh salt and IV.

    Args:
        private_key_info: DER of ``PrivateKeyInfo``.
        passphrase: At least one byte.
    """
    salt, iv = secrets.token_bytes(16), secrets.token_bytes(16)
    key = Scrypt(salt=salt, length=_AES_KEY_BYTES, n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P).derive(passphrase)
    padder = PKCS7(_AES_BLOCK_BITS).padder()
    padded = padder.update(private_key_info) + padder.finalize()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    ciphertext = encryptor.update(padded) + encryptor.finalize()
    key_derivation = _sequence(
        _der(_OBJECT_IDENTIFIER, _SCRYPT),
        _sequence(_der(_OCTET_STRING, salt), _integer(SCRYPT_N), _integer(SCRYPT_R), _integer(SCRYPT_P)),
    )
    encryption = _sequence(_der(_OBJECT_IDENTIFIER, _AES_256_CBC), _der(_OCTET_STRING, iv))
    algorithm = _sequence(_der(_OBJECT_IDENTIFIER, _PBES2), _sequence(key_derivation, encryption))
    text = base64.b64encode(_sequence(algorithm, _der(_OCTET_STRING, ciphertext))).decode("ascii")
    label = "ENCRYPTED PRIVATE KEY"
    return "\n".join([f"-----BEGIN {label}-----", *textwrap.wrap(text, 64), f"-----END {label}-----", ""]).encode()


def _der(tag: int, content: bytes) -> bytes:
    """Return one element of DER (X.690); contents here are shorter than 65,536 bytes."""
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def _sequence(*elements: bytes) -> bytes:
    return _der(_SEQUENCE, b"".join(elements))


def _integer(value: int) -> bytes:
    return _der(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))
