"""Every source that the program reads, as a person gives it: the same paper, the same bytes."""

from __future__ import annotations

import gzip
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest

from tests.support import feeds
from tests.support.cli import (
    Result,
    bundles,
    code_of,
    contents,
    finish,
    lines,
    make_workspace,
    mint,
    run,
    start,
)
from tests.support.feeds import FeedPaper

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FEEDS = Path(__file__).parents[1] / "vectors" / "feeds"
EXAMPLES = Path(__file__).parents[2] / "examples" / "feeds"
BEGIN = datetime(2018, 5, 22, 9, 32, 21, tzinfo=UTC)


def feed_paper(number: int, versions: int = 2) -> FeedPaper:
    return FeedPaper(
        arxiv_id=f"1805.{number:05d}",
        title=f"On problem {number}\n  of tests",
        abstract=f"  We treat <{number}> & more.\n",
        authors="Ada Lovelace and Émilie du Châtelet",
        categories=("cs.LG", "math.CO"),
        license="http://creativecommons.org/licenses/by/4.0/",
        versions=tuple(BEGIN + timedelta(days=40 * index) for index in range(versions)),
        datestamp="2018-07-02",
    )


PAPERS = [feed_paper(number) for number in (1, 2, 3)]
IDS = [paper.arxiv_id for paper in PAPERS]
SNAPSHOT = b"".join(map(feeds.snapshot_line, PAPERS))
RAW = feeds.oai_page([feeds.raw_record(paper) for paper in PAPERS])
ARXIV = feeds.oai_page([feeds.arxiv_record(paper) for paper in PAPERS], prefix="arXiv")
ATOM = feeds.atom_feed(
    [feeds.atom_entry(paper, 2, [name.full() for name in feeds.author_names(paper.authors)]) for paper in PAPERS],
    total=3,
    start=0,
    per_page=10,
)
COMPLETE = {"snapshot": SNAPSHOT, "arXivRaw": RAW}
INCOMPLETE = {"arXiv": ARXIV, "Atom": ATOM}


def in_pieces(pack: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    return lambda data: b"".join(pack(data[at : at + 1000]) for at in range(0, len(data), 1000))


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    ".gz": gzip.compress,
    ".zst": zstd.compress,
    ".gz of members": in_pieces(gzip.compress),
    ".zst of frames": in_pieces(zstd.compress),
}


def derived(done: Result) -> list[str]:
    return [row["canonical_record"]["source"]["id"] for row in done.lines()]


