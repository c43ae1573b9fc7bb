"""Gets one address, politely and safely: conditional, capped, timed, each hop guarded. It does not read what it gets.

What a `Fetched` means is for the caller: an HTML page is a body like any other (sites are searched for their feeds),
and `moved_to` is worth keeping only once the body has proved to be a feed.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urljoin

import aiohttp

from bot.feeds import challenge, faults
from bot.feeds.decode import ACCEPT_ENCODING, DecodeError, Decoder, too_large
from bot.feeds.model import Fault, FaultKind, FeedError, Fetched, FetchRequest
from bot.feeds.politeness import HostGate

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from yarl import URL

    from bot.feeds.guard import Guard

MAX_BYTES: Final = 5 * 1024 * 1024
ACCEPT: Final = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, text/html;q=0.6, */*;q=0.1"
)
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PERMANENT: Final = frozenset({301, 308})
_WITH_BODY: Final = frozenset({200, 203})
_MAYBE_CHALLENGE: Final = frozenset({202, 401, 403, 405, 406, 418, 429, 503})
_ERROR_BYTES: Final = 64 * 1024  # of an error page, enough to recognise a challenge
_ERROR_SECONDS: Final = 3.0
_LISTS: Final = frozenset({"cache-control", "link", "vary"})  # list headers: several lines are one value


def user_agent(version: str, contact: str | None = None) -> str:
    """`Headframe/VERSION (feed reader; +CONTACT)`: who is asking, and where a publisher can write."""
    clean = "".join(ch for ch in (contact or "") if " " <= ch <= "~" and ch != "\\").strip()[:200]
    plus = "+" if clean.startswith(("http://", "https://")) else ""
    return f"Headframe/{version} (feed reader; {plus}{clean})" if clean else f"Headframe/{version} (feed reader)"


class Fetcher:
    """One HTTP session for all feeds; `async with`. Limits: bytes after decompression, seconds over all hops."""

    def __init__(
        self,
        guard: Guard,
        *,
        user_agent: str,
        max_bytes: int = MAX_BYTES,
        total_seconds: float = 20.0,
        max_redirects: int = 5,
        per_host_connections: int = 2,
        per_host_interval: float = 1.0,
        max_connections: int = 200,
        tls: ssl.SSLContext | None = None,
        gate: HostGate | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._guard = guard
        self._user_agent = user_agent
        self._max_bytes = max_bytes
        self._total_seconds = total_seconds
        self._max_redirects = max_redirects
        self._tls = tls
        self._clock = clock
        self._now = now
        self._connections = asyncio.Semaphore(max_connections)
        self._gate = gate or HostGate(
            connections=per_host_connections, interval=per_host_interval, exempt=guard.is_own_host, clock=clock
        )
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # Every limit of the connector is off: the gate and the semaphore admit, and they admit fairly.
        connector = self._guard.connector(limit=0, ttl_dns_cache=300, ssl=self._tls or True)
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
            headers={"User-Agent": self._user_agent, "Accept": ACCEPT, "Accept-Encoding": ACCEPT_ENCODING},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def delay(self, url: str) -> float:
        """About how many seconds a fetch of this URL would wait for its host's turn; 0 for a URL that is refused."""
        try:
            return self._gate.delay(self._guard.check_url(url).raw_host or "")
        except FeedError:
            return 0.0

    async def fetch(self, request: FetchRequest) -> Fetched:
        """GET the address. Whatever the other side does becomes a Fault; only cancellation is raised.

        Waiting for the host's turn is not counted against the time limit; `seconds` is the time on the network.
        """
        headers = _request_headers(request)
        conditional = "If-None-Match" in headers or "If-Modified-Since" in headers
        began = _Stopwatch(self._clock)
        current = request.url
        seen: set[str] = set()
        permanent = True
        try:
            while True:
                url = self._guard.check_url(current)
                answer = await self._hop("GET", url, headers, None, began)
                if answer.location is None:
                    break
                seen.add(str(url))
                current = urljoin(str(url), answer.location)
                permanent = permanent and answer.status in _PERMANENT
                if current.split("#", 1)[0] in seen:
                    raise FeedError(Fault(FaultKind.REDIRECTS, _CIRCLE, answer.status))
                if len(seen) > self._max_redirects:
                    detail = f"The address is redirected more than {self._max_redirects} times; give the final one."
                    raise FeedError(Fault(FaultKind.REDIRECTS, detail, answer.status))
        except faults.REQUEST_ERRORS as error:
            return Fetched(current, fault=faults.of_error(error, self._total_seconds), seconds=began.seconds)
        final = str(url) if seen else request.url
        fault = answer.fault
        if answer.status == 304 and not conditional:
            fault = faults.of_status(304, answer.headers, self._now())
        return Fetched(
            url=final,
            status=answer.status,
            headers=answer.headers,
            body=None if fault else answer.body,
            not_modified=fault is None and answer.status == 304,
            moved_to=final if seen and permanent and fault is None else None,
            fault=fault,
            seconds=began.seconds,
        )

    async def post(self, url: str, form: Mapping[str, str]) -> Fetched:
        """POST a form (WebSub subscriptions); any 2xx is a success with a body, a redirect is a fault."""
        began = _Stopwatch(self._clock)
        try:
            answer = await self._hop("POST", self._guard.check_url(url), {}, form, began)
        except faults.REQUEST_ERRORS as error:
            return Fetched(url, fault=faults.of_error(error, self._total_seconds), seconds=began.seconds)
        fault = answer.fault
        if answer.location is not None or answer.status == 304:
            fault = faults.of_status(answer.status, {}, self._now())
        body = None if fault else answer.body
        return Fetched(url, answer.status, answer.headers, body, fault=fault, seconds=began.seconds)

    async def _hop(
        self, method: str, url: URL, headers: Mapping[str, str], form: Mapping[str, str] | None, watch: _Stopwatch
    ) -> _Answer:
        if self._session is None:
            raise RuntimeError("the Fetcher is used inside `async with`")
        async with self._gate.enter(url.raw_host or ""), self._connections:
            with watch:
                async with (
                    asyncio.timeout(max(0.0, self._total_seconds - watch.seconds)),
                    self._session.request(method, url, headers=headers, data=form, allow_redirects=False) as response,
                ):
                    return await self._answer(response, str(url), form is not None)

    async def _answer(self, response: aiohttp.ClientResponse, url: str, posted: bool) -> _Answer:
        status = response.status
        headers = _response_headers(response)
        if status == 304:
            return _Answer(status, headers)
        if status in _REDIRECTS and (location := response.headers.get("Location", "").strip()):
            return _Answer(status, headers, location=location)
        if status in _WITH_BODY or (posted and 200 <= status < 300):
            body = await self._body(response, headers)
            return _Answer(status, headers, body=body, fault=challenge.recognise(url, status, headers, body))
        fault = None
        if status in _MAYBE_CHALLENGE:
            fault = challenge.recognise(url, status, headers, await self._error_page(response, headers))
        plain = faults.of_status(status, headers, self._now())
        if fault is not None and plain.retry_after is not None:
            fault = Fault(fault.kind, fault.detail, status, plain.retry_after)
        return _Answer(status, headers, fault=fault or plain)

    async def _body(self, response: aiohttp.ClientResponse, headers: Mapping[str, str]) -> bytes:
        decoder = Decoder(headers.get("content-encoding"), self._max_bytes)
        if response.content_length is not None and response.content_length > self._max_bytes:
            raise too_large(self._max_bytes)
        async for chunk in response.content.iter_any():
            decoder.feed(chunk)
        return decoder.finish()

    async def _error_page(self, response: aiohttp.ClientResponse, headers: Mapping[str, str]) -> bytes:
        """The start of an error's page; what cannot be had is left out, the status says enough."""
        raw = bytearray()
        try:
            async with asyncio.timeout(_ERROR_SECONDS):
                async for chunk in response.content.iter_any():
                    raw += chunk
                    if len(raw) >= _ERROR_BYTES:
                        break
        except (aiohttp.ClientError, OSError):  # TimeoutError is an OSError
            pass
        try:
            decoder = Decoder(headers.get("content-encoding"), 4 * _ERROR_BYTES)
        except DecodeError:
            return b""
        return decoder.so_far(bytes(raw[:_ERROR_BYTES]))


