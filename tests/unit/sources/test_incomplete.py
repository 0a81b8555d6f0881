"""What a feed lacks is taken from another one, which must agree with it in everything that both tell."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.sources.incomplete import complete, incomplete
from pithbuilder.sources.reading import read_papers
from pithbuilder.sources.source_paper import PartialMetadata, SourcePaper
from tests.support import feeds
from tests.support.feeds import FeedPaper

START = datetime(2018, 5, 22, 9, 32, 21, tzinfo=UTC)
REVISED = datetime(2018, 6, 2, 23, 59, 59, tzinfo=UTC)
PAPER = PaperMetadata(
    arxiv_id="1805.08469",
    version=2,
    title="On  a\n title",
    abstract="  An abstract\n",
    authors="A and B",
    categories=("cs.LG", "cs.AI", "stat.ML"),
    license="http://creativecommons.org/licenses/by/4.0/",
    submitted_at=START,
)
PARTIAL = PartialMetadata(
    feed="Atom",
    missing=("title", "license"),
    arxiv_id="1805.08469",
    version=2,
    days=frozenset({(date(2018, 5, 22), date(2018, 6, 2))}),
    submitted_at=START,
    title="On a title",
    abstract="An abstract",
    categories=("cs.LG", "stat.ML", "cs.AI"),
    license=None,
)


def test_what_nothing_completes() -> None:
    item = incomplete(PARTIAL, "f:3")
    assert (item.place, item.paper, item.partial) == ("f:3", None, PARTIAL)
    assert item.error is not None
    assert (item.error.code, item.error.where) == ("source-incomplete", "f:3: paper 1805.08469")
    assert "Atom does not tell title and license" in item.error.message
    assert "arXivRaw" in item.error.expected
    assert "--complete-from" in item.error.hint


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"version": None},
        {"submitted_at": None},
        {"license": PAPER.license},
        {"days": frozenset({(date(2018, 5, 1), date(2018, 5, 2)), (date(2018, 5, 22), date(2018, 6, 2))})},
        {"days": frozenset({(None, date(2018, 6, 2))})},
        {"categories": PAPER.categories},
    ],
    ids=lambda changes: " ".join(changes) or "nothing",
)
def test_what_agrees_gives_the_whole_paper(changes: dict[str, Any]) -> None:
    assert complete(attrs.evolve(PARTIAL, **changes), PAPER, REVISED, "f:3") == SourcePaper(
        "f:3", PAPER, revised_at=REVISED
    )


@pytest.mark.parametrize(("name", "text"), [("title", r"On \AA ngstr\"om"), ("abstract", "That $a$ is $b$")])
def test_tex_may_have_become_anything(name: str, text: str) -> None:
    changes: dict[str, Any] = {name: text}
    paper = attrs.evolve(PAPER, **changes)
    assert complete(PARTIAL, paper, REVISED, "f:3").paper == paper


DISAGREEMENTS: dict[str, tuple[dict[str, Any], str, str, str]] = {
    # name: (changes of the part, field, expected, found)
    "another day": ({"days": frozenset({(None, date(2018, 6, 3))})}, "revised_at", "2018-06-03", "2018-06-02"),
    "another first day": (
        {"days": frozenset({(date(2018, 5, 21), date(2018, 6, 2))})},
        "revised_at",
        "2018-06-02",
        "2018-06-02",
    ),
    "other days": (
        {"days": frozenset({(None, date(2018, 6, 3)), (None, date(2018, 6, 1))})},
        "revised_at",
        "2018-06-01 or 2018-06-03",
        "",
    ),
    "another beginning": ({"submitted_at": START + timedelta(seconds=1)}, "submitted_at", "32:22", "32:21"),
    "another title": ({"title": "On another title"}, "title", "On another title", "On  a"),
    "another abstract": ({"abstract": "An abstract, cut"}, "abstract", "cut", "An abstract"),
    "another primary category": ({"categories": ("cs.AI", "cs.LG", "stat.ML")}, "categories", "'cs.AI', 'cs", "'cs.LG"),
    "one category more": ({"categories": (*PAPER.categories, "math.CO")}, "categories", "math.CO", "cs.LG"),
    "one category less": ({"categories": PAPER.categories[:2]}, "categories", "cs.AI", "stat.ML"),
    "another license": ({"license": "http://x.example/"}, "license", "x.example", "creativecommons"),
    "no license": ({"license": ""}, "license", "''", "creativecommons"),
}


@pytest.mark.parametrize("name", DISAGREEMENTS)
def test_what_disagrees_gives_none(name: str) -> None:
    changes, field, expected, found = DISAGREEMENTS[name]
    partial = attrs.evolve(PARTIAL, **changes)
    item = complete(partial, PAPER, REVISED, "f:3")
    assert (item.paper, item.partial) == (None, partial)
    assert item.error is not None
    assert (item.error.code, item.error.where) == ("complete-disagrees", f"f:3: paper 1805.08469: $.{field}")
    assert expected in item.error.expected
    assert found in item.error.found


def test_a_source_that_tells_no_day_of_the_version_completes_nothing() -> None:
    item = complete(PARTIAL, PAPER, None, "f:3")
    assert item.error is not None
    assert item.error.code == "complete-disagrees"


def test_a_feed_that_tells_no_category() -> None:
    item = complete(attrs.evolve(PARTIAL, categories=()), PAPER, REVISED, "f:3")
    assert item.error is not None
    assert (item.error.code, item.error.where) == ("complete-disagrees", "f:3: paper 1805.08469: $.categories")


def test_another_version() -> None:
    item = complete(attrs.evolve(PARTIAL, version=1), PAPER, REVISED, "f:3")
    assert (item.paper, item.place) == (None, "f:3")
    assert item.error is not None
    assert (item.error.code, item.error.where) == ("complete-version", "f:3: paper 1805.08469")
    assert item.error.expected == "version 1"
    assert item.error.found.startswith("version 2")


def test_no_such_paper() -> None:
    item = complete(PARTIAL, None, None, "f:3")
    assert item.paper is None
    assert item.error is not None
    assert (item.error.code, item.error.where) == ("complete-missing", "f:3: paper 1805.08469")
    assert "--complete-from" in item.error.expected


WORDS = st.lists(st.sampled_from(["On", "a", "x<y", "&", r"\'e", "$x$", "Émilie", "TEXT"]), min_size=1, max_size=6)


@given(
    title=WORDS,
    abstract=WORDS,
    wrapped=st.sampled_from([" ", "\n  ", "\n"]),
    count=st.integers(1, 3),
    stated=st.booleans(),
    shown=st.booleans(),
)
def test_any_paper_is_completed_to_what_the_snapshot_tells(
    title: list[str], abstract: list[str], wrapped: str, count: int, stated: bool, shown: bool
) -> None:
    paper = FeedPaper(
        arxiv_id="1805.08469",
        title=wrapped.join(title),
        abstract=f"  {wrapped.join(abstract)}\n",
        authors=r"\'Emilie du Ch\^atelet and Ada Lovelace (1) ((1) Here)",
        categories=("cs.LG", "cs.AI"),
        license=PAPER.license if stated else None,
        versions=tuple(START + timedelta(days=number) for number in range(count)),
        datestamp="2018-06-03",
    )
    # As servers show it since 2025: on one line, and TeX as Unicode.
    one_line = attrs.evolve(
        paper,
        title=feeds.unicode_text(" ".join(title)) if shown else paper.title,
        abstract=feeds.unicode_text(" ".join(abstract)) if shown else paper.abstract,
    )
    (whole,) = read_papers(BytesIO(feeds.snapshot_line(paper)), "s")
    atom = feeds.atom_feed([feeds.atom_entry(one_line, count, ["A"])], 1, 0, 10)
    for document in (atom, feeds.oai_page([feeds.arxiv_record(one_line)])):
        (part,) = read_papers(BytesIO(document), "f")
        assert part.partial is not None
        completed = complete(part.partial, whole.paper, whole.revised_at, "f")
        assert (completed.paper, completed.error) == (whole.paper, None)
