"""The server that plays arXiv: what it answers by the protocols, and each way in which it fails."""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlencode
from urllib.request import ProxyHandler, build_opener
from urllib.request import Request as Call

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tests.support import feeds
from tests.support.feed_server import DAYS, FOREVER, SECONDS, Fault, FeedServer, Kind, Request, atom, oai, resumed
from tests.support.feeds import FeedPaper

NAMES = {
    "o": "http://www.openarchives.org/OAI/2.0/",
    "r": "http://arxiv.org/OAI/arXivRaw/",
    "x": "http://arxiv.org/OAI/arXiv/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "a": "http://www.w3.org/2005/Atom",
    "s": "http://a9.com/-/spec/opensearch/1.1/",
    "arxiv": "http://arxiv.org/schemas/atom",
}
OPENER = build_opener(ProxyHandler({}))
RAW = {"verb": "ListRecords", "metadataPrefix": "arXivRaw"}
START = datetime(2018, 5, 2, 9, 32, 21, tzinfo=UTC)


def paper(number: int, versions: int = 1, **changes: Any) -> FeedPaper:
    whole = FeedPaper(
        arxiv_id=f"1805.{number:05d}",
        title=f"On <{number}> &\n  more",
        abstract=f"  We prove $a<b$ & {number}.\n",
        authors=r"Jos\'e \v{S}im\'{\i}k (1), Émilie du Châtelet and Max Roe Jr. ((1) Here, or there)",
        categories=("cs.LG", "stat.ML"),
        license="http://creativecommons.org/licenses/by/4.0/",
        versions=tuple(START + timedelta(days=40 * index) for index in range(versions)),
        datestamp=f"2018-06-{number:02d}",
        sets=("cs:cs:LG", "stat:stat:ML"),
    )
    return attrs.evolve(whole, **changes)


PAPERS = [
    paper(5),
    paper(2, versions=3),
    paper(1, license=None),
    paper(3, deleted=True, sets=("math:math:CO",)),
    paper(4, sets=("csx",)),
    paper(7, arxiv_id="math.AG/9901001", datestamp="2018-06-05"),
    paper(6, arxiv_id="hep-th/9901002"),
]
ORDER = ["1805.00001", "1805.00002", "1805.00003", "1805.00004", "1805.00005", "math.AG/9901001", "hep-th/9901002"]


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer(PAPERS) as running:
        yield running


def fetch(url: str, query: dict[str, str] | None = None, **headers: str) -> tuple[int, Message, bytes]:
    call = Call(f"{url}?{urlencode(query)}" if query else url, headers=headers)
    try:
        with OPENER.open(call, timeout=10) as answer:
            return answer.status, answer.headers, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def tree(body: bytes) -> etree._Element:
    return etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))


def texts(element: etree._Element, path: str) -> list[str]:
    found = element.xpath(path, namespaces=NAMES)
    assert isinstance(found, list)
    return [part if isinstance(part, str) else str(part.text or "") for part in found]  # type: ignore[union-attr]


def ask(server: FeedServer, **query: str) -> etree._Element:
    status, headers, body = fetch(server.oai_url, query)
    assert (status, headers["Content-Type"]) == (200, "text/xml; charset=utf-8")
    return tree(body)


def ids(page: etree._Element) -> list[str]:
    return [name.removeprefix("oai:arXiv.org:") for name in texts(page, "//o:record/o:header/o:identifier")]


def token_of(page: etree._Element) -> str:
    (token,) = texts(page, "//o:ListRecords/o:resumptionToken")
    return token


def code(page: etree._Element) -> str:
    (value,) = texts(page, "/o:OAI-PMH/o:error/@code")
    return value


def query(server: FeedServer, id_list: str, **more: str) -> etree._Element:
    status, headers, body = fetch(server.atom_url, {"id_list": id_list, **more})
    assert (status, headers["Content-Type"]) == (200, "application/atom+xml; charset=utf-8")
    return tree(body)


