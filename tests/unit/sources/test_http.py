"""Asking politely: how long it waits, what it takes for an answer, and when it gives up."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from pithbuilder.core.timestamps import FixedClock
from pithbuilder.errors import SourceError
from pithbuilder.sources import http
from pithbuilder.sources.http import Answer, HttpClient, TransientError
from tests.support import feeds
from tests.support.feed_server import FOREVER, Fault, FeedServer, Kind

NOW = datetime(2026, 5, 18, 0, 15, 26, tzinfo=UTC)
ASKED = {"verb": "Identify"}
LATE_RIGHT = (b"<l/>", b"<r/>")

Opener = Callable[..., HttpClient]


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer([]) as running:
        yield running


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def client(server: FeedServer, told: list[str]) -> Iterator[Opener]:
    opened: list[HttpClient] = []

    def opener(delay: float = 0, backoff: float = 0.01, tries: int = 3) -> HttpClient:
        made = HttpClient(
            server.oai_url,
            user_agent="tests/1",
            clock=FixedClock(NOW),
            delay=delay,
            backoff=backoff,
            tries=tries,
            tell=told.append,
        )
        opened.append(made)
        return made

    yield opener
    for made in opened:
        made.close()


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long it wanted to sleep; in truth it does not."""
    seconds: list[float] = []
    monkeypatch.setattr(time, "sleep", lambda wanted: seconds.append(wanted) if wanted else None)
    return seconds


def whole(answer: Answer) -> Answer:
    return answer


def test_an_answer(server: FeedServer, client: Opener) -> None:
    server.faults = [Fault(Kind.REDIRECT, url="/moved/oai")]
    answer = client().get({"verb": "Identify"}, whole)
    assert answer == Answer(f"{server.oai_url}?verb=Identify", 200, answer.body, NOW)
    assert answer.body == feeds.oai_identify("YYYY-MM-DD", "1991-08-14", server.oai_url)
    assert [request.headers["user-agent"] for request in server.requests] == ["tests/1", "tests/1"]


def test_parameters_arrive_as_they_were(server: FeedServer, client: Opener) -> None:
    given = {"verb": "x&y=z#?+ %41", "a": "ü\n|/<>\"'", "empty": ""}
    client().get(given, whole)
    assert server.requests[0].query == given


@pytest.mark.parametrize("backoff", [0.5, 10, 100])
def test_pauses_double(server: FeedServer, client: Opener, slept: list[float], backoff: float) -> None:
    server.faults = [Fault(Kind.SERVER_ERROR, times=FOREVER)]
    with pytest.raises(SourceError) as caught:
        client(backoff=backoff, tries=8).get(ASKED, whole)
    assert caught.value.code == "http-status"
    assert len(slept) == 7
    for number, seconds in enumerate(slept):
        doubled = backoff * 2**number
        assert min(doubled, 300) <= seconds <= min(doubled * 1.5, 300)


@pytest.mark.parametrize("after", [0, 7, 3600])
def test_the_server_says_how_long(
    server: FeedServer, client: Opener, slept: list[float], told: list[str], after: int
) -> None:
    server.faults = [Fault(Kind.TOO_MANY, retry_after=after, times=2)]
    client(backoff=50).get(ASKED, whole)
    assert slept == ([after, after] if after else [])
    assert len(told) == 2
    assert told[0].startswith(f"note: {server.oai_url}?verb=Identify: the server refused [http-status]")
    assert told[0].endswith(f"found 429 'Too Many Requests'; trying again in {after} s")


@pytest.mark.parametrize("after", [3601, 10**12, datetime(2090, 1, 1, tzinfo=UTC)])
def test_the_server_says_too_long(
    server: FeedServer, client: Opener, slept: list[float], after: int | datetime
) -> None:
    server.faults = [Fault(Kind.UNAVAILABLE, retry_after=after, times=FOREVER)]
    with pytest.raises(SourceError) as caught:
        client().get(ASKED, whole)
    assert (caught.value.code, slept, len(server.requests)) == ("http-retry-later", [], 1)
    assert "Retry-After" in caught.value.found


def test_an_instant_that_has_passed(server: FeedServer, client: Opener, slept: list[float]) -> None:
    server.faults = [Fault(Kind.UNAVAILABLE, retry_after=datetime(2020, 1, 1, tzinfo=UTC))]
    client(backoff=50).get(ASKED, whole)
    assert slept == []


