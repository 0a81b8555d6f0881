"""Asking a server politely: one request at a time, with pauses, and again after what may pass.

What may pass: statuses that say so, a connection that broke, an answer that is cut off or is not what was asked for. A
``Retry-After`` is obeyed; else the pauses double. What will not pass by itself (another status, a redirect to another
host) ends it.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, TypeVar
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit

import attrs
import tenacity
import urllib3

from pithbuilder.core.timestamps import Clock
from pithbuilder.errors import SourceError, printable

_T = TypeVar("_T")

MAX_BODY_BYTES: Final = 16 * 2**20
"""How large an answer may be, decompressed; arXiv's pages of 1,000 to 2,500 records are below 8 MiB."""

MAX_BODY_SECONDS: Final = 600
"""How long a body may take to come."""

MAX_RETRY_AFTER_SECONDS: Final = 3600
MAX_BACKOFF_SECONDS: Final = 300
MAX_REDIRECTS: Final = 5

_TIMEOUT: Final = urllib3.Timeout(connect=30, read=120)
_CHUNK: Final = 2**16
_SCHEMES: Final = frozenset({"http", "https"})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_SHOWN_URL: Final = 300
_ERRNO: Final = re.compile(r"\[Errno -?\d+\] ")
_XML_TYPES: Final = frozenset({"text/xml", "application/xml", "application/atom+xml"})


@attrs.frozen
class Answer:
    """What a server answered.

    Attributes:
        url: The URL that was asked, before any redirect.
        status: 200 or 400.
        body: The answer's bytes, decompressed.
        fetched_at: When it had come, UTC.
    """

    url: str
    status: int
    body: bytes
    fetched_at: datetime


class TransientError(SourceError):
    """An answer of no use that may be another one next time.

    Args:
        error: What is wrong, should it stay so.
        retry_after: How many seconds the server asks to wait; None where it does not say.
    """

    def __init__(self, error: SourceError, retry_after: float | None = None) -> None:
        super().__init__(
            error.code,
            error.message,
            where=error.where,
            expected=error.expected,
            found=error.found,
            hint=error.hint,
        )
        self.retry_after = retry_after


