"""XML, strictly and in bounded memory: the records of a feed, one at a time.

The parser is lxml's, fed piece by piece what :mod:`~pithbuilder.sources.xml_outline` has let in: UTF-8, no document
type and so no entities beyond XML's own five, nothing fetched, no recovery. What follows an error in the markup cannot
be read; what came before it stands. A record that is too long is passed over by expat, which keeps nothing of it, and
another parser reads on behind it: what it is fed first are the start tags of the elements that are open there.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from io import BufferedIOBase, BytesIO
from typing import Any, Final, NamedTuple, cast

from lxml import etree

from pithbuilder.errors import SourceError, StoreError, printable
from pithbuilder.sources.lines import MAX_RECORD_BYTES
from pithbuilder.sources.xml_outline import (
    Locator,
    Start,
    beyond_measure,
    malformed,
    read_chunk,
    read_root,
    start_tag,
    truncated,
)

Element = etree._Element
"""An element of a record; names are ``{namespace}name``."""

MAX_NAMES: Final = 1000
"""How many different names a document may use; arXiv's feeds use some fifty."""

_PREFIX: Final = re.compile(r"(?:[^\W\d][\w.-]*)?")
_PLACE_IN_REASON: Final = re.compile(r",? line \d+, column \d+.*", re.DOTALL)


class XmlRecord(NamedTuple):
    """One watched element of a document.

    Attributes:
        element: The element; emptied when the next one is asked for.
        line: The line of its start tag, counted from 1; from line 65,536 on it may be one too high.
    """

    element: Element
    line: int


def read_records(
    stream: BufferedIOBase, watched_in: Callable[[str], frozenset[str]], name: str
) -> Iterator[XmlRecord | SourceError]:
    """Yield the watched elements of a document, and in the place of what is too long to be read an error.

    Args:
        stream: Read to its end; the caller closes it.
        watched_in: Given the name of the document's element, returns the names of the elements to yield; it raises a
            SourceError for a document of no use.
        name: What to call the document in errors.

    Yields:
        A record; or the error ``record-too-long``, with the place ``FILE:LINE``, for a record, or for what stands in
        front of one, outside of all records. What is behind it follows.

    Raises:
        SourceError: ``xml-syntax``, ``xml-truncated``, ``xml-encoding``, ``xml-doctype``, ``xml-prolog``,
            ``xml-depth``, ``xml-names``; ``record-too-long`` for a tag, comment or instruction that is, of which there
            is no telling what it hides. What was yielded before stands.
        StoreError: ``read-failed``.
    """
    root, piece = read_root(stream, name)
    watched = watched_in(root)
    names = _Names(watched, name)
    read = partial(read_chunk, stream, name)
    part: _Part | None = _Part(Start(1, b"", b""), watched, names, name)
    while part is not None:
        ended, failure = part.feed(piece)
        for element in ended:
            if failure is None or failure.is_behind(element):
                yield XmlRecord(element, part.line_of(element))
            element.clear()
        if failure is not None:
            raise failure.error
        if ended:
            _forget_before(ended[-1], names)
        if not piece:
            return
        locator = part.follow(piece)
        if locator is None:
            piece = read()
            continue
        part.close()
        too_long = locator.too_long()
        try:
            start = locator.skip(read)
        except (SourceError, StoreError):
            if too_long is not None and locator.passed:
                yield too_long
            raise
        if too_long is not None:
            yield too_long
        part, piece = (None, b"") if start is None else (_Part(start, watched, names, name), start.data)


