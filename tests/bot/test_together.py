"""Two newsrooms on one PostgreSQL: what one changes the other knows, and together they are one."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text

from bot.app import App
from bot.clock import utcnow
from bot.desk import follows, people
from bot.jobs import Jobs
from bot.prices.demo import DemoWire
from bot.prices.model import Standing
from bot.settings import Settings
from storage import deliveries, feeds, guilds, outbox, quotes, schema, subscriptions
from storage.quotes import Quote
from storage.records import NewDelivery, NewSubscription, Target
from tests.bot.prices.conftest import OPEN, an_alert
from tests.databases import fresh_postgres
from tests.feedserver import FeedServer
from tests.house import Wire, eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("several")]
GUILD = 11
CHANNEL = Target("channel", 22)


@dataclass
class Two:
    one: App
    two: App
    server: FeedServer
    apps: list[App] = field(default_factory=list)

    async def rows(self, table: Any) -> list[Any]:
        async with self.one.services.db.read() as connection:
            return list(await connection.execute(select(table).order_by(table.c.id)))

    async def cut(self) -> None:
        """Every process loses the connection its locks and ears hang on."""
        async with self.one.services.db.write() as connection:
            await connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name = 'headframe member' AND datname = current_database()"
                )
            )


@asynccontextmanager
async def two(server_address: str, **roles: Any) -> AsyncIterator[Two]:
    """Two started processes in one: no connection to Discord, nothing polls by itself."""
    url = await fresh_postgres(server_address)
    values = {
        "database_url": url,
        "discord_token": SecretStr("x"),
        "headframe_allow_private": "127.0.0.0/8",
        "headframe_min_poll_seconds": 1,
        "headframe_max_poll_seconds": 1,
        "headframe_roles": "poll,deliver",
    }
    apps: list[App] = []
    async with FeedServer() as server:
        try:
            for _ in range(2):
                app = await App.build(Settings(_env_file=None, **values | roles), demo_prices=DemoWire())
                apps.append(app)
                await app.start()
                app.scheduler.stop()
            yield Two(apps[0], apps[1], server, apps)
        finally:
            for app in apps:
                await app.stop()


def new(query: str = "gold") -> NewSubscription:
    return NewSubscription(GUILD, "channel", CHANNEL.id, query, query)


async def test_what_is_followed_in_one_process_is_matched_in_the_other(postgres_server: str) -> None:
    async with two(postgres_server) as t:
        one, other = t.one.services, t.two.services
        made, _fresh = await follows.follow(one, new())
        await eventually(lambda: other.book.get(made.id))
        await follows.change(one, made, query="silver", canonical="silver")
        await eventually(lambda: other.book.get(made.id).query == "silver")  # type: ignore[union-attr]
        await follows.end(one, made)
        await eventually(lambda: other.book.get(made.id) is None)
        async with one.db.write() as connection:
            alike = {"scope_guild_id": GUILD, "target_kind": "user", "query": "tin", "canonical": "tin"}
            when = {"created_at": utcnow(), "updated_at": utcnow()}
            rows = [alike | when | {"target_id": n, "owner_id": n} for n in range(1, 4)]
            await subscriptions.bulk_insert(connection, rows)
        await eventually(lambda: len(other.book) == 3)
        await people.delete(one, 2)
        await eventually(lambda: len(other.book) == 2)
        async with one.db.write() as connection:
            await guilds.forget_guild(connection, GUILD)
        await eventually(lambda: len(other.book) == 0)
        assert other.book.ids() == set()


async def test_what_changed_while_nobody_listened_is_found_by_its_version(postgres_server: str) -> None:
    async with two(postgres_server) as t:
        one, other = t.one.services, t.two.services
        gone, _fresh = await follows.follow(one, new("gold"))
        await eventually(lambda: other.book.get(gone.id))
        t.two.member.heard = lambda _notice: None  # deaf
        made, _fresh = await follows.follow(one, new("silver"))
        await follows.end(one, gone)
        await t.two.together.following.catch_up()
        assert other.book.ids() == {made.id}


async def test_after_a_lost_connection_everything_is_read_again(postgres_server: str) -> None:
    async with two(postgres_server) as t:
        one, other = t.one.services, t.two.services
        await t.cut()
        made, _fresh = await follows.follow(one, new())
        await one.routes.lose(CHANNEL, GUILD, "missing:send_messages", utcnow(), seen=True)
        await eventually(lambda: other.book.get(made.id))
        await eventually(lambda: CHANNEL in other.routes.lost)


async def test_the_same_headline_read_by_two_processes_at_once_is_one_story_and_one_delivery(
    postgres_server: str,
) -> None:
    async with two(postgres_server) as t:
        wires = [Wire(t.server, "/a.xml", []), Wire(t.server, "/b.xml", [])]
        read = []
        for wire, app in zip(wires, t.apps, strict=True):
            wire.publish("Quiet beginning of the wire")
            async with app.services.db.write() as connection:
                feed, _new = await feeds.add(connection, wire.url, now=utcnow())
                await feeds.link(connection, GUILD, feed.id, added_by=None, now=utcnow())
            await app.services.pipeline.poll(feed)
            read.append(feed.id)
        made, _fresh = await follows.follow(t.one.services, new())
        await eventually(lambda: t.two.services.book.get(made.id))
        for number in range(8):
            for wire in wires:
                wire.publish(f"Barrick closes gold mine no {number:04d} in Ghana after flood")
            polls = []
            for app, feed_id in zip(t.apps, read, strict=True):
                async with app.services.db.read() as connection:
                    known = await feeds.get(connection, feed_id)
                assert known is not None
                polls.append(app.services.pipeline.poll(known))
            await asyncio.gather(*polls)
        entries = [row for row in await t.rows(schema.entries) if "Barrick" in row.title]
        assert len(entries) == 16
        assert len({row.story_id for row in entries}) == 8
        assert len({row.dedupe_key for row in await t.rows(schema.deliveries)}) == 8
        assert len(await t.rows(schema.deliveries)) == 8


async def test_a_route_lost_here_is_lost_there_and_restored_for_both(postgres_server: str) -> None:
    async with two(postgres_server) as t:
        one, other = t.one.services, t.two.services
        now = utcnow()
        async with one.db.write() as connection:
            row = NewDelivery(CHANNEL, "story:1", "headline", now, now, now, guild_id=GUILD)
            await deliveries.enqueue(connection, [row])
        for target in (CHANNEL, Target("user", 5)):
            await one.routes.lose(target, GUILD, "missing:send_messages", now, seen=True)
            await eventually(lambda target=target: target in other.routes.lost)
            await other.routes.restore(target, utcnow())
            await eventually(lambda target=target: target not in one.routes.lost)
        async with one.db.read() as connection:
            assert await outbox.any_due(connection, utcnow()), "what was held is due again"


async def test_a_process_that_does_not_ask_for_prices_answers_with_those_stored_and_its_alerts_are_judged(
    postgres_server: str,
) -> None:
    async with two(postgres_server) as t:
        asking, answering = t.one.services.prices, t.two.services.prices
        assert asking is not None
        assert answering is not None
        at = OPEN - timedelta(seconds=30)
        async with t.one.services.db.write() as connection:
            rows = [Quote("gold", "spot", at, Decimal(4200), "a,b"), Quote("silver", "spot", at, Decimal(50), "a")]
            await quotes.add(connection, rows)
        await answering.follow(OPEN)
        gold, silver = answering.quote("gold", OPEN), answering.quote("silver", OPEN)
        assert gold is not None
        assert (gold.price, gold.standing, set(gold.sources), gold.as_of) == (4200, Standing.AGREED, {"a", "b"}, at)
        assert silver is not None
        assert (silver.price, silver.standing) == (50, Standing.SINGLE)
        later = answering.quote("gold", OPEN + timedelta(hours=1))
        assert later is not None
        assert later.standing is Standing.STALE, "the process that asks has fallen silent"
        made = await answering.alerts.add(an_alert())
        await eventually(lambda: asking.alerts.get(made.id))
        await answering.alerts.remove(made.id)
        await eventually(lambda: asking.alerts.get(made.id) is None)


async def test_a_dead_process_leaves_its_jobs_feeds_and_messages_to_the_other(postgres_server: str) -> None:
    async with two(postgres_server) as t:
        assert await t.one.member.leads("prices")
        await eventually(lambda: t.one.member.leads("take over"))
        assert not await t.two.member.leads("prices")
        now = utcnow()
        async with t.one.services.db.write() as connection:
            await deliveries.enqueue(connection, [NewDelivery(CHANNEL, "story:1", "headline", now, now, now)])
            (row,) = await outbox.due_rows(connection, now, [CHANNEL])
            await outbox.start(connection, [row.id], batch_id=1, nonce="hf", now=now, owner=t.one.member.number)
            await feeds.add(connection, "http://127.0.0.1/x", now=now)
            await feeds.claim_due(connection, now, limit=1, lease_seconds=120, owner=t.one.member.number)
        assert (await t.rows(schema.deliveries))[0].state == "sending"
        await t.one.member.leave()  # what its end amounts to for the others
        talk = asyncio.create_task(_talk(t.two))
        await eventually(lambda: _pending(t))
        talk.cancel()
        assert (await t.rows(schema.feeds))[0].lease_until is None
        assert (await t.rows(schema.feeds))[0].next_poll_at > now + timedelta(seconds=1)
        assert await t.two.member.leads("prices")


async def test_a_process_that_leads_and_does_nothing_is_not_waited_for(
    postgres_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.together._DOUBT_EVERY", 0.2)
    async with two(postgres_server) as t:
        await eventually(lambda: t.one.member.leads("take over"))
        await t.one.together.stop()  # alive, and stuck
        now = utcnow()
        async with t.one.services.db.write() as connection:
            await deliveries.enqueue(connection, [NewDelivery(CHANNEL, "story:1", "headline", now, now, now)])
            (row,) = await outbox.due_rows(connection, now, [CHANNEL])
            await outbox.start(connection, [row.id], batch_id=1, nonce="hf", now=now, owner=2**31 - 1)  # nobody
        await eventually(lambda: _pending(t))
        assert await t.one.member.leads("take over")


async def test_a_process_that_is_still_starting_takes_no_lead(postgres_server: str) -> None:
    async with two(postgres_server) as t:
        await eventually(lambda: t.one.member.leads("take over"))
        third = await App.build(t.one.services.settings)
        try:
            await third._join()
            await t.one.member.leave()
            await eventually(lambda: t.two.member.leads("take over"))
            assert third.member._leading == set()
        finally:
            await third.stop()


async def _talk(app: App) -> None:
    """Notices without a pause."""
    while True:
        app.together._heard("alerts")
        await asyncio.sleep(0.05)


async def _pending(t: Two) -> bool:
    return (await t.rows(schema.deliveries))[0].state == "pending"


async def test_those_that_send_share_the_rate(postgres_server: str) -> None:
    async with two(postgres_server) as t:
        await eventually(lambda: t.one.gate.bucket.rate == t.two.gate.bucket.rate == 22.5)
        assert t.one.gate.bucket.window.limit + t.two.gate.bucket.window.limit < 50
        await t.two.together.stop()
        await t.two.member.leave()
        await eventually(lambda: t.one.gate.bucket.rate == 45.0)


async def test_each_process_plans_the_jobs_of_its_roles(postgres_server: str) -> None:
    planned: dict[str, set[str]] = {}
    async with two(postgres_server, headframe_roles="deliver") as t:
        for roles in ("poll", "gateway", "deliver"):
            services = replace(t.one.services)
            services.settings = t.one.services.settings.model_copy(update={"headframe_roles": (roles,)})
            names = planned[roles] = set()
            every: Any = SimpleNamespace(
                every=lambda _seconds, _job, name, names=names: names.add(name),
                cron=lambda _when, _job, name, names=names: names.add(name),
            )
            Jobs(services, t.one.keeper, t.one.member).plan(every, None)
    assert planned["gateway"] == planned["deliver"] == {"minute", "mend", "prices"}
    assert planned["poll"] - planned["deliver"] == {
        "poll", "care", "round", "mineral of the week", "market reaction", "price housekeeping",
    }  # fmt: skip
