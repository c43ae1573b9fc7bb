"""A feed server for benchmarks, in a process of its own: `python -m bot.bench.feed_host`; prints its port.

It answers from memory with as little work as HTTP allows, so that what is measured is the poller. The path says what:
`/new/N` one item more at each GET, `/same/N` the same body with 200, `/etag/N` 304 to a conditional GET, `/slow/N` as
`/new/N` after 300 ms, `/comment/N` 400 kB of comments that never end, `/huge/N` 5 MB of items. All but these two have
30 items of made-up mining headlines.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections import Counter
from email.utils import formatdate
from typing import Final

ITEMS: Final = 30
_SLOW: Final = 0.3
_SUBJECTS: Final = (
    "Barrick", "Newmont", "Teck", "Vale", "Ivanhoe", "Lundin", "Hecla", "Kinross", "Agnico", "Cameco", "Glencore",
)  # fmt: skip
_VERBS: Final = ("raises", "cuts", "halts", "restarts", "expands", "sells", "approves", "delays", "drills", "funds")
_OBJECTS: Final = ("gold", "copper", "lithium", "nickel", "silver", "uranium", "zinc", "cobalt", "graphite", "tin")
_PLACES: Final = ("Chile", "Peru", "Ontario", "Nevada", "Zambia", "Quebec", "Mali", "Indonesia", "Mexico", "Ghana")
_BASE: Final = 1_790_000_000


def _item(feed: str, number: int) -> str:
    pick = random.Random(f"{feed}/{number}")
    name = "".join(pick.choice(("ka", "lo", "mi", "ru", "ten", "vor", "sa")) for _ in range(3)).title()
    title = (
        f"{pick.choice(_SUBJECTS)} {pick.choice(_VERBS)} {pick.choice(_OBJECTS)} output at {name} mine in "
        f"{pick.choice(_PLACES)} by {pick.randint(2, 98)} percent"
    )
    return (
        f"<item><guid isPermaLink='false'>{feed}-{number}</guid><title>{title}</title>"
        f"<link>http://wire.example/{feed}/{number}</link><pubDate>{formatdate(_BASE + number * 600)}</pubDate>"
        f"<description><![CDATA[<p>{title}, the company said. {'Output is planned to follow demand. ' * 6}</p>]]>"
        "</description><category>Mining</category></item>"
    )


class Feeds:
    """Bodies, made when first asked for; `/new/N` moves on by an item at each GET."""

    def __init__(self) -> None:
        self._items: dict[tuple[str, int], str] = {}
        self._served: Counter[str] = Counter()

    def body(self, path: str, *, moves: bool) -> bytes:
        feed = path.strip("/").replace("/", "-")
        if path.startswith("/comment/"):
            return b"<rss version='2.0'><channel><title>t</title><item><title>" + b"<!--" * 100_000
        if path.startswith("/huge/"):
            huge = "".join(_item(feed, number) for number in range(7_400))
            return f"<rss version='2.0'><channel><title>Huge</title>{huge}</channel></rss>".encode()
        first = self._served[feed]
        if moves:
            self._served[feed] += 1
        items = [self._one(feed, number) for number in range(first + ITEMS, first, -1)]
        head = f"<?xml version='1.0' encoding='UTF-8'?><rss version='2.0'><channel><title>Wire {feed}</title>"
        return f"{head}<link>http://wire.example/</link>{''.join(items)}</channel></rss>".encode()

    def _one(self, feed: str, number: int) -> str:
        key = (feed, number)
        if key not in self._items:
            self._items[key] = _item(feed, number)
        return self._items[key]


class _Connection(asyncio.Protocol):
    """HTTP/1.1 GETs, kept alive, one after the other."""

    def __init__(self, feeds: Feeds, fixed: dict[str, bytes]) -> None:
        self._feeds = feeds
        self._fixed = fixed
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode()
            if path.startswith("/slow/"):
                asyncio.get_running_loop().call_later(_SLOW, self._answer, path, False)
            else:
                self._answer(path, b"\r\nif-none-match:" in head.lower())

    def _answer(self, path: str, conditional: bool) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if conditional and path.startswith("/etag/"):
            self._transport.write(b'HTTP/1.1 304 Not Modified\r\nETag: "v1"\r\n\r\n')
            return
        moves = path.startswith(("/new/", "/slow/"))
        body = self._fixed.get(path) or self._feeds.body(path, moves=moves)
        if not moves:
            self._fixed[path] = body
        etag = b'ETag: "v1"\r\n' if path.startswith("/etag/") else b""
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n%bContent-Length: %d\r\n\r\n"
        self._transport.write(head % (etag, len(body)) + body)


async def serve() -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    feeds, fixed = Feeds(), dict[str, bytes]()
    server = await loop.create_server(lambda: _Connection(feeds, fixed), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve())
