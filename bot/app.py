"""The composition root: builds every part once, starts them in order, stops them in the reverse order."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from importlib import metadata
from typing import TYPE_CHECKING, Final

import structlog

from bot import client as discord_client
from bot.clock import utcnow
from bot.cover import Cover
from bot.delivery.bucket import Bucket
from bot.delivery.compose import Composer
from bot.delivery.gate import Gate
from bot.delivery.outbox import Outbox
from bot.delivery.remote import Remote
from bot.delivery.routes import Routes
from bot.delivery.sender import Sender
from bot.errors import StartError
from bot.feed_health import FeedHealth
from bot.feeds import worker
from bot.feeds.cadence import CadenceSettings
from bot.feeds.fetch import Fetcher, user_agent
from bot.feeds.guard import Guard
from bot.feeds.robots import RobotsCache
from bot.feeds.worker import ParserPool
from bot.gateway import Connection
from bot.housekeeping import Keeper, open_database
from bot.ingest import Ingest
from bot.jobs import Jobs
from bot.looplag import LoopLag
from bot.mentions import Mentions
from bot.outpost import Outpost, rest_client
from bot.pipeline import Pipeline
from bot.prices.build import demo_service, price_service
from bot.prices.http import PriceHttp
from bot.prices.lines import headline_line
from bot.prices.movers import reaction_line
from bot.roles import claim_shards
from bot.scheduler import Scheduler
from bot.services import Services
from bot.subscriptions import SubscriptionBook
from bot.tasks import end
from bot.together import Together
from storage import feeds, guilds
from storage.errors import StorageError
from storage.member import Member

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import discord

    from bot.client import HeadframeBot
    from bot.ingest import Stored
    from bot.metrics import Metrics
    from bot.prices.demo import DemoWire
    from bot.push import Push
    from bot.settings import Settings
    from storage.database import Database

log = structlog.get_logger(__name__)
VERSION: Final = metadata.version("headframe")


class App:
    """`await App.build(settings)`, then `run()` until cancelled, then `stop()`."""

    def __init__(self, services: Services, bucket: Bucket, price_http: PriceHttp, member: Member) -> None:
        self.services = services
        self.member = member
        self.cover = Cover(member, services.settings)
        self.together = Together(services, member, bucket, also=self.cover.look)
        self.gate = Gate(bucket)  # before every request of the bot's own making
        self.price_http = price_http
        self.lag = LoopLag()
        self.keeper = Keeper(services)
        self.jobs = Jobs(services, self.keeper, member)
        self.metrics: Metrics | None = None
        self.push: Push | None = None
        if services.settings.headframe_public_url and services.settings.has("poll"):
            from bot.push import Push  # most have no public address

            self.push = Push(
                services.db,
                services.fetcher,
                services.parser,
                services.pipeline,
                public_url=services.settings.headframe_public_url,
                port=services.settings.headframe_websub_port,
            )
        self.scheduler = Scheduler()
        self._remote: Remote | None = None
        self.connection: Connection | Outpost | None = None  # None: this process does not speak to Discord
        self._memory: asyncio.Task[None] | None = None

    @classmethod
    async def build(cls, settings: Settings, *, demo_prices: DemoWire | None = None) -> App:
        """Open the database and build every part. Raises StorageError, SettingsError, PriceError.

        demo_prices: the bundled, labelled demo series instead of sources (the preview's, offline).
        """
        now = utcnow()
        database = await open_database(settings.database_url)
        try:
            return cls._assemble(settings, database, now, demo_prices=demo_prices)
        except BaseException:
            await database.close()
            raise

    @classmethod
    def _assemble(cls, settings: Settings, database: Database, now: datetime, *, demo_prices: DemoWire | None) -> App:
        book = SubscriptionBook()
        member = Member(database)
        guard = Guard(settings.headframe_allow_private)
        agent = user_agent(VERSION, settings.headframe_contact)
        fetcher = Fetcher(guard, user_agent=agent)
        parser = ParserPool(tags=worker.TAGS)
        cadence = CadenceSettings(settings.headframe_min_poll_seconds, settings.headframe_max_poll_seconds)
        price_http = PriceHttp(guard, agent)
        prices = (
            demo_service(database, now, demo_prices)
            if demo_prices is not None
            else price_service(settings, database, price_http.get, now)
        )
        mentions = Mentions()
        composer = Composer(
            database,
            price_line=lambda slugs: headline_line(prices, slugs, utcnow()),
            chart=prices.charts.for_alert,
            reaction=lambda slugs, published: reaction_line(prices, slugs, published),
            link=mentions.link_content,
        )
        app: App

        def owner_of(guild_id: int) -> int | None:
            client = app.connection.client if app.connection is not None else None
            guild = client.get_guild(guild_id) if client else None
            return guild.owner_id if guild else None

        routes = Routes(
            database,
            owner_of=owner_of,
            changed=lambda: outbox.wake(),  # noqa: PLW0108 - made below
            elsewhere=member.shared,
        )
        ingest = Ingest(database, book, cadence, health=FeedHealth(routes))
        outbox = Outbox(
            database,
            composer,
            routes,
            subscription=book.get if settings.has("poll") else None,
            fold_seconds=settings.headframe_fold_seconds,
            member=member,
        )
        robots = RobotsCache(fetcher.fetch)
        after_poll = lambda stored: app.after_poll(stored)  # noqa: E731, PLW0108 - likewise
        pipeline = Pipeline(database, fetcher, parser, ingest, robots=robots, stored=after_poll, owner=member.number)
        pipeline.ready = lambda: ingest.is_loaded and book.is_whole
        services = Services(
            settings=settings,
            db=database,
            book=book,
            guard=guard,
            fetcher=fetcher,
            parser=parser,
            ingest=ingest,
            robots=robots,
            pipeline=pipeline,
            outbox=outbox,
            routes=routes,
            started_at=now,
            version=VERSION,
            member=member,
            prices=prices,
            charts=prices.charts.worker,
            mentions=mentions,
        )
        app = cls(services, Bucket(settings.headframe_requests_per_second), price_http, member)
        return app

    def after_poll(self, stored: Stored) -> None:
        """A transaction is done: what it queued may go out."""
        if stored.deliveries or stored.edits or stored.notices:
            self.services.outbox.wake()

    async def start(self) -> None:
        """Start every part but the connection to Discord."""
        services = self.services
        now = utcnow()
        self.keeper.watch()
        self.lag.start()
        if services.settings.headframe_metrics_port:
            from bot.metrics import Metrics  # its library is imported where somebody reads the figures

            self.metrics = Metrics(services, self.lag, self.keeper, self.gate, latency=self._latency, ready=self._ready)
            await self.metrics.start(services.settings.headframe_metrics_host, services.settings.headframe_metrics_port)
        await self._join()
        # Only who polls matches headlines; what a gateway stores for `/feed add` is no news.
        unfiled = await services.book.begin(services.db) if services.settings.has("poll") else None
        await services.fetcher.__aenter__()
        if services.settings.stores:
            await services.parser.start()
        await self.price_http.__aenter__()
        services.pipeline.start()
        await services.outbox.start()
        if self.push is not None:
            await self.push.start()
        if services.prices is not None:
            await services.prices.start(now)
        self.jobs.plan(self.scheduler, self.push)
        self.scheduler.start()
        self.together.follow()
        if services.settings.stores:
            self._memory = asyncio.create_task(self._remember(unfiled, now), name="memory")

    async def _join(self) -> None:
        """Take this process's place among others, or be the only one. Raises StartError where it is taken."""
        services = self.services
        await self.member.join()
        if services.settings.has("gateway"):
            taken = await claim_shards(self.member, services.settings.headframe_shards)
            if taken is not None:
                raise StartError(taken)
        await self.together.start()
        if not self.member.shared:
            async with services.db.write() as connection:
                await feeds.release_leases(connection)

    async def _remember(self, unfiled: Sequence[int] | None, now: datetime) -> None:
        """What headlines are judged by, made ready while Discord connects: until it is, nothing is stored."""
        services = self.services
        while not services.ingest.is_loaded:
            try:
                await services.ingest.load(now)
            except StorageError:
                await asyncio.sleep(1.0)  # the keeper has told
            except Exception:
                log.exception("recent stories could not be read; headlines wait, trying again")
                await asyncio.sleep(5.0)
        if unfiled is not None:
            await services.book.keep(services.db, unfiled)

    async def run(self) -> None:
        """Start, connect to Discord and serve until cancelled. Raises StartError when the token is refused."""
        settings = self.services.settings
        discord_client.use_api(settings.api_url)
        await self.start()
        if settings.has("gateway"):
            self.connection = Connection(self._client, settings.token, attach=self._attach, detach=self._detach)
        elif settings.has("deliver"):
            make = partial(rest_client, settings.discord_proxy, self.gate.trace())
            self.connection = Outpost(make, settings.token, attach=self._connect, detach=self._detach)
        if self.connection is not None:
            await self.connection.run()
        await asyncio.Event().wait()

    def _client(self) -> HeadframeBot:
        shards = self.services.settings.headframe_shards
        return discord_client.HeadframeBot(
            self.services,
            shard_ids=list(shards.ids) if shards else None,
            shard_count=shards.total if shards else None,
            http_trace=self.gate.trace(),
        )

    async def stop(self) -> None:
        """Stop in the reverse order, within about eight seconds even when Discord is down."""
        services = self.services
        self.scheduler.stop()
        if self.push is not None:
            await self.push.stop()
        await services.pipeline.stop()
        await services.outbox.stop()
        if self.connection is not None:
            await self.connection.close()
        if self.metrics is not None:
            await self.metrics.stop()
        await self.lag.stop()
        await end(self._memory)
        for close in (
            services.parser.close,
            lambda: services.fetcher.__aexit__(None, None, None),
            self.price_http.close,
            *((services.prices.close,) if services.prices is not None else ()),
        ):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.5):
                    await close()
        await self.together.stop()
        await self.member.leave()
        await services.db.close()

    async def _attach(self, client: HeadframeBot) -> None:
        """A client is ready: the outbox may send through it, and its servers get what every server has."""
        for guild in client.guilds:
            await self.welcome(guild.id)
        await self.welcome(0)  # people who use the bot without a server read the default feeds, too
        if self.services.settings.has("deliver"):
            await self._connect(client)
        await self.cover.serve(client)

    async def _connect(self, client: discord.Client) -> None:
        """The outbox may send through this client."""
        self._remote = remote = Remote(client, self.services.outbox.wake) if self.member.shared else None
        sender = Sender(client, find_dm=self._find_dm, keep_dm=self._keep_dm, keep_hook=self._keep_hook, remote=remote)
        self.services.outbox.connect(sender)

    async def _detach(self) -> None:
        self.services.outbox.connect(None)
        await self.cover.serve(None)
        if self._remote is not None:
            await self._remote.close()

    async def welcome(self, guild_id: int) -> None:
        """A server seen for the first time gets the default feeds, once; a moderator may remove them."""
        async with self.services.db.read() as connection:
            known = await guilds.guild(connection, guild_id)
        if known.left_at is None and (known.default_feeds or not self.services.settings.headframe_default_feeds):
            return
        from bot.desk.feeds import give_defaults

        await give_defaults(self.services, guild_id)

    async def _find_dm(self, user_id: int) -> int | None:
        async with self.services.db.read() as connection:
            return (await guilds.user(connection, user_id)).dm_channel_id

    async def _keep_dm(self, user_id: int, channel_id: int) -> None:
        async with self.services.db.write() as connection:
            await guilds.set_user(connection, user_id, now=utcnow(), dm_channel_id=channel_id)

    async def _keep_hook(self, channel_id: int, guild_id: int, webhook_id: int | None, token: str | None) -> None:
        async with self.services.db.write() as connection:
            await guilds.set_channel(connection, channel_id, guild_id, webhook_id=webhook_id, webhook_token=token)

    def _ready(self) -> bool:
        return self.connection is None or self.connection.ready

    def _latency(self) -> float | None:
        return self.connection.latency if isinstance(self.connection, Connection) else None
