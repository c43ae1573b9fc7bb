"""Processes that share a database, as far as their locks go."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from storage.database import Database
from storage.member import Member
from tests.databases import fresh_postgres

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def members(server: str, count: int) -> AsyncIterator[tuple[Database, list[Member]]]:
    db = await Database.open(await fresh_postgres(server))
    made = [Member(db) for _ in range(count)]
    try:
        for one in made:
            await one.join()
        yield db, made
    finally:
        for one in made:
            await one.leave()
        await db.close()
