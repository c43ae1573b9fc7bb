"""A poller among others claims what it can store soon: the rest is for them, and does not wait if it dies."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest  # noqa: TC002

from bot.feeds.model import Fetched
from bot.reading import Reading
from tests.house import eventually, rss
from tests.newsroom import newsroom

if TYPE_CHECKING:
    from pathlib import Path

    from storage.records import Feed
    from tests.newsroom import Newsroom


async def shared(room: Newsroom, feeds: int) -> None:
    """From now on this is process number 7, and so many feeds are due."""
    room.pipeline._owner = 7
    for number in range(feeds):
        room.server.script[f"/{number}.xml"] = rss([])
        await room.add(f"/{number}.xml")


async def test_a_process_that_is_still_loading_claims_nothing(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        await shared(room, 1)
        loaded = False
        room.pipeline.ready = lambda: loaded
        assert await room.pipeline.tick() == 0
        loaded = True
        assert await room.pipeline.tick() == 1
        await eventually(lambda: not room.pipeline.busy)


async def test_the_only_process_reads_while_it_loads(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        await shared(room, 1)
        room.pipeline._owner = 0
        room.pipeline.ready = lambda: False
        assert await room.pipeline.tick() == 1
        await eventually(lambda: not room.pipeline.busy)


async def test_while_a_batch_waits_to_be_stored_no_more_is_claimed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.pipeline._BATCH", 3)
    async with newsroom(tmp_path) as room:
        await shared(room, 1)
        feed = await room.feed(1)
        writer: Any = room.pipeline._writer
        writer.cancel()
        waiting = [asyncio.create_task(room.pipeline.store(_unchanged(room, feed))) for _ in range(3)]
        await eventually(lambda: len(room.pipeline._arrived) == 3)
        assert await room.pipeline.tick() == 0
        room.pipeline.start()
        await asyncio.gather(*waiting)
        room.later(hours=2)
        assert await room.pipeline.tick() == 1
        await eventually(lambda: not room.pipeline.busy)


async def test_of_very_many_that_are_due_others_get_their_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.pipeline._BATCH", 2)
    async with newsroom(tmp_path) as room:
        await shared(room, 5)
        assert await room.pipeline.tick() == 4


def _unchanged(room: Newsroom, feed: Feed) -> Reading:
    return Reading(feed, Fetched(feed.url, status=304), room.now)
