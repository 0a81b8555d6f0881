"""A source is told apart by its content, in whatever it is packed and however it arrives."""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import lzma
import os
import sqlite3
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from typing import BinaryIO, cast

import pytest

from pithbuilder.sources.reading import read_papers
from pithbuilder.sources.source_paper import SourcePaper
from tests.support import feeds
from tests.support.feeds import FeedPaper
from tests.support.streams import Trickle

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PAPER = FeedPaper(
    arxiv_id="1805.08469",
    title="On a title",
    abstract="An abstract",
    authors="A and B",
    categories=("cs.LG",),
    license=None,
    versions=(datetime(2018, 5, 22, 9, 32, 21, tzinfo=UTC),),
    datestamp="2018-05-23",
)
OAI = feeds.oai_page([feeds.raw_record(PAPER)])
ATOM = feeds.atom_feed([feeds.atom_entry(PAPER, 1, ["A", "B"])], 1, 0, 10)
SNAPSHOT = feeds.snapshot_line(PAPER)
KINDS = {"snapshot": SNAPSHOT, "arXivRaw": OAI, "Atom": ATOM}
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "Zstandard": zstd.compress,
    "gzip members": lambda data: b"".join(gzip.compress(data[at : at + 7]) for at in range(0, len(data), 7)),
    "Zstandard frames": lambda data: b"".join(zstd.compress(data[at : at + 7]) for at in range(0, len(data), 7)),
}


class Failing(Trickle):
    """A disk that fails after some bytes."""

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        count = super().readinto(buffer)
        if count == 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return count


def read(data: bytes) -> list[SourcePaper]:
    return list(read_papers(BytesIO(data), "f"))


def shown(item: SourcePaper) -> tuple[object, str]:
    """Return a record with its error as text, for errors are equal to themselves alone."""
    return item._replace(error=None), str(item.error)


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_source_in_any_packing(kind: str, pack: Callable[[bytes], bytes]) -> None:
    (item,) = read(pack(KINDS[kind]))
    told = item.partial if kind == "Atom" else item.paper
    assert told is not None
    assert told.arxiv_id == PAPER.arxiv_id
    assert (item.error is None) == (kind != "Atom")


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
@pytest.mark.parametrize("kind", KINDS)
def test_however_it_arrives(kind: str, pack: Callable[[bytes], bytes], size: int) -> None:
    data = pack(KINDS[kind])
    pipe = io.BufferedReader(Trickle(data, size))
    assert list(map(shown, read_papers(pipe, "f"))) == list(map(shown, read(data)))


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize("before", [b"\n", b" \r\n\t", b"\n" * 50], ids=["one", "some", "fifty"])
@pytest.mark.parametrize("kind", KINDS)
def test_blanks_before_it(kind: str, before: bytes, size: int) -> None:
    data = KINDS[kind].removeprefix(b"<?xml version='1.0' encoding='UTF-8'?>\n")
    pipe = io.BufferedReader(Trickle(before + data, size))
    (item,) = list(read_papers(pipe, "f"))
    assert (item.paper or item.partial) is not None


def test_a_mark_of_utf_8() -> None:
    for document in (OAI, ATOM):
        assert list(map(shown, read(b"\xef\xbb\xbf" + document))) == list(map(shown, read(document)))
    bad, good = read(b"\xef\xbb\xbf" + SNAPSHOT * 2)
    assert bad.error is not None
    assert (bad.error.code, bad.error.where[:3]) == ("json-encoding", "f:1")
    assert good.paper is not None


def test_a_bad_first_line_is_one_bad_line() -> None:
    for line in (b"rubbish", b"[]", b"\xff", b"null"):
        bad, good = read(line + b"\n" + SNAPSHOT)
        assert bad.error is not None
        assert bad.error.where.startswith("f:1")
        assert good.paper is not None


def zipped() -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.json", SNAPSHOT)
    return out.getvalue()