class _Part:
    """A part of a document, read by one parser: all of it, or what follows what was too long.

    It knows how the document goes on from a place behind a watched element, so that expat can be asked. To know that
    place, a piece is given to the parser in three: up to the last end tag of a watched element, but for its ``>``; this
    one; the rest. If the ``>`` ends the element, the end tag is one, and not the text of a comment, say. A document
    whose elements do not end so, with empty-element tags only, is soon read by expat too.

    Args:
        start: Where it begins; the data that has been read from there on is still to be fed.
        watched: The names of the elements.
        names: The names that the document uses.
        name: What to call the document in errors.
    """

    def __init__(self, start: Start, watched: frozenset[str], names: _Names, name: str) -> None:
        self._watched = watched
        self._names = names
        self._name = name
        self._lines_before = start.line - 1
        self._last: Element | None = None
        self._line = 0  # of the last element, for the parser
        self._fed_line = start.line  # on which the next piece begins
        self._inside = 0  # watched elements
        self._length = 0  # of the pieces since the one in which an element ended
        self._known = Start(start.line, start.tags, b"")  # the last known place
        self._behind = bytearray()  # what follows it, as long as expat is not asked
        self._locator: Locator | None = None  # reads on from there too
        self._cut = 0  # where the known place is in the last piece, if it is in it
        self._around: Element | None = None  # the element that is open there
        self._tags = start.tags  # with those round it
        local = b"|".join(sorted({re.escape(element.rpartition("}")[2]).encode() for element in watched}))
        self._last_end_tag = re.compile(rb".*</(?:[^\s:<>/]*:)?(?:%b)\s*>" % local, re.DOTALL)
        self._parser = etree.XMLPullParser(
            events=("start", "end"),
            tag=sorted(watched),
            encoding="utf-8",
            resolve_entities=False,
            no_network=True,
            remove_comments=True,
            remove_pis=True,
        )
        if start.tags:
            self._parser.feed(start.tags)

    def feed(self, piece: bytes) -> tuple[list[Element], _Failure | None]:
        """Return the watched elements that end in the next piece, and what is wrong with it; no bytes are the end.

        Raises:
            SourceError: ``xml-names``.
        """
        ended: list[Element] = []
        match = self._last_end_tag.match(piece)
        cut = match.end() if match else 0
        failure = self._give(piece[: cut - 1] if cut else piece, ended)
        self._cut = 0
        if cut and failure is None:
            before = len(ended)
            failure = self._give(b">", ended)
            if len(ended) > before:
                self._know(cut, ended[before])
            if failure is None and cut < len(piece):
                failure = self._give(piece[cut:], ended)
        self._length += len(piece)
        if ended:
            if self._length > len(piece):  # the first is a long one
                self._names.look_at(ended[0])
            self._length = 0
            self._last = ended[-1]
            self._names.look_at(random.choice(ended))  # noqa: S311 - nobody can know which one is looked at
        return ended, failure

    def follow(self, piece: bytes) -> Locator | None:
        """Take notice of a piece that has been fed.

        Returns:
            What tells where to go on, if this parser has been given too much since the last known place.

        Raises:
            SourceError: As for :meth:`~pithbuilder.sources.xml_outline.Locator.feed`.
        """
        if self._cut:
            self._fed_line += piece.count(b"\n", 0, self._cut)
            self._known = Start(self._fed_line, self._tags, b"")
            self._behind = bytearray(piece[self._cut :])
            self._locator = None
        elif self._locator is None:
            self._behind += piece
        else:
            self._locator.feed(piece)
        self._fed_line += piece.count(b"\n", self._cut)
        if len(self._behind) > MAX_RECORD_BYTES:
            start = self._known._replace(data=bytes(self._behind))
            self._behind.clear()
            self._locator = Locator(start, self._watched, self._names.add, MAX_RECORD_BYTES, self._name)
        return self._locator if self._locator is not None and self._locator.is_full else None

    def line_of(self, element: Element) -> int:
        """Return the line of an element's start tag in the document."""
        self._line = cast(int, element.sourceline or self._line)
        return self._lines_before + self._line

    def close(self) -> None:
        """Let go of what has been read behind the last element, with which its owner would keep it."""
        with suppress(etree.XMLSyntaxError):
            self._parser.close()
        node = self._last
        while node is not None:
            parent = node.getparent()
            if parent is not None:
                del parent[parent.index(node) + 1 :]
            node = parent

    def _give(self, data: bytes, ended: list[Element]) -> _Failure | None:
        failure = _feed(self._parser, data, self._name, self._lines_before)
        events: Iterable[tuple[str, Any]] = self._parser.read_events()
        for event, element in events:
            if event == "start":
                self._inside += 1
                continue
            self._inside -= 1
            if not self._inside:  # what is watched inside a watched element is a part of it
                ended.append(element)
        return failure

    def _know(self, cut: int, element: Element) -> None:
        """Take notice of the place in a piece behind a watched element."""
        around = element.getparent()
        if around is None:  # it is the document's element: no other can follow
            return
        if around is not self._around:
            self._around = around
            self._tags = b"".join(map(_start_tag_of, [*element.iterancestors()][::-1]))
        self._cut = cut


def _start_tag_of(element: Element) -> bytes:
    """Return an element's start tag without the attributes."""
    parent = element.getparent()
    inherited = {} if parent is None else parent.nsmap
    declared = [(prefix, uri) for prefix, uri in element.nsmap.items() if inherited.get(prefix) != uri]
    return start_tag(element.prefix, element.tag.rpartition("}")[2], declared)


