"""Several processes on one PostgreSQL: numbers, shards, jobs and notices; all of it gone with its connection."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from storage.database import HEAD, Database
from storage.locks import Lock
from storage.member import Member
from storage.notify import tell
from tests.databases import empty_postgres
from tests.house import eventually
from tests.members import members

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncConnection

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("pg")]


async def cut(connection: AsyncConnection, application: str = "headframe member") -> None:
    """The server ends the processes' own connections, as a fail-over would."""
    await connection.execute(
        text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = :name AND datname = current_database()"
        ),
        {"name": application},
    )


async def test_everybody_alive_is_known_by_number_and_nobody_else(postgres_server: str) -> None:
    async with members(postgres_server, 3) as (_db, (one, two, three)):
        assert await one.holders(Lock.MEMBER) == {one.number, two.number, three.number}
        await three.leave()
        await eventually(lambda: _are(one, {one.number, two.number}))


async def _are(member: Member, numbers: set[int]) -> bool:
    return await member.holders(Lock.MEMBER) == numbers


async def test_a_shard_has_one_process_and_is_free_when_that_is_gone(postgres_server: str) -> None:
    async with members(postgres_server, 2) as (_db, (one, two)):
        assert await one.hold(Lock.SHARD, 3)
        assert await one.hold(Lock.SHARD, 3), "asking again is no second holder"
        assert await two.hold(Lock.SHARD, 4)
        assert not await two.hold(Lock.SHARD, 3)
        await one.leave()
        await eventually(lambda: two.hold(Lock.SHARD, 3))


async def test_turns_of_one_kind_are_apart_over_all_processes_and_others_do_not_wait(postgres_server: str) -> None:
    """As Discord wants its identifies: one each five seconds in each of `max_concurrency` groups."""
    async with members(postgres_server, 3) as (_db, (one, two, three)):
        began = time.monotonic()
        assert await one.turn(Lock.IDENTIFY, 0, 0.3)
        waiting = asyncio.create_task(two.turn(Lock.IDENTIFY, 0, 60.0))
        assert await three.turn(Lock.IDENTIFY, 1, 0.0), "another group"
        assert await waiting
        assert time.monotonic() - began >= 0.3
        last = asyncio.create_task(three.turn(Lock.IDENTIFY, 0, 0.0))
        await two.leave()  # what its end amounts to: its turn is over
        assert await last


async def test_a_job_moves_to_another_process_when_its_own_ends(postgres_server: str) -> None:
    async with members(postgres_server, 2) as (_db, (one, two)):
        assert await one.leads("prices")
        assert not await two.leads("prices")
        assert await two.leads("round"), "each job by itself"
        await one.leave()
        await eventually(lambda: two.leads("prices"))


async def test_a_notice_is_heard_after_the_commit_and_not_after_a_rollback(postgres_server: str) -> None:
    async with members(postgres_server, 2) as (db, made):
        heard: list[list[str]] = [[], []]
        for one, list_ in zip(made, heard, strict=True):
            one.heard = list_.append
        with pytest.raises(RuntimeError):
            async with db.write() as connection:
                await tell(connection, "subscriptions", "1")
                raise RuntimeError
        async with db.write() as connection:
            await tell(connection, "subscriptions", "2")
            await tell(connection, "subscriptions", "2")
            await tell(connection, "outbox")
        await eventually(lambda: all(len(one) == 2 for one in heard))
        assert heard == [["subscriptions 2", "outbox"]] * 2


async def test_after_a_lost_connection_all_is_held_heard_and_told_again(postgres_server: str) -> None:
    async with members(postgres_server, 2) as (db, (one, two)):
        again = [asyncio.Event(), asyncio.Event()]
        for member, event in zip((one, two), again, strict=True):
            member.rejoined = event.set
        assert await one.hold(Lock.SHARD, 1)
        assert await one.leads("prices")
        async with db.write() as connection:
            await cut(connection)
        for event in again:
            await asyncio.wait_for(event.wait(), 20)
        await eventually(lambda: one.whole and two.whole)
        await eventually(lambda: _are(two, {one.number, two.number}))
        assert not await two.hold(Lock.SHARD, 1)
        heard: list[str] = []
        one.heard = heard.append
        async with db.write() as connection:
            await tell(connection, "alerts")
        await eventually(lambda: heard == ["alerts"])


async def test_what_another_took_meanwhile_is_missed_until_it_is_free(postgres_server: str) -> None:
    async with members(postgres_server, 2) as (db, (one, two)):
        assert await one.hold(Lock.SHARD, 1)
        await two.leave()
        async with db.read() as connection:
            await cut(connection)
            await eventually(lambda: _lock(connection))
            await eventually(lambda: not one.whole)
        # The pool's connection keeps no lock of a transaction, but this one is of the session.
        await db.close()
        await eventually(lambda: one.whole)


async def _lock(connection: AsyncConnection) -> bool:
    row = await connection.execute(text(f"SELECT pg_try_advisory_lock({int(Lock.SHARD)}, 1)"))
    return bool(row.scalar_one())


async def test_processes_that_start_at_once_on_an_empty_database_make_its_tables_once(postgres_server: str) -> None:
    url = empty_postgres(postgres_server)
    opened = await asyncio.gather(*(Database.open(url) for _ in range(4)))
    assert {await db.schema() for db in opened} == {HEAD}
    for db in opened:
        await db.close()


async def test_two_databases_of_one_server_do_not_meet(postgres_server: str) -> None:
    async with members(postgres_server, 1) as (_one_db, (one,)), members(postgres_server, 1) as (_two_db, (two,)):
        assert await one.hold(Lock.SHARD, 1)
        assert await two.hold(Lock.SHARD, 1)
        assert await one.holders(Lock.MEMBER) == {one.number}


async def test_on_sqlite_the_one_process_has_everything(tmp_path: Path) -> None:
    db = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'a.db'}")
    alone = Member(db)
    await alone.join()
    assert await alone.hold(Lock.SHARD, 1)
    assert await alone.leads("prices")
    assert await alone.holders(Lock.MEMBER) == {0}
    await alone.leave()
    await db.close()
