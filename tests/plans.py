"""How SQLite means to find what is asked of it: reading a whole table is cheap in a test and dear after a year."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.ext.asyncio import AsyncConnection

Asked = list[tuple[str, tuple[object, ...]]]


@contextmanager
def listening(connection: AsyncConnection, table: str) -> Iterator[Asked]:
    """Statements on a table that are made inside, with their values."""
    asked: Asked = []

    def note(*call: object) -> None:
        if table in str(call[2]):
            asked.append((call[2], call[3]))  # type: ignore[arg-type]

    assert connection.sync_connection
    event.listen(connection.sync_connection, "before_cursor_execute", note)
    yield asked
    event.remove(connection.sync_connection, "before_cursor_execute", note)


async def plan(connection: AsyncConnection, statement: str, values: tuple[object, ...]) -> list[str]:
    """The lines of SQLite's plan."""
    return [row.detail for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