def entries(feed: etree._Element) -> list[str]:
    return [name.removeprefix("http://arxiv.org/abs/") for name in texts(feed, "/a:feed/a:entry/a:id")]


def test_a_whole_list(server: FeedServer) -> None:
    page = ask(server, **RAW)
    assert texts(page, "/o:OAI-PMH/o:responseDate") == [server.response_date]
    assert texts(page, "/o:OAI-PMH/o:request") == [server.oai_url]
    assert ids(page) == ORDER[:3]
    assert texts(page, "//o:resumptionToken/@*") == ["0", "7"]
    second = ask(server, verb="ListRecords", resumptionToken=token_of(page))
    assert texts(second, "/o:OAI-PMH/o:request/@*") == ["ListRecords", "arXivRaw"]
    third = ask(server, verb="ListRecords", resumptionToken=token_of(second))
    assert ids(second) + ids(third) == ORDER[3:]
    assert token_of(third) == ""
    assert texts(third, "//o:resumptionToken/@cursor") == ["6"]
    assert ids(ask(server, verb="ListRecords", resumptionToken=token_of(page))) == ids(second)
    server.page_size = 7
    assert texts(ask(server, **RAW), "//o:resumptionToken") == []


def test_a_raw_record(server: FeedServer) -> None:
    page = ask(server, verb="GetRecord", metadataPrefix="arXivRaw", identifier="oai:arXiv.org:1805.00002")
    expected = PAPERS[1]
    (record,) = page.findall("o:GetRecord/o:record", NAMES)
    assert texts(record, "o:header/o:datestamp") == ["2018-06-02"]
    assert texts(record, "o:header/o:setSpec") == ["cs:cs:LG", "stat:stat:ML"]
    for name in ("title", "authors", "abstract", "license"):
        assert texts(record, f"o:metadata/r:arXivRaw/r:{name}") == [getattr(expected, name)]
    assert texts(record, "//r:categories") == ["cs.LG stat.ML"]
    assert texts(record, "//r:version/@version") == ["v1", "v2", "v3"]
    assert texts(record, "//r:date")[0] == "Wed, 02 May 2018 09:32:21 GMT"
    assert [parsedate_to_datetime(date) for date in texts(record, "//r:date")] == list(expected.versions)


def test_records_without_a_license_and_without_anything(server: FeedServer) -> None:
    page = ask(server, **RAW)
    assert len(texts(page, "//r:arXivRaw")) == 2
    assert len(texts(page, "//r:license")) == 1
    assert texts(page, "//o:header[@status='deleted']/o:identifier") == ["oai:arXiv.org:1805.00003"]
    assert len(texts(page, "//o:metadata")) == 2


def test_the_other_formats(server: FeedServer) -> None:
    page = ask(server, verb="ListRecords", metadataPrefix="arXiv")
    assert texts(page, "//x:created | //x:updated") == ["2018-05-02", "2018-05-02", "2018-07-21"]
    names = ["Šimík", "José", "du Châtelet", "Émilie", "Roe", "Max", "Jr."]
    assert texts(page, "(//x:authors)[1]/x:author/*") == names
    page = ask(server, verb="ListRecords", metadataPrefix="oai_dc")
    assert texts(page, "//dc:title") == [PAPERS[2].title, PAPERS[1].title]
    assert texts(page, "//dc:creator")[0] == "Šimík, José"


def test_identify(server: FeedServer) -> None:
    expected = ["arXiv", server.oai_url, "2.0", "help@arxiv.example", "2018-06-01", "persistent", DAYS]
    assert texts(ask(server, verb="Identify"), "//o:Identify/*") == expected


SELECTIONS = {
    "from=2018-06-04&until=2018-06-05": ORDER[3:6],
    "until=2018-06-01": ORDER[:1],
    "from=2018-06-06": ORDER[6:],
    "set=cs": [*ORDER[:2], *ORDER[4:]],
    "set=cs:cs": [*ORDER[:2], *ORDER[4:]],
    "set=math:math:CO": ORDER[2:3],
    "set=cs&from=2018-06-02&until=2018-06-04": ORDER[1:2],
}


