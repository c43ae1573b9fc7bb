"""Kill the bot at random moments while headlines arrive and Discord misbehaves; then count what was posted.

Used by the short test and by the long run (`make soak`). Everything is decided by the seed but the operating system.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from bot.preview import LocalDiscord, RandomFaults, World
from tests.feedserver import FeedServer
from tests.house import Wire, eventually, said

if TYPE_CHECKING:
    from pathlib import Path

WORDS = [
    "Barrick",
    "Newmont",
    "Codelco",
    "Glencore",
    "Vale",
    "Rio",
    "Anglo",
    "Teck",
    "Freeport",
    "Antofagasta",
    "Lundin",
    "Boliden",
]
PLACES = [
    "Chile",
    "Peru",
    "Ontario",
    "Quebec",
    "Nevada",
    "Ghana",
    "Mali",
    "Zambia",
    "Serbia",
    "Finland",
    "Sonora",
    "Yukon",
]
DEEDS = ("opens", "closes", "sells", "expands", "drills", "permits", "audits", "floods", "restarts", "mothballs")


@dataclass
class Outcome:
    expected: dict[str, list[str]] = field(default_factory=dict)  # channel → headlines in order
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    disorder: list[str] = field(default_factory=list)
    kills: int = 0


async def ordeal(tmp_path: Path, *, kills: int, seed: int, faults: bool = True) -> Outcome:
    """Run, kill, run again; `kills` times. Headlines keep arriving throughout."""
    dice = random.Random(seed)
    outcome = Outcome()
    rates = {
        "429": 0.05,
        "500": 0.04,
        "502-after": 0.03,
        "503": 0.03,
        "cut": 0.03,
        "cut-after": 0.05,
        "429-shared": 0.02,
    }
    unruly = RandomFaults(seed, rates) if faults else None
    async with await LocalDiscord.start(world=World.demo(), limits=False) as local, FeedServer() as server:
        wire = Wire(server, "/wire.xml", [])
        wire.publish("Quiet beginning of the wire")
        env = environment(local, tmp_path)
        process = await launch(env)
        await until_ready(local)
        guild = local.world.guild()
        for where, command, options in (
            ("lounge", "feed add", {"url": wire.url}),
            ("gold-silver", "channel follow", {"query": "gold"}),
            ("headlines", "channel follow", {"query": "mine"}),
        ):
            await (await local.invoke("moderator", guild, where, command, **options)).message(within=20)
        local.faults = unruly
        number = 0
        for _ in range(kills):
            for _more in range(dice.randint(1, 4)):
                number += 1
                wire.publish(headline(number, dice))
            await asyncio.sleep(dice.uniform(0.05, 2.5))
            process.send_signal(signal.SIGKILL)
            await process.wait()
            outcome.kills += 1
            process = await launch(env)
            if dice.random() < 0.7:
                await until_ready(local)
        local.faults = None
        titles = [f"{number:04d}" for number in range(1, number + 1)]

        def numbers(channel: str) -> list[str]:
            text = "\n".join(said(message) for message in local.channel_messages(channel))
            return [word for word in text.replace("#", " ").split() if len(word) == 4 and word.isdigit()]

        with suppress(AssertionError):
            await eventually(
                lambda: all(set(titles) <= set(numbers(channel)) for channel in ("gold-silver", "headlines")), 60.0
            )
        for channel in ("gold-silver", "headlines"):
            seen = numbers(channel)
            outcome.expected[channel] = titles
            outcome.lost += [f"{channel} {title}" for title in titles if title not in seen]
            outcome.twice += [f"{channel} {title}" for title, count in Counter(seen).items() if count > 1]
            outcome.disorder += [f"{channel} {a}>{b}" for a, b in pairwise(seen) if a > b]
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0, "SIGTERM ends it cleanly"
    return outcome


def headline(number: int, dice: random.Random) -> str:
    """A headline no other resembles: its number is the item's own."""
    return f"{dice.choice(WORDS)} {dice.choice(DEEDS)} gold mine no {number:04d} in {dice.choice(PLACES)}"


def environment(local: LocalDiscord, tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "DISCORD_TOKEN": local.token,
        "DISCORD_API_URL": local.api_url,
        "DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'killed.db'}",
        "HEADFRAME_ALLOW_PRIVATE": "127.0.0.0/8",
        "HEADFRAME_MIN_POLL_SECONDS": "1",
        "HEADFRAME_MAX_POLL_SECONDS": "1",
        "HEADFRAME_DEFAULT_FEEDS": "off",
    }


async def launch(env: dict[str, str], *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *(arguments or ("run",)),
        env=env,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=None if os.environ.get("KILL_LOG") else asyncio.subprocess.DEVNULL,
    )


async def until_ready(local: LocalDiscord) -> None:
    """Until the bot has uploaded its commands and stands in the gateway."""
    await eventually(lambda: local.gateway.connected and local.world.global_commands, 30.0)
