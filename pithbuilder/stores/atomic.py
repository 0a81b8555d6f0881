"""Files that are there whole or not at all, also after a crash."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from pithbuilder.errors import StoreError

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


def write_file(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Put a file in place in one step: temporary file beside it, fsync, rename, fsync of the directory.

    The temporary file's name is fixed (``.NAME.tmp``), so that one left behind by a crash is replaced by the next
    attempt. Two processes must not write the same path at once: see ``Workspace.lock``.

    Args:
        path: Its directory is made if need be.
        data: The file's bytes.
        mode: The file's permissions, less the process's umask.

    Raises:
        StoreError: ``write-failed``; what was there before is still there.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        make_directory(path.parent)
        temporary.unlink(missing_ok=True)
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_directory(path.parent)
    except OSError as error:
        raise write_failed(path, error) from error


def create_file(path: Path, data: bytes, mode: int) -> None:
    """Write a new file that is there whole or not at all, durably; never over anything that has its name.

    A temporary file beside it (``.NAME.tmp``) is given the name by a hard link, which takes a name only if it is
    free. File systems without hard links (memory sticks) get the file under its own name at once.

    Args:
        path: Its directory must exist.
        data: The file's bytes.
        mode: The file's permissions, less the process's umask; nobody has more at any time.

    Raises:
        FileExistsError: There is something of that name.
        OSError: As from the operating system; nothing is left behind.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)
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
