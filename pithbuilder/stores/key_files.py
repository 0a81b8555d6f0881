"""Private key files (PKCS#8 PEM, for their owner only) and public key documents on disk."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Final

from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.keyring_document import KeyringDocument
from pithbuilder.documents.mirror import KEYRING_PATH
from pithbuilder.documents.wire import parse_object
from pithbuilder.errors import KeyMaterialError, naming
from pithbuilder.signing.ed25519 import PrivateKey
from pithbuilder.signing.keyring import Keyring, public_key_of
from pithbuilder.stores.atomic import create_file, read_failed, read_file, write_failed
from pithbuilder.verify.pinning import pin

_PUBLISHED: Final = "pithbuilder.keys"
_MAX_KEY_FILE_BYTES: Final = 64 * 2**10
_MAX_KEYRING_BYTES: Final = 16 * 2**20
_MAX_SECRET_FILE_BYTES: Final = 64 * 2**10


def create_private_file(path: Path, pem: bytes) -> None:
    """Write a private key to a new file that only its owner can read (mode 0600): whole or not at all.

    Args:
        path: The directory must exist; the file must not.
        pem: The key, PKCS#8 PEM.

    Raises:
        KeyMaterialError: ``key-file-exists``.
        StoreError: ``write-failed``.
    """
    try:
        create_file(path, pem, 0o600, locked=True)
    except FileExistsError as error:
        raise KeyMaterialError(
            "key-file-exists",
            "there is a key file of that name already; keys are never overwritten",
            where=str(path),
            hint="choose another key id",
        ) from error
    except OSError as error:
        raise write_failed(path, error) from error


def load_private_key_file(path: Path, passphrase: bytes | None) -> PrivateKey:
    """Return the key of a private key file.

    Args:
        path: A regular file, no symbolic link, of mode 0600 or stricter.
        passphrase: None for a key in the clear.

    Raises:
        KeyMaterialError: ``key-file-missing``, ``key-file-link``, ``key-file-mode``, or what
            :meth:`PrivateKey.from_pem` raises.
        StoreError: ``read-failed``.
    """
    pem = read_private_key_file(path)
    try:
        return PrivateKey.from_pem(pem, passphrase)
    except KeyMaterialError as error:
        error.where = str(path)
        raise


def is_encrypted(path: Path) -> bool:
    """Say whether a private key file is encrypted.

    Raises:
        KeyMaterialError: As for :func:`load_private_key_file`.
        StoreError: ``read-failed``.
    """
    return b"ENCRYPTED" in read_private_key_file(path)


def read_private_key_file(path: Path) -> bytes:
    """Return the bytes of a private key file, if nobody else can read them.

    Raises:
        KeyMaterialError: ``key-file-missing``, ``key-file-link`` or ``key-file-mode``.
        StoreError: ``read-failed``.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise KeyMaterialError(
            "key-file-missing",
            "there is no private key file",
            where=str(path),
            hint="restore it from your backup, or make a new key with 'pithbuilder keys new'",
        ) from error
    except OSError as error:
        if path.is_symlink():
            raise _not_a_plain_file(path) from error
        raise read_failed(path, error) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):  # a directory cannot even be made a file object
            raise _not_a_plain_file(path)
        if status.st_mode & 0o077:
            raise KeyMaterialError(
                "key-file-mode",
                "private key file can be read or written by others",
                where=str(path),
                expected="mode 0600",
                found=f"mode {stat.S_IMODE(status.st_mode):04o}",
                hint=f"chmod 600 {path}; if others may have read it, rotate the key",
            )
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(_MAX_KEY_FILE_BYTES)
    finally:
        os.close(descriptor)


