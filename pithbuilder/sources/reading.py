"""Any source, told apart by its content: snapshot, harvested records, OAI-PMH, Atom; also in gzip or Zstandard."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO, Final

from pithbuilder.errors import SourceError, StoreError, printable
from pithbuilder.sources.compressed import GZIP_MAGIC, ZSTD_MAGIC, decompressed, is_zstd
from pithbuilder.sources.json_lines import read_json_lines
from pithbuilder.sources.lines import read_failed
from pithbuilder.sources.source_paper import SourcePaper, located
from pithbuilder.sources.xml_feeds import read_xml

_BUFFER: Final = 2**17
_UTF8_MARK: Final = b"\xef\xbb\xbf"

# What is known well enough to say how to go on.
_OTHERS: Final = {
    b"PK\x03\x04": ("a zip archive", "unpack it: unzip -p FILE | pithbuilder mint -"),
    b"BZh": ("bzip2", "unpack it: bzcat FILE | pithbuilder mint -"),
    b"\xfd7zXZ\x00": ("xz", "unpack it: xzcat FILE | pithbuilder mint -"),
    b"\xff\xfe": ("UTF-16", "write it in UTF-8"),
    b"\xfe\xff": ("UTF-16", "write it in UTF-8"),
    b"SQLite format 3\x00": ("a database", ""),
}


_MAGIC: Final = (GZIP_MAGIC, ZSTD_MAGIC, *_OTHERS)
_LONGEST_MAGIC: Final = max(map(len, _MAGIC))


def read_papers(stream: BinaryIO, name: str) -> Iterator[SourcePaper]:
    """Yield every record of a source; a bad one does not stop the others.

    What ends the stream before its end (a broken archive, broken markup) is the last thing that is yielded.

    Args:
        stream: Read to its end; the caller closes it.
        name: What to call it in errors: its path, or ``<stdin>``.
    """
    try:
        yield from _read(stream, name, compressed=False)
    except (SourceError, StoreError) as error:
        yield SourcePaper(error.where or name, error=located(error, ""))


def _read(stream: BinaryIO, name: str, *, compressed: bool) -> Iterator[SourcePaper]:
    beginning = _read_beginning(stream, name)
    whole = io.BufferedReader(_Rejoined(beginning, stream), _BUFFER)
    inner = None if compressed else decompressed(whole, beginning, name)
    if inner is not None:
        yield from _read(inner, name, compressed=True)
        return
    text = beginning.removeprefix(_UTF8_MARK).lstrip()
    if text.startswith(b"<"):
        yield from read_xml(whole, name)
    elif not text or any(line.lstrip().startswith(b"{") for line in text.splitlines()):
        papers = read_json_lines(whole, name)
        first = next(papers, None)
        if first is None:
            raise SourceError("source-empty", "there is nothing in it", where=name, expected="at least one record")
        yield first
        yield from papers
    else:
        raise _unknown(beginning, name)


def _read_beginning(stream: BinaryIO, name: str) -> bytes:
    """Return enough of a stream to tell what it is; a pipe may bring its first bytes one by one."""
    beginning = b""
    while len(beginning) < _BUFFER:
        text = beginning.removeprefix(_UTF8_MARK).lstrip()
        if text.startswith((b"<", b"{")) or (len(text) >= _LONGEST_MAGIC and beginning.startswith(_MAGIC)):
            break
        if len(beginning) >= len(ZSTD_MAGIC) and is_zstd(beginning):
            break
        try:
            piece = stream.read1(_BUFFER) if isinstance(stream, io.BufferedReader) else stream.read(_BUFFER)
        except OSError as error:  # a directory, a disk that fails
            raise read_failed(name, error) from error
        if not piece:
            break
        beginning += piece
    return beginning


class _Rejoined(io.RawIOBase):
    """A stream of which the beginning has been read, from its beginning on."""

    def __init__(self, beginning: bytes, rest: BinaryIO) -> None:
        self._beginning = beginning
        self._rest = rest

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Read some bytes."""
        if self._beginning:
            piece, self._beginning = self._beginning[: len(buffer)], self._beginning[len(buffer) :]
        elif isinstance(self._rest, io.BufferedReader):
            piece = self._rest.read1(len(buffer))
        else:
            piece = self._rest.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


def _unknown(beginning: bytes, name: str) -> SourceError:
    what, hint = next((known for magic, known in _OTHERS.items() if beginning.startswith(magic)), ("", ""))
    return SourceError(
        "source-unknown",
        f"{what}, not metadata that can be read here" if what else "not metadata that can be read here",
        where=name,
        expected="an arXiv snapshot (JSON Lines), OAI-PMH or Atom, as it is or in .gz or .zst",
        found=printable(beginning[:16]),
        hint=hint,
    )
