"""Lines of a stream: counted, bounded, never joined or lost."""

from __future__ import annotations

import errno
import os
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pithbuilder.errors import SourceError, StoreError
from pithbuilder.sources import lines as module
from pithbuilder.sources.lines import read_lines

LIMIT = 20


@pytest.fixture(autouse=True, scope="module")
def _small_limits() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MAX_LINE_BYTES", LIMIT)
        patch.setattr(module, "_CHUNK", 7)
        yield


def expected(data: bytes) -> list[tuple[str, bytes | None]]:
    """Say the same in another way: split first, judge each line then."""
    found: list[tuple[str, bytes | None]] = []
    for number, text in enumerate(data.split(b"\n"), start=1):
        if len(text) > LIMIT:
            found.append((f"f:{number}", None))
        elif text.strip():
            found.append((f"f:{number}", text.rstrip(b"\r\n")))
    return found


@given(
    st.lists(st.sampled_from([b"\n", b"\r", b" ", b"a", b"bcdefghij", b"\0", b"\x0b", b"\xff", b"\xc2\x85"])).map(
        b"".join
    )
)
def test_any_bytes(data: bytes) -> None:
    assert [(line.place, line.data) for line in read_lines(BytesIO(data), "f")] == expected(data)


@pytest.mark.parametrize("length", [LIMIT - 1, LIMIT, LIMIT + 1, LIMIT + 2, LIMIT + 7, LIMIT + 8, LIMIT * 5])
@pytest.mark.parametrize("end", [b"", b"\n", b"\nnext", b"\n\nnext\n"], ids=repr)
def test_around_the_limit(length: int, end: bytes) -> None:
    data = b"first\n" + b"x" * length + end
    assert [(line.place, line.data) for line in read_lines(BytesIO(data), "f")] == expected(data)


class Failing(BytesIO):
    """A file on a disk that fails after the first line."""

    def readline(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return super().readline(size)


def test_a_disk_that_fails_is_reported() -> None:
    lines = read_lines(Failing(b"a\nb\n"), "f")
    assert next(lines).data == b"a"
    with pytest.raises(StoreError) as caught:
        next(lines)
    assert (caught.value.code, caught.value.where) == ("read-failed", "f")


def test_a_line_that_is_too_long_says_so() -> None:
    (line,) = read_lines(BytesIO(b"x" * 1000), "f")
    with pytest.raises(SourceError) as caught:
        line.content()
    assert (caught.value.code, caught.value.where) == ("line-too-long", "f:1")
    assert str(LIMIT) in caught.value.expected
