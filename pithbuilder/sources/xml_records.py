"""XML, strictly and in bounded memory: the records of a feed, one at a time, and what stands around them.

The parser is expat, fed piece by piece: UTF-8 only, no document type and so no entities beyond XML's own five, nothing
fetched, no recovery. What follows an error in a document's markup cannot be read; a record that is too large or holds
unexpected markup is refused by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO, Final
from xml.parsers import expat

import attrs

from pithbuilder.errors import SourceError, StoreError, printable

MAX_RECORD_CHARACTERS: Final = 4 * 2**20
"""How much text one record may hold; the longest of arXiv's are below 100 KiB."""

MAX_RECORD_ELEMENTS: Final = 100_000
MAX_DEPTH: Final = 32
MAX_MARKUP_BYTES: Final = 2**18
"""How long one tag, comment or processing instruction may be: expat keeps it whole."""

_CHUNK: Final = 2**16
_SEPARATOR: Final = " "


@attrs.define
class Element:
    """An element of a record.

    Attributes:
        name: Its namespace, a blank, its local name; the local name alone where it is in no namespace.
        attributes: Name to value.
        children: The elements inside it.
        pieces: Its own text, as it came.
    """

    name: str
    attributes: dict[str, str]
    children: list[Element] = attrs.field(factory=list)
    pieces: list[str] = attrs.field(factory=list)

    @property
    def text(self) -> str:
        """The element's own text."""
        return "".join(self.pieces)

    @property
    def local_name(self) -> str:
        """The name without the namespace."""
        return self.name.rpartition(_SEPARATOR)[2]


@attrs.frozen
class XmlRecord:
    """One watched element of a document.

    Attributes:
        element: The element; without what is inside it where it was refused.
        line: The line of its start tag, counted from 1.
        start: Where its start tag begins in the document, in bytes.
        last_tag: Where its end tag begins.
        error: Why it was refused.
    """

    element: Element
    line: int
    start: int
    last_tag: int
    error: SourceError | None


