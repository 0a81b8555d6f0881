"""SHA-256 digests and their spelling on the wire: 64 lower-case hexadecimal digits."""

from __future__ import annotations

import hashlib
import re
from typing import Final

_HEX_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


def sha256(data: bytes) -> bytes:
    """Return the SHA-256 digest (FIPS 180-4) of ``data``: 32 raw bytes."""
    return hashlib.sha256(data).digest()


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 digest of ``data`` as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def is_hex_digest(text: str) -> bool:
    """Say whether ``text`` is 64 lower-case hexadecimal digits."""
    return _HEX_DIGEST.fullmatch(text) is not None
