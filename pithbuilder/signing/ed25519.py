"""Ed25519 (RFC 8032) over the 32 bytes of a digest, by `cryptography`.

Public keys are checked when they come in. OpenSSL takes keys of small order, under which one fixed signature
verifies every message, and spellings of a key that are not canonical; neither gets past :class:`PublicKey`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from cryptography.exceptions import InternalError, InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from pithbuilder.errors import KeyMaterialError
from pithbuilder.signing.pkcs8 import encrypt_to_pem

PUBLIC_KEY_LENGTH: Final = 32
SIGNATURE_LENGTH: Final = 64
SEED_LENGTH: Final = 32
MAX_PASSPHRASE_LENGTH: Final = 1023
"""The longest passphrase in bytes; OpenSSL takes no longer one."""

_P: Final = 2**255 - 19
_D: Final = -121665 * pow(121666, -1, _P) % _P

# The y coordinates of the eight points whose order divides 8 (order 8: +-_Y8; order 4: 0; order 2: -1; order 1: 1).
_Y8: Final = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL_ORDER_Y: Final = frozenset({0, 1, _P - 1, _Y8, _P - _Y8})


class PublicKey:
    """A public key that may be trusted with verifying: on the curve, canonical, not of small order."""

    __slots__ = ("_key", "raw")

    def __init__(self, raw: bytes) -> None:
        """Take a raw public key.

        Args:
            raw: 32 bytes (RFC 8032, section 5.1.5).

        Raises:
            KeyMaterialError: ``key-length``, ``key-not-canonical``, ``key-small-order`` or
                ``key-not-on-curve``.
        """
        _check_point(raw)
        self.raw: Final = raw
        self._key = Ed25519PublicKey.from_public_bytes(raw)

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Say whether ``signature`` (64 bytes) is this key's over ``message``."""
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def to_pem(self) -> bytes:
        """Return the key as ``SubjectPublicKeyInfo`` in PEM (RFC 7468, RFC 8410)."""
        return self._key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and self.raw == other.raw

    def __hash__(self) -> int:
        return hash(self.raw)

    def __repr__(self) -> str:
        return f"PublicKey({self.raw.hex()})"


@lru_cache(maxsize=256)
def load_public_key(raw: bytes) -> PublicKey:
    """Return the checked public key of 32 raw bytes; the same few keys come back in every document.

    Raises:
        KeyMaterialError: As for :class:`PublicKey`.
    """
    return PublicKey(raw)


class PrivateKey:
    """A private key in memory. Neither ``repr`` nor any error shows a byte of it."""

    __slots__ = ("_key", "public_key")

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Take a key of the underlying library; use :meth:`generate`, :meth:`from_pem` or :meth:`from_seed`."""
        self._key = key
        self.public_key: Final = load_public_key(key.public_key().public_bytes_raw())

    @classmethod
    def generate(cls) -> PrivateKey:
        """Return a fresh key from the operating system's random source."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> PrivateKey:
        """Return the key of a 32-byte seed (RFC 8032, section 5.1.5, called the private key there).

        Raises:
            KeyMaterialError: ``key-length``.
        """
        if len(seed) != SEED_LENGTH:
            raise KeyMaterialError("key-length", "seed has the wrong length", expected=f"{SEED_LENGTH} bytes")
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def from_pem(cls, pem: bytes, passphrase: bytes | None) -> PrivateKey:
        """Return the key of a PKCS#8 PEM file (RFC 5958, RFC 8410).

        Args:
            pem: The file's bytes.
            passphrase: None for a key that is not encrypted.

        Raises:
            KeyMaterialError: ``passphrase-needed``, ``passphrase-wrong``, ``passphrase-not-needed``,
                ``passphrase-too-long``, ``key-file-format`` or ``key-algorithm``.
        """
        encrypted = b"ENCRYPTED" in pem
        _check_need(encrypted, passphrase)
        try:
            key = serialization.load_pem_private_key(pem, passphrase)
        except (ValueError, TypeError, UnsupportedAlgorithm, InternalError) as error:
            if encrypted and pem.rstrip().endswith(b"-----END ENCRYPTED PRIVATE KEY-----"):
                raise _cannot_decrypt() from error
            raise KeyMaterialError(
                "key-file-format",
                "not a private key in PKCS#8 PEM",
                expected="-----BEGIN PRIVATE KEY----- or -----BEGIN ENCRYPTED PRIVATE KEY-----",
            ) from error
        return cls._of(key)

    @classmethod
    def from_openssh(cls, data: bytes, passphrase: bytes | None) -> PrivateKey:
        """Return the key of an OpenSSH private key file (``openssh-key-v1``).

        Args:
            data: The file's bytes.
            passphrase: None for a key that is not encrypted.

        Raises:
            KeyMaterialError: As for :meth:`from_pem`.
        """
        try:
            key: object = serialization.load_ssh_private_key(data, passphrase)
        except TypeError as error:  # the library's way to say that a passphrase lacks, or is one too many
            _check_need(passphrase is None, passphrase)
            raise _cannot_decrypt() from error
        except (ValueError, UnsupportedAlgorithm, InternalError) as error:
            if passphrase is not None and data.rstrip().endswith(b"-----END OPENSSH PRIVATE KEY-----"):
                raise _cannot_decrypt() from error
            raise KeyMaterialError(
                "key-file-format",
                "not an OpenSSH private key",
                expected="-----BEGIN OPENSSH PRIVATE KEY-----, whole",
            ) from error
        return cls._of(key)

    @classmethod
    def _of(cls, key: object) -> PrivateKey:
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyMaterialError(
                "key-algorithm", "private key is not for Ed25519", expected="an Ed25519 key (RFC 8410)"
            )
        return cls(key)

    def to_pem(self, passphrase: bytes | None) -> bytes:
        """Return the key as PKCS#8 PEM (RFC 5958), encrypted (:mod:`~pithbuilder.signing.pkcs8`) with a passphrase.

        Args:
            passphrase: What to encrypt it with; None leaves it in the clear.

        Raises:
            KeyMaterialError: ``passphrase-empty`` or ``passphrase-too-long``.
        """
        encoding = serialization.Encoding.PEM if passphrase is None else serialization.Encoding.DER
        data = self._key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        if passphrase is None:
            return data
        if not passphrase:
            raise KeyMaterialError("passphrase-empty", "the passphrase is empty", expected="at least one byte")
        _check_length(passphrase)
        return encrypt_to_pem(data, passphrase)

    def to_seed(self) -> bytes:
        """Return the 32-byte seed (RFC 8032, section 5.1.5): the secret itself, for another library in memory."""
        return self._key.private_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """Return the signature of ``message``: 64 bytes."""
        return self._key.sign(message)

    def __repr__(self) -> str:
        return f"PrivateKey(public={self.public_key.raw.hex()})"


