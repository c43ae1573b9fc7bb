"""Polling: the pipeline of the bot, over loopback HTTP, beside the naive way and the bare client in the same run.

What is timed is the real path: the tick claims what is due, the fetcher asks, a worker process parses what is new,
and one transaction stores entries, tags, stories and deliveries. The server is a process of its own, so on two cores
it takes from the poller what a network would not.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

from bot.bench.model import Row
from bot.clock import utcnow
from bot.feeds.cadence import CadenceSettings
from bot.feeds.fetch import Fetcher
from bot.feeds.guard import Guard
from bot.feeds.worker import ParserPool
from bot.ingest import Ingest
from bot.pipeline import Pipeline
from bot.settings import Settings
from bot.subscriptions import SubscriptionBook
from storage import feeds, subscriptions
from storage.database import Database
from storage.records import NewSubscription

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence


_FEEDS: Final = 200
_GUILD: Final = 1
_WORDS: Final = ["gold", "copper", "lithium", "nickel", "silver", "uranium", "zinc", "output", "mine", "Chile", "Peru", "Ontario", "percent", "Barrick", "Teck"]
_PATIENCE: Final = 120.0


@dataclass
class Bench:
    """A poller on a database of its own, without Discord."""

    port: int
    database: Database
    fetcher: Fetcher
    parser: ParserPool
    pipeline: Pipeline
    lags: list[float] = field(default_factory=list)  # seconds the event loop was late

    async def follow(self, kind: str, count: int) -> list[int]:
        """Put feeds of one kind on the books, due at once; their ids."""
        now = utcnow()
        ids = []
        async with self.database.write() as connection:
            for number in range(count):
                url = f"http://127.0.0.1:{self.port}/{kind}/{number}"
                feed, _new = await feeds.add(connection, url, now=now - timedelta(seconds=1))
                ids.append(feed.id)
            await feeds.link_many(connection, _GUILD, ids, added_by=None, now=now)
        return ids

    async def round(self, ids: Sequence[int]) -> float:
        """Make these feeds due and tick until all are polled and stored; feeds a second."""
        due = utcnow() - timedelta(seconds=1)
        async with self.database.write() as connection:
            await feeds.save_many(connection, [{"id": one, "next_poll_at": due, "lease_until": None} for one in ids])
        goal = self.pipeline.counts["polls"] + len(ids)
        began = time.perf_counter()
        while self.pipeline.counts["polls"] < goal or self.pipeline.busy:
            await self.pipeline.tick()
            await asyncio.sleep(0.005)
            if time.perf_counter() - began > _PATIENCE:
                raise RuntimeError(f"{goal - self.pipeline.counts['polls']} feeds were not polled in {_PATIENCE:g} s")
        return len(ids) / (time.perf_counter() - began)

    async def watch_loop(self) -> None:
        """Note how late the loop wakes a sleeper."""
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            self.lags.append(max(0.0, time.perf_counter() - began - 0.005))

    def lag_ms(self) -> float:
        """The 99th percentile since the last call, in milliseconds."""
        found, self.lags[:] = sorted(self.lags), []
        return found[int(len(found) * 0.99)] * 1000 if found else 0.0


def _queries(count: int) -> list[str]:
    pick = Random(7)
    return [" ".join(pick.sample(_WORDS, 4)) for _ in range(count)]


@asynccontextmanager
async def host() -> AsyncIterator[int]:
    """The feed server's port."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.bench.feed_host", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    assert process.stdin
    try:
        yield int(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()


@asynccontextmanager
async def bench(port: int, *, queries: int = 1000) -> AsyncIterator[Bench]:
    """A poller with so many four-word subscriptions, running."""
    with tempfile.TemporaryDirectory(prefix="headframe-bench-") as folder:
        settings = Settings(_env_file=None, headframe_allow_private="127.0.0.0/8")  # type: ignore[call-arg,arg-type]
        database = await Database.open(f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}")
        book = SubscriptionBook()
        now = utcnow()
        async with database.write() as connection:
            for number, text in enumerate(_queries(queries)):
                new = NewSubscription(_GUILD, "channel", 1000 + number % 50, text, text)
                book.put(await subscriptions.add(connection, new, now=now))
        fetcher = Fetcher(Guard(settings.headframe_allow_private), user_agent="Headframe/bench (feed reader)")
        parser = ParserPool()
        ingest = Ingest(database, book, CadenceSettings(300, 3600))
        pipeline = Pipeline(database, fetcher, parser, ingest, stored=lambda _stored: None)
        async with fetcher, parser:
            pipeline.start()
            made = Bench(port, database, fetcher, parser, pipeline)
            watch = asyncio.create_task(made.watch_loop())
            try:
                yield made
            finally:
                watch.cancel()
                await pipeline.stop()
                await database.close()


def run(quick: bool = False) -> list[Row]:
    """Measure; about half a minute, quick: a few seconds at a tenth of the size."""
    return asyncio.run(_run(quick=quick))


async def _run(*, quick: bool) -> list[Row]:
    count, rounds = (20, 2) if quick else (_FEEDS, 5)
    rows: list[Row] = []
    async with host() as port, bench(port) as made:
        ids = await made.follow("new", count)
        await made.round(ids)
        made.lag_ms()
        value = _median([await made.round(ids) for _ in range(rounds)])
        lag = made.lag_ms()
        print(value, lag, file=sys.stderr)
    return rows


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]
