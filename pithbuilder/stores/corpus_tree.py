"""A corpus of fixtures in a directory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

from pithbuilder.errors import StoreError, printable
from pithbuilder.stores.atomic import make_directory, read_failed, read_file, remove_file, write_failed, write_file
from pithbuilder.stores.one_writer import one_writer

_MAX_FILE_BYTES: Final = 64 * 2**20


class CorpusTree:
    """The files below a directory; links inside it are files that cannot be read, and are never followed.

    Args:
        root: The directory; it need not be there.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def paths(self) -> Iterator[str]:
        """Yield the path of every file and link below the directory, with slashes, sorted.

        Raises:
            StoreError: ``read-failed``.
        """
        yield from sorted(self._walk())

    def read(self, path: str) -> bytes:
        """Return a file's bytes.

        Raises:
            StoreError: ``read-failed``: also for a path that leads out of the directory, and for what is no plain
                file; ``file-too-large``.
        """
        place = self._below(path, "read-failed")
        if place.exists() and not place.is_file():  # reading a pipe would never end
            raise StoreError("read-failed", "not a regular file", where=str(place))
        return read_file(place, _MAX_FILE_BYTES)

    def is_folder(self, path: str) -> bool:
        """Say whether a directory stands there; a link to one is none."""
        try:
            return self._below(path, "read-failed").is_dir()
        except StoreError:
            return False

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the directory, which is made if need be, for one writer; nothing is written into it for this.

        Raises:
            StoreError: ``corpus-busy``: another process writes there; ``write-failed``.
        """
        try:
            make_directory(self.root)
        except OSError as error:
            raise write_failed(self.root, error) from error
        busy = StoreError(
            "corpus-busy",
            "another process is writing this corpus",
            where=str(self.root),
            hint="wait until it has finished, then run it again",
        )
        with one_writer(self.root, os.O_RDONLY | os.O_DIRECTORY, busy):
            yield

    def write(self, path: str, data: bytes) -> None:
        """Put a file in place, and the directories that lead to it.

        Raises:
            StoreError: ``write-failed``: also for a path that leads out of the directory.
        """
        place = self._below(path, "write-failed")
        try:
            make_directory(place.parent)
        except OSError as error:  # a file stands where a directory is to be
            raise write_failed(place.parent, error) from error
        write_file(place, data)

    def remove(self, path: str) -> None:
        """Remove a file, and the directories that are empty without it.

        Raises:
            StoreError: ``write-failed``.
        """
        place = self._below(path, "write-failed")
        remove_file(place)
        try:
            for directory in place.relative_to(self.root).parents:
                if directory == Path() or next((self.root / directory).iterdir(), None) is not None:
                    break
                (self.root / directory).rmdir()
        except OSError as error:
            raise write_failed(place.parent, error) from error

    def _below(self, path: str, code: str) -> Path:
        """Return the place of a file; no step on the way there may be a link, which could lead anywhere."""
        steps = PurePosixPath(path)
        if not steps.parts or steps.is_absolute() or ".." in steps.parts or str(steps) != path or "\0" in path:
            raise StoreError(code, "not a path below the directory", where=printable(path))
        place = self.root
        for step in steps.parts:
            place /= step
            if place.is_symlink():
                raise StoreError(code, "a link, which is not followed", where=str(place))
        return place

    def _walk(self) -> Iterator[str]:
        def fail(error: OSError) -> None:
            raise read_failed(self.root, error) from error

        if self.root.exists():
            for directory, folders, names in os.walk(self.root, onerror=fail):
                here = Path(directory)
                for name in (*names, *(folder for folder in folders if (here / folder).is_symlink())):
                    yield (here / name).relative_to(self.root).as_posix()
