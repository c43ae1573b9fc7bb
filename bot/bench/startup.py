"""Start-up and idle memory, in a process of their own, against a job for each feed and a compiled list of queries.

`python -m bot.bench.startup ours|naive URL STARTED` is one measured process; it prints the seconds to ready and to the
first headline that could be matched, and MiB.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bot.bench.model import Row

_CHUNK: Final = 5_000
_HEADLINE: Final = "Gold price rises as the central bank of Chile buys copper and lithium miners' shares"
_FEED: Final = f"<rss version='2.0'><channel><item><title>{_HEADLINE}</title></item></channel></rss>".encode()


def run(*, quick: bool = False) -> list[Row]:
    """Ready time and resident memory with many feeds and subscriptions."""
    from bot.bench.model import Row

    feeds, queries = (500, 2_000) if quick else (10_000, 100_000)
    with tempfile.TemporaryDirectory(prefix="headframe-bench-") as folder:
        url = f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}"
        asyncio.run(_fill(url, feeds, queries))
        small = f"sqlite+aiosqlite:///{Path(folder) / 'small.db'}"
        asyncio.run(_fill(small, 50, 100))
        imported = _measured("ours", url, times=1)  # nothing is filed yet; this start does it for the next ones
        ours, naive, idle, eager = (
            _measured(kind, where, times=1 if quick else 3)
            for kind, where in (("ours", url), ("naive", url), ("ours", small), ("naive", small))
        )
    size = f"{feeds:,} feeds, {queries:,} queries"
    base = "a job a feed, a list of patterns, imports at the top"
    return [
        Row(f"ready with {size}", ours[0], "s", base, naive[0], naive[0] / ours[0], "process start, no Discord"),
        Row(
            f"first headline with {size}", ours[1], "s", base, naive[1], naive[1] / ours[1], "process start to matched"
        ),
        Row(
            "the same, first start after an import", imported[1], "s", base, naive[1], naive[1] / imported[1],
            f"ready after {imported[0]:.1f} s",
        ),
        Row("ready with 50 feeds, 100 queries", idle[0], "s", base, eager[0], eager[0] / idle[0]),
        Row(f"memory with {size}", ours[2], "MiB", base, naive[2], naive[2] / ours[2], "after the first headline"),
        Row("memory with 50 feeds, 100 queries", idle[2], "MiB", base, eager[2], eager[2] / idle[2]),
    ]  # fmt: skip


async def _fill(url: str, count: int, queries: int) -> None:
    from datetime import timedelta

    from bot.bench.match import _Maker
    from bot.clock import utcnow
    from storage import feeds, subscriptions
    from storage.database import Database

    now = utcnow()
    maker = _Maker(7)
    database = await Database.open(url)
    async with database.write() as connection:
        await feeds.bulk_insert(
            connection,
            [
                {"url": f"http://feed.example/{n}", "next_poll_at": now + timedelta(days=1), "created_at": now}
                for n in range(count)
            ],
        )
        for start in range(0, queries, _CHUNK):
            texts = [maker.text() for _ in range(min(_CHUNK, queries - start))]
            await subscriptions.bulk_insert(
                connection,
                [
                    {"scope_guild_id": n % 5_000 + 1, "target_kind": "channel", "target_id": n, "query": text,
                     "canonical": text, "created_at": now, "updated_at": now}
                    for n, text in enumerate(texts, start)
                ],
            )  # fmt: skip
    await database.close()


def _measured(kind: str, url: str, *, times: int) -> tuple[float, float, float]:
    """The best of some runs: (seconds from the process's start to ready, to the first match, MiB resident)."""
    found = []
    for _ in range(times):
        done = subprocess.run(
            [sys.executable, "-m", "bot.bench.startup", kind, url, str(time.time())],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        found.append(tuple(json.loads(done.stdout)))
    ready, matched, memory = (min(figures) for figures in zip(*found, strict=True))
    return ready, matched, memory


def _resident() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


async def _ours(url: str) -> None:
    from bot import logs
    from bot.app import App
    from bot.settings import Settings

    logs.setup(level="error")
    app = await App.build(Settings(_env_file=None, database_url=url))  # type: ignore[call-arg]
    await app.start()
    ready = time.time()
    from bot.fresh import tags_of
    from bot.news import document

    book = app.services.book
    (entry,) = (await app.services.parser.parse(_FEED, content_type=None, url="http://feed.example/")).entries
    await book.whole()
    async with app.services.db.read() as connection:
        headline = document.build(entry.title, tags_of(entry))
        await book.open(connection, headline)
        list(book.match(headline))
    _report(ready)
    await asyncio.sleep(0.5)  # the parser's process comes up meanwhile: end it in order
    await app.stop()


async def _naive(url: str) -> None:
    """What most bots of this kind do: everything imported, a job a feed, every query a compiled pattern in a list."""
    import re

    import discord  # noqa: F401
    import matplotlib.pyplot  # noqa: F401
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

    from storage import feeds, subscriptions
    from storage.database import Database

    database = await Database.open(url)
    scheduler = AsyncIOScheduler()
    async with database.read() as connection:
        for feed in await feeds.every(connection):
            scheduler.add_job(_nothing, "interval", seconds=300, id=str(feed.id), args=[feed])
        patterns = []
        async for one in subscriptions.every(connection):
            words = re.findall(r"\w+", one.query)
            patterns.append((one, [re.compile(rf"\b{re.escape(word)}\b", re.IGNORECASE) for word in words]))
    scheduler.start()
    ready = time.time()
    for _one, words in patterns:
        all(word.search(_HEADLINE) for word in words)
    _report(ready)
    scheduler.shutdown(wait=False)
    await database.close()


def _nothing(_feed: object) -> None:
    """A job's work."""


def _report(ready: float) -> None:
    started = float(sys.argv[3])
    print(json.dumps([ready - started, time.time() - started, _resident()]), flush=True)


if __name__ == "__main__":
    asyncio.run((_ours if sys.argv[1] == "ours" else _naive)(sys.argv[2]))
