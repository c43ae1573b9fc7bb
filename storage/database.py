"""Opening a database, transactions, migrations at start and backups. No table's meaning is known here.

SQLite: WAL, one writer (a lock around a connection of its own, `BEGIN IMMEDIATE`), a few readers that never wait for
it. PostgreSQL: ordinary transactions from one pool.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage.errors import NewerSchema, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy.engine import URL, Connection
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

HEAD: Final = "0001"  # the newest migration; a test holds it to storage/migrations
_PRAGMAS: Final = (
    "PRAGMA auto_vacuum=INCREMENTAL",  # takes effect only in a file that is still empty
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=5000",
    "PRAGMA temp_store=MEMORY",
)


class Database:
    """Open with `await Database.open(url)`; `read()` and `write()` give a connection inside a transaction."""

    def __init__(self, url: URL, writer: AsyncEngine, reader: AsyncEngine) -> None:
        self.url = url
        self._writer = writer
        self._reader = reader
        self._write_lock = asyncio.Lock()

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @property
    def path(self) -> Path | None:
        """The SQLite file; None for a server or an in-memory database."""
        name = self.url.database
        return Path(name) if self.is_sqlite and name and name != ":memory:" else None

    @classmethod
    async def open(cls, url: str, *, migrate: bool = True, readers: int = 3) -> Database:
        """Open (creating the file and its folder), check the schema's version and migrate it.

        Raises NewerSchema when a newer Headframe wrote it, Unavailable when it cannot be opened.
        """
        try:
            parsed = make_url(url)
        except ArgumentError as error:
            raise Unavailable(f"DATABASE_URL cannot be read ({error}); see .env.example for its form.") from error
        if parsed.get_backend_name() == "sqlite":
            writer, reader = _sqlite_engines(parsed, readers)
        else:
            writer = reader = create_async_engine(parsed, pool_size=8, max_overflow=4, pool_pre_ping=True)
        database = cls(parsed, writer, reader)
        try:
            await database._prepare(migrate=migrate)
        except (SQLAlchemyError, OSError) as error:
            await database.close()
            raise Unavailable(_explain(error, parsed)) from error
        except BaseException:
            await database.close()
            raise
        return database

    async def _prepare(self, *, migrate: bool) -> None:
        async with self.write() as connection:
            version = await connection.run_sync(_version)
            if version == HEAD:
                return
            if version is not None and version > HEAD:
                raise NewerSchema(
                    f"The database is of schema {version}, newer than this Headframe knows ({HEAD}): "
                    "upgrade Headframe, or restore a backup made by this version."
                )
            if migrate:
                from storage.migrations import upgrade  # Alembic is slow to import and rarely needed

                await connection.run_sync(upgrade)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A consistent view; takes no write lock."""
        async with self._reader.connect() as connection:
            try:
                yield connection
            finally:
                await connection.rollback()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed at the end, rolled back on any error. Raises Unavailable on a full disk etc."""
        if not self.is_sqlite:
            async with self._writer.begin() as connection:
                yield connection
            return
        async with self._write_lock:
            try:
                async with self._writer.begin() as connection:
                    yield connection
            except OperationalError as error:
                raise Unavailable(_explain(error, self.url)) from error

    async def close(self) -> None:
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()

    async def check(self) -> str | None:
        """None when the database is sound; else one sentence (SQLite's own quick check)."""
        try:
            async with self.read() as connection:
                if not self.is_sqlite:
                    await connection.execute(text("SELECT 1"))
                    return None
                answer = (await connection.execute(text("PRAGMA quick_check(1)"))).scalar_one()
        except SQLAlchemyError as error:
            return _explain(error, self.url)
        return None if answer == "ok" else f"the database is damaged: {answer}; restore the last backup."

    async def answers(self) -> str | None:
        """None when a question is answered; else one sentence. Cheap: for health checks."""
        try:
            async with self.read() as connection:
                await connection.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError) as error:
            return _explain(error, self.url)
        return None

    async def backup(self, target: Path) -> None:
        """Copy a consistent snapshot while in use (SQLite's online backup). Raises Unavailable."""
        if self.path is None:
            raise Unavailable("backup copies SQLite files; use pg_dump for PostgreSQL.")
        await asyncio.to_thread(copy_sqlite, self.path, target)


def sqlite_path(url: str) -> Path | None:
    """The file a DATABASE_URL names; None for a server. Raises Unavailable when it cannot be read."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise Unavailable(f"DATABASE_URL cannot be read ({error}); see .env.example for its form.") from error
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def copy_sqlite(source: Path, target: Path) -> None:
    """Snapshot `source` into `target` by way of a temporary file, verified, so that no half copy is left behind."""
    if not source.exists():
        raise Unavailable(f"there is no database at {source}.")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".part")
    partial.unlink(missing_ok=True)
    try:
        origin = sqlite3.connect(f"file:{source}?mode=ro", uri=True)
        copy = sqlite3.connect(partial)
        try:
            origin.backup(copy)
            # One file, no -wal beside it: the copy is complete by itself.
            copy.execute("PRAGMA journal_mode=DELETE")
            if copy.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise Unavailable(f"the copy of {source} is damaged; the database itself may be.")
        finally:
            copy.close()
            origin.close()
        partial.replace(target)
    except (sqlite3.Error, OSError) as error:
        raise Unavailable(f"could not copy {source} to {target}: {error}.") from error
    finally:
        partial.unlink(missing_ok=True)


def _version(connection: Connection) -> str | None:
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    version: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return version


def _sqlite_engines(url: URL, readers: int) -> tuple[AsyncEngine, AsyncEngine]:
    name = url.database
    if name and name != ":memory:":
        try:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(f"the folder of {name} cannot be made ({error.strerror}).") from error
    else:
        raise Unavailable("DATABASE_URL must name a file: the outbox has to survive a restart.")
    writer = create_async_engine(url, pool_size=1, max_overflow=0)
    reader = create_async_engine(url, pool_size=readers, max_overflow=2)
    for engine, begin in ((writer, "BEGIN IMMEDIATE"), (reader, "BEGIN")):
        _listen(engine, begin)
    return writer, reader


def _listen(engine: AsyncEngine, begin: str) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def _connect(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        # The driver's own transaction guessing is switched off: BEGIN is ours.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def _explain(error: Exception, url: URL) -> str:
    """One sentence with the mend for what a database error means to the operator."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    reason = str(cause).strip().rstrip(".")
    where = url.render_as_string(hide_password=True)
    mends = {
        "disk is full": "the disk is full: free some space",
        "readonly": "the file is read-only: check its owner and permissions",
        "read-only": "the file is read-only: check its owner and permissions",
        "unable to open": "the file cannot be opened: check that its folder exists and is writable",
        "malformed": "the file is damaged: restore the last backup (headframe restore FILE)",
        "not a database": "the file is not a SQLite database: check DATABASE_URL",
        "locked": "another process holds it: is a second Headframe running on it?",
        "connect": "the server does not answer: is it running, and is DATABASE_URL right?",
    }
    for sign, mend in mends.items():
        if sign in reason.lower():
            return f"Database {where}: {mend}. ({reason})"
    return f"Database {where}: {reason}."
