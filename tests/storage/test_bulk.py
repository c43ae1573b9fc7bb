"""Rows written many at a time, on each engine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from storage import deliveries, feeds
from storage.records import NewDelivery, Target
from storage.schema import deliveries as table

if TYPE_CHECKING:
    from storage.database import Database

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


async def test_what_is_queued_is_counted_and_what_was_there_is_left_alone(db: Database) -> None:
    rows = [
        NewDelivery(Target("channel", n), "story:1", "headline", NOW, NOW, NOW, payload={"n": n, "é": None})
        for n in range(3)
    ]
    async with db.write() as c:
        assert await deliveries.enqueue(c, rows[:2]) == 2
        assert await deliveries.enqueue(c, [*rows, rows[2]]) == 1, "two were there; the third is given twice"
    async with db.read() as c:
        found = (await c.execute(select(table.c.target_id, table.c.payload, table.c.due_at).order_by("id"))).all()
    assert [tuple(row) for row in found] == [(n, {"n": n, "é": None}, NOW) for n in range(3)]


async def test_how_polls_went_is_written_whatever_columns_each_has(db: Database) -> None:
    async with db.write() as c:
        first, second = [(await feeds.add(c, f"https://{n}.example/", now=NOW))[0] for n in range(2)]
        await feeds.save_many(
            c,
            [
                {"id": first.id, "etag": '"a"', "hints": {"skip_hours": [1, 2]}, "last_poll_at": NOW},
                {"id": second.id, "failures": 2},
                {"id": second.id},
            ],
        )
    async with db.read() as c:
        one, two = await feeds.get(c, first.id), await feeds.get(c, second.id)
    assert one is not None
    assert two is not None
    assert (one.etag, one.hints, one.last_poll_at, one.failures) == ('"a"', {"skip_hours": [1, 2]}, NOW, 0)
    assert (two.etag, two.hints, two.failures) == (None, None, 2)
