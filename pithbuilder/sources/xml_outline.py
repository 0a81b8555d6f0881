"""The outline of an XML document, by expat: what may stand in front of its element, and where its records stand.

It tells too where reading can go on behind what is too long to be read. Refused before any other parser sees the
document: other encodings than UTF-8, and a document type, without which there are no entities but XML's own five.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from io import BufferedIOBase
from typing import Final, NamedTuple
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from pithbuilder.errors import SourceError, printable
from pithbuilder.sources.lines import read_failed

MAX_PROLOG_BYTES: Final = 2**18
"""How much may stand in front of the document's element."""

MAX_ELEMENTS: Final = 20_000
"""How many records a page may have; arXiv's have up to 2,500."""

MAX_DEPTH: Final = 256
"""How many elements may stand inside one another, as for libxml2."""

MAX_NAME: Final = 50_000
"""How long a name may be, as for libxml2."""

_USUAL_NAME: Final = 100
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
        _parse(self._parser, data, self._name, last=last)

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
        name = _in_braces(name)
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
            name = _in_braces(name)
            self.places.append((name, self._start_index, self._parser.CurrentByteIndex, dict(self._namespaces)))
        if self._depth:
            self._depth -= 1

    def _refusal(self, code: str, message: str, expected: str, found: str = "") -> SourceError:
        where = f"{self._name}:{self._parser.CurrentLineNumber}"
        return SourceError(code, message, where=where, expected=expected, found=printable(found) if found else "")


class Start(NamedTuple):
    """A place in a document, outside of all watched elements, from which it can be read.

    Attributes:
        line: Its line, counted from 1.
        tags: The start tags of the elements that are open there, without the attributes, on one line.
        data: What has been read of the document from there on.
    """

    line: int
    tags: bytes
    data: bytes


def start_tag(prefix: str | None, name: str, namespaces: Iterable[tuple[str | None, str | None]]) -> bytes:
    """Return an element's start tag.

    Args:
        prefix: The element's; None where it has none.
        name: Without the prefix.
        namespaces: Prefix (None for the default) and namespace (None or empty: not declared any more).
    """
    declared = "".join(
        f" xmlns{':' if prefix else ''}{prefix or ''}={quoteattr(uri or '')}"
        for prefix, uri in namespaces
        if prefix != "xml"
    )
    return f"<{prefix + ':' if prefix else ''}{name}{declared}>".encode()


