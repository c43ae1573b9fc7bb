"""Opening a database, transactions, migrations at start and backups. No table's meaning is known here.

SQLite: WAL, one writer (a lock around a connection of its own, `BEGIN IMMEDIATE`), a few readers that never wait for
it. PostgreSQL: ordinary transactions from one pool.
"""

from __future__ import annotations

import asyncio
import shutil
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import event, make_url, text
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage.backup import copy_sqlite, create_private, damage, give_back
from storage.errors import Damaged, NewerSchema, Unavailable
from storage.explain import DAMAGED, FULL, explain, sentence
from storage.sqlite_driver import use_one_trip

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from sqlalchemy.engine import URL, Connection
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

HEAD: Final = "0003"  # the newest migration; a test holds it to storage/migrations
_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=5000",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA journal_size_limit=67108864",  # bytes: a long transaction's -wal file does not stay large for ever
)
_MISTAKES: Final = (IntegrityError, DataError, ProgrammingError)  # of the statement, not of the place
_CHECK_SECONDS: Final = 1.0  # of a start; quick_check reads about 1 GB in that time, the nightly backup checks the rest
_ROOM: Final = 1024 * 1024  # bytes free from which on a disk is no longer full
_GIVE_BACK: Final = 1_000  # pages in one transaction: the writer waits milliseconds
_ROUNDS: Final = 250
# Of a connection to PostgreSQL. When a whole machine is gone nothing closes its connections: the server has to notice
# within half a minute, or its transactions, with the locks that others wait for, would stand for hours.
SERVER: Final = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "idle_in_transaction_session_timeout": "60000",  # milliseconds; also of a process that hangs
}


