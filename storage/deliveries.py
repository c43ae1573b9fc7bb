"""Deliveries, one row per target and story: pending → sending → sent | held | dropped(reason). Adding and asking.

The moves between the states are in outbox.py; what follows a sent message (edits, crossposts) is in posted.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select

from storage.notify import tell
from storage.records import Delivery, NewDelivery
from storage.rows import chunks, columns, insert_for, into
from storage.schema import deliveries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

COLUMNS = columns(deliveries, Delivery)
ASIDE = ("edit", "publish")  # rows about a message that is posted already: they wait for no one and hold up no one
_CHUNK = 500


async def enqueue(connection: AsyncConnection, rows: Sequence[NewDelivery]) -> int:
    """Add rows; those whose (target, dedupe_key) exists are left alone. Returns how many were added."""
    added = 0
    for chunk in chunks(rows, _CHUNK):
        values = [
            {
                "target_kind": row.target.kind,
                "target_id": row.target.id,
                "dedupe_key": row.dedupe_key,
                "kind": row.kind,
                "guild_id": row.guild_id,
                "subscription_id": row.subscription_id,
                "story_id": row.story_id,
                "entry_id": row.entry_id,
                "mode": row.mode,
                "state": row.state,
                "reason": row.reason,
                "priority": row.priority,
                "order_at": row.order_at,
                "due_at": row.due_at,
                "role_id": row.role_id,
                "payload": row.payload,
                "created_at": row.created_at,
            }
            for row in chunk
        ]
        result = await connection.execute(insert_for(connection, deliveries).on_conflict_do_nothing(), values)
        added += max(result.rowcount, 0)
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


async def prune(connection: AsyncConnection, before: datetime) -> int:
    """Forget deliveries finished before then."""
    result = await connection.execute(
        delete(deliveries).where(deliveries.c.state.in_(("sent", "dropped")), deliveries.c.created_at < before)
    )
    return result.rowcount
