"""Ring 5: hours under fire. Memory stays flat; nothing is lost, nothing comes twice."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.house import Wire
from tests.newsroom import newsroom
from tests.soaking import FEEDS, add, soak

MINUTES = float(os.environ.get("SOAK_MINUTES", "120"))


async def test_each_headline_of_a_soak_is_an_item_and_a_story_of_its_own(tmp_path: Path) -> None:
    """Whatever a soak finds lost was lost on the way, not by feeds that no reader could tell apart."""
    dice = random.Random(9)
    published = 280  # the lists of all feeds turn over more than once
    async with newsroom(tmp_path) as room:
        wires = [Wire(room.server, f"/wire-{number}.xml", []) for number in range(FEEDS)]
        feeds = {}
        for wire in wires:
            wire.publish("Quiet beginning of the wire")
            feeds[wire.path] = (await room.add(wire.path)).id
            await room.poll(feeds[wire.path])
        await room.follow("gold mine")
        for number in range(1, published + 1):
            wire = dice.choice(wires)
            add(wire, number, dice)
            if dice.random() < 0.2 or number > published - FEEDS:
                await room.poll(feeds[wire.path])
        for wire in wires:
            await room.poll(feeds[wire.path])
        queued = await room.queued()
        assert len(queued) == published
        assert len({row.story_id for row in queued}) == published
        assert await room.queued("edit") == []


@pytest.mark.long
@pytest.mark.timeout(240)
async def test_some_seconds_under_fire_lose_and_repeat_nothing(tmp_path: Path) -> None:
    outcome = await soak(tmp_path, seconds=20, seed=3)
    assert sum(outcome.troubles.values()) >= 3
    assert outcome.samples
    assert (outcome.lost, outcome.twice) == ([], [])


@pytest.mark.soak
@pytest.mark.timeout(MINUTES * 60 + 900)
async def test_hours_under_fire_keep_memory_flat(tmp_path: Path) -> None:
    """`make soak`; SOAK_MINUTES makes it shorter. The samples are kept as artefacts/soak.csv."""
    outcome = await soak(tmp_path, seconds=MINUTES * 60, seed=9)
    folder = Path(os.environ.get("HEADFRAME_ARTEFACTS") or Path(__file__).parents[2] / "artefacts")
    folder.mkdir(parents=True, exist_ok=True)
    outcome.write(folder / "soak.csv")
    warm, end = outcome.memory()
    most = max(one.files for one in outcome.samples)
    print(
        f"{outcome.published} headlines, {outcome.posts} posts, {outcome.kills} kills, {dict(outcome.troubles)}; "
        f"out of order {len(outcome.disorder)}; memory {warm:.1f} MiB when warm, {end:.1f} MiB at the end; "
        f"at most {most} open files"
    )
    assert (outcome.lost, outcome.twice) == ([], [])
    assert end < 1.08 * warm, "memory grows"
    assert most < 200
