"""Moving house: every row of one database into an empty one on another engine, compared afterwards. Changes no row."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError

from storage.database import HEAD, Database
from storage.errors import StorageError, Unavailable
from storage.schema import metadata

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from typing import Any

    from sqlalchemy import Table
    from sqlalchemy.ext.asyncio import AsyncConnection

_CHUNK: Final = 1_000


async def copy_all(source_url: str, target_url: str) -> dict[str, int]:
    """Copy and verify; table → rows. The target is all or nothing: one transaction holds the whole copy.

    Raises Unavailable for a target that is not empty or cannot be reached, StorageError when the copies differ.
    """
    source = await Database.open(source_url)
    try:
        target = await Database.open(target_url)
        try:
            if target.url == source.url:
                raise Unavailable("both addresses name the same database.")
            async with source.read() as old, target.write() as new:
                return await _copy(old, new)
        except DBAPIError as error:
            cause = str(error.orig or error).splitlines()[0]
            raise StorageError(f"the target refuses a row ({cause}); nothing was kept there.") from error
        finally:
            await target.close()
    finally:
        await source.close()


async def _copy(old: AsyncConnection, new: AsyncConnection) -> dict[str, int]:
    for table in metadata.sorted_tables:
        if (await new.execute(select(func.count()).select_from(table))).scalar_one():
            raise Unavailable(f"the target is not empty ({table.name} has rows): name an empty database.")
    copied: dict[str, int] = {}
    for table in metadata.sorted_tables:
        print_ = hashlib.blake2b(digest_size=16)
        count = 0
        async for rows in _rows(old, table):
            for row in rows:
                print_.update(_text(row))
            count += len(rows)
            await new.execute(insert(table), [dict(row._mapping) for row in rows])
        if await _fingerprint(new, table) != (count, print_.hexdigest()):
            raise StorageError(
                f"{table.name} differs between the two databases after copying; nothing was kept in the target. "
                "Please report this."
            )
        await _continue_ids(new, table)
        copied[table.name] = count
    version = (await new.execute(text("SELECT version_num FROM alembic_version"))).scalar_one()
    if version != HEAD:
        raise StorageError(f"the target is of schema {version} instead of {HEAD}; nothing was kept there.")
    return copied


async def _fingerprint(connection: AsyncConnection, table: Table) -> tuple[int, str]:
    print_ = hashlib.blake2b(digest_size=16)
    count = 0
    async for rows in _rows(connection, table):
        for row in rows:
            print_.update(_text(row))
        count += len(rows)
    return count, print_.hexdigest()


async def _rows(connection: AsyncConnection, table: Table) -> AsyncIterator[Sequence[Any]]:
    """All rows by primary key, in chunks. Texts are sorted byte by byte, alike on every engine."""
    keys = [
        column.collate("C") if connection.dialect.name == "postgresql" and column.type.python_type is str else column
        for column in table.primary_key
    ]
    result = await connection.stream(select(table).order_by(*keys))
    async for rows in result.partitions(_CHUNK):
        yield rows


def _text(row: Any) -> bytes:
    """A row as both engines must give it back."""
    return repr(tuple(row)).encode()


async def _continue_ids(connection: AsyncConnection, table: Table) -> None:
    """PostgreSQL counts on after the highest id that was copied."""
    key = table.primary_key.columns.values()[0]
    if connection.dialect.name != "postgresql" or key.name != "id":
        return
    highest = (await connection.execute(select(func.max(key)))).scalar()
    if highest is not None:
        await connection.execute(select(func.setval(func.pg_get_serial_sequence(table.name, key.name), highest)))
