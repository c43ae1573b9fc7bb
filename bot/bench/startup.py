"""Start-up and idle memory, in a process of their own, against a job for each feed and a compiled list of queries.

`python -m bot.bench.startup ours|naive URL` is one measured process; it prints seconds and MiB.
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


def run(*, quick: bool = False) -> list[Row]:
    """Ready time and resident memory with many feeds and subscriptions."""
    from bot.bench.model import Row

    feeds, queries = (500, 2_000) if quick else (10_000, 100_000)
    with tempfile.TemporaryDirectory(prefix="headframe-bench-") as folder:
        url = f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}"
        asyncio.run(_fill(url, feeds, queries))
        small = f"sqlite+aiosqlite:///{Path(folder) / 'small.db'}"
        asyncio.run(_fill(small, 50, 100))
        ours, naive, idle, eager = (
            _measured(kind, where) for kind, where in (("ours", url), ("naive", url), ("ours", small), ("naive", small))
        )
    size = f"{feeds:,} feeds, {queries:,} queries"
    base = "a job a feed, a list of patterns, imports at the top"
    return [
        Row(
            f"ready with {size}", ours[0], "s", base, naive[0], naive[0] / ours[0], "process start to ready, no Discord"
        ),
        Row(f"memory with {size}", ours[1], "MiB", base, naive[1], naive[1] / ours[1]),
        Row("ready with 50 feeds, 100 queries", idle[0], "s", base, eager[0], eager[0] / idle[0]),
        Row("idle memory", idle[1], "MiB", base, eager[1], eager[1] / idle[1]),
    ]


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


def _measured(kind: str, url: str) -> tuple[float, float]:
    """The best of two runs: (seconds from the process's start to ready, MiB resident)."""
    found = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-m", "bot.bench.startup", kind, url, str(time.time())],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        found.append(tuple(json.loads(done.stdout)))
    return min(one[0] for one in found), min(one[1] for one in found)


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
    _report()
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
    _report()
    scheduler.shutdown(wait=False)
    await database.close()


def _nothing(_feed: object) -> None:
    """A job's work."""


def _report() -> None:
    print(json.dumps([time.time() - float(sys.argv[3]), _resident()]), flush=True)


if __name__ == "__main__":
    asyncio.run((_ours if sys.argv[1] == "ours" else _naive)(sys.argv[2]))
