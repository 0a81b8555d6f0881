"""JSON Lines: arXiv's snapshot, or records that ``harvest`` has written down."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from pithbuilder.documents.wire import parse_feed_object
from pithbuilder.errors import PithError
from pithbuilder.sources.harvested import is_harvested, read_harvested
from pithbuilder.sources.lines import read_lines
from pithbuilder.sources.snapshot import read_snapshot_object
from pithbuilder.sources.source_paper import SourcePaper, refused


def read_json_lines(stream: BinaryIO, name: str) -> Iterator[SourcePaper]:
    """Yield the record of every line that is not blank; a bad one does not stop the others.

    Args:
        stream: JSON Lines in UTF-8, read to its end; the caller closes it.
        name: What to call it in errors.

    Raises:
        SourceError: The stream cannot be read on.
        StoreError: ``read-failed``.
    """
    for line in read_lines(stream, name):
        try:
            value = parse_feed_object(line.content())
        except PithError as error:
            yield refused(error, line.place)
            continue
        if is_harvested(value):
            yield read_harvested(value, line.place)
        else:
            yield read_snapshot_object(value, line.place)
