"""WebSub through the house: a hub on loopback is asked, confirmed and believed only when it signs."""

from __future__ import annotations

import hashlib
import hmac
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import aiohttp

from bot.feeds.websub import links
from bot.push import Push
from tests.feedserver import Reply
from tests.house import eventually, item, rss
from tests.newsroom import newsroom

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.newsroom import Newsroom

XML = {"Content-Type": "application/rss+xml"}


@asynccontextmanager
async def pushed(tmp_path: Path) -> AsyncIterator[tuple[Newsroom, Push, int]]:
    """A newsroom with a feed that names a hub, read once."""
    async with newsroom(tmp_path) as room:
        push = Push(
            room.database, room.fetcher, room.parser, room.pipeline,
            public_url="https://bot.example/head", port=0, clock=lambda: room.now,
        )  # fmt: skip
        link = f'<{room.server.url("/hub")}>; rel="hub", <{room.server.url("/f")}>; rel="self"'
        room.server.script |= {
            "/f": Reply(200, {**XML, "Link": link, "ETag": '"1"'}, rss([item("Gold one", guid="1")])),
            "/hub": Reply(202),
        }
        await room.follow()
        feed = await room.poll((await room.add("/f")).id)
        await push.start()
        try:
            yield room, push, feed.id
        finally:
            await push.stop()


async def asked(room: Newsroom, push: Push) -> dict[str, str]:
    """Have the hub asked; the form it got."""
    assert await push.renew() == 1
    request = next(one for one in reversed(room.server.requests) if one.path == "/hub")
    return {name: values[0] for name, values in parse_qs(request.body.decode()).items()}


async def call(push: Push, form: dict[str, str], method: str = "GET", **more: Any) -> tuple[int, str]:
    """What the callback answers, as behind a proxy that keeps the path."""
    path = urlsplit(form["hub.callback"]).path
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"http://127.0.0.1:{push.port}{path}", **more) as response,
    ):
        return response.status, await response.text()


async def confirm(push: Push, form: dict[str, str], lease: str = "864000") -> tuple[int, str]:
    query = {"hub.mode": "subscribe", "hub.topic": form["hub.topic"], "hub.challenge": "c4", "hub.lease_seconds": lease}
    return await call(push, form, params=query)


def signature(form: dict[str, str], body: bytes) -> dict[str, str]:
    digest = hmac.new(form["hub.secret"].encode(), body, hashlib.sha256).hexdigest()
    return {**XML, "X-Hub-Signature": f"sha256={digest}"}


async def test_a_hub_is_asked_confirmed_and_renewed_in_time(tmp_path: Path) -> None:
    async with pushed(tmp_path) as (room, push, feed_id):
        form = await asked(room, push)
        assert form["hub.topic"] == room.server.url("/f")
        assert form["hub.callback"].startswith("https://bot.example/head/websub/")
        assert await push.renew() == 0, "not again at once"
        assert await confirm(push, form) == (200, "c4")
        feed = await room.feed(feed_id)
        assert feed.hub_expires_at == room.now + timedelta(days=10)
        room.later(days=7.9)
        assert await push.renew() == 0
        room.later(days=0.2)
        assert (await asked(room, push))["hub.secret"] == form["hub.secret"]


async def test_signed_news_takes_the_same_way_as_polled_news_and_leaves_validators_alone(tmp_path: Path) -> None:
    async with pushed(tmp_path) as (room, push, feed_id):
        form = await asked(room, push)
        await confirm(push, form)
        before = await room.feed(feed_id)
        body = rss([item("Gold two", guid="2")])
        for _ in range(2):
            assert (await call(push, form, "POST", data=body, headers=signature(form, body)))[0] == 202
        await eventually(room.queued)
        after = await room.poll(feed_id)
        assert len(await room.queued()) == 1
        assert [one.title for one in await room.entries()] == ["Gold one", "Gold two"]
        assert (after.etag, after.body_hash) == (before.etag, before.body_hash)
        assert room.server.requests[-1].header("If-None-Match") == '"1"'
        assert after.next_poll_at >= room.now + timedelta(minutes=55), "polled only as a safety net"


async def test_news_without_our_signature_is_never_believed(tmp_path: Path) -> None:
    async with pushed(tmp_path) as (room, push, _feed_id):
        form = await asked(room, push)
        await confirm(push, form)
        fake, true = rss([item("Gold lie", guid="666")]), rss([item("Gold truth", guid="2")])
        for headers in (XML, {**XML, "X-Hub-Signature": "sha256=00"}, signature({"hub.secret": "guess"}, fake)):
            assert (await call(push, form, "POST", data=fake, headers=headers))[0] == 202
        await call(push, form, "POST", data=true, headers=signature(form, true))
        await eventually(room.queued)
        assert [one.title for one in await room.entries()] == ["Gold one", "Gold truth"]


async def test_a_bell_without_news_has_the_feed_polled_at_once(tmp_path: Path) -> None:
    async with pushed(tmp_path) as (room, push, feed_id):
        form = await asked(room, push)
        await confirm(push, form)
        await call(push, form, "POST", data=b"ding", headers=signature(form, b"ding"))

        async def due() -> bool:
            return (await room.feed(feed_id)).next_poll_at == room.now

        await eventually(due)


async def test_a_stranger_finds_nothing_behind_the_callback(tmp_path: Path) -> None:
    async with pushed(tmp_path) as (room, push, feed_id):
        form = await asked(room, push)
        for token in ("1-" + "0" * 40, f"{feed_id}-" + "0" * 40, "x", "9" * 40 + "-1"):
            made = {**form, "hub.callback": f"https://bot.example/websub/{token}"}
            assert (await confirm(push, made))[0] == 404, token
        assert (await confirm(push, {**form, "hub.topic": "http://other.example/"}))[0] == 404
        assert (await room.feed(feed_id)).hub_expires_at is None


async def test_a_hub_that_denies_is_left_alone_for_a_day(tmp_path: Path) -> None:
    async with pushed(tmp_path) as (room, push, _feed_id):
        form = await asked(room, push)
        query = {"hub.mode": "denied", "hub.topic": form["hub.topic"], "hub.reason": "no"}
        assert (await call(push, form, params=query))[0] == 200
        room.later(hours=23)
        assert await push.renew() == 0
        room.later(hours=2)
        assert await push.renew() == 1


def test_the_link_header_names_hub_and_topic() -> None:
    header = (
        '<https://hub.example/>; rel=hub, </rel>; rel="hub", <https://x.example/f>; type="a,b"; rel="self alternate"'
    )
    assert links(header) == {"hub": "https://hub.example/", "self": "https://x.example/f"}
    assert links(None) == links("nonsense; <") == {}
