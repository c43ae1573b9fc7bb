"""Polling: the pipeline of the bot, over loopback HTTP, beside the naive way and the bare client in the same run.

What is timed is the real path: the tick claims what is due, the fetcher asks, a worker process parses and tags what
is new, and one transaction stores entries, stories and deliveries. The server is a process of its own, so on two cores
it takes from the poller what a network would not.
"""

from __future__ import annotations

import asyncio
import io
import resource
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

import aiohttp
import feedparser

from bot import logs, tasks
from bot.bench.model import Row
from bot.clock import utcnow
from bot.feeds.cadence import CadenceSettings
from bot.feeds.fetch import Fetcher
from bot.feeds.guard import Guard, parse_networks
from bot.feeds.worker import ParserPool
from bot.ingest import Ingest
from bot.pipeline import Pipeline
from bot.subscriptions import SubscriptionBook
from storage import feeds, meta, subscriptions
from storage.database import Database
from storage.records import NewSubscription

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from storage.records import Feed

_FEEDS: Final = 200
_GUILD: Final = 1
_WORDS: Final = (
    "gold", "copper", "lithium", "nickel", "silver", "uranium", "zinc", "output", "mine", "Chile", "Peru", "Ontario",
    "percent", "Barrick", "Teck",
)  # fmt: skip
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
        urls = [f"http://127.0.0.1:{self.port}/{kind}/{number}" for number in range(count)]
        async with self.database.write() as connection:
            await feeds.bulk_insert(connection, [{"url": url, "next_poll_at": now, "created_at": now} for url in urls])
            wanted = set(urls)
            ids = [feed.id for feed in await feeds.every(connection) if feed.url in wanted]
            await feeds.link_many(connection, _GUILD, ids, added_by=None, now=now)
        return ids

    async def feed(self, feed_id: int) -> Feed:
        async with self.database.read() as connection:
            found = await feeds.get(connection, feed_id)
        assert found is not None
        return found

    @property
    def parsed(self) -> int:
        """Bodies that were given to the parser."""
        counts = self.pipeline.counts
        return counts["polls"] - counts["unchanged"] - counts["faults"]

    async def round(self, ids: Sequence[int]) -> float:
        """Make these feeds due and tick until all are polled and stored; feeds a second."""
        due = utcnow() - timedelta(seconds=1)
        async with self.database.write() as connection:
            await feeds.save_many(connection, [{"id": one, "next_poll_at": due, "lease_until": None} for one in ids])
        goal = self.pipeline.counts["polls"] + len(ids)
        began = time.perf_counter()
        while self.pipeline.counts["polls"] < goal or self.pipeline.busy:
            if not self.pipeline.busy:
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
        url = f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}"
        # Made by another process: the migration's libraries are in memory at the very first start only.
        made_by = "import asyncio, sys; from storage.database import Database; asyncio.run(Database.open(sys.argv[1]))"
        await (await asyncio.create_subprocess_exec(sys.executable, "-c", made_by, url)).wait()
        database = await Database.open(url)
        book = SubscriptionBook()
        now = utcnow()
        await book.load(database)
        async with database.write() as connection:
            for number, text in enumerate(_queries(queries)):
                new = NewSubscription(_GUILD, "channel", 1000 + number % 50, text, text)
                await subscriptions.add(connection, new, now=now)
        await book.load(database)
        fetcher = Fetcher(Guard(parse_networks("127.0.0.0/8")), user_agent="Headframe/bench (feed reader)")
        parser = ParserPool(tags=True)
        ingest = Ingest(database, book, CadenceSettings(300, 3600))
        await ingest.load(now)
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
    logs.setup(level="warning")
    return tasks.run(_run(quick=quick))


async def _run(*, quick: bool) -> list[Row]:
    count, rounds = (20, 2) if quick else (_FEEDS, 5)
    rows: list[Row] = []
    async with host() as port:
        async with bench(port) as made:
            rows += await _new_items(made, count, rounds)
            rows += await _unchanged(made, count, rounds)
        async with bench(port) as made:
            rows.append(await _far_servers(made, count))
        async with bench(port) as made:
            rows += await _hostile(made, count)
        async with bench(port) as made:
            rows += await _steady(made, 500 if quick else 10_000, 2 if quick else 10)
    return rows


async def _new_items(made: Bench, count: int, rounds: int) -> list[Row]:
    """Each feed has one item more at each poll."""
    ids = await made.follow("new", count)
    await made.round(ids)  # the first poll reads all 30 items and posts none
    made.lag_ms()
    value = _median([await made.round(ids) for _ in range(rounds)])
    lag = made.lag_ms()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    naive = await _naive(made, count)
    name = f"{count} feeds x 30 items, one new each"
    note = "parse, identity, tags, story, store and match of 1,000 four-term queries; target 500"
    return [
        Row(name, value, "feeds/s", "feedparser on the whole body, a transaction per feed", naive, value / naive, note),
        Row(f"{name}: loop lag", lag, "ms p99", "target", 50.0, 50.0 / max(lag, 0.001)),
        Row(f"{name}: memory, interpreter included", memory, "MiB", "target", 120.0, 120.0 / memory,
            "the poller without discord.py; the parser's process is apart"),
    ]  # fmt: skip


