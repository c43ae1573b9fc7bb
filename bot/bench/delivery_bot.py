"""The process that `headframe bench deliver` measures: the bot, or plain `channel.send` under `asyncio.gather`.

`python -m bot.bench.delivery_bot` reads what it is (a `Plan` as JSON) and then a word a line: `queue`, `go`, `look`. It
answers each with a `Look` as JSON; the first one comes when it is connected.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import discord
from discord.ext import commands
from pydantic import SecretStr

from bot import logs
from bot.app import App
from bot.client import use_api
from bot.news import tagger
from bot.news.model import tags_to_json
from bot.settings import Settings
from bot.tasks import end
from storage import deliveries, entries, feeds
from storage.records import NewDelivery, NewEntry, Target

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from storage.database import Database

FEEDS: Final = 20  # polled a second meanwhile
_TITLE: Final = "Lithium carbonate jumps 3% after Chile mine outage"


@dataclass(frozen=True, slots=True)
class Plan:
    """kind: outbox or gather; places: (channel id, server id) of each; feeds: where those to be polled are, or None."""

    kind: str
    api_url: str
    token: str
    places: list[tuple[int, int]]
    limits: bool
    feeds: str | None


@dataclass(frozen=True, slots=True)
class Look:
    """cpu: seconds of processor time so far; megabytes: resident now; left: sends not yet finished (gather)."""

    cpu: float
    megabytes: float
    left: int


class _Work(Protocol):
    @property
    def left(self) -> int: ...

    async def queue(self) -> None: ...

    def go(self) -> None: ...


class _Outbox:
    left = 0

    def __init__(self, app: App, plan: Plan) -> None:
        self._app = app
        self._plan = plan

    async def queue(self) -> None:
        await headline(self._app.services.db, self._plan.places)

    def go(self) -> None:
        self._app.services.outbox.wake()


class _Gather:
    def __init__(self, bot: commands.AutoShardedBot, plan: Plan) -> None:
        self._bot = bot
        self._plan = plan
        self._sends: list[asyncio.Task[None]] = []

    @property
    def left(self) -> int:
        return sum(not one.done() for one in self._sends)

    async def queue(self) -> None:
        """There is none."""

    def go(self) -> None:
        embed = discord.Embed(title=_TITLE, description="Wire, now")

        async def send(channel_id: int) -> None:
            await self._bot.get_partial_messageable(channel_id).send(embed=embed)

        self._sends = [asyncio.create_task(send(channel_id)) for channel_id, _guild in self._plan.places]
        self._all = asyncio.gather(*self._sends, return_exceptions=True)


@asynccontextmanager
async def _outbox(plan: Plan) -> AsyncIterator[_Work]:
    with tempfile.TemporaryDirectory(prefix="headframe-bench-") as folder:
        settings = Settings(
            _env_file=None,  # type: ignore[call-arg]  # pydantic-settings takes it; its stub does not say so
            discord_api_url=plan.api_url,
            discord_token=SecretStr(plan.token),
            database_url=f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}",
            headframe_allow_private=(ip_network("127.0.0.0/8"),),
            headframe_min_poll_seconds=1,
            headframe_max_poll_seconds=1,
            headframe_default_feeds=False,
            headframe_fold_seconds=0,
            headframe_log_level="error",
        )
        app = await App.build(settings)
        task = asyncio.create_task(app.run())
        try:
            await until(lambda: app.services.outbox.connected)
            if not plan.limits:
                app.gate.bucket.allow(1e6, 1_000_000)
                app.gate.bucket.burst = 1000
            if plan.feeds is not None:
                await _follow_feeds(app, plan.feeds, plan.places[0][1])
                await asyncio.sleep(3)  # what is read first is settled
            yield _Outbox(app, plan)
        finally:
            await end(task)
            await app.stop()


@asynccontextmanager
async def _gather(plan: Plan) -> AsyncIterator[_Work]:
    use_api(plan.api_url)
    bot = commands.AutoShardedBot(
        command_prefix=commands.when_mentioned,
        intents=discord.Intents(guilds=True),
        member_cache_flags=discord.MemberCacheFlags.none(),
        max_messages=None,
        guild_ready_timeout=0.1,
    )
    async with bot:
        task = asyncio.create_task(bot.start(plan.token))
        await asyncio.sleep(0)
        await until(bot.is_ready)
        yield _Gather(bot, plan)
        await bot.close()
        await asyncio.gather(task, return_exceptions=True)


async def _follow_feeds(app: App, address: str, guild_id: int) -> None:
    now = datetime.now(UTC)
    async with app.services.db.write() as connection:
        for number in range(FEEDS):
            feed, _new = await feeds.add(connection, f"{address}/feed/{number}", now=now)
            await feeds.link(connection, guild_id, feed.id, added_by=None, now=now)


async def headline(database: Database, places: list[tuple[int, int]], *, now: datetime | None = None) -> None:
    """Queue one headline for every (channel id, server id)."""
    now = now or datetime.now(UTC)
    async with database.write() as connection:
        feed, _new = await feeds.add(connection, "http://127.0.0.1:9/bench", now=now, title="Wire")
        await feeds.save_many(connection, [{"id": feed.id, "next_poll_at": datetime(2100, 1, 1, tzinfo=UTC)}])
        [story] = await entries.reserve_stories(connection, 1)
        await entries.add_stories(connection, [(story, _TITLE, now, now)])
        entry = NewEntry(
            feed.id, "bench", None, _TITLE, "https://wire.example/1", "", None, None, now, None, now, silent=False,
            piece=None, tags=tags_to_json(tagger.tag(_TITLE, "")), facets=(), story_id=story,
        )  # fmt: skip
        [entry_id] = await entries.add_entries(connection, [entry])
        rows = [
            NewDelivery(
                target=Target("channel", channel_id), dedupe_key=f"story:{story}", kind="headline", order_at=now,
                due_at=now, created_at=now, guild_id=guild_id, story_id=story, entry_id=entry_id,
            )
            for channel_id, guild_id in places
        ]  # fmt: skip
        await deliveries.enqueue(connection, rows)


async def until(done: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.perf_counter() + seconds
    while not done() and time.perf_counter() < end:  # noqa: ASYNC110 - what is waited for is another program's state
        await asyncio.sleep(0.02)


def _megabytes() -> float:
    """Resident memory now (not its peak), where the system says so."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return pages * resource.getpagesize() / 1024**2


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**26)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    told: dict[str, Any] = json.loads(await reader.readline())
    plan = Plan(**{**told, "places": [tuple(one) for one in told["places"]]})
    async with (_outbox if plan.kind == "outbox" else _gather)(plan) as work:
        _answer(work)
        while line := await reader.readline():
            match line.strip():
                case b"queue":
                    await work.queue()
                case b"go":
                    work.go()
            _answer(work)


def _answer(work: _Work) -> None:
    print(json.dumps(asdict(Look(time.process_time(), _megabytes(), work.left))), flush=True)


if __name__ == "__main__":
    logs.setup(level="error")
    asyncio.run(_serve())
