"""Whole lists: what is asked for, what is written down, and at which pace."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pithbuilder.cli.app import app
from tests.integration.harvest.harvests import (
    FIRST,
    check_complete,
    found,
    harvest,
    list_command,
    paper,
    papers,
    resumptions,
    rows,
)
from tests.support import feeds
from tests.support.cli import code_of, run
from tests.support.feed_server import FOREVER, SECONDS, Fault, FeedServer, Kind, Request, resumed

# What passes by itself, or does not matter.
PASSING = (
    Kind.UNAVAILABLE,
    Kind.TOO_MANY,
    Kind.SERVER_ERROR,
    Kind.EMPTY_PAGE,
    Kind.EMPTY_BODY,
    Kind.CUT,
    Kind.CUT_CHUNKED,
    Kind.CUT_SILENTLY,
    Kind.CONTENT_TYPE,
    Kind.HTML,
    Kind.HTML_AS_XML,
    Kind.ENTITY_BOMB,
    Kind.DUPLICATES,
    Kind.SHUFFLE,
)
CODES = (
    "http-status",
    "http-failed",
    "http-content-type",
    "xml-truncated",
    "xml-syntax",
    "xml-doctype",
    "oai-stuck",
    "oai-token-expired",
)


def test_a_whole_list(server: FeedServer, out: Path) -> None:
    done = harvest(server, out)
    assert (done.returncode, done.stdout) == (0, "")
    check_complete(out, server.papers)
    told = done.stderr.splitlines()
    assert told[:2] == [
        "received 3, new 3; 3 records in all; the list has 11",
        "received 3, new 3; 6 records in all; the list has 11",
    ]
    assert told[-1] == f"11 records in {out}, complete"
    assert [path.name for path in sorted(out.iterdir()) if not path.name.startswith(".")] == [
        f"page-0000000{number}.jsonl" for number in (1, 2, 3, 4)
    ]


def test_pages_as_json(server: FeedServer, out: Path) -> None:
    done = harvest(server, out, "--json")
    assert done.lines() == [
        {"received": 3, "new": 3, "records": 3, "total": 11, "begun_again": False, "missing": []},
        {"received": 3, "new": 3, "records": 6, "total": 11, "begun_again": False, "missing": []},
        {"received": 3, "new": 3, "records": 9, "total": 11, "begun_again": False, "missing": []},
        {"received": 2, "new": 2, "records": 11, "total": 11, "begun_again": False, "missing": []},
    ]


def test_what_is_asked_for(server: FeedServer, out: Path, tmp_path: Path) -> None:
    server.papers += [paper(20, datestamp="2018-06-02", sets=("math:math:AG",))]
    assert harvest(server, out, "--until", "2018-06-02", "--set", "cs").returncode == 0
    (first, second) = server.requests
    asked = {"metadataPrefix": "arXivRaw", "from": FIRST, "until": "2018-06-02", "set": "cs", "verb": "ListRecords"}
    assert first.query == asked
    assert second.query == {"verb": "ListRecords", "resumptionToken": second.query["resumptionToken"]}
    check_complete(out, papers(4))
    server.requests.clear()
    assert harvest(server, tmp_path / "other", "--set", "math:math:AG").returncode == 0
    assert server.requests[0].query == {
        "metadataPrefix": "arXivRaw",
        "from": FIRST,
        "set": "math:math:AG",
        "verb": "ListRecords",
    }
    check_complete(tmp_path / "other", server.papers[-1:])


def test_who_asks(server: FeedServer, out: Path) -> None:
    assert harvest(server, out).returncode == 0
    for request in server.requests:
        assert request.headers["user-agent"].startswith("pithbuilder/")
        assert request.headers["accept-encoding"] == "gzip"
        assert "text/xml" in request.headers["accept"]


def test_tokens_come_back_as_they_were(server: FeedServer, out: Path) -> None:
    assert harvest(server, out).returncode == 0
    tokens = resumptions(server)
    assert tokens[0] == ""
    assert [token.partition("|")[2] for token in tokens[1:]] == [f"{n}&set=a:b+c%2Fd<=>" for n in (4, 7, 10)]


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("gzip", [False, True])
def test_compressed_and_chunked_answers(server: FeedServer, out: Path, gzip: bool, chunked: bool) -> None:
    server.gzip, server.chunked = gzip, chunked
    server.faults = [Fault(Kind.CUT), Fault(Kind.CUT_CHUNKED, on=resumed), Fault(Kind.CUT_SILENTLY, on=resumed)]
    done = harvest(server, out)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("; trying again in ") == 3
    check_complete(out, server.papers)


def test_instants_for_datestamps(out: Path) -> None:
    those = [paper(number, datestamp=f"2018-06-01T00:00:{number:02}Z") for number in range(5)]
    with FeedServer(those, granularity=SECONDS) as server:
        assert harvest(server, out).returncode == 0
        check_complete(out, those)
    assert [row["datestamp"] for row in rows(out)] == [one.datestamp for one in those]


def test_a_list_without_records(server: FeedServer, out: Path) -> None:
    done = harvest(server, out, "--set", "nobody")
    assert done.returncode == 0
    assert done.stderr.endswith(f"0 records in {out}, complete\n")
    assert found(out) == []


def test_deleted_records_and_old_identifiers_are_kept(server: FeedServer, out: Path) -> None:
    server.papers += [paper(12, deleted=True), paper(13, arxiv_id="hep-th/9901002")]
    assert harvest(server, out).returncode == 0
    check_complete(out, server.papers)


@pytest.mark.parametrize("code", ["badArgument", "badVerb", "cannotDisseminateFormat", "noSetHierarchy", "\x9b2J"])
def test_an_error_that_the_server_explains(server: FeedServer, out: Path, code: str) -> None:
    body = feeds.oai_error(code, "not that way")
    server.faults = [Fault(Kind.OTHER, headers={"Content-Type": "text/xml"}, body=body, times=FOREVER)]
    done = harvest(server, out)
    assert (done.returncode, code_of(done)) == (1, "oai-error")
    assert "not that way" in done.stderr
    assert done.stderr.replace("\n", "").isprintable()
    assert len(server.requests) == 1, "it would not be another answer the next time"


def test_an_endpoint_of_the_other_protocol(server: FeedServer, out: Path) -> None:
    done = run(*list_command(server, out, "--endpoint", server.atom_url))
    assert (done.returncode, code_of(done)) == (1, "http-endpoint")
    done = run("harvest", "--out", out, "--api", "atom", "--endpoint", server.oai_url, "--ids", "1805.00001")
    assert (done.returncode, code_of(done)) == (1, "harvest-other-request")


@pytest.mark.parametrize("address", ["ftp://host/oai", "host/oai", "http://host/oai?a=b", "http://host/oai#x", "http:"])
def test_what_is_no_endpoint(out: Path, address: str) -> None:
    done = run("harvest", "--out", out, "--endpoint", address, "--from", FIRST)
    assert (done.returncode, code_of(done)) == (1, "http-endpoint")
    assert not out.exists()


def test_an_address_that_cannot_be_taken_apart(out: Path) -> None:
    done = run("harvest", "--out", out, "--endpoint", "http://[half/oai", "--from", FIRST)
    assert (done.returncode, code_of(done)) == (1, "http-endpoint")


@pytest.mark.parametrize("name", ["--delay", "--backoff"])
@pytest.mark.parametrize("seconds", ["inf", "nan", "-1", "x"])
def test_seconds_that_are_none(server: FeedServer, out: Path, name: str, seconds: str) -> None:
    done = harvest(server, out, name, seconds)
    assert done.returncode == 2, done.stderr
    assert server.requests == []


def test_pauses_between_requests(server: FeedServer, out: Path) -> None:
    slow = 0.25
    server.faults = [
        Fault(Kind.HANG, seconds=slow),
        Fault(Kind.REDIRECT, url=f"{server.url}/moved/oai", on=resumed),
        Fault(Kind.UNAVAILABLE, retry_after=0, on=resumed),
    ]
    assert harvest(server, out, "--delay", "0.3").returncode == 0
    gaps = [later.at - earlier.at for earlier, later in pairwise(server.requests)]
    assert len(gaps) == 5
    assert min(gaps) > 0.29
    assert gaps[0] > slow + 0.29, "the pause begins when the answer has come"
    check_complete(out, server.papers)


def test_the_server_says_how_long_to_wait(server: FeedServer, out: Path) -> None:
    at: list[float] = []

    def count(request: Request) -> None:
        at.append(request.at)
        if len(at) == 1:
            server.faults = [Fault(Kind.UNAVAILABLE, retry_after=1)]
        elif len(at) == 2:
            server.faults = [Fault(Kind.TOO_MANY, retry_after=datetime.now(UTC) + timedelta(seconds=3))]

    server.before = count
    done = harvest(server, out)
    assert done.returncode == 0
    assert "trying again in 1 s" in done.stderr
    assert at[1] - at[0] > 0.99
    assert 1.9 < at[2] - at[1] < 10, "the header has whole seconds"
    check_complete(out, server.papers)


@pytest.mark.parametrize("after", [3601, datetime(2050, 1, 1, tzinfo=UTC)])
def test_a_server_that_asks_to_come_back_another_day(server: FeedServer, out: Path, after: int | datetime) -> None:
    server.faults = [Fault(Kind.UNAVAILABLE, retry_after=after, on=resumed)]
    began = time.monotonic()
    done = harvest(server, out)
    assert (done.returncode, code_of(done)) == (1, "http-retry-later")
    assert time.monotonic() - began < 60
    assert f"3 records in {out}, not complete: the same command goes on" in done.stderr
    assert len(server.requests) == 2
    assert harvest(server, out).returncode == 0
    check_complete(out, server.papers)


@pytest.mark.parametrize(
    "after",
    ["soon", "", "-1", "1.5", "9" * 5000, "²", "Mon, 01 Jan 99999999999 00:00:00 GMT", "1 1 1 1 1 1 1"],
    ids=["word", "empty", "negative", "fraction", "endless", "superscript", "year", "numbers"],
)
def test_a_retry_after_that_says_nothing(server: FeedServer, out: Path, after: str) -> None:
    server.faults = [Fault(Kind.UNAVAILABLE, retry_after=after)]
    done = harvest(server, out)
    if after.startswith("9"):
        assert (done.returncode, code_of(done)) == (1, "http-retry-later")
    else:
        assert done.returncode == 0
        check_complete(out, server.papers)


def test_pauses_grow(server: FeedServer, out: Path) -> None:
    server.faults = [Fault(Kind.SERVER_ERROR, times=FOREVER)]
    assert harvest(server, out, "--backoff", "0.1", tries=5).returncode == 1
    gaps = [later.at - earlier.at for earlier, later in pairwise(server.requests)]
    assert len(gaps) == 4
    assert all(gap > 0.099 * 2**number for number, gap in enumerate(gaps))


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    sequence=st.lists(st.tuples(st.sampled_from(PASSING), st.integers(0, 9), st.integers(1, 3)), max_size=6),
    expired=st.sets(st.integers(1, 12), max_size=3),
    tries=st.integers(1, 3),
    page_size=st.integers(1, 5),
    packed=st.booleans(),
)
def test_whatever_goes_wrong_each_record_is_there_once(
    sequence: list[tuple[Kind, int, int]], expired: set[int], tries: int, page_size: int, packed: bool
) -> None:
    """Each fault waits for the request of its number, counted from 0; failed runs are run again."""
    with tempfile.TemporaryDirectory() as name, FeedServer(papers(13), page_size=page_size) as server:
        server.gzip = packed

        def spoil(request: Request) -> None:
            number = len(server.requests) - 1
            server.faults += [Fault(kind, times=times) for kind, at, times in sequence if at == number]
            if number in expired and resumed(request):
                server.faults.insert(0, Fault(Kind.EXPIRED_TOKEN))

        server.before = spoil
        out = Path(name) / "harvest"
        command = [str(part) for part in list_command(server, out, "--backoff", "0.001", tries=tries)]
        for _ in range(25):
            done = CliRunner().invoke(app, command)
            assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
            if done.exit_code == 0:
                break
            assert any(f"[{code}]" in done.output for code in CODES), done.output
        assert done.exit_code == 0, done.output
        check_complete(out, server.papers)
