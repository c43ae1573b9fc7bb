"""What moderators are told of a feed's health: once, at the right time, and once when it is back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.feeds.model import FaultKind
from bot.feeds.reasons import advice, reason
from storage import feeds, guilds
from tests.bot.test_polling import CHALLENGE, ONE, TWO, XML
from tests.feedserver import Reply
from tests.newsroom import GUILD, OWNER, newsroom

if TYPE_CHECKING:
    from pathlib import Path


async def test_an_ordinary_failure_is_told_after_a_day_and_its_end_once(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.server.script["/f"] = Reply(200, XML, ONE)
        feed = await room.poll((await room.add("/f")).id)
        room.server.script["/f"] = Reply(500)
        await room.poll(feed.id)
        room.later(hours=23.9)
        await room.poll(feed.id)
        assert not await room.queued("notice")
        room.later(hours=0.2)
        assert await room.ingest.review_health(room.now) == 1, "by the minute, not only when it is polled"
        await room.poll(feed.id)
        assert await room.ingest.review_health(room.now) == 0
        (note,) = await room.queued("notice")
        assert (note.target_kind, note.target_id) == ("user", OWNER)
        assert "Test Wire" in note.payload["content"]
        assert "its server answers with an error" in note.payload["content"]
        room.server.script["/f"] = Reply(200, XML, TWO)
        await room.poll(feed.id)
        await room.poll(feed.id)
        _failed, recovered = await room.queued("notice")
        assert "can be read again" in recovered.payload["content"]


async def test_a_failure_that_ends_within_the_day_is_not_told(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.server.script["/f"] = [Reply(200, XML, ONE), Reply(500), Reply(200, XML, TWO)]
        feed = await room.add("/f")
        for _ in range(3):
            await room.poll(feed.id)
            room.later(hours=5)
        assert not await room.queued("notice")


@pytest.mark.parametrize(
    ("reply", "says", "do"),
    [
        (Reply(410), "closed for good", "/feed remove"),
        (Reply(403, {"cf-mitigated": "challenge"}, CHALLENGE), "challenge page", "ask them"),
    ],
    ids=["gone", "blocked"],
)
async def test_what_waiting_does_not_mend_is_told_at_once(tmp_path: Path, reply: Reply, says: str, do: str) -> None:
    async with newsroom(tmp_path) as room:
        room.server.script["/f"] = [Reply(200, XML, ONE), reply]
        feed = await room.add("/f")
        for _ in range(3):
            await room.poll(feed.id)
        (note,) = await room.queued("notice")
        assert says in note.payload["content"]
        assert do in note.payload["content"]


async def test_each_server_is_told_where_it_wants_and_in_its_language(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.server.script["/f"] = [Reply(200, XML, ONE), Reply(410)]
        feed = await room.add("/f")
        async with room.database.write() as connection:
            await feeds.link(connection, 99, feed.id, added_by=None, now=room.now)
            await feeds.link(connection, 0, feed.id, added_by=None, now=room.now)
            await guilds.set_guild(connection, 99, now=room.now, notice_channel_id=777)
        for _ in range(2):
            await room.poll(feed.id)
        notes = {(note.target_kind, note.target_id) for note in await room.queued("notice")}
        assert notes == {("channel", 777), ("user", OWNER)}, GUILD


async def test_a_feed_that_flaps_is_told_once_a_day(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.start = room.start.replace(hour=1)
        feed = await room.add("/f")
        for _ in range(5):
            room.server.script["/f"] = Reply(200, XML, ONE)
            await room.poll(feed.id)
            room.server.script["/f"] = Reply(403, {"cf-mitigated": "challenge"}, CHALLENGE)
            await room.poll(feed.id)
            room.later(hours=1)
        assert len(await room.queued("notice")) == 2, "failed and recovered"


@pytest.mark.parametrize("kind", list(FaultKind))
def test_every_kind_of_fault_has_a_reason_and_something_to_do(kind: FaultKind) -> None:
    assert reason(kind).endswith(".")
    assert advice(kind).endswith(".")