def database() -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE a (b)")
    data = connection.serialize()
    connection.close()
    return data


UNKNOWN = {
    # name: (file, code, what is said, hint)
    "nothing": (b"", "source-empty", "nothing", ""),
    "blanks": (b" \n\t\r\n", "source-empty", "nothing", ""),
    "only a mark": (b"\xef\xbb\xbf", "json-encoding", "", ""),
    "nothing in gzip": (gzip.compress(b""), "source-empty", "nothing", ""),
    "nothing in Zstandard": (zstd.compress(b""), "source-empty", "nothing", ""),
    "a zip archive": (zipped(), "source-unknown", "a zip archive", "unzip -p"),
    "bzip2": (bz2.compress(SNAPSHOT), "source-unknown", "bzip2", "bzcat"),
    "xz": (lzma.compress(SNAPSHOT), "source-unknown", "xz", "xzcat"),
    "UTF-16": (SNAPSHOT.decode().encode("utf-16"), "source-unknown", "UTF-16", "UTF-8"),
    "UTF-16, the other way": (b"\xfe\xff" + OAI.decode().encode("utf-16-be"), "source-unknown", "UTF-16", "UTF-8"),
    "a database": (database(), "source-unknown", "a database", ""),
    "a PDF": (b"%PDF-1.5\n%\xd0\xd4\xc5\xd8\n", "source-unknown", "not metadata", ""),
    "text": (b"Rate exceeded.", "source-unknown", "not metadata", ""),
    "an array": (b"[1, 2]\n", "source-unknown", "not metadata", ""),
    "an HTML page": (b"<!-- x -->\n<html><body>503</body></html>", "source-unknown", "an HTML page", "instead of"),
    "an XHTML page": (
        b'<html xmlns="http://www.w3.org/1999/xhtml"/>',
        "source-unknown",
        "an HTML page",
        "instead of metadata",
    ),
    "an HTML page with its type": (b"<!DOCTYPE html>\n<html></html>", "xml-doctype", "document type", ""),
    "RSS": (b'<rss version="2.0"><channel/></rss>', "source-unknown", "XML of a kind", ""),
    "a feed without its namespace": (ATOM.replace(b' xmlns="', b' x="'), "source-unknown", "XML of a kind", ""),
    "gzip in gzip": (gzip.compress(gzip.compress(SNAPSHOT)), "source-unknown", "not metadata", ""),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_not_a_source(name: str) -> None:
    data, code, message, hint = UNKNOWN[name]
    (item,) = read(data)
    assert item.paper is None
    assert item.partial is None
    assert item.error is not None
    assert item.error.code == code
    assert item.error.where.partition(":")[0] == "f"
    assert item.error.where.startswith(item.place)
    assert message in item.error.message
    assert item.error.expected
    assert hint in item.error.hint


def test_what_the_first_bytes_say_is_shown() -> None:
    (item,) = read(b"\x1b[31mRate exceeded.")
    assert item.error is not None
    assert item.error.found == r"b'\x1b[31mRate exceed'"


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
@pytest.mark.parametrize("document", [SNAPSHOT * 3, OAI, b""], ids=["snapshot", "arXivRaw", "nothing"])
def test_a_disk_that_fails(document: bytes, pack: Callable[[bytes], bytes]) -> None:
    data = pack(document)
    whole = [item.paper for item in read(document) if item.paper is not None] if data else []
    *papers, last = read_papers(cast(BinaryIO, io.BufferedReader(Failing(data, 2**20))), "f")
    assert last.error is not None
    assert (last.error.code, last.error.where) == ("read-failed", "f")
    assert [item.paper for item in papers] == whole[: len(papers)]


def test_an_error_ends_what_it_must() -> None:
    *papers, last = read(OAI + b"<x/>")
    assert [item.paper is None for item in papers] == [False]
    assert last.error is not None
    assert last.error.code == "xml-syntax"
