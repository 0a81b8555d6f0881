"""XML in pieces: what another parser reads, however the stream is cut; and each limit at its edge."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from io import BufferedIOBase, BytesIO
from typing import NamedTuple
from xml.etree import ElementTree

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from lxml import etree

from pithbuilder.errors import PithError, SourceError, StoreError
from pithbuilder.sources import xml_records as module
from pithbuilder.sources.lines import MAX_RECORD_BYTES
from pithbuilder.sources.xml_outline import outline
from pithbuilder.sources.xml_records import XmlRecord, parse_element, read_records

WATCHED = frozenset({"r", "{urn:a}r"})


class Slow(BytesIO):
    """Gives fewer bytes than are asked for, as a pipe does."""

    def __init__(self, data: bytes, size: int) -> None:
        super().__init__(data)
        self._size = size

    def read1(self, size: int | None = -1, /) -> bytes:
        return super().read1(self._size)


class Failing(BytesIO):
    """A disk that fails after some bytes."""

    def read1(self, size: int | None = -1, /) -> bytes:
        if piece := super().read1(size):
            return piece
        raise OSError(errno.EIO, os.strerror(errno.EIO))


class Found(NamedTuple):
    """A record as it was when it was yielded: it is emptied behind it; or code and place of the error for one."""

    tree: object
    line: int


def watched_in(root: str) -> frozenset[str]:
    return WATCHED


def collect(stream: BufferedIOBase) -> tuple[list[Found], PithError | None]:
    found: list[Found] = []
    try:
        for record in read_records(stream, watched_in, "f"):
            if isinstance(record, SourceError):
                found.append(Found(f"{record.code} {record.where}", 0))
            else:
                found.append(Found(as_tree(record.element), record.line))
    except (SourceError, StoreError) as error:
        return found, error
    return found, None


def read(document: bytes, size: int = 2**16) -> list[Found]:
    found, error = collect(Slow(document, size))
    assert error is None
    return found


def as_tree(element: etree._Element | ElementTree.Element) -> object:
    """Say what an element holds: name, attributes, the text before each child and behind the last, the children."""
    children: list[etree._Element | ElementTree.Element] = [*element]
    texts = [element.text or "", *(child.tail or "" for child in children)]
    attributes = {str(name): str(value) for name, value in element.attrib.items()}
    return str(element.tag), attributes, texts, [as_tree(child) for child in children]


def texts_of(found: list[Found]) -> list[object]:
    return [record.tree[2][0] for record in found if isinstance(record.tree, tuple)]


def errors_of(found: list[Found]) -> list[str]:
    return [record.tree for record in found if isinstance(record.tree, str)]


def expat_reads(document: bytes) -> ElementTree.Element | None:
    with suppress(ElementTree.ParseError):
        return ElementTree.fromstring(document)
    return None


def outermost(element: ElementTree.Element) -> Iterator[ElementTree.Element]:
    if element.tag in WATCHED:
        yield element
        return
    for child in element:
        yield from outermost(child)


def stand_alone(element: ElementTree.Element) -> bool:
    """Say whether no watched element stands inside another."""
    return not any(
        inner.tag in WATCHED for record in outermost(element) for inner in record.iter() if inner is not record
    )


TEXT = st.sampled_from(
    ["", "text", " \n", "&amp;", "&#x41;", "é\u2028", "<![CDATA[<x>&]]>", "<!-- r -->", "<?r x?>", "\r\n"]
)
ATTRIBUTES = st.sampled_from(
    ["", ' a="1"', " b='&lt;&#10; \n'", ' p:c=""', ' xmlns="urn:b"', ' xmlns=""', ' xmlns:p="urn:c"']
)
NAMES = st.sampled_from(["r", "x", "p:r", "p:x"])


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> str:
    name, attributes = draw(NAMES), draw(ATTRIBUTES)
    inner = st.one_of(TEXT, elements(depth - 1)) if depth else TEXT
    content = "".join(draw(st.lists(inner, max_size=4)))
    return f"<{name}{attributes}>{content}</{name}>" if content else f"<{name}{attributes}/>"


@given(
    content=st.lists(st.one_of(TEXT, elements()), max_size=5).map("".join),
    default=st.sampled_from(["", ' xmlns="urn:a"']),
    size=st.integers(1, 40),
)
def test_every_watched_element_is_read_as_another_parser_reads_it(content: str, default: str, size: int) -> None:
    document = f'<?xml version="1.0"?>\n<root{default} xmlns:p="urn:a">{content}</root>\n'.encode()
    tree = expat_reads(document)
    assert tree is not None
    assume(stand_alone(tree))
    records = read(document, size)
    assert [record.tree for record in records] == [as_tree(element) for element in outermost(tree)]
    places = outline(document, watched_in, "f")
    assert len(places.elements) == len(records)
    assert places.root == tree.tag
    position = 0
    for record, place in zip(records, places.elements, strict=True):
        position = document.index(place.raw, position)
        assert as_tree(parse_element(place.raw, place.namespaces)) == record.tree
        if document.count(place.raw) == 1 and b"\n" not in document[position : document.index(b">", position)]:
            assert record.line == 1 + document[:position].count(b"\n")
        position += len(place.raw)


@pytest.mark.parametrize("size", [1, 7, 2**16])
@pytest.mark.parametrize("inner", ["<r>2</r>", "<x><r>2</r></x>", "<r/>", "<r><r>3</r>2</r>" + " " * 70_000])
def test_a_watched_element_in_another_is_a_part_of_it(inner: str, size: int) -> None:
    document = f"<a><r>0</r><r><b>1</b>{inner}</r><r>4</r></a>".encode()
    tree = expat_reads(document)
    assert tree is not None
    assert [record.tree for record in read(document, size)] == [as_tree(element) for element in outermost(tree)]


@given(st.binary(max_size=60) | st.text("<>/r&;a '\"=!-[]?", max_size=40).map(str.encode), st.integers(1, 9))
def test_any_bytes_are_read_or_one_error_with_its_place(data: bytes, size: int) -> None:
    document = b"<r>1</r>" + data if size % 2 else b"<a><r>1</r>" + data + b"</a>"
    assume(b"<r" not in data.partition(b"<r")[2])  # of records inside records another test tells
    found, error = collect(Slow(document, size))
    whole, same = collect(BytesIO(document))
    assert found == whole
    assert (error and error.code) == (same and same.code)
    assert texts_of(found)[0] == "1"
    assert (expat_reads(document) is None) == (error is not None) or (error and error.code == "xml-doctype")
    assert error is None or error.code in ("xml-doctype", "xml-syntax", "xml-truncated")


GOOD = b"<a>\n<r>1</r>\n"
TABLE = {
    # name: (document, records before it, code, where, expected)
    "empty": (b"", 0, "xml-truncated", "f:1", "a whole document"),
    "no end": (GOOD, 1, "xml-truncated", "f:3", "a whole document"),
    "no end of a record": (GOOD + b"<r>\n", 1, "xml-truncated", "f:4", "a whole document"),
    "half a tag": (GOOD + b"<r", 1, "xml-truncated", "f:3", "a whole document"),
    "half a character": (GOOD + b"\xc3", 1, "xml-truncated", "f:3", "a whole document"),
    "half a comment": (GOOD + b"<!-", 1, "xml-truncated", "f:3", "a whole document"),
    "half a section": (GOOD + b"<![CDATA[", 1, "xml-truncated", "f:3", "a whole document"),
    "half a reference": (GOOD + b"&am", 1, "xml-truncated", "f:3", "a whole document"),
    "wrong nesting": (GOOD + b"<r>\n<b></r>", 1, "xml-syntax", "f:4", "well-formed XML in UTF-8"),
    "an entity": (GOOD + b"&nbsp;</a>", 1, "xml-syntax", "f:3", "well-formed XML in UTF-8"),
    "an entity in a record": (GOOD + b"<r>\n&nbsp;</r></a>", 1, "xml-syntax", "f:4", "well-formed XML in UTF-8"),
    "an entity in an attribute": (GOOD + b"<r a='&nbsp;'/></a>", 1, "xml-syntax", "f:3", "well-formed XML in UTF-8"),
    "bytes of no UTF-8": (GOOD + b"\xff</a>", 1, "xml-syntax", "f:3", "well-formed XML in UTF-8"),
    "a second root": (GOOD + b"</a><a/>", 1, "xml-syntax", "f:3", "well-formed XML"),
    "a prefix that is none": (GOOD + b"<p:b/>\n<r>2</r></a>", 1, "xml-syntax", "f:3", "well-formed XML"),
    "a record of a prefix that is none": (GOOD + b"<p:r/>\n<r>2</r></a>", 1, "xml-syntax", "f:3", "well-formed XML"),
    "an attribute of a prefix that is none": (
        GOOD + b"<r p:b=''/>\n<r>2</r></a>",
        1,
        "xml-syntax",
        "f:3",
        "well-formed XML",
    ),
    "an attribute by two prefixes": (
        GOOD + b"<b xmlns:p='u' xmlns:q='u' p:b='' q:b=''/>\n<r>2</r></a>",
        1,
        "xml-syntax",
        "f:3",
        "well-formed XML",
    ),
    "an encoding": (b"<?xml version='1.0' encoding='latin1'?>\n<a/>", 0, "xml-encoding", "f:1", "UTF-8"),
    "a document type": (b"\n<!DOCTYPE a>\n<a/>", 0, "xml-doctype", "f:2", "a feed without <!DOCTYPE>"),
    "entities": (b"<!DOCTYPE a [\n<!ENTITY b 'c'>]><a>&b;</a>", 0, "xml-doctype", "f:1", "<!DOCTYPE>"),
    "257 levels": (GOOD + b"<b>\n" * 256, 1, "xml-depth", "f:258", ""),
    "257 levels in a record": (GOOD + b"<r>\n" + b"<b>\n" * 255, 1, "xml-depth", "f:258", ""),
    "a long name": (GOOD + b"<" + b"x" * 2**20 + b"/></a>", 1, "xml-depth", "f:3", ""),
    "a long name of an attribute": (GOOD + b"<b " + b"x" * 2**20 + b"=''/></a>", 1, "xml-depth", "f:3", ""),
    "a long prefix": (GOOD + b"<b xmlns:" + b"x" * 2**20 + b"='u'/></a>", 1, "xml-depth", "f:3", ""),
    "a long comment": (GOOD + b"<!--" + b"x" * 2**22, 1, "record-too-long", "f:3", f"at most {MAX_RECORD_BYTES} bytes"),
    "a long attribute": (
        GOOD + b"<r b='" + b"x" * 2**22,
        1,
        "record-too-long",
        "f:3",
        f"at most {MAX_RECORD_BYTES} bytes",
    ),
    "a long instruction": (
        GOOD + b"<?x " + b"x" * 2**22,
        1,
        "record-too-long",
        "f:3",
        f"at most {MAX_RECORD_BYTES} bytes",
    ),
    "much in front": (b"<!--" + b"x" * 2**19 + b"-->" + GOOD, 0, "xml-prolog", "f", "at most 262144 bytes"),
    "blanks in front": (b"\n" * 2**19 + GOOD, 0, "xml-prolog", "f", "at most 262144 bytes"),
    "a long name of the root": (b"<" + b"x" * 2**19 + b"/>", 0, "xml-prolog", "f", "at most 262144 bytes"),
}


@pytest.mark.parametrize("size", [13, 2**16])
@pytest.mark.parametrize("name", TABLE)
def test_an_error(name: str, size: int) -> None:
    document, count, code, where, expected = TABLE[name]
    if len(document) > 10_000:
        size = max(size, 9973)
    found, error = collect(Slow(document, size))
    assert texts_of(found) == ["1"] * count
    assert isinstance(error, SourceError)
    assert (error.code, error.where) == (code, where)
    assert expected in error.expected


@pytest.mark.parametrize(
    "document",
    [
        b"<a><r>1</r>\n<b xmlns:p='urn:\xc3\xa9 \xc2\x9b31m'/></a>",
        b"<a><r>1</r>\n<\xe2\x80\x8cb\xc3\xa9></c></a>",
        b"<a><r>1</r>\n<" + b"b" * 40_000 + b"></c></a>",
        b"<a><r>1</r>\n<" + b"\xc3\xa9" * 20_000 + b":b/></a>",
    ],
    ids=["a namespace", "a name", "a long name", "a long prefix"],
)
def test_what_an_error_quotes_is_short_and_can_be_shown(document: bytes) -> None:
    found, error = collect(BytesIO(document))
    assert texts_of(found) == ["1"]
    if error is not None:
        assert str(error).isascii()
        assert str(error).isprintable()
        assert len(str(error)) < 500


def test_a_namespace_is_a_uri() -> None:
    (record,) = read(b"<a xmlns:p='relative/path'><r><p:b/></r></a>")
    assert record.tree == ("r", {}, ["", ""], [("{relative/path}b", {}, [""], [])])


@pytest.mark.parametrize("uri", ["u v", "urn:é", "%zz", "&lt;&amp;&#39;"])
def test_what_is_no_uri_is_no_namespace(uri: str) -> None:
    found, error = collect(BytesIO(f"<a>\n<r>1</r>\n<r xmlns:p='{uri}'><p:b/></r>\n<r>3</r></a>".encode()))
    assert texts_of(found) == ["1"]
    assert isinstance(error, SourceError)
    assert (error.code, error.where) == ("xml-syntax", "f:3")


def test_256_levels_are_read() -> None:
    assert len(read(b"<a>" * 255 + b"<r/>" + b"</a>" * 255)) == 1
    assert len(read(b"<a><r>" + b"<b>" * 254 + b"x" + b"</b>" * 254 + b"</r></a>")) == 1


def test_long_markup_is_read() -> None:
    document = b"<a><!--" + b"x" * 200_000 + b"--><r b='" + b"y" * 800_000 + b"'/></a>"
    assert [record.tree for record in read(document)] == [("r", {"b": "y" * 800_000}, [""], [])]
    assert len(read(b"<!--" + b"x" * 200_000 + b"--><a><r/></a>")) == 1


@pytest.mark.parametrize("record", ["<r>\n<b>x</b>\n</r>", "<r><b>x</b></r>", "<r><c><b>x</b></c></r>"])
def test_lines_beyond_65535(record: str) -> None:
    found = read(b"<a>" + b"\n" * 70_000 + record.encode() + b"\n" * 10 + record.encode() + b"</a>")
    exact = [70_001, 70_011 + record.count("\n")]
    told = [
        place.line for place in found
    ]  # libxml2 takes the line of what is inside for that of the tag, from there on
    assert told in (exact, [line + 1 for line in exact])
    assert "\n" in record or told == exact


@pytest.mark.parametrize(
    "piece", ["x", "<b/>", "<b>y</b>", "<b a='1'/>", "&lt;", "<b><c>z</c></b>", "<!-- -->", "<![CDATA[x]]>"]
)
@pytest.mark.parametrize("size", [900, 1300, 100_000])
@pytest.mark.parametrize("place", ["in it", "in front of it"])
def test_how_large_a_record_may_be(monkeypatch: pytest.MonkeyPatch, piece: str, size: int, place: str) -> None:
    monkeypatch.setattr(module, "MAX_RECORD_BYTES", 1000)
    content = piece * (size // len(piece))
    large = f"<r>{content}</r>" if place == "in it" else f"{content}<r/>"
    first, last = f"<r>\n1\n</r>{' ' * 20}", f"{' ' * 20}<r>{'3' * 900}</r>"
    found, error = collect(Slow(f"<a>{first}{large}{last}</a>".encode(), 50))
    if size < 1000:
        assert error is None
        assert [texts_of(found)[0], texts_of(found)[-1], len(found)] == ["\n1\n", "3" * 900, 3]
    else:
        assert error is None
        assert texts_of(found) == ["\n1\n", *([""] if place == "in front of it" else []), "3" * 900]
        assert errors_of(found) == ["record-too-long f:3"]
        assert [record.line for record in found][:2] == [1, 0]


def test_a_disk_that_fails() -> None:
    found, error = collect(Failing(GOOD))
    assert texts_of(found) == ["1"]
    assert isinstance(error, StoreError)
    assert (error.code, error.where) == ("read-failed", "f")
    found, error = collect(Failing(b"<!-- "))
    assert found == []
    assert isinstance(error, StoreError)


def test_a_document_of_no_use_is_refused_at_its_root() -> None:
    def refuse(root: str) -> frozenset[str]:
        raise SourceError("source-unknown", f"no use: {root}")

    document = b'<html xmlns="urn:x"><r/></html>'
    with pytest.raises(SourceError, match=r"no use: \{urn:x\}html"):
        list(read_records(BytesIO(document), refuse, "f"))
    with pytest.raises(SourceError, match=r"no use: \{urn:x\}html"):
        outline(document, refuse, "f")


def test_namespaces_declared_round_records() -> None:
    document = b'<a xmlns="urn:a" xmlns:p="urn:p"><b xmlns:q="urn:q"><r xmlns:z="urn:z"/></b><c xmlns:y="urn:y"/></a>'
    (record,) = outline(document, watched_in, "f").elements
    assert {name: uri for name, uri in record.namespaces.items() if name != "z"} == {
        "": "urn:a",
        "p": "urn:p",
        "q": "urn:q",
    }
    assert (record.name, record.raw) == ("{urn:a}r", b'<r xmlns:z="urn:z"/>')


def test_a_record_is_emptied_when_the_next_one_is_asked_for() -> None:
    records = read_records(BytesIO(b"<a><b/><r>1<c/></r>2<r>3</r></a>"), watched_in, "f")
    record = next(records)
    assert isinstance(record, XmlRecord)
    first = record.element
    assert (first.text, len(first)) == ("1", 1)
    record = next(records)
    assert isinstance(record, XmlRecord)
    assert record.element.text == "3"
    assert (first.text, len(first)) == (None, 0)
    assert next(records, None) is None
