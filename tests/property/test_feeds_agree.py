"""One paper, whichever way it came from arXiv: the same metadata, the same record, the same bundle, byte for byte."""

from __future__ import annotations

import gzip
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import attrs
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from pithbuilder.bulk.gather import gather_papers
from pithbuilder.core.arxiv_id import without_subject_class
from pithbuilder.core.digest import sha256_hex
from pithbuilder.core.text import canonical_text
from pithbuilder.core.timestamps import FixedClock
from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.documents.record import CanonicalRecord
from pithbuilder.issuing.issuer import Issuer
from pithbuilder.issuing.profile import IssuerProfile
from pithbuilder.signing.backends.local import LocalSigner
from pithbuilder.sources.harvested import HarvestedRecord
from pithbuilder.sources.reading import read_papers
from pithbuilder.sources.source_paper import Origin, SourcePaper
from tests.support import feeds
from tests.support.feeds import FeedPaper
from tests.support.signers import KEY

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MANY = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FEW = settings(MANY, max_examples=60)

OAI_SPACES = {"": "http://www.openarchives.org/OAI/2.0/", "xsi": "http://www.w3.org/2001/XMLSchema-instance"}
ATOM_SPACES = {"": "http://www.w3.org/2005/Atom", "arxiv": "http://arxiv.org/schemas/atom"}

PIECES = (
    r"$p<q$ & more",
    r"Erd\H{o}s--R\'enyi",
    r"\emph{a priori}",
    r"{\L}ukasz, Rico M\"ockel",
    r"$L^2(\mathbb{R}^n)$",
    "]]>",
    "<b>&amp;&lt;&#38;</b>",
    "<![CDATA[x]]>",
    "\"double\" and 'single'",
    "naïve Schrödinger İSTANBUL ΣΊΣΥΦΟΣ",
    "量子场论 𝔤-modules",
    "e\u0301tale \u200b",
    "{braces}",
    "\\u0041 \\n",
)
SPACES = (" ", " ", "  ", "\n", "\n  ", "\n\n", "\t", "\r\n", "\r", "\u00a0", "\u2028", "\u0085", "\u3000")

# What XML 1.0 can hold (section 2.2).
CHARACTERS = st.characters(
    exclude_categories=["Cs"],
    exclude_characters="".join(map(chr, {*range(32)} - {9, 10, 13})) + "\ufffe\uffff",
)


@st.composite
def wrapped_texts(draw: st.DrawFn) -> str:
    words = draw(st.lists(st.sampled_from(PIECES) | st.text(CHARACTERS, max_size=8), min_size=1, max_size=12))
    spaces = draw(st.lists(st.sampled_from(SPACES), min_size=len(words) + 1, max_size=len(words) + 1))
    return "".join(space + word for space, word in zip(spaces, [*words, ""], strict=True))


TEXTS = (wrapped_texts() | st.text(CHARACTERS, min_size=1)).filter(lambda text: bool(canonical_text(text)))
AUTHORS = st.lists(
    st.sampled_from(
        [
            *("Ada Lovelace", "Émilie du Châtelet", r"{\L}ukasz M\"ockel", "Sand", "Anderson", "李 & <Sons>", "X\n  Y"),
            *("the ATLAS Collaboration", "J. Roe Jr. (1, 2)", "((1) Here, There)", "and"),
        ]
    ),
    min_size=1,
    max_size=6,
).flatmap(lambda names: st.sampled_from([", ", " and ", ",\n  ", " ,", ", and "]).map(lambda comma: comma.join(names)))
IDS = st.sampled_from(
    [
        *("1805.08469", "0704.0001", "9107.99999"),
        *("math/9901001", "math.AG/9901001", "cs/9808001", "cs.CL/9808001", "cmp-lg/9808001", "hep-th/9901002"),
    ]
)
CATEGORIES = st.lists(
    st.sampled_from(["cs.NA", "math.AG", "hep-th", "cond-mat.str-el", "physics.hist-ph", "chao-dyn"]),
    min_size=1,
    max_size=6,
)
LICENSES = st.sampled_from(
    [
        None,
        "",
        "http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
        "http://creativecommons.org/licenses/by/4.0/",
        "http://a.example/?a=1&b=<2>",
    ]
)
SECONDS = st.integers(0, 40 * 366 * 24 * 3600)


def instants(seconds: list[int]) -> tuple[datetime, ...]:
    return tuple(datetime(1991, 8, 14, tzinfo=UTC) + timedelta(seconds=number) for number in sorted(seconds))


PAPERS = st.builds(
    FeedPaper,
    arxiv_id=IDS,
    title=TEXTS,
    abstract=TEXTS,
    authors=AUTHORS.filter(lambda line: bool(line.strip())),
    categories=CATEGORIES.map(tuple),
    license=LICENSES,
    versions=st.lists(SECONDS, min_size=1, max_size=12).map(instants),
    datestamp=st.just("2026-05-18"),
)


