"""SQLite through aiosqlite, with one trip to the connection's thread for each statement.

SQLAlchemy's adapter makes four (open a cursor, execute, fetch all, close it). Each trip wakes two threads that share
one interpreter lock, which on a busy event loop costs more than the statement. What a statement returns is read whole
either way, so the four can be one function that runs in the thread. Nothing else of the adapter is changed.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import event
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection, AsyncAdapt_aiosqlite_cursor

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from sqlalchemy.engine import Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect
    from sqlalchemy.pool import ConnectionPoolEntry


class _Done:
    """What is left of a cursor once its statement has run and its rows are read."""

    __slots__ = ("arraysize", "description", "lastrowid", "rowcount", "rows")

    def __init__(self, cursor: sqlite3.Cursor | None = None) -> None:
        self.arraysize = 1
        self.description = cursor.description if cursor else None
        self.rowcount = cursor.rowcount if cursor else -1
        self.lastrowid = cursor.lastrowid if cursor else None
        self.rows: deque[Any] = deque(cursor.fetchall()) if cursor and cursor.description else deque()

    def close(self) -> None:
        """The thread has closed the cursor already."""


def _execute(connection: sqlite3.Connection, operation: str, parameters: Any) -> _Done:
    cursor = connection.cursor()
    try:
        return _Done(cursor.execute(operation, parameters))
    finally:
        cursor.close()


def _execute_many(connection: sqlite3.Connection, operation: str, parameters: Sequence[Any]) -> _Done:
    cursor = connection.cursor()
    try:
        return _Done(cursor.executemany(operation, parameters))
    finally:
        cursor.close()


class _Cursor(AsyncAdapt_aiosqlite_cursor):
    __slots__ = ()
    _awaitable_cursor_close = False

    def _make_new_cursor(self, connection: Any) -> Any:  # noqa: ARG002  the adapter's signature
        return _Done()

    def _aenter_cursor(self, cursor: Any) -> Any:
        return cursor

    async def _execute_async(self, operation: Any, parameters: Any) -> Any:
        return await self._in_thread(_execute, operation, () if parameters is None else parameters)

    async def _executemany_async(self, operation: Any, seq_of_parameters: Any) -> Any:
        return await self._in_thread(_execute_many, operation, seq_of_parameters)

    async def _in_thread(self, function: Any, operation: Any, parameters: Any) -> Any:
        driver = cast("Any", self._connection)
        async with self._adapt_connection._execute_mutex:
            done: _Done = await driver._execute(function, driver._conn, operation, parameters)
        self._cursor = cast("Any", done)
        self._rows = done.rows
        return done


class _Connection(AsyncAdapt_aiosqlite_connection):
    __slots__ = ()
    _cursor_cls = _Cursor


def use_one_trip(engine: Engine) -> None:
    """Have an engine's new connections make one trip a statement."""

    @event.listens_for(engine, "do_connect")
    def _connect(
        dialect: Dialect, _record: ConnectionPoolEntry, arguments: list[Any], options: dict[str, Any]
    ) -> DBAPIConnection:
        made = cast("Any", dialect.connect(*arguments, **options))
        return cast("DBAPIConnection", _Connection(made.dbapi, made._connection))
