"""One paper in OAI-PMH, and what is read of such documents."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

from pithbuilder.errors import SourceError
from pithbuilder.sources.reading import read_papers
from pithbuilder.sources.source_paper import SourcePaper
from tests.support.feeds import FeedPaper

NAMES = {
    "o": "http://www.openarchives.org/OAI/2.0/",
    "r": "http://arxiv.org/OAI/arXivRaw/",
    "x": "http://arxiv.org/OAI/arXiv/",
}
PAPER = FeedPaper(
    arxiv_id="1805.08469",
    title="On a\n  title",
    abstract="  An abstract\n",
    authors=r"Jos\'e A and B",
    categories=("cs.LG", "stat.ML"),
    license="http://creativecommons.org/licenses/by/4.0/",
    versions=(datetime(2018, 5, 22, 9, 32, 21, tzinfo=UTC), datetime(2018, 6, 2, 9, 32, 21, tzinfo=UTC)),
    datestamp="2018-06-03",
)


def read(document: bytes) -> list[SourcePaper]:
    return list(read_papers(BytesIO(document), "f"))


def read_one(document: bytes) -> SourcePaper:
    (item,) = read(document)
    return item


def error_in(document: bytes) -> SourceError:
    item = read_one(document)
    assert item.paper is None
    assert item.error is not None
    return item.error
