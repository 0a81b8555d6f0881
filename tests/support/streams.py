"""Streams that behave as some do."""

from __future__ import annotations

import io
from io import BytesIO


class Trickle(io.RawIOBase):
    """Gives few bytes at a time, as a pipe may."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data = BytesIO(data)
        self._size = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._data.read(min(self._size, len(buffer)))
        buffer[: len(data)] = data
        return len(data)
