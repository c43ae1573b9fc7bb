"""The fan-outs behind `headframe bench deliver`: the whole bot, and plain `channel.send`, against the local Discord."""

from __future__ import annotations

import asyncio
import resource
import tempfile
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import discord
from aiohttp import web
from discord.ext import commands
from pydantic import SecretStr

from bot.app import App
from bot.client import use_api
from bot.news import tagger
from bot.news.model import tags_to_json
from bot.preview import LocalDiscord, World
from bot.settings import Settings
from storage import deliveries, entries, feeds
from storage.records import NewDelivery, NewEntry, Target

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from storage.database import Database

FEEDS: Final = 20  # polled a second meanwhile
_PER_GUILD: Final = 450


@dataclass(slots=True)
class Run:
    """What became of one headline to so many channels.

    messages: posts stored; channels: how many channels got one; refused: 429 answers; cpu: seconds of processor time;
    acks: seconds to the first answer of each slash command; megabytes: resident memory at a fifth of the way and at
    the end (the local Discord's share included).
    """

    messages: int = 0
    channels: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    refused: int = 0
    acks: list[float] = field(default_factory=list)
    megabytes: tuple[float, float] = (0.0, 0.0)

    @property
    def grown(self) -> float:
        return max(self.megabytes[1] - self.megabytes[0], 0.0)


def world_of(channels: int) -> tuple[World, list[tuple[int, int]]]:
    """A world with so many channels, and their (channel id, server id)."""
    world = World.empty()
    owner = world.add_person("moderator", "bench.owner", "Owner", "Moderator", "owns every server")
    places: list[tuple[int, int]] = []
    while len(places) < channels:
        guild = world.add_guild(f"Guild {len(places)}", owner)
        room = min(_PER_GUILD, channels - len(places))
        places += [(world.add_channel(guild, f"wire-{number}").id, guild.id) for number in range(room)]
    return world, places


@asynccontextmanager
async def _bot(local: LocalDiscord, folder: str, **changes: Any) -> AsyncIterator[App]:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings takes it; its stub for subclasses does not say so
        discord_api_url=local.api_url,
        discord_token=SecretStr(local.token),
        database_url=f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}",
        headframe_allow_private=(ip_network("127.0.0.0/8"),),
        headframe_min_poll_seconds=1,
        headframe_max_poll_seconds=1,
        headframe_default_feeds=False,
        headframe_fold_seconds=0,
        headframe_log_level="error",
        **changes,
    )
    app = await App.build(settings)
    task = asyncio.create_task(app.run())
    try:
        await _until(lambda: app.services.outbox.connected)
        yield app
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await app.stop()


async def fan_out(channels: int, *, limits: bool, busy: bool = False) -> Run:
    """One headline to every channel by the outbox; `busy`: while feeds are polled and commands used."""
    world, places = world_of(channels)
    with tempfile.TemporaryDirectory(prefix="headframe-bench-") as folder:
        async with (
            await LocalDiscord.start(world=world, limits=limits) as local,
            _bot(local, folder) as app,
            _wires() as address,
        ):
            if not limits:
                app.gate.bucket.allow(1e6, 1_000_000)
                app.gate.bucket.burst = 1000
            if busy:
                await _follow_feeds(app, address, places[0][1])
                await asyncio.sleep(3)  # what is read first is settled
            await headline(app.services.db, places)
            acks: list[float] = []
            watch = _Watch(local, channels)
            commands_used = asyncio.create_task(_use_commands(local, acks)) if busy else None
            watch.begin()
            app.services.outbox.wake()
            await _until(watch.done, 30 + channels / 20)
            if commands_used is not None:
                commands_used.cancel()
                await asyncio.gather(commands_used, return_exceptions=True)
            await asyncio.sleep(0.5)  # a copy would come now
            return watch.end(acks)


