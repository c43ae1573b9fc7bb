"""SQLite → PostgreSQL: every row of every table, compared; all or nothing; ids count on."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, insert, select

from storage import copying, meta
from storage.copying import copy_all
from storage.database import Database
from storage.errors import StorageError, Unavailable
from storage.schema import deliveries, feeds, metadata, quotes, stories, subscriptions
from tests.databases import empty_postgres

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncConnection

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("pg")]


async def fill(connection: AsyncConnection) -> None:
    """Rows with what engines disagree about: order of texts, nulls, big numbers, decimals, JSON, booleans."""
    await connection.execute(
        insert(feeds),
        [
            {"id": n, "url": url, "next_poll_at": NOW, "created_at": NOW, "hints": {"ttl": n, "ü": [1, None]}}
            for n, url in enumerate(["http://b", "http://B", "http://ä", "http://a-1", "http://a1"], 1)
        ],
    )
    await connection.execute(
        insert(subscriptions),
        [
            {"id": n, "scope_guild_id": 2**62 + n, "target_kind": "channel", "target_id": 1, "query": "gold",
             "canonical": "gold", "created_at": NOW, "updated_at": NOW}
            for n in range(1, 2501)
        ],
    )  # fmt: skip
    await connection.execute(
        insert(quotes),
        [
            {"instrument": name, "basis": "spot", "at": NOW, "price": Decimal("4012.340"), "sources": "a,b"}
            for name in ("gold", "Gold", "iron_ore", "iron-ore", "fx:EUR")
        ],
    )
    for key in ("a", "B", "ä", "_", "~", "z"):
        await meta.put(connection, key, "„value“ 🪙")


@pytest.fixture
async def source(tmp_path: Path) -> AsyncIterator[str]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'old.db'}"
    db = await Database.open(url)
    async with db.write() as connection:
        await fill(connection)
    await db.close()
    return url


@pytest.fixture
def target(postgres_server: str) -> str:
    return empty_postgres(postgres_server)


async def rows_of(url: str) -> int:
    db = await Database.open(url)
    async with db.read() as connection:
        total = 0
        for table in metadata.sorted_tables:
            total += (await connection.execute(select(func.count()).select_from(table))).scalar_one()
    await db.close()
    return total


async def test_every_table_arrives_whole(source: str, target: str) -> None:
    copied = await copy_all(source, target)
    assert set(copied) == {table.name for table in metadata.sorted_tables}
    assert (copied["feeds"], copied["subscriptions"], copied["quotes"], copied["meta"]) == (5, 2500, 5, 6)
    assert await rows_of(target) == 2516


async def test_new_rows_count_on_after_the_copied_ones(source: str, target: str) -> None:
    await copy_all(source, target)
    db = await Database.open(target)
    async with db.write() as connection:
        made = await connection.execute(
            insert(feeds).values(url="http://new", next_poll_at=NOW, created_at=NOW).returning(feeds.c.id)
        )
        assert made.scalar_one() == 6
        empty = insert(stories).values(title="t", first_seen_at=NOW, published_at=NOW, updated_at=NOW)
        assert (await connection.execute(empty.returning(stories.c.id))).scalar_one() == 1
    await db.close()


async def test_a_target_that_is_not_empty_is_refused_and_left_as_it_is(source: str, target: str) -> None:
    db = await Database.open(target)
    async with db.write() as connection:
        await meta.put(connection, "mine", "1")
    await db.close()
    with pytest.raises(Unavailable, match="not empty"):
        await copy_all(source, target)
    assert await rows_of(target) == 1


async def test_a_copy_that_differs_is_not_kept(source: str, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = copying._fingerprint

    async def altered(connection: AsyncConnection, table: object) -> tuple[int, str]:
        count, print_ = await real(connection, table)  # type: ignore[arg-type]
        return count, print_[::-1] if table is subscriptions else print_

    monkeypatch.setattr(copying, "_fingerprint", altered)
    with pytest.raises(StorageError, match="subscriptions differs"):
        await copy_all(source, target)
    assert await rows_of(target) == 0


async def test_a_row_the_target_cannot_hold_is_said_in_a_sentence(source: str, target: str) -> None:
    db = await Database.open(source)
    async with db.write() as connection:
        await meta.put(connection, "bad", "nul\x00inside")
    await db.close()
    with pytest.raises(StorageError, match="invalid byte sequence"):
        await copy_all(source, target)
    assert await rows_of(target) == 0


async def test_the_same_database_is_no_target(source: str) -> None:
    with pytest.raises(Unavailable, match=r"same database|not empty"):
        await copy_all(source, source)


async def test_deliveries_keep_their_nonces(source: str, target: str) -> None:
    db = await Database.open(source)
    async with db.write() as connection:
        await connection.execute(
            insert(deliveries),
            {"id": 77, "target_kind": "user", "target_id": 5, "dedupe_key": "story:1", "kind": "headline",
             "state": "sending", "order_at": NOW, "created_at": NOW, "nonce": "hf1-77", "batch_id": 77},
        )  # fmt: skip
    await db.close()
    await copy_all(source, target)
    db = await Database.open(target)
    async with db.read() as connection:
        row = (await connection.execute(select(deliveries.c.nonce, deliveries.c.state))).one()
    await db.close()
    assert tuple(row) == ("hf1-77", "sending")