class _Names:
    """The names that a document uses; the parser keeps each of them, so that there must not be too many.

    Of each piece of a document one record is looked at, each record that is longer than a piece, and everything that
    stands between the records; what expat reads is looked at whole.
    """

    def __init__(self, watched: frozenset[str], name: str) -> None:
        self._watched = watched
        self._name = name
        self._seen: set[str] = set()

    def look_at(self, element: Element) -> None:
        """Take in the names of an element and of all inside it.

        Raises:
            SourceError: ``xml-names``.
        """
        for node in element.iter("*"):
            self._seen.add(node.tag)
            self.add(cast("list[str]", node.keys()))
        declared = cast("Iterable[tuple[str, tuple[str, str]]]", etree.iterwalk(element, events=("start-ns",)))
        self.add(f"{prefix} {uri}" for _, (prefix, uri) in declared)

    def add(self, names: Iterable[str]) -> None:
        """Take in names.

        Raises:
            SourceError: ``xml-names``.
        """
        self._seen.update(names)
        if len(self._seen) > MAX_NAMES:
            raise SourceError(
                "xml-names",
                "document uses too many different names",
                where=self._name,
                expected=f"at most {MAX_NAMES} names of elements, attributes and namespaces",
            )

    def look_at_unknown(self, element: Element) -> None:
        """Look at an element that is not one of the records, which have been emptied by now."""
        if element.tag not in self._watched:
            self.look_at(element)


class _Failure(NamedTuple):
    """What is wrong with a document.

    Attributes:
        error: It.
        line: The line of an error that the parser has read past: what stands behind it is not to be used. None where
            it stopped.
    """

    error: SourceError
    line: int | None

    def is_behind(self, element: Element) -> bool:
        """Say whether an element was read before anything was wrong."""
        line = self.line
        return line is None or all(cast("int", node.sourceline or 0) < line for node in element.iter("*"))


def _feed(parser: etree.XMLPullParser, chunk: bytes, name: str, lines_before: int) -> _Failure | None:
    """Give the next piece of a document to the parser; nothing means its end."""

    def refusal(kind: int, reason: str, line: int, *, at_end: bool = False) -> SourceError:
        return _refusal(kind, reason, f"{name}:{lines_before + line}", at_end=at_end)

    try:
        if chunk:
            parser.feed(chunk)
        else:
            parser.close()
    except etree.XMLSyntaxError as error:
        logged = [entry for entry in parser.feed_error_log if entry.level >= etree.ErrorLevels.ERROR]
        if logged:
            first = logged[0]
            return _Failure(refusal(first.type, first.message, first.line, at_end=not chunk), None)
        # What libxml2 has nothing to say of is its own limits.
        kind = 0 if error.msg and "unknown error" not in error.msg else etree.ErrorTypes.ERR_RESOURCE_LIMIT
        return _Failure(refusal(kind, error.msg or "", error.lineno or 1, at_end=not chunk), None)
    for entry in parser.feed_error_log:
        if entry.level >= etree.ErrorLevels.ERROR:
            read_past = entry.domain == etree.ErrorDomains.NAMESPACE  # after others libxml2 tells of nothing more
            return _Failure(refusal(entry.type, entry.message, entry.line), entry.line if read_past else None)
    return None


def parse_element(raw: bytes, namespaces: dict[str, str]) -> Element:
    """Return the element that some bytes of a document spell.

    Args:
        raw: The element, in UTF-8.
        namespaces: Prefix to namespace, as declared round it.

    Raises:
        SourceError: As for :func:`read_records`, with a place inside ``raw``; ``harvest-raw`` for bytes that are not
            one element.
    """
    declared = [(prefix, uri) for prefix, uri in namespaces.items() if _PREFIX.fullmatch(prefix)]
    document = BytesIO(b"%b%b</raw>" % (start_tag(None, "raw", declared), raw))
    found: list[Element] = []
    bare = False
    for record in read_records(document, lambda root: frozenset({root}), "raw"):
        if isinstance(record, SourceError):
            raise record
        found = list(record.element)
        bare = not (record.element.text or any(child.tail for child in found))
    if len(found) == 1 and bare:
        return found[0]
    raise SourceError(
        "harvest-raw", "not one record", where="raw", expected="one element", found=f"{len(found)} elements"
    )


def _forget_before(element: Element, names: _Names) -> None:
    """Let go of everything in front of an element."""
    node: Element | None = element
    while node is not None:
        parent = node.getparent()
        if parent is not None:
            place = parent.index(node)
            for sibling in node.itersiblings(preceding=True):
                names.look_at_unknown(sibling)
            del parent[:place]
        node = parent


_BEYOND_MEASURE: Final = frozenset(
    {etree.ErrorTypes.ERR_RESOURCE_LIMIT, etree.ErrorTypes.ERR_NAME_TOO_LONG, etree.ErrorTypes.ERR_INTERNAL_ERROR}
)


def _refusal(kind: int, reason: str, where: str, *, at_end: bool) -> SourceError:
    if kind in _BEYOND_MEASURE:
        return beyond_measure(where)
    reason = printable(_PLACE_IN_REASON.sub("", reason).strip() or "unknown").strip("'\"")
    return truncated(reason, where) if at_end else malformed(reason, where)