class _Watch:
    """Times a fan-out from outside: what the local Discord stored, and this process's processor time and memory."""

    def __init__(self, local: LocalDiscord, channels: int) -> None:
        self._local = local
        self._channels = channels
        self._early = 0.0
        self._since = self._cpu = self._took = self._burnt = 0.0

    def begin(self) -> None:
        self._since, self._cpu = time.perf_counter(), time.process_time()

    def done(self) -> bool:
        """Whether as much is stored as there are channels; notes the moment of it."""
        stored = len(self._local.stored)
        if not self._early and stored >= self._channels // 5:
            self._early = _megabytes()
        if stored >= self._channels and not self._took:
            self._stop()
        return stored >= self._channels

    def _stop(self) -> None:
        self._took, self._burnt = time.perf_counter() - self._since, time.process_time() - self._cpu

    def end(self, acks: list[float]) -> Run:
        if not self.done():
            self._stop()
        stored = self._local.stored
        refused = sum(one.status == 429 for one in self._local.requests)
        memory = (self._early, _megabytes())
        places = len({one.channel_id for one in stored})
        return Run(len(stored), places, self._took, self._burnt, refused, acks, memory)


async def _use_commands(local: LocalDiscord, acks: list[float]) -> None:
    """A slash command ten times a second; how long each first answer took."""
    guild = local.world.guild()
    where = next(iter(guild.channels.values()))
    while True:
        used = await local.invoke("moderator", guild, where, "status")
        await used.response(within=3)
        acks.append(used.answered_after or 0.0)
        await asyncio.sleep(0.1)


@asynccontextmanager
async def _wires() -> AsyncIterator[str]:
    """Feeds that change at every look."""

    async def serve(request: web.Request) -> web.Response:
        now = int(time.time())
        feed = request.match_info["n"]
        items = "".join(
            f"<item><guid>{feed}-{now - n}</guid><title>Tin shipment {now - n} leaves port {feed}</title></item>"
            for n in range(30)
        )
        body = f"<?xml version='1.0'?><rss version='2.0'><channel><title>Wire</title>{items}</channel></rss>"
        return web.Response(text=body, content_type="application/rss+xml")

    app = web.Application()
    app.router.add_get("/feed/{n}", serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _follow_feeds(app: App, address: str, guild_id: int) -> None:
    now = datetime.now(UTC)
    async with app.services.db.write() as connection:
        for number in range(FEEDS):
            feed, _new = await feeds.add(connection, f"{address}/feed/{number}", now=now)
            await feeds.link(connection, guild_id, feed.id, added_by=None, now=now)


async def headline(database: Database, places: list[tuple[int, int]], *, now: datetime | None = None) -> None:
    """Queue one headline for every (channel id, server id)."""
    now = now or datetime.now(UTC)
    title = "Lithium carbonate jumps 3% after Chile mine outage"
    async with database.write() as connection:
        feed, _new = await feeds.add(connection, "http://127.0.0.1:9/bench", now=now, title="Wire")
        await feeds.save_many(connection, [{"id": feed.id, "next_poll_at": datetime(2100, 1, 1, tzinfo=UTC)}])
        [story] = await entries.reserve_stories(connection, 1)
        await entries.add_stories(connection, [(story, title, now, now)])
        entry = NewEntry(
            feed.id, "bench", None, title, "https://wire.example/1", "", None, None, now, None, now, silent=False,
            piece=None, tags=tags_to_json(tagger.tag(title, "")), facets=(), story_id=story,
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


async def gather(channels: int, *, limits: bool, patience: float) -> Run:
    """The same headline by `asyncio.gather` over `channel.send`, given so many seconds."""
    world, places = world_of(channels)
    async with await LocalDiscord.start(world=world, limits=limits) as local:
        use_api(local.api_url)
        bot = commands.AutoShardedBot(
            command_prefix=commands.when_mentioned,
            intents=discord.Intents(guilds=True),
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            guild_ready_timeout=0.1,
        )
        async with bot:
            task = asyncio.create_task(bot.start(local.token))
            await asyncio.sleep(0)
            await _until(bot.is_ready)
            embed = discord.Embed(title="Lithium carbonate jumps 3% after Chile mine outage", description="Wire, now")
            watch = _Watch(local, channels)
            watch.begin()

            async def send(channel_id: int) -> None:
                await bot.get_partial_messageable(channel_id).send(embed=embed)

            sends = [asyncio.create_task(send(channel_id)) for channel_id, _guild in places]
            everyone = asyncio.gather(*sends, return_exceptions=True)
            await _until(lambda: watch.done() or everyone.done(), patience)
            run = watch.end([])
            for one in sends:
                one.cancel()
            await asyncio.gather(*sends, return_exceptions=True)
            await bot.close()
            await asyncio.gather(task, return_exceptions=True)
            return run


async def _until(done: Callable[[], bool], seconds: float = 60.0) -> None:
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
