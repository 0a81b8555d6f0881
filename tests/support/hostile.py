"""Sources that somebody has made to hurt, and what must be said of each."""

from __future__ import annotations

import gzip
import json
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import repeat
from typing import NamedTuple

from pithbuilder.core.digest import sha256_hex
from pithbuilder.sources.lines import MAX_LINE_BYTES, MAX_RECORD_BYTES
from tests.support import feeds
from tests.support.cli import line, lines, paper
from tests.support.feeds import FeedPaper

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MEGABYTE = 10**6
MARK = "MARK"
LONG = b"xyz " * 500_000
ALMOST = b"<a/>x" * (MAX_RECORD_BYTES // 5 - 1000)
LETTERS = b"abcdefgh " * 120_000
BLANKS = (b" " * 999 + b"\n") * (10 * MEGABYTE // 1000)
EARLIER, FIRST, BAD, LAST, LATER = "2001.00001", "1805.00001", "1805.00002", "1805.00003", "2001.00002"
LINE_1, LINE_3 = "2001.00011", "2001.00013"


# A process of its own, for a program counts the memory of the one that started it.
def feed_paper(identifier: str, abstract: str = "We prove it.") -> FeedPaper:
    return FeedPaper(
        arxiv_id=identifier,
        title=f"On paper {identifier}",
        abstract=abstract,
        authors="Ada Lovelace and Émilie du Châtelet",
        categories=("cs.LG", "math.CO"),
        license="http://creativecommons.org/licenses/by/4.0/",
        versions=(datetime(2018, 5, 22, 9, 32, 21, tzinfo=UTC),),
        datestamp="2018-05-23",
        sets=("cs:cs:LG",),
    )


RECORDS = [feeds.raw_record(feed_paper(name, MARK if name == BAD else "We prove it.")) for name in (FIRST, BAD, LAST)]
PAGE = feeds.oai_page(RECORDS)
BEFORE, _, AFTER = PAGE.partition(MARK.encode())
"""A page round the text of its second abstract."""

START, _, END = feeds.oai_page([RECORDS[0], MARK, RECORDS[2]]).partition(MARK.encode())
"""A page round what stands between two records."""

LINE_END = "\n"
IN_BAD, IN_BETWEEN = (f"<stdin>:{1 + before.decode().count(LINE_END)}: " for before in (BEFORE, START))
IN_RECORD, BEHIND_FIRST = (
    f"<stdin>:{1 + before[: before.rindex(tag)].decode().count(LINE_END)}: "
    for before, tag in ((BEFORE, b"<record>"), (START, b"</record>"))
)
FORGET = b"<responseDate>2026-05-18T00:15:26Z</responseDate>"
"""An element that is read, so that what follows is not the same record, and says nothing of a paper."""

TOO_LONG = f"{MAX_RECORD_BYTES} bytes a record"


class Hostile(NamedTuple):
    """A stream, what must be read of it, and what must be said of it."""

    chunks: Callable[[], Iterable[bytes]]
    read: tuple[str, ...]
    code: str
    where: str = ""
    expected: str = ""


def whole(*parts: bytes) -> Callable[[], Iterable[bytes]]:
    return lambda: parts


def flood(before: bytes, piece: bytes, megabytes: int, after: bytes) -> Callable[[], Iterable[bytes]]:
    """Return a stream that is never anywhere as a whole."""

    def chunks() -> Iterator[bytes]:
        yield before
        yield from repeat(piece, megabytes * MEGABYTE // len(piece) + 1)
        yield after

    return chunks


def packed(stream: Callable[[], Iterable[bytes]], pack: Callable[[bytes], bytes]) -> Callable[[], Iterable[bytes]]:
    """Return a stream whose chunks have become members, or frames, of one file; equal chunks are packed once."""

    def chunks() -> Iterator[bytes]:
        last = done = b""
        for chunk in stream():
            if chunk is not last:
                last, done = chunk, pack(chunk)
            yield done

    return chunks


def shuffled(size: int) -> bytes:
    """Return text that packs about as tightly as no bomb does, a thirtieth."""
    source = random.Random(0)
    return b"".join(source.randbytes(20).hex().encode() * 40 + b" " for _ in range(size // 1601))


def doctype(declaration: str, reference: str = "") -> Callable[[], Iterable[bytes]]:
    document = PAGE.replace(b"<OAI-PMH", f"<!DOCTYPE OAI-PMH {declaration}>\n<OAI-PMH".encode(), 1)
    return whole(document.replace(MARK.encode(), reference.encode()))


def distinct(form: str, size: int, count: int) -> Iterator[bytes]:
    for number in range(count):
        yield form.format(name=f"n{number:06d}" + "x" * size).encode()


def between(chunks: Callable[[], Iterable[bytes]], start: bytes = START, end: bytes = END) -> Iterator[bytes]:
    yield start
    yield from chunks()
    yield end


def harvested(raw: str) -> bytes:
    record = {
        "source": "https://oaipmh.arxiv.org/oai",
        "fetched_at": "2026-05-18T00:15:26Z",
        "raw_sha256": sha256_hex(raw.encode()),
        "raw": raw,
        "namespaces": {"": "http://www.openarchives.org/OAI/2.0/"},
        "source_id": BAD,
        "datestamp": "2018-05-23",
    }
    return json.dumps(record).encode() + b"\n"


def bad_line(data: bytes) -> Callable[[], Iterable[bytes]]:
    return whole(lines(11), data, lines(13))


gz = gzip.compress
zst = zstd.compress
HUGE_WINDOW = b"\x28\xb5\x2f\xfd\x00\xa8" + (len(PAGE) << 3 | 1).to_bytes(3, "little") + PAGE
"""A frame of one block as it is, whose header asks for a window of 2^31 bytes (RFC 8878, section 3.1.1)."""

ENTITIES = "".join(f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 10))
TEXT = shuffled(MEGABYTE)

XML = {
    "billion laughs": Hostile(doctype(f'[<!ENTITY e0 "ha">{ENTITIES}]', "&e9;"), (), "xml-doctype", ":2"),
    "quadratic blowup": Hostile(doctype(f'[<!ENTITY e "{"x" * MEGABYTE}">]', "&e;" * 10_000), (), "xml-doctype", ":2"),
    "an external entity": Hostile(
        doctype('[<!ENTITY e SYSTEM "file:///etc/passwd">]', "&e;"), (), "xml-doctype", ":2", "without <!DOCTYPE>"
    ),
    "a parameter entity": Hostile(
        doctype('[<!ENTITY % p SYSTEM "http://127.0.0.1:9/x"> %p;]'), (), "xml-doctype", ":2"
    ),
    "an external subset": Hostile(doctype('SYSTEM "http://127.0.0.1:9/x.dtd"'), (), "xml-doctype", ":2"),
    "attributes by default": Hostile(doctype('[<!ATTLIST record a CDATA "b">]'), (), "xml-doctype", ":2"),
    "an entity of HTML": Hostile(whole(BEFORE, b"a&nbsp;b", AFTER), (FIRST,), "xml-syntax", IN_BAD),
    "a bare ampersand": Hostile(whole(BEFORE, b"a & b", AFTER), (FIRST,), "xml-(?:syntax|truncated)", IN_BAD),
    "a bare less-than": Hostile(whole(BEFORE, b"a < b", AFTER), (FIRST,), "xml-syntax", IN_BAD),
    "a NUL": Hostile(whole(BEFORE, b"a\0b", AFTER), (FIRST,), "xml-syntax", IN_BAD),
    "a reference to NUL": Hostile(whole(BEFORE, b"a&#0;b", AFTER), (FIRST,), "xml-syntax", IN_BAD),
    "a reference to a surrogate": Hostile(whole(BEFORE, b"&#xD800;", AFTER), (FIRST,), "xml-syntax", IN_BAD),
    "invalid UTF-8": Hostile(whole(BEFORE, b"M\xfcller", AFTER), (FIRST,), "xml-syntax", IN_BAD),
    "an encoded surrogate": Hostile(whole(BEFORE, b"\xed\xa0\x80", AFTER), (FIRST,), "xml-syntax", IN_BAD),
    "an overlong spelling": Hostile(whole(BEFORE, b"\xc0\xbcb>", AFTER), (FIRST,), "xml-syntax", IN_BAD),
    "wrong nesting": Hostile(whole(BEFORE, b"</record>", AFTER), (FIRST,), "xml-syntax", IN_BAD),
    "a second document": Hostile(whole(PAGE, PAGE), (FIRST, BAD, LAST), "xml-syntax", ":"),
    "an undeclared prefix": Hostile(whole(BEFORE, b"<x:y/>", AFTER), (FIRST,), "xml-syntax", IN_BAD),
    "an attribute twice": Hostile(whole(START, b'<a b="" b=""/>', END), (FIRST,), "xml-syntax", IN_BETWEEN),
    "an attribute twice by two prefixes": Hostile(
        whole(START, b'<a xmlns:p="u" xmlns:q="u" p:b="" q:b=""/>', END), (FIRST,), "xml-syntax", IN_BETWEEN
    ),
    "an undeclared prefix between records": Hostile(whole(START, b"<x:y/>", END), (FIRST,), "xml-syntax", IN_BETWEEN),
    "an undeclared prefix of an attribute": Hostile(
        whole(BEFORE, b'<y x:z=""/>', AFTER), (FIRST,), "xml-syntax", IN_BAD
    ),
    "an entity of HTML between records": Hostile(whole(START, b"&nbsp;", END), (FIRST,), "xml-syntax", IN_BETWEEN),
    "an entity of HTML in an attribute": Hostile(
        whole(START, b'<a b="&nbsp;"/>', END), (FIRST,), "xml-syntax", IN_BETWEEN
    ),
    "a namespace for a terminal": Hostile(
        whole(START, '<a xmlns:p="urn:\x9b31m\u202e"/>'.encode(), END), (FIRST,), "xml-syntax", IN_BETWEEN
    ),
    "a name for a terminal": Hostile(whole(START, "<a\u200dé></b>".encode(), END), (FIRST,), "xml-syntax", IN_BETWEEN),
    "a long name that is not closed": Hostile(
        whole(START, b"<" + b"a" * 40_000 + b"></b>", END), (FIRST,), "xml-syntax", IN_BETWEEN
    ),
    "a record in a record": Hostile(
        whole(BEFORE, b"</abstract>", RECORDS[2].encode(), b"<abstract>We prove it.", AFTER),
        (FIRST, LAST),
        "field-repeated",
        f"{BAD}: arXivRaw/abstract",
    ),
    "markup in a text": Hostile(
        whole(BEFORE, b"a<b>c</b>", AFTER), (FIRST, LAST), "field-markup", f"{BAD}: arXivRaw/abstract", "text alone"
    ),
    "UTF-16 with a mark": Hostile(whole(PAGE.decode().encode("utf-16")), (), "source-unknown", "<stdin>", "snapshot"),
    "UTF-16 without": Hostile(
        whole(PAGE.decode().encode("utf-16-le")), (), "xml-syntax|xml-encoding", "<stdin>:1", "UTF-8"
    ),
    "Latin-1 declared": Hostile(whole(PAGE.replace(b"UTF-8", b"ISO-8859-1")), (), "xml-encoding", ":1", "UTF-8"),
    "UTF-16 declared": Hostile(whole(PAGE.replace(b"UTF-8", b"UTF-16")), (), "xml-encoding", ":1", "UTF-8"),
    "UTF-7 declared": Hostile(whole(PAGE.replace(b"UTF-8", b"UTF-7")), (), "xml-encoding", ":1", "UTF-8"),
    "1 GB of text": Hostile(flood(BEFORE, LETTERS, 1000, AFTER), (FIRST, LAST), "record-too-long", IN_RECORD, TOO_LONG),
    "1 GB of text in gzip": Hostile(
        packed(flood(BEFORE, TEXT, 1000, AFTER), gz), (FIRST, LAST), "record-too-long", IN_RECORD, TOO_LONG
    ),
    "1 GB of text in Zstandard": Hostile(
        packed(flood(BEFORE, TEXT, 1000, AFTER), zst), (FIRST, LAST), "record-too-long", IN_RECORD, TOO_LONG
    ),
    "1 GB between records": Hostile(
        flood(START, LETTERS, 1000, END), (FIRST, LAST), "record-too-long", BEHIND_FIRST, TOO_LONG
    ),
    "300 MB of CDATA": Hostile(
        flood(BEFORE + b"<![CDATA[", LETTERS, 300, b"]]>" + AFTER),
        (FIRST, LAST),
        "record-too-long",
        IN_RECORD,
        TOO_LONG,
    ),
    "an attribute of 300 MB": Hostile(
        flood(START + b'<a b="', LETTERS, 300, b'"/>' + END), (FIRST,), "record-too-long", ":", TOO_LONG
    ),
    "an attribute of 300 MB in a record": Hostile(
        flood(BEFORE + b'<a b="', LETTERS, 300, b'"/>' + AFTER), (FIRST,), "record-too-long", ":", TOO_LONG
    ),
    "a comment of 300 MB": Hostile(
        flood(START + b"<!--", LETTERS, 300, b"-->" + END), (FIRST,), "record-too-long", ":", TOO_LONG
    ),
    "an instruction of 300 MB": Hostile(
        flood(START + b"<?php ", LETTERS, 300, b"?>" + END), (FIRST,), "record-too-long", ":", TOO_LONG
    ),
    "a name of 300 MB": Hostile(
        flood(START + b"<", b"a" * MEGABYTE, 300, b"/>" + END), (FIRST,), "record-too-long", ":", TOO_LONG
    ),
    "10^6 nested elements": Hostile(
        whole(START, b"<a>" * 10**6, b"</a>" * 10**6, END), (FIRST,), "xml-depth", IN_BETWEEN
    ),
    "10^6 nested elements in a record": Hostile(
        whole(BEFORE, b"<a>" * 10**6, b"</a>" * 10**6, AFTER), (FIRST,), "xml-depth", IN_BAD
    ),
    "10^6 siblings in a record": Hostile(
        whole(BEFORE, b"<a/>" * 10**6, AFTER), (FIRST, LAST), "record-too-long", IN_RECORD, TOO_LONG
    ),
    "10^6 siblings between records": Hostile(
        whole(START, b"<a/>" * 10**6, END), (FIRST, LAST), "record-too-long", BEHIND_FIRST, TOO_LONG
    ),
    "10^6 references": Hostile(
        whole(BEFORE, b"&lt;" * 5 * 10**6, AFTER), (FIRST, LAST), "record-too-long", IN_RECORD, TOO_LONG
    ),
    "300 MB in the attributes of one record": Hostile(
        flood(BEFORE, b'<a b="%b"/>' % (b"x" * 200_000), 300, AFTER),
        (FIRST, LAST),
        "record-too-long",
        IN_RECORD,
        TOO_LONG,
    ),
    "120 MB of names in one record": Hostile(
        partial(between, partial(distinct, "<{name}/>", 60_000, 2000), BEFORE, AFTER), (FIRST,), "xml-depth", ":"
    ),
    "120 MB of names between records": Hostile(
        partial(between, partial(distinct, "<{name}/>", 60_000, 2000)), (FIRST,), "xml-depth", ":"
    ),
    "120 MB of attribute names": Hostile(
        partial(between, partial(distinct, '<a {name}=""/>', 60_000, 2000)), (FIRST,), "xml-depth", ":"
    ),
    "120 MB of namespaces": Hostile(
        partial(between, partial(distinct, '<a xmlns:{name}="http://a.example/"/>', 60_000, 2000)),
        (FIRST,),
        "xml-depth",
        ":",
    ),
    **{
        f"{megabytes} MB of {what} of {size} letters": Hostile(
            partial(between, partial(distinct, form, size, megabytes * MEGABYTE // (size + 60))),
            (FIRST,),
            "xml-names",
            "<stdin>",
            "at most 1000 names",
        )
        for what, form in {
            "names": "<{name}/>" + FORGET.decode(),
            "attribute names": '<a {name}=""/>' + FORGET.decode(),
            "prefixes": '<a xmlns:{name}="http://a.example/"/>' + FORGET.decode(),
            "namespaces": '<a xmlns="http://{name}"/>' + FORGET.decode(),
        }.items()
        for size, megabytes in {10: 20, 40_000: 300}.items()
    },
    **{
        f"300 MB of {what} in a long record": Hostile(
            partial(between, partial(distinct, form, 40_000, 7500), BEFORE + LONG, AFTER),
            (FIRST,),
            "xml-names",
            "<stdin>",
        )
        for what, form in {
            "names": "<{name}/>",
            "attribute names": '<a {name}=""/>',
            "prefixes": '<a xmlns:{name}="http://a.example/"/>',
            "namespaces": '<a xmlns="http://{name}"/>',
        }.items()
    },
    "10^6 nested elements in a long record": Hostile(
        whole(BEFORE, LONG, b"<a>" * 10**6, b"</a>" * 10**6, AFTER), (FIRST,), "xml-depth", IN_BAD
    ),
    "10^6 attributes in a long record": Hostile(
        whole(BEFORE, LONG, b"<a ", *(b'a%x="" ' % number for number in range(10**6)), b"/>", AFTER),
        (FIRST,),
        "record-too-long",
        IN_BAD,
        TOO_LONG,
    ),
    "10^5 attributes in a long record": Hostile(
        whole(BEFORE, LONG, b"<a ", *(b'a%x="" ' % number for number in range(10**5)), b"/>", AFTER),
        (FIRST,),
        "xml-names",
        "<stdin>",
    ),
    "an attribute of 300 MB in a long record": Hostile(
        flood(BEFORE + LONG + b'<a b="', LETTERS, 300, b'"/>' + AFTER), (FIRST,), "record-too-long", IN_BAD, TOO_LONG
    ),
    "an entity of HTML in a long record": Hostile(
        whole(BEFORE, LONG, b"&nbsp;", AFTER), (FIRST,), "xml-syntax", IN_BAD
    ),
    "a long record that does not end": Hostile(whole(BEFORE, LONG), (FIRST,), "xml-truncated", IN_BAD),
    "a long record behind much": Hostile(
        whole(START, ALMOST, BEFORE[len(START) :], b"</abstract>", ALMOST, b"<abstract>", AFTER),
        (FIRST, LAST),
        "field-repeated",
        f"{BAD}: arXivRaw/abstract",
    ),
    "1 GB in front": Hostile(flood(b"<!--", LETTERS, 1000, b"-->" + PAGE), (), "xml-prolog", "<stdin>", "262144 bytes"),
    "1 GB behind": Hostile(flood(PAGE, BLANKS, 1000, b"\n"), (FIRST, BAD, LAST), "record-too-long", ":", TOO_LONG),
    "1 GB of text among what is read": Hostile(flood(START, LETTERS + FORGET, 1000, END), (FIRST, LAST), ""),
    "1 GB of comments among what is read": Hostile(
        flood(START, b"<!--" + LETTERS + b"-->" + FORGET, 1000, END), (FIRST, LAST), ""
    ),
    "40 MB of elements among what is read": Hostile(
        flood(START, b"<a>x</a>" * 100_000 + FORGET, 40, END), (FIRST, LAST), ""
    ),
    "texts and elements in a record": Hostile(
        whole(BEFORE, b"<a/>x" * (MAX_RECORD_BYTES // 5 - 1000), AFTER),
        (FIRST, LAST),
        "field-markup",
        f"{BAD}: arXivRaw/abstract",
    ),
    "attributes in a record": Hostile(
        whole(BEFORE, b'<a b="x" c="y"/>' * (MAX_RECORD_BYTES // 16 - 1000), AFTER),
        (FIRST, LAST),
        "field-markup",
        f"{BAD}: arXivRaw/abstract",
    ),
    "fields in a record": Hostile(
        whole(BEFORE, b"</abstract>", b"<a/>x" * (MAX_RECORD_BYTES // 5 - 1000), b"<abstract>", AFTER),
        (FIRST, LAST),
        "field-repeated",
        f"{BAD}: arXivRaw/abstract",
    ),
    "fields of other names in a record": Hostile(
        whole(
            BEFORE,
            b"</abstract>",
            *(b"<%x/>" % n for n in range(0xA0000, 0xA0000 + MAX_RECORD_BYTES // 8 - 1000)),
            b"<abstract>",
            AFTER,
        ),
        (FIRST,),
        "xml-names",
        "<stdin>",
    ),
    "versions in a record": Hostile(
        whole(BEFORE, b"</abstract>", b"<version/>" * (MAX_RECORD_BYTES // 10 - 1000), b"<abstract>", AFTER),
        (FIRST, LAST),
        "field-missing",
        f"{BAD}: arXivRaw/version",
    ),
}
COMPRESSED = {
    "10 GB of zeros in gzip": Hostile(packed(flood(b"", bytes(10 * MEGABYTE), 10_000, b""), gz), (), "source-unknown"),
    "10 GB of blank lines in gzip": Hostile(
        packed(flood(b"", BLANKS, 10_000, b""), gz), (), "compressed-bomb", "<stdin>", "250 bytes"
    ),
    "10 GB of blank lines behind papers in gzip": Hostile(
        packed(flood(lines(11), BLANKS, 10_000, lines(13)), gz), (LINE_1,), "compressed-bomb", "<stdin>"
    ),
    "10 GB of blanks between records in gzip": Hostile(
        packed(flood(START, BLANKS, 10_000, END), gz), (FIRST,), "compressed-bomb", "<stdin>"
    ),
    "10 GB of blanks among what is read in gzip": Hostile(
        packed(flood(START, (BLANKS[:MEGABYTE] + FORGET) * 10, 10_000, END), gz),
        (FIRST,),
        "compressed-bomb",
        "<stdin>",
    ),
    "10 GB of blank lines in Zstandard": Hostile(
        packed(flood(b"", BLANKS, 10_000, b""), zst), (), "compressed-bomb", "<stdin>"
    ),
    "10 GB of blanks between records in Zstandard": Hostile(
        packed(flood(START, BLANKS, 10_000, END), zst), (FIRST,), "compressed-bomb", "<stdin>"
    ),
    "10 GB of blanks among what is read in Zstandard": Hostile(
        packed(flood(START, (BLANKS[:MEGABYTE] + FORGET) * 10, 10_000, END), zst),
        (FIRST,),
        "compressed-bomb",
        "<stdin>",
    ),
    "a window of 2 GB": Hostile(whole(HUGE_WINDOW), (), "compressed-broken", "<stdin>", "gzip or Zstandard"),
    "gzip in gzip in gzip": Hostile(whole(gz(gz(gz(PAGE)))), (), "source-unknown", "<stdin>"),
    "zstd in gzip": Hostile(whole(gz(zst(PAGE))), (), "source-unknown", "<stdin>"),
    "rubbish behind gzip": Hostile(whole(gz(lines(11)), b"rubbish"), (LINE_1,), "compressed-broken", "<stdin>"),
    "rubbish behind Zstandard": Hostile(whole(zst(lines(11)), b"rubbish"), (LINE_1,), "compressed-broken", "<stdin>"),
    "a wrong checksum in gzip": Hostile(
        whole(gz(lines(11)), gz(lines(12))[:-8] + bytes(4) + gz(lines(12))[-4:]),
        (LINE_1, "2001.00012"),
        "compressed-broken",
        "<stdin>",
    ),
    "a file name of 1 MB in gzip": Hostile(
        flood(b"\x1f\x8b\x08\x08" + bytes(6), b"n" * MEGABYTE, 0, b"\0" + gz(PAGE)[10:]),
        (FIRST, BAD, LAST),
        "",
    ),
    "200,000 empty members": Hostile(whole(gz(b"") * 200_000), (), "source-empty", "<stdin>"),
}
JSON = {
    "1 GB of blanks in front": Hostile(flood(b"", BLANKS, 1000, lines(13)), (LINE_3,), ""),
    "a line of 1 GB": Hostile(
        flood(lines(11) + b'{"id": "', LETTERS, 1000, b'"}\n' + lines(13)), (LINE_1, LINE_3), "line-too-long", ":2"
    ),
    "a line of 1 GB in gzip": Hostile(
        packed(flood(lines(11) + b'{"id": "', TEXT, 1000, b'"}\n' + lines(13)), gz),
        (LINE_1, LINE_3),
        "line-too-long",
        ":2",
    ),
    "2 MB of lists": Hostile(
        bad_line(b'{"id": [' + b"[]," * 699_000 + b"[]]}\n"), (LINE_1, LINE_3), "field-missing", ":2"
    ),
    "2 MB of objects": Hostile(
        bad_line(b'{"id": [' + b"{}," * 699_000 + b"{}]}\n"), (LINE_1, LINE_3), "field-missing", ":2"
    ),
    "2 MB of names": Hostile(
        bad_line(b"{%b}\n" % b",".join(b'"%x":{}' % n for n in range(0x10000, 0x10000 + 170_000))),
        (LINE_1, LINE_3),
        "field-missing",
        ":2",
    ),
    "2 MB of numbers": Hostile(
        bad_line(b'{"id": [' + b"1e9," * 524_000 + b"0]}\n"), (LINE_1, LINE_3), "field-missing", ":2"
    ),
    "4 MB of lists": Hostile(
        bad_line(b'{"id": [' + b"[]," * 1_398_000 + b"[]]}\n"),
        (LINE_1, LINE_3),
        "line-too-long",
        ":2",
        str(MAX_LINE_BYTES),
    ),
    "2 MB of nesting": Hostile(bad_line(b'{"id": ' + b"[" * 2_000_000 + b"\n"), (LINE_1, LINE_3), "json-depth", ":2"),
    "2 MB of objects inside one another": Hostile(
        bad_line(b'{"id":' * 300_000 + b"\n"), (LINE_1, LINE_3), "json-depth", ":2"
    ),
    "a number of 2 MB": Hostile(
        bad_line(b'{"id": ' + b"9" * 2_000_000 + b"}\n"), (LINE_1, LINE_3), "json-integer-range", ":2"
    ),
    "a key twice": Hostile(
        bad_line(b'{"id": "2001.00012", ' + line(paper(12))[1:]), (LINE_1, LINE_3), "json-duplicate-key", ":2: $"
    ),
    "Latin-1": Hostile(bad_line(b'{"title": "M\xfcller"}\n'), (LINE_1, LINE_3), "json-encoding", ":2"),
    "billion laughs harvested": Hostile(
        bad_line(harvested(f'<!DOCTYPE r [<!ENTITY e0 "ha">{ENTITIES}]><r>&e9;</r>')),
        (LINE_1, LINE_3),
        "xml-syntax",
        f":2: paper {BAD}: raw:1",
    ),
    "siblings harvested": Hostile(
        bad_line(harvested(f"<record>{'<a/>x' * (MAX_RECORD_BYTES // 5 - 1000)}</record>")),
        (LINE_1, LINE_3),
        "field-missing",
        ":2: record/header",
    ),
    "records in a harvested one": Hostile(
        bad_line(harvested("<record/>" * (MAX_RECORD_BYTES // 9 - 1000))),
        (LINE_1, LINE_3),
        "harvest-raw",
        f":2: paper {BAD}: raw",
    ),
    "nesting harvested": Hostile(
        bad_line(harvested("<record>" * 200_000)), (LINE_1, LINE_3), "xml-depth", f":2: paper {BAD}: raw:1"
    ),
    "namespaces harvested": Hostile(
        bad_line(
            json.dumps(
                json.loads(harvested("<record/>")) | {"namespaces": {f"n{n}": "urn:x" for n in range(100_000)}}
            ).encode()
            + b"\n"
        ),
        (LINE_1, LINE_3),
        "field-missing|record-too-long|xml-depth|xml-syntax|xml-prolog",
        ":2: ",
    ),
}
HOSTILE = {**XML, **COMPRESSED, **JSON}
