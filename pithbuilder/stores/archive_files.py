"""Archives and what is in them on disk: collected from a workspace, written, unpacked; nothing is ever overwritten."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pithbuilder.documents.keyring_document import KeyringDocument
from pithbuilder.documents.mirror import KEYRING_PATH
from pithbuilder.documents.wire import parse_object
from pithbuilder.errors import PithError, StoreError, printable
from pithbuilder.stores.archive import MAX_ARCHIVE_BYTES, README_NAME, is_known_name
from pithbuilder.stores.atomic import (
    create_file,
    is_taken,
    make_directory,
    read_failed,
    read_file,
    undone_on_failure,
    write_failed,
)
from pithbuilder.stores.key_files import read_private_key_file
from pithbuilder.stores.key_store import KeyStore
from pithbuilder.stores.profile_file import load_profile
from pithbuilder.stores.workspace import PROFILE_NAME, Workspace, hide_private_files
from pithbuilder.verify.key_chain import KeyChain

KEYS: Final = "keys"
KEYRING_NAME: Final = f"{KEYS}/{KEYRING_PATH}"
_MAX_PUBLIC_BYTES: Final = 16 * 2**20


def collect(workspace: Workspace) -> tuple[dict[str, bytes], list[str]]:
    """Return what belongs into an archive of a workspace, and the names in ``keys/`` that do not.

    Hold the workspace's lock. Leftovers of interrupted writes (hidden files) are passed over.

    Raises:
        KeyMaterialError: A private key file is a link, or can be read by others.
        StoreError: ``read-failed``, ``file-too-large``.
    """
    files = {PROFILE_NAME: read_file(workspace.root / PROFILE_NAME, _MAX_PUBLIC_BYTES)}
    left_out = []
    for path in _entries(workspace.keys.root):
        name = f"{KEYS}/{path.name}"
        if not is_known_name(name):
            left_out.append(name)
        elif path.suffix == ".pem":
            files[name] = read_private_key_file(path)
        else:
            files[name] = read_file(path, _MAX_PUBLIC_BYTES)
    return files, left_out


def _entries(directory: Path) -> list[Path]:
    try:
        return sorted(path for path in directory.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise read_failed(directory, error) from error


def check_free(path: Path) -> None:
    """Refuse an archive's path if anything is there.

    Raises:
        StoreError: ``archive-exists``.
    """
    if is_taken(path):
        raise _archive_exists(path)


def write_archive(path: Path, data: bytes) -> None:
    """Write an archive to a new file for its owner only, durably.

    Args:
        path: Its directory must exist; it must not.
        data: The archive.

    Raises:
        StoreError: ``archive-exists``, ``write-failed``; nothing is left behind.
    """
    try:
        create_file(path, data, 0o600)
    except FileExistsError as error:
        raise _archive_exists(path) from error
    except OSError as error:
        raise write_failed(path, error) from error


def read_archive(path: Path) -> bytes:
    """Return an archive's bytes.

    Raises:
        StoreError: ``read-failed``, ``file-too-large``.
    """
    return read_file(path, MAX_ARCHIVE_BYTES)


def check_contents(files: Mapping[str, bytes]) -> KeyChain:
    """Return the chain of an archive's keyring, every statement checked; the profile must be good too.

    Nothing but the profile, which is no secret, is written for this, and that to a temporary directory.

    Raises:
        StoreError: ``archive-incomplete``.
        PithError: The profile or the keyring does not hold; ``where`` names the file in the archive.
    """
    for name in (PROFILE_NAME, KEYRING_NAME):
        if name not in files:
            raise StoreError(
                "archive-incomplete",
                "archive lacks a file without which there is no workspace",
                expected=name,
                hint="take another copy, or an older archive",
            )
    with _inside(KEYRING_NAME):
        chain = KeyChain.read(KeyringDocument.from_dict(parse_object(files[KEYRING_NAME])))
    with private_directory() as directory:
        path = directory / PROFILE_NAME
        _write(path, files[PROFILE_NAME], 0o600)
        try:
            load_profile(path)
        except PithError as error:
            error.where = error.where.replace(str(path), f"archive: {PROFILE_NAME}", 1)
            raise
    return chain


def unpack(files: Mapping[str, bytes], target: Path) -> Workspace:
    """Write an archive's files into a directory without a workspace: all of them or none, ``pith.toml`` last.

    Args:
        files: As :func:`~pithbuilder.stores.archive.open_archive` gives them; the README stays in the archive.
        target: Made if need be.

    Returns:
        The workspace that is there now.

    Raises:
        StoreError: ``restore-exists``; something of these names is there, or ``keys`` is a link. ``write-failed``;
            ``read-back``: what came back from disk is not what was written.
    """
    names = sorted(files.keys() - {README_NAME, PROFILE_NAME})
    keys = KeyStore(target / KEYS)
    _check_target(target, [*names, PROFILE_NAME])
    with undone_on_failure() as made:
        made += [path for path in (*reversed(keys.root.parents), keys.root) if not is_taken(path)]
        try:
            make_directory(keys.root)
        except OSError as error:
            raise write_failed(target, error) from error
        for name in names:
            _write(target / name, files[name], 0o600 if name.endswith(".pem") else 0o644)
            made.append(target / name)  # not undone before it is this call's own
        gitignore = target / ".gitignore"
        made += [] if is_taken(gitignore) else [gitignore]
        hide_private_files(gitignore)
        # Last: from here on there is a workspace.
        _write(target / PROFILE_NAME, files[PROFILE_NAME], 0o644)
        made.append(target / PROFILE_NAME)
        for name in (*names, PROFILE_NAME):
            if read_file(target / name, _MAX_PUBLIC_BYTES) != files[name]:
                raise StoreError(
                    "read-back",
                    "what was read back is not what was written; it was removed again",
                    where=str(target / name),
                    hint="do not trust this disk: use another one",
                )
        return Workspace.open(target)


def _check_target(target: Path, names: list[str]) -> None:
    keys = target / KEYS
    if keys.is_symlink() or (is_taken(keys) and not keys.is_dir()):
        raise _restore_exists(keys)
    for name in names:
        if is_taken(target / name):
            raise _restore_exists(target / name)


@contextmanager
def private_directory() -> Iterator[Path]:
    """Make a fresh directory for the owner only (mode 0700), and remove it and what is in it afterwards.

    It is in memory where the system gives this user a place for such things (``XDG_RUNTIME_DIR``).
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    try:
        try:
            made = tempfile.mkdtemp(prefix="pithbuilder-", dir=runtime or None)
        except OSError:
            made = tempfile.mkdtemp(prefix="pithbuilder-")
    except OSError as error:
        raise write_failed(Path(tempfile.gettempdir()), error) from error
    try:
        yield Path(made)
    finally:
        shutil.rmtree(made)


def _write(path: Path, data: bytes, mode: int) -> None:
    try:
        create_file(path, data, mode, locked=True)
    except FileExistsError as error:
        raise _restore_exists(path) from error
    except OSError as error:
        raise write_failed(path, error) from error


@contextmanager
def _inside(name: str) -> Iterator[None]:
    """Name the file in the archive in the errors of a block."""
    try:
        yield
    except PithError as error:
        error.where = f"archive: {name}: {error.where}".removesuffix(": ")
        raise


def _archive_exists(path: Path) -> StoreError:
    return StoreError(
        "archive-exists",
        "there is something of that name already; a backup never overwrites",
        where=str(path),
        hint="choose another name, such as one with today's date",
    )


def _restore_exists(path: Path) -> StoreError:
    return StoreError(
        "restore-exists",
        "there is something of that name already; restoring never overwrites, and nothing was changed",
        where=str(path),
        found=printable("a symbolic link" if path.is_symlink() else "a file or directory"),
        hint="restore into another directory, such as a new one",
    )
