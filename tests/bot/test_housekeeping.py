"""The daily round runs when it should; a full disk and a read-only database are told once and recovered from."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from bot import housekeeping
from bot.housekeeping import HEARTBEAT, ROUND, Keeper, backups_of, round_due
from storage import guilds, meta, subscriptions
from storage.database import Database
from storage.errors import Unavailable
from storage.records import NewSubscription
from tests import postgres

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NOW = datetime(2026, 11, 23, 3, 5, tzinfo=UTC)


class Lines:
    """Stands in for the module's logger, whatever level is set: (level, event, fields) of each line."""

    def __init__(self) -> None:
        self.written: list[tuple[str, str, dict[str, object]]] = []

    def __getattr__(self, level: str) -> Any:
        return lambda event, **fields: self.written.append((level, event, fields))

    @property
    def levels(self) -> list[str]:
        return [level for level, _event, _fields in self.written if level != "debug"]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Lines:
    made = Lines()
    monkeypatch.setattr(housekeeping, "log", made)
    return made


class Book:
    def __init__(self) -> None:
        self.dropped: list[int] = []

    def drop(self, subscription_id: int) -> None:
        self.dropped.append(subscription_id)


def services_for(db: Database, keep: int = 3) -> Any:
    """The parts of `Services` that housekeeping uses."""
    return SimpleNamespace(
        db=db,
        settings=SimpleNamespace(headframe_backups=keep),
        pipeline=SimpleNamespace(listed_pieces=dict),
        outbox=SimpleNamespace(wake=lambda: None),
        book=Book(),
        prices=None,
    )


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'headframe.db'}")
    yield database
    await database.close()


@pytest.mark.parametrize(
    ("last", "hour", "due"),
    [
        (None, 15, True),
        (timedelta(hours=24), 3, True),
        (timedelta(hours=24), 15, False),
        (timedelta(minutes=30), 3, False),
        (timedelta(hours=13), 3, True),
        (timedelta(hours=49), 15, True),
        (timedelta(hours=47), 15, False),
    ],
    ids=["never", "a day ago, at night", "a day ago, by day", "just now", "by day, at night", "missed", "not yet"],
)
def test_the_round_runs_at_night_or_when_missed(last: timedelta | None, hour: int, due: bool) -> None:
    now = NOW.replace(hour=hour)
    assert round_due(now - last if last is not None else None, now) is due


def test_a_machine_that_is_never_on_at_night_still_gets_a_round_every_two_days() -> None:
    last, runs = NOW.replace(hour=9), 0
    for hours in range(6, 24 * 10):
        now = NOW + timedelta(hours=hours)
        if 9 <= now.hour < 18 and round_due(last, now):
            last, runs = now, runs + 1
    assert 4 <= runs <= 6


async def test_a_round_runs_once_and_leaves_a_backup(home: Database) -> None:
    keeper = Keeper(services_for(home))
    assert await keeper.round(NOW) is True
    assert await keeper.round(NOW + timedelta(minutes=10)) is False
    assert home.path is not None
    assert [one.name for one in backups_of(home.path)] == ["headframe-20261123.db"]
    copy = await Database.open(f"sqlite+aiosqlite:///{backups_of(home.path)[0]}")
    async with copy.read() as connection:
        assert await meta.get(connection, ROUND) == str(int(NOW.timestamp()))
    await copy.close()


@pytest.mark.parametrize(("keep", "left"), [(3, ["25", "24", "23"]), (1, ["25"]), (0, [])])
async def test_only_the_newest_backups_are_kept(home: Database, keep: int, left: list[str]) -> None:
    keeper = Keeper(services_for(home, keep))
    for day in range(21, 26):
        await keeper.back_up(NOW.replace(day=day))
    assert home.path is not None
    assert [one.stem[-2:] for one in backups_of(home.path)] == left


