"""Polling as publishers see it: validators, cadence, redirects, statuses. Through the whole pipeline over loopback."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from storage import feeds
from tests.feedserver import FeedServer, Reply, conditional, redirect
from tests.house import eventually, item, rss
from tests.newsroom import newsroom, reopened

if TYPE_CHECKING:
    from pathlib import Path

XML = {"Content-Type": "application/rss+xml"}
ONE = rss([item("Gold one", guid="1")])
TWO = rss([item("Gold two", guid="2"), item("Gold one", guid="1")])
CHALLENGE = (
    b"<html><head><title>Just a moment...</title></head><body>"
    b"<script src='/cdn-cgi/challenge-platform/h/b'></script></body></html>"
)
PAGE = {"Content-Type": "text/html"}


async def test_validators_go_back_byte_for_byte_also_after_a_restart(tmp_path: Path) -> None:
    tag, date = 'W/"a  b;c"', "Mon, 23 Nov 2026 08:00:00 +0000"
    async with FeedServer() as server:
        server.script["/f"] = Reply(200, {**XML, "ETag": tag, "Last-Modified": date}, ONE)
        async with reopened(tmp_path, server) as room:
            feed = await room.poll((await room.add("/f")).id)
        async with reopened(tmp_path, server) as room:
            await room.poll(feed.id)
    first, second = server.requests
    assert (first.header("If-None-Match"), first.header("If-Modified-Since")) == (None, None)
    assert (second.header("If-None-Match"), second.header("If-Modified-Since")) == (tag, date)


async def test_a_changed_etag_replaces_and_one_that_is_gone_is_forgotten(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.server.script["/f"] = [
            Reply(200, {**XML, "ETag": '"1"'}, ONE),
            Reply(200, {**XML, "ETag": '"2"'}, TWO),
            Reply(200, XML, ONE),
        ]  # fmt: skip
        feed = await room.add("/f")
        for _ in range(4):
            feed = await room.poll(feed.id)
        assert [one.header("If-None-Match") for one in room.server.requests] == [None, '"1"', '"2"', None]


async def test_a_304_touches_neither_body_hash_nor_entries(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.server.script["/f"] = conditional(ONE)
        before = await room.poll((await room.add("/f")).id)
        entries = await room.entries()
        room.later(minutes=10)
        after = await room.poll(before.id)
        assert (after.body_hash, after.etag) == (before.body_hash, before.etag)
        assert await room.entries() == entries
        assert after.last_success_at == room.now


async def test_an_unchanged_body_with_200_is_not_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with newsroom(tmp_path) as room:
        room.server.script["/f"] = Reply(200, XML, ONE)
        feed = await room.poll((await room.add("/f")).id)

        async def never(*_args: object, **_options: object) -> None:
            raise AssertionError("parsed again")

        monkeypatch.setattr(room.parser, "parse", never)
        assert (await room.poll(feed.id)).fault_kind is None
        assert room.pipeline.counts["unchanged"] == 1


async def test_requests_carry_a_name_and_contact_and_nothing_that_tracks(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.server.script["/f"] = Reply(200, {**XML, "Set-Cookie": "id=1; Path=/"}, ONE)
        feed = await room.add("/f")
        for _ in range(2):
            await room.poll(feed.id)
        for request in room.server.requests:
            assert request.target == "/f"
            assert request.header("User-Agent") == "Headframe/9.9 (feed reader; ops@example.org)"
            assert {"gzip", "br", "zstd"} <= {c.strip() for c in (request.header("Accept-Encoding") or "").split(",")}
            assert (request.header("Cookie"), request.header("Referer")) == (None, None)


async def test_the_operators_user_agent_is_sent_for_that_feed_only(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.server.script |= {"/a": Reply(200, XML, ONE), "/b": Reply(200, XML, ONE)}
        one, two = await room.add("/a"), await room.add("/b")
        async with room.database.write() as connection:
            await feeds.save_many(connection, [{"id": one.id, "user_agent": "Special/1.0"}])
        await room.poll(one.id)
        await room.poll(two.id)
        assert room.server.requests[0].header("User-Agent") == "Special/1.0"
        assert (room.server.requests[1].header("User-Agent") or "").startswith("Headframe/")


@pytest.mark.parametrize(
    ("headers", "body", "least"),
    [
        ({}, ONE, 300),
        ({"Cache-Control": "max-age=7200"}, ONE, 7200),
        ({"Retry-After": "9000"}, ONE, 9000),
        ({}, ONE.replace(b"<item>", b"<ttl>180</ttl><item>", 1), 180 * 60),
    ],
    ids=["the operator's minimum", "max-age", "Retry-After on a success", "ttl"],
)
async def test_no_poll_comes_sooner_than_asked_also_after_a_restart(
    tmp_path: Path, headers: dict[str, str], body: bytes, least: int
) -> None:
    async with FeedServer() as server:
        server.script["/f"] = Reply(200, {**XML, **headers}, body)
        async with reopened(tmp_path, server) as room:
            begin = room.now
            feed = await room.poll((await room.add("/f")).id)
            assert feed.next_poll_at >= begin + timedelta(seconds=least)
        async with reopened(tmp_path, server, start=begin) as room:
            room.passed = timedelta(seconds=least - 1)
            assert await room.pipeline.tick() == 0, "a restart polls nothing early"
            room.passed = feed.next_poll_at - begin
            assert await room.pipeline.tick() == 1, "and forgets nothing"
            await server.wait_for(2)


@pytest.mark.parametrize("status", [301, 308])
async def test_a_permanent_move_is_adopted_after_a_day_and_told_once(tmp_path: Path, status: int) -> None:
    async with newsroom(tmp_path) as room:
        room.server.script |= {"/old": redirect("/new", status), "/new": Reply(200, XML, ONE)}
        feed = await room.poll((await room.add("/old")).id)
        for hours in (1, 22.9):
            room.later(hours=hours)
            feed = await room.poll(feed.id)
            assert feed.url.endswith("/old")
        room.later(hours=0.2)
        feed = await room.poll(feed.id)
        assert feed.url.endswith("/new")
        room.server.requests.clear()
        await room.poll(feed.id)
        assert room.server.paths() == ["/new"]
        (note,) = await room.queued("notice")
        assert "has moved" in note.payload["content"]
        assert "/new" in note.payload["content"]


@pytest.mark.parametrize("status", [302, 303, 307])
async def test_a_temporary_redirect_never_moves_the_feed(tmp_path: Path, status: int) -> None:
    async with newsroom(tmp_path) as room:
        room.server.script |= {"/old": redirect("/new", status), "/new": Reply(200, XML, ONE)}
        feed = await room.poll((await room.add("/old")).id)
        for _ in range(3):
            room.later(days=2)
            feed = await room.poll(feed.id)
        assert feed.url.endswith("/old")
        assert feed.moved_to is None


FAULTS = {
    "404": (Reply(404), "http"),
    "403": (Reply(403), "forbidden"),
    "401": (Reply(401), "forbidden"),
    "429": (Reply(429, {"Retry-After": "5"}), "rate-limited"),
    "500": (Reply(500), "http"),
    "503": (Reply(503), "http"),
    "a broken connection": (Reply(raw=b"", close=True), "connect"),
    "a page instead": (Reply(200, PAGE, b"<html><body><p>Hello</p></body></html>"), "not-a-feed"),
    "a challenge page": (Reply(403, {**PAGE, "cf-mitigated": "challenge"}, CHALLENGE), "blocked"),
    "a silent server": (Reply(200, XML, ONE, delay=30), "timeout"),
    "nonsense as gzip": (Reply(200, {**XML, "Content-Encoding": "gzip"}, b"nonsense"), "encoding"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_backs_off_keeps_everything_and_recovers_by_itself(tmp_path: Path, name: str) -> None:
    reply, kind = FAULTS[name]
    async with newsroom(tmp_path, total_seconds=0.5) as room:
        await room.follow()
        room.server.script["/f"] = Reply(200, {**XML, "ETag": '"1"'}, ONE)
        good = await room.poll((await room.add("/f")).id)
        room.server.script["/f"] = reply
        gaps = []
        for _ in range(4):
            bad = await room.poll(good.id)
            gaps.append((bad.next_poll_at - room.now).total_seconds())
            room.passed = bad.next_poll_at - room.start
        assert bad.fault_kind == kind
        assert [later > 1.5 * earlier for earlier, later in pairwise(gaps)] == [True] * 3
        assert (bad.etag, bad.body_hash, bad.state) == (good.etag, good.body_hash, "active")
        room.server.script["/f"] = Reply(200, XML, TWO)
        well = await room.poll(good.id)
        assert (well.fault_kind, well.failures, well.failing_since) == (None, 0, None)
        assert [one.title for one in await room.entries()] == ["Gold one", "Gold two"]
        assert len(await room.queued()) == 1, "what came meanwhile is posted, once"


async def test_the_back_off_never_passes_a_day(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        feed = await room.add("/missing")
        for _ in range(14):
            feed = await room.poll(feed.id)
            assert feed.next_poll_at - room.now <= timedelta(days=1)
            room.passed = feed.next_poll_at - room.start


async def test_a_closed_feed_is_retired_and_never_asked_again(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.server.script["/f"] = [Reply(200, XML, ONE), Reply(410)]
        feed = await room.poll((await room.add("/f")).id)
        feed = await room.poll(feed.id)
        assert (feed.state, feed.fault_kind) == ("retired", "gone")
        room.later(days=400)
        assert await room.pipeline.tick() == 0


async def test_a_feed_taken_up_again_begins_silently(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        await room.follow()
        room.server.script["/f"] = [Reply(200, XML, ONE), Reply(410), Reply(200, XML, TWO)]
        feed = await room.poll((await room.add("/f")).id)
        await room.poll(feed.id)
        again = await room.add("/f")
        assert again.id == feed.id
        assert (await room.poll(feed.id)).state == "active"
        assert not await room.queued(), "what it published while nobody read it is not news"


async def test_a_hung_host_delays_no_other(tmp_path: Path) -> None:
    async with newsroom(tmp_path, total_seconds=60) as room:
        never = asyncio.Event()
        for number in range(30):
            room.server.script[f"/hung/{number}"] = Reply(200, XML, ONE, hold=never)
            room.server.script[f"/well/{number}"] = Reply(200, XML, ONE)
        hung = [await room.add(f"/hung/{number}") for number in range(30)]
        well = [await room.add(f"/well/{number}") for number in range(30)]
        assert await room.pipeline.tick() == 60

        async def all_well() -> bool:
            return all([(await room.feed(one.id)).primed_at for one in well])

        await eventually(all_well)
        assert all([(await room.feed(one.id)).primed_at is None for one in hung])


async def test_more_than_may_be_under_way_is_polled_without_waiting_for_a_tick(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.server.script["/missing"] = Reply(404)
        now = room.now
        rows = [{"url": room.server.url(f"/many/{n}"), "next_poll_at": now, "created_at": now} for n in range(450)]
        async with room.database.write() as connection:
            await feeds.bulk_insert(connection, rows)
        await room.pipeline.tick()
        await room.server.wait_for(450)