@pytest.mark.parametrize("selection", SELECTIONS)
def test_selections(server: FeedServer, selection: str) -> None:
    page = ask(server, **RAW, **dict(parse_qsl(selection)))
    found = ids(page)
    while texts(page, "//o:resumptionToken") not in ([], [""]):
        page = ask(server, verb="ListRecords", resumptionToken=token_of(page))
        found += ids(page)
    assert found == SELECTIONS[selection]


LIST = "verb=ListRecords&metadataPrefix=arXiv"
GET = "verb=GetRecord"
ERRORS = {
    "badVerb": ["", "verb=ListSets", "verb=Identify&verb=Identify"],
    "badArgument": [
        *("verb=Identify&set=cs", "verb=ListRecords", f"{LIST}&set=cs&set=cs", f"{LIST}&colour=red"),
        *(f"{LIST}&resumptionToken=1", f"{LIST}&from=2018-6-1", f"{LIST}&from=", f"{LIST}&from=2018-02-30"),
        *(f"{LIST}&from=2018-06-01T00:00:00Z", f"{LIST}&from=2018-06-02&until=2018-06-01"),
        *(f"{GET}&metadataPrefix=arXiv", f"{GET}&identifier=oai:arXiv.org:1805.00001"),
    ],
    "cannotDisseminateFormat": [f"{LIST}x", f"{GET}&metadataPrefix=marc&identifier=oai:arXiv.org:1805.00001"],
    "noRecordsMatch": [f"{LIST}&until=1990-01-01", f"{LIST}&set=econ"],
    "badResumptionToken": ["verb=ListRecords&resumptionToken=1"],
    "idDoesNotExist": [f"{GET}&metadataPrefix=arXiv&identifier=oai:arXiv.org:1805.99999"],
}


@pytest.mark.parametrize(("expected", "arguments"), [(code, query) for code in ERRORS for query in ERRORS[code]])
def test_errors_of_the_protocol(server: FeedServer, arguments: str, expected: str) -> None:
    status, _, body = fetch(f"{server.oai_url}?{arguments}")
    assert (status, code(tree(body))) == (200, expected)


def test_a_repository_that_counts_seconds() -> None:
    papers = [paper(1), paper(2, datestamp="2018-06-01T12:00:00Z"), paper(3)]
    with FeedServer(papers, granularity=SECONDS) as server:
        page = ask(server, **RAW, **{"from": "2018-06-01T00:00:01Z"})
        assert texts(page, "//o:datestamp") == ["2018-06-01T12:00:00Z", "2018-06-03T00:00:00Z"]
        assert ids(ask(server, **RAW, until="2018-06-01")) == ["1805.00001", "1805.00002"]
        mixed = {"from": "2018-06-01", "until": "2018-06-01T12:00:00Z"}
        assert code(ask(server, **RAW, **mixed)) == "badArgument"
        assert texts(ask(server, verb="Identify"), "//o:granularity") == [SECONDS]


def test_an_atom_feed(server: FeedServer) -> None:
    feed = query(server, "1805.00002,math.AG/9901001,1805.99999,1805.00003,1805.00001v9,1805.00002v1")
    assert entries(feed) == ["1805.00002v3", "math.AG/9901001v1", "1805.00002v1"]
    assert texts(feed, "/a:feed/s:*") == ["3", "0", "10"]
    assert texts(feed, "//a:entry/a:published") == ["2018-05-02T09:32:21Z"] * 3
    assert texts(feed, "//a:entry/a:updated") == ["2018-07-21T09:32:21Z", *["2018-05-02T09:32:21Z"] * 2]
    assert texts(feed, "//a:entry[1]/a:title") == [PAPERS[1].title]
    assert texts(feed, "//a:entry[1]/a:summary") == [PAPERS[1].abstract]
    assert texts(feed, "//a:entry[1]/a:author/a:name") == ["José Šimík", "Émilie du Châtelet", "Max Roe Jr."]
    assert texts(feed, "//a:entry[1]/arxiv:primary_category/@term") == ["cs.LG"]
    assert texts(feed, "//a:entry[1]/a:category/@term") == ["cs.LG", "stat.ML"]
    feed = query(server, "1805.00001,1805.00002,1805.00004", start="1", max_results="1")
    assert entries(feed) == ["1805.00002v3"]
    assert texts(feed, "/a:feed/s:*") == ["3", "1", "1"]
    assert entries(query(server, "1805.99999")) == []


