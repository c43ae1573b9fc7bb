"""Deliveries, one row per target and story: pending → sending → sent | held | dropped(reason). Adding and asking.

The moves between the states are in outbox.py; what follows a sent message (edits, crossposts) is in posted.py.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from storage.bulk import insert_new
from storage.notify import tell
from storage.records import Delivery, NewDelivery
from storage.rows import chunks, columns, into
from storage.schema import deliveries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

COLUMNS = columns(deliveries, Delivery)
ASIDE = ("edit", "publish")  # rows about a message that is posted already: they wait for no one and hold up no one
_CHUNK = 500
_NEW: Final = (
    "dedupe_key", "kind", "guild_id", "subscription_id", "story_id", "entry_id", "mode", "state", "reason", "priority",
    "order_at", "due_at", "role_id", "payload", "created_at",
)  # fmt: skip
_values = attrgetter(*_NEW)  # of a NewDelivery


async def enqueue(connection: AsyncConnection, rows: Sequence[NewDelivery]) -> int:
    """Add rows; those whose (target, dedupe_key) exists are left alone. Returns how many were added."""
    added = 0
    for chunk in chunks(rows, _CHUNK):
        values = [(row.target.kind, row.target.id, *_values(row)) for row in chunk]
        added += await insert_new(connection, deliveries, ("target_kind", "target_id", *_NEW), values)
    if added:
        await tell(connection, "outbox")
    return added


async def batch(connection: AsyncConnection, batch_id: int) -> list[Delivery]:
    rows = await connection.execute(
        select(*COLUMNS).where(deliveries.c.batch_id == batch_id).order_by(deliveries.c.order_at, deliveries.c.id)
    )
    return [into(Delivery, row) for row in rows]


async def of_message(connection: AsyncConnection, message_id: int) -> list[Delivery]:
    """The deliveries a posted message carries, in order."""
    rows = await connection.execute(
        select(*COLUMNS)
        .where(deliveries.c.message_id == message_id, deliveries.c.kind.not_in(ASIDE))
        .order_by(deliveries.c.order_at, deliveries.c.id)
    )
    return [into(Delivery, row) for row in rows]


async def get(connection: AsyncConnection, delivery_id: int) -> Delivery | None:
    row = (await connection.execute(select(*COLUMNS).where(deliveries.c.id == delivery_id))).first()
    return into(Delivery, row) if row else None


async def dropped_since(connection: AsyncConnection, guild_id: int, since: datetime) -> dict[str, int]:
    """Why headlines of a server were dropped, with how many (edits and crossposts are left out)."""
    rows = await connection.execute(
        select(deliveries.c.reason, func.count().label("n"))
        .where(
            deliveries.c.guild_id == guild_id,
            deliveries.c.state == "dropped",
            deliveries.c.kind.not_in(ASIDE),
            deliveries.c.created_at >= since,
        )
        .group_by(deliveries.c.reason)
        .order_by(func.count().desc())
    )
    return {row.reason or "": row.n for row in rows}


async def last_sent_at(connection: AsyncConnection) -> datetime | None:
    value: datetime | None = (
        await connection.execute(select(func.max(deliveries.c.sent_at)).where(deliveries.c.state == "sent"))
    ).scalar()
    return value


async def states(connection: AsyncConnection) -> dict[str, int]:
    rows = await connection.execute(select(deliveries.c.state, func.count().label("n")).group_by(deliveries.c.state))
    return {row.state: row.n for row in rows}


async def of_guild_since(connection: AsyncConnection, guild_id: int, since: datetime) -> dict[str, int]:
    rows = await connection.execute(
        select(deliveries.c.state, func.count().label("n"))
        .where(deliveries.c.guild_id == guild_id, deliveries.c.created_at >= since)
        .group_by(deliveries.c.state)
    )
    return {row.state: row.n for row in rows}


async def of_user(connection: AsyncConnection, user_id: int) -> list[Delivery]:
    """Everything addressed to a person (for /privacy export)."""
    rows = await connection.execute(
        select(*COLUMNS)
        .where(deliveries.c.target_kind == "user", deliveries.c.target_id == user_id)
        .order_by(deliveries.c.id)
    )
    return [into(Delivery, row) for row in rows]


async def oldest_pending(connection: AsyncConnection, now: datetime) -> datetime | None:
    """Since when the longest-waiting due row has been due."""
    statement = select(func.min(deliveries.c.due_at)).where(deliveries.c.state == "pending", deliveries.c.due_at <= now)
    value: datetime | None = (await connection.execute(statement)).scalar()
    return value
