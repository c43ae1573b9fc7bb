"""Where every request of the bot's own making passes: the bucket before it, a look at the answer behind it.

It hangs on the HTTP session itself, so that each try counts, the library's own repetitions included. Answers to
interactions are exempt from the global limit at Discord and never wait here.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import SimpleNamespace

    import discord

    from bot.delivery.bucket import Bucket
    from bot.delivery.window import Departure

log = structlog.get_logger(__name__)
INVALID_WINDOW: Final = 600.0
INVALID_LIMIT: Final = 10_000  # in that window, then Discord bans the address
BRAKE_AT: Final = 1_000  # slow down from here
_BRAKE_SECONDS: Final = 30.0


class OnlyOnce(Exception):
    """A second try of a request that must not be repeated blindly was about to leave."""


@dataclass(slots=True)
class _Trip:
    priority: int
    posts: int | None  # POST requests that may still leave; None: any number


_trip: ContextVar[_Trip | None] = ContextVar("trip", default=None)


@contextmanager
def trip(priority: int, *, posts: int | None = None) -> Iterator[None]:
    """Requests made inside wait with this priority (lower goes first); at most `posts` of them are POSTs.

    A POST over that number raises OnlyOnce: the library repeats by itself after a 502, and Discord would store a
    second copy of what takes no nonce.
    """
    token = _trip.set(_Trip(priority, posts))
    try:
        yield
    finally:
        _trip.reset(token)


class _AlwaysOpen(asyncio.Event):
    """Waiting out a global 429 is the bucket's work.

    discord.py shuts an event of its own for that time, and leaves it shut for good when the request that was told so is
    cancelled while it sleeps (a time-out of ours): from then on no request would ever leave.
    """

    def clear(self) -> None:
        """Never shut."""


def take_over(client: discord.Client) -> None:
    """From now on only the gate holds this client's requests back after a global 429. Call it once logged in."""
    client.http._global_over = opened = _AlwaysOpen()
    opened.set()


def reopen(client: discord.Client) -> None:
    """Open the library's limiters of single routes that a time-out of ours has left shut. Call it after one.

    A limiter is opened again by the request that leaves it. Cut off in that very step, it stays shut for 30 s although
    nothing is on its way and Discord has named no time to wait for.
    """
    for limiter in client.http._buckets.values():
        idle = limiter.outgoing == 0 and not limiter._sleeping.locked()
        if idle and limiter.remaining <= 0 and limiter.expires is None:
            limiter.reset()  # type: ignore[no-untyped-call]
            limiter._wake(limiter.remaining)


class Gate:
    """`trace` is given to the Discord client; `bucket` is the one everything waits for."""

    def __init__(self, bucket: Bucket, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.bucket = bucket
        self._clock = clock
        self._invalid: deque[float] = deque(maxlen=INVALID_LIMIT)
        self.limited: dict[str, int] = {"user": 0, "shared": 0, "global": 0}  # 429 answers by what was too much

    @property
    def invalid_requests(self) -> int:
        """401, 403 and 429 answers of the last ten minutes (shared-scope 429s do not count at Discord)."""
        since = self._clock() - INVALID_WINDOW
        while self._invalid and self._invalid[0] < since:
            self._invalid.popleft()
        return len(self._invalid)

    def trace(self) -> aiohttp.TraceConfig:
        """For `discord.Client(http_trace=…)`."""
        config = aiohttp.TraceConfig()
        config.on_request_start.append(self._before)
        config.on_request_headers_sent.append(self._sent)
        config.on_request_chunk_sent.append(self._sent)
        config.on_request_end.append(self._after)
        config.on_request_exception.append(self._failed)
        return config

    async def _before(
        self, _session: object, context: SimpleNamespace, params: aiohttp.TraceRequestStartParams
    ) -> None:
        path = params.url.path
        mine = _trip.get()
        if not path.startswith("/api/") or "/interactions/" in path:
            return  # the gateway's handshake, a picture, an answer
        if mine is None and "/webhooks/" in path:
            return  # what follows an answer travels by the interaction's own token
        if mine is not None and mine.posts is not None and params.method == "POST":
            if mine.posts <= 0:
                raise OnlyOnce(path)
            mine.posts -= 1
        context.departure = await self.bucket.acquire(mine.priority if mine is not None else 0)

    async def _sent(self, _session: object, context: SimpleNamespace, _params: object) -> None:
        if (departure := _departure(context)) is not None:
            departure.sent()

    async def _failed(self, _session: object, context: SimpleNamespace, _params: object) -> None:
        if (departure := _departure(context)) is not None:
            departure.given_up()

    async def _after(self, _session: object, context: SimpleNamespace, params: aiohttp.TraceRequestEndParams) -> None:
        if (departure := _departure(context)) is not None:
            departure.answered()
        self.note(params.response.status, params.response.headers)

    def note(self, status: int, headers: Mapping[str, Any]) -> None:
        """Take in an answer: a global 429 stops everything for as long as it says; many invalid ones slow it down."""
        if status == 429:
            scope = "global" if headers.get("X-RateLimit-Global") else headers.get("X-RateLimit-Scope")
            self.limited[scope if scope in self.limited else "user"] += 1
            if scope == "global":
                self.bucket.pause(seconds_of(headers))
        if status not in {401, 403, 429} or headers.get("X-RateLimit-Scope") == "shared":
            return
        self._invalid.append(self._clock())
        if self.invalid_requests >= BRAKE_AT:
            self.bucket.pause(_BRAKE_SECONDS)
            if self.invalid_requests % 100 == 0:
                log.error(
                    "Discord refuses many requests; slowing down, far from a ban. Look for channels without permission",
                    in_ten_minutes=self.invalid_requests,
                )


def _departure(context: SimpleNamespace) -> Departure | None:
    """What the bucket gave this request; None for one that did not need it."""
    found: Departure | None = getattr(context, "departure", None)
    return found


def seconds_of(headers: Mapping[str, Any]) -> float:
    """How long a 429 asks to wait; five seconds when it does not say."""
    for name in ("X-RateLimit-Reset-After", "Retry-After"):
        try:
            return max(float(headers[name]), 0.0)
        except (KeyError, ValueError):
            continue
    return 5.0