@pytest.mark.parametrize("arguments", ["id_list=x", "id_list=1805.00001v0", "", "id_list=1805.00001&start=-1"])
def test_a_refused_query(server: FeedServer, arguments: str) -> None:
    status, _, body = fetch(f"{server.atom_url}?{arguments}")
    feed = tree(body)
    assert (status, texts(feed, "//a:entry/a:title")) == (400, ["Error"])
    assert entries(feed)[0].startswith("http://arxiv.org/api/errors#")


def test_a_line_of_the_snapshot() -> None:
    line = feeds.snapshot_line(PAPERS[1])
    record = json.loads(line)
    assert line.endswith(b"}\n")
    assert (record["id"], record["categories"]) == ("1805.00002", "cs.LG stat.ML")
    assert record["versions"][0] == {"version": "v1", "created": "Wed, 2 May 2018 09:32:21 GMT"}
    assert record["update_date"] == "2018-06-02"
    assert record["authors_parsed"][1] == ["du Châtelet", "Émilie", ""]


PRINTED = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
XML_TEXT = st.text(PRINTED | st.sampled_from("\t\n\r"))


@given(title=XML_TEXT, authors=XML_TEXT)
def test_any_text_survives(title: str, authors: str) -> None:
    unusual = paper(1, title=title, authors=authors)
    for render, name in ((feeds.raw_record, "r:title"), (feeds.arxiv_record, "x:title"), (feeds.dc_record, "dc:title")):
        assert texts(tree(feeds.oai_page([render(unusual)])), f"//{name}") == [title]
    assert texts(tree(feeds.oai_page([feeds.raw_record(unusual)])), "//r:authors") == [authors]
    feed = tree(feeds.atom_feed([feeds.atom_entry(unusual, 1, [authors])], 1, 0, 1))
    assert texts(feed, "//a:entry/a:title | //a:entry//a:name") == [title, authors]
    assert texts(tree(feeds.atom_error(title)), "//a:entry/a:summary") == [title]
    assert texts(tree(feeds.oai_error("badArgument", title)), "//o:error") == [title]


def test_faults_are_used_up_in_turn(server: FeedServer) -> None:
    late = Fault(Kind.TOO_MANY, oai, times=2, retry_after=START)
    server.faults += [Fault(Kind.UNAVAILABLE, atom, retry_after=7), late, Fault(Kind.SERVER_ERROR)]
    answers = [fetch(server.oai_url, RAW)[:2] for _ in range(4)]
    assert [status for status, _ in answers] == [429, 429, 500, 200]
    assert answers[0][1]["Retry-After"] == "Wed, 02 May 2018 09:32:21 GMT"
    assert answers[2][1]["Retry-After"] is None
    status, headers, _ = fetch(server.atom_url, {"id_list": "1805.00001"})
    assert (status, headers["Retry-After"], server.faults) == (503, "7", [])
    assert [request.path for request in server.requests] == ["/oai"] * 4 + ["/api/query"]
    assert server.requests[0].query == RAW
    assert server.requests[0].headers["host"] == f"127.0.0.1:{server.port}"
    assert sorted(request.at for request in server.requests) == [request.at for request in server.requests]


