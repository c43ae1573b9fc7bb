"""Nothing is lost between reading and storing: what was not stored is news at the next poll, whatever went wrong."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from bot import ingest
from tests.feedserver import Reply
from tests.house import eventually, item, rss
from tests.newsroom import newsroom

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.records import NewEntry

XML = {"Content-Type": "application/rss+xml"}


async def test_what_a_full_disk_kept_out_is_stored_once_there_is_room_and_nobody_is_asked_again(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        await room.follow()
        room.server.script["/a"] = Reply(200, XML, rss([item("Gold old", guid="0")]))
        feed = await room.add("/a")
        await room.poll(feed.id)
        long = "word " * 8_000
        room.server.script["/a"] = Reply(200, XML, rss([item(f"Gold {n} {long}", guid=f"{n}") for n in range(1, 41)]))
        room.later(hours=2)
        asked = len(room.server.requests)

        async def limit(pages: str) -> None:
            async with room.database.write() as connection:
                await connection.execute(text(f"PRAGMA max_page_count = {pages}"))

        async with room.database.read() as connection:
            pages = (await connection.execute(text("PRAGMA page_count"))).scalar_one()
        await limit(f"{pages + 1}")  # room to claim the feed, none for what it brings
        assert await room.pipeline.tick() == 1
        await eventually(lambda: room.database.trouble is not None)
        assert room.pipeline.busy, "it is kept"
        await limit("1000000")
        await eventually(lambda: not room.pipeline.busy)
        assert len(await room.entries()) == 41
        assert len(room.server.requests) == asked + 1
        assert (await room.feed(feed.id)).lease_until is None


async def test_a_poll_that_could_not_be_stored_loses_nothing_and_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = [False]
    add = ingest.entries.add_entries

    async def sometimes(connection: AsyncConnection, new: Sequence[NewEntry]) -> list[int]:
        if broken[0] and any("poison" in one.title for one in new):
            raise ValueError("this one cannot be stored")
        return await add(connection, new)

    monkeypatch.setattr(ingest.entries, "add_entries", sometimes)
    async with newsroom(tmp_path) as room:
        await room.follow()
        room.server.script |= {path: Reply(200, XML, rss([item("Gold old", guid="0")])) for path in ("/a", "/b")}
        ids = [(await room.poll((await room.add(path)).id)).id for path in ("/a", "/b")]
        room.server.script |= {
            "/a": Reply(200, {**XML, "ETag": '"2"'}, rss([item("Gold poison", guid="1"), item("Gold old", guid="0")])),
            "/b": Reply(200, XML, rss([item("Gold fine", guid="1"), item("Gold old", guid="0")])),
        }
        broken[0] = True
        readings = [await room.pipeline.read(await room.feed(one)) for one in ids]
        # Both are in the queue before the writer runs, so they share a transaction, which fails as a whole at first.
        bad, good = await asyncio.gather(*map(room.pipeline.store, readings), return_exceptions=True)
        assert isinstance(bad, ValueError)
        assert not isinstance(good, BaseException)
        assert [one.title for one in await room.entries()] == ["Gold old", "Gold old", "Gold fine"]
        feed = await room.feed(ids[0])
        assert feed.etag is None, "nothing of the poll is remembered"
        broken[0] = False
        await room.poll(ids[0])
        assert [one.title for one in await room.entries()][-1] == "Gold poison"
        assert len(await room.queued()) == 2


async def test_a_story_that_was_rolled_back_is_joined_by_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while the database cannot be asked at once what it holds."""
    title = "Barrick halts gold output at Hemlo mine after fire"
    async with newsroom(tmp_path) as room:
        await room.follow()
        room.server.script |= {path: Reply(200, XML, rss([item("Old", guid="0")])) for path in ("/a", "/b")}
        ids = [(await room.poll((await room.add(path)).id)).id for path in ("/a", "/b")]
        body = rss([item(title, guid="1"), item("Old", guid="0")])
        room.server.script |= {path: Reply(200, XML, body) for path in ("/a", "/b")}

        async def fails(*_: object) -> int:
            raise ValueError("no")

        with monkeypatch.context() as patch:
            patch.setattr(ingest.deliveries, "enqueue", fails)
            await asyncio.gather(room.poll(ids[0]), return_exceptions=True)
        await room.poll(ids[0])
        await room.poll(ids[1])
        told = [one for one in await room.entries() if one.title == title]
        assert len({one.story_id for one in told}) == 1
        assert len(told) == 2
        assert len(await room.queued()) == 1


async def test_a_poll_longer_than_its_lease_is_not_begun_twice(tmp_path: Path) -> None:
    hold = asyncio.Event()
    async with newsroom(tmp_path) as room:
        room.server.script["/f"] = Reply(200, XML, rss([item("Gold one", guid="1")]), hold=hold)
        await room.add("/f")
        assert await room.pipeline.tick() == 1
        await room.server.wait_for(1)
        room.later(seconds=500)
        await room.pipeline.tick()
        hold.set()
        await asyncio.gather(*room.pipeline._polls)
        assert len(room.server.requests) == 1


async def test_a_very_large_feed_is_stored_in_parts_and_one_that_breaks_off_is_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room_for = 3
    add = ingest.entries.add_entries
    stored: list[int] = []

    async def until_full(connection: AsyncConnection, new: Sequence[NewEntry]) -> list[int]:
        if len(stored) == room_for:
            raise ValueError("the disk is full")
        stored.append(len(new))
        return await add(connection, new)

    monkeypatch.setattr(ingest.entries, "add_entries", until_full)
    many = [item(f"Gold mine number {n} opens", guid=str(n)) for n in range(1_000)]
    async with newsroom(tmp_path) as room:
        await room.follow()
        room.server.script["/f"] = Reply(200, {**XML, "ETag": '"1"'}, rss(many))
        feed = await room.add("/f")
        with pytest.raises(ValueError, match="disk"):
            await room.pipeline.poll(feed)
        half = await room.feed(feed.id)
        assert (half.etag, half.primed_at, half.identity_kind) == (None, None, None)
        assert max(stored) <= 240
        room_for = 99
        whole = await room.poll(feed.id)
        assert (whole.etag, whole.identity_kind) == ('"1"', "guid")
        assert sum(stored) == 1_000
        room.server.script["/f"] = Reply(200, XML, rss([item("Gold news", guid="new"), *many]))
        await room.poll(feed.id)
        assert len(await room.queued()) == 1, "of all these, one is news"
