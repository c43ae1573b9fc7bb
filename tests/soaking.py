"""One process for hours on bad days: Discord and feeds fail in every way, the disk fills, permissions go, kill -9.

Used by the short test and by the long run (`make soak`). `soak` watches memory from outside and counts what was posted;
tests judge. What the seed decides is the same each time.
"""

from __future__ import annotations

import asyncio
import csv
import random
import resource
import signal
import socket
import time
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

import aiohttp
import psutil

from bot.preview import LocalDiscord, P, RandomFaults, World
from tests.feedserver import FeedServer, Reply
from tests.house import Wire, eventually, said
from tests.killing import environment, headline, launch, until_ready

if TYPE_CHECKING:
    from pathlib import Path

RATES = {
    "429": 0.03, "429-shared": 0.01, "500": 0.03, "502-after": 0.02, "503": 0.02, "cut": 0.02, "cut-after": 0.03,
}  # fmt: skip
KEPT = 30  # items a feed lists
FEEDS = 4
FOLLOWS = {"gold-silver": "gold", "headlines": "mine", "policy": "gold mine", "lounge": "gold OR silver"}
KILLS_UNTIL = 0.15  # share of the time in which the process is killed; after that one process lives to the end
WARM = 0.35  # share after which memory counts: libraries are in, caches have been filled


@dataclass(frozen=True)
class Sample:
    """seconds since the start; MiB resident of the process and of its parser; figures it tells of itself."""

    at: float
    process: float
    parser: float
    files: int
    waiting: float
    lag: float


