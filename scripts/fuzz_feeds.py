"""Fuzzes what reads publishers' bytes with atheris: `python scripts/fuzz_feeds.py parse|fetch [CORPUS …] [-FLAG=…]`.

`make fuzz` runs both for a while, in an environment of its own: atheris is not among the project's dependencies.
parse: whatever is fed in must end in a ParsedFeed or a FeedError, and reading only a part must agree with the whole.
fetch: whatever a server answers must end in a Fetched, which holds a body or a fault. Anything else is a find.
`tests/bot/feeds/test_fuzz_*.py` are the short form.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

try:
    import atheris
except ImportError:
    raise SystemExit("atheris is not installed here; `make fuzz` sets up a place for it.") from None

with atheris.instrument_imports(include=["bot.feeds", "feedparser"]):
    from bot.feeds import challenge, decode, discover, jsonfeed, page, parse, pieces, sitemap  # noqa: F401
    from bot.feeds.fetch import Fetcher
    from bot.feeds.guard import Guard, parse_networks
    from bot.feeds.model import FeedError, FetchRequest

if TYPE_CHECKING:
    from collections.abc import Callable

TYPES = (None, "application/rss+xml", "text/xml; charset=latin-1", "application/json", "text/html; charset=utf-16")
CODINGS = (b"", b"gzip", b"deflate", b"br", b"zstd", b"x-odd", b"gzip, br")
URL = "http://x.example/f"


def parsing(data: bytes) -> None:
    """One input: the first byte chooses the content type."""
    content_type = TYPES[data[0] % len(TYPES)] if data else None
    with contextlib.suppress(FeedError):
        found = parse.parse(data[1:], content_type=content_type, url=URL)
        known = frozenset(list(found.pieces)[::2])
        again = parse.parse(data[1:], content_type=content_type, url=URL, known=known)
        assert again.total == found.total
        if not again.whole:
            assert again.entries == tuple(one for one in found.entries if one.piece not in known)
    discover.discover(data[1:], "http://x.example/", content_type=content_type)


class Fetching:
    """A server on loopback that answers with the input, and the fetcher that asks it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.answer = b""
        self.fetcher = Fetcher(Guard(parse_networks("127.0.0.0/8")), user_agent="fuzz", total_seconds=1.0)
        self.port = self.loop.run_until_complete(self.start())

    async def start(self) -> int:
        await self.fetcher.__aenter__()
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        return int(self.server.sockets[0].getsockname()[1])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(self.answer)
            writer.close()
            await writer.wait_closed()

    def one(self, data: bytes) -> None:
        """The first byte chooses: the input is the whole answer, or a body in one of the encodings."""
        choice = data[0] % (len(CODINGS) + 1) if data else 0
        self.answer = data[1:]
        if choice < len(CODINGS):
            head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Encoding: %b\r\n\r\n"
            self.answer = head % CODINGS[choice] + data[1:]
        request = FetchRequest(f"http://127.0.0.1:{self.port}/f", etag='"1"')
        got = self.loop.run_until_complete(self.fetcher.fetch(request))
        assert (got.fault is not None) + got.not_modified + (got.body is not None) == 1, got


def main() -> None:
    targets: dict[str, Callable[[], Callable[[bytes], None]]] = {
        "parse": lambda: parsing,
        "fetch": lambda: Fetching().one,
    }
    name = sys.argv.pop(1) if len(sys.argv) > 1 else ""
    if name not in targets:
        raise SystemExit(f"say what to fuzz: {' or '.join(targets)}.")
    atheris.Setup(sys.argv, targets[name]())
    atheris.Fuzz()


if __name__ == "__main__":
    main()
