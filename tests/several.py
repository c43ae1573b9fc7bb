"""The ordeal of several processes: killed at random while headlines arrive; then everything is counted.

Used by the short test and by the long run (`make soak`).
"""

from __future__ import annotations

import asyncio
import json
import re
import resource
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from storage.database import Database
from storage.member import Lock, Member
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
    worst_poll_lag: float = 0.0  # seconds a due feed waited, or was held by a dead process
    worst_post_lag: float = 0.0  # seconds a due headline waited (edits wait for all headlines)
    median_delay: float = 0.0  # seconds from the first poll that could see a headline to its post
    worst_delay: float = 0.0
    refusals: int = 0  # 429 answers
    memory_mib: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        told = vars(self) | {name: len(getattr(self, name)) for name in ("lost", "twice", "early")}
        return json.dumps(told)


async def watch(made: Fleet, outcome: Outcome) -> None:
    """Once a second: how long what is due has waited. Cancelled at the end."""
    database = await Database.open(made.url)
    try:
        while True:
            async with database.read() as connection:
                now = time.time()
                late = await connection.execute(
                    text(
                        "SELECT (SELECT min(next_poll_at) FROM feeds WHERE lease_until IS NULL), "
                        "(SELECT min(lease_until) - 120 FROM feeds), "
                        "(SELECT min(due_at) FROM deliveries WHERE state = 'pending' AND kind <> 'edit'), "
                        "(SELECT min(lease_until) - 300 FROM deliveries WHERE state = 'sending')"
                    )
                )
                waiting, held, due, sending = (now - float(at) if at else 0.0 for at in late.one())
            outcome.worst_poll_lag = max(outcome.worst_poll_lag, waiting, held)
            outcome.worst_post_lag = max(outcome.worst_post_lag, due, sending)
            made.note(waiting=round(waiting), held=round(held), due=round(due), sending=round(sending))
            await asyncio.sleep(1.0)
    finally:
        await database.close()


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
        watching = asyncio.create_task(watch(made, outcome))
        end = time.monotonic() + size.seconds
        next_kill = time.monotonic() + made.dice.uniform(*size.kill_every)
        try:
            while time.monotonic() < end:
                made.publish()
                await asyncio.sleep(size.headlines_every)
                if time.monotonic() >= next_kill:
                    name = made.dice.choice(made.names())
                    await made.kill(name)
                    await made.launch(name)
                    next_kill = time.monotonic() + made.dice.uniform(*size.kill_every)
            await within(2 * size.interval + 60, lambda: not missing(made))
            weigh(made, outcome)
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
        count(made, outcome)
        assert await joined(made), "each process started again is among the others"
        ended = await made.stop()
        assert set(ended.values()) == {0}, f"SIGTERM ends them cleanly: {ended}"
    return outcome


async def joined(made: Fleet) -> bool:
    """Whether all that should run have taken their numbers; one killed a moment ago is still starting."""
    database = await Database.open(made.url)
    member = Member(database)
    await member.join()
    try:
        end = time.monotonic() + 60.0
        while len(await member.holders(Lock.MEMBER)) != len(made.processes) + 1:
            if time.monotonic() > end:
                return False
            await asyncio.sleep(0.1)
        return True
    finally:
        await member.leave()
        await database.close()


async def within(seconds: float, what: Callable[[], bool]) -> bool:
    """Look once a second only: counting is work for the loop that also is Discord and all publishers."""
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(1.0)
    return True
