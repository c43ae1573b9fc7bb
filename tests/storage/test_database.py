"""Opening, migrating, refusing, transactions and backups."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from storage import meta
from storage.backup import copy_sqlite
from storage.database import HEAD, Database
from storage.errors import NewerSchema, Unavailable
from storage.migrations import config
from storage.schema import metadata

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import Connection


def url_of(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


async def test_the_migrations_make_exactly_the_tables_of_the_schema(db: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    async with db.write() as connection:
        assert await connection.run_sync(differences) == []


async def test_the_newest_migration_is_the_one_the_code_expects(db: Database) -> None:
    async with db.write() as connection:
        heads = await connection.run_sync(lambda sync: ScriptDirectory.from_config(config(sync)).get_heads())
        assert heads == [HEAD]
        assert (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one() == HEAD


async def test_a_database_of_a_newer_version_is_refused_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    database = await Database.open(url_of(path))
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await database.close()
    with pytest.raises(NewerSchema, match="schema 9999, newer than this Headframe knows .* upgrade Headframe"):
        await Database.open(url_of(path))


async def test_an_error_rolls_everything_back(db: Database) -> None:
    with pytest.raises(RuntimeError):
        async with db.write() as connection:
            await meta.put(connection, "half", "done")
            raise RuntimeError
    async with db.read() as connection:
        assert await meta.get(connection, "half") is None


async def test_readers_do_not_wait_for_the_writer(db: Database) -> None:
    async with db.write() as writing:
        await meta.put(writing, "key", "value")
        async with asyncio.timeout(5), db.read() as reading:
            assert await meta.get(reading, "key") is None, "not committed yet"
    async with db.read() as reading:
        assert await meta.get(reading, "key") == "value"


async def test_many_writers_at_once_each_count(db: Database) -> None:
    async def count() -> None:
        async with db.write() as connection:
            await meta.count(connection, "n")

    await asyncio.gather(*(count() for _ in range(40)))
    async with db.read() as connection:
        assert await meta.get(connection, "n") == "40"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "DATABASE_URL cannot be read"),
        ("sqlite+aiosqlite://", "must name a file"),
        ("sqlite+aiosqlite:////proc/nowhere/x.db", "cannot be made"),
        ("postgresql+asyncpg://x@127.0.0.1:1/none", "is it running"),
    ],
)
async def test_what_cannot_be_opened_says_what_to_do(url: str, says: str) -> None:
    with pytest.raises(Unavailable, match=says):
        await Database.open(url)


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.db"
    path.write_text("not a database, but long enough to be read as a header " * 40)
    with pytest.raises(Unavailable, match="not a SQLite database"):
        await Database.open(url_of(path))


async def test_a_backup_made_while_writing_is_whole(tmp_path: Path) -> None:
    database = await Database.open(url_of(tmp_path / "live.db"))
    stop = asyncio.Event()

    async def write() -> None:
        n = 0
        while not stop.is_set():
            n += 1
            async with database.write() as connection:
                await meta.put(connection, f"key{n % 50}", "x" * 500)

    task = asyncio.create_task(write())
    await asyncio.sleep(0)
    await database.backup(tmp_path / "copy.db")
    stop.set()
    await task
    await database.close()
    copy = await Database.open(url_of(tmp_path / "copy.db"))
    assert await copy.check() is None
    await copy.close()
    assert not list(tmp_path.glob("*.part"))


def test_a_backup_that_fails_leaves_nothing_half_done(tmp_path: Path) -> None:
    source = tmp_path / "text.db"
    source.write_text("this is not a database " * 100)
    with pytest.raises(Unavailable):
        copy_sqlite(source, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()
    assert not list(tmp_path.glob("*.part"))


async def test_a_full_disk_is_said_and_survived(tmp_path: Path) -> None:
    database = await Database.open(url_of(tmp_path / "small.db"))
    async with database.write() as connection:
        pages = (await connection.execute(text("PRAGMA page_count"))).scalar_one()
        await connection.execute(text(f"PRAGMA max_page_count = {pages + 2}"))
    with pytest.raises(Unavailable, match="disk is full: free some space"):
        async with database.write() as connection:
            await meta.put(connection, "big", "x" * 100_000)
    async with database.write() as connection:
        await connection.execute(text("PRAGMA max_page_count = 1000000"))
    async with database.write() as connection:
        await meta.put(connection, "big", "x" * 100_000)
    await database.close()


async def test_sqlite_is_set_up_for_one_writer_and_many_readers(tmp_path: Path) -> None:
    database = await Database.open(url_of(tmp_path / "pragmas.db"))
    async with database.read() as connection:
        found = {
            name: (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    await database.close()
    assert found == {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "busy_timeout": 5000}
    assert sqlite3.connect(tmp_path / "pragmas.db").execute("PRAGMA integrity_check").fetchone() == ("ok",)
