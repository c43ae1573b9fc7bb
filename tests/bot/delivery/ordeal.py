"""Two thousand deliveries on bad days: answers that lie, requests that hang, permissions that come and go, deaths.

What the seed decides is the same each time; only the machine's own timing is not. `ordeal` counts; tests judge.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from bot.delivery import pace
from bot.delivery import routes as routes_module
from bot.preview import Fault, P, RandomFaults, World, flip_send
from storage import deliveries, guilds
from storage.records import Target
from tests.bot.delivery.seed import now, seed
from tests.house import eventually, house, said

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from bot.preview import RequestInfo
    from tests.house import House

RATES = {
    "429": 0.03, "429-shared": 0.02, "429-global": 0.005, "429-no-retry-after": 0.01, "429-html": 0.01,
    "500": 0.02, "502": 0.02, "503": 0.02, "504": 0.01, "502-after": 0.03, "504-after": 0.02,
    "cut": 0.03, "cut-after": 0.04, "hang": 0.005, "hang-after": 0.01,
}  # fmt: skip


@dataclass
class Outcome:
    expected: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    disorder: list[str] = field(default_factory=list)
    faults: int = 0
    deaths: int = 0
    messages: int = 0
    states: dict[str, int] = field(default_factory=dict)


def hurry(patch: pytest.MonkeyPatch) -> None:
    """The same steps with shorter waits."""
    usual = pace.backoff
    patch.setattr(pace, "backoff", lambda attempts, asked=None: usual(attempts, asked) / 10)
    patch.setattr(routes_module, "_PROBES", tuple(timedelta(seconds=s) for s in (0.3, 0.6, 1.0)))


async def ordeal(tmp_path: Path, *, number: int, channels: int, stories: int, deaths: int) -> Outcome:
    """`channels` × `stories` deliveries by the dice of seed `number`. Call `hurry` first."""
    dice = random.Random(number)
    outcome = Outcome()
    world = World.demo()
    guild = world.guild()
    places = [world.add_channel(guild, f"wire-{n}") for n in range(channels - 2)]
    places += [guild.channel("deep-dives"), guild.channel("announcements")]
    for hooked in places[:3]:
        world.set_overwrite(hooked, world.bot, allow=int(P.MANAGE_WEBHOOKS))
    async with house(tmp_path, world=world, headframe_fold_seconds=0) as h:
        h.app.gate.bucket.allow(400.0, 450)
        await furnish(h, places)
        unruly = RandomFaults(number, RATES, only=_posting)
        h.local.faults = _with_flips(unruly, world, places, random.Random(number + 1))
        jumps = [1, -1] * 3
        for story in range(stories):
            targets = [(Target("channel", place.id), guild.id) for place in places]
            await seed(h.app.services.db, [f"Gold mine no {story:04d} in the news"], targets)
            h.app.services.outbox.wake()
            await asyncio.sleep(dice.uniform(0, 0.1))
            if deaths and dice.random() < deaths / stories:
                outcome.deaths += 1
                await die(h)
            for place in dice.sample(places[6:12], 1):  # what was taken away by a request comes back by itself
                world.set_overwrite(place, world.bot, deny=0)
            if jumps and dice.random() < 0.05:
                await jump(h, jumps.pop() * 3600)
            if story == stories // 2:
                gone = places.pop(5)
                world.remove_channel(gone)
        h.local.faults = None
        # Cut short in the wrong moment, discord.py's own limiter stays shut for 30 s; the real time-out is longer.
        h.app.services.outbox._sender._request_seconds = 45.0  # type: ignore[union-attr]
        for place in places:
            world.set_overwrite(place, world.bot, allow=int(P.MANAGE_WEBHOOKS), deny=0)
        outcome.faults = unruly.dealt
        with suppress(AssertionError):
            await eventually(lambda: _done(h), 90.0)
        for place in places:
            seen = numbers(h, place)
            expected = list(range(stories))
            outcome.expected += stories
            outcome.lost += [f"{place.name} {n}" for n in expected if n not in seen]
            outcome.twice += [f"{place.name} {n}" for n, count in Counter(seen).items() if count > 1]
            outcome.disorder += [f"{place.name} {a}>{b}" for a, b in pairwise(seen) if a > b]
        async with h.app.services.db.read() as connection:
            outcome.states = await deliveries.states(connection)
        outcome.messages = len(h.local.stored)
    return outcome


def _posting(info: RequestInfo) -> bool:
    """Posts, forum posts and webhook executions; not the bot's answers to interactions."""
    return info.method in {"POST", "PATCH"} and (
        "/messages" in info.route or "/threads" in info.route or "/webhooks/" in info.route
    )


def _with_flips(unruly: RandomFaults, world: Any, places: list[Any], dice: random.Random) -> Any:
    flips = {place.id: flip_send(world, place) for place in places[6:12]}

    def deal(info: RequestInfo) -> Fault | None:
        if info.channel_id in flips and _posting(info) and dice.random() < 0.05:
            return flips[info.channel_id]
        return unruly(info)

    return deal


async def furnish(h: House, places: list[Any]) -> None:
    h.app.services.outbox._sender._request_seconds = 2.0  # type: ignore[union-attr]
    styles = ("embed", "line", "card")
    async with h.app.services.db.write() as connection:
        for number, place in enumerate(places):
            await guilds.set_channel(
                connection, place.id, h.guild.id, style=styles[number % 3], webhook=number < 3, publish=False
            )


async def die(h: House) -> None:
    """Every lane is cut off where it stands, and the outbox begins anew from what the database says."""
    sender = h.app.services.outbox._sender
    async with h.app.services.db.write():  # between two transactions: a dead process leaves no half one either
        await h.app.services.outbox.stop(grace=0)
    await h.app.services.outbox.start()
    h.app.services.outbox.connect(sender)


async def jump(h: House, seconds: int) -> None:
    """As if the wall clock had been set: what is stored is of the old time."""
    async with h.app.services.db.write() as connection:
        moved = ", ".join(f"{name} = {name} - {seconds}" for name in ("created_at", "claimed_at", "due_at"))
        await connection.exec_driver_sql(f"UPDATE deliveries SET {moved} WHERE state IN ('pending', 'sending', 'held')")
        h.app.services.outbox._watch._difference -= seconds
    h.app.services.outbox.wake()


async def _done(h: House) -> bool:
    async with h.app.services.db.read() as connection:
        found = await deliveries.states(connection)
        held = await connection.exec_driver_sql(
            "SELECT count(*) FROM deliveries JOIN channels ON channels.channel_id = deliveries.target_id "
            "WHERE state = 'held' AND lost_reason IS NOT 'unknown-channel'"
        )
        return not found.get("pending") and not found.get("sending") and not held.scalar()


def numbers(h: House, place: Any) -> list[int]:
    """The stories a channel shows, in order."""
    if place.type == 15:
        threads = sorted(
            (one for one in h.guild.channels.values() if one.parent_id == place.id), key=lambda one: one.id
        )
        messages = [message for thread in threads for message in h.local.channel_messages(thread)]
    else:
        messages = h.local.channel_messages(place)
    return [int(found) for message in messages for found in re.findall(r"mine no (\d{4})", said(message))]


__all__ = ["Outcome", "hurry", "now", "ordeal"]
