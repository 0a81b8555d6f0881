"""XML, strictly and in bounded memory: the records of a feed, one at a time.

The parser is lxml's, fed piece by piece what :mod:`~pithbuilder.sources.xml_outline` has let in: UTF-8, no document
type and so no entities beyond XML's own five, nothing fetched, no recovery. What follows an error in a document cannot
be read; what came before it stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from io import BufferedIOBase, BytesIO
from typing import Final, NamedTuple, cast
from xml.sax.saxutils import quoteattr

from lxml import etree

from pithbuilder.errors import SourceError
from pithbuilder.sources.lines import MAX_RECORD_BYTES
from pithbuilder.sources.xml_outline import malformed, read_chunk, read_root, truncated

Element = etree._Element
"""An element of a record; names are ``{namespace}name``."""

_PREFIX: Final = re.compile(r"(?:[A-Za-z_][A-Za-z0-9_.-]*)?", re.ASCII)
_PLACE_IN_REASON: Final = re.compile(r",? line \d+, column \d+.*", re.DOTALL)


class XmlRecord(NamedTuple):
    """One watched element of a document.

    Attributes:
        element: The element; emptied when the next one is asked for.
        line: The line of its start tag, counted from 1.
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
            ``xml-depth``, ``record-too-long``; what was yielded before stands.
        StoreError: ``read-failed``.
    """
    root, chunk = read_root(stream, name)
    parser = etree.XMLPullParser(
        events=("end",),
        tag=sorted(watched_in(root)),
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
    )
    unfinished = line = 0
    while True:
        try:
            if chunk:
                parser.feed(chunk)
            else:
                parser.close()
        except etree.XMLSyntaxError as error:
            failure: SourceError | None = _refusal(error, name, at_end=not chunk)
        else:
            failure = None
        unfinished += len(chunk)
        element: Element | None = None
        for _, ended in parser.read_events():
            element = cast(Element, ended)
            unfinished = 0
            line = cast("int | None", element.sourceline) or line
            yield XmlRecord(element, line)
            element.clear()
        if element is not None:
            _forget_before(element)
        if failure is not None:
            raise failure
        if not chunk:
            return
        if unfinished > MAX_RECORD_BYTES:
            raise SourceError(
                "record-too-long",
                "record is too long",
                where=f"{name}:{line + 1}" if line else name,
                expected=f"at most {MAX_RECORD_BYTES} bytes a record",
                hint="take that record out; the records before it were read",
            )
        chunk = read_chunk(stream, name)


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
    for record in read_records(document, lambda root: frozenset({root}), "raw"):
        found = list(record.element)
        if len(found) == 1 and not (record.element.text or found[0].tail):
            return found[0]
    raise SourceError(
        "harvest-raw", "not one record", where="raw", expected="one element", found=f"{len(found)} elements"
    )


def _forget_before(element: Element) -> None:
    """Let go of everything in front of an element."""
    node: Element | None = element
    while node is not None:
        parent = node.getparent()
        while parent is not None and node.getprevious() is not None:
            del parent[0]
        node = parent


def _refusal(error: etree.XMLSyntaxError, name: str, *, at_end: bool) -> SourceError:
    reason = _PLACE_IN_REASON.sub("", error.msg or "unknown").strip() or "unknown"
    where = f"{name}:{error.lineno or 1}"
    if getattr(error, "code", None) == etree.ErrorTypes.ERR_RESOURCE_LIMIT:
        return SourceError(
            "xml-depth",
            "document is nested too deeply, or has too long a name, attribute or text",
            where=where,
            expected="elements, names and texts as metadata has them",
        )
    return truncated(reason, where) if at_end else malformed(reason, where)
