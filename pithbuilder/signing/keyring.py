"""Pinned keys, and the check that a key document's fields belong together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

import attrs

from pithbuilder.core.encoding import decode_base64
from pithbuilder.core.json_path import ROOT, child_path
from pithbuilder.core.timestamps import parse_instant
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


@attrs.frozen
class KeyWindow:
    """When a key signs, as far as that is known. Both ends belong to it, to the second.

    Attributes:
        valid_from: An instant in UTC; None where no beginning is set.
        valid_until: An instant in UTC; None where no end is set.
        compromised_at: From when on others may have had the key, in UTC; None where nobody had.
    """

    valid_from: datetime | None = None
    valid_until: datetime | None = None
    compromised_at: datetime | None = None

    @property
    def compromised(self) -> bool:
        """Whether others may have had the key."""
        return self.compromised_at is not None

    def holds(self, instant: datetime) -> bool:
        """Say whether an instant, in UTC, is in the window."""
        second = instant.replace(microsecond=0)
        return (self.valid_from is None or self.valid_from <= second) and (
            self.valid_until is None or second <= self.valid_until
        )

    @property
    def is_empty(self) -> bool:
        """Whether the window ends before it begins."""
        return self.valid_from is not None and self.valid_until is not None and self.valid_until < self.valid_from

    def ends_by(self, instant: datetime) -> bool:
        """Say whether the window ends at an instant or before."""
        return self.valid_until is not None and self.valid_until <= instant


ALWAYS: Final = KeyWindow()
"""The window of a key of which nothing more is known than that it is pinned."""


class Keyring:
    """Keys that are trusted: because a person pinned them, or reached from a pinned key through a chain of statements.

    Documents never add to it by themselves; see :func:`pithbuilder.verify.key_chain.follow`. A key may be bound to the
    signers whose key it is: then those signers sign with their own keys, and with no others.

    >>> len(Keyring())
    0
    """

    def __init__(self, documents: Iterable[KeyDocument] = ()) -> None:
        """Pin the keys of some key documents; ``rotates_at``, where it is set, is the end of a key's window.

        Of two documents of one key, the earlier end counts, and of two under one id the first address.

        Raises:
            KeyMaterialError: A document's fields contradict each other, or two documents give one key id to
                different keys (``key-conflict``).
        """
        self._keys: dict[str, PublicKey] = {}
        self._names: dict[PublicKey, tuple[str, ...]] = {}
        self._addresses: dict[str, str] = {}
        self._windows: dict[PublicKey, KeyWindow] = {}
        self._chains: dict[PublicKey, tuple[bytes, ...]] = {}
        self._signers: dict[str, frozenset[PublicKey]] = {}
        for document in documents:
            key = public_key_of(document)
            self._add(document.key_id, key)
            self._addresses[document.key_id] = self.address(document.key_id) or document.url
            if document.rotates_at is not None:
                end = parse_instant(document.rotates_at)
                if not self.window_of(key).ends_by(end):
                    self._windows[key] = KeyWindow(valid_until=end)

    def with_chain(
        self,
        first: PublicKey,
        keys: Mapping[str, tuple[PublicKey, KeyWindow]],
        statements: tuple[bytes, ...],
        *,
        addresses: Mapping[str, str] = MappingProxyType({}),
    ) -> Keyring:
        """Return a keyring with the keys of a chain that has been followed from a pinned key.

        Args:
            first: The first key of the chain, by which, as by any key in ``keys``, it is known again.
            keys: Key id to key and window; the window is the key's under every id that it has.
            statements: Digest of every statement, 32 raw bytes each, by sequence.
            addresses: Key id to the ``url`` of the key's document; those that are known already stay.

        Raises:
            KeyMaterialError: ``key-conflict``; another key of such an id is pinned.
        """
        joined = self._copy()
        joined._addresses = {**addresses, **self._addresses}
        joined._chains |= dict.fromkeys((first, *(key for key, _ in keys.values())), statements)
        for key_id, (key, window) in keys.items():
            joined._add(key_id, key)
            joined._windows[key] = window
        reached = frozenset(key for key, _ in keys.values())
        for signer_id, own in self._signers.items():
            if own & reached:  # successors are whose the keys before them were
                joined._signers[signer_id] = own | reached
        return joined

    def with_signer(self, signer_id: str, keys: Iterable[PublicKey]) -> Keyring:
        """Return a keyring that knows some keys as a signer's own; that alone does not pin them.

        Args:
            signer_id: The signer's name in events (wire field ``signer_id``).
            keys: The keys, besides those that are known as its own already.
        """
        joined = self._copy()
        joined._signers[signer_id] = self.signer_keys(signer_id).union(keys)
        return joined

    def signers_of(self, key: PublicKey) -> frozenset[str]:
        """Return the signers whose key it is; none where that is not known."""
        return frozenset(signer_id for signer_id, keys in self._signers.items() if key in keys)

    def _copy(self) -> Keyring:
        copy = Keyring()
        copy._keys, copy._names, copy._windows = dict(self._keys), dict(self._names), dict(self._windows)
        copy._addresses, copy._chains, copy._signers = dict(self._addresses), dict(self._chains), dict(self._signers)
        return copy

    def signer_keys(self, signer_id: str) -> frozenset[PublicKey]:
        """Return the keys with which a signer signs; none where that is not known."""
        return self._signers.get(signer_id, frozenset())

    def get(self, key_id: str) -> PublicKey | None:
        """Return the trusted key of that id, or None."""
        return self._keys.get(key_id)

    def names(self, key: PublicKey) -> tuple[str, ...]:
        """Return the ids under which a key is trusted; none if it is not."""
        return self._names.get(key, ())

    def address(self, key_id: str) -> str:
        """Return where the document of the key of that id is published, its ``url``; empty if that is not known."""
        return self._addresses.get(key_id, "")

    def window(self, key_id: str) -> KeyWindow:
        """Return when the key of that id signs, by whatever id that became known."""
        key = self._keys.get(key_id)
        return ALWAYS if key is None else self.window_of(key)

    def window_of(self, key: PublicKey) -> KeyWindow:
        """Return when a key signs."""
        return self._windows.get(key, ALWAYS)

    def known_statements(self, key: PublicKey) -> tuple[bytes, ...]:
        """Return the digests of the statements of the chain of which ``key`` is a part, as far as it is known."""
        return self._chains.get(key, ())

    def _add(self, key_id: str, key: PublicKey) -> None:
        if self._keys.setdefault(key_id, key) != key:
            raise KeyMaterialError(
                "key-conflict",
                "two pinned keys have the same key id",
                where="$.key_id",
                found=printable(key_id),
                hint="pin only one of the two",
            )
        names = self.names(key)
        if key_id not in names:
            self._names[key] = (*names, key_id)

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
