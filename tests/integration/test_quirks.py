"""The oddities of arXiv's metadata, from the files as arXiv writes them to numbers, snapshots and bundles."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import attrs
import pytest

from pithbuilder.core.pith_number import PithNumber
from pithbuilder.core.timestamps import FixedClock, parse_seconds
from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.documents.record import CanonicalRecord
from pithbuilder.issuing.issuer import Issuer
from pithbuilder.issuing.profile import IssuerProfile
from pithbuilder.signing.backends.local import LocalSigner
from pithbuilder.sources.reading import read_papers
from tests.support import feeds
from tests.support.cli import PUBLISHED, bundles, contents, make_workspace, mint, run
from tests.support.feeds import FeedPaper
from tests.support.signers import KEY

PAPER = FeedPaper(
    arxiv_id="0804.0581",
    title="On a problem",
    abstract="  We solve it.\n",
    authors="Ada Lovelace",
    categories=("math.CO",),
    license=None,
    versions=(datetime(2008, 4, 3, 12, 0, 9, tzinfo=UTC),),
    datestamp="2026-05-18",
)


def vectors(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (PUBLISHED / "vectors" / name).read_text(encoding="utf-8").splitlines()]


RECORDS = vectors("records.jsonl")
AUTHORS = vectors("authors.jsonl")


def read(data: bytes) -> PaperMetadata:
    (item,) = read_papers(BytesIO(data), "f")
    assert item.error is None, str(item.error)
    assert item.paper is not None
    return item.paper


def code(data: bytes) -> str:
    (item,) = read_papers(BytesIO(data), "f")
    assert item.paper is None
    assert item.error is not None
    return item.error.code


def raw_page(*records: str) -> bytes:
    return feeds.oai_page(records)


def raw(paper: FeedPaper) -> bytes:
    return raw_page(feeds.raw_record(paper))


def read_both_ways(paper: FeedPaper) -> PaperMetadata:
    """Read a paper from the snapshot and from arXivRaw, which must say the same."""
    found = read(raw(paper))
    assert read(feeds.snapshot_line(paper)) == found
    return found


def number(paper: PaperMetadata) -> str:
    return str(CanonicalRecord.derive(paper).pith_number)


@cache
def issuer() -> Issuer:
    profile = IssuerProfile(signer_id="registry.example", mirror_name="Example", base_url="https://registry.example")
    return Issuer(profile, LocalSigner("test-only", KEY), FixedClock(datetime(2026, 11, 21, tzinfo=UTC)))


def summary(paper: PaperMetadata) -> dict[str, str]:
    """Return what the graph snapshot of a paper's bundle tells of the paper."""
    events = json.loads(issuer().issue(paper).bundle_bytes)["events"]
    (snapshot,) = (event for event in events if event["event_type"] == "graph_snapshot")
    found = snapshot["payload"]["graph_snapshot"]["paper"]
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("quirks") / "w")


# Every published record, through both feeds: the abstract alone is not known, only its digest.


def days_after(first: datetime, count: int) -> tuple[datetime, ...]:
    return tuple(first + timedelta(days=day) for day in range(count))


def published_paper(vector: dict[str, Any]) -> FeedPaper:
    """Return the paper of a published record, spelt with what feeds add: wraps, and a subject class in old ids."""
    record = vector["canonical_record"]
    told, source = record["metadata"], record["source"]
    archive, slash, digits = source["id"].partition("/")
    with_class = told["primary_cat"] if re.fullmatch(rf"{archive}\.[A-Z]{{2}}", told["primary_cat"]) else archive
    return attrs.evolve(
        PAPER,
        arxiv_id=f"{with_class}/{digits}" if slash else source["id"],
        title=vector.get("title", "not published").replace(" ", "\n  ", 1),
        authors=vector.get("authors_text") or "Nobody",
        categories=(told["primary_cat"], *told["cross_cats_sorted"]),
        license=told["license"] or None,
        versions=days_after(parse_seconds(told["submitted_at"]), source["version"]),
    )


