"""A mirror on disk: one directory a number, ready to be served as static files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs

from pithbuilder.documents.keyring_document import KeyringDocument
from pithbuilder.documents.mirror import (
    KEYRING_PATH,
    SIGNING_KEY_PATH,
    bundle_path,
    record_path,
    state_path,
    well_known_bundle_path,
)
from pithbuilder.documents.wire import MAX_DOCUMENT_BYTES, parse_object
from pithbuilder.errors import KeyMaterialError, PithError, StoreError
from pithbuilder.stores.atomic import read_failed, read_file, write_file
from pithbuilder.verify.key_chain import KeyChain

_PARTS: Final = ("pith", ".well-known/pith")


@attrs.frozen
class MirrorTree:
    """A mirror's directory.

    Attributes:
        root: The directory; need not exist until something is written.
    """

    root: Path

    def write_number(self, suffix: str, *, bundle: bytes, state: bytes, record_document: bytes) -> bool:
        """Write the four files of one number, the bundle last, and say whether anything had to be written.

        A file that holds the right bytes already is not touched.

        Args:
            suffix: The 26 characters of the number.
            bundle: Canonical bytes of the bundle, for both its places.
            state: Canonical bytes of its state.
            record_document: Canonical bytes of the record document.

        Raises:
            StoreError: ``write-failed``.
        """
        changed = [
            self.write(path, data)
            for path, data in (
                (state_path(suffix), state),
                (record_path(suffix), record_document),
                (well_known_bundle_path(suffix), bundle),
                (bundle_path(suffix), bundle),
            )
        ]
        return any(changed)

    def write_keys(self, chain: KeyChain) -> bool:
        """Write the keyring and the document of the key that signs, and say whether anything had to be written.

        Raises:
            KeyMaterialError: As for :meth:`check_keys`.
            StoreError: ``write-failed``.
        """
        self.check_keys(chain)
        written = self.write(KEYRING_PATH, chain.to_document().canonical_bytes)
        return self.write(SIGNING_KEY_PATH, chain.latest.entry.key.canonical_bytes) or written

    def shows_keys_of(self, chain: KeyChain) -> bool:
        """Say whether the mirror's keyring is that of an issuer.

        Raises:
            StoreError: ``read-failed``.
        """
        published = self._published_chain()
        return published is not None and published.keys[0].key == chain.keys[0].key

    def _published_chain(self) -> KeyChain | None:
        """Return the chain of the mirror's keyring; None where there is none that holds."""
        there = self.read_if_there(KEYRING_PATH)
        try:
            return KeyChain.read(KeyringDocument.from_dict(parse_object(there or b"{}")))
        except PithError:
            return None

    def check_keys(self, chain: KeyChain) -> None:
        """Refuse to take back, or to contradict, statements about keys that the mirror has published.

        Only a keyring whose chain holds, from the same first key, says anything; any other is written over.

        Raises:
            KeyMaterialError: ``keyring-behind``; the workspace is older than the mirror.
            StoreError: ``read-failed``.
        """
        published = self._published_chain()
        if published is None:
            return
        digests = published.digests
        if published.keys[0].key == chain.keys[0].key and digests != chain.digests[: len(digests)]:
            raise KeyMaterialError(
                "keyring-behind",
                "the mirror has published statements about keys that the workspace does not know",
                where=str(self.root / KEYRING_PATH),
                expected=f"the first {len(digests)} of the workspace's {len(chain.digests)} statements",
                found=f"{len(digests)} others",
                hint="restore the workspace's keys from a newer backup: 'pithbuilder keys restore'",
            )

    def write(self, path: str, data: bytes) -> bool:
        """Write one file, unless it holds these bytes already; say whether it was written.

        Raises:
            StoreError: ``write-failed``.
        """
        if self.read_if_there(path) == data:
            return False
        write_file(self.root / path, data, locked=True)
        return True

    def read(self, path: str) -> bytes:
        """Return a file's bytes.

        Raises:
            StoreError: ``read-failed``, ``file-too-large``.
        """
        if (self.root / path).exists() and not (self.root / path).is_file():  # reading a pipe would never end
            raise StoreError("read-failed", "not a regular file", where=str(self.root / path))
        return read_file(self.root / path, MAX_DOCUMENT_BYTES)

    def read_if_there(self, path: str) -> bytes | None:
        """Return a file's bytes, or None where there is no such file.

        Raises:
            StoreError: ``read-failed``, ``file-too-large``.
        """
        return self.read(path) if (self.root / path).exists() else None

    def bundle_suffixes(self) -> Iterator[str]:
        """Yield the suffix of every number that has a bundle, in the order of the file system."""
        directory = self.root / "pith"
        if directory.is_dir():
            with os.scandir(directory) as entries:
                for entry in entries:
                    if (directory / entry.name / "bundle.json").exists():
                        yield entry.name

    def paths(self) -> Iterator[str]:
        """Yield the path of every ``*.json`` of the mirror, sorted within each directory; links are followed.

        Raises:
            StoreError: ``read-failed``; a directory cannot be read, so that nothing can be said of what is in it.
        """
        if self.root.is_dir():
            yield from self._json_files("")
        for part in _PARTS:
            if (self.root / part).is_dir():
                yield from self._json_files(f"{part}/")
                for name in self._names(part):
                    if (self.root / part / name).is_dir():
                        yield from self._json_files(f"{part}/{name}/")

    def _json_files(self, prefix: str) -> Iterator[str]:
        for name in self._names(prefix):
            if name.endswith(".json") and not (self.root / prefix / name).is_dir():
                yield prefix + name

    def _names(self, path: str) -> list[str]:
        try:
            return sorted(os.listdir(self.root / path))  # noqa: PTH208 - names are what is wanted
        except OSError as error:
            raise read_failed(self.root / path, error) from error
