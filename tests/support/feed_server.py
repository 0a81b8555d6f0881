"""An HTTP server on this machine that plays arXiv's OAI-PMH and Atom interfaces, and fails when told to."""

from __future__ import annotations

import gzip
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from email.utils import format_datetime
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qsl, urlsplit

import attrs

from tests.support import feeds
from tests.support.feeds import AtomError, FeedPaper, OaiError

DAYS: Final = "YYYY-MM-DD"
SECONDS: Final = "YYYY-MM-DDThh:mm:ssZ"
FOREVER: Final = sys.maxsize

_ARGUMENTS: Final = {
    "Identify": frozenset({"verb"}),
    "ListRecords": frozenset({"verb", "metadataPrefix", "from", "until", "set", "resumptionToken"}),
    "GetRecord": frozenset({"verb", "metadataPrefix", "identifier"}),
}
_PAGE: Final = b"<!DOCTYPE html>\n<html><head><meta charset=utf-8><title>Sorry</title><body><p>Back soon<br></html>\n"


@attrs.frozen
class Request:
    """A request that arrived: names of headers in lower case, ``at`` by the monotonic clock."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    at: float
    target: str

    @property
    def is_oai(self) -> bool:
        """Whether it is for the OAI interface, wherever a redirect put that."""
        return self.path.endswith("/oai")

    @property
    def is_atom(self) -> bool:
        """Whether it is for the Atom interface, wherever a redirect put that."""
        return self.path.endswith("/query")


class Kind(Enum):
    """What goes wrong; in brackets the attributes of a fault that matter."""

    UNAVAILABLE = "503 (retry_after)"
    TOO_MANY = "429 (retry_after)"
    SERVER_ERROR = "500 (retry_after)"
    EXPIRED_TOKEN = "OAI only: badResumptionToken, and every token is forgotten"
    EMPTY_PAGE = "OAI lists: no record, and a token for the same page; Atom: no entry, but a total"
    EMPTY_BODY = "200 with Content-Length 0"
    CUT = "half of the body, though Content-Length announces all of it"
    CUT_CHUNKED = "half of the body in chunks, without the last chunk"
    CUT_SILENTLY = "half of the body, and nothing says that there was more"
    CONTENT_TYPE = "the right body under another Content-Type (content_type)"
    HTML = "200 with a page in HTML (body)"
    HTML_AS_XML = "the same, called text/xml (body)"
    ATOM_ERROR = "Atom only: the feed that reports an error (status, text)"
    REDIRECT = "redirect (url, status); a url without a query is given that of the request"
    DUPLICATES = "each record of the page twice"
    SHUFFLE = "the records of the page in reverse order"
    HANG = "the right answer, late (seconds)"
    ENTITY_BOMB = "the right body, with entities that expand to gigabytes"
    OTHER = "an answer given whole (status, body)"


_OF_PAGES: Final = {Kind.EMPTY_PAGE, Kind.DUPLICATES, Kind.SHUFFLE}
_OF_WIRE: Final = {Kind.CUT, Kind.CUT_CHUNKED, Kind.CUT_SILENTLY}


def always(request: Request) -> bool:
    """Match every request."""
    return True


def oai(request: Request) -> bool:
    """Match requests for the OAI interface."""
    return request.is_oai


def atom(request: Request) -> bool:
    """Match requests for the Atom interface."""
    return request.is_atom


def resumed(request: Request) -> bool:
    """Match requests with a resumption token."""
    return "resumptionToken" in request.query


@attrs.define
class Fault:
    """Something that goes wrong with the next ``times`` requests that it matches.

    ``headers`` are added to the answer, or replace those of the same name (spelt as there). ``retry_after`` is in
    seconds, an instant, or the text of the header; None leaves the header out.
    """

    kind: Kind
    on: Callable[[Request], bool] = always
    times: int = 1
    retry_after: int | datetime | str | None = None
    status: int | None = None
    headers: Mapping[str, str] = attrs.field(factory=dict)
    body: bytes | None = None
    content_type: str = "application/octet-stream"
    seconds: float = 0
    text: str = "something went wrong"
    url: str = ""

    def matches(self, request: Request) -> bool:
        """Say whether this goes wrong with a request."""
        if self.kind is Kind.EXPIRED_TOKEN or (self.kind in _OF_PAGES and not request.is_atom):
            return request.is_oai and request.query.get("verb") == "ListRecords" and self.on(request)
        return (self.kind is not Kind.ATOM_ERROR or request.is_atom) and self.on(request)


@attrs.frozen
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class FeedServer:
    """arXiv on this machine, as long as the context lasts.

    Everything public may be changed while it runs. What went wrong in the server itself, ``before`` included, is
    raised when the context ends.

    Attributes:
        papers: What there is; the order counts among papers with the same datestamp.
        page_size: Records on a page of the OAI interface.
        granularity: ``DAYS`` or ``SECONDS``.
        gzip: Compress answers for clients that accept it.
        chunked: Send answers in chunks instead of announcing their length.
        response_date: The OAI interface's clock, and the time at which it stands.
        before: Called with each request before it is answered, in the thread that will answer.
        faults: What is to go wrong: each request takes the first one that matches it.
        requests: What arrived so far.
    """

    def __init__(self, papers: Sequence[FeedPaper], page_size: int = 3, granularity: str = DAYS) -> None:
        self.papers = list(papers)
        self.page_size = page_size
        self.granularity = granularity
        self.gzip = False
        self.chunked = False
        self.response_date = feeds.RESPONSE_DATE
        self.before: Callable[[Request], None] | None = None
        self.faults: list[Fault] = []
        self.requests: list[Request] = []
        self.port = 0
        self._tokens: dict[str, tuple[dict[str, str], int]] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    def __enter__(self) -> Self:
        self._stopping.clear()
        self._listener = _Listener(self)
        self.port = self._listener.server_port
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stopping.set()
        self._listener.stop()
        self._thread.join()
        if error is None and self._listener.errors:
            raise self._listener.errors[0]

    @property
    def url(self) -> str:
        """The server, without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def oai_url(self) -> str:
        """The OAI interface."""
        return f"{self.url}/oai"

    @property
    def atom_url(self) -> str:
        """The Atom interface."""
        return f"{self.url}/api/query"

    def forget_tokens(self) -> None:
        """Let every resumption token expire."""
        self._tokens.clear()

    def take_fault(self, request: Request) -> Fault | None:
        """Return what goes wrong with a request, and count it."""
        with self._lock:
            fault = next((fault for fault in self.faults if fault.matches(request)), None)
            if fault is not None:
                fault.times -= 1
                if fault.times < 1:
                    self.faults[:] = [other for other in self.faults if other is not fault]
        return fault

    def answer(self, request: Request, fault: Fault | None) -> _Answer | None:
        """Return the answer to a request; None when the server stopped meanwhile."""
        if fault is None:
            return self._right_answer(request)
        if fault.kind is Kind.HANG and self._stopping.wait(fault.seconds):
            return None
        answer = self._failure(request, fault) or self._right_answer(request, fault.kind)
        if fault.kind is Kind.CONTENT_TYPE:
            answer = attrs.evolve(answer, headers={"Content-Type": fault.content_type})
        elif fault.kind is Kind.ENTITY_BOMB:
            answer = attrs.evolve(answer, body=feeds.with_entity_bomb(answer.body))
        return attrs.evolve(answer, headers={**answer.headers, **fault.headers})

    def _failure(self, request: Request, fault: Fault) -> _Answer | None:
        """Return the answer of a fault that needs nothing of the right one."""
        retry = {"Content-Type": "text/html"}
        if (after := fault.retry_after) is not None:
            retry["Retry-After"] = format_datetime(after, usegmt=True) if isinstance(after, datetime) else str(after)
        match fault.kind:
            case Kind.UNAVAILABLE | Kind.SERVER_ERROR:
                return _Answer(503 if fault.kind is Kind.UNAVAILABLE else 500, retry, _PAGE)
            case Kind.TOO_MANY:
                return _Answer(429, retry, b"Rate exceeded.")
            case Kind.EXPIRED_TOKEN:
                self.forget_tokens()
                return self._oai_error(OaiError("badResumptionToken", "the token has expired"))
            case Kind.EMPTY_BODY:
                return _Answer(200, _type_of(request), b"")
            case Kind.HTML | Kind.HTML_AS_XML:
                name = "text/html" if fault.kind is Kind.HTML else "text/xml"
                return _Answer(200, {"Content-Type": f"{name}; charset=utf-8"}, fault.body or _PAGE)
            case Kind.ATOM_ERROR:
                return _Answer(fault.status or 200, _type_of(request), feeds.atom_error(fault.text))
            case Kind.REDIRECT:
                query = urlsplit(request.target).query
                url = fault.url if "?" in fault.url or not query else f"{fault.url}?{query}"
                return _Answer(fault.status or 302, {"Location": url}, b"")
            case Kind.OTHER:
                return _Answer(fault.status or 200, {}, fault.body or b"")
        return None

    def _right_answer(self, request: Request, kind: Kind | None = None) -> _Answer:
        try:
            if request.is_oai:
                return _Answer(200, _type_of(request), self._oai(request, kind))
            if request.is_atom:
                return _Answer(200, _type_of(request), self._atom(request, kind))
        except OaiError as error:
            return self._oai_error(error)
        except AtomError as error:
            return _Answer(400, _type_of(request), feeds.atom_error(str(error)))
        return _Answer(404, {"Content-Type": "text/html"}, _PAGE)

    def _oai_error(self, error: OaiError) -> _Answer:
        body = feeds.oai_error(error.code, error.text, self.oai_url, self.response_date)
        return _Answer(200, {"Content-Type": "text/xml; charset=utf-8"}, body)

    def _oai(self, request: Request, kind: Kind | None) -> bytes:
        query = request.query
        allowed = _ARGUMENTS.get(query.get("verb", ""))
        names = [name for name, _ in parse_qsl(urlsplit(request.target).query, keep_blank_values=True)]
        if allowed is None or names.count("verb") > 1:
            raise OaiError("badVerb", "no verb, or one that is not known here")
        if len(set(names)) < len(names) or not allowed.issuperset(names):
            raise OaiError("badArgument", "an argument that is repeated or does not belong there")
        if query["verb"] == "Identify":
            earliest = min((paper.changed_at for paper in self.papers), default="1991-08-14T00:00:00Z")
            shown = earliest[: len(self.granularity)]
            return feeds.oai_identify(self.granularity, shown, self.oai_url, self.response_date)
        return self._get_record(query) if query["verb"] == "GetRecord" else self._list_records(query, kind)

    def _get_record(self, query: dict[str, str]) -> bytes:
        if not query.get("identifier") or not query.get("metadataPrefix"):
            raise OaiError("badArgument", "identifier and metadataPrefix are needed")
        found = [paper for paper in self.papers if f"oai:arXiv.org:{paper.arxiv_id}" == query["identifier"]]
        if not found:
            raise OaiError("idDoesNotExist", "no record has that identifier")
        return self._oai_page(feeds.oai_records(found[:1], query["metadataPrefix"], self.granularity), query)

    def _list_records(self, query: dict[str, str], kind: Kind | None) -> bytes:
        offset = 0
        if "resumptionToken" in query:
            if len(query) > 2:
                raise OaiError("badArgument", "resumptionToken goes with no other argument")
            query, offset = self._tokens.get(query["resumptionToken"], ({}, -1))
            if offset < 0:
                raise OaiError("badResumptionToken", "no such token")
        prefix = query.get("metadataPrefix")
        if not prefix:
            raise OaiError("badArgument", "metadataPrefix is needed")
        papers = feeds.select(self.papers, query, self.granularity)
        records = feeds.oai_records(papers[offset : offset + self.page_size], prefix, self.granularity)
        if not records and offset:
            raise OaiError("badResumptionToken", "the list has become shorter")
        if not records:
            raise OaiError("noRecordsMatch", "nothing matches")
        token = "" if offset else None
        if kind is Kind.EMPTY_PAGE:
            token = self._new_token(query, offset)
        elif offset + self.page_size < len(papers):
            token = self._new_token(query, offset + self.page_size)
        return self._oai_page(_spoilt(records, kind), query, token, offset, len(papers))

    def _oai_page(self, records: Sequence[str], query: dict[str, str], token: str | None = None, *place: int) -> bytes:
        cursor, complete = place or (None, None)
        prefix, url = query["metadataPrefix"], self.oai_url
        return feeds.oai_page(records, query["verb"], token, cursor, complete, self.response_date, prefix, url)

    def _new_token(self, query: dict[str, str], offset: int) -> str:
        # Everything that a client must take as it is: in XML and again in a URL.
        token = f"{secrets.token_hex(6)}|{offset + 1}&set=a:b+c%2Fd<=>"
        self._tokens[token] = (query, offset)
        return token

    def _atom(self, request: Request, kind: Kind | None) -> bytes:
        start = _number(request.query.get("start", "0"), "start")
        size = _number(request.query.get("max_results", "10"), "max_results")
        entries = feeds.versions_of(self.papers, request.query.get("id_list", ""))
        total = max(len(entries), 1) if kind is Kind.EMPTY_PAGE else len(entries)
        return feeds.atom_feed(_spoilt(entries[start : start + size], kind), total, start, size)


