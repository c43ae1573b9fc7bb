"""An hour after a headline on a quoted metal its posts are edited, once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.prices.reactions import AFTER, queue_reactions
from storage import deliveries, entries, feeds, meta, outbox
from storage.database import Database
from storage.records import NewDelivery, Target
from tests.storage.test_reading import entry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """Two posted headlines of nine o'clock: one on gold, one on tin."""
    made = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'r.db'}")
    async with made.write() as c:
        feed, _ = await feeds.add(c, "https://1.example/", now=NOW)
        gold, tin = await entries.reserve_stories(c, 2)
        await entries.add_stories(c, [(gold, "Gold", NOW, NOW), (tin, "Tin", NOW, NOW)])
        await entries.add_entries(
            c, [entry(feed.id, 1, story_id=gold), entry(feed.id, 2, story_id=tin, facets=("mineral:tin",))]
        )
        for number, story in ((1, gold), (2, tin)):
            row = NewDelivery(Target("channel", number), f"story:{story}", "headline", NOW, NOW, NOW, story_id=story)
            await deliveries.enqueue(c, [row])
            await outbox.start(c, [number], batch_id=number, nonce=f"n{number}", now=NOW)
            await outbox.sent(c, [number], channel_id=number, message_id=100 + number, now=NOW)
        await meta.put(c, "reactions_until", str(int((NOW - timedelta(hours=1)).timestamp())))
    yield made
    await made.close()


async def edits(database: Database) -> int:
    async with database.read() as c:
        rows = await outbox.due_rows(c, NOW + timedelta(days=2), [Target("channel", 1), Target("channel", 2)])
    return sum(row.kind == "edit" for row in rows)


@pytest.mark.parametrize(
    ("minutes", "made"), [(30, 0), (61, 0), (62, 1), (90, 1), (60 * 11, 1), (60 * 24, 0)], ids=lambda n: f"{n}"
)
async def test_when_the_edit_is_queued(database: Database, minutes: int, made: int) -> None:
    assert await queue_reactions(database, NOW + timedelta(minutes=minutes)) == made
    assert await edits(database) == made


async def test_it_is_queued_once(database: Database) -> None:
    later = NOW + AFTER
    assert [await queue_reactions(database, later + timedelta(minutes=n)) for n in range(4)] == [1, 0, 0, 0]