class Route(NamedTuple):
    """One way from arXiv: a file, and the file that completes it."""

    name: str
    data: bytes
    completion: bytes | None = None

    @property
    def tells_all(self) -> bool:
        return self.completion is None


def metadata(paper: FeedPaper) -> PaperMetadata:
    return PaperMetadata(
        arxiv_id=without_subject_class(paper.arxiv_id),
        version=len(paper.versions),
        title=paper.title,
        abstract=paper.abstract,
        authors=paper.authors,
        categories=paper.categories,
        license=paper.license or "",
        submitted_at=paper.versions[0],
    )


def harvested(raw: str, spaces: dict[str, str], arxiv_id: str) -> bytes:
    data = raw.rstrip("\n").encode()
    origin = Origin("https://oaipmh.arxiv.org/oai?verb=ListRecords", "2026-05-18T00:15:26Z", sha256_hex(data))
    record = HarvestedRecord(origin=origin, source_id=arxiv_id, datestamp="2026-05-18", namespaces=spaces, raw=data)
    return record.to_line()


def displayed(paper: FeedPaper) -> FeedPaper:
    """As the feeds of 2026 show a paper: on one line, and TeX turned into Unicode where there is some."""

    def shown(text: str) -> str:
        line = " ".join(text.split())
        return feeds.unicode_text(line) if "\\" in line or "$" in line else line

    return attrs.evolve(paper, title=shown(paper.title), abstract=shown(paper.abstract))


def complete_routes(paper: FeedPaper, padding: int = 0) -> Iterator[Route]:
    raw = feeds.raw_record(paper)
    yield Route("snapshot", feeds.snapshot_line(paper))
    # The padding moves the record across the places where the parser's pieces end.
    page = feeds.oai_page([raw], cursor=0, complete=1, token="")
    yield Route("ListRecords", page.replace(b"<responseDate>", b" " * padding + b"<responseDate>", 1))
    yield Route("GetRecord", feeds.oai_page([raw], verb="GetRecord"))
    yield Route("harvested", harvested(raw, OAI_SPACES, paper.arxiv_id))


def partial_routes(shown: FeedPaper, completing: FeedPaper) -> Iterator[Route]:
    """Feeds that do not tell all, and the completion of each."""
    snapshot, raw = feeds.snapshot_line(completing), feeds.oai_page([feeds.raw_record(completing)])
    # Until 2025 a record named the days of the first and the newest version, since then that of the newest one.
    generations = {"old": shown, "new": attrs.evolve(displayed(shown), versions=shown.versions[-1:])}
    for name, paper in generations.items():
        record = feeds.arxiv_record(paper)
        yield Route(f"{name} arXiv", feeds.oai_page([record], prefix="arXiv"), snapshot)
        yield Route(f"{name} arXiv, harvested", harvested(record, OAI_SPACES, paper.arxiv_id), raw)
    for name, paper in {"old": shown, "new": displayed(shown)}.items():
        authors = [author.full() for author in feeds.author_names(paper.authors)]
        entry = feeds.atom_entry(paper, len(paper.versions), authors)
        yield Route(f"{name} Atom", feeds.atom_feed([entry], 1, 0, 10), raw)
        yield Route(f"{name} Atom, harvested", harvested(entry, ATOM_SPACES, paper.arxiv_id), snapshot)


def compressions(route: Route) -> Iterator[Route]:
    yield route
    yield Route(f"{route.name}.gz", gzip.compress(route.data, 1), route.completion and gzip.compress(route.completion))
    yield Route(f"{route.name}.zst", zstd.compress(route.data), route.completion and zstd.compress(route.completion))


def read(route: Route) -> SourcePaper:
    if route.completion is None:
        (item,) = read_papers(BytesIO(route.data), "f")
        return item
    with tempfile.TemporaryDirectory() as directory:
        first, second = Path(directory, "first"), Path(directory, "second")
        first.write_bytes(route.data)
        second.write_bytes(route.completion)
        (item,) = gather_papers([first], complete_from=[second])
        return item


@cache
def issuer() -> Issuer:
    profile = IssuerProfile(signer_id="registry.example", mirror_name="Example", base_url="https://registry.example")
    return Issuer(profile, LocalSigner("test-only", KEY), FixedClock(datetime(2026, 11, 21, tzinfo=UTC)))


def number_of(paper: PaperMetadata) -> str:
    return str(CanonicalRecord.derive(paper).pith_number)


@MANY
@given(paper=PAPERS, other_id=st.booleans(), padding=st.integers(64_000, 66_000))
def test_every_route_leads_to_the_same_bytes(paper: FeedPaper, other_id: bool, padding: int) -> None:
    expected = metadata(paper)
    record = CanonicalRecord.derive(expected).canonical_bytes
    bundle = issuer().issue(expected).bundle_bytes
    completing = attrs.evolve(paper, arxiv_id=expected.arxiv_id) if other_id else paper
    for route in (*complete_routes(paper, padding), *partial_routes(paper, completing)):
        for packed in compressions(route):
            item = read(packed)
            assert item.error is None, (packed.name, str(item.error))
            assert item.paper == expected, packed.name
            assert item.revised_at == paper.versions[-1], packed.name
            assert (item.origin is not None) == ("harvested" in packed.name)
            assert CanonicalRecord.derive(item.paper).canonical_bytes == record
            assert issuer().issue(item.paper).bundle_bytes == bundle


