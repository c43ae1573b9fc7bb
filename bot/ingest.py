"""From parsed feeds to the outbox, in one transaction: entries, tags, stories, and a delivery per target.

Many readings go into one transaction when many arrive at once; a reading that cannot be stored does not stop the
others. Deciding is done by pure functions (`feeds.identity`, `news.*`); this file only carries. What of it is new is
found in `bot.sift`; what a poll means for the feed's own row is written by `bot.feed_books`.
"""

from __future__ import annotations

import asyncio
import gc
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Final

import structlog

from bot.addressing import Zones, delivery, muted
from bot.breath import Breath
from bot.feed_books import FeedBooks
from bot.fresh import WINDOW, archived, tags_of
from bot.news import document
from bot.news.model import tags_to_json
from bot.sift import sift
from storage import deliveries, entries, feeds, leases, posted
from storage.errors import Unavailable

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.feed_health import FeedHealth
    from bot.feeds import identity
    from bot.feeds.cadence import CadenceSettings
    from bot.fresh import Fresh
    from bot.news.stories import StoryIndex
    from bot.reading import Reading
    from bot.subscriptions import SubscriptionBook
    from storage.database import Database
    from storage.records import Feed, KnownEntry, NewDelivery

log = structlog.get_logger(__name__)
_EDIT_WITHIN: Final = timedelta(hours=48)


@dataclass(slots=True)
class Stored:
    """What a transaction did, for logs and metrics."""

    new: int = 0
    edited: int = 0
    deliveries: int = 0
    edits: int = 0
    notices: int = 0
    failed: list[Feed] = field(default_factory=list)  # faults to be judged by feed health
    recovered: list[Feed] = field(default_factory=list)
    unstored: dict[int, Exception] = field(default_factory=dict)  # feed id → why its poll is not in the database