@pytest.mark.parametrize("vector", RECORDS, ids=lambda vector: vector["canonical_record"]["source"]["id"])
def test_published_records_come_out_of_both_feeds(vector: dict[str, Any]) -> None:
    paper = read_both_ways(published_paper(vector))
    expected = vector["canonical_record"]
    derived: Any = CanonicalRecord.derive(paper).to_dict()
    unknown = ["abstract_canon_sha256", *(["title_canon_sha256"] if "title" not in vector else [])]
    for name in unknown:
        derived["metadata"][name] = expected["metadata"][name]
    assert derived == expected
    assert str(PithNumber.derive(derived)) == vector["pith_number"]
    if vector.get("authors_text"):
        assert summary(paper)["authors_text"] == vector["authors_text"]


def test_the_published_records_have_these_quirks() -> None:
    found = [published_paper(vector) for vector in RECORDS]
    assert sum("/" in paper.arxiv_id for paper in found) >= 15
    assert any(re.match(r"math\.[A-Z]{2}/", paper.arxiv_id) for paper in found)
    assert any(paper.categories.count(paper.categories[0]) == 2 for paper in found)
    assert sum(paper.license is None for paper in found) >= 15
    assert sum("\\" in paper.title for paper in found) >= 5


# Identifiers


@pytest.mark.parametrize(
    ("with_class", "without"),
    [("math.AG/9901001", "math/9901001"), ("cs.LG/0504039", "cs/0504039"), ("physics.HO/0310126", "physics/0310126")],
)
def test_an_old_id_has_one_number_with_and_without_its_class(with_class: str, without: str) -> None:
    found = [read_both_ways(attrs.evolve(PAPER, arxiv_id=arxiv_id)) for arxiv_id in (with_class, without)]
    assert found[0] == found[1]
    assert found[0].arxiv_id == without


def test_one_bundle_for_an_old_id_with_and_without_its_class(workspace: Path, tmp_path: Path) -> None:
    lines = [feeds.snapshot_line(attrs.evolve(PAPER, arxiv_id=name)) for name in ("math.AG/9901001", "math/9901001")]
    out = tmp_path / "mirror"
    first = mint(workspace, lines[0], "--out", out, "--json")
    files = contents(out)
    second = mint(workspace, lines[1], "--out", out, "--json")
    raw_file = raw(attrs.evolve(PAPER, arxiv_id="math.AG/9901001"))
    third = mint(workspace, raw_file, "--out", out, "--json")
    rows = [row for done in (first, second, third) for row in done.lines()]
    assert [row["status"] for row in rows] == ["minted", "unchanged", "unchanged"]
    assert len({row["pith_number"] for row in rows}) == 1
    assert len(bundles(out)) == 1
    assert contents(out) == files


def test_two_archives_are_two_papers_under_one_digit_string() -> None:
    lines = b"".join(feeds.snapshot_line(attrs.evolve(PAPER, arxiv_id=a)) for a in ("cs/9808001", "cmp-lg/9808001"))
    rows = run("derive", "-", stdin=lines).lines()
    assert [row["canonical_record"]["source"]["id"] for row in rows] == ["cs/9808001", "cmp-lg/9808001"]
    assert len({row["pith_number"] for row in rows}) == 2


# Withdrawn papers: rows of arXiv's own test database (github.com/arXiv/oaipmh, tests/data/browse.db), cut short: id,
# categories and license, and under them each version's date, size in bytes, source type and the abstract's beginning.
ROWS = """
1101.2736; quant-ph; http://arxiv.org/licenses/nonexclusive-distrib/1.0/
 2011-01-14T08:30:22Z; 67515; ; We propose a technique of low frequency phase signal detection.
 2011-02-02T01:07:51Z; 42; I; This paper has been withdrawn by the author due to an error on the  modulation.
 2011-08-24T08:51:07Z; 133148; ; We calculate the utility of high-frequency squeezed-state enhanced interferometry.
1101.6031; quant-ph; http://arxiv.org/licenses/nonexclusive-distrib/1.0/
 2011-01-31T17:27:36Z; 8229; ; The time-dependent equation is obtained.
 2011-02-02T11:53:40Z; 42; I; This paper and abstract have been withdrawn.
0906.3336; math.DG; http://creativecommons.org/licenses/by/3.0/
 2009-06-18T02:19:29Z; 8536; ;   We prove inequalities.
 2009-06-19T14:29:19Z; 110; ;   This paper has been withdrawn since the results are not satisfied.
cond-mat/0703772; cond-mat.str-el cond-mat.mtrl-sci;
 2007-03-29T06:04:23Z; 284321; ;   Combining quantum Monte Carlo simulations with the maximum entropy method.
 2011-02-02T11:55:18Z; 42; I;   Combining quantum Monte Carlo simulations with the maximum entropy method.
"""


