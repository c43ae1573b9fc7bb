"""The ordeal of several processes: killed at random while headlines arrive; then everything is counted.

Used by the short test and by the long run (`make soak`).
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import resource
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from sqlalchemy import text

from bot import tasks
from bot.roles import ROLES
from storage.locks import Lock
from storage.member import Member
from tests.deaths import Ready, Reckoning, Shards, Spread, reckon
from tests.fleet import fleet
from tests.house import said

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fleet import Fleet, Size


@dataclass
class Outcome:
    headlines: int = 0
    expected: int = 0  # posts
    kills: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    early: list[str] = field(default_factory=list)  # feeds asked twice within their interval
    polls: int = 0
    shards_taken: Spread = field(default_factory=Spread)  # seconds a shard was in nobody's hands
    reckoning: Reckoning | None = None  # what the dead held, and how long anything due waited
    median_delay: float = 0.0  # seconds from the first poll that could see a headline to its post
    worst_delay: float = 0.0
    refusals: int = 0  # 429 answers
    memory_mib: dict[str, int] = field(default_factory=dict)
    busy: float = 0.0  # share of the machine's processors in use, by whomever

    def __str__(self) -> str:
        told = vars(self) | {name: len(getattr(self, name)) for name in ("lost", "twice", "early")}
        told |= vars(told.pop("reckoning") or Reckoning())
        return "\n".join(f"{name}: {value}" for name, value in told.items())


async def watch(made: Fleet) -> None:
    """Once a second a line of the timeline: how long what is due has waited. Cancelled at the end."""
    while True:
        async with made.database.read() as connection:
            now = time.time()
            late = await connection.execute(
                text(
                    "SELECT (SELECT min(next_poll_at) FROM feeds WHERE lease_until IS NULL), "
                    "(SELECT min(lease_until) - 120 FROM feeds), "
                    "(SELECT min(due_at) FROM deliveries WHERE state = 'pending' AND kind <> 'edit'), "
                    "(SELECT min(lease_until) - 300 FROM deliveries WHERE state = 'sending')"
                )
            )
            waiting, held, due, sending = (round(now - float(at)) if at else 0 for at in late.one())
        made.note(waiting=waiting, held=held, due=due, sending=sending, load=os.getloadavg()[0])
        await asyncio.sleep(1.0)


def weigh(made: Fleet, outcome: Outcome) -> None:
    """Resident memory of each process now, in MiB."""
    page = resource.getpagesize()
    for name, process in made.processes.items():
        with suppress(OSError):
            pages = Path(f"/proc/{process.pid}/statm").read_text().split()[1]
            outcome.memory_mib[name] = int(pages) * page // 2**20


def shown(made: Fleet) -> Counter[tuple[int, int]]:
    """(headline, channel) → how often it stands there."""
    found: Counter[tuple[int, int]] = Counter()
    for channels in made.channels.values():
        for channel in channels:
            for message in made.local.channel_messages(channel):
                for number in re.findall(r"mine no (\d{5})", said(message)):
                    found[(int(number), channel.id)] += 1
    return found


def missing(made: Fleet) -> set[tuple[int, int]]:
    return made.due.keys() - shown(made).keys()


def count(made: Fleet, done: Outcome) -> None:
    """What came of it all."""
    there = shown(made)
    done.headlines, done.kills = made.headlines, made.kills
    done.expected = len(made.due)
    done.lost = [f"no {number} in {channel}" for number, channel in made.due if (number, channel) not in there]
    done.twice = [f"no {number} in {channel}: {n}" for (number, channel), n in there.items() if n > 1]
    polls = asked(made)
    done.polls = len(made.server.requests)
    done.early = [
        f"{path} after {after - before:.1f} s"
        for path, times in polls.items()
        for before, after in pairwise(times)
        if after - before < made.size.interval - 0.5
    ]
    done.refusals = made.local.limits.refused
    took = sorted(delays(made, polls))
    if took:
        done.median_delay, done.worst_delay = round(took[len(took) // 2], 2), round(took[-1], 2)


def asked(made: Fleet) -> dict[str, list[float]]:
    """feed → when it was asked for."""
    found: dict[str, list[float]] = {}
    for request in made.server.requests:
        found.setdefault(request.path, []).append(request.at)
    return found


def delays(made: Fleet, polls: dict[str, list[float]]) -> list[float]:
    """For every post, the seconds since the first poll after its headline was published."""
    ahead = time.time() - time.monotonic()
    found = []
    for stored in made.local.stored:
        for number in re.findall(r"mine no (\d{5})", json.dumps(stored.data)):
            seen = [at for path, since in made.wires.get(int(number), ()) for at in polls[path] if at >= since]
            if seen:
                found.append(stored.at - ahead - min(seen))
    return found


async def ordeal(size: Size, url: str, *, seed: int = 1) -> Outcome:
    """Headlines and kills for `size.seconds`, then time to finish, then the count."""
    async with fleet(size, url, seed=seed) as made:
        assert await within(3 * size.interval + 60, lambda: len(asked(made)) == size.feeds), "each feed is polled"
        outcome = Outcome()
        ready = Ready(made)
        shards = Shards(made.local.gateway, size.gateways, ready)
        watches = [ready.watch(), shards.watch(), *([watch(made)] if made.log else [])]
        watching = [asyncio.create_task(one) for one in watches]
        begun = time.time()
        try:
            assert await within(300, lambda: len(ready.roles) == len(ROLES)), "each role has a process that is ready"
            processor = psutil.cpu_times()
            end = time.monotonic() + size.seconds
            next_kill = time.monotonic() + made.dice.uniform(*size.kill_every)
            while time.monotonic() < end or len(made.deaths) < size.deaths:
                made.publish()
                await asyncio.sleep(size.headlines_every)
                await made.raise_dead()
                # Where starts take long since the machine is busy, deaths wait: else soon nobody is left to take over.
                if time.monotonic() >= next_kill and len(ready.roles) == len(ROLES):
                    await made.kill(made.dice.choice(sorted(made.processes)))
                    next_kill = time.monotonic() + made.dice.uniform(*size.kill_every)
            outcome.busy = busy_since(processor)
            await within(2 * size.interval + 60, lambda: not missing(made))
            weigh(made, outcome)
            assert await within(120, lambda: not shards.down), "each shard is in the gateway again"
        finally:
            await tasks.end(*watching)
        count(made, outcome)
        outcome.shards_taken = Spread.of(shards.gaps)
        assert await joined(made), "each process started again is among the others"
        outcome.reckoning = await settled(made, ready, begun)
        ended = await made.stop()
        assert set(ended.values()) == {0}, f"SIGTERM ends them cleanly: {ended}"
    return outcome


async def settled(made: Fleet, ready: Ready, begun: float) -> Reckoning:
    """What came of what the dead held; the last may have died a moment ago."""
    end = time.monotonic() + 60.0
    while True:
        found = await reckon(made.database, made.deaths, ready, since=begun)
        if not found.never or time.monotonic() > end:
            return found
        await asyncio.sleep(0.5)


def busy_since(before: Any) -> float:
    """The share of the machine's processors that was in use since then, by whomever."""
    after = psutil.cpu_times()
    idle = after.idle - before.idle
    return round(1 - idle / (sum(after) - sum(before)), 2)


async def joined(made: Fleet) -> bool:
    """Whether all that should run have taken their numbers; one killed a moment ago is still starting."""
    member = Member(made.database)
    await member.join()
    try:
        end = time.monotonic() + 120.0
        while len(await member.holders(Lock.MEMBER)) != len(made.processes) + 1:
            if time.monotonic() > end:
                return False
            await asyncio.sleep(0.1)
        return True
    finally:
        await member.leave()


async def within(seconds: float, what: Callable[[], bool]) -> bool:
    """Look twice a second only: counting is work for the loop that also is Discord and all publishers."""
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.5)
    return True
