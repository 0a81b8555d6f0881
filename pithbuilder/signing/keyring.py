"""Pinned keys, and the check that a key document's fields belong together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pithbuilder.core.encoding import decode_base64
from pithbuilder.core.json_path import ROOT, child_path
from pithbuilder.documents.key_document import KEY_FORMAT, KeyDocument, fingerprint_base32, fingerprint_hex
from pithbuilder.documents.signature import ALGORITHM
from pithbuilder.errors import EncodingError, KeyMaterialError, printable
from pithbuilder.signing.ed25519 import PUBLIC_KEY_LENGTH, PublicKey, load_public_key


def public_key_of(document: KeyDocument, path: str = ROOT) -> PublicKey:
    """Return the public key of a key document in which every field agrees with the key's bytes.

    Args:
        document: A key document, from anywhere.
        path: Where it stands, for error messages.

    Raises:
        KeyMaterialError: ``key-algorithm``, ``key-format``, ``key-encoding``, ``key-fingerprint``, or what
            :class:`~pithbuilder.signing.ed25519.PublicKey` refuses.
    """
    _expect(document.algorithm, ALGORITHM, "key-algorithm", child_path(path, "algorithm"))
    _expect(document.format, KEY_FORMAT, "key-format", child_path(path, "format"))
    try:
        raw = decode_base64(document.public_key_b64, PUBLIC_KEY_LENGTH)
    except EncodingError as error:
        raise KeyMaterialError(
            "key-encoding",
            "public key is not strict base64",
            where=child_path(path, "public_key_b64"),
            expected=error.expected,
            found=error.found,
        ) from error
    _expect(document.public_key_hex, raw.hex(), "key-encoding", child_path(path, "public_key_hex"))
    _expect(
        document.fingerprint_sha256_hex,
        fingerprint_hex(raw),
        "key-fingerprint",
        child_path(path, "fingerprint_sha256_hex"),
    )
    _expect(
        document.fingerprint_sha256_b32_first128bits,
        fingerprint_base32(raw),
        "key-fingerprint",
        child_path(path, "fingerprint_sha256_b32_first128bits"),
    )
    try:
        return load_public_key(raw)
    except KeyMaterialError as error:
        error.where = child_path(path, "public_key_b64")
        raise


class Keyring:
    """Keys that are trusted because a person put them there; documents never add to it.

    >>> len(Keyring())
    0
    """

    def __init__(self, documents: Iterable[KeyDocument] = ()) -> None:
        """Pin the keys of some key documents.

        Raises:
            KeyMaterialError: A document's fields contradict each other, or two documents give one key id to
                different keys (``key-conflict``).
        """
        self._keys: dict[str, PublicKey] = {}
        for document in documents:
            key = public_key_of(document)
            if self._keys.setdefault(document.key_id, key) != key:
                raise KeyMaterialError(
                    "key-conflict",
                    "two pinned keys have the same key id",
                    where="$.key_id",
                    found=printable(document.key_id),
                    hint="pin only one of the two",
                )

    def get(self, key_id: str) -> PublicKey | None:
        """Return the pinned key of that id, or None."""
        return self._keys.get(key_id)

    def __contains__(self, key_id: object) -> bool:
        return key_id in self._keys

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def _expect(found: str, expected: str, code: str, path: str) -> None:
    if found != expected:
        raise KeyMaterialError(
            code,
            "a field of the key document contradicts the key",
            where=path,
            expected=expected,
            found=printable(found),
        )
