"""Round robin by urgency; who is away waits whole; the queue is not looked through at every step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.delivery.turns import Turns
from storage.database import Database
from tests.bot.delivery.seed import channel, now, seed
from tests.databases import fresh_sqlite

if TYPE_CHECKING:
    from pathlib import Path

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