class Locator:
    """Tells where the watched elements of a document stand, while it is read, in bounded memory.

    Args:
        start: Where to begin.
        watched: The names of the elements, ``{namespace}name``.
        look_at: Is told the names of all elements, attributes and namespaces; raises a SourceError for too many.
        limit: How many bytes an element may have, and what stands between two of them.
        name: What to call the document in errors.

    Attributes:
        passed: Whether :meth:`skip` has seen the end of an element that was too long.
    """

    def __init__(
        self, start: Start, watched: frozenset[str], look_at: Callable[[Iterable[str]], None], limit: int, name: str
    ) -> None:
        self.passed = False
        self._watched = watched
        self._look_at = look_at
        self._limit = limit
        self._name = name
        self._first_line = start.line
        self._data = bytearray(start.tags + start.data)  # what may be needed again
        self._dropped = 0  # bytes in front of it
        self._line = start.line  # where it begins
        self._parsed = 0  # bytes of the document that expat has been given; all indices count from its beginning
        self._unfinished = 0  # where the markup begins of which expat has not seen the end
        self._end_index = len(start.tags)  # of the last watched element
        self._start_index = 0  # of the watched element that is open
        self._tags: list[bytes] = []  # of the elements that are open, outside of watched ones
        self._namespaces: list[tuple[str | None, str | None]] = []  # declared by the start tag that is being read
        self._depth = 0  # inside a watched element
        self._seen: set[str] = set()  # names that need not be looked at again, as expat tells them
        self._skipping = False
        parser = self._parser = expat.ParserCreate("UTF-8", _SEPARATOR, None)  # names are not kept
        parser.namespace_prefixes = True
        parser.StartNamespaceDeclHandler = self._namespace
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        self._parse(last=False)

    def feed(self, piece: bytes) -> None:
        """Take in the next bytes; none are the document's end.

        Raises:
            SourceError: ``xml-syntax``, ``xml-truncated``, ``xml-depth``, and what ``look_at`` raises.
        """
        self._data += piece
        waiting = self._dropped + len(self._data) - self._parsed
        if not piece or waiting >= self._parsed - self._unfinished:  # expat looks at unfinished markup again each time
            self._parse(last=not piece)

    @property
    def is_full(self) -> bool:
        """Whether so much has been read since the last watched element that reading has to begin anew behind it."""
        return self._parsed - self._end_index > self._limit

    @property
    def _is_in_long_one(self) -> bool:
        return self._depth > 0 and self._parsed - self._start_index > self._limit

    def too_long(self) -> SourceError | None:
        """Return the error for what is too long: a watched element, or what stands in front of one.

        None where neither is, but both together.
        """
        inside = self._is_in_long_one
        if self._depth and not inside and self._start_index - self._end_index <= self._limit:
            return None
        return SourceError(
            "record-too-long",
            "a record is too long" if inside else "too much stands between two records",
            where=f"{self._name}:{self._line_of(self._start_index if inside else self._end_index)}",
            expected=f"at most {self._limit} bytes a record",
            hint="the records before it and behind it are read",
        )

    def skip(self, read: Callable[[], bytes]) -> Start | None:
        """Pass over what is too long, or stands in front of what is not.

        Args:
            read: Returns the next bytes of the document; none at its end.

        Returns:
            Where the watched element begins with which reading can go on; None where the document ends without one.

        Raises:
            SourceError: As for :meth:`feed`, and ``record-too-long`` for a tag, comment or instruction that is; what
                ``read`` raises.
        """
        if self._depth and not self._is_in_long_one:
            return self._start_at(self._start_index)
        self._skipping = True
        while True:
            piece = read()
            try:
                self.feed(piece)
            except _FoundError:
                return self._start_at(self._start_index)
            if not piece:
                return None

    def _parse(self, *, last: bool) -> None:
        data = self._data[self._parsed - self._dropped :]
        self._parsed += len(data)
        _parse(self._parser, data, self._name, self._first_line, last=last)
        self._unfinished = max(self._unfinished, self._parser.CurrentByteIndex)
        if not self._skipping:
            self._drop(self._end_index)
            return
        if self._parsed - self._unfinished > 2 * self._limit:
            raise SourceError(
                "record-too-long",
                "a tag, comment or instruction is too long",
                where=f"{self._name}:{self._line_of(self._unfinished)}",
                expected=f"at most {self._limit} bytes a record",
                hint="take it out; the records before it were read",
            )
        self._drop(self._unfinished)

    def _drop(self, index: int) -> None:
        self._line = self._line_of(index)
        del self._data[: max(0, index - self._dropped)]
        self._dropped = max(self._dropped, index)

    def _line_of(self, index: int) -> int:
        return self._line + self._data.count(b"\n", 0, max(0, index - self._dropped))

    def _start_at(self, index: int) -> Start:
        return Start(self._line_of(index), b"".join(self._tags), bytes(self._data[index - self._dropped :]))

    def _namespace(self, prefix: str | None, uri: str | None) -> None:
        self._look_at((f"{prefix} {uri}",))
        self._namespaces.append((prefix, uri))

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._depth + len(self._tags) >= MAX_DEPTH:
            raise self._beyond_measure()
        if name not in self._seen or not self._seen.issuperset(attributes):
            self._see((name, *attributes))
        namespaces, self._namespaces = self._namespaces, []
        if self._depth:
            self._depth += 1
            return
        full_name = _in_braces(name)
        if full_name not in self._watched:
            self._tags.append(start_tag(_prefix_of(name), full_name.rpartition("}")[2], namespaces))
            return
        self._start_index = self._parser.CurrentByteIndex
        if self._skipping:
            raise _FoundError
        self._depth = 1

    def _see(self, names: Iterable[str]) -> None:
        full_names = [_in_braces(name) for name in names]
        if max(map(len, full_names)) > MAX_NAME:
            raise self._beyond_measure()
        self._look_at(full_names)
        self._seen.update(name for name in names if len(name) <= _USUAL_NAME)

    def _beyond_measure(self) -> SourceError:
        return beyond_measure(f"{self._name}:{self._first_line + self._parser.CurrentLineNumber - 1}")

    def _end(self, name: str) -> None:
        if not self._depth:
            self._tags.pop()
            return
        self._depth -= 1
        if not self._depth:
            self._end_index = self._parser.CurrentByteIndex
            self.passed = self._skipping


class _FoundError(Exception):
    """Ends the skipping at the next watched element; no error at all."""


def _in_braces(name: str) -> str:
    """Return a name as expat tells it, ``namespace}name`` or ``namespace}name}prefix``, as ``{namespace}name``."""
    uri, *rest = name.split(_SEPARATOR)
    return f"{{{uri}}}{rest[0]}" if rest else name


def _prefix_of(name: str) -> str | None:
    _, _, prefix = (*name.split(_SEPARATOR), None, None)[:3]
    return prefix


def _parse(parser: expat.XMLParserType, data: bytes | bytearray, name: str, first_line: int = 1, *, last: bool) -> None:
    try:
        parser.Parse(data, last)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code) or "unknown"
        where = f"{name}:{first_line + error.lineno - 1}"
        raise (truncated if error.code in _AT_END else malformed)(reason, where) from error


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


def beyond_measure(where: str) -> SourceError:
    """Return the error for markup beyond the limits of libxml2."""
    return SourceError(
        "xml-depth",
        "document is nested too deeply, or has too long a name, attribute or text",
        where=where,
        expected="elements, names and texts as metadata has them",
    )
