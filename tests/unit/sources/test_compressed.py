"""gzip and Zstandard: the bytes that went in, or an error that says what is wrong with the file."""

from __future__ import annotations

import gzip
import io
import sys
from collections.abc import Callable
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pithbuilder.errors import SourceError
from pithbuilder.sources import compressed as module
from pithbuilder.sources.compressed import decompressed
from tests.support.streams import Trickle

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PACKERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "Zstandard": zstd.compress}
SKIPPABLE = b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc"


def opened(data: bytes, size: int = 2**20) -> io.BufferedReader:
    stream = decompressed(io.BufferedReader(Trickle(data, size)), data[:4], "f")
    assert stream is not None
    return stream


def read_all(data: bytes) -> tuple[bytes, SourceError | None]:
    """Return what can be read, piece by piece, and what ended it."""
    stream, out = opened(data), b""
    try:
        while piece := stream.read1(1000):
            out += piece
    except SourceError as error:
        return out, error
    return out, None


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
@given(parts=st.lists(st.binary(max_size=300), min_size=1, max_size=4), size=st.integers(1, 50))
def test_any_bytes_in_any_number_of_members(pack: Callable[[bytes], bytes], parts: list[bytes], size: int) -> None:
    assert opened(b"".join(map(pack, parts)), size).read() == b"".join(parts)


@given(st.binary(min_size=1, max_size=8))
def test_other_bytes_are_not_compressed(data: bytes) -> None:
    known = data.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd"))
    assert (decompressed(BytesIO(data), data, "f") is not None) == known


def test_what_stands_between_members() -> None:
    assert opened(gzip.compress(b"a") + bytes(512)).read() == b"a"  # tapes were filled up so
    assert opened(zstd.compress(b"a") + SKIPPABLE + zstd.compress(b"b")).read() == b"ab"


TEXT = b"".join(b"line %d\n" % number for number in range(2000))


def flipped(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :]


CHECKED = zstd.compress(TEXT, options={zstd.CompressionParameter.checksum_flag: 1})
BROKEN = {
    # name: (file, code, expected)
    "gzip cut": (gzip.compress(TEXT)[:-9], "compressed-truncated", "a whole file"),
    "gzip cut in its sum": (gzip.compress(TEXT)[:-1], "compressed-truncated", "a whole file"),
    "gzip cut in its head": (gzip.compress(TEXT)[:5], "compressed-truncated", "a whole file"),
    "gzip cut in the second member": (gzip.compress(TEXT) * 2, "compressed-truncated", "a whole file"),
    "gzip with a wrong sum": (flipped(gzip.compress(TEXT), -8), "compressed-broken", "gzip or Zstandard"),
    "gzip with a wrong length": (flipped(gzip.compress(TEXT), -1), "compressed-broken", "gzip or Zstandard"),
    "gzip of another method": (flipped(gzip.compress(TEXT), 2), "compressed-broken", "gzip or Zstandard"),
    "gzip with rubbish behind": (gzip.compress(TEXT) + b"rubbish", "compressed-broken", "gzip or Zstandard"),
    "gzip with a block that is none": (gzip.compress(TEXT)[:10] + b"\xff" * 50, "compressed-broken", "gzip"),
    "Zstandard cut": (zstd.compress(TEXT)[:-1], "compressed-truncated", "a whole file"),
    "Zstandard cut in its head": (zstd.compress(TEXT)[:5], "compressed-truncated", "a whole file"),
    "Zstandard with a wrong sum": (flipped(CHECKED, -1), "compressed-broken", "gzip or Zstandard"),
    "Zstandard with rubbish behind": (zstd.compress(TEXT) + b"rubbish", "compressed-broken", "gzip or Zstandard"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file(name: str) -> None:
    data, code, expected = BROKEN[name]
    data = data[:-9] if name == "gzip cut in the second member" else data
    out, error = read_all(data)
    assert error is not None
    assert (error.code, error.where) == (code, "f")
    assert expected in error.expected
    assert (TEXT * 2).startswith(out)
    assert "behind" not in name or out == TEXT


@pytest.mark.parametrize(("log", "fits"), [(20, True), (26, True), (27, False), (31, False)])
def test_the_largest_window(log: int, fits: bool) -> None:
    header = b"\x28\xb5\x2f\xfd\x00" + bytes([(log - 10) << 3])  # RFC 8878, section 3.1.1.1
    out, error = read_all(header + (3 << 3 | 1).to_bytes(3, "little") + b"abc")
    if fits:
        assert (out, error) == (b"abc", None)
    else:
        assert error is not None
        assert error.code == "compressed-broken"


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_a_bomb(monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]) -> None:
    monkeypatch.setattr(module, "_FREE_BYTES", 10_000)
    monkeypatch.setattr(module, "MAX_EXPANSION", 20)
    assert read_all(pack(bytes(9_000))) == (bytes(9_000), None)
    mild = b"".join(b"%d:%d\n" % (number, number * number) for number in range(3000))
    assert read_all(pack(mild)) == (mild, None)
    out, error = read_all(pack(bytes(2_000_000)))
    assert error is not None
    assert (error.code, error.where, error.expected) == ("compressed-bomb", "f", "at most 20 bytes for each byte")
    assert len(out) < 200_000