def test_the_delay_counts_for_every_request(server: FeedServer, client: Opener, slept: list[float]) -> None:
    server.faults = [Fault(Kind.UNAVAILABLE, retry_after=0), Fault(Kind.REDIRECT, url="/moved/oai")]
    polite = client(delay=900)
    polite.get(ASKED, whole)
    polite.get(ASKED, whole)
    assert len(server.requests) == 4
    assert len(slept) == 3, "all but the first"
    assert all(850 < seconds <= 900 for seconds in slept)


@pytest.mark.parametrize("tries", [1, 2, 5])
def test_it_gives_up(server: FeedServer, client: Opener, told: list[str], slept: list[float], tries: int) -> None:
    server.faults = [Fault(Kind.CUT, times=FOREVER)]
    with pytest.raises(SourceError) as caught:
        client(tries=tries).get(ASKED, whole)
    assert caught.value.code == "http-failed"
    assert caught.value.where == f"{server.oai_url}?verb=Identify"
    assert (len(server.requests), len(told)) == (tries, tries - 1)


def test_each_request_has_all_its_tries(server: FeedServer, client: Opener) -> None:
    polite = client(tries=3)
    for _ in range(3):
        server.faults = [Fault(Kind.CUT, times=2)]
        assert polite.get(ASKED, whole).status == 200
    assert len(server.requests) == 9


def test_what_the_reader_says_counts(server: FeedServer, client: Opener) -> None:
    bodies: list[bytes] = []

    def read(answer: Answer) -> int:
        bodies.append(answer.body)
        if len(bodies) < 3:
            raise TransientError(SourceError("atom-page", "not yet"))
        return len(bodies)

    assert client().get(ASKED, read) == 3

    def refuse(answer: Answer) -> None:
        raise SourceError("oai-error", "never")

    with pytest.raises(SourceError, match="never"):
        client().get(ASKED, refuse)
    assert len(server.requests) == 4


def test_a_server_that_hangs(server: FeedServer, client: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_TIMEOUT", 0.2)
    server.faults = [Fault(Kind.HANG, seconds=60)]
    assert client().get(ASKED, whole).status == 200
    assert len(server.requests) == 2


def test_a_redirect_to_the_same_host_over_tls_is_followed(server: FeedServer, client: Opener) -> None:
    safer = server.oai_url.replace("http:", "https:")
    server.faults = [Fault(Kind.REDIRECT, url=safer)]
    with pytest.raises(SourceError) as caught:
        client(tries=1).get(ASKED, whole)
    assert (caught.value.code, caught.value.where) == ("http-failed", f"{safer}?verb=Identify"), "it speaks no TLS"


@pytest.mark.parametrize(
    "target",
    [
        "http://localhost:{port}/oai",
        "http://127.0.0.1:1/oai",
        "//127.0.0.1/oai",
        "http://me@127.0.0.1:{port}/oai",
        "x:",
    ],
)
def test_a_redirect_elsewhere_is_not_followed(server: FeedServer, client: Opener, target: str) -> None:
    server.faults = [Fault(Kind.REDIRECT, url=target.format(port=server.port))]
    with pytest.raises(SourceError) as caught:
        client().get(ASKED, whole)
    assert (caught.value.code, len(server.requests)) == ("http-redirect", 1)


def test_the_body_of_a_refusal_is_not_taken_for_the_next_answer() -> None:
    """The refusal's body, which comes late, looks like an answer; the right one is given on another connection."""
    late, right = (
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Type: text/xml\r\n\r\n" + end for end in LATE_RIGHT
    )

    def serve(listener: socket.socket) -> None:
        held = []
        with suppress(OSError):
            for number in range(2):
                connection = listener.accept()[0]
                held.append(connection)
                connection.recv(65536)
                if number == 1:
                    connection.sendall(right)
                    break
                connection.sendall(b"HTTP/1.1 503 Sorry\r\nRetry-After: 0\r\nContent-Length: %d\r\n\r\n" % len(late))
                connection.settimeout(0.5)
                with suppress(TimeoutError):
                    if connection.recv(65536):  # the next request, where the body has yet to come
                        connection.sendall(late)
        for connection in held:
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/oai"
        client = HttpClient(
            url, user_agent="t", clock=FixedClock(NOW), delay=0, backoff=0.01, tries=2, tell=lambda line: None
        )
        try:
            assert client.get(ASKED, whole).body == LATE_RIGHT[1]
        finally:
            client.close()
            with suppress(OSError):
                socket.create_connection(listener.getsockname()).close()  # so that the thread ends whatever happened
            thread.join(10)
