"""A look before the guided start: what the last day would have brought to each channel, feeds not yet read included."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.clock import utcnow
from bot.desk import feeds as desk
from bot.desk import follows
from bot.desk.setup import PRESETS
from bot.fresh import tags_of
from bot.news import document
from bot.news.model import tags_from_json
from bot.news.text import fold
from bot.tasks import end
from storage import entries, feeds

if TYPE_CHECKING:
    from datetime import datetime

    from bot.desk.setup import Plan
    from bot.news.model import Document
    from bot.services import Services

_AT_ONCE: Final = 5  # feeds read at the same time
_PATIENCE: Final = 8.0  # seconds for all of them; those that take longer are left out of the sample
_KEPT: Final = timedelta(minutes=10)  # a step back and forth asks no publisher twice
_SCAN: Final = 2000


@dataclass(frozen=True, slots=True)
class Headline:
    title: str
    at: datetime
    document: Document


@dataclass(frozen=True, slots=True)
class Sample:
    """rows: (preset, how many headlines of the last day, the newest titles); unread: feeds that did not answer."""

    rows: tuple[tuple[str, int, tuple[str, ...]], ...]
    unread: int


class Sampler:
    """Remembers for a few minutes what feeds held that no server reads yet."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._kept: dict[str, tuple[datetime, list[Headline]]] = {}

    async def sample(self, guild_id: int, plan: Plan) -> Sample:
        now = utcnow()
        stored, unknown = await self._stored(guild_id, plan.feeds, now)
        fresh, unread = await self._read(unknown, now)
        unique = {fold(one.title): one for one in sorted([*stored, *fresh], key=lambda one: one.at)}
        newest = sorted(unique.values(), key=lambda one: one.at, reverse=True)
        rows = []
        for preset in plan.follows:
            query = follows.read_query(PRESETS[preset])
            found = [one.title for one in newest if query.matches(one.document)]
            rows.append((preset, len(found), tuple(found[:3])))
        return Sample(tuple(rows), unread)

    async def _stored(self, guild_id: int, chosen: list[str], now: datetime) -> tuple[list[Headline], list[str]]:
        """Headlines of the last day that are in the database, and the addresses it knows nothing of."""
        since = now - timedelta(days=1)
        ids, unknown = [], []
        async with self._services.db.read() as connection:
            for url in chosen:
                feed = await feeds.by_url(connection, url)
                if feed is not None and feed.primed_at is not None:
                    ids.append(feed.id)
                else:
                    unknown.append(url)
            rows = await entries.latest(connection, guild_id, since=since, limit=_SCAN)
            rows += await entries.latest(connection, None, feed_ids=ids, since=since, limit=_SCAN) if ids else []
        found = []
        for row in rows:
            at = row.published_at or row.first_seen_at
            if at >= since:
                found.append(Headline(row.title, at, document.build(row.title, tags_from_json(row.tags), row.url)))
        return found, unknown

    async def _read(self, urls: list[str], now: datetime) -> tuple[list[Headline], int]:
        self._kept = {url: kept for url, kept in self._kept.items() if now - kept[0] < _KEPT}
        slots = asyncio.Semaphore(_AT_ONCE)

        async def one(url: str) -> None:
            async with slots:
                parsed = await desk.peek(self._services, url)
            if parsed is None:
                return
            found = []
            for entry in parsed.entries:
                if entry.published is not None and now - timedelta(days=1) <= entry.published <= now:
                    shown = document.build(entry.title, tags_of(entry), entry.url)
                    found.append(Headline(entry.title, entry.published, shown))
            self._kept[url] = (now, found)

        tasks = [asyncio.create_task(one(url)) for url in urls if url not in self._kept]
        if tasks:
            await asyncio.wait(tasks, timeout=_PATIENCE)
            await end(*tasks)
        got = [self._kept[url] for url in urls if url in self._kept]
        return [one for _at, headlines in got for one in headlines], len(urls) - len(got)
