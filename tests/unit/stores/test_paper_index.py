"""Papers by identifier: what goes in comes out, and memory stays out of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.errors import StoreError
from pithbuilder.stores.paper_index import IndexedPaper, PaperIndex

PAPER = PaperMetadata(
    arxiv_id="1805.08469",
    version=2,
    title="A title",
    abstract="An abstract",
    authors="A and B",
    categories=("cs.LG", "stat.ML"),
    license="",
    submitted_at=datetime(2018, 5, 22, 9, 32, 21, tzinfo=UTC),
)
REVISED = datetime(2018, 6, 2, 9, 32, 21, tzinfo=UTC)

NOTHING = IndexedPaper(None, None, False)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
    lambda text: not text.isspace()
)
INSTANTS = st.datetimes(
    datetime(1991, 1, 1), datetime(9998, 1, 1), timezones=st.sampled_from([UTC, timezone(timedelta(hours=-5))])
)
PAPERS = st.builds(
    PaperMetadata,
    arxiv_id=st.sampled_from(["1805.08469", "1805.08460", "hep-th/9901001"]),
    version=st.integers(1, 4),
    title=TEXTS,
    abstract=TEXTS,
    authors=TEXTS,
    categories=st.lists(st.sampled_from(["cs.LG", "stat.ML", "hep-th"]), min_size=1, max_size=4).map(tuple),
    license=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    submitted_at=INSTANTS,
)


def words(paper: PaperMetadata | None) -> list[list[str]]:
    assert paper is not None
    return [str(value).split() for value in attrs.astuple(paper)[:-1]] + [[paper.submitted_at.isoformat()]]


@given(st.lists(st.tuples(PAPERS, st.none() | INSTANTS), max_size=8))
def test_any_papers(added: list[tuple[PaperMetadata, datetime | None]]) -> None:
    plain: dict[str, dict[int, IndexedPaper]] = {}
    with PaperIndex() as index:
        for paper, revised_at in added:
            index.add(paper, revised_at)
            versions = plain.setdefault(paper.arxiv_id, {})
            first = versions.setdefault(paper.version, IndexedPaper(paper, revised_at, False))
            if (words(first.paper), str(first.revised_at)) != (words(paper), str(revised_at)):
                versions[paper.version] = first._replace(disputed=True)
        for arxiv_id in ("1805.08469", "1805.08460", "hep-th/9901001", "absent"):
            versions = plain.get(arxiv_id, {})
            newest = versions[max(versions)] if versions else NOTHING
            for version in (None, 1, 2, 3, 4, 5):
                assert index.find(arxiv_id, version) == versions.get(version or 0, newest)


def test_a_version_that_is_told_in_two_ways_is_disputed() -> None:
    with PaperIndex() as index:
        index.add(PAPER, REVISED)
        index.add(PAPER, REVISED)
        assert index.find("1805.08469", 2) == (PAPER, REVISED, False)
        index.add(attrs.evolve(PAPER, title="Another title"), REVISED)
        index.add(PAPER, REVISED)
        assert index.find("1805.08469", 2) == (PAPER, REVISED, True)
        newer = attrs.evolve(PAPER, version=3)
        index.add(newer, None)
        assert index.find("1805.08469", None) == (newer, None, False)


def test_two_indexes_know_nothing_of_each_other() -> None:
    with PaperIndex() as first, PaperIndex() as second:
        first.add(PAPER, None)
        assert second.find("1805.08469", None) == NOTHING


def test_no_room() -> None:
    with PaperIndex() as index:
        index._database.execute("PRAGMA max_page_count = 10")
        with pytest.raises(StoreError) as caught:
            for version in range(1, 1000):
                index.add(attrs.evolve(PAPER, version=version, abstract="x" * 1000), None)
    assert (caught.value.code, caught.value.where) == ("write-failed", "temporary file")
    assert "TMPDIR" in caught.value.hint