@attrs.frozen
class Row:
    """One version of a paper in arXiv's database."""

    created: str
    size: int = attrs.field(converter=int)
    source_type: str
    abstract: str


WITHDRAWN = {
    head.split("; ")[0]: [Row(*line[1:].split("; ", 3)) for line in rows.splitlines()]
    for head, rows in re.findall(r"^(\S.*)\n((?: .*\n)+)", ROWS, re.MULTILINE)
}


def states_of(arxiv_id: str) -> Iterator[FeedPaper]:
    """Yield the paper as the feeds had it after each of its versions."""
    (head,) = (line for line in ROWS.splitlines() if line.startswith(arxiv_id))
    _, categories, url = head.split(";")
    for count, row in enumerate(WITHDRAWN[arxiv_id], 1):
        yield attrs.evolve(
            PAPER,
            arxiv_id=arxiv_id,
            abstract=row.abstract,
            categories=tuple(categories.split()),
            license=url.strip() or None,
            versions=tuple(parse_seconds(older.created) for older in WITHDRAWN[arxiv_id][:count]),
        )


def raw_with_sources(paper: FeedPaper) -> str:
    """Return the paper's record with the sizes and source types of its versions: 0kb and I where it was withdrawn."""
    rows = iter(WITHDRAWN[paper.arxiv_id])

    def told(_: re.Match[str]) -> str:
        row = next(rows)
        kind = f"<source_type>{row.source_type}</source_type>" if row.source_type else ""
        return f"<size>{row.size // 1024}kb</size>{kind}"

    return re.sub(r"<size>19kb</size><source_type>D</source_type>", told, feeds.raw_record(paper))


@pytest.mark.parametrize("arxiv_id", WITHDRAWN)
def test_every_version_of_a_withdrawn_paper_has_its_own_number(arxiv_id: str) -> None:
    """A withdrawn version is a version: with its own text, the license as it is, and the first version's date."""
    found = []
    for version, state in enumerate(states_of(arxiv_id), 1):
        record = raw_with_sources(state)
        row = WITHDRAWN[arxiv_id][version - 1]
        assert ("<size>0kb</size><source_type>I<" in record.rpartition("<version ")[2]) == (row.source_type == "I")
        paper = read(raw_page(record))
        assert paper == read(feeds.snapshot_line(state))
        assert (paper.version, paper.abstract) == (version, row.abstract)
        assert paper.submitted_at_text == WITHDRAWN[arxiv_id][0].created
        found.append(number(paper))
    assert len(set(found)) == len(WITHDRAWN[arxiv_id]) > 1


def test_withdrawn_then_live_again_is_minted_without_drift(workspace: Path, tmp_path: Path) -> None:
    out = tmp_path / "mirror"
    pages = [raw_page(raw_with_sources(state)) for state in states_of("1101.2736")]
    for page in pages:
        (row,) = mint(workspace, page, "--out", out, "--json").lines()
        assert row["status"] == "minted"
    assert len(bundles(out)) == 3
    for page in pages:
        assert [row["status"] for row in mint(workspace, page, "--out", out, "--json").lines()] == ["unchanged"]


# Licenses


def test_no_license_is_one_thing_however_it_is_said() -> None:
    lines = [json.loads(feeds.snapshot_line(PAPER)) | {"license": value} for value in (None, "")]
    with_element = feeds.raw_record(attrs.evolve(PAPER, license="there"))
    assert "<license>there</license>" in with_element
    spellings = ["", "<license></license>", "<license/>", "<license>\n </license>"]
    records = [with_element.replace("<license>there</license>", spelling) for spelling in spellings]
    found = [*(read(json.dumps(line).encode()) for line in lines), *(read(raw_page(record)) for record in records)]
    assert {paper.license for paper in found} == {""}
    assert len({number(paper) for paper in found}) == 1
    licensed = read_both_ways(attrs.evolve(PAPER, license="http://creativecommons.org/licenses/by/4.0/"))
    assert number(licensed) != number(found[0])


# Author lines


