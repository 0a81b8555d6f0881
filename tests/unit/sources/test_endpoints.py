"""What is made of an answer: records with their bytes as they came, tokens, totals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from pithbuilder.core.digest import sha256_hex
from pithbuilder.core.timestamps import FixedClock
from pithbuilder.errors import SourceError
from pithbuilder.sources.endpoints import AtomEndpoint, OaiEndpoint, Page
from pithbuilder.sources.harvested import HarvestedRecord, read_harvested
from pithbuilder.sources.http import HttpClient
from tests.support import feeds
from tests.support.feed_server import FOREVER, Fault, FeedServer, Kind

NOW = datetime(2026, 5, 18, 0, 15, 26, 999_999, tzinfo=UTC)
HEADER = (
    '<header status="deleted"><identifier>oai:arXiv.org:1805.0000{}</identifier>'
    "<datestamp>2018-06-01</datestamp></header>"
)


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer([]) as running:
        yield running


@pytest.fixture
def client(server: FeedServer) -> Iterator[HttpClient]:
    made = HttpClient(
        server.oai_url, user_agent="t", clock=FixedClock(NOW), delay=0, backoff=0.001, tries=2, tell=lambda line: None
    )
    yield made
    made.close()


def answer(server: FeedServer, body: bytes) -> None:
    server.faults = [Fault(Kind.OTHER, headers={"Content-Type": "text/xml"}, body=body, times=FOREVER)]


def listed(server: FeedServer, client: HttpClient, body: bytes) -> Page:
    answer(server, body)
    return OaiEndpoint(client).list("2018-06-01", "", "")


def test_a_page(server: FeedServer, client: HttpClient) -> None:
    record = f"<record>{HEADER.format(1)}</record>"
    page = listed(server, client, feeds.oai_page([record], token=" a&b \n", complete=17))
    (one,) = page.records
    assert (page.token, page.total, page.responded_at, page.token_expired) == ("a&b", 17, feeds.RESPONSE_DATE, False)
    assert (one.source_id, one.datestamp, one.raw) == ("1805.00001", "2018-06-01", record.encode())
    assert one.origin.raw_sha256 == sha256_hex(record.encode())
    assert one.origin.fetched_at == "2026-05-18T00:15:26Z"
    assert one.origin.source == f"{server.oai_url}?verb=ListRecords&metadataPrefix=arXivRaw&from=2018-06-01"
    assert one.namespaces[""] == "http://www.openarchives.org/OAI/2.0/"


@pytest.mark.parametrize(
    "record",
    [
        "<record>{}</record >",
        "<record\n>{}</record\n\t>",
        '<record a=">" b="/>">{}</record>',
        "<record>{}<x>]]&gt;<![CDATA[</record>]]></x><!-- </record> > --></record>",
        "<record>{}\r\n\r&#13;<x/>量子𝔤\u2028</record>",
        "<record>{}<record/></record>",
        '<record xmlns:y="urn:y">{}<y:z/></record>',
    ],
)
@pytest.mark.parametrize("before", ["", "\ufeff"])
def test_the_bytes_are_cut_out_as_they_came(server: FeedServer, client: HttpClient, record: str, before: str) -> None:
    those = [record.format(HEADER.format(number)) for number in (1, 2)]
    body = before.encode() + feeds.oai_page(those, token="next")
    page = listed(server, client, body)
    assert [one.raw.decode() for one in page.records] == those
    assert [one.source_id for one in page.records] == ["1805.00001", "1805.00002"]
    for one in page.records:
        assert read_harvested(json.loads(one.to_line()), "p").deleted_id == one.source_id
        assert HarvestedRecord.from_dict(json.loads(one.to_line())) == one


def test_an_empty_element_is_cut_out_as_it_came(server: FeedServer, client: HttpClient) -> None:
    those = ["<record/>", f"<record>{HEADER.format(1)}</record>", "<record a='>' />"]
    page = listed(server, client, feeds.oai_page(those, token="next"))
    assert [one.raw.decode() for one in page.records] == those


def test_declarations_elsewhere_do_not_count(server: FeedServer, client: HttpClient) -> None:
    """What is declared on a neighbour does not reach the record."""
    record = f"<record>{HEADER.format(1)}</record>"
    body = feeds.oai_page([record]).replace(b"</OAI-PMH>", b'<x xmlns="urn:x"/></OAI-PMH>')
    (one,) = listed(server, client, body).records
    assert read_harvested(json.loads(one.to_line()), "p").deleted_id == "1805.00001"


@pytest.mark.parametrize("header", ["", "<header/>", "<header><identifier>x</identifier></header>"])
def test_a_record_that_does_not_say_whose_it_is(server: FeedServer, client: HttpClient, header: str) -> None:
    record = f"<record>{header}<x>1</x></record>"
    (one,) = listed(server, client, feeds.oai_page([record])).records
    assert (one.source_id, one.datestamp, one.raw.decode()) == ("", "", record)


@pytest.mark.parametrize(("size", "total"), [("0", 0), ("-1", None), ("x", None), ("²", None), ("9" * 5000, None)])
def test_the_size_of_a_list(server: FeedServer, client: HttpClient, size: str, total: int | None) -> None:
    body = feeds.oai_page([], token="t", complete=77).replace(b'"77"', f'"{size}"'.encode())
    assert listed(server, client, body).total == total


@pytest.mark.parametrize(("size", "total"), [("0", 0), ("-1", None), ("", None), ("9" * 5000, None)])
def test_the_size_of_a_feed(server: FeedServer, client: HttpClient, size: str, total: int | None) -> None:
    answer(server, feeds.atom_feed([], 77, 0, 1).replace(b">77<", f">{size}<".encode()))
    page = AtomEndpoint(client).by_ids(["1805.00001"])
    assert (page.records, page.total) == ((), total)


def test_errors_that_are_none(server: FeedServer, client: HttpClient) -> None:
    answer(server, feeds.oai_error("badResumptionToken", ""))
    page = OaiEndpoint(client).resume("t")
    assert (page.token_expired, page.records, page.token) == (True, (), "")
    answer(server, feeds.oai_error("noRecordsMatch", ""))
    page = OaiEndpoint(client).list("2018-06-01", "", "")
    assert (page.token_expired, page.records, page.token) == (False, (), "")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (feeds.oai_error("noRecordsMatch", ""), "oai-error"),
        (b'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"/>', "oai-page"),
        (b'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords/></OAI-PMH>', "oai-page"),
    ],
    ids=["no records", "nothing", "an empty list"],
)
def test_a_list_does_not_end_in_nothing(server: FeedServer, client: HttpClient, body: bytes, code: str) -> None:
    answer(server, body)
    with pytest.raises(SourceError) as caught:
        OaiEndpoint(client).resume("t")
    assert caught.value.code == code


def test_a_paper_that_does_not_exist(server: FeedServer, client: HttpClient) -> None:
    answer(server, feeds.oai_error("idDoesNotExist", ""))
    assert OaiEndpoint(client).by_ids(["1805.00001"]).records == ()
    assert server.requests[0].query["identifier"] == "oai:arXiv.org:1805.00001"


@pytest.mark.parametrize("code", ["badArgument", "", "idDoesNotExist2"])
def test_other_errors(server: FeedServer, client: HttpClient, code: str) -> None:
    with pytest.raises(SourceError) as caught:
        listed(server, client, feeds.oai_error(code, "why"))
    assert (caught.value.code, caught.value.where) == ("oai-error", f"{server.url}{server.requests[0].target}")
    assert "why" in caught.value.found


def test_an_entry_that_does_not_say_whose_it_is(server: FeedServer, client: HttpClient) -> None:
    entries = ["<entry><title>x</title></entry>", "<entry><id>urn:x</id></entry>", "<entry>\n</entry>"]
    answer(server, feeds.atom_feed(entries, 3, 0, 3))
    page = AtomEndpoint(client).by_ids(["1805.00001"])
    assert [(one.source_id, one.datestamp, one.raw.decode()) for one in page.records] == [("", "", e) for e in entries]
