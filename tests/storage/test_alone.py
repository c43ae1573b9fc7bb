"""One process to a PostgreSQL database; the lock is free when its holder is gone, and taken anew after an outage."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from storage.alone import Alone
from storage.database import Database
from tests import postgres

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("pg")]


async def test_only_one_holds_it_and_it_is_free_afterwards(postgres_server: str) -> None:
    db = await Database.open(postgres.new_database(postgres_server, f"t{uuid.uuid4().hex}"))
    first, second = Alone(db), Alone(db)
    assert await first.take()
    assert await first.take(), "asking again is no second holder"
    assert not await second.take()
    await first.release()
    assert await second.take()
    assert not await first.take()
    await second.release()
    await db.close()


async def test_a_lock_lost_with_its_connection_is_taken_anew(postgres_server: str) -> None:
    db = await Database.open(postgres.new_database(postgres_server, f"t{uuid.uuid4().hex}"))
    first, second = Alone(db), Alone(db)
    assert await first.take()
    async with db.write() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
            )
        )
    assert await first.take()
    assert not await second.take()
    await first.release()
    await db.close()


async def test_two_databases_of_one_server_do_not_meet(postgres_server: str) -> None:
    one = await Database.open(postgres.new_database(postgres_server, f"t{uuid.uuid4().hex}"))
    two = await Database.open(postgres.new_database(postgres_server, f"t{uuid.uuid4().hex}"))
    first, second = Alone(one), Alone(two)
    assert await first.take()
    assert await second.take()
    for held in (first, second):
        await held.release()
    for db in (one, two):
        await db.close()


async def test_sqlite_is_not_asked(tmp_path: Path) -> None:
    db = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'a.db'}")
    assert await Alone(db).take()
    await db.close()
