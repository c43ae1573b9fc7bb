"""Many rows by one statement, without what SQLAlchemy does for each row: its text is made once, values go by position.

Storing a headline writes a dozen rows; on the road of a poll the preparation of their parameters cost more than SQLite.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy.types import TypeDecorator

from storage.rows import insert_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Table
    from sqlalchemy.ext.asyncio import AsyncConnection

_Row = tuple[Any, ...]


class _Statement(NamedTuple):
    text: str
    converters: tuple[Callable[[Any], Any] | None, ...]  # None: the driver takes the value as it is
    plain: bool  # no value needs converting

    def rows(self, rows: Sequence[_Row]) -> list[_Row]:
        if self.plain:
            return list(rows)
        return [
            tuple(
                [
                    value if value is None or convert is None else convert(value)
                    for value, convert in zip(row, self.converters, strict=True)
                ]
            )
            for row in rows
        ]


async def insert_rows(connection: AsyncConnection, table: Table, names: tuple[str, ...], rows: Sequence[_Row]) -> None:
    """Insert rows given as values in the order of `names`."""
    if rows:
        statement = _insert(table, names, connection.dialect.name, ignore=False)
        await connection.exec_driver_sql(statement.text, statement.rows(rows))


async def insert_new(connection: AsyncConnection, table: Table, names: tuple[str, ...], rows: Sequence[_Row]) -> int:
    """As `insert_rows`, leaving out rows whose unique columns are taken. How many were inserted."""
    if not rows:
        return 0
    if connection.dialect.name == "postgresql":
        # asyncpg counts no rows of many at once; those that are new answer with their key.
        statement = insert_for(connection, table).on_conflict_do_nothing().returning(*table.primary_key)
        found = await connection.execute(statement, [dict(zip(names, row, strict=True)) for row in rows])
        return len(found.all())
    made = _insert(table, names, connection.dialect.name, ignore=True)
    return max((await connection.exec_driver_sql(made.text, made.rows(rows))).rowcount, 0)


async def update_rows(connection: AsyncConnection, table: Table, names: tuple[str, ...], rows: Sequence[_Row]) -> None:
    """Set the columns `names` of rows given as their values in that order, and the id last."""
    if rows:
        statement = _update(table, names, connection.dialect.name)
        await connection.exec_driver_sql(statement.text, statement.rows(rows))


@lru_cache(maxsize=256)
def _insert(table: Table, names: tuple[str, ...], dialect: str, *, ignore: bool) -> _Statement:
    listed = ", ".join(_columns(table, names))
    places = ", ".join(_places(dialect, len(names)))
    tail = " ON CONFLICT DO NOTHING" if ignore else ""
    return _statement(f"INSERT INTO {table.name} ({listed}) VALUES ({places}){tail}", table, names)  # noqa: S608


@lru_cache(maxsize=256)
def _update(table: Table, names: tuple[str, ...], dialect: str) -> _Statement:
    *places, key = _places(dialect, len(names) + 1)
    settings = ", ".join(f"{name} = {place}" for name, place in zip(_columns(table, names), places, strict=True))
    return _statement(f"UPDATE {table.name} SET {settings} WHERE id = {key}", table, (*names, "id"))  # noqa: S608


def _columns(table: Table, names: tuple[str, ...]) -> list[str]:
    """The names as they are written; only those of the table's own columns ever stand in a statement."""
    return [str(table.c[name].name) for name in names]


def _places(dialect: str, count: int) -> list[str]:
    return [f"${number}" for number in range(1, count + 1)] if dialect == "postgresql" else ["?"] * count


def _statement(text: str, table: Table, names: tuple[str, ...]) -> _Statement:
    converters = tuple(_converter(table, name) for name in names)
    return _Statement(text, converters, plain=not any(converters))


def _converter(table: Table, name: str) -> Callable[[Any], Any] | None:
    """From a Python value to the driver's; storage.types need no dialect for that."""
    kind = table.c[name].type
    if not isinstance(kind, TypeDecorator):
        return None
    return partial(kind.process_bind_param, dialect=None)  # type: ignore[arg-type]
