"""Several processes on one PostgreSQL, with the Discord and the publishers they work with.

Servers, feeds and subscriptions are made by number, so that for every headline it is known which channels should show
it, once. What is done with all this is in `tests.several`.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import random
import signal
import socket
import sys
import time
from collections import Counter
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from bot.preview import LocalDiscord, World
from bot.preview.demo import BOT_PERMISSIONS
from storage import feeds, subscriptions
from storage.database import Database
from tests import deaths
from tests.deaths import Death
from tests.feedserver import FeedServer, Reply
from tests.house import eventually, item, rss
from tests.killing import DEEDS, PLACES, WORDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.feedserver import Recorded

_CHANNELS = 10  # of each server
_TOPICS = 20  # words that headlines carry and subscriptions ask for
_POLLED_BY = 2  # servers that read each feed


@dataclass(frozen=True)
class Size:
    feeds: int
    servers: int
    follows: int  # subscriptions in all
    interval: int  # seconds between two polls of a feed
    pollers: int = 3
    deliverers: int = 2
    gateways: int = 2
    seconds: float = 600.0
    deaths: int = 0  # at least, however long they take on a machine that has other things to do
    kill_every: tuple[float, float] = (6.0, 14.0)
    dead_for: tuple[float, float] = (25.0, 45.0)  # of every other of the killed; the rest is started again at once
    headlines_every: float = 2.0


class Fleet:
    """The processes, the Discord and the publishers they work with, and what should have been posted."""

    def __init__(self, size: Size, url: str, local: LocalDiscord, server: FeedServer, seed: int) -> None:
        self.size = size
        self.url = url
        self.local = local
        self.server = server
        self.dice = random.Random(seed)
        self.processes: dict[str, asyncio.subprocess.Process] = {}
        self.headlines = 0
        self.kills: Counter[str] = Counter()
        self.deaths: list[Death] = []
        self.ports: dict[str, int] = {}  # of metrics and health, by name
        self.absent: dict[str, float] = {}  # names of the dead → when they are started again
        self.database: Database
        self.items: dict[int, list[str]] = {}
        self.due: dict[tuple[int, int], float] = {}  # (headline, channel) → when it was published
        self.channels: dict[int, list[Any]] = {}  # server → its channels
        self.guilds: list[Any] = []
        self.started = datetime.now(UTC)
        self.begun = time.monotonic()
        self.log = Path(os.environ["FLEET_LOG"]) if os.environ.get("FLEET_LOG") else None
        self.wires: dict[int, list[tuple[str, float]]] = {}  # headline → the feeds that carry it, and since when

    # -- the world ---------------------------------------------------------------------------------------------

    def build(self) -> None:
        world = self.local.world
        owner = world.add_person("moderator", "rosa.q", "Rosa", "Moderator", "owns all servers")
        for number in range(self.size.servers):
            guild = world.add_guild(
                f"Server {number}", owner, bot_permissions=BOT_PERMISSIONS, guild_id=(1_000_000 + number) << 22
            )
            self.guilds.append(guild)
            self.channels[number] = [world.add_channel(guild, f"news-{n}") for n in range(_CHANNELS)]
        for number in range(self.size.feeds):
            self.items[number] = [item("Quiet beginning of the wire", guid=f"{number}-0")]
            self.server.script[f"/{number}.xml"] = self._answer(number)

    def _answer(self, number: int) -> Any:
        def answer(request: Recorded) -> Reply:
            items = self.items[number]
            etag = f'"{len(items)}"'
            headers = {"Content-Type": "application/rss+xml", "ETag": etag}
            if request.header("If-None-Match") == etag:
                return Reply(304, headers)
            return Reply(200, headers, rss(reversed(items[-20:]), f"Wire {number}"))

        return answer

    def readers(self, feed: int) -> list[int]:
        """The servers that read a feed."""
        return sorted({(feed + step * 7) % self.size.servers for step in range(_POLLED_BY)})

    def topics(self, place: int) -> list[int]:
        """What is followed in the channel of that number within its server: shares of all topics, in turn."""
        each = max(1, self.size.follows // (self.size.servers * _CHANNELS))
        return [(place * each + step) % _TOPICS for step in range(each)]

    async def fill(self) -> None:
        """Feeds and subscriptions into the database, as if followed long ago; feeds are due over one interval."""
        self.database = database = await Database.open(self.url)
        now = self.started
        async with database.write() as connection:
            await feeds.bulk_insert(
                connection,
                [
                    {
                        "id": number + 1,
                        "url": self.server.url(f"/{number}.xml"),
                        "next_poll_at": now + timedelta(seconds=number % self.size.interval),
                        "created_at": now,
                    }
                    for number in range(self.size.feeds)
                ],
            )
            await connection.execute(text("SELECT setval(pg_get_serial_sequence('feeds', 'id'), 1000000)"))
            for server, guild in enumerate(self.guilds):
                mine = [number + 1 for number in range(self.size.feeds) if server in self.readers(number)]
                await feeds.link_many(connection, guild.id, mine, added_by=None, now=now)
            await subscriptions.bulk_insert(
                connection,
                [
                    {
                        "scope_guild_id": guild.id,
                        "target_kind": "channel",
                        "target_id": channel.id,
                        "query": f"topic{topic}",
                        "canonical": f"topic{topic}",
                        "created_at": now,
                        "updated_at": now,
                    }
                    for server, guild in enumerate(self.guilds)
                    for place, channel in enumerate(self.channels[server])
                    for topic in self.topics(place)
                ],
            )
        await deaths.begin(database)

    # -- the processes -----------------------------------------------------------------------------------------

    def names(self) -> list[str]:
        size = self.size
        return [
            *(f"gateway {n}" for n in range(size.gateways)),
            *(f"deliver {n}" for n in range(size.deliverers)),
            *(f"poll {n}" for n in range(size.pollers)),
        ]

    async def launch(self, name: str) -> None:
        role, number = name.split()
        arguments = ["run", "--roles", role]
        if role == "gateway":
            arguments += ["--shards", f"{number}/{self.size.gateways}"]
        self.ports[name] = port = free_port()
        environment = {
            **os.environ,
            "DISCORD_TOKEN": self.local.token,
            "DISCORD_API_URL": self.local.api_url,
            "DATABASE_URL": self.url,
            "HEADFRAME_ALLOW_PRIVATE": "127.0.0.0/8",
            "HEADFRAME_MIN_POLL_SECONDS": str(self.size.interval),
            "HEADFRAME_MAX_POLL_SECONDS": str(self.size.interval),
            "HEADFRAME_DEFAULT_FEEDS": "off",
            "HEADFRAME_PRICE_SOURCES": os.environ.get("FLEET_PRICES", ""),
            "HEADFRAME_FOLD_SECONDS": "0",
            "HEADFRAME_METRICS_PORT": str(port),
        }
        # Closed by the process itself; every start of one name goes on in the same file.
        out = (self.log / f"{name.replace(' ', '-')}.log").open("ab") if self.log else None
        self.processes[name] = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", *arguments, env=environment,
            stdout=asyncio.subprocess.DEVNULL, stderr=out or asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        if out is not None:
            out.close()

    async def kill(self, name: str) -> None:
        """kill -9. Every other one stays dead for a while, so that others do its work; not the last of its role."""
        process = self.processes.pop(name)
        assert process.returncode is None, f"{name} ended by itself ({process.returncode})"
        number = await deaths.number_of(self.database, process.pid)
        # Most have nothing in hand at a random moment: every third dies at its worst one.
        if number is not None and len(self.deaths) % 3 == 0 and not name.startswith("gateway"):
            await deaths.in_hand(self.database, number)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        self.deaths.append(Death(name, number, time.time()))
        role = name.split()[0]
        self.kills[role] += 1
        alone = not any(other.startswith(role) for other in self.processes)
        rest = 0.0 if alone or len(self.deaths) % 2 else self.dice.uniform(*self.size.dead_for)
        self.absent[name] = time.monotonic() + rest
        self.note(killed=name, number=number, rest=round(rest))
        await self.raise_dead()

    async def raise_dead(self) -> None:
        """Start those again whose time has come."""
        for name, at in list(self.absent.items()):
            if time.monotonic() >= at:
                del self.absent[name]
                await self.launch(name)

    async def stop(self) -> dict[str, int | None]:
        """SIGTERM to all; how each ended."""
        for process in self.processes.values():
            with suppress(ProcessLookupError):
                process.terminate()
        ended = {}
        for name, process in self.processes.items():
            try:
                ended[name] = await asyncio.wait_for(process.wait(), 15)
            except TimeoutError:
                process.kill()
                ended[name] = None
        return ended

    # -- headlines ---------------------------------------------------------------------------------------------

    def publish(self) -> int:
        """One headline, on one feed or (a third of them) on two at once; its number."""
        self.headlines += 1
        number = self.headlines
        topic = self.dice.randrange(_TOPICS)
        names = f"{self.dice.choice(WORDS)} {self.dice.choice(DEEDS)}"
        title = f"{names} topic{topic} mine no {number:05d} in {self.dice.choice(PLACES)}"
        wires = self.dice.sample(range(self.size.feeds), 2 if number % 3 == 0 else 1)
        if len(wires) == 2:
            # Twins: read by the same servers, due at the same time, so polled by two processes at once.
            wires[1] = (wires[0] + math.lcm(self.size.servers, self.size.interval)) % self.size.feeds
        self.wires[number] = [(f"/{wire}.xml", time.monotonic()) for wire in wires]
        for wire in wires:
            self.items[wire].append(item(title, guid=f"{wire}-{len(self.items[wire])}"))
            for server in self.readers(wire):
                for place, channel in enumerate(self.channels[server]):
                    if topic in self.topics(place):
                        self.due.setdefault((number, channel.id), time.monotonic())
        return number

    def note(self, **what: object) -> None:
        """A line of the timeline, where logs are kept."""
        if self.log is not None:
            with (self.log / "timeline.jsonl").open("a") as file:
                file.write(json.dumps({"at": round(time.monotonic() - self.begun, 1), **what}) + "\n")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def fleet(size: Size, url: str, *, seed: int = 1) -> AsyncIterator[Fleet]:
    """All processes up: gateways connected, the rest started."""
    async with await LocalDiscord.start(world=World.empty()) as local, FeedServer() as server:
        made = Fleet(size, url, local, server, seed)
        made.build()
        await made.fill()
        try:
            for name in made.names():
                await made.launch(name)
            await eventually(lambda: len([s for s in local.gateway.sessions.values() if s.link]) == size.gateways, 300)
            await eventually(lambda: local.world.global_commands, 120)
            yield made
        finally:
            await made.stop()
            await made.database.close()
