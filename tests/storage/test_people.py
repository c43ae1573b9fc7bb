"""Subscriptions, settings and the right to be forgotten, on each engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import BigInteger, Text, cast, func, or_, select

from storage import deliveries, feeds, guilds, price_alerts, subscriptions
from storage.records import NewDelivery, NewSubscription, Target
from storage.schema import metadata
from storage.types import ExactDecimal, JsonText, UtcSeconds

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.database import Database

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PERSON = 987654321987654321


def follow(**changes: object) -> NewSubscription:
    values: dict[str, object] = {
        "scope_guild_id": 1, "target_kind": "channel", "target_id": 10, "query": "gold", "canonical": "gold"
    }  # fmt: skip
    return NewSubscription(**{**values, **changes})  # type: ignore[arg-type]


async def test_every_change_of_a_subscription_raises_the_version(db: Database) -> None:
    async with db.write() as c:
        before = await subscriptions.version(c)
        made = await subscriptions.add(c, follow(), now=NOW)
        changed = await subscriptions.set_fields(c, made.id, now=NOW, mode="daily")
        assert changed is not None
        assert changed.mode == "daily"
        assert await subscriptions.remove(c, made.id)
        assert not await subscriptions.remove(c, made.id)
        assert await subscriptions.version(c) >= before + 3


async def test_ending_a_subscription_drops_what_was_queued_for_it(db: Database) -> None:
    async with db.write() as c:
        made = await subscriptions.add(c, follow(), now=NOW)
        await deliveries.enqueue(
            c,
            [
                NewDelivery(Target("channel", 10), f"story:{n}", "headline", NOW, NOW, NOW, subscription_id=made.id)
                for n in range(3)
            ],
        )
        await subscriptions.remove(c, made.id)
        assert await deliveries.states(c) == {"dropped": 3}


async def test_all_subscriptions_can_be_walked_in_chunks(db: Database) -> None:
    async with db.write() as c:
        for number in range(30):
            await subscriptions.add(c, follow(target_id=number), now=NOW)
    async with db.read() as c:
        seen = [one.target_id async for one in subscriptions.every(c)]
    assert sorted(seen) == list(range(30))


async def test_paused_subscriptions_fall_due_to_resume(db: Database) -> None:
    async with db.write() as c:
        made = await subscriptions.add(c, follow(), now=NOW)
        await subscriptions.set_fields(c, made.id, now=NOW, state="paused", paused_until=NOW + timedelta(hours=8))
        assert await subscriptions.due_to_resume(c, NOW) == []
        assert await subscriptions.due_to_resume(c, NOW + timedelta(hours=9)) == [made.id]


async def test_settings_are_kept_and_changed_one_by_one(db: Database) -> None:
    async with db.write() as c:
        await guilds.set_guild(c, 1, now=NOW, timezone="Europe/Paris")
        await guilds.set_guild(c, 1, now=NOW, language="fr")
        found = await guilds.guild(c, 1)
        channel = await guilds.set_channel(c, 10, 1, style="line")
        person = await guilds.set_user(c, PERSON, now=NOW, quiet_start=1320, quiet_end=420)
    assert (found.timezone, found.language, found.default_feeds) == ("Europe/Paris", "fr", False)
    assert (channel.style, channel.route) == ("line", "ok")
    assert (person.quiet_start, person.timezone) == (1320, None)


async def test_after_forgetting_a_person_no_table_holds_their_id(db: Database) -> None:
    async with db.write() as c:
        feed, _ = await feeds.add(c, "https://a.example/", now=NOW)
        await feeds.link(c, 1, feed.id, added_by=PERSON, now=NOW)
        mine = await subscriptions.add(
            c, follow(target_kind="user", target_id=PERSON, owner_id=PERSON, created_by=PERSON), now=NOW
        )
        here = await subscriptions.add(c, follow(target_id=11, owner_id=PERSON, created_by=PERSON), now=NOW)
        servers = await subscriptions.add(c, follow(created_by=PERSON), now=NOW)
        await guilds.set_user(c, PERSON, now=NOW, dm_channel_id=5)
        await deliveries.enqueue(
            c,
            [
                NewDelivery(Target("user", PERSON), "story:1", "headline", NOW, NOW, NOW, subscription_id=mine.id),
                NewDelivery(Target("channel", 11), "story:1", "headline", NOW, NOW, NOW, subscription_id=here.id),
                NewDelivery(Target("channel", 10), "story:1", "headline", NOW, NOW, NOW, subscription_id=servers.id),
            ],
        )
        await price_alerts.add(
            c,
            price_alerts.PriceAlert(
                0, PERSON, 1, "user", PERSON, "gold", "above", Decimal(4500), None, None, "USD", "oz t", NOW
            ),
        )
    async with db.write() as c:
        assert await holding(c, PERSON), "the search itself works"
        await guilds.forget_user(c, PERSON)
    async with db.read() as c:
        assert await holding(c, PERSON) == []
        assert await deliveries.states(c) == {"pending": 1}, "the server's own follow goes on"
        assert await subscriptions.get(c, servers.id) is not None


async def holding(connection: AsyncConnection, number: int) -> list[str]:
    """Columns of all tables in which a number stands, in numbers and in text."""
    found = []
    for table in metadata.tables.values():
        for column in table.columns:
            if isinstance(column.type, UtcSeconds | ExactDecimal):
                continue
            if isinstance(column.type, Text | JsonText):
                test = cast(column, Text).contains(str(number))
            elif isinstance(column.type, BigInteger):
                test = column == number
            else:
                continue
            if (await connection.execute(select(func.count()).select_from(table).where(or_(test)))).scalar():
                found.append(f"{table.name}.{column.name}")
    return found


async def test_after_forgetting_a_server_no_table_holds_its_id(db: Database) -> None:
    server = PERSON + 1
    async with db.write() as c:
        feed, _ = await feeds.add(c, "https://a.example/", now=NOW)
        await feeds.link(c, server, feed.id, added_by=None, now=NOW)
        await guilds.set_guild(c, server, now=NOW, timezone="Europe/Paris", setup={"follows": {"gold": 10}})
        await guilds.set_channel(c, 10, server, style="line")
        for changes in ({}, {"owner_id": 7}, {"owner_id": 7, "target_kind": "user", "target_id": 7}):
            made = await subscriptions.add(c, follow(scope_guild_id=server, **changes), now=NOW)
            row = NewDelivery(made.target, "story:1", "headline", NOW, NOW, NOW, server, subscription_id=made.id)
            await deliveries.enqueue(c, [row])
        await price_alerts.add(
            c,
            price_alerts.PriceAlert(
                0, 7, server, "channel", 10, "gold", "above", Decimal(4500), None, None, "USD", "oz t", NOW
            ),
        )
        assert len(await holding(c, server)) >= 5
        await guilds.forget_guild(c, server)
        assert await holding(c, server) == []


@pytest.mark.parametrize("kept", ["stories", "entries", "feeds"])
async def test_leaving_a_server_takes_its_rows_and_no_news(db: Database, kept: str) -> None:
    async with db.write() as c:
        feed, _ = await feeds.add(c, "https://a.example/", now=NOW)
        await feeds.link(c, 1, feed.id, added_by=None, now=NOW)
        await feeds.link(c, 2, feed.id, added_by=None, now=NOW)
        await subscriptions.add(c, follow(), now=NOW)
        await guilds.set_guild(c, 1, now=NOW, language="es")
        await guilds.forget_guild(c, 1)
        assert await subscriptions.of_guild(c, 1) == []
        assert await feeds.readers(c, [feed.id]) == {feed.id: {2}}
        assert (await guilds.guild(c, 1)).language is None
        assert kept in metadata.tables