class Database:
    """Open with `await Database.open(url)`; `read()` and `write()` give a connection inside a transaction.

    `trouble` says in one sentence why the last transaction that failed for want of the place itself did (full disk,
    read-only file, server gone), until one is written again; None: all is well. `on_change` is told of each change.
    """

    def __init__(self, url: URL, writer: AsyncEngine, reader: AsyncEngine) -> None:
        self.url = url
        self._writer = writer
        self._reader = reader
        self._write_lock = asyncio.Lock()
        self.trouble: str | None = None
        self.on_change: Callable[[str | None], None] | None = None

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

        Raises NewerSchema when a newer Headframe wrote it, Damaged when the file is broken (as far as a check of a
        second can tell), Unavailable when it cannot be opened.
        """
        parsed = _read_url(url)
        try:
            if parsed.get_backend_name() == "sqlite":
                path = _sqlite_file(parsed)
                wrong = await asyncio.to_thread(damage, path, within=_CHECK_SECONDS)
                if wrong is not None:
                    raise Damaged(sentence(wrong, parsed))
                writer, reader = _sqlite_engines(parsed, readers)
            else:
                writer = reader = create_async_engine(
                    parsed, pool_size=8, max_overflow=4, pool_pre_ping=True, connect_args={"server_settings": SERVER}
                )
        except (SQLAlchemyError, ImportError) as error:
            raise Unavailable(explain(error, parsed)) from error
        database = cls(parsed, writer, reader)
        try:
            await database._prepare(migrate=migrate)
        except (SQLAlchemyError, OSError) as error:
            await database.close()
            raise Unavailable(explain(error, parsed)) from error
        except BaseException:
            await database.close()
            raise
        return database

    async def _prepare(self, *, migrate: bool) -> None:
        async with self.write() as connection:
            version = await connection.run_sync(_version)
            if version == HEAD:
                return
            if not self.is_sqlite:
                # Several processes may start at once: the first brings the schema up, the others find it done.
                await connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('headframe schema'))"))
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

    async def schema(self) -> str | None:
        """The version of the schema that is there; None for an empty database."""
        async with self.read() as connection:
            return await connection.run_sync(_version)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A consistent view; takes no write lock. Raises Unavailable when the database cannot be reached or read."""
        async with self._connected(self._reader) as connection:
            try:
                yield connection
            finally:
                if not connection.invalidated:
                    await connection.rollback()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed at the end, rolled back on any error. Raises Unavailable on a full disk etc."""
        async with AsyncExitStack() as stack:
            if self.is_sqlite:
                await stack.enter_async_context(self._write_lock)
            async with self._connected(self._writer) as connection, connection.begin():
                yield connection
        if self.trouble is not None and not self._still_full():
            self._set(None)

    @asynccontextmanager
    async def _connected(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        """A connection, with what goes wrong at the place itself told in one sentence and remembered."""
        async with AsyncExitStack() as stack:
            try:
                connection = await stack.enter_async_context(engine.connect())
            except Exception as error:
                # Whatever a driver raises while connecting (refused, no such database, starting up) means the same.
                raise self._unavailable(error) from error
            try:
                yield connection
            except DBAPIError as error:
                if isinstance(error, _MISTAKES):
                    raise
                raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> Unavailable:
        said = explain(error, self.url)
        self._set(said)
        return Damaged(said) if DAMAGED in said else Unavailable(said)

    def _still_full(self) -> bool:
        """On a full disk small writes still find room now and then; that is no recovery."""
        full = self.trouble is not None and FULL in self.trouble
        return full and self.path is not None and shutil.disk_usage(self.path.parent).free < _ROOM

    def _set(self, trouble: str | None) -> None:
        if trouble == self.trouble:
            return
        self.trouble = trouble
        if self.on_change is not None:
            self.on_change(trouble)

    async def close(self) -> None:
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()

    async def check(self) -> str | None:
        """None when the database is sound; else one sentence (SQLite's own quick check, however long it takes)."""
        path = self.path
        try:
            wrong = await asyncio.to_thread(damage, path) if path is not None else None
        except Unavailable as error:
            return str(error)
        return await self.answers() if wrong is None else sentence(wrong, self.url)

    async def answers(self) -> str | None:
        """None when a question is answered and the last write worked; else one sentence. Cheap: for health checks."""
        try:
            async with self.read() as connection:
                await connection.execute(text("SELECT 1"))
        except Unavailable as error:
            return str(error)
        return self.trouble

    async def shrink(self) -> None:
        """Give the pages of deleted rows back to the disk, a little at a time; PostgreSQL does so by itself."""
        path = self.path
        if path is None:
            return
        for _round in range(_ROUNDS):
            async with self._write_lock:
                free = await asyncio.to_thread(give_back, path, _GIVE_BACK)
            if free == 0:
                return

    async def backup(self, target: Path) -> None:
        """Copy a consistent snapshot while in use (SQLite's online backup), making the folder. Raises Unavailable."""
        if self.path is None:
            raise Unavailable("backup copies SQLite files; use pg_dump for PostgreSQL.")
        await asyncio.to_thread(_copy, self.path, target)


def _copy(source: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"could not copy {source} to {target}: {error}.") from error
    copy_sqlite(source, target)


def sqlite_path(url: str) -> Path | None:
    """The file a DATABASE_URL names; None for a server. Raises Unavailable when it cannot be read."""
    parsed = _read_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def url_password(url: str) -> str:
    """The password in a DATABASE_URL, so that logs can leave it out; empty when there is none."""
    try:
        return str(make_url(url).password or "")
    except ArgumentError:
        return ""


def _read_url(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError as error:
        raise Unavailable(f"DATABASE_URL cannot be read ({error}); see .env.example for its form.") from error


def _version(connection: Connection) -> str | None:
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    version: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return version


def _sqlite_file(url: URL) -> Path:
    name = url.database
    if not name or name == ":memory:":
        raise Unavailable("DATABASE_URL must name a file: the outbox has to survive a restart.")
    try:
        create_private(Path(name))
    except OSError as error:
        raise Unavailable(f"the database {name} cannot be made ({error.strerror}): is its folder writable?") from error
    return Path(name)


def _sqlite_engines(url: URL, readers: int) -> tuple[AsyncEngine, AsyncEngine]:
    writer = create_async_engine(url, pool_size=1, max_overflow=0)
    reader = create_async_engine(url, pool_size=readers, max_overflow=2)
    for engine, begin in ((writer, "BEGIN IMMEDIATE"), (reader, "BEGIN")):
        use_one_trip(engine.sync_engine)
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
