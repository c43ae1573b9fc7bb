"""`headframe backup` and `restore`, damage found at start, one process to a file."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import stat
from typing import TYPE_CHECKING

import pytest

from bot import cli
from bot.commands.lock import sole
from bot.errors import StartError
from bot.housekeeping import backups_of, open_database
from bot.preview import LocalDiscord, World
from storage import meta
from storage.backup import damage
from storage.database import Database
from storage.errors import Damaged, Unavailable
from tests.house import eventually
from tests.killing import environment, launch

if TYPE_CHECKING:
    from pathlib import Path


def url_of(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of the database that the commands use; not there yet."""
    path = tmp_path / "data" / "head frame?.db"  # characters that mean something in a file: URI
    monkeypatch.setenv("DATABASE_URL", url_of(path).replace("?", "%3F"))
    monkeypatch.chdir(tmp_path)
    return path


async def make(path: Path, value: str) -> None:
    db = await Database.open(url_of(path).replace("?", "%3F"))
    async with db.write() as connection:
        await meta.put(connection, "which", value)
        for n in range(300):
            await meta.put(connection, f"key{n}", "x" * 500)
    await db.close()


def which(path: Path) -> str:
    connection = sqlite3.connect(path)
    try:
        return str(connection.execute("SELECT value FROM meta WHERE key='which'").fetchone()[0])
    finally:
        connection.close()


def spoil(path: Path) -> None:
    """Overwrite pages in the middle, as a bad disk does."""
    with path.open("r+b") as file:
        size = path.stat().st_size
        for start in range(8192, size, 4096):
            file.seek(start)
            file.write(b"\xde\xad" * 200)


