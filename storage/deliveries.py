"""The outbox: rows go pending → sending → sent | held | dropped(reason). Nothing here decides; it only records.

Several rows may travel in one message: they share `batch_id` (the first row's id) and `nonce`, fixed when the message
is first attempted and never changed afterwards, so that a repeated attempt is the same message to Discord.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, case, delete, func, or_, select, tuple_, update

from storage.records import Delivery, NewDelivery, Target
from storage.rows import chunks, columns, insert_for, into
from storage.schema import channels, deliveries, user_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta

    from sqlalchemy.ext.asyncio import AsyncConnection

_COLUMNS = columns(deliveries, Delivery)
_CHUNK = 500
PER_TARGET = 40  # rows of one target looked at in a claim: enough for the largest folded message and its overflow


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
    return added


async def any_due(connection: AsyncConnection, now: datetime) -> bool:
    statement = select(deliveries.c.id).where(deliveries.c.state == "pending", deliveries.c.due_at <= now).limit(1)
    return (await connection.execute(statement)).first() is not None


async def next_due_at(connection: AsyncConnection) -> datetime | None:
    """When the next pending row falls due; None when nothing waits for a time."""
    statement = select(func.min(deliveries.c.due_at)).where(deliveries.c.state == "pending")
    value: datetime | None = (await connection.execute(statement)).scalar()
    return value


async def due_targets(
    connection: AsyncConnection, now: datetime, *, busy: Iterable[Target], limit: int
) -> list[Target]:
    """Targets with something due, most urgent first, oldest first; without those that are being served.

    A target whose present message waits for another attempt is left out until that attempt is due: what comes after
    it may not overtake it.
    """
    pair = tuple_(deliveries.c.target_kind, deliveries.c.target_id)
    waiting = (
        select(deliveries.c.target_kind, deliveries.c.target_id)
        .where(
            deliveries.c.state == "pending",
            deliveries.c.batch_id.is_not(None),
            deliveries.c.due_at > now,
            deliveries.c.kind != "edit",
        )
        .distinct()
    )
    statement = (
        select(deliveries.c.target_kind, deliveries.c.target_id)
        .where(deliveries.c.state == "pending", deliveries.c.due_at <= now, pair.not_in(waiting))
        .group_by(deliveries.c.target_kind, deliveries.c.target_id)
        .order_by(func.min(deliveries.c.priority), func.min(deliveries.c.order_at), func.min(deliveries.c.id))
    )
    skip = set(busy)
    found: list[Target] = []
    for row in await connection.execute(statement.limit(limit + len(skip))):
        target = Target(row.target_kind, row.target_id)
        if target not in skip:
            found.append(target)
    return found[:limit]


async def due_rows(connection: AsyncConnection, now: datetime, targets: Sequence[Target]) -> list[Delivery]:
    """Due rows of these targets, in the order they should be sent (a begun message first)."""
    if not targets:
        return []
    begun = case((deliveries.c.batch_id.is_not(None), 0), else_=1)
    order = (begun, deliveries.c.priority, deliveries.c.order_at, deliveries.c.id)
    place = (
        func.row_number()
        .over(partition_by=(deliveries.c.target_kind, deliveries.c.target_id), order_by=order)
        .label("place")
    )
    ranked = (
        select(deliveries.c.id, place)
        .where(
            deliveries.c.state == "pending",
            deliveries.c.due_at <= now,
            tuple_(deliveries.c.target_kind, deliveries.c.target_id).in_([(t.kind, t.id) for t in targets]),
        )
        .subquery()
    )
    rows = await connection.execute(
        select(*_COLUMNS)
        .join(ranked, ranked.c.id == deliveries.c.id)
        .where(ranked.c.place <= PER_TARGET)
        .order_by(deliveries.c.target_kind, deliveries.c.target_id, ranked.c.place)
    )
    return [into(Delivery, row) for row in rows]


async def start(connection: AsyncConnection, ids: Sequence[int], *, batch_id: int, nonce: str, now: datetime) -> None:
    """Rows begin to travel as one message. The time of the first attempt is kept over repeats."""
    await connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(ids))
        .values(
            state="sending",
            batch_id=batch_id,
            nonce=nonce,
            claimed_at=func.coalesce(deliveries.c.claimed_at, int(now.timestamp())),
            attempts=deliveries.c.attempts + 1,
        )
    )


async def sent(
    connection: AsyncConnection, ids: Sequence[int], *, channel_id: int, message_id: int, now: datetime
) -> None:
    await connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(ids))
        .values(state="sent", error=None, channel_id=channel_id, message_id=message_id, sent_at=now)
    )


async def retry(connection: AsyncConnection, ids: Sequence[int], *, due_at: datetime, reason: str) -> None:
    """The attempt failed or its outcome is unknown: the same message again at `due_at`."""
    await connection.execute(
        update(deliveries).where(deliveries.c.id.in_(ids)).values(state="pending", due_at=due_at, error=reason)
    )


async def hold(connection: AsyncConnection, ids: Sequence[int], *, reason: str, due_at: datetime | None) -> None:
    """Keep rows back. With a time they become due then; without, until `release`. Never-sent rows lose their batch."""
    state = "pending" if due_at is not None else "held"
    await connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(ids))
        .values(state=state, reason=reason or None, due_at=due_at, batch_id=None, nonce=None, claimed_at=None)
    )


async def drop(connection: AsyncConnection, ids: Sequence[int], *, reason: str) -> None:
    await connection.execute(
        update(deliveries).where(deliveries.c.id.in_(ids)).values(state="dropped", reason=reason, due_at=None)
    )


async def hold_target(connection: AsyncConnection, target: Target, *, reason: str) -> int:
    """Everything waiting for a target that cannot be reached is held.

    A begun message keeps its nonce: an attempt before the refusal may have arrived all the same.
    """
    result = await connection.execute(
        update(deliveries)
        .where(
            deliveries.c.target_kind == target.kind,
            deliveries.c.target_id == target.id,
            deliveries.c.state.in_(("pending", "sending")),
            deliveries.c.kind != "edit",
        )
        .values(state="held", reason=reason, due_at=None)
    )
    return result.rowcount


async def release(connection: AsyncConnection, target: Target, *, now: datetime, fresh: timedelta) -> tuple[int, int]:
    """The target can be reached again: (rows due now, rows dropped because they are older than `fresh`)."""
    mine = and_(
        deliveries.c.target_kind == target.kind,
        deliveries.c.target_id == target.id,
        deliveries.c.state == "held",
        deliveries.c.due_at.is_(None),
    )
    old = await connection.execute(
        update(deliveries)
        .where(mine, deliveries.c.created_at < now - fresh)
        .values(state="dropped", reason="too old when the channel could be reached again")
    )
    young = await connection.execute(update(deliveries).where(mine).values(state="pending", due_at=now, reason=None))
    return young.rowcount, old.rowcount


async def in_flight(connection: AsyncConnection) -> list[Delivery]:
    """Rows a previous process left in `sending`, by batch."""
    rows = await connection.execute(
        select(*_COLUMNS)
        .where(deliveries.c.state == "sending")
        .order_by(deliveries.c.batch_id, deliveries.c.order_at, deliveries.c.id)
    )
    return [into(Delivery, row) for row in rows]


async def batch(connection: AsyncConnection, batch_id: int) -> list[Delivery]:
    rows = await connection.execute(
        select(*_COLUMNS).where(deliveries.c.batch_id == batch_id).order_by(deliveries.c.order_at, deliveries.c.id)
    )
    return [into(Delivery, row) for row in rows]


async def of_message(connection: AsyncConnection, message_id: int) -> list[Delivery]:
    """The deliveries a posted message carries, in order."""
    rows = await connection.execute(
        select(*_COLUMNS)
        .where(deliveries.c.message_id == message_id, deliveries.c.kind != "edit")
        .order_by(deliveries.c.order_at, deliveries.c.id)
    )
    return [into(Delivery, row) for row in rows]


async def get(connection: AsyncConnection, delivery_id: int) -> Delivery | None:
    row = (await connection.execute(select(*_COLUMNS).where(deliveries.c.id == delivery_id))).first()
    return into(Delivery, row) if row else None


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
                    # Being sent this very moment, perhaps with the old words: look again afterwards.
                    deliveries.c.state == "sending",
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
    return made


async def recent(
    connection: AsyncConnection, target: Target, *, since: datetime, subscription_id: int | None = None
) -> list[Delivery]:
    """What a target was sent since then (for caps and pings), newest first."""
    conditions = [
        deliveries.c.target_kind == target.kind,
        deliveries.c.target_id == target.id,
        deliveries.c.state == "sent",
        deliveries.c.sent_at >= since,
    ]
    if subscription_id is not None:
        conditions.append(deliveries.c.subscription_id == subscription_id)
    rows = await connection.execute(select(*_COLUMNS).where(*conditions).order_by(deliveries.c.sent_at.desc()))
    return [into(Delivery, row) for row in rows]


async def sent_counts(
    connection: AsyncConnection, pairs: Iterable[tuple[int, str, int]], *, since: datetime
) -> dict[tuple[int, str, int], int]:
    """(subscription, target kind, target id) → headlines sent since then: for `max_per_hour`."""
    found: dict[tuple[int, str, int], int] = {}
    key = (deliveries.c.subscription_id, deliveries.c.target_kind, deliveries.c.target_id)
    for chunk in chunks(dict.fromkeys(pairs), _CHUNK):
        rows = await connection.execute(
            select(*key, func.count().label("n"))
            .where(
                tuple_(*key).in_(chunk),
                deliveries.c.state.in_(("sent", "sending")),
                deliveries.c.reason.is_(None),
                or_(deliveries.c.sent_at >= since, deliveries.c.sent_at.is_(None)),
            )
            .group_by(*key)
        )
        for row in rows:
            found[(row.subscription_id, row.target_kind, row.target_id)] = row.n
    return found


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
        select(*_COLUMNS)
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
