"""WebSub for our feeds: asks their hubs to tell us of news, answers the hubs, and hands what they send to the pipeline.

The protocol is in `bot.feeds.websub`; here are the feeds it is done for. Runs only with HEADFRAME_PUBLIC_URL: the
operator's reverse proxy leads that address to HEADFRAME_WEBSUB_PORT on 127.0.0.1. A pushed feed is still polled, at
the longest interval.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from bot.clock import utcnow
from bot.feeds import websub
from bot.feeds.model import FeedError, Fetched
from bot.reading import Reading
from bot.tasks import end
from storage import feed_watch, feeds
from storage.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from bot.feeds.fetch import Fetcher
    from bot.feeds.worker import ParserPool
    from bot.pipeline import Pipeline
    from storage.database import Database

log = structlog.get_logger(__name__)
_PATH: Final = "/websub"
_MANY: Final = 20  # hubs asked in one round
_ASK_AGAIN: Final = timedelta(hours=1)  # a hub that has not confirmed
_AFTER_DENIAL: Final = timedelta(days=1)
_WAITING: Final = 200  # messages held for the parser; more are dropped, and polling finds them


class Push:
    """`start`, then `renew` every minute, then `stop`. Also what `websub.callback_app` asks for (Subscriptions)."""

    def __init__(
        self,
        database: Database,
        fetcher: Fetcher,
        parser: ParserPool,
        pipeline: Pipeline,
        *,
        public_url: str,
        port: int,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self._database = database
        self._fetcher = fetcher
        self._parser = parser
        self._pipeline = pipeline
        self._callback = public_url.rstrip("/") + _PATH
        self._port = port
        self._clock = clock
        self._messages: asyncio.Queue[tuple[int, bytes, str | None]] = asyncio.Queue(_WAITING)
        self._worker: asyncio.Task[None] | None = None
        self._runner: web.AppRunner | None = None
        self.port = 0  # the one really listened on

    async def start(self) -> None:
        """Listen on 127.0.0.1. Raises OSError when the port is taken."""
        app = web.Application()
        # A proxy may lead "/path/websub" here as it stands, or without the path of HEADFRAME_PUBLIC_URL.
        for prefix in dict.fromkeys((urlsplit(self._callback).path, _PATH)):
            app.add_subapp(prefix, websub.callback_app(self, self._clock))
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self.port = int(self._runner.addresses[0][1])
        self._worker = asyncio.create_task(self._read(), name="pushed feeds")
        log.info("listening for WebSub hubs", port=self.port, callback=self._callback)

    async def stop(self) -> None:
        await end(self._worker)
        if self._runner is not None:
            await self._runner.cleanup()

    async def renew(self) -> int:
        """Ask the hubs whose feeds are not subscribed, or not for long any more; how many were asked."""
        now = self._clock()
        async with self._database.read() as connection:
            due = await feed_watch.hubs_due(connection, now, limit=_MANY)
        for feed in due:
            if feed.hub_url is None:
                continue
            secret = feed.hub_secret or secrets.token_urlsafe(32)
            # Stored before the hub is asked: it may verify before it answers.
            await self._save(feed.id, hub_secret=secret, hub_renew_at=now + _ASK_AGAIN)
            asked = websub.Subscription(_token(feed.id, secret), feed.hub_topic or feed.url, feed.hub_url, secret)
            fault = await websub.subscribe(self._fetcher.post, asked, self._callback)
            if fault is not None:
                log.info("a hub refused; the feed is polled as before", feed=feed.url, reason=fault.detail)
        return len(due)

    async def find(self, token: str) -> websub.Subscription | None:
        number = token.partition("-")[0]
        if not number.isdecimal() or len(number) > 18:
            return None
        async with self._database.read() as connection:
            feed = await feeds.get(connection, int(number))
        if feed is None or feed.state != "active" or not feed.hub_url or not feed.hub_secret:
            return None
        if not hmac.compare_digest(token, _token(feed.id, feed.hub_secret)):
            return None
        topic = feed.hub_topic or feed.url
        return websub.Subscription(token, topic, feed.hub_url, feed.hub_secret, expires=feed.hub_expires_at)

    async def verified(self, subscription: websub.Subscription, expires: datetime | None) -> None:
        now = self._clock()
        renew = websub.renew_at(now, expires) if expires is not None else now + _AFTER_DENIAL
        await self._save(_feed_id(subscription), hub_expires_at=expires, hub_renew_at=renew)
        log.info("a hub confirmed", topic=subscription.topic, until=str(expires))

    async def denied(self, subscription: websub.Subscription, reason: str) -> None:
        await self._save(_feed_id(subscription), hub_expires_at=None, hub_renew_at=self._clock() + _AFTER_DENIAL)
        log.info("a hub will not serve a feed; it is polled as before", topic=subscription.topic, reason=reason)

    async def content(self, subscription: websub.Subscription, body: bytes, headers: Mapping[str, str]) -> None:
        try:
            self._messages.put_nowait((_feed_id(subscription), body, headers.get("content-type")))
        except asyncio.QueueFull:
            log.warning("a hub sends faster than feeds can be read; polling will find the rest")

    async def _read(self) -> None:
        while True:
            feed_id, body, content_type = await self._messages.get()
            try:
                await self._store(feed_id, body, content_type)
            except StorageError as error:
                log.error("a pushed feed could not be stored; polling will find it", error=str(error))
            except Exception:
                log.exception("a pushed feed failed in an unforeseen way; polling will find it")

    async def _store(self, feed_id: int, body: bytes, content_type: str | None) -> None:
        async with self._database.read() as connection:
            feed = await feeds.get(connection, feed_id)
        if feed is None or feed.state != "active" or feed.primed_at is None:
            return
        try:
            parsed = await self._parser.parse(body, content_type=content_type, url=feed.url, zone=feed.zone)
        except FeedError as error:
            # Some hubs only ring the bell: then the feed itself is asked at once.
            log.debug("a hub's message is no feed; polling now", feed=feed.url, reason=str(error))
            await self._save(feed_id, next_poll_at=self._clock())
            return
        fetched = Fetched(feed.url, status=200, body=body)
        await self._pipeline.store(Reading(feed, fetched, self._clock(), parsed=parsed, pushed=True))

    async def _save(self, feed_id: int, **changes: datetime | str | None) -> None:
        async with self._database.write() as connection:
            await feeds.save_many(connection, [{"id": feed_id, **changes}])


def _token(feed_id: int, secret: str) -> str:
    """The unguessable end of the callback's address; it names the feed, and nobody can make one without the secret."""
    digest = hashlib.blake2b(str(feed_id).encode(), key=secret.encode()[:64], digest_size=20).hexdigest()
    return f"{feed_id}-{digest}"


def _feed_id(subscription: websub.Subscription) -> int:
    return int(subscription.token.partition("-")[0])