def _check_need(encrypted: bool, passphrase: bytes | None) -> None:
    """Refuse a passphrase that lacks, is one too many, or too long."""
    if encrypted and passphrase is None:
        raise KeyMaterialError(
            "passphrase-needed",
            "private key is encrypted",
            hint="run in a terminal to be asked for the passphrase, or give --passphrase-file FILE",
        )
    if passphrase is not None and not encrypted:
        raise KeyMaterialError(
            "passphrase-not-needed",
            "private key is not encrypted, but a passphrase was given",
            hint="leave the passphrase away, or check that this is the right key file",
        )
    if passphrase is not None:
        _check_length(passphrase)


def _cannot_decrypt() -> KeyMaterialError:
    return KeyMaterialError(
        "passphrase-wrong", "private key cannot be decrypted", hint="wrong passphrase, or a damaged file"
    )


def _check_length(passphrase: bytes) -> None:
    if len(passphrase) > MAX_PASSPHRASE_LENGTH:
        raise KeyMaterialError(
            "passphrase-too-long",
            "the passphrase is too long",
            expected=f"at most {MAX_PASSPHRASE_LENGTH} bytes",
            found=f"{len(passphrase)} bytes",
        )


def _check_point(raw: bytes) -> None:
    """Refuse 32 bytes that decode to no point, to one of small order, or are a second spelling of one."""
    if len(raw) != PUBLIC_KEY_LENGTH:
        raise KeyMaterialError(
            "key-length",
            "public key has the wrong length",
            expected=f"{PUBLIC_KEY_LENGTH} bytes",
            found=f"{len(raw)} bytes",
        )
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    if y >= _P:
        raise _bad_point("key-not-canonical", "public key is not in canonical form", raw)
    if y in _SMALL_ORDER_Y:
        raise _bad_point("key-small-order", "public key is of small order and would verify anything", raw)
    numerator, denominator = (y * y - 1) % _P, (_D * y * y + 1) % _P
    if pow(numerator * denominator, (_P - 1) // 2, _P) != 1:  # Euler: is x^2 = numerator/denominator a square?
        raise _bad_point("key-not-on-curve", "public key is not a point of the curve", raw)


def _bad_point(code: str, message: str, raw: bytes) -> KeyMaterialError:
    return KeyMaterialError(
        code,
        message,
        expected="a canonical point of large order (RFC 8032, section 5.1.3)",
        found=raw.hex(),
        hint="do not use this key; no honest key generation makes it",
    )