def test_an_expired_token(server: FeedServer) -> None:
    server.faults.append(Fault(Kind.EXPIRED_TOKEN, resumed))
    token = token_of(ask(server, **RAW))
    assert code(ask(server, verb="ListRecords", resumptionToken=token)) == "badResumptionToken"
    assert code(ask(server, verb="ListRecords", resumptionToken=token)) == "badResumptionToken"


def test_an_empty_page(server: FeedServer) -> None:
    server.faults.append(Fault(Kind.EMPTY_PAGE, resumed))
    first = token_of(ask(server, **RAW))
    empty = ask(server, verb="ListRecords", resumptionToken=first)
    assert ids(empty) == []
    assert ids(ask(server, verb="ListRecords", resumptionToken=token_of(empty))) == ORDER[3:6]
    server.faults.append(Fault(Kind.EMPTY_PAGE))
    feed = query(server, "1805.00001,1805.00002")
    assert (entries(feed), texts(feed, "//s:totalResults")) == ([], ["2"])


@pytest.mark.parametrize("compressed", [False, True])
def test_bodies_that_are_cut(server: FeedServer, compressed: bool) -> None:
    server.gzip = compressed
    whole = fetch(server.oai_url, RAW, **{"Accept-Encoding": "gzip"})[2]
    for kind in (Kind.CUT, Kind.CUT_CHUNKED):
        server.faults.append(Fault(kind))
        with pytest.raises(http.client.IncompleteRead) as caught:
            fetch(server.oai_url, RAW, **{"Accept-Encoding": "gzip"})
        assert 0 < len(caught.value.partial) < len(whole)
    server.faults.append(Fault(Kind.CUT_SILENTLY))
    _, headers, body = fetch(server.oai_url, RAW, **{"Accept-Encoding": "gzip"})
    assert headers["Content-Length"] is None
    assert 0 < len(body) < len(whole)
    if not compressed:
        assert whole.startswith(body)
        assert body.rindex(b"<record>") > body.rindex(b"</record>")


def test_answers_that_are_something_else(server: FeedServer) -> None:
    right = fetch(server.oai_url, RAW)[2]
    server.faults += map(Fault, (Kind.EMPTY_BODY, Kind.CONTENT_TYPE, Kind.HTML, Kind.HTML_AS_XML))
    server.faults.append(Fault(Kind.OTHER, status=418, headers={"X-Pot": "tea"}, body=b"short"))
    assert fetch(server.oai_url, RAW)[2] == b""
    _, headers, body = fetch(server.oai_url, RAW)
    assert (headers["Content-Type"], len(body)) == ("application/octet-stream", len(right))
    for expected in ("text/html", "text/xml"):
        status, headers, body = fetch(server.oai_url, RAW)
        assert (status, headers.get_content_type()) == (200, expected)
        with pytest.raises(etree.XMLSyntaxError):
            tree(body)
    status, headers, body = fetch(server.oai_url, RAW)
    assert (status, headers["X-Pot"], body) == (418, "tea", b"short")
    server.faults.append(Fault(Kind.ATOM_ERROR, text="no & no"))
    assert fetch(server.oai_url, RAW)[0] == 200
    assert texts(query(server, "1805.00001"), "//a:entry/*[self::a:title or self::a:summary]") == ["Error", "no & no"]


def test_pages_in_disorder(server: FeedServer) -> None:
    server.faults += [Fault(Kind.DUPLICATES), Fault(Kind.SHUFFLE), Fault(Kind.SHUFFLE, atom)]
    assert ids(ask(server, **RAW)) == [name for name in ORDER[:3] for _ in range(2)]
    assert ids(ask(server, **RAW)) == ORDER[2::-1]
    assert entries(query(server, "1805.00001,1805.00004")) == ["1805.00004v1", "1805.00001v1"]