class HttpClient:
    """Asks one server.

    Args:
        endpoint: The URL that parameters are added to.
        user_agent: Who is asking.
        clock: Says when an answer came.
        delay: Seconds between the end of an answer and the next request.
        backoff: Seconds to wait after the first failure of a request; doubled after each further one.
        tries: How often a request is made before it has failed.
        tell: Takes a line about each failure that is tried again.

    Raises:
        SourceError: ``http-endpoint``.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        user_agent: str,
        clock: Clock,
        delay: float,
        backoff: float,
        tries: int,
        tell: Callable[[str], None],
    ) -> None:
        parts = _split(endpoint)
        if (
            parts is None
            or parts.scheme not in ("http", "https")
            or not parts.hostname
            or parts.query
            or parts.fragment
            or "@" in parts.netloc
        ):
            raise SourceError(
                "http-endpoint",
                "not the address of an endpoint",
                where=printable(endpoint),
                expected="http:// or https://, a host and a path, and no password",
            )
        self.endpoint = endpoint
        self._clock = clock
        self._delay = delay
        self._tell = tell
        self._next_request = 0.0
        headers = {"User-Agent": user_agent, "Accept-Encoding": "gzip", "Accept": ", ".join(sorted(_XML_TYPES))}
        self._pool = urllib3.PoolManager(headers=headers, timeout=_TIMEOUT, retries=False)
        self._retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TransientError),
            stop=tenacity.stop_after_attempt(tries),
            wait=_Wait(backoff),
            before_sleep=self._tell_failure,
            reraise=True,
        )

    def get(self, parameters: Mapping[str, str], read: Callable[[Answer], _T]) -> _T:
        """Ask, and return what ``read`` makes of the answer.

        Args:
            parameters: Name to value, of the URL's query.
            read: Raises TransientError for an answer that is not what it must be.

        Raises:
            SourceError: ``http-status``, ``http-redirect``, ``http-failed``, ``http-content-type``, ``http-too-large``,
                ``http-retry-later``, or what ``read`` raises.
        """
        url = f"{self.endpoint}?{urlencode(parameters)}"
        return self._retrying(lambda: read(self._ask(url)))

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()

    def _ask(self, url: str) -> Answer:
        """Ask once, following redirects on the same host."""
        asked = url
        for _ in range(MAX_REDIRECTS + 1):
            time.sleep(max(0.0, self._next_request - time.monotonic()))
            try:
                response = self._pool.request("GET", asked, redirect=False, preload_content=False)
                try:
                    if response.status not in _REDIRECTS:
                        return Answer(url, response.status, _body(response, asked), self._clock.now())
                    asked = _redirected(asked, response.headers.get("Location", ""))
                finally:
                    response.close()  # what is left unread must not be taken for the next answer
            except urllib3.exceptions.HTTPError as error:
                raise TransientError(
                    SourceError("http-failed", f"the request failed: {_reason(error)}", where=_shown(asked))
                ) from error
            finally:
                self._next_request = time.monotonic() + self._delay
        raise SourceError(
            "http-redirect", "redirected too often", where=_shown(url), expected=f"at most {MAX_REDIRECTS} redirects"
        )

    def _tell_failure(self, state: tenacity.RetryCallState) -> None:
        failure = state.outcome.exception() if state.outcome else None
        if isinstance(failure, TransientError) and state.next_action:
            self._tell(f"note: {failure}; trying again in {state.next_action.sleep:.0f} s")


class _Wait(tenacity.wait.wait_base):
    """As long as the server says; else twice as long each time, and a little more, so that clients do not march."""

    def __init__(self, backoff: float) -> None:
        growing = tenacity.wait_exponential(multiplier=backoff, max=MAX_BACKOFF_SECONDS)
        self._growing = growing + tenacity.wait_random(0, backoff / 2)

    def __call__(self, retry_state: tenacity.RetryCallState) -> float:
        """Return the seconds to wait."""
        failure = retry_state.outcome.exception() if retry_state.outcome else None
        if isinstance(failure, TransientError) and failure.retry_after is not None:
            return failure.retry_after
        return min(self._growing(retry_state), MAX_BACKOFF_SECONDS)


def _body(response: urllib3.BaseHTTPResponse, url: str) -> bytes:
    """Return an answer's body; 400 passes, for the query API explains itself with it."""
    media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    status = response.status
    if status != 200 and not (status == 400 and media_type in _XML_TYPES):
        raise _failed(response, url)
    body = bytearray()
    latest = time.monotonic() + MAX_BODY_SECONDS
    for chunk in response.stream(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise SourceError(
                "http-too-large",
                "the answer is too large",
                where=_shown(url),
                expected=f"at most {MAX_BODY_BYTES} bytes",
            )
        if time.monotonic() > latest:
            slow = f"the request failed: the answer took more than {MAX_BODY_SECONDS} s"
            raise TransientError(SourceError("http-failed", slow, where=_shown(url)))
    if media_type not in _XML_TYPES:
        raise TransientError(
            SourceError(
                "http-content-type",
                "the answer is an HTML page" if media_type == "text/html" else "the answer is not XML",
                where=_shown(url),
                expected=" or ".join(sorted(_XML_TYPES)),
                found=f"{printable(media_type)}: {printable(bytes(body[:200]).strip())}",
                hint="look at the address in a browser; --endpoint chooses another one",
            )
        )
    return bytes(body)


def _failed(response: urllib3.BaseHTTPResponse, url: str) -> Exception:
    """Return what a status that is no success is raised as."""
    found = f"{response.status} {printable(response.reason or '')}"
    error = SourceError("http-status", "the server refused", where=_shown(url), expected="status 200", found=found)
    if response.status not in _PASSING:
        return error
    retry_after = None
    named = response.headers.get("Retry-After")
    if named is not None:
        try:
            retry_after = urllib3.Retry().parse_retry_after(named)
        except (urllib3.exceptions.InvalidHeader, ValueError, OverflowError):  # none, or beyond all measure
            retry_after = math.inf if named.strip().isdecimal() else None
    if retry_after is not None and retry_after > MAX_RETRY_AFTER_SECONDS:
        return SourceError(
            "http-retry-later",
            "the server asks to come back later",
            where=_shown(url),
            expected=f"at most {MAX_RETRY_AFTER_SECONDS} s",
            found=f"Retry-After: {printable(named)}",
            hint="run the same command again then: it goes on where it was",
        )
    return TransientError(error, retry_after)


def _redirected(url: str, location: str) -> str:
    """Return where a redirect leads to, if that is on the same host and no less safe."""
    here, there = urlsplit(url), _split(location and _joined(url, location))
    if there is not None:
        upgraded = (here.scheme, there.scheme) == ("http", "https") and here.hostname == there.hostname
        if upgraded or (here.scheme, here.netloc) == (there.scheme, there.netloc):
            return there.geturl()
    raise SourceError(
        "http-redirect",
        "redirected to another host",
        where=_shown(url),
        expected=f"an answer from {here.netloc}",
        found=printable(location or "no address"),
        hint="if the endpoint has moved, say so: --endpoint",
    )


def _shown(url: str) -> str:
    """Return a URL as it may stand in a message: a token may be very long."""
    return url if len(url) <= _SHOWN_URL else f"{url[:_SHOWN_URL]}..."


def _split(address: str) -> SplitResult | None:
    """Return the parts of an address; None for what is none."""
    try:
        return urlsplit(address) if address else None
    except ValueError:
        return None


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        return ""


def _reason(error: Exception) -> str:
    reason = str(error.__cause__ or error) or type(error).__name__
    return printable(_ERRNO.sub("", reason)).strip("'\"")
