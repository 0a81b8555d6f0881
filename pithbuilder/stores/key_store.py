"""The keys of a workspace, one directory: public documents, private halves or where these are, and the keyring.

``<key id>.json`` is the public document; ``<key id>.pem`` the private half, or ``<key id>.reference`` one line that
says where it is kept (a key reference). ``pith-keys.json`` is the keyring as it is published: it says which key signs.
``statement.pending`` is a signed statement that has not reached every place yet.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import attrs

from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.documents.base import Document
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.key_statement import KeyStatement
from pithbuilder.documents.mirror import KEYRING_PATH
from pithbuilder.documents.wire import parse_object
from pithbuilder.errors import KeyMaterialError, naming, printable
from pithbuilder.signing.ed25519 import PrivateKey, PublicKey
from pithbuilder.stores.atomic import is_taken, read_file, remove_file, undone_on_failure, write_file
from pithbuilder.stores.key_files import (
    create_private_file,
    is_encrypted,
    load_key_document,
    load_keyring_document,
    load_private_key_file,
    read_private_key_file,
)
from pithbuilder.verify.key_chain import KeyChain

_KEY_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
_RESERVED: Final = KEYRING_PATH.removesuffix(".json")
_PENDING: Final = "statement.pending"
_MAX_STATEMENT_BYTES: Final = 2**20
_MAX_REFERENCE_BYTES: Final = 4096


@attrs.frozen
class NewKey:
    """A key that is about to be written.

    Attributes:
        document: The public document.
        pem: The private half, PKCS#8 PEM; None where it is kept elsewhere.
        reference: Where else; empty for a private half in ``pem``.
    """

    document: KeyDocument
    pem: bytes | None = attrs.field(repr=False)
    reference: str = ""


@attrs.frozen
class KeyStore:
    """The directory of a workspace's keys.

    Attributes:
        root: The directory.
    """

    root: Path

    def private_path(self, key_id: str) -> Path:
        """Return the path of a private key file."""
        return self.root / f"{check_key_id(key_id)}.pem"

    def public_path(self, key_id: str) -> Path:
        """Return the path of a public key document."""
        return self.root / f"{check_key_id(key_id)}.json"

    def reference_path(self, key_id: str) -> Path:
        """Return the path of the file that says where a private half is kept."""
        return self.root / f"{check_key_id(key_id)}.reference"

    @property
    def keyring_path(self) -> Path:
        """The path of the keyring."""
        return self.root / KEYRING_PATH

    def check_free(self, key_id: str) -> None:
        """Refuse a key id of which anything is there.

        Raises:
            KeyMaterialError: ``key-id-format``, ``key-file-exists``.
        """
        half_written = not is_taken(self.public_path(key_id)) and not is_taken(self.private_path(key_id))
        for path in (self.private_path(key_id), self.public_path(key_id), self.reference_path(key_id)):
            if path.suffix == ".reference" and half_written:
                continue  # left behind by an interrupted run; it is no secret and is written anew
            if is_taken(path):
                raise KeyMaterialError(
                    "key-file-exists",
                    "there is a key of that id already; keys are never overwritten",
                    where=str(path),
                    hint="choose another key id",
                )

    def check_unknown(self, document: KeyDocument) -> None:
        """Refuse a key that is in the workspace already, under another id: what becomes of one is told by its id.

        Raises:
            KeyMaterialError: ``key-known``.
            PithError: A public document cannot be read.
        """
        for other in self.documents() if self.root.is_dir() else ():
            if other.public_key_hex == document.public_key_hex:
                raise KeyMaterialError(
                    "key-known",
                    "this key is in the workspace already, under another id",
                    where=document.key_id,
                    found=other.key_id,
                    hint=f"use {other.key_id}",
                )

    def add(self, new: NewKey) -> None:
        """Write a new key, every file of it or none.

        Raises:
            KeyMaterialError: ``key-id-format``, ``key-file-exists``.
            StoreError: ``write-failed``.
        """
        with undone_on_failure() as made:
            self.write(new, made)

    def write(self, new: NewKey, made: list[Path]) -> None:
        """Write a new key, its private half first, and add to ``made`` what is to be undone on failure."""
        key_id = new.document.key_id
        self.check_free(key_id)
        self.check_unknown(new.document)
        if new.pem is None:
            made.append(self.reference_path(key_id))
            write_file(self.reference_path(key_id), f"{new.reference}\n".encode(), locked=True)
        else:
            create_private_file(self.private_path(key_id), new.pem)  # not undone before it is this call's own
            made.append(self.private_path(key_id))
        made.append(self.public_path(key_id))
        self.write_document(new.document)

    def write_document(self, document: KeyDocument) -> None:
        """Write a public key document, in place of an older one of the same key.

        Raises:
            StoreError: ``write-failed``.
        """
        _write_shown(self.public_path(document.key_id), document)

    def replace_private(self, key_id: str, pem: bytes) -> None:
        """Put a private key file in place of an older one of the same key, in one step, mode 0600.

        Raises:
            KeyMaterialError: ``key-file-missing``, ``key-file-link``, ``key-file-mode``.
            StoreError: ``write-failed``; the old file is still there.
        """
        read_private_key_file(self.private_path(key_id))
        write_file(self.private_path(key_id), pem, mode=0o600, locked=True)

    def documents(self) -> list[KeyDocument]:
        """Return the public documents of all keys, sorted by file name.

        Raises:
            PithError: One of them cannot be read or is wrong.
        """
        return [load_key_document(path) for path in sorted(self.root.glob("*.json")) if path != self.keyring_path]

    def private_files(self) -> list[Path]:
        """Return the paths of all private key files, sorted."""
        return sorted(self.root.glob("*.pem"))

    def load_document(self, key_id: str) -> KeyDocument:
        """Return a key's public document.

        Raises:
            KeyMaterialError: ``key-missing``; or its fields contradict each other.
            PithError: It cannot be read.
        """
        path = self.public_path(key_id)
        if not is_taken(path):
            raise KeyMaterialError(
                "key-missing",
                "there is no such key in the workspace",
                where=str(path),
                hint="'pithbuilder keys list' lists the keys that are there",
            )
        return load_key_document(path)

    def reference(self, key_id: str) -> str:
        """Return where a key's private half is, as a key reference; empty where nothing is known of it.

        Raises:
            StoreError: ``read-failed``, ``file-too-large``.
        """
        if is_taken(self.private_path(key_id)):
            return f"file:{self.root.name}/{key_id}.pem"
        path = self.reference_path(key_id)
        if not path.exists():
            return ""
        return read_file(path, _MAX_REFERENCE_BYTES).decode("utf-8", "backslashreplace").strip()

    def is_encrypted(self, key_id: str) -> bool:
        """Say whether a private key file of the workspace is encrypted.

        Raises:
            KeyMaterialError: ``key-elsewhere``, ``key-file-missing``, ``key-file-link``, ``key-file-mode``.
        """
        if not is_taken(self.private_path(key_id)) and self.reference(key_id):
            raise KeyMaterialError(
                "key-elsewhere",
                "the private half of this key is not a file of the workspace",
                where=key_id,
                found=self.reference(key_id),
                hint="change its passphrase or PIN where it is kept",
            )
        return is_encrypted(self.private_path(key_id))

    def load_private(self, key_id: str, passphrase: bytes | None) -> PrivateKey:
        """Return the private key of a file, if it belongs to its public document.

        Raises:
            KeyMaterialError: As for :func:`~pithbuilder.stores.key_files.load_private_key_file`, or ``key-conflict``.
        """
        key = load_private_key_file(self.private_path(key_id), passphrase)
        self.check_belongs(key_id, key.public_key)
        return key

    def check_belongs(self, key_id: str, key: PublicKey) -> None:
        """Refuse a key that is not the one in the public document of this id.

        Raises:
            KeyMaterialError: ``key-conflict``, ``key-missing``.
        """
        document = self.load_document(key_id)
        if document.key_id != key_id or document.public_key_hex != key.raw.hex():
            raise KeyMaterialError(
                "key-conflict",
                "public key document does not belong to the private key",
                where=str(self.public_path(key_id)),
                expected=f"{key_id}, {key.raw.hex()}",
                found=printable(f"{document.key_id}, {document.public_key_hex}"),
            )

    def load_chain(self) -> KeyChain:
        """Return the keyring's chain, every statement checked.

        Raises:
            KeyMaterialError: ``keyring-missing``.
            PithError: The keyring is broken; ``where`` names the file.
        """
        if not self.keyring_path.exists():
            raise KeyMaterialError(
                "keyring-missing",
                "the workspace has no keyring",
                where=str(self.keyring_path),
                hint="restore it from your backup or from the mirror, where it is published under the same name",
            )
        document = load_keyring_document(self.keyring_path)
        with naming(self.keyring_path):
            return KeyChain.read(document)

    def signing_key_id(self) -> str:
        """Return the id of the key that signs, or of the one that signed last.

        Raises:
            PithError: As for :meth:`load_chain`.
        """
        return self.load_chain().latest.key_id

    def save_chain(self, chain: KeyChain) -> None:
        """Write the keyring.

        Raises:
            StoreError: ``write-failed``.
        """
        _write_shown(self.keyring_path, chain.to_document())

    def load_pending(self) -> KeyStatement | None:
        """Return the statement that has not reached every place yet, or None.

        Raises:
            PithError: It cannot be read; ``where`` names the file.
        """
        path = self.root / _PENDING
        if not path.exists():
            return None
        with naming(path):
            return KeyStatement.from_dict(parse_object(read_file(path, _MAX_STATEMENT_BYTES)))

    def save_pending(self, statement: KeyStatement) -> None:
        """Write a statement down before it takes effect: from here on it is completed, whatever happens.

        Raises:
            StoreError: ``write-failed``.
        """
        _write_shown(self.root / _PENDING, statement)

    def clear_pending(self) -> None:
        """Forget the pending statement: it has reached every place.

        Raises:
            StoreError: ``write-failed``.
        """
        remove_file(self.root / _PENDING)


def check_key_id(key_id: str) -> str:
    """Return ``key_id`` if it can be a key's name and a file's.

    Raises:
        KeyMaterialError: ``key-id-format``.
    """
    if _KEY_ID.fullmatch(key_id) is None or key_id == _RESERVED:
        raise KeyMaterialError(
            "key-id-format",
            "not a usable key id",
            expected="1 to 64 of a-z, 0-9, '.', '_', '-', beginning with a letter or digit",
            found=printable(key_id),
        )
    return key_id


def _write_shown(path: Path, document: Document) -> None:
    """Write a document for people to read."""
    value: JsonObject = document.to_dict()
    write_file(path, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode(), locked=True)
