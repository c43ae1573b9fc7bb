"""WebSub through the whole bot: a hub on loopback asks, is answered, signs, and its news is posted without a poll."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web

from bot.clock import utcnow
from storage import feeds
from tests.feedserver import Reply
from tests.house import House, eventually, house, item, rss

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from storage.records import Feed

XML = {"Content-Type": "application/rss+xml"}


@dataclass
class Hub:
    """A hub as WebSub describes it (§5.3, §7): it verifies by asking the callback itself, then sends signed news."""

    lease: int = 864_000
    url: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    verified: list[str] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def subscribe(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append(form)
        task = asyncio.create_task(self.verify(form))
        self.tasks.add(task)
        return web.Response(status=202)

    async def verify(self, form: dict[str, str]) -> None:
        challenge = f"challenge-{len(self.asked)}"
        query = {
            "hub.mode": form["hub.mode"],
            "hub.topic": form["hub.topic"],
            "hub.challenge": challenge,
            "hub.lease_seconds": str(self.lease),
        }
        async with (
            aiohttp.ClientSession() as session,
            session.get(form["hub.callback"], params=query) as response,
        ):
            if response.status == 200 and await response.text() == challenge:
                self.verified.append(form["hub.topic"])

    async def publish(self, body: bytes, secret: str | None = None) -> int:
        """Send news to the subscriber, signed with what it gave or with something else."""
        form = self.asked[-1]
        digest = hmac.new((secret or form["hub.secret"]).encode(), body, hashlib.sha256).hexdigest()
        headers = {**XML, "X-Hub-Signature": f"sha256={digest}"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(form["hub.callback"], data=body, headers=headers) as response,
        ):
            return response.status


@asynccontextmanager
async def a_hub() -> AsyncIterator[Hub]:
    hub = Hub()
    app = web.Application()
    app.router.add_post("/", hub.subscribe)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hub.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        yield hub
    finally:
        await asyncio.gather(*hub.tasks, return_exceptions=True)
        await runner.cleanup()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def only_feed(h: House) -> Feed:
    async with h.app.services.db.read() as connection:
        (feed,) = await feeds.every(connection)
    return feed


async def test_a_feed_with_a_hub_is_subscribed_pushed_renewed_and_polled_only_as_a_safety_net(tmp_path: Path) -> None:
    port = free_port()
    settings: dict[str, Any] = {
        "headframe_public_url": f"http://127.0.0.1:{port}",
        "headframe_websub_port": port,
        "headframe_min_poll_seconds": 60,
        "headframe_max_poll_seconds": 3600,
    }
    async with a_hub() as hub, house(tmp_path, **settings) as h:
        push = h.app.push
        assert push is not None
        assert h.app.scheduler._scheduler.get_job("hubs"), "hubs are asked by themselves"
        link = f'<{hub.url}>; rel="hub", <{h.server.url("/f")}>; rel="self"'
        first = item("Gold one opens", guid="1")
        h.server.script["/f"] = Reply(200, {**XML, "Link": link, "ETag": '"1"'}, rss([first]))
        assert "Added" in await h.use("moderator", "lounge", "feed add", url=h.server.url("/f"))
        await h.use("moderator", "gold-silver", "channel follow", query="gold")

        assert await push.renew() == 1
        await eventually(lambda: hub.verified)
        assert hub.asked[0]["hub.topic"] == h.server.url("/f")
        subscribed = await only_feed(h)
        assert subscribed.hub_expires_at is not None
        assert subscribed.hub_expires_at > utcnow() + timedelta(days=9)

        polls = len([one for one in h.server.requests if one.path == "/f"])
        assert await hub.publish(rss([item("Gold forged by a stranger", guid="9")]), secret="a guess") == 202
        assert await hub.publish(rss([item("Gold pushed at once", guid="2"), first])) == 202
        (post,) = await eventually(lambda: h.posts("gold-silver"))
        assert "Gold pushed at once" in post
        assert len([one for one in h.server.requests if one.path == "/f"]) == polls, "no poll was needed"

        # The safety net: a poll finds the pushed item and one the hub kept to itself, and comes again in an hour.
        body = rss([item("Gold unsaid by the hub", guid="3"), item("Gold pushed at once", guid="2"), first])
        h.server.script["/f"] = Reply(200, {**XML, "Link": link, "ETag": '"2"'}, body)
        await h.app.services.pipeline.poll(await only_feed(h))
        posts = await eventually(lambda: len(h.posts("gold-silver")) == 2 and h.posts("gold-silver"))
        assert "Gold unsaid by the hub" in posts[1]
        assert not any("forged" in one for one in posts)
        polled = await only_feed(h)
        assert polled.next_poll_at > utcnow() + timedelta(minutes=50)
        assert polled.hub_expires_at == subscribed.hub_expires_at, "a poll leaves the subscription alone"

        async with h.app.services.db.write() as connection:
            await feeds.save_many(connection, [{"id": polled.id, "hub_renew_at": utcnow() - timedelta(seconds=1)}])
        hub.lease = 1_728_000
        assert await push.renew() == 1
        await eventually(lambda: len(hub.verified) == 2)
        assert hub.asked[1]["hub.secret"] == hub.asked[0]["hub.secret"]
        renewed = await only_feed(h)
        assert renewed.hub_expires_at is not None
        assert renewed.hub_expires_at > utcnow() + timedelta(days=19)
