"""The newsroom for tests, without Discord: database, fetcher, parser and pipeline, with a clock that tests set."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from bot.delivery.routes import Routes
from bot.feed_health import FeedHealth
from bot.feeds.cadence import CadenceSettings
from bot.feeds.fetch import Fetcher, user_agent
from bot.feeds.guard import Guard
from bot.feeds.worker import ParserPool
from bot.ingest import Ingest
from bot.pipeline import Pipeline
from bot.subscriptions import SubscriptionBook
from storage import entries, feeds, schema, subscriptions
from storage.database import Database
from storage.records import NewSubscription
from tests.databases import fresh_sqlite
from tests.feedserver import FeedServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from storage.records import Entry, Feed

GUILD, CHANNEL, OWNER = 11, 22, 33


@dataclass
class Newsroom:
    """`add` a feed, `poll` it as often as the story goes, and look at what was queued."""

    server: FeedServer
    database: Database
    fetcher: Fetcher
    parser: ParserPool
    ingest: Ingest
    pipeline: Pipeline
    book: SubscriptionBook
    start: datetime
    passed: timedelta = field(default_factory=timedelta)

    @property
    def now(self) -> datetime:
        return self.start + self.passed

    def later(self, **span: float) -> None:
        self.passed += timedelta(**span)

    async def add(self, path: str, **more: Any) -> Feed:
        """Put a feed on the books of the server, due now; not polled yet."""
        async with self.database.write() as connection:
            feed, _new = await feeds.add(connection, self.server.url(path), now=self.now, **more)
            await feeds.link(connection, GUILD, feed.id, added_by=None, now=self.now)
        return feed

    async def feed(self, feed_id: int) -> Feed:
        async with self.database.read() as connection:
            found = await feeds.get(connection, feed_id)
        assert found is not None
        return found

    async def poll(self, feed_id: int) -> Feed:
        """One poll, whether due or not; the feed's row after it."""
        await self.pipeline.poll(await self.feed(feed_id))
        return await self.feed(feed_id)

    async def follow(self, query: str = "gold") -> None:
        """A channel that follows this."""
        async with self.database.write() as connection:
            new = NewSubscription(GUILD, "channel", CHANNEL, query, query)
            self.book.put(await subscriptions.add(connection, new, now=self.now))

    async def entries(self) -> list[Entry]:
        async with self.database.read() as connection:
            return sorted(await entries.latest(connection, None, limit=500), key=lambda one: one.id)

    async def queued(self, kind: str = "headline") -> list[Any]:
        """Deliveries of one kind, oldest first."""
        async with self.database.read() as connection:
            statement = select(schema.deliveries).where(schema.deliveries.c.kind == kind)
            return list(await connection.execute(statement.order_by(schema.deliveries.c.id)))


@asynccontextmanager
async def newsroom(
    tmp_path: Path, *, least: float = 300, most: float = 3600, **fetching: Any
) -> AsyncIterator[Newsroom]:
    """A running newsroom on a database in `tmp_path` (opened again, it is the same one) and a loopback feed server."""
    async with FeedServer() as server, reopened(tmp_path, server, least=least, most=most, **fetching) as made:
        yield made


@asynccontextmanager
async def reopened(
    tmp_path: Path, server: FeedServer, *, least: float = 300, most: float = 3600, start: datetime | None = None,
    **fetching: Any,
) -> AsyncIterator[Newsroom]:  # fmt: skip
    """As `newsroom`, with a server that stays: a restart."""
    path = tmp_path / "newsroom.db"
    database = await Database.open(f"sqlite+aiosqlite:///{path}" if path.exists() else await fresh_sqlite(path))
    book = SubscriptionBook()
    await book.load(database)
    guard = Guard((ip_network("127.0.0.0/8"),))
    fetcher = Fetcher(guard, user_agent=user_agent("9.9", "ops@example.org"), **fetching)
    parser = ParserPool()
    routes = Routes(database, owner_of=lambda _guild: OWNER, changed=lambda: None)
    ingest = Ingest(database, book, CadenceSettings(least, most), health=FeedHealth(routes))
    room: Newsroom
    pipeline = Pipeline(database, fetcher, parser, ingest, stored=lambda _stored: None, clock=lambda: room.now)
    begin = start or datetime.now(UTC).replace(microsecond=0)
    room = Newsroom(server, database, fetcher, parser, ingest, pipeline, book, begin)
    async with fetcher, parser:
        await ingest.load(begin)
        pipeline.start()
        try:
            yield room
        finally:
            await pipeline.stop()
            await database.close()
