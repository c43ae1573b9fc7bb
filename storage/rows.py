"""Small tools the storage modules share: rows into records, insert-or-ignore on both engines, chunks."""

from __future__ import annotations

from dataclasses import fields
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.dialects import sqlite

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Row, Table
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.ext.asyncio import AsyncConnection

RecordT = TypeVar("RecordT")
ItemT = TypeVar("ItemT")


_field_names: dict[type[Any], tuple[str, ...]] = {}


def _names(record: type[Any]) -> tuple[str, ...]:
    names = _field_names.get(record)
    if names is None:
        names = _field_names[record] = tuple(field.name for field in fields(record))
    return names


def into(record: type[RecordT], row: Row[*tuple[Any, ...]]) -> RecordT:
    """The row as a record: columns go to the fields of the same name."""
    mapping = row._mapping
    return record(**{name: mapping[name] for name in _names(record)})


def columns(table: Table, record: type[Any]) -> list[Any]:
    """The columns of a table that a record has fields for."""
    return [table.c[name] for name in _names(record)]


def insert_for(connection: AsyncConnection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT, for the engine in use (both have the same methods)."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # with its drivers 2 MiB that SQLite does without

        return postgresql.insert(table)
    return sqlite.insert(table)


def chunks(items: Iterable[ItemT], size: int) -> Iterator[list[ItemT]]:
    """Lists of at most `size` items, in order."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