class XmlReader:
    """Reads one document.

    Args:
        watched_in: Given the name of the document's element, returns the names of the elements to yield, wherever they
            stand outside one another; it raises a SourceError for a document of no use.
        name: What to call the document in errors.

    Attributes:
        namespaces: Prefix to namespace, as declared outside the watched elements; the default's prefix is empty.
    """

    def __init__(self, watched_in: Callable[[str], frozenset[str]], name: str) -> None:
        self.namespaces: dict[str, str] = {}
        self._watched_in = watched_in
        self._watched: frozenset[str] = frozenset()
        self._name = name
        self._done: list[XmlRecord] = []
        self._open: list[Element] = []  # inside a watched element
        self._depth = 0
        self._begin = (0, 0)
        self._characters = self._elements = 0
        self._error: SourceError | None = None
        parser = self._parser = expat.ParserCreate("UTF-8", _SEPARATOR)
        parser.buffer_text = True
        parser.buffer_size = _CHUNK
        parser.XmlDeclHandler = self._declared
        parser.StartDoctypeDeclHandler = self._document_type
        parser.StartNamespaceDeclHandler = self._namespace
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end

    def read(self, stream: BinaryIO) -> Iterator[XmlRecord]:
        """Yield the watched elements of a document.

        Args:
            stream: Read to its end; the caller closes it.

        Raises:
            SourceError: ``xml-syntax``, ``xml-truncated``, ``xml-encoding``, ``xml-doctype``, ``xml-depth``,
                ``xml-markup``; what was yielded before stands.
            StoreError: ``read-failed``.
        """
        fed = 0
        while True:
            try:
                chunk = stream.read(_CHUNK)
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                raise StoreError("read-failed", f"cannot read: {reason}", where=self._name) from error
            try:
                self._parser.Parse(chunk, not chunk)
            except expat.ExpatError as error:
                yield from self._done
                raise self._syntax_error(error, at_end=not chunk) from error
            except SourceError:
                yield from self._done
                raise
            yield from self._done
            self._done.clear()
            if not chunk:
                return
            fed += len(chunk)
            if fed - max(self._parser.CurrentByteIndex, 0) > MAX_MARKUP_BYTES + _CHUNK:
                raise self._refusal("xml-markup", "a tag or comment is too long", f"at most {MAX_MARKUP_BYTES} bytes")

    def _declared(self, version: str, encoding: str | None, standalone: int) -> None:
        if encoding is not None and encoding.lower() not in ("utf-8", "utf8"):
            raise self._refusal("xml-encoding", "document is declared in another encoding", "UTF-8", encoding)

    def _document_type(self, *declaration: object) -> None:
        raise self._refusal("xml-doctype", "document type declarations are refused", "a feed without <!DOCTYPE>")

    def _namespace(self, prefix: str | None, uri: str) -> None:
        if not self._open:
            self.namespaces[prefix or ""] = uri

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._open:
            self._start_inside(name, attributes)
            return
        if self._depth == 1:
            self._watched = self._watched_in(name)
        elif self._depth > MAX_DEPTH:
            raise self._too_deep()
        if name in self._watched:
            self._begin = self._parser.CurrentLineNumber, self._parser.CurrentByteIndex
            self._open.append(Element(name, attributes))
            self._characters = 0
            self._elements = 0
            self._parser.CharacterDataHandler = self._text

    def _start_inside(self, name: str, attributes: dict[str, str]) -> None:
        if self._depth > MAX_DEPTH:
            raise self._too_deep()
        element = Element(name, attributes)
        self._elements += 1
        if self._elements > MAX_RECORD_ELEMENTS:
            self._drop("record-too-long", f"at most {MAX_RECORD_ELEMENTS} elements")
        else:
            self._open[-1].children.append(element)
        self._open.append(element)

    def _text(self, text: str) -> None:
        self._characters += len(text)
        if self._characters > MAX_RECORD_CHARACTERS:
            self._drop("record-too-long", f"at most {MAX_RECORD_CHARACTERS} characters")
        else:
            self._open[-1].pieces.append(text)

    def _end(self, name: str) -> None:
        self._depth -= 1
        if not self._open:
            return
        element = self._open.pop()
        if not self._open:
            self._parser.CharacterDataHandler = None
            line, start = self._begin
            self._done.append(XmlRecord(element, line, start, self._parser.CurrentByteIndex, self._error))
            self._error = None

    def _drop(self, code: str, expected: str) -> None:
        """Refuse the record that is being read, and forget what is inside it."""
        if self._error is None:
            self._error = SourceError(code, "record is too long", expected=expected)
            for element in self._open:
                element.pieces.clear()
            self._open[0].children.clear()

    def _too_deep(self) -> SourceError:
        return self._refusal("xml-depth", "document is nested too deeply", f"at most {MAX_DEPTH} levels")

    def _refusal(self, code: str, message: str, expected: str, found: str = "") -> SourceError:
        where = f"{self._name}:{self._parser.CurrentLineNumber}"
        return SourceError(code, message, where=where, expected=expected, found=printable(found) if found else "")

    def _syntax_error(self, error: expat.ExpatError, *, at_end: bool) -> SourceError:
        where = f"{self._name}:{error.lineno}"
        if self._open:
            where += f": in the record that begins on line {self._begin[0]}"
        reason = expat.ErrorString(error.code) or "unknown"
        if at_end:
            return SourceError(
                "xml-truncated",
                f"document ends before it is complete: {reason}",
                where=where,
                expected="a whole document",
                hint="fetch it again; the records before this place were read",
            )
        return SourceError(
            "xml-syntax",
            f"not well-formed XML: {reason}",
            where=where,
            expected="well-formed XML in UTF-8",
            found=f"column {error.offset + 1}",
        )