def permissions_fault(path: Path) -> str:
    """Return what is wrong with who may write in a directory; empty where nothing is.

    Raises:
        StoreError: ``read-failed``.
    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        raise read_failed(path, error) from error
    return f"mode {mode:04o}" if mode & 0o022 else ""


def read_secret(path: Path) -> bytes:
    """Return the first line of a file, or of what a descriptor such as ``/dev/fd/3`` gives, without its end.

    Raises:
        KeyMaterialError: ``passphrase-empty``.
        StoreError: ``read-failed``, ``file-too-large``.
    """
    line = read_file(path, _MAX_SECRET_FILE_BYTES).split(b"\n", 1)[0].rstrip(b"\r")
    if not line:
        raise KeyMaterialError(
            "passphrase-empty",
            "the passphrase is empty",
            where=str(path),
            hint="choose one, or say --no-passphrase when making the key",
        )
    return line


def load_key_document(path: Path) -> KeyDocument:
    """Return the public key document in a file, every field checked against the key's bytes.

    Raises:
        PithError: The file cannot be read, is no key document, or its fields contradict each other; ``where``
            names the file.
    """
    with naming(path):
        document = KeyDocument.from_dict(parse_object(read_file(path, _MAX_KEY_FILE_BYTES)))
        public_key_of(document)
    return document


def load_keyring_document(path: Path) -> KeyringDocument:
    """Return the keyring document in a file; whether its chain holds is for who follows it.

    Raises:
        PithError: The file cannot be read, or is no keyring; ``where`` names the file.
    """
    with naming(path):
        return KeyringDocument.from_dict(parse_object(read_file(path, _MAX_KEYRING_BYTES)))


def published_key_documents() -> list[KeyDocument]:
    """Return the published keys that come with the package and are pinned by default."""
    return [
        KeyDocument.from_dict(parse_object(resource.read_bytes()))
        for resource in sorted(files(_PUBLISHED).iterdir(), key=lambda item: item.name)
        if resource.name.endswith(".json")
    ]


def pinned_keyring(*extra: Path, followed: Iterable[Path] = ()) -> Keyring:
    """Return the keyring of the published keys and of those in some files or directories.

    Args:
        extra: Key documents, keyrings (``pith-keys.json``: its first key is pinned as its issuer's, and its chain
            followed from there), or directories of them.
        followed: Keyrings that pin nothing: their chains are followed from the keys that are pinned.

    Raises:
        PithError: A file cannot be read, or its keys must not be used; two keys of one id (``key-conflict``); the
            chain of a keyring is broken; ``where`` names the file.
        KeyMaterialError: ``no-keys``; there is none in a directory.

    >>> "pith-v1-2026-05" in pinned_keyring()
    True
    """
    documents = published_key_documents()
    keyrings: list[tuple[str, KeyringDocument]] = []
    for path in extra:
        for file in _trusted_files(path):
            if file.name == KEYRING_PATH or _is_keyring(file):
                keyrings.append((str(file), load_keyring_document(file)))
            else:
                documents.append(load_key_document(file))
    return pin(
        documents,
        keyrings,
        followed=[(str(file), load_keyring_document(file)) for file in followed],
        signers=_published_signers(),
    )


def _published_signers() -> list[tuple[str, KeyDocument]]:
    """Return the published keys with the signers whose they are."""
    signer_ids = tomllib.loads((files(_PUBLISHED) / "signers.toml").read_text(encoding="utf-8"))
    return [(signer_ids[document.key_id], document) for document in published_key_documents()]


def _trusted_files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(path.glob("*.json"))
    if not files:
        raise KeyMaterialError(
            "no-keys",
            "directory holds no public key documents",
            where=str(path),
            expected="files *.json, such as the keys/ of a workspace",
        )
    return files


def _is_keyring(path: Path) -> bool:
    with naming(path):
        return "keyring_type" in parse_object(read_file(path, _MAX_KEYRING_BYTES))


def _not_a_plain_file(path: Path) -> KeyMaterialError:
    return KeyMaterialError(
        "key-file-link",
        "private key is not a plain file",
        where=str(path),
        expected="a regular file, no symbolic link",
        hint="put the key file itself there",
    )