@dataclass
class Outcome:
    published: int = 0
    posts: int = 0
    kills: int = 0
    troubles: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    disorder: list[str] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)

    def memory(self) -> tuple[float, float]:
        """MiB of process and parser once warm, and at the end: medians of a fifth of what was seen each."""
        length = self.samples[-1].at
        warm = [one.process + one.parser for one in self.samples if one.at >= WARM * length]
        part = max(1, len(warm) // 5)
        return median(warm[:part]), median(warm[-part:])

    def write(self, path: Path) -> None:
        """The samples as a table that any program draws."""
        with path.open("w", newline="") as file:
            table = csv.DictWriter(file, list(asdict(self.samples[0])))
            table.writeheader()
            table.writerows(asdict(one) for one in self.samples)


def add(wire: Wire, number: int, dice: random.Random) -> None:
    """The headline of that number onto a feed, which lists its newest only.

    Its name is its own for good: an id that is given to another item once the old one is gone from the list means, to
    any reader of feeds, that the old headline was corrected.
    """
    name = f"{wire.path}-{number}"
    wire.publish(headline(number, dice), guid=name, link=f"http://wire.example{name}")
    del wire.items[:-KEPT]


class Soak:
    def __init__(self, local: LocalDiscord, server: FeedServer, tmp_path: Path, seconds: float, seed: int) -> None:
        self.local = local
        self.seconds = seconds
        self.dice = random.Random(seed)
        self.outcome = Outcome()
        self.wires = [Wire(server, f"/wire-{number}.xml", []) for number in range(FEEDS)]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.env = environment(local, tmp_path) | {"HEADFRAME_METRICS_PORT": str(self.port)}
        self.process: asyncio.subprocess.Process
        self.began = 0.0

    @property
    def passed(self) -> float:
        return time.monotonic() - self.began

    async def furnish(self) -> None:
        self.process = await launch(self.env)
        await until_ready(self.local)
        guild = self.local.world.guild()
        for wire in self.wires:
            wire.publish("Quiet beginning of the wire")
            used = await self.local.invoke("moderator", guild, "lounge", "feed add", url=wire.url)
            await used.message(within=30)
        for place, query in FOLLOWS.items():
            used = await self.local.invoke("moderator", guild, place, "channel follow", query=query)
            await used.message(within=30)

    async def run(self) -> None:
        self.local.faults = RandomFaults(self.dice.randrange(2**32), RATES)
        self.began = time.monotonic()
        parts = [asyncio.create_task(part) for part in (self.publish(), self.trouble(), self.watch())]
        try:
            await asyncio.gather(*parts)
        finally:
            for part in parts:
                part.cancel()
        self.local.faults = None

    async def publish(self) -> None:
        # Stories of two days are kept in memory, about 8 KiB each: a long run publishes more slowly, so that what
        # would grow is something else.
        slower = max(1.0, self.seconds / 1200)
        while self.passed < self.seconds:
            self.outcome.published += 1
            add(self.dice.choice(self.wires), self.outcome.published, self.dice)
            await asyncio.sleep(self.dice.uniform(0.2, 3.0) * slower)

    async def trouble(self) -> None:
        """Something happens, over and over; it is mended before the next."""
        pause = max(2.0, min(20.0, self.seconds / 40))
        while self.passed < self.seconds - 2 * pause:
            await asyncio.sleep(self.dice.uniform(0.5, 1.5) * pause)
            ways = [self.discord_is_down, self.a_feed_fails, self.the_disk_is_full, self.a_permission_goes]
            if self.passed < KILLS_UNTIL * self.seconds:
                ways.append(self.it_is_killed)
            way = self.dice.choice(ways)
            self.outcome.troubles[way.__name__] += 1
            assert self.process.returncode is None, f"it ended by itself with {self.process.returncode}"
            await way(self.dice.uniform(0.3, 1.0) * pause)

    async def discord_is_down(self, seconds: float) -> None:
        await self.local.go_down()
        await asyncio.sleep(seconds)
        await self.local.come_up()

    async def a_feed_fails(self, seconds: float) -> None:
        wire = self.dice.choice(self.wires)
        bad = (Reply(500), Reply(200, body=b"<html>no feed</html>"), Reply(200, raw=b""), Reply(200, coding="gzip"))
        serve, wire.serve = wire.serve, lambda: None  # type: ignore[method-assign]
        wire.server.script[wire.path] = self.dice.choice(bad)
        await asyncio.sleep(seconds)
        wire.serve = serve  # type: ignore[method-assign]
        wire.serve()

    async def the_disk_is_full(self, seconds: float) -> None:
        """No file of the process can grow by a byte, nor be written past its first kilobyte."""
        _soft, hard = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (1024, hard))
        await asyncio.sleep(seconds)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (hard, hard))

    async def a_permission_goes(self, seconds: float) -> None:
        world = self.local.world
        place = self.local.channel(self.dice.choice(list(FOLLOWS)))
        world.set_overwrite(place, world.bot, deny=int(P.SEND_MESSAGES))
        await asyncio.sleep(seconds)
        world.set_overwrite(place, world.bot, allow=int(P.SEND_MESSAGES), deny=0)

    async def it_is_killed(self, _seconds: float) -> None:
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()
        self.outcome.kills += 1
        self.process = await launch(self.env)
        # The next trouble finds it at work: one that cannot open its database on a full disk says so and ends.
        await eventually(self.serves, 120.0)

    async def serves(self) -> bool:
        assert self.process.returncode is None, f"it ended by itself with {self.process.returncode}"
        with suppress(aiohttp.ClientError, TimeoutError):
            ready = f"http://127.0.0.1:{self.port}/readyz"
            async with aiohttp.request("GET", ready, timeout=aiohttp.ClientTimeout(total=5)) as answer:
                return answer.status == 200
        return False

    async def watch(self) -> None:
        every = max(0.5, self.seconds / 1000)
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            while self.passed < self.seconds:
                with suppress(psutil.Error, aiohttp.ClientError, TimeoutError):
                    told = await self.figures(session)
                    one = psutil.Process(self.process.pid)
                    parser = sum(child.memory_info().rss for child in one.children(recursive=True))
                    self.outcome.samples.append(
                        Sample(
                            round(self.passed, 1),
                            one.memory_info().rss / 2**20,
                            parser / 2**20,
                            one.num_fds(),
                            told.get("headframe_outbox_waiting", -1.0),
                            told.get("headframe_loop_lag_seconds", -1.0),
                        )
                    )
                await asyncio.sleep(every)

    async def figures(self, session: aiohttp.ClientSession) -> dict[str, float]:
        async with session.get(f"http://127.0.0.1:{self.port}/metrics") as answer:
            lines = (line.rpartition(" ") for line in (await answer.text()).splitlines() if line[:1] != "#")
            return {name: float(value) for name, _, value in lines}

    async def settle(self, patience: float) -> None:
        """Wait for the last headline, then count."""
        wanted = [f"{number:04d}" for number in range(1, self.outcome.published + 1)]
        with suppress(AssertionError):
            await eventually(lambda: all(set(wanted) <= set(self.numbers(place)) for place in FOLLOWS), patience)
        for place in FOLLOWS:
            seen = self.numbers(place)
            self.outcome.posts += len(seen)
            self.outcome.lost += [f"{place} {number}" for number in wanted if number not in set(seen)]
            self.outcome.twice += [f"{place} {number}" for number, count in Counter(seen).items() if count > 1]
            self.outcome.disorder += [f"{place} {a}>{b}" for a, b in pairwise(seen) if int(a) > int(b)]
        self.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(self.process.wait(), 10) == 0, "SIGTERM ends it cleanly"

    def numbers(self, place: str) -> list[str]:
        text = "\n".join(said(message) for message in self.local.channel_messages(place))
        return [word for word in text.replace("#", " ").split() if len(word) == 4 and word.isdigit()]


async def soak(tmp_path: Path, *, seconds: float, seed: int, **world: Any) -> Outcome:
    """So long under fire; then what was lost, repeated, out of order, and how memory went."""
    async with await LocalDiscord.start(world=World.demo(), limits=False, **world) as local, FeedServer() as server:
        run = Soak(local, server, tmp_path, seconds, seed)
        await run.furnish()
        try:
            await run.run()
            await run.settle(patience=60 + seconds / 20)
        finally:
            with suppress(ProcessLookupError):
                run.process.kill()
        return run.outcome
