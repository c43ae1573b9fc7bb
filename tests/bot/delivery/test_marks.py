"""What is out is written down: at once when little is, together when much is; who waits is told of a failure."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from bot.delivery.marks import Marks
from storage import deliveries
from storage.database import Database
from storage.errors import Unavailable
from storage.outbox import Begun, Out, start_many
from tests.bot.delivery.seed import channel, now, seed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncConnection


class Counted(Database):
    """Counts its transactions; `broken` ones end as on a full disk."""

    writes = 0
    broken = False

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        self.writes += 1
        async with super().write() as connection:
            yield connection
            if self.broken:
                raise Unavailable("the disk is full")


@asynccontextmanager
async def begun(tmp_path: Path, count: int) -> AsyncIterator[Counted]:
    """A database with so many messages on their way, their deliveries numbered from 1."""
    database = await Counted.open(f"sqlite+aiosqlite:///{tmp_path / 'marks.db'}")
    assert isinstance(database, Counted)
    await seed(database, ["Gold one"], [(channel(5 + number), 1) for number in range(count)])
    async with database.write() as connection:
        await start_many(connection, [Begun((n,), n, f"hf-{n}") for n in range(1, count + 1)], now=now())
    database.writes = 0
    yield database
    await database.close()


def out(number: int) -> Out:
    return Out((number,), 5, 1000 + number, now())


async def test_the_first_is_written_at_once_and_what_comes_close_behind_together(tmp_path: Path) -> None:
    async with begun(tmp_path, 9) as database:
        marks = Marks(database)
        await marks.add(out(1))
        assert database.writes == 1
        await asyncio.gather(*(marks.add(out(number)) for number in range(2, 10)))
        assert database.writes == 2
        async with database.read() as connection:
            found = [await deliveries.get(connection, number) for number in range(1, 10)]
        assert [(one.state, one.message_id) for one in found if one] == [("sent", 1000 + n) for n in range(1, 10)]


async def test_all_are_told_of_a_transaction_that_failed_and_may_ask_again(tmp_path: Path) -> None:
    async with begun(tmp_path, 3) as database:
        marks = Marks(database)
        database.broken = True
        told = await asyncio.gather(*(marks.add(out(number)) for number in (1, 2, 3)), return_exceptions=True)
        assert [type(one) for one in told] == [Unavailable] * 3
        database.broken = False
        await asyncio.gather(*(marks.add(out(number)) for number in (1, 2, 3)))
        async with database.read() as connection:
            assert await deliveries.states(connection) == {"sent": 3}


async def test_a_message_begun_again_keeps_the_time_of_its_first_attempt(tmp_path: Path) -> None:
    async with begun(tmp_path, 2) as database:
        async with database.read() as connection:
            before = await deliveries.get(connection, 1)
        assert before is not None
        assert before.claimed_at is not None
        async with database.write() as connection:
            later = before.claimed_at.replace(year=before.claimed_at.year + 1)
            await start_many(connection, [Begun((1, 2), 1, "hf-1")], now=later)
        async with database.read() as connection:
            rows = [await deliveries.get(connection, number) for number in (1, 2)]
        for row in rows:
            assert row is not None
            assert (row.state, row.batch_id, row.nonce, row.attempts) == ("sending", 1, "hf-1", 2)
            assert row.claimed_at == before.claimed_at


@pytest.mark.parametrize("messages", [[], [Begun((), 1, "hf-1")]])
async def test_nothing_to_begin_is_nothing_to_do(tmp_path: Path, messages: list[Begun]) -> None:
    async with begun(tmp_path, 1) as database, database.write() as connection:
        await start_many(connection, messages, now=now())