class Ingest:
    def __init__(
        self,
        database: Database,
        book: SubscriptionBook,
        settings: CadenceSettings,
        *,
        health: FeedHealth | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self._database = database
        self._book = book
        self._health = health
        self._books = FeedBooks(settings, health, rng)
        self._index: StoryIndex | None = None  # until it is loaded
        self._newest = 0  # the last entry the index knows: other processes store some, too
        self._stale = False  # the index may hold stories that were rolled back
        self._keys = 0  # entries placed before they have an id go by numbers below zero
        self._loaded = asyncio.Event()

    async def load(self, now: datetime) -> None:
        """Rebuild the story index from the last two days."""
        # What tells stories apart takes long to import. Whoever only starts does not wait for it.
        module = await asyncio.to_thread(import_module, "bot.news.stories")
        stories: StoryIndex = module.StoryIndex(WINDOW)
        async with self._database.read() as connection:
            newest = await entries.newest_id(connection)
            rows = await entries.window(connection, now - WINDOW)
        for count, (entry_id, story_id, title, at) in enumerate(rows):
            stories.add(entry_id, story_id, title, at)
            if count % 50 == 49:
                await asyncio.sleep(0)
        if not self._loaded.is_set():
            gc.freeze()  # it stays: the collector need not walk it, which would hold the event loop for tens of ms
        self._index, self._stale = stories, False
        self._newest = newest
        self._loaded.set()

    @property
    def is_loaded(self) -> bool:
        """Whether the stories of the last two days are known: until then nothing is stored."""
        return self._loaded.is_set()

    async def review_health(self, now: datetime) -> int:
        """Tell moderators of feeds whose failure has grown a day old; the notes queued. For every minute."""
        if self._health is None:
            return 0
        async with self._database.write() as connection:
            return await self._health.review(connection, now)

    def forget_before(self, moment: datetime) -> None:
        """Drop what has left the story window (housekeeping)."""
        if self._index is not None:
            self._index.forget_before(moment)

    @property
    def _stories(self) -> StoryIndex:
        assert self._index is not None, "nothing is stored before the stories are loaded"
        return self._index

    async def store(self, readings: Sequence[Reading]) -> Stored:
        """Store what these polls brought; all in one transaction, or each in its own if that fails.

        Raises Unavailable, and what went wrong when there is one reading; of several, those that failed are named in
        `unstored`.
        """
        if not all(reading.silent for reading in readings):
            await self._book.whole()
        await self._loaded.wait()
        try:
            return await self._store(readings)
        except Unavailable:
            raise  # it is the database, not one of these
        except Exception as error:
            if len(readings) == 1:
                raise
            log.warning("a batch could not be stored at once; storing one by one", error=str(error))
        total = Stored()
        for reading in readings:
            try:
                one = await self._store([reading])
            except Exception as error:  # noqa: BLE001 - handed to those who wait for this poll
                total.unstored[reading.feed.id] = error
                continue
            total.new += one.new
            total.edited += one.edited
            total.deliveries += one.deliveries
            total.edits += one.edits
            total.notices += one.notices
            total.failed += one.failed
            total.recovered += one.recovered
        return total

    async def _store(self, readings: Sequence[Reading]) -> Stored:
        if self._stale:
            await self.load(readings[0].at)
        stored = Stored()
        try:
            async with self._database.write() as connection:
                if any(reading.parsed is not None and reading.parsed.entries for reading in readings):
                    await self._follow(connection)
                fresh, corrections = await sift(connection, readings)
                await self._stories_for(connection, fresh)
                ids = await entries.add_entries(connection, [one.entry for one in fresh])
                self._newest = max((self._newest, *ids))
                stored.new = len(fresh)
                stored.deliveries = await self._queue(connection, ids, fresh)
                stored.edited, stored.edits = await self._correct(connection, corrections, fresh)
                await self._books.write(connection, readings, fresh, stored)
        except BaseException:
            self._stale = True
            raise
        return stored

    async def _follow(self, connection: AsyncConnection) -> None:
        """One process at a time stores entries, knowing those of the others: one event is one story everywhere."""
        if not await leases.storing(connection):
            return
        for entry_id, story_id, title, at in await entries.after(connection, self._newest, WINDOW):
            self._stories.add(entry_id, story_id, title, at)
            self._newest = entry_id

    async def _stories_for(self, connection: AsyncConnection, fresh: list[Fresh]) -> None:
        """Give every new entry its story: one it joins, or a new one of its own."""
        if not fresh:
            return
        # Oldest first, so that a story is named by who told it first and posts come in order of publication. Feeds
        # list the newest first: where dates are equal or missing, what stands lower is older.
        fresh.reverse()
        fresh.sort(key=lambda one: min(one.entry.published_at or one.reading.at, one.reading.at))
        ids = iter(await entries.reserve_stories(connection, len(fresh)))
        begun: list[tuple[int, str, datetime, datetime]] = []
        joined: list[int] = []
        breath = Breath()
        for one in fresh:
            await breath.between()
            at = one.entry.first_seen_at
            if archived(one):
                # What a feed held from weeks ago when it was added: no news of today tells that story.
                story = next(ids)
                begun.append((story, one.entry.title, one.entry.published_at or at, at))
                one.entry.story_id = story
                continue
            placed = self._stories.place(one.entry.title, at, one.tags)
            if placed.story is None:
                story = next(ids)
                published = min(one.entry.published_at or at, at)
                begun.append((story, one.entry.title, published, at))
                one.entry.story_id = story
            else:
                story = placed.story
                one.joined = True
                joined.append(story)
                one.entry.story_id, one.entry.story_why = story, placed.why
            # Known to the index at once, so that its twin in the same batch finds it.
            self._keys -= 1
            self._stories.add(self._keys, story, one.entry.title, at, one.tags)
        await entries.add_stories(connection, begun)
        await entries.add_source(connection, joined, fresh[0].reading.at)

    async def _queue(self, connection: AsyncConnection, ids: Sequence[int], fresh: Sequence[Fresh]) -> int:
        """A delivery for every target that asked for one of these entries."""
        loud = [(entry_id, one) for entry_id, one in zip(ids, fresh, strict=True) if not one.reading.silent]
        if not loud:
            return 0
        readers = await feeds.readers(connection, list({one.reading.feed.id for _id, one in loud}))
        rows: list[NewDelivery] = []
        zones = Zones(connection)
        breath = Breath()
        for entry_id, one in loud:
            await breath.between()
            guild_ids = readers[one.reading.feed.id]
            if not guild_ids:
                continue
            source = one.entry.url or one.reading.feed.url
            shown = document.build(one.entry.title, one.tags, source)
            await self._book.open(connection, shown)
            for subscription in self._book.match(shown):
                if subscription.scope_guild_id in guild_ids and not muted(subscription, source, one.reading.feed.url):
                    rows.append(await delivery(subscription, entry_id, one.entry, zones, one.reading.at))
                    await breath.between()
        # Where two subscriptions of one target want the same story, the more urgent one has it.
        rows.sort(key=lambda row: row.priority)
        return await deliveries.enqueue(connection, rows)

    async def _correct(
        self,
        connection: AsyncConnection,
        corrections: Sequence[tuple[Reading, identity.Edited[KnownEntry]]],
        fresh: Sequence[Fresh],
    ) -> tuple[int, int]:
        """Store corrected titles, and have posts edited that show one or have gained a source."""
        stories: dict[int, str] = {
            one.entry.story_id: "source" for one in fresh if one.joined and one.entry.story_id is not None
        }
        now = None
        for reading, edited in corrections:
            now = reading.at
            tags = tags_of(edited.entry)
            await entries.correct(
                connection,
                edited.known,
                title=edited.entry.title,
                summary=edited.entry.summary,
                url=edited.entry.url,
                tags=tags_to_json(tags),
                piece=edited.entry.piece,
                now=now,
            )
            if edited.known.story_id is not None:
                stories[edited.known.story_id] = "title"
        if not stories:
            return len(corrections), 0
        at = now or fresh[0].reading.at
        made = await posted.enqueue_edits(connection, stories, now=at, within=_EDIT_WITHIN, tag="update")
        return len(corrections), made
