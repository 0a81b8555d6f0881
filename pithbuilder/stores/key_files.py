"""Private key files (PKCS#8 PEM, for their owner only) and public key documents on disk."""

from __future__ import annotations

import os
import stat
from importlib.resources import files
from pathlib import Path
from typing import Final

from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.wire import parse_object
from pithbuilder.errors import KeyMaterialError, PithError, StoreError
from pithbuilder.signing.ed25519 import PrivateKey
from pithbuilder.signing.keyring import Keyring, public_key_of
from pithbuilder.stores.atomic import read_file, sync_directory, write_failed

_MAX_KEY_FILE_BYTES: Final = 64 * 2**10


def create_private_key_file(path: Path, key: PrivateKey, passphrase: bytes | None) -> None:
    """Write a private key to a new file that only its owner can read (mode 0600).

    Args:
        path: The directory must exist; the file must not.
        key: The key.
        passphrase: What to encrypt it with; None writes it in the clear.

    Raises:
        KeyMaterialError: ``key-file-exists``, or what :meth:`PrivateKey.to_pem` raises.
        StoreError: ``write-failed``.
    """
    create_private_file(path, key.to_pem(passphrase))


def create_private_file(path: Path, pem: bytes) -> None:
    """Write a private key that is PEM already, as :func:`create_private_key_file` does.

    Raises:
        KeyMaterialError: ``key-file-exists``.
        StoreError: ``write-failed``.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError as error:
        raise KeyMaterialError(
            "key-file-exists",
            "there is a key file of that name already; keys are never overwritten",
            where=str(path),
            hint="choose another key id",
        ) from error
    except OSError as error:
        raise write_failed(path, error) from error
    try:
        try:
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(pem)
                file.flush()
                os.fsync(file.fileno())
            sync_directory(path.parent)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
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
        raise StoreError(
            "read-failed", f"cannot read: {(error.strerror or str(error)).lower()}", where=str(path)
        ) from error
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


def load_key_document(path: Path) -> KeyDocument:
    """Return the public key document in a file, every field checked against the key's bytes.

    Raises:
        PithError: The file cannot be read, is no key document, or its fields contradict each other; ``where``
            names the file.
    """
    try:
        document = KeyDocument.from_dict(parse_object(read_file(path, _MAX_KEY_FILE_BYTES)))
        public_key_of(document)
    except PithError as error:
        if not error.where.startswith(str(path)):
            error.where = f"{path}: {error.where}" if error.where else str(path)
        raise
    return document


def load_trusted_documents(path: Path) -> list[KeyDocument]:
    """Return the key documents in a file, or in the ``*.json`` files of a directory.

    Raises:
        PithError: As for :func:`load_key_document`.
        KeyMaterialError: ``no-keys``; there is none in the directory.
    """
    if not path.is_dir():
        return [load_key_document(path)]
    documents = [load_key_document(file) for file in sorted(path.glob("*.json"))]
    if not documents:
        raise KeyMaterialError(
            "no-keys",
            "directory holds no public key documents",
            where=str(path),
            expected="files *.json, such as the keys/ of a workspace",
        )
    return documents


def published_key_documents() -> list[KeyDocument]:
    """Return the published keys that come with the package and are pinned by default."""
    return [
        KeyDocument.from_dict(parse_object(resource.read_bytes()))
        for resource in sorted(files("pithbuilder.keys").iterdir(), key=lambda item: item.name)
        if resource.name.endswith(".json")
    ]


def pinned_keyring(*extra: Path) -> Keyring:
    """Return the keyring of the published keys and of those in some files or directories.

    Args:
        extra: Key documents, or directories of them.

    Raises:
        PithError: As for :func:`load_trusted_documents`; two keys of one id (``key-conflict``).

    >>> "pith-v1-2026-05" in pinned_keyring()
    True
    """
    documents = published_key_documents()
    for path in extra:
        documents.extend(load_trusted_documents(path))
    return Keyring(documents)


def _not_a_plain_file(path: Path) -> KeyMaterialError:
    return KeyMaterialError(
        "key-file-link",
        "private key is not a plain file",
        where=str(path),
        expected="a regular file, no symbolic link",
        hint="put the key file itself there",
    )
