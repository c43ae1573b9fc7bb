"""What a target that cannot be reached keeps waiting, and what becomes of it. Other waits are moves of outbox.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, case, func, literal, or_, select, update

from storage.notify import tell
from storage.records import Target
from storage.schema import channels, deliveries, user_settings

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from sqlalchemy.ext.asyncio import AsyncConnection

_at_its_hour = or_(deliveries.c.mode != "instant", deliveries.c.reason.in_(("quiet", "cap")))
# Since when a row's age counts: what was to come at an hour counts from that hour (as `pace.too_old` has it).
_since = case(
    (_at_its_hour, func.coalesce(deliveries.c.claimed_at, deliveries.c.due_at, deliveries.c.created_at)),
    else_=deliveries.c.created_at,
)


async def hold_target(connection: AsyncConnection, target: Target) -> int:
    """Everything waiting for a target that cannot be reached is held; its hour and why it waited are kept.

    A begun message keeps its nonce: an attempt before the refusal may have arrived all the same.
    """
    result = await connection.execute(
        update(deliveries)
        .where(
            deliveries.c.target_kind == target.kind,
            deliveries.c.target_id == target.id,
            deliveries.c.state.in_(("pending", "sending")),
            deliveries.c.kind != "publish",
        )
        .values(state="held", reason=func.coalesce(deliveries.c.reason, "route"))
    )
    return result.rowcount


async def release(connection: AsyncConnection, target: Target, *, now: datetime, fresh: timedelta) -> tuple[int, int]:
    """The target can be reached again: (rows that wait for their turn again, rows dropped as older than `fresh`)."""
    mine = and_(
        deliveries.c.target_kind == target.kind,
        deliveries.c.target_id == target.id,
        deliveries.c.state == "held",
    )
    old = await connection.execute(
        update(deliveries)
        .where(mine, _since < now - fresh)
        .values(state="dropped", reason="older than 24 h when the channel could be reached again", due_at=None)
    )
    # A digest, the end of quiet hours, a cap's list: still at its hour.
    later = and_(_at_its_hour, deliveries.c.batch_id.is_(None), deliveries.c.due_at > now)
    young = await connection.execute(
        update(deliveries)
        .where(mine)
        .values(
            state="pending",
            due_at=case((later, deliveries.c.due_at), else_=literal(now, deliveries.c.due_at.type)),
            reason=func.nullif(deliveries.c.reason, "route"),
        )
    )
    await tell(connection, "outbox")
    return young.rowcount, old.rowcount


async def expire_held(connection: AsyncConnection, *, now: datetime, fresh: timedelta) -> int:
    """Drop what has been held for longer than `fresh`: nobody waits for it any more."""
    result = await connection.execute(
        update(deliveries)
        .where(deliveries.c.state == "held", _since < now - fresh)
        .values(state="dropped", reason="not delivered within 24 h: it could not be reached", due_at=None)
    )
    return result.rowcount


async def held_routes(connection: AsyncConnection) -> list[Target]:
    """Targets with held rows whose route is not marked lost any more (a crash between the two)."""
    rows = await connection.execute(
        select(deliveries.c.target_kind, deliveries.c.target_id)
        .outerjoin(
            channels,
            and_(deliveries.c.target_kind == "channel", channels.c.channel_id == deliveries.c.target_id),
        )
        .outerjoin(
            user_settings,
            and_(deliveries.c.target_kind == "user", user_settings.c.user_id == deliveries.c.target_id),
        )
        .where(
            deliveries.c.state == "held",
            or_(channels.c.route.is_(None), channels.c.route == "ok"),
            user_settings.c.dm_refused_at.is_(None),
        )
        .distinct()
    )
    return [Target(row.target_kind, row.target_id) for row in rows]


async def end_quiet(connection: AsyncConnection, target: Target, *, now: datetime) -> None:
    """Quiet hours were switched off: what they held back is due now."""
    await connection.execute(
        update(deliveries)
        .where(
            deliveries.c.target_kind == target.kind,
            deliveries.c.target_id == target.id,
            deliveries.c.state == "pending",
            deliveries.c.reason == "quiet",
        )
        .values(due_at=now)
    )
    await tell(connection, "outbox")