class _Listener(ThreadingHTTPServer):
    daemon_threads = False  # closing waits for the threads, so that no socket outlives the server

    def __init__(self, feed_server: FeedServer) -> None:
        self.feed_server = feed_server
        self.errors: list[BaseException] = []
        self._open: set[Any] = set()
        self._guard = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # not HTTPServer's, which asks for the host's name
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exception()
        if error is not None and not isinstance(error, ConnectionError):
            self.errors.append(error)

    def stop(self) -> None:
        self.shutdown()
        with self._guard:
            for connection in self._open:
                with suppress(OSError):  # the client was faster
                    connection.shutdown(socket.SHUT_RDWR)
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        feed_server = self.server.feed_server
        target = urlsplit(self.path)
        query = dict(parse_qsl(target.query, keep_blank_values=True))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(target.path, query, headers, time.monotonic(), self.path)
        feed_server.requests.append(request)
        if feed_server.before is not None:
            feed_server.before(request)
        fault = feed_server.take_fault(request)
        answer = feed_server.answer(request, fault)
        if answer is None:
            self.close_connection = True
        else:
            self._send(answer, fault.kind if fault else None, "gzip" in headers.get("accept-encoding", ""))

    def _send(self, answer: _Answer, kind: Kind | None, takes_gzip: bool) -> None:
        settings, cut, body, headers = self.server.feed_server, kind in _OF_WIRE, answer.body, dict(answer.headers)
        half = feeds.first_half(body)
        as_usual = kind is not Kind.OTHER and bool(body)
        if settings.gzip and takes_gzip and as_usual:
            body = gzip.compress(body)
            half = body[: len(body) // 2]
            headers["Content-Encoding"] = "gzip"
        sent = half if cut else body
        if kind is Kind.CUT_CHUNKED or (settings.chunked and as_usual and not cut):
            headers["Transfer-Encoding"] = "chunked"
            parts = [sent[start : start + 1000] for start in range(0, len(sent), 1000)] + ([] if cut else [b""])
            sent = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
        elif kind is Kind.CUT_SILENTLY:
            headers["Connection"] = "close"
        else:
            headers.setdefault("Content-Length", str(len(body)))
        self.send_response(answer.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(sent)
        self.close_connection |= cut


def _spoilt(page: Sequence[str], kind: Kind | None) -> list[str]:
    """Return the records of a page after the faults that concern those."""
    if kind is Kind.EMPTY_PAGE:
        return []
    if kind is Kind.DUPLICATES:
        return [record for record in page for _ in range(2)]
    return list(reversed(page)) if kind is Kind.SHUFFLE else list(page)


def _type_of(request: Request) -> dict[str, str]:
    return {"Content-Type": f"{'application/atom+xml' if request.is_atom else 'text/xml'}; charset=utf-8"}


def _number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise AtomError(f"{name} must be an integer")
    return int(text)
