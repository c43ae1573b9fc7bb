"""The outbox's moves: what is due, what travels together, how each attempt went. It records and decides nothing.

Several rows may travel in one message: they share `batch_id` (the first row's id) and `nonce`, fixed when the message
is first attempted and never changed afterwards, so that a repeated attempt is the same message to Discord.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Integer, and_, bindparam, case, false, func, or_, select, tuple_, type_coerce, update

from storage.deliveries import ASIDE, COLUMNS
from storage.leases import SENDING_FOR
from storage.records import Delivery, Target
from storage.rows import chunks, into
from storage.schema import deliveries

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.records import JsonObject

_CHUNK = 500
_NOTICED = 8  # seconds until a clock that was set has surely been noticed
# An edit that was queued anew while it was being made has to be made once more.
_ended = or_(deliveries.c.kind != "edit", deliveries.c.state == "sending")
PER_TARGET = 100  # rows of one target looked at in a claim: enough for the largest folded message and its overflow


async def any_due(connection: AsyncConnection, now: datetime) -> bool:
    statement = (
        select(deliveries.c.id)
        .where(deliveries.c.state == "pending", deliveries.c.due_at <= now, deliveries.c.kind != "publish")
        .limit(1)
    )
    return (await connection.execute(statement)).first() is not None


async def next_due_at(connection: AsyncConnection) -> datetime | None:
    """When the next pending row falls due; None when nothing waits for a time."""
    statement = select(func.min(deliveries.c.due_at)).where(
        deliveries.c.state == "pending", deliveries.c.kind != "publish"
    )
    value: datetime | None = (await connection.execute(statement)).scalar()
    return value


async def due_targets(connection: AsyncConnection, now: datetime, *, limit: int) -> list[tuple[Target, int]]:
    """Targets with something due and the priority of it, most urgent first, then oldest first.

    A target whose present message waits for another attempt is left out until that attempt is due: what comes after
    it may not overtake it. So is one that is being sent something, by whatever process.
    """
    waiting = (
        select(deliveries.c.target_kind, deliveries.c.target_id)
        .where(
            or_(
                and_(
                    deliveries.c.state == "pending",
                    deliveries.c.batch_id.is_not(None),
                    deliveries.c.due_at > now,
                    deliveries.c.kind.not_in(ASIDE),
                ),
                deliveries.c.state == "sending",
            )
        )
        .distinct()
    )
    blocked = {(row.target_kind, row.target_id) for row in await connection.execute(waiting)}
    urgency = func.min(deliveries.c.priority)
    statement = (
        select(deliveries.c.target_kind, deliveries.c.target_id, urgency.label("urgency"))
        .where(deliveries.c.state == "pending", deliveries.c.due_at <= now, deliveries.c.kind != "publish")
        .group_by(deliveries.c.target_kind, deliveries.c.target_id)
        .order_by(urgency, func.min(deliveries.c.order_at), func.min(deliveries.c.id))
        .limit(limit + len(blocked))
    )
    return [
        (Target(row.target_kind, row.target_id), row.urgency)
        for row in await connection.execute(statement)
        if (row.target_kind, row.target_id) not in blocked
    ][:limit]


async def blocked(connection: AsyncConnection, now: datetime, targets: Sequence[Target]) -> set[Target]:
    """Those of these targets whose present message is on its way or waits for another attempt."""
    rows = await connection.execute(
        select(deliveries.c.target_kind, deliveries.c.target_id)
        .where(
            _among(targets),
            or_(
                deliveries.c.state == "sending",
                and_(deliveries.c.state == "pending", deliveries.c.batch_id.is_not(None), deliveries.c.due_at > now),
            ),
            deliveries.c.kind.not_in(ASIDE),
        )
        .distinct()
    )
    return {Target(row.target_kind, row.target_id) for row in rows}


def _among(targets: Sequence[Target]) -> ColumnElement[bool]:
    """Rows of these targets, in words that both engines answer from the index."""
    kinds = {one.kind for one in targets}
    return or_(
        false(),
        *(
            and_(
                deliveries.c.target_kind == kind,
                deliveries.c.target_id.in_([one.id for one in targets if one.kind == kind]),
            )
            for kind in sorted(kinds)
        ),
    )


async def due_rows(connection: AsyncConnection, now: datetime, targets: Sequence[Target]) -> list[Delivery]:
    """Due rows of these targets, in the order they should be sent (a begun message first)."""
    if not targets:
        return []
    # An edit that is tried again is no begun message: it never goes ahead of headlines.
    begun = case((and_(deliveries.c.batch_id.is_not(None), deliveries.c.kind != "edit"), 0), else_=1)
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
            # As a sum: SQLite shall go by the targets' index and not through everything that is due.
            type_coerce(deliveries.c.due_at, Integer) + 0 <= int(now.timestamp()),
            deliveries.c.kind != "publish",
            _among(targets),
        )
        .subquery()
    )
    rows = await connection.execute(
        select(*COLUMNS)
        .join(ranked, ranked.c.id == deliveries.c.id)
        .where(ranked.c.place <= PER_TARGET)
        .order_by(deliveries.c.target_kind, deliveries.c.target_id, ranked.c.place)
    )
    return [into(Delivery, row) for row in rows]


@dataclass(frozen=True, slots=True)
class Begun:
    """A message about to travel: its rows, and what it is known by."""

    ids: tuple[int, ...]
    batch_id: int
    nonce: str


async def start(
    connection: AsyncConnection, ids: Sequence[int], *, batch_id: int, nonce: str, now: datetime, owner: int = 0
) -> None:
    """Rows begin to travel as one message. The time of the first attempt is kept over repeats.

    owner: this process (storage.member); 0: the only one.
    """
    await start_many(connection, [Begun(tuple(ids), batch_id, nonce)], now=now, owner=owner)


async def start_many(connection: AsyncConnection, messages: Sequence[Begun], *, now: datetime, owner: int = 0) -> None:
    """As `start`, for many messages in one statement."""
    statement = (
        update(deliveries)
        .where(deliveries.c.id == bindparam("row_id"))
        .values(
            state="sending",
            batch_id=bindparam("batch"),
            nonce=bindparam("known_by"),
            claimed_at=func.coalesce(deliveries.c.claimed_at, int(now.timestamp())),
            lease_owner=owner,
            lease_until=now + SENDING_FOR,
            attempts=deliveries.c.attempts + 1,
        )
    )
    rows = [{"row_id": row, "batch": one.batch_id, "known_by": one.nonce} for one in messages for row in one.ids]
    if rows:
        await connection.execute(statement, rows)


async def sent(
    connection: AsyncConnection,
    ids: Sequence[int],
    *,
    channel_id: int,
    message_id: int,
    now: datetime,
    shown: JsonObject | None = None,
) -> None:
    """The message is out. `shown`: how (its style, the webhook), so that an edit keeps to it."""
    await sent_many(connection, [Out(tuple(ids), channel_id, message_id, now, shown)])


@dataclass(frozen=True, slots=True)
class Out:
    """A message that is out, with its rows: where, when, and as for `sent`."""

    ids: tuple[int, ...]
    channel_id: int
    message_id: int
    at: datetime
    shown: JsonObject | None = None


async def sent_many(connection: AsyncConnection, messages: Sequence[Out]) -> None:
    """Messages that are out, in one statement."""
    payload = deliveries.c.payload
    statement = (
        update(deliveries)
        .where(deliveries.c.id == bindparam("row_id"), _ended)
        .values(
            state="sent",
            error=None,
            channel_id=bindparam("place"),
            message_id=bindparam("message"),
            sent_at=bindparam("at", type_=deliveries.c.sent_at.type),
            payload=func.coalesce(bindparam("shown", type_=payload.type), payload),
        )
    )
    rows = [
        {"row_id": row, "place": one.channel_id, "message": one.message_id, "at": one.at, "shown": one.shown}
        for one in messages
        for row in one.ids
    ]
    await connection.execute(statement, rows)


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
        update(deliveries).where(deliveries.c.id.in_(ids), _ended).values(state="dropped", reason=reason, due_at=None)
    )


async def in_flight(connection: AsyncConnection) -> list[Delivery]:
    """Rows a previous process left in `sending`, by batch."""
    rows = await connection.execute(
        select(*COLUMNS)
        .where(deliveries.c.state == "sending")
        .order_by(deliveries.c.batch_id, deliveries.c.order_at, deliveries.c.id)
    )
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
                tuple_(*key).in_(chunk),  # by itself found by no index: SQLite would read all that was ever sent
                deliveries.c.target_kind.in_({kind for _subscription, kind, _target in chunk}),
                deliveries.c.target_id.in_({target for _subscription, _kind, target in chunk}),
                deliveries.c.state.in_(("sent", "sending")),
                deliveries.c.reason.is_(None),
                or_(deliveries.c.sent_at >= since, deliveries.c.sent_at.is_(None)),
            )
            .group_by(*key)
        )
        for row in rows:
            found[(row.subscription_id, row.target_kind, row.target_id)] = row.n
    return found


async def overflows(connection: AsyncConnection, target: Target) -> dict[int, datetime]:
    """subscription → when the headlines its cap holds back will travel, for those that hold some back."""
    rows = await connection.execute(
        select(deliveries.c.subscription_id, func.min(deliveries.c.due_at).label("due_at"))
        .where(
            deliveries.c.target_kind == target.kind,
            deliveries.c.target_id == target.id,
            deliveries.c.state == "pending",
            deliveries.c.reason == "cap",
            deliveries.c.subscription_id.is_not(None),
        )
        .group_by(deliveries.c.subscription_id)
    )
    return {row.subscription_id: row.due_at for row in rows}


async def last_ping_at(connection: AsyncConnection, target: Target, *, since: datetime) -> datetime | None:
    """When a message that may have pinged a role was last sent to a target; None: not since then."""
    statement = select(func.max(deliveries.c.sent_at)).where(
        deliveries.c.target_kind == target.kind,
        deliveries.c.target_id == target.id,
        deliveries.c.state == "sent",
        deliveries.c.role_id.is_not(None),
        deliveries.c.sent_at >= since,
    )
    value: datetime | None = (await connection.execute(statement)).scalar()
    return value


async def shift(connection: AsyncConnection, seconds: int, *, now: datetime) -> int:
    """The clock was set by so many seconds and says `now`: what waits keeps its age; digests keep their hour.

    Rows may have been written since. Where the two cannot be told apart, a row is rather taken for older (it is then
    looked for in the history) and due earlier (it is then sent at once).
    """
    created, due = deliveries.c.created_at, deliveries.c.due_at
    before = created > now if seconds < 0 else created <= now - timedelta(seconds=seconds - _NOTICED)
    at_once = and_(deliveries.c.mode == "instant", deliveries.c.reason.is_(None))
    too_late = and_(due > now, or_(at_once, deliveries.c.batch_id.is_not(None)))
    result = await connection.execute(
        update(deliveries)
        .where(deliveries.c.state.in_(("pending", "sending", "held")))
        .values(
            claimed_at=type_coerce(deliveries.c.claimed_at, Integer) + seconds,
            created_at=case((before, type_coerce(created, Integer) + seconds), else_=type_coerce(created, Integer)),
            due_at=case((too_late, type_coerce(due, Integer) + min(seconds, 0)), else_=type_coerce(due, Integer)),
        )
    )
    return result.rowcount
