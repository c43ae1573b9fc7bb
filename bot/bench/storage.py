"""Storage: what a poll and a headline cost in the database, against a statement or a transaction for each row."""

from __future__ import annotations

import asyncio
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.bench.model import Row
from bot.clock import utcnow
from storage import deliveries, entries, feeds, outbox
from storage.database import Database
from storage.records import NewDelivery, NewEntry, Target

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_FEEDS: Final = 50
_ITEMS: Final = 50  # entries a feed lists


def run(*, quick: bool = False) -> list[Row]:
    """All rows, on a SQLite file of its own."""
    with tempfile.TemporaryDirectory(prefix="headframe-bench-") as folder:
        return asyncio.run(_run(Path(folder), 100 if quick else 1_000))


async def _run(folder: Path, size: int) -> list[Row]:
    database = await Database.open(f"sqlite+aiosqlite:///{folder / 'bench.db'}")
    try:
        await _fill(database)
        return [await _known(database), await _queue(database, size), await _claim(database, size)]
    finally:
        await database.close()


async def _fill(database: Database) -> None:
    now = utcnow()
    async with database.write() as connection:
        await feeds.bulk_insert(
            connection,
            [{"id": n, "url": f"http://f/{n}", "next_poll_at": now, "created_at": now} for n in range(1, _FEEDS + 1)],
        )
        new = [
            NewEntry(
                feed_id=feed, identity=f"{feed}-{n}", link_key=None, title="A headline about gold", url=None,
                summary="", author=None, image=None, published_at=now, published_raw=None, first_seen_at=now,
                silent=True, piece=None, tags={}, facets=("mineral:gold",),
            )
            for feed in range(1, _FEEDS + 1)
            for n in range(_ITEMS)
        ]  # fmt: skip
        await entries.add_entries(connection, new)


async def _timed(work: Callable[[], Awaitable[object]], times: int = 5) -> float:
    """The best of a few runs, in milliseconds."""
    best = float("inf")
    for _ in range(times):
        started = time.perf_counter()
        await work()
        best = min(best, time.perf_counter() - started)
    return best * 1000


async def _known(database: Database) -> Row:
    """A feed of 50 entries was read: which of them are new?"""
    pairs = [(7, f"7-{n}") for n in range(_ITEMS)]

    async def ours() -> None:
        async with database.read() as connection:
            await entries.known(connection, pairs, [])

    async def naive() -> None:
        async with database.read() as connection:
            for pair in pairs:
                await entries.known(connection, [pair], [])

    value, base = await _timed(ours), await _timed(naive)
    return Row("which of 50 are known", value, "ms", "a query an entry", base, base / value)


def _rows(size: int, tag: str) -> list[NewDelivery]:
    now = utcnow()
    return [
        NewDelivery(
            target=Target("channel", n), dedupe_key=f"story:{tag}", kind="headline", order_at=now, due_at=now,
            created_at=now, guild_id=n,
        )
        for n in range(1, size + 1)
    ]  # fmt: skip


async def _queue(database: Database, size: int) -> Row:
    """One headline that many channels follow."""
    count = 0

    async def ours() -> None:
        nonlocal count
        count += 1
        async with database.write() as connection:
            await deliveries.enqueue(connection, _rows(size, f"a{count}"))

    async def naive() -> None:
        nonlocal count
        count += 1
        for row in _rows(size, f"b{count}"):
            async with database.write() as connection:
                await deliveries.enqueue(connection, [row])

    value, base = await _timed(ours, 3), await _timed(naive, 2)
    return Row(f"queue for {size:,} channels", value, "ms", "a transaction a row", base, base / value)


async def _claim(database: Database, size: int) -> Row:
    """Which targets are due, with the rows of the first 96: one round of the outbox."""
    later = utcnow() + timedelta(seconds=5)

    async def ours() -> None:
        async with database.read() as connection:
            due = await outbox.due_targets(connection, later, limit=96)
            await outbox.due_rows(connection, later, [target for target, _urgency in due])

    async def naive() -> None:
        async with database.read() as connection:
            due = await outbox.due_targets(connection, later, limit=96)
            for target, _urgency in due:
                await outbox.due_rows(connection, later, [target])

    value, base = await _timed(ours), await _timed(naive)
    note = f"of {size * 5:,} waiting"
    return Row("claim for 96 channels", value, "ms", "a query a channel", base, base / value, note)