@pytest.mark.parametrize("vector", AUTHORS, ids=lambda vector: vector["suffix"][:8])
def test_published_author_lines_come_out_of_both_feeds(vector: dict[str, str]) -> None:
    names = vector["authors_text"].split(", ")
    for line in (", ".join(names), ",\n  ".join(names[::-1]), " and ".join(names[1:] + names[:1])):
        assert summary(read_both_ways(attrs.evolve(PAPER, authors=line)))["authors_text"] == vector["authors_text"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("The ATLAS Collaboration", "The ATLAS Collaboration"),
        ("ATLAS Collaboration, G. Aad, B. Abbott", "ATLAS Collaboration, B. Abbott, G. Aad"),
        ("G. Aad (for the ATLAS Collaboration)", "G. Aad (for the ATLAS Collaboration)"),
        ("H. Fox (on behalf of the D0 and CDF Collaborations)", "CDF Collaborations), H. Fox (on behalf of the D0"),
        (
            "J. Hodge (1, 2) and I. Smail (2) ((1) MPIA, (2) Durham)",
            "2), (2) Durham), I. Smail (2) ((1) MPIA, J. Hodge (1",
        ),
        ("Edward Anderson and Brandon Landau", "Brandon Landau, Edward Anderson"),
        ("Sand, A. and B.", "A., B., Sand"),
        # A comma that its submitter forgot (hep-ph/9811226) is not put in.
        ("Gang Zhao (Nankai), Wu-Sheng Dai (Nankai) Xiao-Gang He (NTU)",) * 2,
        ("Robert W. Molt, Jr., Jason N. Byrd", "Jason N. Byrd, Jr., Robert W. Molt"),
        ("A. Roe, Jr. and B. Poe, Jr.", "A. Roe, B. Poe, Jr."),
        ("Dorel Fetcu and Harold\n  Rosenberg", "Dorel Fetcu, Harold Rosenberg"),
        ("Gerg\\\"o Popping, Th\\'eo A and {\\L}ukasz B", "Gerg\\\"o Popping, {\\L}ukasz B, Th\\'eo A"),
        ("Sinya Aoki for JLQCD Collaboration, R. \\v{S}i", "R. \\v{S}i, Sinya Aoki for JLQCD Collaboration"),
    ],
)
def test_author_lines(line: str, expected: str) -> None:
    assert summary(read_both_ways(attrs.evolve(PAPER, authors=line)))["authors_text"] == expected


# Titles and abstracts


def raw_with_title(markup: str) -> bytes:
    record = feeds.raw_record(attrs.evolve(PAPER, title="there"))
    return raw_page(record.replace("<title>there</title>", f"<title>{markup}</title>"))


@pytest.mark.parametrize(
    ("markup", "title"),
    [
        ("$p&lt;q$ &amp; more", "$p<q$ & more"),
        ("$p&#60;q$ &#x26; more", "$p<q$ & more"),
        ("<![CDATA[$p<q$ & more]]>", "$p<q$ & more"),
        ("$p&lt;<![CDATA[q$ & ]]>more", "$p<q$ & more"),
        ("$p&lt;q$ <!-- a remark -->&amp; more", "$p<q$ & more"),
        ("&quot;stiff&quot; and &#34;soft&#34;", '"stiff" and "soft"'),
        ("O&#39;Brien&apos;s", "O'Brien's"),
        ("&amp;lt; stays &amp;amp; as it is", "&lt; stays &amp; as it is"),
        ("a&#160;b\u00a0c", "a\u00a0b\u00a0c"),
        ("one\ntwo\r\nthree", "one\ntwo\nthree"),  # XML makes every line end a line feed
        ("one&#13;&#10;two", "one\r\ntwo"),
        ("M&#xF6;bius \U0001d524", "Möbius \U0001d524"),
    ],
)
def test_a_title_in_xml_is_what_the_snapshot_has(markup: str, title: str) -> None:
    found = read(raw_with_title(markup))
    assert found.title == title
    assert found == read(feeds.snapshot_line(attrs.evolve(PAPER, title=title)))


@pytest.mark.parametrize("markup", ["$p<q$ more", "this & that", "a&nbsp;b", "a\x0bb", "a&#11;b", "a]]>b", "a<b>c"])
def test_a_title_that_is_no_xml_ends_the_document(markup: str) -> None:
    *before, last = read_papers(BytesIO(raw_with_title(markup)), "f")
    assert not [item for item in before if item.paper is not None]
    assert last.error is not None
    assert last.error.code in {"xml-syntax", "xml-truncated"}


