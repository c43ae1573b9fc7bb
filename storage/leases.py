"""Who may work on what, where several processes share a PostgreSQL database.

A feed being polled and a delivery being sent carry the number of the process that has them (`storage.member`). When
that process is dead, or its lease has run out, the others take them over. A target is served by one process at a time.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Text,
    and_,
    cast,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    type_coerce,
    update,
)

from storage.locks import Lock
from storage.notify import tell
from storage.records import Target
from storage.schema import deliveries, feeds

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

SENDING_FOR: Final = timedelta(minutes=5)  # longer than an attempt and its mark take on a bad day
POLLING_FOR: Final = 120  # seconds, longer than any poll can take
_LATE_START: Final = 10  # seconds a claimed feed may have waited before its request left


def _owner(lease: ColumnElement[int | None]) -> ColumnElement[int]:
    return func.coalesce(lease, 0)


async def storing(connection: AsyncConnection) -> bool:
    """Wait until nobody else stores new entries; ours until the transaction ends. Whether there may be others at all.

    The same headline from two feeds of two processes is one story only if the second sees the first.
    """
    if connection.dialect.name != "postgresql":
        return False
    await connection.execute(select(func.pg_advisory_xact_lock(int(Lock.STORIES), 0)))
    return True


async def owners(connection: AsyncConnection) -> set[int]:
    """Numbers of the processes that hold a feed or a delivery now; 0: of a time when there was only one process."""
    sending = select(_owner(deliveries.c.lease_owner)).where(deliveries.c.state == "sending")
    polling = select(_owner(feeds.c.lease_owner)).where(feeds.c.lease_until.is_not(None))
    return {int(row[0]) for row in await connection.execute(sending.union(polling))}


async def overdue(connection: AsyncConnection, now: datetime) -> bool:
    """Whether a delivery has been in the hands of one process for longer than its lease."""
    statement = select(deliveries.c.id).where(deliveries.c.state == "sending", deliveries.c.lease_until < now).limit(1)
    return (await connection.execute(statement)).first() is not None


async def taking_over(connection: AsyncConnection) -> bool:
    """Whether no other process frees what the dead hold this moment; ours until the transaction ends."""
    return bool((await connection.execute(select(func.pg_try_advisory_xact_lock(int(Lock.TAKE_OVER), 0)))).scalar())


async def free_feeds(connection: AsyncConnection, dead: Collection[int], *, least: int, lease: int) -> int:
    """Give back the feeds of dead processes; how many.

    Whether the request had left already, nobody knows: each is due an interval after its claim, so that no publisher
    is asked twice within one. least: seconds, for feeds that have no interval yet. lease: seconds a claim lasts.
    """
    claimed = type_coerce(feeds.c.lease_until, BigInteger) - lease
    again = claimed + func.coalesce(feeds.c.interval_seconds, least) + _LATE_START
    result = await connection.execute(
        update(feeds)
        .where(feeds.c.lease_until.is_not(None), _owner(feeds.c.lease_owner).in_(dead))
        .values(
            next_poll_at=func.greatest(type_coerce(feeds.c.next_poll_at, BigInteger), again),
            lease_until=None,
            lease_owner=None,
        )
    )
    return result.rowcount


async def settle(connection: AsyncConnection, dead: Collection[int], now: datetime) -> int:
    """Deliveries whose sender died, or had its time, are the same message once more, at once; how many."""
    result = await connection.execute(
        update(deliveries)
        .where(
            deliveries.c.state == "sending",
            or_(_owner(deliveries.c.lease_owner).in_(dead), deliveries.c.lease_until < now),
        )
        .values(state="pending", due_at=now, error="its process ended", lease_owner=None, lease_until=None)
    )
    if result.rowcount:
        await tell(connection, "outbox")
    return result.rowcount


async def take_targets(connection: AsyncConnection, targets: Sequence[Target], limit: int) -> list[Target]:
    """Up to `limit` of these targets, in this order, that no other process serves; ours until the transaction ends.

    Where one is taken, marking its rows `sending` keeps the others away afterwards.
    """
    if not targets:
        return []
    kinds, ids = [target.kind for target in targets], [target.id for target in targets]
    both = func.unnest(cast(kinds, ARRAY(Text)), cast(ids, ARRAY(BigInteger)))
    given = both.table_valued("kind", "id", with_ordinality="place").render_derived("given")
    # OFFSET 0 keeps the order fixed before the locks are tried, so that no more are taken than wanted.
    ordered = select(given.c.kind, given.c.id).order_by(given.c.place).offset(literal_column("0")).subquery()
    key = func.hashtextextended(ordered.c.kind + ":" + cast(ordered.c.id, Text), 0)
    rows = await connection.execute(
        select(ordered.c.kind, ordered.c.id).where(func.pg_try_advisory_xact_lock(key)).limit(limit)
    )
    taken = [Target(row.kind, row.id) for row in rows]
    busy = await _being_sent(connection, taken)
    return [target for target in taken if target not in busy]


async def _being_sent(connection: AsyncConnection, targets: Sequence[Target]) -> set[Target]:
    key = (deliveries.c.target_kind, deliveries.c.target_id)
    rows = await connection.execute(
        select(*key)
        .where(and_(deliveries.c.state == "sending", tuple_(*key).in_([(one.kind, one.id) for one in targets])))
        .distinct()
    )
    return {Target(row.target_kind, row.target_id) for row in rows}
