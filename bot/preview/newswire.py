"""The bundled demo wire: invented headlines as a real RSS feed over loopback, dated relative to now.

Everything in demo_wire.csv was written for this page; companies and figures are made up. The first few are in the feed
from the start, the rest are published one after the other; the last word says that there are no more.
"""

from __future__ import annotations

import asyncio
import csv
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from aiohttp import web

from bot.tasks import end

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_FILE: Final = Path(__file__).with_name("demo_wire.csv")
_EARLIER: Final = 10  # headlines in the feed from the start: earlier today
# Seconds between the new headlines: lively while a visitor looks around, calmer later.
_PAUSES: Final = (2.5,) * 6 + (4.0,) * 6 + (8.0,) * 8 + (25.0,) * 4
_LATER: Final = 60.0
LAST_WORD: Final = (
    "The demo wire has told all it knows",
    "Nothing more comes by itself. Publish headlines of your own: Make it happen, Publish a headline.",
)
SITE: Final = "https://demo-wire.example"


@dataclass(frozen=True, slots=True)
class Item:
    number: int
    title: str
    summary: str
    published: datetime


@lru_cache(maxsize=1)
def written() -> tuple[tuple[str, str], ...]:
    """(headline, summary) of the bundled wire, in the order they are published."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        return tuple((row["headline"], row["summary"]) for row in csv.DictReader(file))


class Newswire:
    """`await start()` serves `url`; `published` is awaited after each new headline."""

    def __init__(
        self,
        published: Callable[[], Awaitable[None]],
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._published = published
        self._pause = pause
        self._items: list[Item] = []
        self._runner: web.AppRunner | None = None
        self._task: asyncio.Task[None] | None = None
        self._run = f"{datetime.now(UTC):%Y%m%d%H%M%S}"
        self.broken = False
        self.url = ""

    async def start(self) -> None:
        now = datetime.now(UTC)
        for place, (title, summary) in enumerate(written()[:_EARLIER]):
            self._add(title, summary, now - timedelta(minutes=23 * (_EARLIER - place)))
        app = web.Application()
        app.router.add_get("/wire.xml", self._feed)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port: int = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}/wire.xml"

    def go(self) -> None:
        """Begin to publish the rest, one after the other, and the last word."""
        self._task = asyncio.create_task(self._publish_all(), name="demo wire")

    async def stop(self) -> None:
        await end(self._task)
        if self._runner is not None:
            await self._runner.cleanup()

    async def publish(self, title: str, summary: str = "") -> None:
        """Publish one headline now."""
        self._add(title, summary, datetime.now(UTC))
        await self._published()

    def _add(self, title: str, summary: str, at: datetime) -> None:
        self._items.append(Item(len(self._items) + 1, title, summary, at))

    async def _publish_all(self) -> None:
        for place, (title, summary) in enumerate(written()[_EARLIER:]):
            await self.publish(title, summary)
            await self._pause(_PAUSES[place] if place < len(_PAUSES) else _LATER)
        await self.publish(*LAST_WORD)  # a wire that just falls silent looks broken

    async def _feed(self, _request: web.Request) -> web.Response:
        if self.broken:
            return web.Response(status=503, text="The wire is down (somebody broke it on the preview page).")
        rows = "".join(
            f"<item><guid isPermaLink='false'>demo-{self._run}-{item.number}</guid>"
            f"<title>{escape(item.title)}</title><link>{SITE}/{self._run}/{item.number}</link>"
            f"<description>{escape(item.summary)}</description>"
            f"<pubDate>{format_datetime(item.published)}</pubDate></item>"
            for item in reversed(self._items[-60:])
        )
        body = (
            "<?xml version='1.0' encoding='UTF-8'?><rss version='2.0'><channel>"
            f"<title>Demo Wire (invented news)</title><link>{SITE}/</link>"
            "<description>Invented headlines for the preview</description>"
            f"{rows}</channel></rss>"
        )
        return web.Response(body=body.encode(), content_type="application/rss+xml")
