"""What goes wrong on the way: once, and it is overcome; for good, and the command says so and can go on later."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from pithbuilder.sources.http import MAX_BODY_BYTES, MAX_REDIRECTS
from tests.integration.harvest.harvests import as_sent, check_complete, found, harvest, papers, resumptions
from tests.support import feeds
from tests.support.cli import code_of
from tests.support.feed_server import FOREVER, Fault, FeedServer, Kind, Request, always, resumed

XML = {"Content-Type": "text/xml"}
PAGE = b"<html><head><title>Sorry</title></head><body><p>Back soon</p></body></html>"

# What may pass: the fault, and the code of the error should it stay.
PASSING = {
    "503": (Fault(Kind.UNAVAILABLE), "http-status"),
    "503 with Retry-After": (Fault(Kind.UNAVAILABLE, retry_after=0), "http-status"),
    "429": (Fault(Kind.TOO_MANY, retry_after=0), "http-status"),
    "500": (Fault(Kind.SERVER_ERROR), "http-status"),
    "502": (Fault(Kind.OTHER, status=502, body=PAGE), "http-status"),
    "408": (Fault(Kind.OTHER, status=408), "http-status"),
    "empty body": (Fault(Kind.EMPTY_BODY), "xml-truncated"),
    "cut": (Fault(Kind.CUT), "http-failed"),
    "cut in chunks": (Fault(Kind.CUT_CHUNKED), "http-failed"),
    "cut silently": (Fault(Kind.CUT_SILENTLY), "xml-truncated"),
    "wrong type": (Fault(Kind.CONTENT_TYPE), "http-content-type"),
    "plain text": (Fault(Kind.CONTENT_TYPE, content_type="text/plain"), "http-content-type"),
    "no type": (Fault(Kind.OTHER, body=feeds.oai_page([])), "http-content-type"),
    "HTML": (Fault(Kind.HTML), "http-content-type"),
    "HTML as XML": (Fault(Kind.HTML_AS_XML), "xml-doctype"),
    "XHTML as XML": (Fault(Kind.HTML_AS_XML, body=PAGE), "source-unknown"),
    "entity bomb": (Fault(Kind.ENTITY_BOMB), "xml-doctype"),
    "not XML": (Fault(Kind.OTHER, headers=XML, body=b"{}"), "xml-syntax"),
    "another encoding": (
        Fault(Kind.OTHER, headers=XML, body=b"<?xml version='1.0' encoding='latin-1'?><a/>"),
        "xml-encoding",
    ),
    "not gzip": (
        Fault(Kind.OTHER, headers={**XML, "Content-Encoding": "gzip"}, body=feeds.oai_page([])),
        "http-failed",
    ),
}
# What does not pass by itself.
FINAL = {
    "404": (Fault(Kind.OTHER, status=404, body=PAGE), "http-status"),
    "403": (Fault(Kind.OTHER, status=403, headers={"Retry-After": "0"}, body=PAGE), "http-status"),
    "204": (Fault(Kind.OTHER, status=204), "http-status"),
    "501": (Fault(Kind.OTHER, status=501), "http-status"),
    "400": (Fault(Kind.OTHER, status=400, headers=XML, body=feeds.oai_page([])), "http-status"),
    "400 in HTML": (Fault(Kind.OTHER, status=400, body=PAGE), "http-status"),
    "an error and 400": (Fault(Kind.OTHER, status=400, headers=XML, body=feeds.oai_error("badVerb", "")), "oai-error"),
    "no address": (Fault(Kind.OTHER, status=302), "http-redirect"),
    "no redirect": (Fault(Kind.OTHER, status=304, headers={"Location": "/oai"}), "http-status"),
    "half an address": (Fault(Kind.OTHER, status=302, headers={"Location": "http://[half/oai"}), "http-redirect"),
    "a file": (Fault(Kind.OTHER, status=302, headers={"Location": "file:///etc/passwd"}), "http-redirect"),
    "too large": (Fault(Kind.OTHER, headers=XML, body=b" " * (MAX_BODY_BYTES + 1)), "http-too-large"),
    "too large in gzip": (
        Fault(Kind.OTHER, headers={**XML, "Content-Encoding": "gzip"}, body=gzip.compress(b" " * 2 * MAX_BODY_BYTES)),
        "http-too-large",
    ),
}


def spoil(server: FeedServer, fault: Fault, on: Callable[[Request], bool], times: int = 1) -> None:
    server.faults = [attrs.evolve(fault, on=on, times=times)]


@pytest.mark.parametrize("name", PASSING)
def test_what_goes_wrong_once(server: FeedServer, out: Path, name: str) -> None:
    fault, code = PASSING[name]
    spoil(server, fault, always)
    done = harvest(server, out, tries=2)
    assert done.returncode == 0, done.stderr
    (note,) = (text for text in done.stderr.splitlines() if text.startswith("note: "))
    assert f"[{code}]" in note
    assert "; trying again in 0 s" in note
    assert len(server.requests) == 5
    check_complete(out, server.papers)


@pytest.mark.parametrize("name", PASSING)
def test_what_goes_wrong_for_good(server: FeedServer, out: Path, name: str) -> None:
    fault, code = PASSING[name]
    spoil(server, fault, resumed, FOREVER)
    done = harvest(server, out)
    assert (done.returncode, code_of(done)) == (1, code)
    assert server.url in done.stderr, "it says where"
    assert f"\n3 records in {out}, not complete: the same command goes on\nerror: " in done.stderr
    check_complete(out, server.papers[:3])
    assert len(server.requests) == 4, "each try is a request"
    check_that_it_goes_on(server, out)


@pytest.mark.parametrize("name", FINAL)
def test_what_will_not_pass_by_itself(server: FeedServer, out: Path, name: str) -> None:
    fault, code = FINAL[name]
    spoil(server, fault, resumed, FOREVER)
    done = harvest(server, out)
    assert (done.returncode, code_of(done)) == (1, code)
    assert len(server.requests) == 2
    check_complete(out, server.papers[:3])
    check_that_it_goes_on(server, out)


def check_that_it_goes_on(server: FeedServer, out: Path) -> None:
    """Nothing goes wrong any longer: the same command fetches what is missing, and only that."""
    server.faults.clear()
    tokens = resumptions(server)
    server.requests.clear()
    assert harvest(server, out).returncode == 0
    again = resumptions(server)
    assert (again[0], len(again)) == (tokens[-1], 3)
    check_complete(out, server.papers)


def test_nobody_listens(out: Path) -> None:
    with FeedServer([]) as server:
        gone = server
    done = harvest(gone, out, tries=2)
    assert done.returncode == 1
    assert done.stderr.count("[http-failed]") == 2, "once as a note, once as the error"
    assert "Connection refused" in done.stderr


@pytest.mark.parametrize("complete", ["9" * 5000, "-1", "²", "many", ""])
def test_a_size_of_the_list_that_is_none(server: FeedServer, out: Path, complete: str) -> None:
    body = feeds.oai_page([feeds.raw_record(one) for one in papers(2)], token="", complete=17)
    body = body.replace(b'"17"', f'"{complete}"'.encode())
    server.faults = [Fault(Kind.OTHER, headers=XML, body=body)]
    done = harvest(server, out)
    assert done.returncode == 0, done.stderr
    assert "received 2, new 2; 2 records" in done.stderr
    assert found(out) == as_sent(papers(2))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["{url}/elsewhere/oai", "/elsewhere/oai", "elsewhere/oai"])
def test_redirected_on_the_same_host(server: FeedServer, out: Path, status: int, target: str) -> None:
    address = target.format(url=server.url)
    server.faults = [Fault(Kind.REDIRECT, url=address, status=status, on=resumed, times=2)]
    assert harvest(server, out, tries=1).returncode == 0
    check_complete(out, server.papers)
    moved = [request for request in server.requests if request.path != "/oai"]
    assert len(moved) == 2
    assert all("resumptionToken" in request.query for request in moved)


def test_redirected_to_another_host(server: FeedServer, out: Path) -> None:
    with FeedServer(papers(1)) as other:
        server.faults = [Fault(Kind.REDIRECT, url=other.oai_url, on=resumed, times=FOREVER)]
        done = harvest(server, out)
        assert (done.returncode, code_of(done)) == (1, "http-redirect")
        assert other.oai_url in done.stderr, "it says where to"
        assert "--endpoint" in done.stderr
        assert other.requests == []
    assert len(server.requests) == 2
    check_that_it_goes_on(server, out)


def test_redirected_in_a_circle(server: FeedServer, out: Path) -> None:
    server.faults = [Fault(Kind.REDIRECT, url="/oai", times=FOREVER)]
    done = harvest(server, out)
    assert (done.returncode, code_of(done)) == (1, "http-redirect")
    assert len(server.requests) == MAX_REDIRECTS + 1


@pytest.mark.parametrize("kind", [Kind.DUPLICATES, Kind.SHUFFLE])
@pytest.mark.parametrize("times", [1, FOREVER])
def test_records_twice_and_in_another_order(server: FeedServer, out: Path, kind: Kind, times: int) -> None:
    server.faults = [Fault(kind, times=times)]
    done = harvest(server, out)
    assert done.returncode == 0
    assert len(server.requests) == 4
    check_complete(out, server.papers)
    assert ("received 6, new 3" in done.stderr) == (kind is Kind.DUPLICATES)


def test_records_that_come_again_on_the_next_page(server: FeedServer, out: Path) -> None:
    """A paper changes while the list is fetched: it moves to the end, and what came after it moves up a place."""

    def change(request: Request) -> None:
        if len(server.requests) == 3:
            server.papers[0] = attrs.evolve(server.papers[0], title="Changed", datestamp="2018-06-29")

    before = server.papers[0]
    server.before = change
    server.page_size = 1
    assert harvest(server, out).returncode == 0
    those = found(out)
    assert len(those) == len(set(those))
    assert {*as_sent([before, server.papers[0]])} <= {*those}


def test_an_empty_page_now_and_then(server: FeedServer, out: Path) -> None:
    server.faults = [Fault(Kind.EMPTY_PAGE, times=2), Fault(Kind.EMPTY_PAGE, on=resumed, times=2)]
    done = harvest(server, out)
    assert done.returncode == 0, done.stderr
    check_complete(out, server.papers)
    assert [path.name for path in sorted(out.glob("page-*"))] == [
        f"page-0000000{number}.jsonl" for number in range(1, 5)
    ]


def test_empty_pages_for_ever(server: FeedServer, out: Path) -> None:
    server.faults = [Fault(Kind.EMPTY_PAGE, on=resumed, times=FOREVER)]
    done = harvest(server, out)
    assert (done.returncode, code_of(done)) == (1, "oai-stuck")
    assert len(server.requests) == 1 + 5
    check_complete(out, server.papers[:3])
    server.faults.clear()
    assert harvest(server, out).returncode == 0
    assert "" not in resumptions(server)[1:]
    check_complete(out, server.papers)


def test_a_token_that_leads_back_to_its_own_page(server: FeedServer, out: Path) -> None:
    body = feeds.oai_page([feeds.raw_record(one) for one in papers(3)], token="again")
    server.faults = [Fault(Kind.OTHER, headers=XML, body=body, times=FOREVER)]
    done = harvest(server, out)
    assert (done.returncode, code_of(done)) == (1, "oai-stuck")
    assert len(server.requests) < 10
    check_complete(out, papers(3))
