"""Lines of a byte stream, one at a time, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from pithbuilder.errors import SourceError, StoreError

MAX_RECORD_BYTES: Final = 2**20
"""How large one record may be: 1 MiB; the longest of arXiv's, with thousands of authors, are well below."""

MAX_LINE_BYTES: Final = 2 * MAX_RECORD_BYTES + 2**16
"""The size above which a line is refused unread: a record with every character escaped, and what stands round it.

Parsed, a hostile line takes some fifty times its size (``[],[],[]``), so that this bounds the memory too.
"""

_CHUNK: Final = 2**20


class Line(NamedTuple):
    """One line of a file.

    Attributes:
        place: ``FILE:LINE``, lines counted from 1.
        data: The line without its line end; None for a line that is too long.
    """

    place: str
    data: bytes | None

    def content(self) -> bytes:
        """Return the line's bytes.

        Raises:
            SourceError: ``line-too-long``.
        """
        if self.data is None:
            raise SourceError(
                "line-too-long",
                "line is too long to be one record",
                where=self.place,
                expected=f"at most {MAX_LINE_BYTES} bytes",
            )
        return self.data


def read_lines(stream: BinaryIO, name: str) -> Iterator[Line]:
    """Yield the lines of a stream that are not blank.

    Args:
        stream: Read to its end; the caller closes it.
        name: What to call it in places.

    Raises:
        StoreError: ``read-failed``.
    """
    number = 0
    try:
        while chunk := stream.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(chunk) > MAX_LINE_BYTES and not chunk.endswith(b"\n"):
                while chunk and not chunk.endswith(b"\n"):
                    chunk = stream.readline(_CHUNK)
                yield Line(f"{name}:{number}", None)
            elif not chunk.isspace():
                yield Line(f"{name}:{number}", chunk.rstrip(b"\r\n"))
    except OSError as error:  # a directory, a disk that fails
        raise read_failed(name, error) from error


def read_failed(name: str, error: OSError) -> StoreError:
    """Return the error for a stream that could not be read on."""
    return StoreError("read-failed", f"cannot read: {(error.strerror or str(error)).lower()}", where=name)
