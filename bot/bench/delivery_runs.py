"""The fan-outs behind `headframe bench deliver`: the whole bot, and plain `channel.send`, against the local Discord.

What is measured is a process of its own (`delivery_bot`); the local Discord, the feeds and the people are in this one.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final

from aiohttp import web

from bot import tasks
from bot.bench.delivery_bot import Look, Plan
from bot.preview import LocalDiscord, World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_PER_GUILD: Final = 450


@dataclass(slots=True)
class Run:
    """What became of one headline to so many channels.

    messages: posts stored; channels: how many channels got one; refused: 429 answers; cpu: seconds of the measured
    process's processor time; acks: seconds to the first answer of each slash command; megabytes: its resident memory
    at a fifth of the way and at the end.
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


class Subject:
    """The measured process: told a word, it says how it stands."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def told(self, word: str = "look") -> Look:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n".encode())
        return await self.look()

    async def look(self) -> Look:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("the measured process has ended; what it said is above")
        return Look(**json.loads(line))


@asynccontextmanager
async def _subject(plan: Plan) -> AsyncIterator[Subject]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.bench.delivery_bot", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdin is not None
        process.stdin.write(json.dumps(asdict(plan)).encode() + b"\n")
        subject = Subject(process)
        await subject.look()
        yield subject
    finally:
        if process.returncode is None:
            process.kill()  # nothing of it is to be kept
        await process.wait()


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


async def fan_out(channels: int, *, limits: bool, busy: bool = False) -> Run:
    """One headline to every channel by the outbox; `busy`: while feeds are polled and commands used."""
    return await _run("outbox", channels, limits=limits, patience=30 + channels / 20, busy=busy)


async def gather(channels: int, *, limits: bool, patience: float) -> Run:
    """The same headline by `asyncio.gather` over `channel.send`, given so many seconds."""
    return await _run("gather", channels, limits=limits, patience=patience)


async def _run(kind: str, channels: int, *, limits: bool, patience: float, busy: bool = False) -> Run:
    world, places = world_of(channels)
    async with await LocalDiscord.start(world=world, limits=limits) as local, _wires() as address:
        plan = Plan(kind, local.api_url, local.token, places, limits, address if busy else None)
        async with _subject(plan) as subject:
            await subject.told("queue")
            acks: list[float] = []
            people = asyncio.create_task(_use_commands(local, acks)) if busy else None
            since = time.perf_counter()
            first = early = await subject.told("go")
            end = since + patience
            last = since
            while len(local.stored) < channels and time.perf_counter() < end:
                await asyncio.sleep(0.01)
                if early is first and len(local.stored) >= channels // 5:
                    early = await subject.told()
                if kind == "gather" and time.perf_counter() - last > 0.5:
                    last = time.perf_counter()
                    if not (await subject.told()).left:
                        break
            seconds = time.perf_counter() - since
            after = await subject.told()
            await tasks.end(people)
            await asyncio.sleep(0.5)  # a copy would come now
        stored = local.stored
        return Run(
            messages=len(stored),
            channels=len({one.channel_id for one in stored}),
            seconds=seconds,
            cpu=after.cpu - first.cpu,
            refused=sum(one.status == 429 for one in local.requests),
            acks=acks,
            megabytes=(early.megabytes, after.megabytes),
        )


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
