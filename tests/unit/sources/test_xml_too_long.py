"""Records that are too long: passed over one by one, and everything round them read as if they were not there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import NamedTuple
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pithbuilder.errors import SourceError
from pithbuilder.sources import xml_records as module
from pithbuilder.sources.lines import MAX_RECORD_BYTES
from pithbuilder.sources.xml_feeds import read_xml
from tests.unit.sources.test_xml_records import Failing, Found, Slow, collect, errors_of, read, texts_of

LIMIT = 1000
FAKES = ["<![CDATA[</r>]]>", "<!-- </r></p:r> -->", "<?x </r>?>", "<b c='/>' d='&lt;/r>'/>", "/>", "\n", "é"]
INSIDE = [
    *FAKES,
    "<r>1</r>",
    "<r/>",
    "<p:r>2</p:r>",
    "<b xmlns='urn:b'>3</b>",
    "<b xmlns='' xmlns:p='urn:c'><p:r/></b>",
]


@contextmanager
def limit(size: int = LIMIT) -> Iterator[None]:
    with patch.object(module, "MAX_RECORD_BYTES", size):
        yield


class Item(NamedTuple):
    """A part of a document.

    Attributes:
        text: As it is in the document.
        kind: ``record``, ``long`` for a record that is too long, ``gap`` for what stands between records.
    """

    text: str
    kind: str


class Document(NamedTuple):
    """A document of items in lists, each of which declares its own namespaces."""

    default: str
    lists: list[tuple[str, list[Item]]]

    def render(self, *, with_long: bool) -> tuple[bytes, list[str]]:
        """Return the document, and for each of its records where it begins; lines stand for what is left out."""
        text = f"<?xml version='1.0'?>\n<root{self.default} xmlns:p='urn:a' a='&quot;'>\n"
        records = []
        for declared, items in self.lists:
            text += f"<list {declared}>"
            for item in items:
                if item.kind != "gap":
                    records.append(f"f:{1 + text.count(NEWLINE)}" if item.kind == "long" else "")
                text += item.text if with_long or item.kind != "long" else "\n" * item.text.count("\n")
            text += "</list>\n"
        return f"{text}</root>\n".encode(), records


NEWLINE = "\n"
QNAMES = st.sampled_from(["r", "p:r", "q:r"])
GAPS = st.lists(st.sampled_from([*FAKES, "text", "<b>x</b>", " "]), max_size=3).map(
    lambda parts: Item("".join(parts), "gap")
)


@st.composite
def records(draw: st.DrawFn) -> Item:
    name, attributes = draw(QNAMES), draw(st.sampled_from(["", " b='1'", " xmlns:z='urn:z'"]))
    content = "".join(draw(st.lists(st.sampled_from(INSIDE), max_size=6)))
    long = draw(st.booleans())
    if long:
        content += draw(st.sampled_from([*INSIDE, "x"])) or "y"
        content *= 1 + 4 * LIMIT // len(content)
    end = f"</{name}{draw(st.sampled_from(['', ' ', NEWLINE]))}>"
    empty = not content and draw(st.booleans())
    return Item(
        f"<{name}{attributes}/>" if empty else f"<{name}{attributes}>{content}{end}", "long" if long else "record"
    )


LISTS = st.tuples(
    st.sampled_from(["xmlns:q='urn:a'", "xmlns:q='urn:a' xmlns='urn:a'", "xmlns='' xmlns:q='urn:a'"]),
    st.lists(st.one_of(records(), GAPS), max_size=8),
)
DOCUMENTS = st.builds(Document, st.sampled_from(["", " xmlns='urn:a'"]), st.lists(LISTS, min_size=1, max_size=3))


@given(DOCUMENTS, st.integers(1, LIMIT // 2))
def test_the_others_are_read_as_without_it(document: Document, size: int) -> None:
    without, places = document.render(with_long=False)
    others = iter(read(without, size))
    expected = [Found(f"record-too-long {place}", 0) if place else next(others) for place in places]
    assert next(others, None) is None
    data, _ = document.render(with_long=True)
    with limit():
        found, error = collect(Slow(data, size))
    assert error is None
    assert found == expected


@given(DOCUMENTS, st.data(), st.integers(1, LIMIT // 2))
def test_a_document_that_is_cut_off(document: Document, data: st.DataObject, size: int) -> None:
    whole, _ = document.render(with_long=True)
    cut = data.draw(st.integers(whole.index(b"<root"), whole.rindex(b">")))
    with limit():
        all_of_it, _ = collect(Slow(whole, size))
        found, error = collect(Slow(whole[:cut], size))
    assert found == all_of_it[: len(found)]
    assert isinstance(error, SourceError)
    assert error.code == "xml-truncated"


BEFORE, AFTER = b"<a>\n<r>1</r>\n<r b='2'>\n", b"\n</r>\n<r>3</r></a>\n"
FILLER = b"x\n" * MAX_RECORD_BYTES


@pytest.mark.parametrize("size", [7, 2**16])
@pytest.mark.parametrize(
    "filler",
    [b"x\n", b"<b/>\n", b"&lt;\n", b"<![CDATA[</r>]]>\n", b"<!--</r>-->\n", b"<?x </r>?>\n", b"<r/><r>\n</r>"],
    ids=["text", "elements", "references", "CDATA", "comments", "instructions", "records"],
)
def test_one_of_true_length(filler: bytes, size: int) -> None:
    content = filler * (2 * MAX_RECORD_BYTES // len(filler))
    found, error = collect(Slow(BEFORE + content + AFTER, size))
    assert error is None
    lines = 6 + content.count(b"\n")
    assert texts_of(found) == ["1", "3"]
    assert errors_of(found) == ["record-too-long f:3"]
    assert [record.line for record in found] == [2, 0, lines]


@pytest.mark.parametrize("size", [7, 50])
@pytest.mark.parametrize(
    ("inside", "behind", "code", "where", "passed"),
    [
        (b"<b>", b"", "xml-syntax", "f:4004", False),
        (b"&nbsp;", b"", "xml-syntax", "f:4003", False),
        (b"<p:b/>", b"", "xml-syntax", "f:4003", False),
        (b"<c d='' d=''/>", b"", "xml-syntax", "f:4003", False),
        (b"\xff", b"", "xml-syntax", "f:4003", False),
        (b"<!DOCTYPE a>", b"", "xml-syntax", "f:4003", False),
        (b"<b>" * 255, b"", "xml-depth", "f:4003", False),
        (b"<" + b"b" * 50_001 + b"/>", b"", "record-too-long", "f:4003", False),
        (b"<b c='" + b"d" * 5000 + b"'/>", b"", "record-too-long", "f:4003", False),
        (b"".join(b"<b%d/>" % number for number in range(1000)), b"", "xml-names", "f", False),
        (b"".join(b"<b c%d=''/>" % number for number in range(1000)), b"", "xml-names", "f", False),
        (b"".join(b"<b xmlns='urn:%d'/>" % number for number in range(1000)), b"", "xml-names", "f", False),
        (b"", b"<b></c>", "xml-syntax", "f:4004", True),
        (b"", b"<!-- " + b"x" * 5000 + b" -->", "record-too-long", "f:4004", True),
        (b"", b"\n<r>\n</a>", "xml-syntax", "f:4006", True),
        (b"", b"\n<r>\n<p:b/></r>", "xml-syntax", "f:4006", True),
        (b"", b"\n<r/>" + b"<b>\n" * 255, "xml-depth", "f:4260", True),
        (b"", b"</a>\n<a/>", "xml-syntax", "f:4005", True),
    ],
)
def test_what_is_wrong_with_it(inside: bytes, behind: bytes, code: str, where: str, passed: bool, size: int) -> None:
    filler = b"x\n" * 4000
    with limit():
        found, error = collect(Slow(BEFORE[:-1] + filler + inside + b"\n</r>" + behind + b"<r/></a>", size))
    assert isinstance(error, SourceError)
    assert (error.code, error.where) == (code, where)
    assert texts_of(found)[:1] == ["1"]
    assert errors_of(found) == (["record-too-long f:3"] if passed else [])


def test_names_before_it_and_behind_it_are_counted_together() -> None:
    def named(start: int, stop: int) -> bytes:
        return b"<r>" + b"".join(b"<b%d/>" % number for number in range(start, stop)) + b"</r>"

    def document(most: int) -> BytesIO:
        return BytesIO(b"<a>" + named(0, 500) + b"<r>" + FILLER + b"</r>" + named(400, most) + b"</a>")

    found, error = collect(document(990))
    assert error is None
    assert errors_of(found) == ["record-too-long f:1"]
    _, error = collect(document(1100))
    assert isinstance(error, SourceError)
    assert error.code == "xml-names"


def test_256_levels_round_it() -> None:
    long = b"<r>" + FILLER + b"</r>"
    found, error = collect(BytesIO(b"<a>" * 255 + b"<r>1</r>" + long + b"<r>3</r>" + long + b"</a>" * 255))
    assert error is None
    assert texts_of(found) == ["1", "3"]
    lines = 1 + FILLER.count(b"\n")
    assert errors_of(found) == ["record-too-long f:1", f"record-too-long f:{lines}"]
    _, error = collect(BytesIO(b"<a>" * 255 + long + b"<r/>"))
    assert isinstance(error, SourceError)
    assert error.code == "xml-truncated"


@pytest.mark.parametrize("size", [1, 50])
@pytest.mark.parametrize("junk", [b"x", b"<b/>", b"<b>y</b>", b"<!-- </r> -->", b"<c xmlns='urn:a'><s/></c>"])
def test_what_stands_between_records(junk: bytes, size: int) -> None:
    much, little = (junk * (length // len(junk)) for length in (3 * LIMIT, LIMIT - 100))
    record = b"\n<r>" + b"y" * (LIMIT - 100) + b"</r>"
    with limit():
        found, error = collect(Slow(b"<a>" + (little + record) * 3 + b"</a>", size))
        assert error is None
        assert [record.line for record in found] == [2, 3, 4]
        found, error = collect(Slow(b"<a>" + (much + record) * 3 + much + b"</a>" + b" " * 3 * LIMIT, size))
    assert error is None
    assert [record.line or record.tree for record in found] == [
        "record-too-long f:1",
        2,
        "record-too-long f:2",
        3,
        "record-too-long f:3",
        4,
        "record-too-long f:4",
    ]


@pytest.mark.parametrize("size", [1, 50])
def test_records_without_end_tags(size: int) -> None:
    long = b"<r>" + b"x\n" * 3 * LIMIT + b"</r>"
    with limit():
        found, error = collect(Slow(b"<a>" + b"<r/>\n" * LIMIT + long + b"<r/>\n" * LIMIT + b"</a>", size))
    assert error is None
    assert errors_of(found) == [f"record-too-long f:{LIMIT + 1}"]
    first = range(1, LIMIT + 1)
    assert [record.line for record in found] == [*first, 0, *(line + 4 * LIMIT for line in first)]


@pytest.mark.parametrize("size", [1, 7, 50])
def test_a_document_that_is_one_record(size: int) -> None:
    with limit():
        found, error = collect(Slow(b"<?xml version='1.0'?>\n<r>" + b"x" * 3 * LIMIT + b"</r>\n", size))
        assert (errors_of(found), error) == (["record-too-long f:2"], None)
        found, error = collect(Slow(b"<r>1</r>" + b" " * 3 * LIMIT, size))
        assert (texts_of(found), errors_of(found), error) == (["1"], ["record-too-long f:1"], None)


def test_a_disk_that_fails_meanwhile() -> None:
    found, error = collect(Failing(BEFORE + FILLER))
    assert texts_of(found) == ["1"]
    assert errors_of(found) == []
    assert error is not None
    assert error.code == "read-failed"
    found, error = collect(Failing(BEFORE + FILLER + AFTER.partition(b"<r>")[0]))
    assert errors_of(found) == ["record-too-long f:3"]
    assert error is not None
    assert error.code == "read-failed"


def test_an_entry_of_atom() -> None:
    entry = b"<entry>\n%b</entry>\n"
    feed = b"<feed xmlns='http://www.w3.org/2005/Atom'>\n%b</feed>" % b"".join(
        entry % content for content in (b"<id/>", FILLER, b"<id/>")
    )
    papers = list(read_xml(BytesIO(feed), "f"))
    assert [paper.place for paper in papers] == ["f:2", "f:4", f"f:{6 + FILLER.count(NEWLINE.encode())}"]
    assert [paper.error and paper.error.code for paper in papers] == ["atom-id", "record-too-long", "atom-id"]
    (paper,) = read_xml(
        BytesIO(b"<feed xmlns='http://www.w3.org/2005/Atom'><entry>" + FILLER + b"</entry></feed>"), "f"
    )
    assert str(paper.error) == (
        "f:1: a record is too long [record-too-long]; expected at most 1048576 bytes a record; "
        "hint: the records before it and behind it are read"
    )
