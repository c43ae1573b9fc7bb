"""Delivery against the local Discord: the outbox beside `asyncio.gather` over plain `channel.send`.

Discord's limits are on where it says so (50 requests a second and its per-channel ones). The local Discord runs in the
same process, so its share of the processor is in both figures. A fan-out to 100,000 is run on a clock of its own.
"""

from __future__ import annotations

import asyncio
import resource
import tempfile
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING, Any, Final

import discord
from aiohttp import web
from discord.ext import commands
from pydantic import SecretStr

from bot.app import App
from bot.bench.model import Row
from bot.client import use_api
from bot.delivery.bucket import Bucket
from bot.news import tagger
from bot.news.model import tags_to_json
from bot.preview import LocalDiscord, World
from bot.settings import Settings
from storage import deliveries, entries, feeds
from storage.records import NewDelivery, NewEntry, Target

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

_PER_SECOND: Final = 50.0  # what Discord allows a bot
_PER_GUILD: Final = 450
_FEEDS: Final = 20


@dataclass(frozen=True, slots=True)
class Run:
    """seconds and cpu for so many messages; refused: 429 answers; acks: seconds to the answers of slash commands."""

    sent: int
    seconds: float
    cpu: float
    refused: int
    megabytes: float
    acks: tuple[float, ...] = ()


def run(quick: bool = False) -> list[Row]:
    """Rows for `headframe bench deliver`. quick: 200 channels instead of 1,000."""
    return asyncio.run(_rows(200 if quick else 1000))


async def _rows(channels: int) -> list[Row]:
    free = await fan_out(channels, limits=False)
    plain = await gather(channels, limits=False, patience=120)
    paced = await fan_out(channels, limits=True, busy=True)
    patience = 1.5 * channels / _PER_SECOND
    naive = await gather(channels, limits=True, patience=patience)
    share = paced.sent / paced.seconds / _PER_SECOND
    naive_share = naive.sent / paced.seconds / _PER_SECOND  # of what the same time allows: it gives up early
    p99 = quantiles(paced.acks, n=100)[98] * 1000 if len(paced.acks) > 2 else 0.0
    hundred = simulate(100_000)
    name = "gather over channel.send"
    return [
        Row("messages a second, no limits", free.sent / free.seconds, "1/s", name, plain.sent / plain.seconds,
            (free.sent / free.seconds) / (plain.sent / plain.seconds),
            "with a database row claimed and marked for each; the local Discord shares the processor"),
        Row("processor time a message, no limits", free.cpu / free.sent * 1000, "ms", name,
            plain.cpu / plain.sent * 1000, (plain.cpu / plain.sent) / (free.cpu / free.sent)),
        Row(f"fan-out to {channels:,}: share of the ceiling", share * 100, "%", name, naive_share * 100,
            share / max(naive_share, 0.001), f"{paced.seconds:.1f} s; every channel once: {paced.sent == channels}"),
        Row(f"fan-out to {channels:,}: delivered", paced.sent, "messages", name, naive.sent,
            paced.sent / max(naive.sent, 1), f"gather given {patience:.0f} s"),
        Row(f"fan-out to {channels:,}: refused requests (429)", paced.refused, "requests", name, naive.refused,
            naive.refused / max(paced.refused, 1)),
        Row(f"slash answer p99 during it, with {_FEEDS} feeds polled a second", p99, "ms", "the goal", 250,
            250 / max(p99, 0.1), f"{len(paced.acks)} commands"),
        Row("memory grown by the fan-out", paced.megabytes, "MiB", name, naive.megabytes,
            naive.megabytes / max(paced.megabytes, 0.1), "peak of the process, the local Discord's messages included"),
        Row("fan-out to 100,000 on a fake clock", hundred / 60, "min", "50 a second", 100_000 / _PER_SECOND / 60,
            100_000 / _PER_SECOND / hundred, "the bucket alone; the ratio is the share of the ceiling"),
    ]  # fmt: skip


def simulate(messages: int, rate: float = 45.0) -> float:
    """Seconds that so many messages take by the bucket alone, on a clock of their own."""
    now = 0.0
    bucket = Bucket(rate, 5, clock=lambda: now)
    left = messages
    while left:
        while left and bucket._take():
            left -= 1
        now += 1 / rate
    return now


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
        await _until(lambda: app.services.outbox._sender is not None)
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
                app.gate.bucket.rate = 1e6
                app.gate.bucket.burst = 1000
            if busy:
                await _follow_feeds(app, address, places[0][1])
                await asyncio.sleep(3)
            await _headline(app, places)
            before = _megabytes()
            started, cpu = time.perf_counter(), time.process_time()
            app.services.outbox.wake()
            acks = asyncio.create_task(_use_commands(local)) if busy else None
            await _until(lambda: len(local.stored) >= channels, 20 + channels / 20)
            took, burnt = time.perf_counter() - started, time.process_time() - cpu
            found: tuple[float, ...] = ()
            if acks is not None:
                acks.cancel()
                found = tuple((await asyncio.gather(acks, return_exceptions=True)) and _ACKS)
            once = len({stored.channel_id for stored in local.stored})
            refused = sum(one.status == 429 for one in local.requests)
            return Run(once, took, burnt, refused, _megabytes() - before, found)


_ACKS: list[float] = []


async def _use_commands(local: LocalDiscord) -> None:
    """A slash command ten times a second; how long each first answer took goes to _ACKS."""
    _ACKS.clear()
    guild = local.world.guild()
    where = next(iter(guild.channels.values()))
    while True:
        used = await local.invoke("moderator", guild, where, "status")
        await used.response(within=3)
        _ACKS.append(used.answered_after or 0.0)
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
        for number in range(_FEEDS):
            feed, _new = await feeds.add(connection, f"{address}/feed/{number}", now=now)
            await feeds.link(connection, guild_id, feed.id, added_by=None, now=now)


async def _headline(app: App, places: list[tuple[int, int]]) -> None:
    now = datetime.now(UTC)
    title = "Lithium carbonate jumps 3% after Chile mine outage"
    async with app.services.db.write() as connection:
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
            before = _megabytes()
            started, cpu = time.perf_counter(), time.process_time()

            async def send(channel_id: int) -> None:
                await bot.get_partial_messageable(channel_id).send(embed=embed)

            sends = [asyncio.create_task(send(channel_id)) for channel_id, _guild in places]
            _done, late = await asyncio.wait(sends, timeout=patience)
            took, burnt = time.perf_counter() - started, time.process_time() - cpu
            for one in late:
                one.cancel()
            await asyncio.gather(*sends, return_exceptions=True)
            refused = sum(one.status == 429 for one in local.requests)
            sent = len({stored.channel_id for stored in local.stored})
            await bot.close()
            await asyncio.gather(task, return_exceptions=True)
            return Run(sent, took, burnt, refused, _megabytes() - before)


async def _until(done: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.perf_counter() + seconds
    while not done() and time.perf_counter() < end:  # noqa: ASYNC110 - what is waited for is another program's state
        await asyncio.sleep(0.02)


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
