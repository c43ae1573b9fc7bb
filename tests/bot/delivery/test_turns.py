"""Round robin by urgency; who is away waits whole; the queue is not looked through at every step."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from bot.delivery.turns import Turns
from storage.database import Database
from tests.bot.delivery.seed import channel, now, seed
from tests.databases import fresh_sqlite

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.records import Target

A, B, C, D = (channel(number) for number in range(1, 5))


def turns(found: dict[Target, int]) -> tuple[Turns, list[float]]:
    time = [100.0]
    made = Turns(clock=lambda: time[0])
    made.found = dict(found)
    return made, time


def test_the_most_urgent_goes_first_and_of_equals_the_one_served_longest_ago() -> None:
    made, _time = turns({A: 1, B: 1, C: 2, D: 0})
    assert made.take(2, ()) == [D, A]
    made.found = {A: 1, B: 1, C: 2, D: 0}
    assert made.take(3, ()) == [D, B, A]
    assert made.take(3, ()) == [C]


def test_a_thousand_waiting_channels_do_not_starve_one() -> None:
    many = {channel(number): 1 for number in range(1000)}
    made, _time = turns(many)
    served: list[Target] = []
    for _ in range(1000 // 50 + 1):
        served += made.take(50, ())
        made.found = dict(many)  # each has more to send at once
    assert set(many) <= set(served)


def test_who_is_busy_or_away_is_passed_over_and_looked_at_again_in_time() -> None:
    made, time = turns({A: 1, B: 1, C: 1})
    made.send_away(A, 5.0)
    assert made.take(3, {B}) == [C]
    assert made.pause() == 0.5
    time[0] += 4.9
    assert made.take(3, {B}) == []
    assert made.pause() == 0.2
    time[0] += 0.2
    assert made.take(3, {B}) == [A]
    assert made.pause() is None


async def test_a_look_at_the_queue_serves_many_claims_until_there_is_news(tmp_path: Path) -> None:
    database = await Database.open(await fresh_sqlite(tmp_path / "turns.db"))
    made, time = turns({})
    await seed(database, ["Gold"], [(A, 1), (B, 1)])
    await made.find(database, now())
    assert made.take(1, ()) == [A]
    await seed(database, ["Gold two"], [(C, 1)])
    await made.find(database, now())
    assert list(made.found) == [B], "nobody told of it yet, and there is enough to do"
    made.tell()
    await made.find(database, now())
    assert list(made.found) == [A, B, C]
    made.take(2, ())
    time[0] += 1.0
    await made.find(database, now())
    assert list(made.found) == [A, B, C], "what falls due by the hour is seen a second later at most"
    await database.close()


@pytest.mark.parametrize(("takes", "rests"), [(0.01, 1.0), (0.1, 2.0), (3.0, 5.0)])
async def test_a_look_that_takes_long_is_taken_less_often(tmp_path: Path, takes: float, rests: float) -> None:
    made, time = turns({})

    class Slow(Database):
        looks = 0

        @asynccontextmanager
        async def read(self) -> AsyncIterator[AsyncConnection]:
            Slow.looks += 1
            time[0] += takes
            async with super().read() as connection:
                yield connection

    database = await Slow.open(f"sqlite+aiosqlite:///{tmp_path / 'turns.db'}")
    await seed(database, ["Gold"], [(A, 1)])
    await made.find(database, now())
    Slow.looks = 0
    time[0] += rests - 0.01
    await made.find(database, now())
    assert Slow.looks == 0
    time[0] += 0.02
    await made.find(database, now())
    assert Slow.looks == 1
    await database.close()
