"""Lines of a byte stream, one at a time, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

import attrs

from pithbuilder.errors import SourceError

MAX_LINE_BYTES: Final = 16 * 2**20
"""The size above which a line is refused unread: 16 MiB; the longest record of arXiv's is below 100 KiB."""

_CHUNK: Final = 2**20


@attrs.frozen
class Line:
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
    """
    number = 0
    while chunk := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        place = f"{name}:{number}"
        if len(chunk) > MAX_LINE_BYTES and not chunk.endswith(b"\n"):
            while chunk and not chunk.endswith(b"\n"):
                chunk = stream.readline(_CHUNK)
            yield Line(place, None)
        elif chunk.strip():
            yield Line(place, chunk.rstrip(b"\r\n"))
