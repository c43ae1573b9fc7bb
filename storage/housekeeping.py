"""Keeping the database bounded: what is old and finished goes, a little at a time, and its pages are given back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import BigInteger, and_, delete, func, select, type_coerce, update

from storage.rows import chunks
from storage.schema import deliveries, entries, feeds, guild_feeds, stories

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from storage.database import Database

ENTRIES_FOR: Final = timedelta(days=90)
DELIVERIES_FOR: Final = timedelta(days=30)
KEEP_PER_FEED: Final = 500  # newest entries of each feed stay: what a feed still lists must stay known
KEEP_UNCUT: Final = 2_000  # likewise of feeds whose list is not cut into pieces: what they list is not known by hash
_CHUNK: Final = 2_000  # rows in one transaction: the writer waits tens of milliseconds
_FEEDS: Final = 500  # feeds looked at in one question


@dataclass(frozen=True, slots=True)
class Tidied:
    """How many rows went."""

    entries: int
    stories: int
    deliveries: int
    feeds: int


async def tidy(database: Database, now: datetime, *, listed: Mapping[int, frozenset[str]]) -> Tidied:
    """Delete old rows in short transactions, then give their pages back.

    listed: feed id → source hashes of what that feed listed when last read. Only the entries of those feeds and of
    feeds no longer read are looked at: an entry that is forgotten while its feed lists it would be posted again.
    Raises StorageError.
    """
    before = now - ENTRIES_FOR
    gone = await _entries(database, before, listed)
    unread = await _retired(database, before)
    told = await _stories(database, before)
    sent = await _deliveries(database, now - DELIVERIES_FOR)
    await database.shrink()
    return Tidied(gone, told, sent, unread)


async def _entries(database: Database, before: datetime, listed: Mapping[int, frozenset[str]]) -> int:
    place = func.row_number().over(partition_by=entries.c.feed_id, order_by=entries.c.id.desc()).label("place")
    total = 0
    for some in chunks(listed, _FEEDS):
        ranked = (
            select(entries.c.id, entries.c.feed_id, entries.c.piece, entries.c.first_seen_at, place)
            .where(entries.c.feed_id.in_(some))
            .subquery()
        )
        old = select(ranked.c.id, ranked.c.feed_id, ranked.c.piece, ranked.c.place).where(
            ranked.c.place > KEEP_PER_FEED, ranked.c.first_seen_at < before
        )
        async with database.read() as connection:
            ids = [
                row.id
                for row in await connection.execute(old)
                if row.piece not in listed[row.feed_id] and (listed[row.feed_id] or row.place > KEEP_UNCUT)
            ]
        for chunk in chunks(ids, _CHUNK):
            async with database.write() as connection:
                await connection.execute(delete(entries).where(entries.c.id.in_(chunk)))
        total += len(ids)
    return total


async def _retired(database: Database, before: datetime) -> int:
    """Feeds not read since then lose their entries; those that no server lists go altogether."""
    unread = and_(
        feeds.c.state == "retired",
        func.coalesce(type_coerce(feeds.c.last_poll_at, BigInteger), 0) < int(before.timestamp()),
        feeds.c.created_at < before,
    )
    ids = select(feeds.c.id).where(unread)
    some = select(entries.c.id).where(entries.c.feed_id.in_(ids)).limit(_CHUNK).scalar_subquery()
    while True:
        async with database.write() as connection:
            result = await connection.execute(delete(entries).where(entries.c.id.in_(some)))
            if result.rowcount == _CHUNK:
                continue
            gone = await connection.execute(
                delete(feeds).where(unread, feeds.c.id.not_in(select(guild_feeds.c.feed_id)))
            )
            # Taken up again one day, its next read is a first one: known entries are no longer known.
            first = {"primed_at": None, "etag": None, "last_modified": None, "body_hash": None}
            await connection.execute(update(feeds).where(unread).values(**first))
        return gone.rowcount


async def _stories(database: Database, before: datetime) -> int:
    told = select(entries.c.id).where(entries.c.story_id == stories.c.id).exists()
    # The newest story stays: its number must not be given out again.
    newest = select(func.max(stories.c.id)).scalar_subquery()
    old = and_(stories.c.updated_at < before, stories.c.id < newest, ~told)
    some = select(stories.c.id).where(old).limit(_CHUNK).scalar_subquery()
    total = 0
    while True:
        async with database.write() as connection:
            result = await connection.execute(delete(stories).where(stories.c.id.in_(some)))
        total += result.rowcount
        if result.rowcount < _CHUNK:
            return total


async def _deliveries(database: Database, before: datetime) -> int:
    finished = and_(deliveries.c.state.in_(("sent", "dropped", "held")), deliveries.c.created_at < before)
    some = select(deliveries.c.id).where(finished).limit(_CHUNK).scalar_subquery()
    total = 0
    while True:
        async with database.write() as connection:
            result = await connection.execute(delete(deliveries).where(deliveries.c.id.in_(some)))
        total += result.rowcount
        if result.rowcount < _CHUNK:
            return total