def test_redirects(server: FeedServer) -> None:
    server.faults.append(Fault(Kind.REDIRECT, url="/moved/oai", status=307))
    assert ids(ask(server, **RAW)) == ORDER[:3]
    with FeedServer([paper(9)]) as other:
        server.faults.append(Fault(Kind.REDIRECT, url=other.oai_url))
        assert ids(ask(server, **RAW)) == ["1805.00009"]
    server.faults.append(Fault(Kind.REDIRECT, url=server.oai_url, times=FOREVER))
    assert fetch(server.oai_url, RAW)[0] == 302
    assert server.requests[1].path == "/moved/oai"
    assert fetch(f"{server.url}/elsewhere")[0] == 302
    server.faults.clear()
    assert fetch(f"{server.url}/elsewhere")[0] == 404


@pytest.mark.parametrize("target", ["oai?verb=ListRecords&metadataPrefix=arXiv", "api/query?id_list=1805.00001"])
def test_an_entity_bomb(server: FeedServer, target: str) -> None:
    server.faults.append(Fault(Kind.ENTITY_BOMB))
    body = fetch(f"{server.url}/{target}")[2]
    assert b"<!DOCTYPE " in body
    with pytest.raises(etree.XMLSyntaxError, match="amplification"):
        tree(body)
    harmless = tree(re.sub(rb"<!DOCTYPE [^\n]*\]>|&e9;", b"", body))
    assert (ids(harmless) or entries(harmless))[0].startswith("1805.00001")


def test_a_late_answer(server: FeedServer) -> None:
    server.faults.append(Fault(Kind.HANG, seconds=0.2))
    began = time.monotonic()
    assert ids(ask(server, **RAW)) == ORDER[:3]
    assert time.monotonic() - began >= 0.2


def test_stopping_does_not_wait_for_a_late_answer_or_an_idle_client() -> None:
    arrived = threading.Event()
    began = time.monotonic()
    with FeedServer(PAPERS) as server:
        server.faults.append(Fault(Kind.HANG, seconds=60))
        server.before = lambda request: arrived.set()
        idle, waiting = (socket.create_connection(("127.0.0.1", server.port)) for _ in range(2))
        waiting.sendall(b"GET /oai?verb=Identify HTTP/1.1\r\nHost: a\r\n\r\n")
        assert arrived.wait(10)
    assert time.monotonic() - began < 30
    for connection in (waiting, idle):
        with connection:
            assert connection.recv(1) == b""
    with pytest.raises(OSError):
        fetch(server.oai_url, RAW)


def test_a_client_that_leaves(capfd: pytest.CaptureFixture[str]) -> None:
    with FeedServer([paper(number % 28 + 1, abstract="x" * 100_000) for number in range(100)], page_size=100) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(b"GET /oai?verb=ListRecords&metadataPrefix=arXivRaw HTTP/1.1\r\nHost: a\r\n\r\n")
            assert client.recv(10)
        assert len(texts(ask(server, **RAW), "//o:record")) == 100
    assert capfd.readouterr() == ("", "")


def test_compressed_and_chunked(server: FeedServer) -> None:
    right = fetch(server.oai_url, RAW)[2]
    server.gzip = server.chunked = True
    _, headers, body = fetch(server.oai_url, RAW, **{"Accept-Encoding": "gzip"})
    assert (headers["Content-Encoding"], headers["Transfer-Encoding"]) == ("gzip", "chunked")
    assert body.startswith(b"\x1f\x8b")
    _, headers, body = fetch(server.oai_url, RAW, **{"Accept-Encoding": "identity"})
    assert (headers["Content-Encoding"], len(body)) == (None, len(right))


def test_a_connection_that_is_kept(server: FeedServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    for _ in range(3):
        connection.request("GET", "/oai?verb=Identify")
        assert connection.getresponse().read().endswith(b"</OAI-PMH>\n")
    connection.close()
    assert len(server.requests) == 3


def test_what_goes_wrong_in_the_hook_is_raised() -> None:
    def fail(request: Request) -> None:
        raise LookupError(request.target)

    with pytest.raises(LookupError, match="/oai"), FeedServer(PAPERS) as server:
        server.before = fail
        with pytest.raises(http.client.RemoteDisconnected):
            fetch(server.oai_url)
