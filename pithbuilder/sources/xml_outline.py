"""The outline of an XML document, by expat: what may stand in front of its element, and where its records stand.

Refused before any other parser sees the document: other encodings than UTF-8, and a document type, without which there
are no entities but XML's own five.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from io import BufferedIOBase
from typing import Final, NamedTuple
from xml.parsers import expat

from pithbuilder.errors import SourceError, printable
from pithbuilder.sources.lines import read_failed

MAX_PROLOG_BYTES: Final = 2**18
"""How much may stand in front of the document's element."""

MAX_ELEMENTS: Final = 20_000
"""How many records a page may have; arXiv's have up to 2,500."""

_CHUNK: Final = 2**16
_SEPARATOR: Final = "}"
_START_TAG: Final = re.compile(rb"<([^\s/>]+)")


class RawElement(NamedTuple):
    """One watched element of a document.

    Attributes:
        name: ``{namespace}name``.
        raw: Its bytes as they came.
        namespaces: Prefix to namespace, as declared round it and on it; the default's prefix is empty.
    """

    name: str
    raw: bytes
    namespaces: dict[str, str]


class Outline(NamedTuple):
    """What a document consists of.

    Attributes:
        root: The name of its element, ``{namespace}name``.
        elements: The watched elements.
    """

    root: str
    elements: list[RawElement]


def read_root(stream: BufferedIOBase, name: str) -> tuple[str, bytes]:
    """Return the name of a document's element, and what has been read of the document by then.

    Args:
        stream: Stands at the document's beginning.
        name: What to call the document in errors.

    Raises:
        SourceError: ``xml-syntax``, ``xml-truncated``, ``xml-encoding``, ``xml-doctype``, ``xml-prolog``.
        StoreError: ``read-failed``.
    """
    parser = _Parser(name)
    beginning = b""
    while not parser.root:
        if len(beginning) > MAX_PROLOG_BYTES:
            raise SourceError(
                "xml-prolog",
                "too much stands in front of the document's element",
                where=name,
                expected=f"at most {MAX_PROLOG_BYTES} bytes",
            )
        chunk = read_chunk(stream, name)
        beginning += chunk
        with suppress(_RootSeenError):
            parser.parse(chunk, last=not chunk)
    return parser.root, beginning


def outline(document: bytes, watched_in: Callable[[str], frozenset[str]], name: str) -> Outline:
    """Return where the watched elements of a document stand.

    Args:
        document: The whole document.
        watched_in: Given the name of the document's element, returns the names of the elements to find; none of them
            stands inside another.
        name: What to call the document in errors.

    Raises:
        SourceError: As for :func:`read_root`, and what ``watched_in`` raises.
    """
    parser = _Parser(name, watched_in)
    parser.parse(document, last=True)
    elements = [
        RawElement(element, _raw(document, start, end), namespaces) for element, start, end, namespaces in parser.places
    ]
    return Outline(parser.root, elements)


def read_chunk(stream: BufferedIOBase, name: str) -> bytes:
    """Return the next bytes of a stream.

    Raises:
        StoreError: ``read-failed``.
    """
    try:
        return stream.read1(_CHUNK)  # read() would lose what came before an error
    except OSError as error:
        raise read_failed(name, error) from error


def _raw(document: bytes, start: int, end: int) -> bytes:
    """Return an element's bytes.

    Args:
        document: The whole document.
        start: Where its start tag begins.
        end: Where its end tag begins; where an empty-element tag (``<a/>``) has ended.
    """
    tag = _START_TAG.match(document, start)
    assert tag is not None  # expat has found one there
    end_tag = re.compile(rb"</%b\s*>" % re.escape(tag[1])).match(document, end)
    return document[start : end if end_tag is None else end_tag.end()]


class _RootSeenError(Exception):
    """Ends the look at a document of which only the beginning is asked for; no error at all."""


class _Parser:
    """Looks at no more of a document than its outline.

    Attributes:
        root: The name of its element; empty as long as it has not come.
        places: The watched elements: name, where the start tag begins, as for ``end`` of :func:`_raw`, namespaces.
    """

    def __init__(self, name: str, watched_in: Callable[[str], frozenset[str]] | None = None) -> None:
        self.root = ""
        self.places: list[tuple[str, int, int, dict[str, str]]] = []
        self._namespaces: list[tuple[str, str]] = []  # in force, the innermost last
        self._name = name
        self._watched_in = watched_in
        self._watched: frozenset[str] = frozenset()
        self._depth = 0  # inside a watched element
        self._start_index = 0
        parser = self._parser = expat.ParserCreate("UTF-8", _SEPARATOR)
        parser.XmlDeclHandler = self._declared
        parser.StartDoctypeDeclHandler = self._document_type
        parser.StartNamespaceDeclHandler = self._namespace
        parser.EndNamespaceDeclHandler = self._end_namespace
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end

    def parse(self, data: bytes, *, last: bool) -> None:
        try:
            self._parser.Parse(data, last)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code) or "unknown"
            where = f"{self._name}:{error.lineno}"
            raise (truncated if error.code in _AT_END else malformed)(reason, where) from error

    def _declared(self, version: str, encoding: str | None, standalone: int) -> None:
        if encoding is not None and encoding.lower() not in ("utf-8", "utf8"):
            raise self._refusal("xml-encoding", "document is declared in another encoding", "UTF-8", encoding)

    def _document_type(self, *declaration: object) -> None:
        raise self._refusal("xml-doctype", "document type declarations are refused", "a feed without <!DOCTYPE>")

    def _namespace(self, prefix: str | None, uri: str) -> None:
        self._namespaces.append((prefix or "", uri or ""))

    def _end_namespace(self, prefix: str | None) -> None:
        self._namespaces.pop()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._depth:
            self._depth += 1
            return
        name = f"{{{name}" if _SEPARATOR in name else name
        if not self.root:
            self.root = name
            if self._watched_in is None:
                raise _RootSeenError
            self._watched = self._watched_in(name)
        if name in self._watched:
            if len(self.places) >= MAX_ELEMENTS:
                raise self._refusal("record-too-long", "too many records in one document", f"at most {MAX_ELEMENTS}")
            self._depth = 1
            self._start_index = self._parser.CurrentByteIndex

    def _end(self, name: str) -> None:
        if self._depth == 1:
            name = f"{{{name}" if _SEPARATOR in name else name
            self.places.append((name, self._start_index, self._parser.CurrentByteIndex, dict(self._namespaces)))
        if self._depth:
            self._depth -= 1

    def _refusal(self, code: str, message: str, expected: str, found: str = "") -> SourceError:
        where = f"{self._name}:{self._parser.CurrentLineNumber}"
        return SourceError(code, message, where=where, expected=expected, found=printable(found) if found else "")


_AT_END: Final = frozenset(
    {
        expat.errors.codes[text]
        for text in (
            expat.errors.XML_ERROR_NO_ELEMENTS,
            expat.errors.XML_ERROR_UNCLOSED_TOKEN,
            expat.errors.XML_ERROR_PARTIAL_CHAR,
            expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
        )
    }
)


def truncated(reason: str, where: str) -> SourceError:
    """Return the error for a document that ends too early."""
    return SourceError(
        "xml-truncated",
        f"document ends before it is complete: {reason}",
        where=where,
        expected="a whole document",
        hint="fetch it again; the records before this place were read",
    )


def malformed(reason: str, where: str) -> SourceError:
    """Return the error for markup that is not well-formed."""
    return SourceError("xml-syntax", f"not well-formed XML: {reason}", where=where, expected="well-formed XML in UTF-8")