def codes(done: Result) -> list[str]:
    said = [text for text in done.stderr.splitlines() if text.startswith("error: ")]
    return [text.partition(" [")[2].partition("]")[0] for text in said]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the papers give, from the snapshot."""
    source = tmp_path_factory.mktemp("expected") / "snapshot"
    source.write_bytes(SNAPSHOT)
    done = run("derive", source)
    assert (done.returncode, derived(done)) == (0, IDS)
    return done.stdout


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
@pytest.mark.parametrize("kind", COMPLETE)
def test_derive_from_a_file_and_from_standard_input(
    tmp_path: Path, expected: str, kind: str, pack: Callable[[bytes], bytes]
) -> None:
    data = pack(COMPLETE[kind])
    source = tmp_path / "a name that says nothing"
    source.write_bytes(data)
    for done in (run("derive", source), run("derive", "-", stdin=data)):
        assert (done.returncode, done.stdout) == (0, expected)
        assert done.stderr == "derived 3, failed 0\n"


@pytest.mark.parametrize("kind", INCOMPLETE)
def test_an_incomplete_feed_alone_gives_nothing_and_says_what_is_missing(tmp_path: Path, kind: str) -> None:
    workspace = make_workspace(tmp_path / "w")
    missing = {
        "arXiv": ("version", "title", "abstract", "authors", "submitted_at"),
        "Atom": ("title", "abstract", "authors", "license"),
    }[kind]
    for done in (run("derive", "-", stdin=INCOMPLETE[kind]), mint(workspace, INCOMPLETE[kind])):
        assert done.returncode == 1
        assert codes(done) == ["source-incomplete"] * 3
        for name in missing:
            assert all(f" {name}" in text for text in done.stderr.splitlines() if text.startswith("error: "))
        assert "--complete-from" in done.stderr
    assert bundles(workspace / "mirror") == {}


@pytest.mark.parametrize("pack", ["plain", ".zst of frames"])
@pytest.mark.parametrize("second", COMPLETE)
@pytest.mark.parametrize("kind", INCOMPLETE)
def test_an_incomplete_feed_is_completed(tmp_path: Path, expected: str, kind: str, second: str, pack: str) -> None:
    other = tmp_path / "other"
    other.write_bytes(PACKERS[pack](COMPLETE[second]))
    done = run("derive", "-", "--complete-from", other, stdin=PACKERS[pack](INCOMPLETE[kind]))
    assert (done.returncode, done.stdout, done.stderr) == (0, expected, "derived 3, failed 0\n")


def test_completing_from_two_places_and_a_directory(tmp_path: Path, expected: str) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "one.jsonl").write_bytes(feeds.snapshot_line(PAPERS[0]))
    (tmp_path / "d" / "two.xml.gz").write_bytes(gzip.compress(feeds.oai_page([feeds.raw_record(PAPERS[1])])))
    (tmp_path / "three").write_bytes(feeds.snapshot_line(PAPERS[2]))
    options = ("--complete-from", tmp_path / "d", "--complete-from", tmp_path / "three")
    done = run("derive", "-", *options, stdin=ATOM)
    assert (done.returncode, done.stdout) == (0, expected)
    part = run("derive", "-", *options[:2], stdin=ATOM)
    assert (part.returncode, derived(part), codes(part)) == (1, IDS[:2], ["complete-missing"])


def test_a_second_source_of_another_version_or_time(tmp_path: Path) -> None:
    other = tmp_path / "other"
    newer = feed_paper(1, versions=3)
    later = attrs.evolve(PAPERS[1], versions=tuple(instant + timedelta(days=1) for instant in PAPERS[1].versions))
    retitled = attrs.evolve(PAPERS[2], title="On something else")
    other.write_bytes(b"".join(map(feeds.snapshot_line, (newer, later, retitled))))
    done = run("derive", "-", "--complete-from", other, stdin=ATOM)
    assert (done.returncode, done.stdout) == (1, "")
    assert codes(done) == ["complete-version", "complete-disagrees", "complete-disagrees"]
    assert ["revised_at" in text or "title" in text for text in done.stderr.splitlines()[1:3]] == [True, True]


def test_a_second_source_with_an_error_is_told(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b'{"id": 1}\n' + SNAPSHOT)
    done = run("derive", "-", "--complete-from", other, stdin=ATOM)
    assert (done.returncode, derived(done), codes(done)) == (1, IDS, ["field-missing"])


def test_one_paper_gives_one_mirror_from_every_source(tmp_path: Path) -> None:
    for name, data in {**COMPLETE, **INCOMPLETE}.items():
        (tmp_path / name).write_bytes(data)
    workspace = make_workspace(tmp_path / "w")
    sources: dict[str, tuple[str | Path, ...]] = {
        "snapshot": (tmp_path / "snapshot",),
        "arXivRaw": (tmp_path / "arXivRaw",),
        "Atom": (tmp_path / "Atom", "--complete-from", tmp_path / "arXivRaw"),
        "arXiv": (tmp_path / "arXiv", "--complete-from", tmp_path / "snapshot"),
    }
    mirrors = {}
    for name, (source, *options) in sources.items():
        for path in workspace.glob("ledger.sqlite3*"):
            path.unlink()  # as if nothing had been minted
        out = tmp_path / f"mirror of {name}"
        done = mint(workspace, Path(source), *options, "--out", out)
        assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "minted 3, failed 0")
        assert len(bundles(out)) == 3
        mirrors[name] = contents(out)
    assert all(mirror == mirrors["snapshot"] for mirror in mirrors.values())


def test_the_same_papers_from_another_source_are_not_minted_again(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "w")
    assert mint(workspace, SNAPSHOT).returncode == 0
    before = contents(workspace / "mirror" / "pith")
    done = mint(workspace, gzip.compress(RAW), "--json")
    assert [row["status"] for row in done.lines()] == ["unchanged"] * 3
    assert contents(workspace / "mirror" / "pith") == before


def test_deleted_records_are_noticed_and_no_failure(tmp_path: Path) -> None:
    gone = attrs.evolve(PAPERS[1], deleted=True)
    page = feeds.oai_page([feeds.raw_record(paper) for paper in (PAPERS[0], gone, PAPERS[2])])
    done = run("derive", "-", stdin=page)
    assert (done.returncode, derived(done)) == (0, [IDS[0], IDS[2]])
    assert done.stderr == f"note: {IDS[1]} is deleted at its source\nderived 2, failed 0\n"
    workspace = make_workspace(tmp_path / "w")
    minted = mint(workspace, page, "--json")
    assert minted.returncode == 0
    assert [row["status"] for row in minted.lines()] == ["minted", "deleted", "minted"]
    assert IDS[1] in json.dumps(minted.lines()[1])
    assert len(bundles(workspace / "mirror")) == 2


def test_some_papers_only(tmp_path: Path) -> None:
    source = tmp_path / "raw"
    source.write_bytes(RAW)
    table: dict[tuple[str, ...], tuple[list[str], list[str]]] = {
        ("--id", IDS[1]): ([IDS[1]], []),
        ("--id", f"{IDS[1]}v2"): ([IDS[1]], []),
        ("--id", f"{IDS[2]},{IDS[0]}v2"): ([IDS[0], IDS[2]], []),
        ("--id", IDS[2], "--id", IDS[0]): ([IDS[0], IDS[2]], []),
        ("--id", f"{IDS[1]}v1"): ([], ["version-not-there"]),
        ("--id", f"{IDS[1]}v3"): ([], ["version-not-there"]),
        ("--id", "1805.99999"): ([], ["paper-not-there"]),
        ("--id", "1805.99999v1", "--id", IDS[0]): ([IDS[0]], ["paper-not-there"]),
    }
    for options, (read, errors) in table.items():
        done = run("derive", source, *options)
        assert (done.returncode, derived(done), codes(done)) == (len(errors), read, errors), options


def test_an_older_version_is_never_minted_from_the_text_of_the_newest(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "w")
    for data in COMPLETE.values():
        done = mint(workspace, data, "--id", f"{IDS[0]}v1")
        assert (done.returncode, code_of(done)) == (1, "version-not-there")
        assert f"error: paper {IDS[0]}v1: " in done.stderr
        assert "expected version 1; found version 2" in done.stderr
        assert "newest version only" in done.stderr
    assert bundles(workspace / "mirror") == {}


def test_an_identifier_that_is_none_is_wrong_usage() -> None:
    done = run("derive", "-", "--id", "1805.1v0", stdin=RAW)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--id" in done.stderr


def test_a_directory(tmp_path: Path) -> None:
    root = tmp_path / "d"
    (root / "b" / "deep").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / "a.jsonl.zst").write_bytes(zstd.compress(feeds.snapshot_line(PAPERS[0])))
    (root / "b" / "deep" / "page").write_bytes(feeds.oai_page([feeds.raw_record(PAPERS[1])]))
    (root / "c.gz").write_bytes(gzip.compress(feeds.snapshot_line(PAPERS[2])))
    good = run("derive", root)
    assert (good.returncode, derived(good)) == (0, IDS)

    (root / ".hidden").write_bytes(b"rubbish")
    (root / ".git" / "rubbish").write_bytes(b"rubbish")
    assert run("derive", root) == good

    unrelated = {
        "b/paper.pdf": (b"%PDF-1.5\n\xd0", "source-unknown"),
        "b/readme.txt": (b"About this directory.\n", "source-unknown"),
        "b/empty": (b"", "source-empty"),
        "b/page.html": (b"<html><body/></html>", "source-unknown"),
        "b/other.json": (b'{"a": 1}\n', "field-missing"),
        "b/cut.gz": (gzip.compress(SNAPSHOT)[:40], "compressed-truncated"),
    }
    for name, (data, _) in unrelated.items():
        (root / name).write_bytes(data)
    os.mkfifo(root / "b" / "pipe")
    (root / "b" / "link").symlink_to(root / "absent")
    (root / "b" / "loop").symlink_to(root)
    places = {**{name: code for name, (_, code) in unrelated.items()}, "b/pipe": "read-failed", "b/link": "read-failed"}
    workspace = make_workspace(tmp_path / "w")
    for done in (run("derive", root), mint(workspace, root)):
        assert done.returncode == 1
        said = [text for text in done.stderr.splitlines() if text.startswith("error: ")]
        assert len(said) == len(places)
        for name, code in places.items():
            (error,) = (text for text in said if text.startswith(f"error: {root / name}:"))
            assert f"[{code}]" in error
    assert derived(run("derive", root)) == IDS
    assert len(bundles(workspace / "mirror")) == 3


def test_several_sources_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(lines(1))
    (tmp_path / "two").write_bytes(RAW)
    done = run("derive", tmp_path / "two", "-", tmp_path / "one", stdin=lines(2))
    assert (done.returncode, derived(done)) == (0, [*IDS, "2001.00002", "2001.00001"])


def test_a_pipe_that_is_named_is_read(tmp_path: Path, expected: str) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    process = start("derive", pipe)
    pipe.write_bytes(zstd.compress(RAW))
    done = finish(process)
    assert (done.returncode, done.stdout) == (0, expected)


SLOW = {
    "snapshot": SNAPSHOT,
    "arXivRaw": RAW,
    "gzip": gzip.compress(RAW),
    "Zstandard": zstd.compress(RAW),
    "a blank line first": b"\n" + RAW.partition(b"\n")[2],
}


@pytest.mark.parametrize("data", SLOW.values(), ids=SLOW)
def test_a_writer_that_begins_slowly(expected: str, data: bytes) -> None:
    process = start("derive", "-")
    assert process.stdin is not None
    process.stdin.write(data[:1])
    process.stdin.flush()
    done = finish(process, data[1:])
    assert (done.returncode, done.stdout) == (0, expected)


def test_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "absent")
    for path in (tmp_path / "absent", tmp_path / "link"):
        done = run("derive", path)
        assert (done.returncode, done.stdout) == (2, "")
        assert str(path) in done.stderr


def test_the_examples() -> None:
    raw, atom, arxiv = (EXAMPLES / name for name in ("oai-arxivraw.xml", "atom.xml", "oai-arxiv.xml"))
    alone = run("derive", raw)
    assert (alone.returncode, derived(alone)) == (0, ["2609.17526", "2609.17505", "2609.17383"])
    assert run("derive", atom, "--complete-from", raw) == alone
    assert run("derive", "-", stdin=gzip.compress(raw.read_bytes())) == alone
    assert run("derive", "-", stdin=zstd.compress(raw.read_bytes())) == alone
    assert codes(run("derive", arxiv)) == ["source-incomplete"] * 3


def test_what_arxiv_answered(tmp_path: Path) -> None:
    done = run("derive", *sorted(FEEDS.glob("oai*arXivRaw*.xml")))
    assert (done.returncode, done.stderr) == (0, "derived 10, failed 0\n")
    for path in sorted(FEEDS.glob("*-error-*.xml")):
        refused = run("derive", path)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert code_of(refused) in ("oai-error", "atom-error")