@FEW
@given(paper=PAPERS)
def test_what_does_not_tell_all_is_never_minted_alone(paper: FeedPaper) -> None:
    for route in partial_routes(paper, paper):
        item = read(route._replace(completion=None))
        assert item.paper is None
        assert item.error is not None
        assert item.error.code == "source-incomplete"


@FEW
@given(paper=PAPERS.filter(lambda paper: len(paper.versions) > 1), data=st.data())
def test_another_version_completes_nothing(paper: FeedPaper, data: st.DataObject) -> None:
    """Whichever of the two is older: the text of one version never goes with the number of another."""
    other = attrs.evolve(paper, versions=paper.versions[: data.draw(st.integers(1, len(paper.versions) - 1))])
    for shown, completing in ((paper, other), (other, paper)):
        for route in partial_routes(shown, completing):
            item = read(route)
            if "Atom" in route.name:
                assert item.paper is None
                assert item.error is not None
                assert item.error.code == "complete-version"
                continue
            # The format arXiv names no version, only days: those of the first and the newest one, or of the newest.
            newest = shown.versions[-1].date()
            days = {newest}
            if route.name.startswith("old") and newest.isoformat() == shown.datestamp:  # might be of either generation
                days.add(shown.versions[0].date())
            if completing.versions[-1].date() in days:
                assert item.paper == metadata(completing)  # all of it is of the version that it is minted as
            else:
                assert item.paper is None
                assert item.error is not None
                assert item.error.code == "complete-disagrees"


@FEW
@given(paper=PAPERS)
def test_an_older_version_is_completed_where_the_second_source_has_it_too(paper: FeedPaper) -> None:
    older = attrs.evolve(paper, title="older", abstract="older", versions=paper.versions[:1])
    assume(len(paper.versions) > 1)
    both = feeds.snapshot_line(older) + feeds.snapshot_line(paper)
    for shown in (older, paper):
        for route in partial_routes(shown, shown):
            if "Atom" in route.name:
                assert read(route._replace(completion=both)).paper == metadata(shown)


def with_one_change(
    paper: FeedPaper, data: st.DataObject, characters: st.SearchStrategy[str] = CHARACTERS
) -> FeedPaper:
    """Change one character of a text to another that counts, or the date of the first version by a second."""
    name = data.draw(st.sampled_from(["title", "abstract", "date"]))
    if name == "date":
        first, *others = paper.versions
        return attrs.evolve(paper, versions=(first - timedelta(seconds=1), *others))
    text = getattr(paper, name)
    place = data.draw(st.integers(0, len(text) - 1))
    changed = text[:place] + data.draw(characters) + text[place + 1 :]
    assume(canonical_text(changed) not in ("", canonical_text(text)))
    return attrs.evolve(paper, **{name: changed})


@MANY
@given(paper=PAPERS, data=st.data())
def test_a_changed_text_never_has_the_number_of_the_unchanged_one(paper: FeedPaper, data: st.DataObject) -> None:
    changed = with_one_change(paper, data)
    unchanged = metadata(paper)
    for route in complete_routes(changed):
        item = read(route)
        assert item.paper == metadata(changed)
        assert number_of(item.paper) != number_of(unchanged)
    # The changed one completes: an error, or all of it. It is completed: an error, or nothing of it.
    for shown, completing in ((paper, changed), (changed, paper)):
        for route in partial_routes(shown, completing):
            item = read(route)
            assert (item.paper is None) != (item.error is None)
            if item.error is not None:
                assert item.error.code == "complete-disagrees"
            else:
                assert item.paper == metadata(completing), route.name
                assert number_of(item.paper) == number_of(metadata(completing))


PLAIN_CHARACTERS = st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="\\$")
PLAIN_TEXTS = st.text(PLAIN_CHARACTERS, min_size=1).filter(lambda text: bool(canonical_text(text)))


@FEW
@given(paper=PAPERS, title=PLAIN_TEXTS, abstract=PLAIN_TEXTS, data=st.data())
def test_a_change_is_noticed_where_no_tex_was_turned_into_unicode(
    paper: FeedPaper, title: str, abstract: str, data: st.DataObject
) -> None:
    plain = attrs.evolve(paper, title=title, abstract=abstract)
    changed = with_one_change(plain, data, PLAIN_CHARACTERS)
    for route in partial_routes(changed, plain):
        if "arXiv" in route.name and changed.versions != plain.versions:
            continue  # this format tells days only
        item = read(route)
        assert item.paper is None, route.name
        assert item.error is not None
        assert item.error.code == "complete-disagrees"
