"""XML feeds: which one a document is, said by its root element."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BufferedIOBase
from typing import Final, NamedTuple

from pithbuilder.errors import SourceError, printable
from pithbuilder.sources import atom, oai
from pithbuilder.sources.source_paper import SourcePaper, refused
from pithbuilder.sources.xml_records import Element, read_records


class XmlFeed(NamedTuple):
    """One kind of document.

    Attributes:
        watched: The names of the elements that are read.
        read: What one of them says of a paper; None where it is about none.
    """

    watched: frozenset[str]
    read: Callable[[Element, str], SourcePaper | None]


FEEDS: Final = {
    oai.ROOT: XmlFeed(oai.WATCHED, oai.read_oai),
    atom.ROOT: XmlFeed(atom.WATCHED, atom.read_atom),
}
"""Name of the root element to the feed."""


def read_xml(stream: BufferedIOBase, name: str) -> Iterator[SourcePaper]:
    """Yield every record of an XML feed; a bad one does not stop the others, broken markup ends the document.

    Args:
        stream: One document in UTF-8, read to its end; the caller closes it.
        name: What to call it in errors.

    Raises:
        SourceError: ``source-empty``, ``source-unknown``, or what is wrong with the markup or the stream.
        StoreError: ``read-failed``.
    """
    roots: list[str] = []

    def watched_in(root: str) -> frozenset[str]:
        roots.append(root)
        return feed_of(root, name).watched

    nothing = True
    for record in read_records(stream, watched_in, name):
        if isinstance(record, SourceError):
            nothing = False
            yield refused(record, record.where)
            continue
        paper = FEEDS[roots[0]].read(record.element, f"{name}:{record.line}")
        if paper is not None:
            nothing = False
            yield paper
    if nothing:
        raise SourceError("source-empty", "the feed has no record in it", where=name, expected="at least one record")


def feed_of(root: str, name: str) -> XmlFeed:
    """Return the feed whose root element has that name.

    Args:
        root: ``{namespace}name``.
        name: What to call the document in errors.

    Raises:
        SourceError: ``source-unknown``.
    """
    feed = FEEDS.get(root)
    if feed is None:
        page = root.rpartition("}")[2].lower() == "html"
        raise SourceError(
            "source-unknown",
            "an HTML page, not metadata" if page else "XML of a kind that is not read here",
            where=name,
            expected="OAI-PMH or Atom",
            found=printable(root),
            hint="look at the page: a server may have sent an error instead of metadata" if page else "",
        )
    return feed
