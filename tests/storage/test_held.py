"""What waits for a target that cannot be reached: it keeps its hour, ages by what it is, and no edit is forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from storage import deliveries, held, outbox
from storage.records import NewDelivery, Target

if TYPE_CHECKING:
    from storage.database import Database

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DAY = timedelta(hours=24)
PLACE = Target("channel", 10)


async def waiting(db: Database, **changes: Any) -> None:
    """One row that waits for the channel."""
    fields: dict[str, Any] = {"order_at": NOW, "due_at": NOW, "created_at": NOW, **changes}
    reason = fields.pop("reason", None)
    async with db.write() as c:
        await deliveries.enqueue(c, [NewDelivery(PLACE, "story:1", fields.pop("kind", "headline"), **fields)])
        if reason:
            await outbox.hold(c, [1], reason=reason, due_at=fields["due_at"])


@pytest.mark.parametrize(
    ("row", "after", "state", "reason", "due"),
    [
        ({}, timedelta(hours=1), "pending", None, timedelta(hours=1)),
        ({}, timedelta(hours=25), "dropped", "older than 24 h when the channel could be reached again", None),
        # A digest keeps its hour, and its day counts from there.
        ({"mode": "daily", "due_at": NOW + timedelta(hours=20)}, timedelta(hours=1), "pending", None,
         timedelta(hours=20)),
        ({"mode": "daily", "due_at": NOW + timedelta(hours=23)}, timedelta(hours=25), "pending", None,
         timedelta(hours=25)),
        ({"mode": "daily", "due_at": NOW + timedelta(hours=23)}, timedelta(hours=48), "dropped",
         "older than 24 h when the channel could be reached again", None),
        # So does what quiet hours and a cap hold back, and it stays a list.
        ({"reason": "quiet", "due_at": NOW + timedelta(hours=8)}, timedelta(hours=1), "pending", "quiet",
         timedelta(hours=8)),
        ({"reason": "cap", "due_at": NOW + timedelta(hours=1)}, timedelta(hours=2), "pending", "cap",
         timedelta(hours=2)),
        ({"kind": "edit", "priority": 3}, timedelta(hours=1), "pending", None, timedelta(hours=1)),
    ],
    ids=["headline", "old headline", "digest to come", "digest missed", "digest long missed", "quiet", "cap", "edit"],
)  # fmt: skip
async def test_what_was_held_goes_on_at_its_hour(
    db: Database, row: dict[str, Any], after: timedelta, state: str, reason: str | None, due: timedelta | None
) -> None:
    await waiting(db, **row)
    async with db.write() as c:
        assert await held.hold_target(c, PLACE) == 1
        before = await deliveries.get(c, 1)
        assert before is not None
        assert before.state == "held"
        released = await held.release(c, PLACE, now=NOW + after, fresh=DAY)
        found = await deliveries.get(c, 1)
    assert found is not None
    assert (found.state, found.reason) == (state, reason)
    assert found.due_at == (NOW + due if due is not None else None)
    assert released == ((1, 0) if state == "pending" else (0, 1))


async def test_what_is_held_for_a_day_is_dropped_with_its_reason(db: Database) -> None:
    await waiting(db)
    async with db.write() as c:
        await held.hold_target(c, PLACE)
        assert await held.expire_held(c, now=NOW + timedelta(hours=23), fresh=DAY) == 0
        assert await held.expire_held(c, now=NOW + timedelta(hours=25), fresh=DAY) == 1
        found = await deliveries.get(c, 1)
    assert found is not None
    assert (found.state, found.reason) == ("dropped", "not delivered within 24 h: it could not be reached")


async def test_an_edit_queued_anew_while_it_is_made_is_not_taken_for_made(db: Database) -> None:
    await waiting(db, kind="edit", priority=3)
    async with db.write() as c:
        await outbox.start(c, [1], batch_id=1, nonce="n", now=NOW)
        await outbox.retry(c, [1], due_at=NOW, reason="its title changed once more")
        await outbox.sent(c, [1], channel_id=10, message_id=5, now=NOW)
        assert await deliveries.states(c) == {"pending": 1}
