"""What is still to be done to messages that are out: edits, and crossposts in announcement channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, func, or_, select

from storage.deliveries import COLUMNS
from storage.notify import tell
from storage.records import Delivery
from storage.rows import chunks, insert_for, into
from storage.schema import deliveries

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta

    from sqlalchemy.ext.asyncio import AsyncConnection

_CHUNK = 500


async def enqueue_edits(
    connection: AsyncConnection, story_ids: Iterable[int], *, now: datetime, within: timedelta, tag: str
) -> int:
    """Queue an edit of every message, sent within the time given, that carries one of these stories.

    One row per message: an edit not yet made takes in later changes.
    """
    made = 0
    for chunk in chunks(dict.fromkeys(story_ids), _CHUNK):
        rows = await connection.execute(
            select(
                deliveries.c.target_kind,
                deliveries.c.target_id,
                deliveries.c.guild_id,
                deliveries.c.channel_id,
                deliveries.c.message_id,
                deliveries.c.state,
                func.max(deliveries.c.batch_id).label("batch_id"),
            )
            .where(
                deliveries.c.story_id.in_(chunk),
                deliveries.c.kind.in_(("headline", "sample")),
                or_(
                    and_(deliveries.c.state == "sent", deliveries.c.sent_at >= now - within),
                    # Being sent this very moment, or tried before, perhaps with the old words: look again afterwards.
                    and_(
                        deliveries.c.state.in_(("sending", "pending", "held")),
                        deliveries.c.batch_id.is_not(None),
                    ),
                ),
            )
            .group_by(
                deliveries.c.target_kind,
                deliveries.c.target_id,
                deliveries.c.guild_id,
                deliveries.c.channel_id,
                deliveries.c.message_id,
                deliveries.c.state,
            )
        )
        values = [
            {
                "target_kind": row.target_kind,
                "target_id": row.target_id,
                "dedupe_key": f"edit:{row.batch_id}",
                "kind": "edit",
                "guild_id": row.guild_id,
                "priority": 3,
                "order_at": now,
                "due_at": now,
                "created_at": now,
                "state": "pending",
                "payload": {"batch_id": row.batch_id, "why": tag},
            }
            for row in rows
        ]
        if values:
            statement = insert_for(connection, deliveries)
            again = {
                "state": "pending",
                "due_at": now,
                "batch_id": None,
                "nonce": None,
                "attempts": 0,
                "created_at": now,
            }
            await connection.execute(
                statement.on_conflict_do_update(index_elements=["target_kind", "target_id", "dedupe_key"], set_=again),
                values,
            )
            made += len(values)
    if made:
        await tell(connection, "outbox")
    return made


async def due_to_publish(
    connection: AsyncConnection, now: datetime, *, limit: int, busy: Iterable[int] = ()
) -> list[Delivery]:
    """Posted messages whose turn to be crossposted has come, oldest first, one per channel."""
    skip = set(busy)
    rows = await connection.execute(
        select(*COLUMNS)
        .where(deliveries.c.kind == "publish", deliveries.c.state == "pending", deliveries.c.due_at <= now)
        .order_by(deliveries.c.due_at, deliveries.c.id)
        .limit(limit * 4)
    )
    found: dict[int, Delivery] = {}
    for row in rows:
        one = into(Delivery, row)
        if one.target_id not in skip:
            found.setdefault(one.target_id, one)
    return list(found.values())[:limit]


async def publish_times(
    connection: AsyncConnection, channel_id: int, *, limit: int, planned: bool = True
) -> list[datetime]:
    """When the latest crossposts of a channel were made, or are to be made if `planned`; latest first."""
    at = func.coalesce(deliveries.c.sent_at, deliveries.c.due_at)
    rows = await connection.execute(
        select(at.label("at"))
        .where(
            deliveries.c.kind == "publish",
            deliveries.c.target_kind == "channel",
            deliveries.c.target_id == channel_id,
            deliveries.c.state.in_(("pending", "sent") if planned else ("sent",)),
        )
        .order_by(at.desc())
        .limit(limit)
    )
    return [row.at for row in rows]
