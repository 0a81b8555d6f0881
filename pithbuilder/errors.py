"""The one root of every error that pithbuilder raises on purpose.

An error says what is wrong (a stable ``code`` and a message), where (a JSON path such as
``$.metadata.license``, or ``FILE:LINE``), what was expected, what was found, and what to do about it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_SHOWN_CHARACTERS: Final = 80


def printable(value: object) -> str:
    """Return a short, one-line, ASCII-only rendering of any value, safe for a terminal or a log.

    Args:
        value: Anything; text is quoted, bytes are shown as ``b'…'``.

    Returns:
        At most 80 characters of ``ascii(value)``, with ``...`` in place of what was cut off.
    """
    if isinstance(value, str | bytes):
        value = value[: _SHOWN_CHARACTERS + 1]
    shown = ascii(value)
    return shown if len(shown) <= _SHOWN_CHARACTERS else shown[: _SHOWN_CHARACTERS - 3] + "..."


class PithError(Exception):
    """Something was refused, with everything a person or a program needs to act on it.

    Attributes:
        code: Stable, lower-case words joined by hyphens (``field-missing``); programs may depend on it.
        message: What is wrong, one sentence without a full stop.
        where: A JSON path (``$`` is the whole document) or ``FILE:LINE``; empty when there is no place.
        expected: What would have been right; may be empty.
        found: What stood there, already shortened and made safe for a terminal; may be empty.
        hint: What to do; may be empty.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        where: str = "",
        expected: str = "",
        found: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.where = where
        self.expected = expected
        self.found = found
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.message} [{self.code}]"
        if self.where:
            text = f"{self.where}: {text}"
        if self.expected:
            text += f"; expected {self.expected}"
        if self.found:
            text += f"; found {self.found}"
        if self.hint:
            text += f"; hint: {self.hint}"
        return text

    def to_dict(self) -> dict[str, str]:
        """Return the error as a flat object of strings; empty parts are left out."""
        parts = {
            "code": self.code,
            "message": self.message,
            "where": self.where,
            "expected": self.expected,
            "found": self.found,
            "hint": self.hint,
        }
        return {name: part for name, part in parts.items() if part}


@contextmanager
def naming(name: object) -> Iterator[None]:
    """Name a document, as its path or otherwise, in the errors of a block."""
    try:
        yield
    except PithError as error:
        if not error.where.startswith(str(name)):
            error.where = f"{name}: {error.where}" if error.where else str(name)
        raise


class CanonicalizationError(PithError):
    """A value has no canonical JSON form here (a float, a lone surrogate, an integer beyond 2^53 - 1)."""


class EncodingError(PithError):
    """Text is not the strict base32, base64, base58 or hexadecimal spelling of any bytes."""


class FormatError(PithError):
    """Text is not a valid instant, arXiv identifier, category or Pith Number."""


class WireError(PithError):
    """Bytes are not a JSON document that this project accepts."""


class DocumentError(PithError):
    """A JSON value lacks a field of its document type, or a field has the wrong type or spelling."""


class KeyMaterialError(PithError):
    """A public key, private key, passphrase or key file cannot be used."""


class SigningError(PithError):
    """A signer did not sign: the agent, token or program is gone, refuses, or gave a wrong signature."""


class RotationError(PithError):
    """A statement about keys, or the chain that such statements make, does not hold."""


class InteropError(PithError):
    """A key or credential in somebody else's format cannot be read or verified."""


class SourceError(PithError):
    """One record of a metadata source cannot be turned into paper metadata."""


class ProfileError(PithError):
    """A workspace or its issuer profile (``pith.toml``) is missing or wrong."""


class StoreError(PithError):
    """A file, directory or ledger could not be read or written, or contradicts what is to be stored."""


class MintError(PithError):
    """A paper is not minted: its metadata drifted, or what was minted of it before is not as it must be."""


class EventError(PithError):
    """An event cannot be made, or does not go into a bundle."""


class MergeError(PithError):
    """Documents cannot be merged or compared with each other."""


class FixtureError(PithError):
    """The corpus of fixtures, or a part of it, is not as it must be."""


class ConformanceError(PithError):
    """A conformance run cannot be begun: the tool does not start, or a list of expected failures is wrong."""
