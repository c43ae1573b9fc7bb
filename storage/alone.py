"""One Headframe to a PostgreSQL database: an advisory lock on a connection of its own, gone with the process.

Two processes on one outbox would each post everything. SQLite files have a lock of the command line's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

if TYPE_CHECKING:
    from storage.database import Database

_KEY: Final = 0x4845414446524D  # "HEADFRM"; locks of other programs on the server are by database anyway


class Alone:
    """`take()` at start and now and then: the lock goes with its connection when the server restarts."""

    def __init__(self, database: Database) -> None:
        self._engine = (
            None
            if database.is_sqlite
            else create_async_engine(database.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        )
        self._connection: AsyncConnection | None = None

    async def take(self) -> bool:
        """Whether this process is alone. True also while the server cannot be asked: then nobody works on it."""
        if self._engine is None:
            return True
        try:
            if self._connection is not None:
                await self._connection.execute(text("SELECT 1"))
                return True
        except (SQLAlchemyError, OSError):
            await self.release()
        connection = self._engine.connect()
        try:
            await connection.start()
            got = bool((await connection.execute(select(func.pg_try_advisory_lock(_KEY)))).scalar_one())
        except Exception:  # noqa: BLE001 - whatever a driver raises while the server is away
            await connection.close()
            return True
        if got:
            self._connection = connection
        else:
            await connection.close()
        return got

    async def release(self) -> None:
        """Let go; harmless when nothing is held."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                await connection.invalidate()
                await connection.close()
            except (SQLAlchemyError, OSError):
                pass
