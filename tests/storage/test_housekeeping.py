"""What is old and finished goes, what a feed still lists stays, and the file shrinks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, insert, select, text, update

from storage import housekeeping
from storage.backup import give_back
from storage.database import Database
from storage.schema import deliveries, entries, entry_facets, feeds, guild_feeds, stories

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Table

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
OLD = NOW - timedelta(days=91)
YOUNG = NOW - timedelta(days=89)


async def feed(db: Database, number: int, **values: object) -> None:
    row = {"id": number, "url": f"http://f/{number}", "next_poll_at": NOW, "created_at": OLD, **values}
    async with db.write() as connection:
        await connection.execute(insert(feeds), row)


async def add(db: Database, feed_id: int, numbers: range, at: datetime, *, piece: bool = True) -> None:
    """Entries, oldest number first, each with a story of the same id."""
    async with db.write() as connection:
        await connection.execute(
            insert(stories),
            [{"id": n, "title": "t", "first_seen_at": at, "published_at": at, "updated_at": at} for n in numbers],
        )
        await connection.execute(
            insert(entries),
            [
                {"id": n, "feed_id": feed_id, "identity": f"i{n}", "title": "t", "first_seen_at": at,
                 "piece": f"p{n}" if piece else None, "story_id": n}
                for n in numbers
            ],
        )  # fmt: skip
        await connection.execute(insert(entry_facets), [{"facet": "mineral:gold", "entry_id": n} for n in numbers])


async def count(db: Database, table: Table) -> int:
    async with db.read() as connection:
        return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())


async def ids(db: Database, table: Table) -> set[int]:
    async with db.read() as connection:
        return {row.id for row in await connection.execute(select(table.c.id))}


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "KEEP_PER_FEED", 5)
    monkeypatch.setattr(housekeeping, "KEEP_UNCUT", 8)
    monkeypatch.setattr(housekeeping, "_CHUNK", 7)


async def test_entries_past_ninety_days_go_with_their_facets_and_stories(db: Database) -> None:
    await feed(db, 1)
    await add(db, 1, range(1, 31), OLD)
    await add(db, 1, range(31, 36), YOUNG)
    done = await housekeeping.tidy(db, NOW, listed={1: frozenset({"p35"})})
    assert (done.entries, done.stories) == (30, 30)
    assert await ids(db, entries) == set(range(31, 36))
    assert await ids(db, stories) == set(range(31, 36))
    assert await count(db, entry_facets) == 5


async def test_young_entries_stay_however_many(db: Database) -> None:
    await feed(db, 1)
    await add(db, 1, range(1, 31), YOUNG)
    assert (await housekeeping.tidy(db, NOW, listed={1: frozenset({"p1"})})).entries == 0


async def test_what_a_feed_still_lists_is_never_forgotten(db: Database) -> None:
    await feed(db, 1)
    await add(db, 1, range(1, 31), OLD)
    await housekeeping.tidy(db, NOW, listed={1: frozenset({"p2", "p3"})})
    assert await ids(db, entries) == {2, 3, *range(26, 31)}


async def test_a_feed_whose_list_is_not_known_is_left_alone(db: Database) -> None:
    await feed(db, 1)
    await add(db, 1, range(1, 31), OLD)
    assert (await housekeeping.tidy(db, NOW, listed={})).entries == 0


async def test_a_feed_that_is_not_cut_into_pieces_keeps_more(db: Database) -> None:
    await feed(db, 1)
    await add(db, 1, range(1, 31), OLD, piece=False)
    await housekeeping.tidy(db, NOW, listed={1: frozenset()})
    assert await ids(db, entries) == set(range(23, 31))


async def test_a_feed_nobody_reads_goes_after_ninety_days(db: Database) -> None:
    await feed(db, 1, state="retired", last_poll_at=OLD)
    await feed(db, 2, state="retired", last_poll_at=YOUNG)
    await feed(db, 3, last_poll_at=OLD)
    for number in (1, 2, 3):
        await add(db, number, range(number * 100, number * 100 + 10), OLD)
    done = await housekeeping.tidy(db, NOW, listed={})
    assert done.feeds == 1
    assert await ids(db, feeds) == {2, 3}
    assert len(await ids(db, entries)) == 20


async def test_a_retired_feed_that_is_still_listed_begins_silently_when_taken_up_again(db: Database) -> None:
    await feed(db, 1, state="retired", last_poll_at=OLD, primed_at=OLD, etag="e", body_hash="h")
    await add(db, 1, range(1, 5), OLD)
    async with db.write() as connection:
        await connection.execute(insert(guild_feeds), {"guild_id": 9, "feed_id": 1, "added_at": OLD})
    assert (await housekeeping.tidy(db, NOW, listed={})).feeds == 0
    async with db.read() as connection:
        row = (await connection.execute(select(feeds.c.primed_at, feeds.c.etag, feeds.c.body_hash))).one()
    assert tuple(row) == (None, None, None), "its entries are forgotten, so the next read is a first one"
    assert await count(db, entries) == 0


async def test_the_newest_story_stays_so_that_its_number_is_not_used_again(db: Database) -> None:
    await feed(db, 1, state="retired", last_poll_at=OLD)
    await add(db, 1, range(1, 5), OLD)
    await housekeeping.tidy(db, NOW, listed={})
    assert await ids(db, stories) == {4}


@pytest.mark.parametrize(
    ("state", "age", "stays"),
    [("sent", 31, False), ("dropped", 31, False), ("held", 31, False), ("pending", 31, True), ("sending", 31, True),
     ("sent", 29, True)],
)  # fmt: skip
async def test_deliveries_go_thirty_days_after_they_are_done(db: Database, state: str, age: int, stays: bool) -> None:
    at = NOW - timedelta(days=age)
    async with db.write() as connection:
        await connection.execute(
            insert(deliveries),
            [
                {"target_kind": "channel", "target_id": 1, "dedupe_key": f"story:{n}", "kind": "headline",
                 "state": state, "order_at": at, "created_at": at}
                for n in range(20)
            ],
        )  # fmt: skip
    done = await housekeeping.tidy(db, NOW, listed={})
    assert done.deliveries == (0 if stays else 20)
    assert await count(db, deliveries) == (20 if stays else 0)


async def test_the_file_gives_its_pages_back_while_it_is_in_use(tmp_path: Path) -> None:
    db = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")
    await feed(db, 1)
    await add(db, 1, range(1, 2001), OLD)
    async with db.write() as connection:
        await connection.execute(update(entries).values(summary="x" * 2000))
    async with db.read() as connection:  # a reader at work does not stop it
        await connection.execute(select(entries.c.id).limit(1))
        full = int((await connection.execute(text("PRAGMA page_count"))).scalar_one())
    await housekeeping.tidy(db, NOW, listed={1: frozenset({"p1"})})
    async with db.read() as connection:
        left = int((await connection.execute(text("PRAGMA page_count"))).scalar_one())
        free = int((await connection.execute(text("PRAGMA freelist_count"))).scalar_one())
    await db.close()
    assert free == 0
    assert left < full / 5
    assert give_back(tmp_path / "x.db", 10) == 0