def test_markup_in_a_title_is_no_part_of_it() -> None:
    assert code(raw_with_title("H<sub>2</sub>O")) == "field-markup"


@pytest.mark.parametrize(
    "title",
    ["On a\n  problem", " On a problem ", "On  a\tproblem", "On a\u00a0problem\n", "on A PROBLEM", "On\u2003a problem"],
)
def test_wraps_and_blanks_do_not_count(title: str) -> None:
    """As the feeds wrapped titles until 2025, and have them on one line since; a non-breaking blank is a blank."""
    assert number(read_both_ways(attrs.evolve(PAPER, title=title))) == number(read_both_ways(PAPER))


@pytest.mark.parametrize(
    "title", ["On a problem.", "On a prob-\nlem", "On aproblem", "On a\u200bproblem", "Ön a problem"]
)
def test_all_else_counts(title: str) -> None:
    assert number(read_both_ways(attrs.evolve(PAPER, title=title))) != number(read_both_ways(PAPER))


def test_paragraphs_are_shown_and_do_not_count() -> None:
    wrapped = "  The first paragraph is\nwrapped.\n  The second one\nas well.\n"
    one_line = "The first paragraph is wrapped. The second one as well."
    found = [read_both_ways(attrs.evolve(PAPER, abstract=text)) for text in (wrapped, one_line)]
    assert number(found[0]) == number(found[1])
    excerpts = [summary(paper)["abstract_excerpt"] for paper in found]
    assert excerpts == ["The first paragraph is wrapped.\n  The second one as well.", one_line]


# Categories and versions


def test_a_second_copy_of_the_primary_category_stays() -> None:
    twice = read_both_ways(attrs.evolve(PAPER, categories=("cs.NA", "cs.NA")))
    once = read_both_ways(attrs.evolve(PAPER, categories=("cs.NA",)))
    metadata = CanonicalRecord.derive(twice).metadata
    assert (metadata.primary_cat, metadata.cross_cats_sorted) == ("cs.NA", ("cs.NA",))
    assert number(twice) != number(once)
    (published,) = [row for row in RECORDS if row["canonical_record"]["source"]["id"] == "0804.0581"]
    assert published["canonical_record"]["metadata"]["cross_cats_sorted"] == ["cs.NA"]


def test_categories_that_are_no_more_and_their_order() -> None:
    in_order = read_both_ways(attrs.evolve(PAPER, categories=("chao-dyn", "ao-sci", "nlin.CD")))
    other = read_both_ways(attrs.evolve(PAPER, categories=("chao-dyn", "nlin.CD", "ao-sci")))
    swapped = read_both_ways(attrs.evolve(PAPER, categories=("nlin.CD", "ao-sci", "chao-dyn")))
    assert number(in_order) == number(other) != number(swapped)


def with_order(order: Sequence[int]) -> Iterator[bytes]:
    """Yield snapshot line and arXivRaw with the versions in that order."""
    paper = attrs.evolve(PAPER, versions=days_after(PAPER.versions[0], len(order)))
    line = json.loads(feeds.snapshot_line(paper))
    line["versions"] = [line["versions"][version - 1] for version in order]
    yield json.dumps(line).encode()
    found = re.findall(r"<version .*?</version>\n", feeds.raw_record(paper), re.DOTALL)
    head, _, tail = feeds.raw_record(paper).partition("".join(found))
    yield raw_page(head + "".join(found[version - 1] for version in order) + tail)


def test_twelve_versions() -> None:
    for data in with_order(range(1, 13)):
        paper = read(data)
        assert (paper.version, paper.submitted_at) == (12, PAPER.versions[0])


@pytest.mark.parametrize(
    "order",
    [
        sorted(range(1, 13), key=str),  # v1, v10, v11, v12, v2, ...: as strings are sorted
        range(12, 0, -1),
        (2, 3, 1),
        (1, 3, 2),
        (1, 1),
    ],
)
def test_versions_in_another_order_are_refused(order: Sequence[int]) -> None:
    assert [code(data) for data in with_order(order)] == ["version-order"] * 2


def test_a_day_of_one_digit_is_filled_up_or_not() -> None:
    """Until 2025 it was not, in arXivRaw; in the snapshot it is not."""
    old = raw(PAPER).replace(b"<date>Thu, 03 Apr 2008", b"<date>Thu, 3 Apr 2008")
    assert old != raw(PAPER)
    assert read(old) == read_both_ways(PAPER)