def run(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    status = cli.main(arguments)
    return status, capsys.readouterr().err


def test_backup_and_restore_bring_back_what_was(live: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(make(live, "first"))
    assert run("backup", str(tmp_path / "b.db"), capsys=capsys)[0] == 0
    asyncio.run(make(live, "second"))
    status, said = run("restore", str(tmp_path / "b.db"), capsys=capsys)
    assert (status, which(live)) == (0, "first")
    assert "restored" in said
    assert which(live.with_name(live.name + ".old")) == "second", "what was there is kept beside it"


def test_a_backup_takes_the_place_of_nothing_unless_it_is_told_to(
    live: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(make(live, "first"))
    notes, older = tmp_path / "notes.txt", tmp_path / "b.db"
    notes.write_text("dear diary")
    (tmp_path / "b.db.part").write_text("a download")
    assert run("backup", str(older), capsys=capsys)[0] == 0
    asyncio.run(make(live, "second"))
    for arguments, says in (
        ([str(notes)], "no sound Headframe database: it stays as it is"),
        ([str(notes), "--force"], "no sound Headframe database: it stays as it is"),
        ([str(older)], "is an older backup: name a new file, or replace it with --force"),
        ([str(tmp_path / "none" / "b.db")], "there is no folder"),
        ([str(tmp_path)], "is a folder: name a file in it"),
    ):
        status, said = run("backup", *arguments, capsys=capsys)
        assert (status, said.count("\n")) == (1, 1), "one sentence"
        assert says in said
    assert (notes.read_text(), which(older)) == ("dear diary", "first")
    assert not (tmp_path / "none").exists()
    assert run("backup", str(older), "--force", capsys=capsys)[0] == 0
    assert which(older) == "second"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["b.db", "b.db.part", "data", "notes.txt"]


async def test_a_database_in_use_elsewhere_is_not_replaced_by_a_backup(
    live: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await make(live, "mine")
    await make(tmp_path / "other.db", "theirs")
    db = await Database.open(url_of(tmp_path / "other.db"))
    async with db.read() as connection:
        await meta.get(connection, "which")
    status, said = await asyncio.to_thread(run, "backup", str(tmp_path / "other.db"), "--force", capsys=capsys)
    await db.close()
    assert status == 1
    assert "is a database in use" in said
    assert which(tmp_path / "other.db") == "theirs"


def test_restore_says_what_it_keeps_and_leaves_one_file_of_it(
    live: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(make(live, "first"))
    run("backup", str(tmp_path / "b.db"), capsys=capsys)
    left = sqlite3.connect(live)  # as a killed process leaves it: the last word is in the -wal alone
    left.execute("UPDATE meta SET value='last word' WHERE key='which'")
    left.commit()
    wal, shm = (live.with_name(live.name + suffix) for suffix in ("-wal", "-shm"))
    kept = wal.read_bytes(), shm.read_bytes()
    left.close()
    wal.write_bytes(kept[0])
    shm.write_bytes(kept[1])
    live.with_name(live.name + ".old-shm").write_bytes(b"of an earlier restore")
    old = live.with_name(live.name + ".old")
    said = run("restore", str(tmp_path / "b.db"), capsys=capsys)[1]
    assert f"what was there is kept as {old}" in said
    assert (which(live), which(old)) == ("first", "last word")
    beside = {one.name.removeprefix(live.name) for one in live.parent.iterdir()}
    assert beside <= {"", ".old", ".lock"}


def test_a_backup_is_for_the_owners_eyes_only(live: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(make(live, "first"))
    run("backup", str(tmp_path / "b.db"), capsys=capsys)
    for path in (live, tmp_path / "b.db"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def _newer(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num='9999'")
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_newer, "newer than this Headframe knows"),
        (spoil, "is damaged"),
        (lambda path: path.write_text("not a database " * 500), "is not a backup of Headframe"),
        (lambda path: path.unlink(), "there is no file"),
        (lambda path: (path.unlink(), sqlite3.connect(path).execute("CREATE TABLE x(y)")), "is not a backup of"),
    ],
    ids=["newer schema", "damaged", "not a database", "missing", "another program's"],
)
def test_what_is_no_good_backup_is_refused_and_nothing_changes(
    live: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: object, says: str
) -> None:
    asyncio.run(make(live, "mine"))
    other = tmp_path / "b.db"
    run("backup", str(other), capsys=capsys)
    change(other)  # type: ignore[operator]
    status, said = run("restore", str(other), capsys=capsys)
    assert status == 1
    assert says in said
    assert "Traceback" not in said
    assert which(live) == "mine"


def test_a_database_is_not_copied_onto_itself(live: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(make(live, "mine"))
    for command in ("backup", "restore"):
        status, said = run(command, str(live), capsys=capsys)
        assert status == 1
        assert "is the database itself" in said
    assert which(live) == "mine"


async def test_restore_is_refused_while_the_database_is_in_use(
    live: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await make(live, "mine")
    await asyncio.to_thread(run, "backup", str(tmp_path / "b.db"), capsys=capsys)
    db = await Database.open(url_of(live).replace("?", "%3F"))  # idle, no transaction open
    async with db.read() as connection:
        await meta.get(connection, "which")
    status, said = await asyncio.to_thread(run, "restore", str(tmp_path / "b.db"), capsys=capsys)
    await db.close()
    assert status == 1
    assert "stop Headframe first" in said


def test_restore_mends_a_damaged_database(live: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(make(live, "good"))
    run("backup", str(tmp_path / "b.db"), capsys=capsys)
    spoil(live)
    assert run("restore", str(tmp_path / "b.db"), capsys=capsys)[0] == 0
    assert which(live) == "good"


async def test_damage_is_found_at_start_and_the_newest_backup_named(tmp_path: Path) -> None:
    path = tmp_path / "headframe.db"
    await make(path, "good")
    db = await Database.open(url_of(path))
    for day in ("20261121", "20261122"):
        await db.backup(tmp_path / "backups" / f"headframe-{day}.db")
    await db.close()
    spoil(path)
    with pytest.raises(Damaged, match=r"damaged: restore the last backup .*headframe restore .*headframe-20261122\.db"):
        await open_database(url_of(path))


async def test_damage_without_a_backup_is_said_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "headframe.db"
    await make(path, "good")
    spoil(path)
    with pytest.raises(Damaged, match="the file is damaged"):
        await open_database(url_of(path))


async def test_a_damaged_database_is_not_copied_over_good_backups(tmp_path: Path) -> None:
    path = tmp_path / "headframe.db"
    await make(path, "good")
    db = await Database.open(url_of(path))
    await db.backup(tmp_path / "backups" / "headframe-20261121.db")
    async with db.read() as connection:
        await meta.get(connection, "which")
    connection_ = sqlite3.connect(path)
    connection_.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection_.close()
    spoil(path)
    with pytest.raises(Unavailable, match=r"damaged|malformed"):
        await db.backup(tmp_path / "backups" / "headframe-20261122.db")
    await db.close()
    assert [one.name for one in backups_of(path)] == ["headframe-20261121.db"]
    assert damage(backups_of(path)[0]) is None


def test_a_check_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    asyncio.run(make(tmp_path / "x.db", "v"))
    spoil(tmp_path / "x.db")
    assert damage(tmp_path / "x.db") is not None
    good = tmp_path / "y.db"
    connection = sqlite3.connect(good)
    connection.execute("CREATE TABLE t(x)")
    connection.executemany("INSERT INTO t VALUES(?)", [("x" * 100,)] * 60_000)
    connection.commit()
    connection.close()
    assert damage(good, within=-1.0) is None


def test_a_lock_is_held_by_one_and_freed_at_the_end(tmp_path: Path) -> None:
    with sole(tmp_path / "a.db"):
        with pytest.raises(StartError, match="another Headframe uses"), sole(tmp_path / "a.db"):
            pass
        with sole(tmp_path / "b.db"), sole(None):
            pass
    with sole(tmp_path / "a.db"):
        pass


@pytest.mark.skipif(os.name != "posix", reason="the lock is the system's flock")
async def test_a_second_process_on_the_same_file_is_refused(tmp_path: Path) -> None:
    async with await LocalDiscord.start(world=World.demo()) as local:
        env = environment(local, tmp_path)
        first = await launch(env)
        await eventually(lambda: (tmp_path / "killed.db.lock").exists())
        second = await launch(env)
        assert await asyncio.wait_for(second.wait(), 20) == 1
        first.send_signal(signal.SIGKILL)
        await first.wait()
        third = await launch(env)  # the lock of a killed process is free
        await eventually(lambda: local.gateway.connected, 30)
        third.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(third.wait(), 15) == 0
