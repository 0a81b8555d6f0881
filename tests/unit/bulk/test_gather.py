"""Gathering papers: chosen, completed, and what is wrong with the others left aside."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest

from pithbuilder.bulk.gather import WantedVersion, gather_papers
from pithbuilder.sources.source_paper import SourcePaper
from tests.support.feeds import (
    FeedPaper,
    arxiv_record,
    atom_entry,
    atom_feed,
    author_names,
    oai_page,
    raw_record,
    snapshot_line,
)

PAPER = FeedPaper(
    arxiv_id="1805.08469",
    title="Plain words",
    abstract="  More plain words.\n",
    authors="Ada Lovelace and Charles Babbage",
    categories=("cs.LG", "stat.ML"),
    license="http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
    versions=(datetime(2018, 5, 22, 9, 32, 21, tzinfo=UTC), datetime(2018, 6, 2, 9, 32, 21, tzinfo=UTC)),
    datestamp="2018-06-03",
)
OLD = attrs.evolve(PAPER, arxiv_id="math/9901001")


def atom(*papers: FeedPaper) -> bytes:
    entries = [
        atom_entry(one, len(one.versions), [name.full() for name in author_names(one.authors)]) for one in papers
    ]
    return atom_feed(entries, len(entries), 0, len(entries))


def changed(paper: FeedPaper, **changes: Any) -> bytes:
    return json.dumps({**json.loads(snapshot_line(paper)), **changes}).encode() + b"\n"


class Directory:
    """Writes files, and gathers from them."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, data: bytes) -> Path:
        path = self._root / f"source-{len(list(self._root.iterdir()))}"
        path.write_bytes(data)
        return path

    def gather(self, data: bytes, *others: bytes, wanted: Collection[WantedVersion] = ()) -> list[SourcePaper]:
        completing = [self.write(other) for other in others]
        return list(gather_papers([self.write(data)], complete_from=completing, wanted=wanted))


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    return Directory(tmp_path)


def codes(items: list[SourcePaper]) -> list[str]:
    return [item.error.code if item.error else "" for item in items]


def test_a_wanted_paper_is_alone_told_of(directory: Directory) -> None:
    data = snapshot_line(PAPER) + changed(OLD, title="") + b"not json\n"
    items = directory.gather(data, wanted=[("1805.08469", None)])
    assert codes(items) == ["", "json-syntax"]  # of the last line nobody knows which paper it is


@pytest.mark.parametrize("name", ["math/9901001", "math.AG/9901001"])
def test_what_is_wrong_with_a_wanted_paper_is_told_once(directory: Directory, name: str) -> None:
    data = snapshot_line(PAPER) + changed(OLD, id=name, title="")
    items = directory.gather(data, wanted=[("math/9901001", None), ("math/9901001", None)])
    assert codes(items) == ["field-empty"]


def test_a_wanted_paper_that_was_deleted(directory: Directory) -> None:
    page = oai_page([raw_record(attrs.evolve(PAPER, deleted=True)), raw_record(OLD)])
    (item,) = directory.gather(page, wanted=[("1805.08469", None)])
    assert (item.deleted_id, item.error, item.paper) == ("1805.08469", None, None)


@pytest.mark.parametrize(("version", "expected"), [(None, [""]), (2, [""]), (1, ["version-not-there"])])
def test_a_wanted_version(directory: Directory, version: int | None, expected: list[str]) -> None:
    assert codes(directory.gather(snapshot_line(PAPER), wanted=[("1805.08469", version)])) == expected


def test_a_paper_that_is_not_there(directory: Directory) -> None:
    items = directory.gather(snapshot_line(PAPER), wanted=[("1805.99999", 1), ("1805.99999", 2)])
    assert codes(items) == ["paper-not-there", "paper-not-there"]


def test_completed_from_one_of_several(directory: Directory) -> None:
    (item,) = directory.gather(atom(PAPER), snapshot_line(OLD), snapshot_line(PAPER))
    assert item.paper is not None
    assert item.paper.authors == PAPER.authors


def test_two_that_agree_are_no_dispute(directory: Directory) -> None:
    unwrapped = changed(PAPER, abstract=" ".join(PAPER.abstract.split()))
    (item,) = directory.gather(atom(PAPER), snapshot_line(PAPER), oai_page([raw_record(PAPER)]), unwrapped)
    assert item.paper is not None


@pytest.mark.parametrize("turned", [False, True])
def test_two_that_disagree_complete_nothing(directory: Directory, turned: bool) -> None:
    others = [snapshot_line(PAPER), changed(PAPER, license="http://example.org/other")]
    items = directory.gather(atom(PAPER), *(reversed(others) if turned else others))
    assert codes(items) == ["complete-disagrees"]


def test_a_feed_that_tells_no_more_completes_nothing(directory: Directory) -> None:
    items = directory.gather(atom(PAPER), atom(PAPER), oai_page([arxiv_record(PAPER)]))
    assert codes(items) == ["complete-missing"]


def test_a_deleted_record_completes_nothing(directory: Directory) -> None:
    page = oai_page([raw_record(attrs.evolve(PAPER, deleted=True))])
    assert codes(directory.gather(atom(PAPER), page)) == ["complete-missing"]


def test_what_is_wrong_with_the_completing_source_is_told(directory: Directory) -> None:
    items = directory.gather(atom(PAPER), b"not json\n" + snapshot_line(PAPER), b"")
    assert sorted(codes(items)) == ["", "json-syntax", "source-empty"]
