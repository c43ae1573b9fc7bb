"""The books of feeds: after a poll its row says when the next one is due, how it went, and what the publisher sent.

What the row is to say is decided in `bot.reading`; the headlines a poll brought are stored by `bot.ingest`.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

import structlog

from bot.breath import Breath
from bot.reading import kind_of, outcome
from storage import feeds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.feed_health import FeedHealth
    from bot.feeds.cadence import CadenceSettings
    from bot.fresh import Fresh
    from bot.ingest import Stored
    from bot.reading import Reading

log = structlog.get_logger(__name__)
_RECENT_FEEDS: Final = 20_000  # feeds whose publication times are kept in memory


class FeedBooks:
    """Writes how polls went, in the transaction that stores what they brought."""

    def __init__(self, settings: CadenceSettings, health: FeedHealth | None, rng: random.Random | None) -> None:
        self._settings = settings
        self._health = health
        self._rng = rng or random.Random()
        # When its entries came, newest first, and the feed's `last_new_at` that goes with it.
        self._recent: OrderedDict[int, tuple[datetime | None, tuple[datetime, ...]]] = OrderedDict()

    async def write(
        self, connection: AsyncConnection, readings: Sequence[Reading], fresh: Iterable[Fresh], stored: Stored
    ) -> None:
        """The feeds' rows; `stored` gains the feeds that failed or recovered, and the notes to moderators."""
        came: dict[int, list[datetime]] = {}
        for one in fresh:
            came.setdefault(one.reading.feed.id, []).append(one.entry.published_at or one.entry.first_seen_at)
        rows: list[dict[str, object]] = []
        breath = Breath()
        for reading in readings:
            await breath.between()
            if reading.more:
                continue
            feed = reading.feed
            new = came.get(feed.id, [])
            recent = () if reading.pushed else await self._recent_of(connection, reading, new)
            row = outcome(reading, recent, new_entries=len(new), settings=self._settings, rng=self._rng)
            if reading.parsed is not None and feed.identity_kind is None and reading.parsed.entries:
                row["identity_kind"] = kind_of(reading)
            adopt = row.pop("adopt", None)
            rows.append(row)
            if isinstance(adopt, str):
                if self._health is not None:
                    stored.notices += await self._health.moved(connection, feed, adopt, reading.at)
                await feeds.rename_url(connection, feed.id, adopt)
                log.info("feed moved for good", feed=feed.url, to=adopt)
            if reading.fault is not None:
                stored.failed.append(feed)
            elif feed.failing_since is not None:
                stored.recovered.append(feed)
        await feeds.save_many(connection, rows)
        judged = [feed.id for feed in (*stored.failed, *stored.recovered)]
        if judged and self._health is not None:
            stored.notices += await self._health.review(connection, readings[0].at, judged)

    async def _recent_of(
        self, connection: AsyncConnection, reading: Reading, new: Sequence[datetime]
    ) -> tuple[datetime, ...]:
        feed = reading.feed
        last_new, known = self._recent.get(feed.id, (None, ()))
        if feed.id not in self._recent or last_new != feed.last_new_at:  # not known, or another process found some
            known = () if feed.primed_at is None else tuple(await feeds.recent_publications(connection, feed.id))
        elif new:
            known = tuple(sorted((*known, *new), reverse=True)[:20])
        if feed.primed_at is None and new:
            known = tuple(sorted(new, reverse=True)[:20])
        self._recent[feed.id] = (reading.at.replace(microsecond=0) if new else feed.last_new_at, known)
        self._recent.move_to_end(feed.id)
        while len(self._recent) > _RECENT_FEEDS:
            self._recent.popitem(last=False)
        return known
