"""XML in pieces: what another parser reads, however the stream is cut; and each limit at its edge."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from io import BytesIO, RawIOBase
from typing import BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from pithbuilder.errors import PithError, SourceError, StoreError
from pithbuilder.sources import xml_records as module
from pithbuilder.sources.xml_records import Element, XmlReader, XmlRecord

WATCHED = frozenset({"r", "urn:a r"})


class Slow(BytesIO):
    """Gives fewer bytes than are asked for, as a pipe does."""

    def __init__(self, data: bytes, size: int) -> None:
        super().__init__(data)
        self._size = size

    def read(self, size: int | None = -1) -> bytes:
        return super().read(self._size)


class Failing(RawIOBase):
    """A disk that fails after some bytes."""

    def __init__(self, data: bytes) -> None:
        self._pieces = [data]

    def read(self, size: int = -1) -> bytes:
        if self._pieces:
            return self._pieces.pop()
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def reader() -> XmlReader:
    return XmlReader(lambda root: WATCHED, "f")


def read(document: bytes, size: int = 2**16) -> list[XmlRecord]:
    return list(reader().read(Slow(document, size)))


def collect(records: Iterator[XmlRecord]) -> tuple[list[XmlRecord], PithError | None]:
    found: list[XmlRecord] = []
    try:
        found.extend(iter(records))
    except (SourceError, StoreError) as error:
        return found, error
    return found, None


def as_tree(element: Element) -> object:
    return element.name, dict(element.attributes), element.text, [as_tree(child) for child in element.children]


def spelt(tag: str) -> str:
    """Return one of lxml's names as expat's are spelt here."""
    return tag.removeprefix("{").replace("}", " ") if tag.startswith("{") else tag


def as_lxml_tree(element: etree._Element) -> object:
    text = (element.text or "") + "".join(child.tail or "" for child in element)
    children = [child for child in element if isinstance(child.tag, str)]
    attributes = {spelt(str(name)): str(value) for name, value in element.attrib.items()}
    return spelt(str(element.tag)), attributes, text, [as_lxml_tree(child) for child in children]


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
    records = read(document, size)
    tree = etree.fromstring(document, etree.XMLParser(resolve_entities=False, remove_comments=True, remove_pis=True))
    outermost = [
        element
        for element in tree.iter()
        if spelt(str(element.tag)) in WATCHED
        and not any(spelt(str(above.tag)) in WATCHED for above in element.iterancestors())
    ]
    assert [as_tree(record.element) for record in records] == [as_lxml_tree(element) for element in outermost]
    for record in records:
        assert record.error is None
        assert record.line == 1 + document[: record.start].count(b"\n")
        assert document[record.start :].startswith((b"<r", b"<p:r"))
        if not document[: record.last_tag].endswith(b"/>") or record.element.children or record.element.text:
            assert document[record.last_tag :].startswith((b"</r>", b"</p:r>"))


@given(st.binary(max_size=60) | st.text("<>/r&;a '\"=!-[]?", max_size=40).map(str.encode), st.integers(1, 9))
def test_any_bytes_are_read_or_one_error_with_its_place(data: bytes, size: int) -> None:
    document = b"<r>1</r>" + data if size % 2 else b"<a><r>1</r>" + data + b"</a>"
    found, error = collect(reader().read(Slow(document, size)))
    whole, same = collect(reader().read(BytesIO(document)))
    assert [as_tree(record.element) for record in found] == [as_tree(record.element) for record in whole]
    assert (error and error.code) == (same and same.code)
    assert found
    try:
        etree.fromstring(document)
    except etree.XMLSyntaxError:
        return
    assert error is None or error.code in ("xml-doctype", "xml-encoding", "xml-syntax")


GOOD = b"<a>\n<r>1</r>\n"
TABLE = {
    # name: (document, records before it, code, where, expected)
    "empty": (b"", 0, "xml-truncated", "f:1", "a whole document"),
    "no end": (GOOD, 1, "xml-truncated", "f:3", "a whole document"),
    "no end of a record": (GOOD + b"<r>\n", 1, "xml-truncated", "f:4: in the record that begins on line 3", "whole"),
    "half a tag": (GOOD + b"<r", 1, "xml-truncated", "f:3", "a whole document"),
    "half a character": (GOOD + b"\xc3", 1, "xml-truncated", "f:3", "a whole document"),
    "wrong nesting": (GOOD + b"<r>\n<b></r>", 1, "xml-syntax", "f:4: in the record that begins on line 3", "UTF-8"),
    "an entity": (GOOD + b"&nbsp;</a>", 1, "xml-syntax", "f:3", "well-formed XML in UTF-8"),
    "bytes of no UTF-8": (GOOD + b"\xff</a>", 1, "xml-syntax", "f:3", "well-formed XML in UTF-8"),
    "a second root": (GOOD + b"</a><a/>", 1, "xml-syntax", "f:3", "well-formed XML"),
    "an encoding": (b"<?xml version='1.0' encoding='latin1'?>\n<a/>", 0, "xml-encoding", "f:1", "UTF-8"),
    "a document type": (b"\n<!DOCTYPE a>\n<a/>", 0, "xml-doctype", "f:2", "a feed without <!DOCTYPE>"),
    "entities": (b"<!DOCTYPE a [\n<!ENTITY b 'c'>]><a>&b;</a>", 0, "xml-doctype", "f:1", "<!DOCTYPE>"),
    "33 levels": (GOOD + b"<b>\n" * 32, 1, "xml-depth", "f:34", "at most 32 levels"),
    "33 levels in a record": (GOOD + b"<r>" + b"<b>\n" * 32, 1, "xml-depth", "f:34", "at most 32 levels"),
    "a long comment": (GOOD + b"<!--" + b"x" * 2**20, 1, "xml-markup", "f:3", "at most 262144 bytes"),
    "a long attribute": (GOOD + b"<r b='" + b"x" * 2**20, 1, "xml-markup", "f:3", "at most 262144 bytes"),
}


@pytest.mark.parametrize("name", TABLE)
def test_an_error(name: str) -> None:
    document, count, code, where, expected = TABLE[name]
    found, error = collect(reader().read(BytesIO(document)))
    assert [record.element.text for record in found] == ["1"] * count
    assert isinstance(error, SourceError)
    assert (error.code, error.where) == (code, where)
    assert expected in error.expected


def test_32_levels_are_read() -> None:
    (record,) = read(b"<a>" * 31 + b"<r/>" + b"</a>" * 31)
    assert record.error is None
    (record,) = read(b"<a><r>" + b"<b>" * 30 + b"x" + b"</b>" * 30 + b"</r></a>")
    assert record.error is None


def test_markup_of_200_000_bytes_is_read() -> None:
    (record,) = read(b"<a><!--" + b"x" * 200_000 + b"--><r b='" + b"y" * 200_000 + b"'/></a>")
    assert len(record.element.attributes["b"]) == 200_000


@pytest.mark.parametrize(
    "piece", ["x", "<b/>", "<b>y</b>", "<b a='1'/>", "&lt;", "<b><c>z</c></b>", "<!-- -->", "<![CDATA[x]]>"]
)
@pytest.mark.parametrize("size", [900, 1300, 100_000])
def test_how_large_a_record_may_be(monkeypatch: pytest.MonkeyPatch, piece: str, size: int) -> None:
    monkeypatch.setattr(module, "MAX_RECORD_BYTES", 1000)
    monkeypatch.setattr(module, "_CHUNK", 100)
    large = f"<r>{piece * (size // len(piece))}</r>"
    records = list(reader().read(BytesIO(f"<a><r>1</r>{large}<r>{'3' * 900}</r></a>".encode())))
    assert [record.error is None for record in records] == [True, size < 1000, True]
    assert [record.element.text for record in records][::2] == ["1", "3" * 900]
    if size > 1000:
        assert records[1].error is not None
        assert (records[1].error.code, records[1].error.expected) == ("record-too-long", "at most 1000 bytes")
        assert as_tree(records[1].element) == ("r", {}, "", [])


def test_a_disk_that_fails() -> None:
    found, error = collect(reader().read(cast(BinaryIO, Failing(GOOD))))
    assert [record.element.text for record in found] == ["1"]
    assert isinstance(error, StoreError)
    assert (error.code, error.where) == ("read-failed", "f")


def test_a_document_of_no_use_is_refused_at_its_root() -> None:
    def refuse(root: str) -> frozenset[str]:
        raise SourceError("source-unknown", f"no use: {root}")

    with pytest.raises(SourceError, match="no use: urn:x html"):
        list(XmlReader(refuse, "f").read(BytesIO(b'<html xmlns="urn:x"><r/></html>')))


def test_namespaces_declared_round_records() -> None:
    whole = reader()
    document = b'<a xmlns="urn:a" xmlns:p="urn:p"><b xmlns:q="urn:q"><r xmlns:z="urn:z"/></b></a>'
    (record,) = whole.read(BytesIO(document))
    assert {name: uri for name, uri in whole.namespaces.items() if name != "z"} == {
        "": "urn:a",
        "p": "urn:p",
        "q": "urn:q",
    }
    assert (record.element.name, record.element.local_name) == ("urn:a r", "r")
