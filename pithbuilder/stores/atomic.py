"""Files that are there whole or not at all, also after a crash."""

from __future__ import annotations

import errno
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from pithbuilder.errors import StoreError

_TEMPORARY: Final = re.compile(r"\.(?P<beginning>.+)\.[0-9a-f]{16}\.tmp", re.DOTALL)
_LONGEST_BEGINNING: Final = 32
_NO_HARD_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


@contextmanager
def undone_on_failure() -> Iterator[list[Path]]:
    """Remove what a block has made, if the block fails.

    Yields:
        The list that takes each path that was made, or is about to be and was not there. It is gone through
        backwards; a directory that holds something else by then stays.
    """
    made: list[Path] = []
    try:
        yield made
    except BaseException:
        for path in reversed(made):
            with suppress(OSError):
                path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
        raise


def is_taken(path: Path) -> bool:
    """Say whether there is anything of that name, be it a symbolic link to nowhere."""
    return path.is_symlink() or path.exists()


def _temporary(path: Path, locked: bool) -> Path:
    """Return the place of the temporary file; of a directory that is locked, one from before is removed.

    Raises:
        OSError: As from the operating system.
    """
    if not locked:
        return path.with_name(f".{path.name[:_LONGEST_BEGINNING]}.{secrets.token_hex(8)}.tmp")
    fixed = path.with_name(f".{path.name}.tmp")
    fixed.unlink(missing_ok=True)
    return fixed


def may_be_temporary_of(name: str, target: str) -> bool:
    """Say whether a file of one name may be what an interrupted :func:`write_file` left of one of another name."""
    match = _TEMPORARY.fullmatch(name)
    return match is not None and match["beginning"] == target[:_LONGEST_BEGINNING]


def write_file(path: Path, data: bytes, *, mode: int = 0o644, locked: bool = False) -> None:
    """Put a file in place in one step: temporary file beside it, fsync, rename, fsync of the directory.

    Args:
        path: Its directory is made if need be.
        data: The file's bytes.
        mode: The file's permissions, less the process's umask.
        locked: The directory belongs to this program and has one writer at a time (see ``Workspace.lock``). The
            temporary file's name is then fixed (``.NAME.tmp``), and one that a crash has left behind is replaced.
            Elsewhere each write has a name of its own, and nothing that is there is ever taken for such a file.

    Raises:
        StoreError: ``write-failed``; what was there before is still there.
    """
    try:
        make_directory(path.parent)
        temporary = _temporary(path, locked)
        _create_at_once(temporary, data, mode)
        try:
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_directory(path.parent)
    except OSError as error:
        raise write_failed(path, error) from error


def create_file(path: Path, data: bytes, mode: int, *, locked: bool = False) -> None:
    """Write a new file that is there whole or not at all, durably; never over anything that has its name.

    A temporary file beside it is given the name by a hard link, which takes a name only if it is free.
    File systems without hard links (memory sticks) get the file under its own name at once.

    Args:
        path: Its directory must exist.
        data: The file's bytes.
        mode: The file's permissions, less the process's umask; nobody has more at any time.
        locked: As for :func:`write_file`.

    Raises:
        FileExistsError: There is something of that name.
        OSError: As from the operating system; nothing is left behind.
    """
    temporary = _temporary(path, locked)
    _create_at_once(temporary, data, mode)
    try:
        os.link(temporary, path, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        _create_at_once(path, data, mode)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    try:
        sync_directory(path.parent)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _create_at_once(path: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def remove_file(path: Path) -> None:
    """Remove a file, durably; one that is not there is no error.

    Raises:
        StoreError: ``write-failed``.
    """
    try:
        path.unlink(missing_ok=True)
        sync_directory(path.parent)
    except OSError as error:
        raise write_failed(path, error) from error


def make_directory(path: Path) -> None:
    """Make a directory and what leads to it, durably; one that is there already is left as it is.

    Raises:
        OSError: As from the operating system.
    """
    missing = []
    while not path.is_dir():
        missing.append(path)
        path = path.parent
    for directory in reversed(missing):
        directory.mkdir(exist_ok=True)
        sync_directory(directory.parent)


def sync_directory(path: Path) -> None:
    """Make the entries of a directory durable.

    Raises:
        OSError: As from the operating system.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_file(path: Path, limit: int) -> bytes:
    """Return a file's bytes.

    Args:
        path: The file.
        limit: The largest size in bytes.

    Raises:
        StoreError: ``read-failed``, or ``file-too-large``.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise read_failed(path, error) from error
    if len(data) > limit:
        raise StoreError("file-too-large", "file is too large", where=str(path), expected=f"at most {limit} bytes")
    return data


def read_failed(path: Path, error: OSError) -> StoreError:
    """Return the error for a file that could not be read."""
    return StoreError("read-failed", f"cannot read: {(error.strerror or str(error)).lower()}", where=str(path))


def write_failed(path: Path, error: OSError) -> StoreError:
    """Return the error for a file that could not be written."""
    return StoreError(
        "write-failed",
        f"cannot write: {(error.strerror or str(error)).lower()}",
        where=str(path),
        hint="what was there before is unchanged; free some space or mend the permissions, then run it again",
    )