async def test_a_part_that_fails_does_not_stop_the_next(
    home: Database, monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> None:
    async def failing(*_a: object, **_k: object) -> None:
        raise Unavailable("no")

    monkeypatch.setattr(housekeeping, "tidy", failing)
    assert await Keeper(services_for(home)).round(NOW) is True
    assert home.path is not None
    assert len(backups_of(home.path)) == 1
    assert [fields["part"] for level, _event, fields in lines.written if level == "error"] == ["tidy"]


async def test_a_server_left_thirty_days_ago_is_forgotten(home: Database) -> None:
    services = services_for(home)
    async with home.write() as connection:
        await guilds.set_guild(connection, 1, now=NOW, left_at=NOW - timedelta(days=31))
        await guilds.set_guild(connection, 2, now=NOW, left_at=NOW - timedelta(days=29))
        await guilds.set_guild(connection, 3, now=NOW)
        theirs, others = [
            await subscriptions.add(connection, NewSubscription(guild_id, "channel", 5, "gold", "gold"), now=NOW)
            for guild_id in (1, 2)
        ]
    await Keeper(services).forget_guilds(NOW)
    assert services.book.dropped == [theirs.id]
    async with home.read() as connection:
        rows = await connection.execute(text("SELECT guild_id FROM guild_settings ORDER BY 1"))
        assert [row[0] for row in rows] == [2, 3]
        assert await subscriptions.get(connection, others.id) is not None


async def trouble_and_back(db: Database, lines: Lines, begin: Any, end: Any, says: str) -> None:
    """However often it is tried: one line when it begins, one when it ends, and all works again."""
    keeper = Keeper(services_for(db))
    keeper.watch()
    await keeper.minute(NOW)
    assert await db.answers() is None
    await begin()
    for n in range(5):
        with pytest.raises(Unavailable):
            async with db.write() as connection:
                await meta.put(connection, "big", "x" * 500_000)
        await keeper.minute(NOW + timedelta(seconds=n))
    assert says in (await db.answers() or ""), "health checks say so although a read works"
    assert [level for level, event, _fields in lines.written if "the database cannot be used" in event] == ["error"]
    await end()
    await keeper.mend()
    assert await db.answers() is None
    assert [level for level, event, _fields in lines.written if "the database works again" in event] == ["info"]
    async with db.write() as connection:
        await meta.put(connection, "big", "x" * 500_000)
    async with db.read() as connection:
        assert await meta.get(connection, HEARTBEAT) is not None


async def test_a_read_only_database_is_told_once_and_recovers(home: Database, lines: Lines) -> None:
    async def readonly(on: bool) -> None:
        engine = home._writer
        async with engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            await (await driver.execute(f"PRAGMA query_only = {int(on)}")).close()

    await trouble_and_back(home, lines, lambda: readonly(True), lambda: readonly(False), "read-only")


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="mounting a small disk needs root")
async def test_a_full_disk_is_told_once_and_recovers(tmp_path: Path, lines: Lines) -> None:
    """A real one: a file system of three megabytes, filled to the last byte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no mounting here: {mounted.stderr.decode().strip()}")
    try:
        db = await Database.open(f"sqlite+aiosqlite:///{disk / 'headframe.db'}")
        filler = disk / "filler"

        async def fill() -> None:
            with filler.open("wb", buffering=0) as file:
                try:
                    while True:
                        file.write(b"x" * 4096)
                except OSError:
                    pass

        async def free() -> None:
            filler.unlink()

        try:
            await trouble_and_back(db, lines, fill, free, "the disk is full: free some space")
        finally:
            await db.close()
    finally:
        subprocess.run(["umount", disk], check=False)


@pytest.mark.postgres
@pytest.mark.xdist_group("pg")
async def test_a_server_that_goes_away_and_comes_back(postgres_server: str, lines: Lines) -> None:
    """The server closes every connection and takes no new ones: the same one line, and it goes on by itself."""
    name = "going_away"
    db = await Database.open(postgres.new_database(postgres_server, name))
    admin = await Database.open(postgres.new_database(postgres_server, "admin_db"))

    async def sql(statement: str) -> None:
        async with admin._writer.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(text(statement))

    async def away() -> None:
        await sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

    async def back() -> None:
        await sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    await trouble_and_back(db, lines, away, back, "Database postgresql")
    await db.close()
    await admin.close()


async def test_a_disk_that_fills_up_is_warned_of_once(
    home: Database, monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> None:
    free = iter([10**9, 10**6, 10**6, 10**6, 10**9, 10**9])
    monkeypatch.setattr(Keeper, "free_space", lambda _self: next(free))
    keeper = Keeper(services_for(home))
    for _ in range(6):
        await keeper.minute(NOW)
    assert lines.levels == ["warning", "info"]
