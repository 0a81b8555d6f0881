"""Sources that end too early, at any byte: what was whole before is read, and no text is ever a shorter one."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from itertools import pairwise

import pytest

from pithbuilder.sources.reading import read_papers
from tests.support import feeds
from tests.support.cli import lines
from tests.support.feeds import FeedPaper

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PAGE = feeds.oai_page(
    [
        feeds.raw_record(
            FeedPaper(
                arxiv_id=f"1805.0000{number}",
                title=f"On paper {number}",
                abstract="We prove it.",
                authors="Ada Lovelace and Émilie du Châtelet",
                categories=("cs.LG", "math.CO"),
                license="http://creativecommons.org/licenses/by/4.0/",
                versions=(datetime(2018, 5, 22, 9, 32, 21, tzinfo=UTC),),
                datestamp="2018-05-23",
            )
        )
        for number in (1, 2, 3)
    ]
)
gz = gzip.compress
zst = zstd.compress


def texts(data: bytes) -> list[object]:
    return [item.paper for item in read_papers(BytesIO(data), "f") if item.paper is not None]


def ends(document: bytes, mark: bytes) -> list[int]:
    """Return where the records of a document end."""
    found, position = [], document.find(mark)
    while position >= 0:
        found.append(position + len(mark))
        position = document.find(mark, position + 1)
    return found


SMALL = {
    "arXivRaw": (PAGE, ends(PAGE, b"</record>")),
    "snapshot": (lines(1, 2, 3), [end - 1 for end in ends(lines(1, 2, 3), b"\n")]),
}


@pytest.mark.parametrize("kind", SMALL)
def test_cut_at_every_byte(kind: str) -> None:
    document, complete = SMALL[kind]
    papers = texts(document)
    assert len(papers) == len(complete) == 3
    for size in range(len(document)):
        got = list(read_papers(BytesIO(document[:size]), "f"))
        there = sum(end <= size for end in complete)
        assert [item.paper for item in got if item.paper is not None] == papers[:there], size
        errors = [item.error for item in got if item.error is not None]
        if kind == "arXivRaw" and size < len(document.rstrip()):
            assert len(errors) == 1, size
            assert errors[0].code == ("xml-truncated" if size else "source-empty")
        elif kind == "snapshot":  # a line is whole or broken; between lines nothing tells that more has been there
            cut_inside = size > 0 and size not in complete and document[size - 1 : size] != b"\n"
            codes = [error.code for error in errors]
            if size == 0:
                assert codes == ["source-empty"]
            else:
                assert codes in ([["json-syntax"], ["json-encoding"]] if cut_inside else [[]]), size


def inflated(data: bytes) -> bytes:
    """Return what another decompressor makes of the beginning of a gzip file."""
    out = b""
    while data:
        one = zlib.decompressobj(zlib.MAX_WBITS | 16)
        out += one.decompress(data)
        data = one.unused_data
    return out


def unpacked(data: bytes) -> bytes:
    out = b""
    while data:
        one = zstd.ZstdDecompressor()
        out += one.decompress(data)
        data = one.unused_data if one.eof else b""
    return out


@pytest.mark.parametrize("members", [1, 3], ids=["one member", "three members"])
@pytest.mark.parametrize(("pack", "unpack"), [(gz, inflated), (zst, unpacked)], ids=["gzip", "Zstandard"])
@pytest.mark.parametrize("kind", SMALL)
def test_compressed_and_cut_at_every_byte(
    kind: str, pack: Callable[[bytes], bytes], unpack: Callable[[bytes], bytes], members: int
) -> None:
    document, complete = SMALL[kind]
    papers = texts(document)
    if kind == "snapshot":  # a line may go on as long as its end is not there
        complete = [end + 1 for end in complete]
    cuts = [len(document) * number // members for number in range(members + 1)]
    parts = [pack(document[start:end]) for start, end in pairwise(cuts)]
    data = b"".join(parts)
    borders = {sum(map(len, parts[:number])) for number in range(members + 1)}
    assert texts(data) == papers
    for size in range(4, len(data)):
        got = list(read_papers(BytesIO(data[:size]), "f"))
        there = sum(end <= len(unpack(data[:size])) for end in complete)
        assert [item.paper for item in got if item.paper is not None] == papers[:there], size
        errors = [item.error.code for item in got if item.error is not None]
        if size not in borders:
            # One byte does not tell yet that it begins a member.
            codes = ["compressed-truncated", *(["compressed-broken"] if size - 1 in borders else [])]
            assert errors[-1:] and errors[-1] in codes, size
        elif kind == "arXivRaw":
            assert errors == ["xml-truncated"], size
