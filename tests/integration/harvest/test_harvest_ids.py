"""Papers by their identifiers: OAI-PMH for the newest version, the query API for any."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.integration.harvest.harvests import (
    as_sent,
    check_complete,
    found,
    harvest_ids,
    ids_command,
    paper,
    papers,
    rows,
)
from tests.support.cli import code_of, finish, run, start
from tests.support.feed_server import FOREVER, Fault, FeedServer, Kind, Request

MISSING = re.compile(r"error: paper (\S+): .* \[paper-not-there\]")


def addresses(out: Path) -> list[str]:
    """Return what the id elements of harvested entries say after ``abs/``."""
    return [re.findall(r"<id>http://arxiv\.org/abs/(.*?)</id>", raw)[0] for _, raw in found(out)]


def test_oai_is_asked_for_one_paper_after_the_other(server: FeedServer, out: Path) -> None:
    done = harvest_ids(server, out, "1805.00004", "1805.00001", "1805.00004")
    assert done.returncode == 0, done.stderr
    assert [request.query for request in server.requests] == [
        {"verb": "GetRecord", "identifier": f"oai:arXiv.org:{name}", "metadataPrefix": "arXivRaw"}
        for name in ("1805.00004", "1805.00001")
    ]
    assert found(out) == as_sent([server.papers[4], server.papers[1]])
    assert done.stderr.endswith(f"2 records in {out}, complete\n")


def test_ids_may_be_given_one_by_one(server: FeedServer, out: Path) -> None:
    done = run(*ids_command(server, out, "1805.00004"), "--ids", "1805.00001,1805.00002")
    assert done.returncode == 0, done.stderr
    check_complete(out, [server.papers[number] for number in (4, 1, 2)])


@pytest.mark.parametrize("api", ["oai", "atom"])
def test_old_identifiers(server: FeedServer, out: Path, api: str) -> None:
    server.papers += [paper(20, arxiv_id="math/9901001"), paper(21, arxiv_id="hep-th/9901002")]
    done = harvest_ids(server, out, "hep-th/9901002", "math.AG/9901001", api=api)
    assert done.returncode == 0, done.stderr
    assert sorted(name for name, _ in found(out)) == ["hep-th/9901002", "math/9901001"]


def test_the_query_api_is_asked_for_a_hundred_at_once(server: FeedServer, out: Path) -> None:
    server.papers = papers(250)
    names = [one.arxiv_id for one in server.papers]
    done = harvest_ids(server, out, *names, api="atom")
    assert done.returncode == 0, done.stderr
    asked = [request.query for request in server.requests]
    assert [query["id_list"].split(",") for query in asked] == [names[:100], names[100:200], names[200:]]
    assert [(query["start"], query["max_results"]) for query in asked] == [("0", "100"), ("0", "100"), ("0", "50")]
    assert [row["source_id"] for row in rows(out)] == names
    assert len({row["raw_sha256"] for row in rows(out)}) == 250


def test_killed_between_batches(server: FeedServer, out: Path) -> None:
    server.papers = papers(210)
    names = [one.arxiv_id for one in server.papers]
    process = start(*ids_command(server, out, *names, api="atom"))

    def kill(request: Request) -> None:
        if len(server.requests) == 2:
            process.kill()
            process.wait(60)

    server.before = kill
    finish(process)
    assert len(found(out)) == 100
    assert harvest_ids(server, out, *names, api="atom").returncode == 0
    asked = [request.query["id_list"] for request in server.requests]
    assert len(asked) == 4
    assert asked[1] == asked[2]
    assert [row["source_id"] for row in rows(out)] == names


def test_older_versions(server: FeedServer, out: Path) -> None:
    server.papers = [paper(1, versions=3), paper(2, versions=2)]
    done = harvest_ids(server, out, "1805.00001v1", "1805.00002", "1805.00001v3", api="atom")
    assert done.returncode == 0, done.stderr
    assert addresses(out) == ["1805.00001v1", "1805.00002v2", "1805.00001v3"]
    assert [row["source_id"] for row in rows(out)] == ["1805.00001", "1805.00002", "1805.00001"]
    assert {row["datestamp"] for row in rows(out)} == {""}


@pytest.mark.parametrize("api", ["oai", "atom"])
def test_unknown_papers(server: FeedServer, out: Path, api: str) -> None:
    names = ("1805.00001", "1912.99999", "1805.00003", "hep-th/9901002")
    done = harvest_ids(server, out, *names, api=api)
    assert done.returncode == 1
    assert MISSING.findall(done.stderr) == ["1912.99999", "hep-th/9901002"]
    assert [row["source_id"] for row in rows(out)] == ["1805.00001", "1805.00003"]
    assert f"2 records in {out}, complete" in done.stderr
    again = harvest_ids(server, out, *names, api=api)  # nothing is asked for, and nothing forgotten
    assert (again.returncode, MISSING.findall(again.stderr)) == (1, ["1912.99999", "hep-th/9901002"])


def test_unknown_papers_as_json(server: FeedServer, out: Path) -> None:
    done = run(*ids_command(server, out, "1805.00001", "1912.99999", api="atom"), "--json")
    assert done.returncode == 1
    (page,) = done.lines()
    assert (page["received"], page["missing"]) == (1, ["1912.99999"])


def test_a_version_that_is_not_there(server: FeedServer, out: Path) -> None:
    done = harvest_ids(server, out, "1805.00001v1", "1805.00001v9", api="atom")
    assert addresses(out) == ["1805.00001v1"]
    assert MISSING.findall(done.stderr) == ["1805.00001v9"]
    assert done.returncode == 1


@pytest.mark.parametrize("status", [200, 400])
def test_an_error_of_the_query_api(server: FeedServer, out: Path, status: int) -> None:
    server.faults = [Fault(Kind.ATOM_ERROR, status=status, text="incorrect id format for you", times=FOREVER)]
    done = harvest_ids(server, out, "1805.00001", api="atom")
    assert (done.returncode, code_of(done)) == (1, "atom-error")
    assert "incorrect id format for you" in done.stderr
    assert len(server.requests) == 1
    assert found(out) == []
    server.faults.clear()
    assert harvest_ids(server, out, "1805.00001", api="atom").returncode == 0
    assert addresses(out) == ["1805.00001v1"]


@pytest.mark.parametrize("kind", [Kind.EMPTY_PAGE, Kind.HTML, Kind.CUT, Kind.CUT_SILENTLY, Kind.UNAVAILABLE])
def test_the_query_api_fails_twice(server: FeedServer, out: Path, kind: Kind) -> None:
    server.faults = [Fault(kind, times=2)]
    done = harvest_ids(server, out, "1805.00001", "1805.00002", api="atom")
    assert done.returncode == 0, done.stderr
    assert len(server.requests) == 3
    assert addresses(out) == ["1805.00001v1", "1805.00002v1"]


def test_an_empty_page_for_good(server: FeedServer, out: Path) -> None:
    server.faults = [Fault(Kind.EMPTY_PAGE, times=FOREVER)]
    done = harvest_ids(server, out, "1805.00001", api="atom")
    assert (done.returncode, code_of(done)) == (1, "atom-page")
    assert len(server.requests) == 3
    server.faults.clear()
    assert harvest_ids(server, out, "1805.00001", api="atom").returncode == 0


def test_entries_twice_and_in_another_order(server: FeedServer, out: Path) -> None:
    server.faults = [Fault(Kind.DUPLICATES)]
    assert harvest_ids(server, out, "1805.00001", "1805.00002", api="atom").returncode == 0
    assert addresses(out) == ["1805.00001v1", "1805.00002v1"]


@pytest.mark.parametrize("api", ["oai", "atom"])
def test_complete_there_is_nothing_to_do(server: FeedServer, out: Path, api: str) -> None:
    assert harvest_ids(server, out, "1805.00001", api=api).returncode == 0
    before = found(out)
    server.requests.clear()
    assert harvest_ids(server, out, "1805.00001", api=api).returncode == 0
    assert (server.requests, found(out)) == ([], before)
    done = harvest_ids(server, out, "1805.00002", api=api)
    assert (done.returncode, code_of(done)) == (1, "harvest-other-request")
    assert "1805.00001" in done.stderr


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--from", "2018-06-01", "--ids", "1805.00001"),
        ("--until", "2018-06-01", "--ids", "1805.00001"),
        ("--set", "cs", "--ids", "1805.00001"),
        ("--set", "cs"),
        ("--from", "2018-06-02", "--until", "2018-06-01"),
        ("--from", "2018-06-01", "--api", "atom"),
        ("--ids", "1805.00001v1"),
        ("--ids", "1805.00001,x", "--api", "atom"),
        ("--ids", "1805.00001v0", "--api", "atom"),
        ("--from", "2018-06"),
        ("--from", "2018-02-30"),
        ("--from", "2018-06-01T00:00:00Z"),
        ("--from", "2018-06-01", "--until", "yesterday"),
        ("--from", "2018-06-01", "--tries", "0"),
        ("--from", "2018-06-01", "--backoff", "0"),
        ("--from", "2018-06-01", "--api", "rss"),
    ],
    ids=" ".join,
)
def test_usage(server: FeedServer, out: Path, options: tuple[str, ...]) -> None:
    done = run("harvest", "--out", out, "--endpoint", server.oai_url, *options)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("Usage: ")
    assert server.requests == []
    assert not out.exists()
