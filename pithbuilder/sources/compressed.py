"""gzip and Zstandard streams, decompressed in bounded memory; a part that is missing is an error, never an end."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from typing import Any, BinaryIO, Final, cast

from pithbuilder.errors import SourceError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

GZIP_MAGIC: Final = b"\x1f\x8b"
ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"

MAX_ZSTD_WINDOW_LOG: Final = 26
"""The largest window, 64 MiB: what ``zstd`` writes without ``--long`` or ``--ultra`` needs 8 MiB at most."""

MAX_EXPANSION: Final = 250
"""How many bytes one byte may stand for, on average; metadata in JSON or XML compresses to a fifth."""

_FREE_BYTES: Final = 64 * 2**20  # below this, no expansion is looked at
_BUFFER: Final = 2**17


def decompressed(stream: BinaryIO, magic: bytes, name: str) -> io.BufferedReader | None:
    """Return what a compressed stream holds, as a stream; None where it is not compressed as is known here.

    Reading raises ``SourceError``: ``compressed-truncated``, ``compressed-broken`` or ``compressed-bomb``.

    Args:
        stream: Stands at its beginning; the caller closes it.
        magic: Its first bytes.
        name: What to call it in errors.
    """
    counted = _Counted(stream)
    inner: io.BufferedIOBase
    if magic.startswith(GZIP_MAGIC):
        inner = gzip.GzipFile(fileobj=counted, mode="rb")
    elif is_zstd(magic):
        options = {int(zstd.DecompressionParameter.window_log_max): MAX_ZSTD_WINDOW_LOG}
        inner = zstd.ZstdFile(cast(Any, counted), options=options)  # reads it, and asks nothing else of it
    else:
        return None
    return io.BufferedReader(_Checked(inner, counted, name), _BUFFER)


def is_zstd(magic: bytes) -> bool:
    """Say whether a stream begins with a frame of Zstandard, or with one to be passed over (RFC 8878, 3.1.2)."""
    return magic.startswith(ZSTD_MAGIC) or (magic[1:4] == b"\x2a\x4d\x18" and magic[0] >> 4 == 5)


class _Counted(io.RawIOBase):
    """Counts what is read of a stream."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.count = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Read, and count."""
        data = self._stream.read(size)
        self.count += len(data)
        return data


class _Checked(io.RawIOBase):
    """A decompressing stream whose errors say what is wrong with the file."""

    def __init__(self, inner: io.BufferedIOBase, counted: _Counted, name: str) -> None:
        self._inner = inner
        self._counted = counted
        self._name = name
        self._count = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Read some bytes.

        Raises:
            SourceError: ``compressed-truncated``, ``compressed-broken`` or ``compressed-bomb``.
        """
        try:
            data = self._inner.read1(len(buffer))
        except EOFError as error:
            raise self._refusal(
                "compressed-truncated",
                "compressed file ends before it is complete",
                "a whole file",
                "fetch it again; the records before this place were read",
            ) from error
        except (gzip.BadGzipFile, zlib.error, zstd.ZstdError) as error:
            raise self._refusal("compressed-broken", f"cannot be decompressed: {error}", "gzip or Zstandard") from error
        self._count += len(data)
        if self._count > _FREE_BYTES and self._count > MAX_EXPANSION * self._counted.count:
            raise self._refusal(
                "compressed-bomb",
                "compressed file holds far more than metadata ever does",
                f"at most {MAX_EXPANSION} bytes for each byte",
            )
        buffer[: len(data)] = data
        return len(data)

    def _refusal(self, code: str, message: str, expected: str, hint: str = "") -> SourceError:
        return SourceError(code, message, where=self._name, expected=expected, hint=hint)
