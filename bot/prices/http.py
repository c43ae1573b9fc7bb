"""Asking a price source over HTTP, through the same guards as feeds: no private addresses, a size cap, no cookies.

One GET at a time for each call; pacing and backoff are the poller's. A key in a header is not carried to another host.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Self

import aiohttp

from bot.feeds.decode import Decoder
from bot.feeds.model import FeedError
from bot.prices.model import PriceError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from bot.feeds.guard import Guard

MAX_BYTES: Final = 5 * 1024 * 1024
_HOPS: Final = 4
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class Unreachable(PriceError):
    """There was no answer; the message says why and never holds the query, where a key may stand."""


class PriceHttp:
    """`async with PriceHttp(guard, user_agent) as http`, then `await http.get(url, headers, seconds)`: a `Get`."""

    def __init__(self, guard: Guard, user_agent: str) -> None:
        self._guard = guard
        self._user_agent = user_agent
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=self._guard.connector(limit=8, ttl_dns_cache=300),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            headers={"User-Agent": self._user_agent, "Accept": "*/*", "Accept-Encoding": "gzip, deflate"},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def get(self, url: str, headers: Mapping[str, str], seconds: float) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers (names in lower case) and body. Raises Unreachable or TimeoutError."""
        try:
            async with asyncio.timeout(seconds):
                return await self._follow(url, headers)
        except FeedError as error:
            raise Unreachable(error.fault.detail) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if isinstance(error, TimeoutError):
                raise
            raise Unreachable(f"it cannot be reached: {_reason(error)}") from error

    async def _follow(self, url: str, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        if self._session is None:
            raise RuntimeError("PriceHttp is used inside `async with`")
        here = self._guard.check_url(url)
        sent = dict(headers)
        for _hop in range(_HOPS):
            async with self._session.get(here, headers=sent, allow_redirects=False) as response:
                answered = {name.lower(): value for name, value in response.headers.items()}
                if response.status not in _REDIRECTS or "location" not in answered:
                    return response.status, answered, await _body(response)
                there = self._guard.check_url(str(here.join(type(here)(answered["location"]))))
            if there.host != here.host:
                sent = {}
            here = there
        raise Unreachable("it redirects in a circle")


def _reason(error: Exception) -> str:
    """What stands in the way, for a person; the class's name only where nothing better is known."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "no such host"
    if isinstance(error, (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError)):
        return "its certificate is not to be trusted"
    if isinstance(error, ConnectionRefusedError) or isinstance(
        getattr(error, "os_error", None), ConnectionRefusedError
    ):
        return "the connection is refused"
    if isinstance(error, (aiohttp.ServerDisconnectedError, ConnectionResetError)):
        return "it broke off the connection"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "no connection"
    return type(error).__name__


async def _body(response: aiohttp.ClientResponse) -> bytes:
    decoder = Decoder(response.headers.get("Content-Encoding"), MAX_BYTES)
    async for chunk in response.content.iter_chunked(65536):
        decoder.feed(chunk)
    return decoder.finish()
