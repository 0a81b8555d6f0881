"""A corpus of fixtures in one file: a gzip-compressed tar archive that is the same for the same files."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final

import attrs

from pithbuilder.errors import StoreError, printable
from pithbuilder.stores.atomic import read_file

_MODE: Final = 0o644
_LEVEL: Final = 9
_GZIP: Final = 16 + zlib.MAX_WBITS
_MAX_ARCHIVE_BYTES: Final = 64 * 2**20
_MAX_PLAIN_BYTES: Final = 512 * 2**20
_PLAIN_KINDS: Final = (tarfile.REGTYPE, tarfile.AREGTYPE)


@attrs.frozen
class OpenedCorpus:
    """What an archive holds.

    Attributes:
        folder: The one folder in which the files are.
        files: Path below it to content.
    """

    folder: str
    files: Mapping[str, bytes]


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


def open_corpus(path: Path) -> OpenedCorpus:
    """Return what an archive holds.

    Whatever no checksum would cover is refused: a second gzip member, anything behind the end or between the members,
    and members that are more than a name and bytes.

    Raises:
        StoreError: ``read-failed``, ``file-too-large``; ``corpus-archive``: no such archive, or a damaged one, or one
            with something else in it than plain files below one folder.
    """
    data = read_file(path, _MAX_ARCHIVE_BYTES)
    try:
        plain = _decompress(data, path)
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:", format=tarfile.USTAR_FORMAT) as tar:
            return _members(tar, plain, path)
    except (OSError, EOFError, zlib.error, tarfile.TarError, ValueError) as error:
        raise _bad(path, "not an archive of a corpus, or a damaged one", str(error)) from error


def _decompress(data: bytes, path: Path) -> bytes:
    stream = zlib.decompressobj(_GZIP)
    plain = stream.decompress(data, _MAX_PLAIN_BYTES + 1)
    if len(plain) > _MAX_PLAIN_BYTES:
        raise _bad(path, "the archive is too large when it is unpacked", f"more than {_MAX_PLAIN_BYTES} bytes")
    if not stream.eof:
        raise _bad(path, "the archive is cut off", f"{len(data)} bytes")
    if stream.unused_data:
        raise _bad(
            path, "something stands behind the end of the compressed archive", f"{len(stream.unused_data)} bytes"
        )
    return plain


def _members(tar: tarfile.TarFile, plain: bytes, path: Path) -> OpenedCorpus:
    found: dict[str, bytes] = {}
    folder, end = "", 0
    for member in tar:
        steps = PurePosixPath(member.name).parts
        if member.type not in _PLAIN_KINDS or len(steps) < 2 or ".." in steps or steps[0] == "/":
            raise _bad(path, "the archive holds something other than plain files below a folder", member.name)
        start = end + tarfile.BLOCKSIZE
        if member.offset_data != start:  # an extended header, which says more than the member's own
            raise _bad(path, "the archive says more of a file than its name", member.name)
        stop = start + member.size
        end = stop + -member.size % tarfile.BLOCKSIZE
        if member.size < 0 or end > len(plain) or plain.count(0, stop, end) != end - stop:
            raise _bad(path, "a file of the archive is cut off, or something stands behind it", member.name)
        name = "/".join(steps[1:])
        if name in found or steps[0] != (folder or steps[0]):
            raise _bad(path, "the archive holds a file twice, or two folders", member.name)
        folder, found[name] = steps[0], plain[start:stop]
    rest = len(plain) - end
    if rest < 2 * tarfile.BLOCKSIZE or plain.count(0, end) != rest:
        raise _bad(path, "the archive has no end, or something stands behind it", f"{rest} bytes")
    return OpenedCorpus(folder, found)


def _bad(path: Path, message: str, found: str) -> StoreError:
    return StoreError("corpus-archive", message, where=str(path), found=printable(found))
