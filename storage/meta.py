"""A few named values that belong to the database as a whole (hashes, versions, last times)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Integer, Text, cast, delete, select

from storage.rows import insert_for
from storage.schema import meta

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


async def get(connection: AsyncConnection, key: str) -> str | None:
    value: str | None = (await connection.execute(select(meta.c.value).where(meta.c.key == key))).scalar()
    return value


async def put(connection: AsyncConnection, key: str, value: str) -> None:
    statement = insert_for(connection, meta).values(key=key, value=value)
    await connection.execute(
        statement.on_conflict_do_update(index_elements=["key"], set_={"value": statement.excluded.value})
    )


async def count(connection: AsyncConnection, key: str) -> int:
    """Add one to a counter and return it."""
    statement = insert_for(connection, meta).values(key=key, value="1")
    more = cast(cast(meta.c.value, Integer) + 1, Text)
    await connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": more}))
    value = await get(connection, key)
    return int(value or 0)


async def forget(connection: AsyncConnection, key: str) -> None:
    await connection.execute(delete(meta).where(meta.c.key == key))