async def _naive(made: Bench, count: int) -> float:
    """What a simple bot does: fetch and parse one feed after the other on the loop, look up each guid, commit."""
    seen: dict[str, set[str]] = {}
    async with aiohttp.ClientSession() as session:
        for turn in range(2):
            began = time.perf_counter()
            for number in range(count):
                url = f"http://127.0.0.1:{made.port}/new/naive{number}"
                async with session.get(url) as response:
                    body = await response.read()
                parsed = feedparser.parse(io.BytesIO(body))
                known = seen.setdefault(url, set())
                async with made.database.write() as connection:
                    for entry in parsed.entries:
                        if entry.id not in known:
                            known.add(entry.id)
                            await meta.put(connection, f"naive:{entry.id}", entry.title)
            if turn:
                return count / (time.perf_counter() - began)
    raise AssertionError("unreachable")


async def _unchanged(made: Bench, count: int, rounds: int) -> list[Row]:
    """304s beside the bare client, and unchanged bodies with 200."""
    etag, same = await made.follow("etag", count), await made.follow("same", count)
    await made.round(etag)
    await made.round(same)
    parsed = made.parsed
    value = _median([await made.round(etag) for _ in range(rounds)])
    bare = _median([await _bare(made.port, count) for _ in range(rounds)])
    full = _median([await made.round(same) for _ in range(rounds)])
    note = f"target 0.6 of the bare client; {made.parsed - parsed} bodies parsed"
    return [
        Row("unchanged feeds (304)", value, "feeds/s", "aiohttp alone, the same GETs", bare, value / bare, note),
        Row("unchanged body with 200", full, "feeds/s", "aiohttp alone, 304s", bare, full / bare, "hashed, not parsed"),
    ]


async def _bare(port: int, count: int) -> float:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=200)) as session:

        async def get(number: int) -> None:
            url = f"http://127.0.0.1:{port}/etag/{number}"
            async with session.get(url, headers={"If-None-Match": '"v1"'}) as response:
                await response.read()

        began = time.perf_counter()
        await asyncio.gather(*(get(number) for number in range(count)))
        return count / (time.perf_counter() - began)


async def _far_servers(made: Bench, count: int) -> Row:
    """Servers that take 300 ms to answer."""
    ids = await made.follow("slow", count)
    await made.round(ids)
    value = _median([await made.round(ids) for _ in range(3)])
    serial = 1 / 0.3
    return Row(
        "servers that take 300 ms", value, "feeds/s", "one after the other", serial, value / serial, "target 150"
    )


async def _hostile(made: Bench, count: int) -> list[Row]:
    """The largest feed that is read, and one that takes a naive parser's sanitiser seconds, among ordinary feeds."""
    ids = await made.follow("new", count)
    await made.round(ids)
    hostile = [*await made.follow("comment", 1), *await made.follow("huge", 1)]
    made.lag_ms()
    began = time.perf_counter()
    until = asyncio.create_task(made.round(hostile))
    slowest = 0.0
    while not until.done():
        first = time.perf_counter()
        await made.pipeline.poll(await made.feed(ids[0]))
        slowest = max(slowest, time.perf_counter() - first)
        await asyncio.sleep(0.05)
    await until
    lag = made.lag_ms()
    took = time.perf_counter() - began
    name = "400 kB of unclosed comments and a 5 MB feed in the stream"
    return [
        Row(f"{name}: loop lag", lag, "ms p99", "target", 50.0, 50.0 / max(lag, 0.001), f"they took {took:.1f} s"),
        Row(f"{name}: slowest other poll", slowest, "s", "target", 1.0, 1.0 / max(slowest, 0.001),
            "fetched, parsed and stored meanwhile"),
    ]  # fmt: skip


async def _steady(made: Bench, books: int, seconds: int) -> list[Row]:
    """Many feeds on the books, 33 of them due in each second, ticked once a second as the bot is."""
    ids = await made.follow("new", books)
    far = utcnow() + timedelta(days=1)
    async with made.database.write() as connection:
        await feeds.save_many(connection, [{"id": one, "next_poll_at": far} for one in ids])
    await made.round(ids[: 33 * seconds])
    due = [ids[n : n + 33] for n in range(0, 33 * seconds, 33)]
    begin = utcnow() + timedelta(seconds=1)
    rows: list[dict[str, object]] = []
    for second, group in enumerate(due):
        rows += [{"id": one, "next_poll_at": begin + timedelta(seconds=second)} for one in group]
    async with made.database.write() as connection:
        await feeds.save_many(connection, rows)
    goal = made.pipeline.counts["polls"] + sum(map(len, due))
    made.pipeline.lags.clear()
    made.lag_ms()
    cpu, began = time.process_time(), time.perf_counter()
    while made.pipeline.counts["polls"] < goal or made.pipeline.busy:
        await made.pipeline.tick()
        await asyncio.sleep(1.0)
    spent = (time.process_time() - cpu) / (time.perf_counter() - began) * 100
    late = max(made.pipeline.lags, default=0.0)
    name = f"{books:,} feeds on the books, 33 due a second"
    lag = made.lag_ms()
    return [
        Row(
            f"{name}: CPU",
            spent,
            "% of a core",
            "target",
            25.0,
            25.0 / max(spent, 0.01),
            "one new item each",
        ),
        Row(f"{name}: latest", late, "s behind", "target", 5.0, 5.0 / max(late, 0.01)),
        Row(f"{name}: loop lag", lag, "ms p99", "target", 50.0, 50.0 / max(lag, 0.001), "33 feeds/s parsed meanwhile"),
    ]


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]
