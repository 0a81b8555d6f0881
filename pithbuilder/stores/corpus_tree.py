"""A corpus of fixtures in a directory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from pithbuilder.errors import StoreError, printable
from pithbuilder.stores.atomic import make_directory, read_failed, read_file, remove_file, write_file

_MAX_FILE_BYTES: Final = 64 * 2**20


class CorpusTree:
    """The files below a directory.

    Args:
        root: The directory; it need not be there.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def paths(self) -> Iterator[str]:
        """Yield the path of every file below the directory, with slashes, sorted; links are not followed.

        Raises:
            StoreError: ``read-failed``.
        """
        yield from sorted(self._walk())

    def read(self, path: str) -> bytes:
        """Return a file's bytes.

        Raises:
            StoreError: ``read-failed``: also for a path that leads out of the directory; ``file-too-large``.
        """
        return read_file(self._below(path), _MAX_FILE_BYTES)

    def write(self, path: str, data: bytes) -> None:
        """Put a file in place, and the directories that lead to it.

        Raises:
            StoreError: ``write-failed``.
        """
        place = self._below(path)
        make_directory(place.parent)
        write_file(place, data)

    def remove(self, path: str) -> None:
        """Remove a file, and the directories that are empty without it.

        Raises:
            StoreError: ``write-failed``.
        """
        place = self._below(path)
        remove_file(place)
        for directory in place.parents:
            if directory == self.root or next(directory.iterdir(), None) is not None:
                break
            directory.rmdir()

    def _below(self, path: str) -> Path:
        steps = PurePosixPath(path)
        if steps.is_absolute() or ".." in steps.parts or str(steps) != path:
            raise StoreError("read-failed", "not a path below the directory", where=printable(path))
        place = self.root / steps
        if place.exists() and not place.is_file():  # reading a pipe would never end
            raise StoreError("read-failed", "not a regular file", where=str(place))
        return place

    def _walk(self) -> Iterator[str]:
        def fail(error: OSError) -> None:
            raise read_failed(self.root, error) from error

        if self.root.exists():
            for directory, _, names in os.walk(self.root, onerror=fail):
                for name in names:
                    yield (Path(directory) / name).relative_to(self.root).as_posix()
