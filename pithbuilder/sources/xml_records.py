"""XML, strictly and in bounded memory: the records of a feed, one at a time.

The parser is lxml's, fed piece by piece what :mod:`~pithbuilder.sources.xml_outline` has let in: UTF-8, no document
type and so no entities beyond XML's own five, nothing fetched, no recovery. What follows an error in a document cannot
be read; what came before it stands.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator
from io import BufferedIOBase, BytesIO
from typing import Any, Final, NamedTuple, cast
from xml.sax.saxutils import quoteattr

from lxml import etree

from pithbuilder.errors import SourceError, printable
from pithbuilder.sources.lines import MAX_RECORD_BYTES
from pithbuilder.sources.xml_outline import malformed, read_chunk, read_root, truncated

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


def read_records(stream: BufferedIOBase, watched_in: Callable[[str], frozenset[str]], name: str) -> Iterator[XmlRecord]:
    """Yield the watched elements of a document.

    Args:
        stream: Read to its end; the caller closes it.
        watched_in: Given the name of the document's element, returns the names of the elements to yield; it raises a
            SourceError for a document of no use.
        name: What to call the document in errors.

    Raises:
        SourceError: ``xml-syntax``, ``xml-truncated``, ``xml-encoding``, ``xml-doctype``, ``xml-prolog``,
            ``xml-depth``, ``xml-names``, ``record-too-long``; what was yielded before stands.
        StoreError: ``read-failed``.
    """
    root, chunk = read_root(stream, name)
    watched = watched_in(root)
    parser = etree.XMLPullParser(
        events=("start", "end"),
        tag=sorted(watched),
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
    )
    names = _Names(watched, name)
    unfinished = line = inside = 0
    while True:
        failure = _feed(parser, chunk, name)
        unfinished += len(chunk)
        events: Iterable[tuple[str, Any]] = parser.read_events()
        ended: list[Element] = []
        for event, element in events:
            if event == "start":
                inside += 1
                continue
            inside -= 1
            if not inside:  # what is watched inside a watched element is a part of it
                ended.append(element)
        if ended:
            if unfinished > len(chunk):  # the first is a long one
                names.look_at(ended[0])
            unfinished = 0
            names.look_at(random.choice(ended))  # noqa: S311 - nobody can know which one is looked at
        for element in ended:
            line = cast(int, element.sourceline or line)
            if failure is None or failure.is_behind(element):
                yield XmlRecord(element, line)
            element.clear()
        if failure is not None:
            raise failure.error
        if ended:
            _forget_before(ended[-1], names)
        if not chunk:
            return
        if unfinished > MAX_RECORD_BYTES:
            raise SourceError(
                "record-too-long",
                f"a record is too long; the last whole one begins on line {line}" if line else "a record is too long",
                where=name,
                expected=f"at most {MAX_RECORD_BYTES} bytes a record",
                hint="take that record out; the records before it were read",
            )
        chunk = read_chunk(stream, name)


class _Names:
    """The names that a document uses; the parser keeps each of them, so that there must not be too many.

    Of each piece of a document one record is looked at, each record that is longer than a piece, and everything that
    stands between the records.
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
            self._seen.update(cast("list[str]", node.attrib.keys()))
            self._seen.update(f"{prefix} {uri}" for prefix, uri in node.nsmap.items())
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


def _feed(parser: etree.XMLPullParser, chunk: bytes, name: str) -> _Failure | None:
    """Give the next piece of a document to the parser; nothing means its end."""
    try:
        if chunk:
            parser.feed(chunk)
        else:
            parser.close()
    except etree.XMLSyntaxError as error:
        logged = [entry for entry in parser.feed_error_log if entry.level >= etree.ErrorLevels.ERROR]
        if logged:
            first = logged[0]
            return _Failure(_refusal(first.type, first.message, first.line, name, at_end=not chunk), None)
        # What libxml2 has nothing to say of is its own limits.
        kind = 0 if error.msg and "unknown error" not in error.msg else etree.ErrorTypes.ERR_RESOURCE_LIMIT
        return _Failure(_refusal(kind, error.msg or "", error.lineno or 1, name, at_end=not chunk), None)
    for entry in parser.feed_error_log:
        if entry.level >= etree.ErrorLevels.ERROR:
            read_past = entry.domain == etree.ErrorDomains.NAMESPACE  # after others libxml2 tells of nothing more
            return _Failure(_refusal(entry.type, entry.message, entry.line, name), entry.line if read_past else None)
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
    declared = "".join(
        f" xmlns{':' if prefix else ''}{prefix}={quoteattr(uri)}"
        for prefix, uri in namespaces.items()
        if _PREFIX.fullmatch(prefix) and prefix != "xml"
    )
    document = BytesIO(b"<raw%b>%b</raw>" % (declared.encode("utf-8"), raw))
    found: list[Element] = []
    bare = False
    for record in read_records(document, lambda root: frozenset({root}), "raw"):
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


def _refusal(kind: int, reason: str, line: int, name: str, *, at_end: bool = False) -> SourceError:
    where = f"{name}:{line}"
    if kind in _BEYOND_MEASURE:
        return SourceError(
            "xml-depth",
            "document is nested too deeply, or has too long a name, attribute or text",
            where=where,
            expected="elements, names and texts as metadata has them",
        )
    reason = printable(_PLACE_IN_REASON.sub("", reason).strip() or "unknown").strip("'\"")
    return truncated(reason, where) if at_end else malformed(reason, where)
