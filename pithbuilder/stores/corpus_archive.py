"""A corpus of fixtures in one file: a gzip-compressed tar archive that is the same for the same files."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from pithbuilder.errors import StoreError, printable
from pithbuilder.stores.atomic import read_file

_MODE: Final = 0o644
_LEVEL: Final = 9
_MAX_ARCHIVE_BYTES: Final = 256 * 2**20
_MAX_PLAIN_BYTES: Final = 1024 * 2**20


def seal_corpus(files: Mapping[str, bytes], folder: str) -> bytes:
    """Return the archive of some files: no owner, no time, members by name.

    The tar archive is the same on every machine; its compression is with every machine whose zlib is the same.

    Args:
        files: Path below the folder to content.
        folder: The one folder in which they are.
    """
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, data in sorted(files.items()):
            member = tarfile.TarInfo(f"{folder}/{path}")
            member.size, member.mode, member.mtime = len(data), _MODE, 0
            tar.addfile(member, io.BytesIO(data))
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=packed, mtime=0) as stream:
        stream.write(plain.getvalue())
    return packed.getvalue()


def open_corpus(path: Path) -> dict[str, bytes]:
    """Return the files of an archive: path below its one folder to content.

    Raises:
        StoreError: ``read-failed``, ``file-too-large``; ``corpus-archive``: no such archive, or a damaged one, or one
            with something else in it than plain files below one folder.
    """
    data = read_file(path, _MAX_ARCHIVE_BYTES)
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            plain = stream.read(_MAX_PLAIN_BYTES + 1)
        if len(plain) > _MAX_PLAIN_BYTES:
            raise _bad(path, "the archive is too large when it is unpacked", f"more than {_MAX_PLAIN_BYTES} bytes")
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as tar:
            return _members(tar, path)
    except (OSError, EOFError, zlib.error, tarfile.TarError, ValueError) as error:
        raise _bad(path, "not an archive of a corpus, or a damaged one", str(error)) from error


def _members(tar: tarfile.TarFile, path: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    folders: set[str] = set()
    for member in tar:
        steps = PurePosixPath(member.name).parts
        if not member.isreg() or len(steps) < 2 or ".." in steps or steps[0] == "/":
            raise _bad(path, "the archive holds something other than plain files below a folder", member.name)
        name = "/".join(steps[1:])
        folders.add(steps[0])
        if name in found or len(folders) > 1:
            raise _bad(path, "the archive holds a file twice, or two folders", member.name)
        content = tar.extractfile(member)
        found[name] = b"" if content is None else content.read()
    return found


def _bad(path: Path, message: str, found: str) -> StoreError:
    return StoreError("corpus-archive", message, where=str(path), found=printable(found))
