"""The cases in which feed bots post too much or too little: each is a feed read several times, and what is posted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.corpus import shared
from tests.feedserver import Reply
from tests.house import item, rss
from tests.newsroom import newsroom

if TYPE_CHECKING:
    from pathlib import Path

XML = {"Content-Type": "application/rss+xml"}
DAY = datetime(2026, 11, 1, 12, tzinfo=UTC)
# Headlines so unlike each other that none tells another's story.
H = [
    "Gold drill hole in Nevada returns nine metres",
    "Gold refinery fire in Perth injures two workers",
    "Gold royalty firm Osprey names a chief executive",
    "Gold coin sales at the Austrian mint double in May",
    "Gold smuggling ring broken up at Mumbai airport",
    "Gold museum in Bogota reopens its vault to visitors",
]


@dataclass(frozen=True)
class Case:
    """reads: bodies (or whole replies) in turn, the first being silent; posted: deliveries afterwards."""

    name: str
    reads: tuple[bytes | Reply, ...]
    posted: int


def one(n: int, *, guid: str | None = None, link: str | None = None, at: datetime | None = DAY, title: str = "") -> str:
    made = item(title or H[n], guid=guid, link=link, at=at)
    return made if at is not None else made[: made.index("<pubDate>")] + "</item>"


def plain(*numbers: int) -> bytes:
    return rss(one(n, guid=f"id-{n}", link=f"http://wire.example/{n}") for n in numbers)


def bare(*numbers: int, at: datetime | None = None) -> bytes:
    return rss(one(n, at=at) for n in numbers)


ERROR_PAGE = Reply(502, {"Content-Type": "text/html"}, b"<html><h1>502 Bad Gateway</h1></html>")
ERROR_FEED = Reply(502, XML, rss([one(5, guid="error")]))
CASES = [
    Case("a bad-gateway page between two reads", (plain(1, 0), ERROR_PAGE, plain(1, 0)), 0),
    Case("a feed in the body of a 502 is not read", (plain(1, 0), ERROR_FEED, plain(1, 0)), 0),
    Case("news during an outage", (plain(0), ERROR_PAGE, plain(2, 1, 0)), 2),
    Case("the newest withdrawn", (plain(2, 1, 0), plain(1, 0), plain(2, 1, 0)), 0),
    Case("the newest withdrawn, without dates and ids", (bare(2, 1, 0), bare(1, 0)), 0),
    Case("an empty feed in between", (plain(1, 0), rss([]), plain(1, 0)), 0),
    Case("a guid reused for another item", (rss([one(0, guid="x", link="http://wire.example/0")]),
         rss([one(1, guid="x", link="http://wire.example/1"), one(0, guid="x", link="http://wire.example/0")])), 1),
    Case("one guid for every item", (rss([one(0, guid="x")]), rss([one(1, guid="x"), one(0, guid="x")]),
         rss([one(2, guid="x"), one(1, guid="x"), one(0, guid="x")])), 2),
    Case("two items in one poll with one guid do not flip the old ones",
         (plain(2, 1, 0), rss([one(3, guid="id-3"), one(4, guid="id-3")] + [
             one(n, guid=f"id-{n}", link=f"http://wire.example/{n}") for n in (2, 1, 0)])), 2),
    Case("equal dates", (plain(0), plain(3, 2, 1, 0)), 3),
    Case("backdated", (plain(0), rss([one(1, guid="id-1", at=DAY - timedelta(days=400)), one(0, guid="id-0")])), 1),
    Case("in the future",
         (plain(0), rss([one(1, guid="id-1", at=DAY + timedelta(days=3000)), one(0, guid="id-0")])), 1),
    Case("without dates", (bare(0), bare(1, 0)), 1),
    Case("the date moves", (plain(0), rss([
        one(0, guid="id-0", link="http://wire.example/0", at=DAY + timedelta(days=2))])), 0),
    Case("no ids at all", (rss([one(0)]), rss([one(2), one(1), one(0)])), 2),
    Case("tracking parameters change", (rss([one(0, link="http://wire.example/0?utm_source=a&utm_campaign=1")]),
         rss([one(0, link="http://wire.example/0?utm_source=b&fbclid=zz")])), 0),
    Case("an address for a guid, its tracking parameters change",
         (rss([one(0, guid="http://wire.example/0?utm_source=a")]),
          rss([one(0, guid="http://wire.example/0?utm_source=b")])), 0),
    Case("re-listed under a new guid", (rss([one(0, guid="a", link="http://wire.example/0")]),
         rss([one(0, guid="b", link="http://wire.example/0")])), 0),
    Case("back after it had dropped out", (plain(0), plain(1), plain(0, 1)), 1),
    Case("junk after the closing tag", (plain(0), plain(1, 0) + b"<!-- cached 12:01 --></b>\n<script>x()</script>"), 1),
    Case("nothing but whitespace changes", (plain(1, 0), plain(1, 0).replace(b"<item>", b"\n  <item>")), 0),
    Case("order reversed", (plain(2, 1, 0), plain(0, 1, 2)), 0),
    Case("an edited title", (plain(0), plain(1, 0), plain(1, 0).replace(b"Perth", b"Perth, Australia,")), 1),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_the_right_posts_no_more_and_no_fewer(tmp_path: Path, case: Case) -> None:
    async with newsroom(tmp_path) as room:
        await room.follow("gold")
        feed = await room.add("/f")
        for read in (*case.reads, case.reads[-1]):
            room.server.script["/f"] = read if isinstance(read, Reply) else Reply(200, XML, read)
            feed = await room.poll(feed.id)
            room.later(minutes=30)
        assert feed.failing_since is None
        assert len(await room.queued()) == case.posted


async def test_a_sequence_recorded_from_a_real_feed_posts_each_item_once(tmp_path: Path) -> None:
    folder = shared("feeds", "sequences", "digg-tech")
    moments = sorted(path for path in folder.iterdir() if path.suffix in {".xml", ".rss"})
    async with newsroom(tmp_path) as room:
        feed = await room.add("/f")
        ids: set[str] = set()
        for moment in moments:
            room.server.script["/f"] = Reply(200, XML, moment.read_bytes())
            feed = await room.poll(feed.id)
            assert feed.fault_kind is None, moment.name
            room.later(hours=1)
            parsed = await room.parser.parse(moment.read_bytes(), content_type=None, url=feed.url)
            ids |= {entry.guid or entry.url or entry.title for entry in parsed.entries}
        stored = await room.entries()
        assert len({one.identity for one in stored}) == len(stored)
        assert len(stored) == len(ids)


async def test_what_a_feed_held_from_weeks_ago_is_no_part_of_todays_stories(tmp_path: Path) -> None:
    title = "Barrick halts gold output at Loulo mine"
    async with newsroom(tmp_path) as room:
        old = rss([item(title, guid="old", at=room.now - timedelta(days=30))])
        room.server.script |= {"/a": Reply(200, XML, old), "/b": Reply(200, XML, plain(0))}
        await room.poll((await room.add("/a")).id)
        feed = await room.poll((await room.add("/b")).id)
        room.server.script["/b"] = Reply(200, XML, rss([item(title, guid="new", at=room.now)]))
        await room.ingest.load(room.now)
        await room.poll(feed.id)
        stories = {one.story_id for one in await room.entries() if one.title == title}
        assert len(stories) == 2
