"""Feeds and deliveries that belong to a process: claimed by one, given back when it is dead, never taken twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from storage import database, deliveries, entries, feeds, leases, outbox, schema, subscriptions
from storage.database import Database
from storage.errors import Unavailable
from storage.records import NewDelivery, Target
from tests.databases import fresh_postgres

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
ONE, TWO = 101, 202  # numbers of processes


@pytest.fixture
async def pg(postgres_server: str) -> AsyncIterator[Database]:
    database = await Database.open(await fresh_postgres(postgres_server))
    yield database
    await database.close()


async def queue(db: Database, channels: int, each: int = 1) -> list[Target]:
    targets = [Target("channel", 1000 + n) for n in range(channels)]
    rows = [
        NewDelivery(target, f"story:{n}", "headline", order_at=NOW, due_at=NOW, created_at=NOW, guild_id=1)
        for target in targets
        for n in range(each)
    ]
    async with db.write() as connection:
        await deliveries.enqueue(connection, rows)
    return targets


async def send(db: Database, target: Target, owner: int, *, now: datetime = NOW) -> None:
    """The first row of a target is on its way."""
    async with db.write() as connection:
        (row, *_rest) = await outbox.due_rows(connection, now, [target])
        await outbox.start(connection, [row.id], batch_id=row.id, nonce=f"hf-{row.id}", now=now, owner=owner)


async def states(db: Database) -> dict[str, int]:
    async with db.read() as connection:
        return await deliveries.states(connection)


async def test_the_feeds_of_a_dead_process_are_due_an_interval_after_their_claim(db: Database) -> None:
    async with db.write() as connection:
        for number, interval in ((1, 300), (2, None), (3, 300)):
            row = {"id": number, "url": f"http://f/{number}", "next_poll_at": NOW, "created_at": NOW}
            await feeds.bulk_insert(connection, [row | ({"interval_seconds": interval} if interval else {})])
        (one,) = await feeds.claim_due(connection, NOW, limit=1, lease_seconds=leases.POLLING_FOR, owner=ONE)
        rest = await feeds.claim_due(connection, NOW, limit=5, lease_seconds=leases.POLLING_FOR, owner=TWO)
        assert [one.id, *(feed.id for feed in rest)] == [1, 2, 3]
        assert await leases.owners(connection) == {ONE, TWO}
    if db.is_sqlite:
        return  # there a start frees everything (feeds.release_leases)
    async with db.write() as connection:
        assert await leases.free_feeds(connection, {TWO}, least=60, lease=leases.POLLING_FOR) == 2
        assert await leases.owners(connection) == {ONE}
        found = {feed.id: feed.next_poll_at for feed in await feeds.every(connection)}
    assert found[1] == NOW
    assert NOW + timedelta(seconds=60) <= found[2] <= NOW + timedelta(seconds=90)
    assert NOW + timedelta(seconds=300) <= found[3] <= NOW + timedelta(seconds=330)


async def test_what_a_dead_process_was_sending_is_the_same_message_again(db: Database) -> None:
    one, two = await queue(db, 2)
    await send(db, one, ONE)
    await send(db, two, TWO)
    async with db.write() as connection:
        assert await leases.owners(connection) == {ONE, TWO}
        assert await leases.settle(connection, {ONE}, NOW) == 1
    assert await states(db) == {"pending": 1, "sending": 1}
    async with db.read() as connection:
        (row,) = await outbox.due_rows(connection, NOW, [one])
    assert (row.nonce, row.batch_id, row.claimed_at) == (f"hf-{row.id}", row.id, NOW)


async def test_what_a_process_of_an_earlier_time_was_sending_belongs_to_nobody_alive(db: Database) -> None:
    one, two = await queue(db, 2)
    await send(db, one, 0)  # the only process on a SQLite file, whose database was then copied to a server
    async with db.write() as connection:
        old = schema.deliveries.update().where(schema.deliveries.c.target_id == two.id)
        await connection.execute(old.values(state="sending"))  # by a version that knew no owners
        assert await leases.owners(connection) == {0}
        assert await leases.settle(connection, {0}, NOW) == 2


async def test_a_lease_that_has_run_out_is_taken_from_the_living_too(db: Database) -> None:
    (target,) = await queue(db, 1)
    await send(db, target, ONE)
    later = NOW + leases.SENDING_FOR + timedelta(seconds=1)
    async with db.write() as connection:
        assert not await leases.overdue(connection, NOW)
        assert await leases.settle(connection, set(), NOW) == 0
        assert await leases.overdue(connection, later)
        assert await leases.settle(connection, set(), later) == 1


async def test_a_target_being_served_is_not_offered_to_anybody(db: Database) -> None:
    one, two = await queue(db, 2, each=3)
    await send(db, one, ONE)
    async with db.read() as connection:
        assert [target for target, _urgency in await outbox.due_targets(connection, NOW, limit=10)] == [two]


async def test_two_deliverers_share_the_targets_and_never_one(pg: Database) -> None:
    targets = await queue(pg, 10, each=2)
    async with pg.write() as first, pg.write() as second:
        mine = await leases.take_targets(first, targets, 4)
        others = await leases.take_targets(second, targets, 100)
    assert mine == targets[:4], "the most urgent ones, and no more than wanted"
    assert others == targets[4:]
    async with pg.write() as connection:
        assert await leases.take_targets(connection, targets, 100) == targets, "free again after the transactions"


async def test_a_target_whose_lock_is_free_but_whose_message_is_under_way_is_left(pg: Database) -> None:
    one, two = await queue(pg, 2, each=2)
    await send(pg, one, ONE)
    async with pg.write() as connection:
        assert await leases.take_targets(connection, [one, two], 5) == [two]
        assert await leases.take_targets(connection, [], 5) == []


async def test_a_user_and_a_channel_of_one_number_are_two(pg: Database) -> None:
    channel, user = Target("channel", 7), Target("user", 7)
    async with pg.write() as first, pg.write() as second:
        assert await leases.take_targets(first, [channel], 1) == [channel]
        assert await leases.take_targets(second, [user, channel], 2) == [user]


async def test_pollers_skip_what_another_is_claiming(pg: Database) -> None:
    async with pg.write() as connection:
        rows = [{"id": n, "url": f"http://f/{n}", "next_poll_at": NOW, "created_at": NOW} for n in range(1, 11)]
        await feeds.bulk_insert(connection, rows)
    async with pg.write() as first, pg.write() as second:
        mine = await feeds.claim_due(first, NOW, limit=4, lease_seconds=120, owner=ONE)
        others = await feeds.claim_due(second, NOW, limit=100, lease_seconds=120, owner=TWO)
    assert sorted(feed.id for feed in mine + others) == list(range(1, 11))
    assert len(mine) == 4


async def test_what_the_dead_hold_is_freed_by_one_process_at_a_time(pg: Database) -> None:
    async with pg.write() as one, pg.write() as two:
        assert await leases.taking_over(one)
        assert not await leases.taking_over(two)
    async with pg.write() as two:
        assert await leases.taking_over(two)


async def test_a_process_that_hangs_in_a_transaction_does_not_hold_up_the_others_for_ever(
    postgres_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = await fresh_postgres(postgres_server)  # migrating would take longer
    monkeypatch.setitem(database.SERVER, "idle_in_transaction_session_timeout", "500")
    hanging, living = await Database.open(url), await Database.open(url)
    with pytest.raises(Unavailable):
        async with hanging.write() as connection:
            assert await leases.storing(connection)
            async with living.write() as other:
                assert await leases.storing(other), "waits until the server has had enough of the first"
            await connection.execute(select(1))
    await hanging.close()
    await living.close()


async def test_on_one_engine_there_is_nobody_to_wait_for(db: Database) -> None:
    async with db.write() as connection:
        assert await leases.storing(connection) is not db.is_sqlite


async def test_entries_of_others_are_read_from_the_last_one_known(db: Database) -> None:
    async with db.write() as connection:
        await feeds.bulk_insert(connection, [{"id": 1, "url": "http://f", "next_poll_at": NOW, "created_at": NOW}])
        await entries.add_stories(connection, [(1, "t", NOW, NOW)])
        row = {"feed_id": 1, "first_seen_at": NOW, "story_id": 1, "silent": True}
        old = NOW - timedelta(days=9)
        for number, published, silent in ((1, NOW, False), (2, old, False), (3, old, True), (4, NOW, True)):
            more = {"identity": str(number), "title": f"t{number}", "published_at": published, "silent": silent}
            await connection.execute(schema.entries.insert().values(row | more))
        ids = [one.id for one in await connection.execute(select(schema.entries.c.id).order_by(schema.entries.c.id))]
        assert await entries.newest_id(connection) == ids[-1]
        found = await entries.after(connection, ids[0], timedelta(hours=48))
    assert [title for _id, _story, title, _at in found] == ["t2", "t4"], "what was old when its feed was added is none"


async def test_limits_are_found_without_holding_the_subscriptions_in_memory(db: Database) -> None:
    alike = {"scope_guild_id": 1, "target_kind": "channel", "target_id": 2, "query": "tin", "canonical": "tin"}
    rows = [alike | {"created_at": NOW, "updated_at": NOW, "max_per_hour": cap} for cap in (3, None, 5)]
    async with db.write() as connection:
        await subscriptions.bulk_insert(connection, rows)
        ids = sorted(await subscriptions.ids(connection))
        assert await subscriptions.caps(connection, ids[:2]) == {ids[0]: 3}
        assert await subscriptions.channels_of(connection, 1) == [Target("channel", 2)]
        assert await subscriptions.channels_of(connection, 2) == []
