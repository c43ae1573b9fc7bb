"""Keeping the database bounded: what is old and finished goes, a little at a time, and its pages are given back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, delete, func, select, text

from storage.schema import deliveries, entries, stories

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from storage.database import Database

ENTRIES_FOR: Final = timedelta(days=90)
DELIVERIES_FOR: Final = timedelta(days=30)
KEEP_PER_FEED: Final = 500  # newest entries of each feed stay: what a feed still lists must stay known
_CHUNK: Final = 2000
_FREE_PAGES: Final = 4000  # pages given back at a time (16 MB)


@dataclass(frozen=True, slots=True)
class Tidied:
    entries: int
    stories: int
    deliveries: int


async def tidy(database: Database, now: datetime, *, listed: Collection[str] = ()) -> Tidied:
    """Delete old rows in short transactions. `listed`: source hashes of entries that feeds are known to list still."""
    gone = await _entries(database, now - ENTRIES_FOR, frozenset(listed))
    told = await _stories(database, now - ENTRIES_FOR)
    sent = await _deliveries(database, now - DELIVERIES_FOR)
    if database.is_sqlite:
        async with database.write() as connection:
            await connection.execute(text(f"PRAGMA incremental_vacuum({_FREE_PAGES})"))
    return Tidied(gone, told, sent)


async def _entries(database: Database, before: datetime, listed: frozenset[str]) -> int:
    place = func.row_number().over(partition_by=entries.c.feed_id, order_by=entries.c.id.desc()).label("place")
    ranked = select(entries.c.id, entries.c.piece, entries.c.first_seen_at, place).subquery()
    old = select(ranked.c.id, ranked.c.piece).where(ranked.c.place > KEEP_PER_FEED, ranked.c.first_seen_at < before)
    async with database.read() as connection:
        ids = [row.id for row in await connection.execute(old) if row.piece not in listed]
    for start in range(0, len(ids), _CHUNK):
        async with database.write() as connection:
            await connection.execute(delete(entries).where(entries.c.id.in_(ids[start : start + _CHUNK])))
    return len(ids)


async def _stories(database: Database, before: datetime) -> int:
    told = select(entries.c.id).where(entries.c.story_id == stories.c.id).exists()
    async with database.write() as connection:
        result = await connection.execute(delete(stories).where(stories.c.updated_at < before, ~told))
    return result.rowcount


async def _deliveries(database: Database, before: datetime) -> int:
    finished = and_(deliveries.c.state.in_(("sent", "dropped", "held")), deliveries.c.created_at < before)
    total = 0
    while True:
        async with database.write() as connection:
            some = select(deliveries.c.id).where(finished).limit(_CHUNK).scalar_subquery()
            result = await connection.execute(delete(deliveries).where(deliveries.c.id.in_(some)))
        total += result.rowcount
        if result.rowcount < _CHUNK:
            return total