_CIRCLE: Final = "The address is redirected in a circle; the site may insist on cookies, which a feed reader has not."


class _Answer:
    """One hop's answer: exactly one of location, fault, body, or status 304."""

    __slots__ = ("body", "fault", "headers", "location", "status")

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        *,
        body: bytes | None = None,
        location: str | None = None,
        fault: Fault | None = None,
    ) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.location = location
        self.fault = fault


class _Stopwatch:
    """Adds up the seconds spent inside its `with` blocks."""

    __slots__ = ("_began", "_clock", "seconds")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = 0.0
        self.seconds = 0.0

    def __enter__(self) -> None:
        self._began = self._clock()

    def __exit__(self, *_: object) -> None:
        self.seconds += self._clock() - self._began


def _request_headers(request: FetchRequest) -> dict[str, str]:
    headers = {}
    if request.etag and _sendable(request.etag):
        headers["If-None-Match"] = request.etag
    if request.last_modified and _sendable(request.last_modified):
        headers["If-Modified-Since"] = request.last_modified
    if request.user_agent and _sendable(request.user_agent):
        headers["User-Agent"] = request.user_agent
    return headers


def _sendable(value: str) -> bool:
    return value.isprintable() or not any(
        ch < " " or "\x7f" <= ch < "\xa0" or "\ud800" <= ch <= "\udfff" for ch in value
    )


def _response_headers(response: aiohttp.ClientResponse) -> dict[str, str]:
    """Names in lower case. A value that is not UTF-8 cannot be sent back byte for byte and is left out."""
    headers: dict[str, str] = {}
    for name, value in response.headers.items():
        key = name.lower()
        if not value.isascii() and any("\ud800" <= ch <= "\udfff" for ch in value):
            continue
        if key not in headers:
            headers[key] = value
        elif key in _LISTS:
            headers[key] = f"{headers[key]}, {value}"
        elif key == "content-encoding":
            headers[key] = f"{headers[key]},{value}"
    return headers
