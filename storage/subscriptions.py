"""Subscriptions: who wants which headlines, where. A counter in `meta` tells matchers that something changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, func, insert, select, update

from storage import meta
from storage.notify import tell
from storage.records import NewSubscription, Subscription, Target
from storage.rows import columns, into
from storage.schema import deliveries, subscriptions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

_COLUMNS = columns(subscriptions, Subscription)
VERSION = "subscriptions_version"


async def add(connection: AsyncConnection, new: NewSubscription, *, now: datetime) -> Subscription:
    number = await meta.count(connection, VERSION)
    result = await connection.execute(
        insert(subscriptions)
        .values(
            scope_guild_id=new.scope_guild_id,
            target_kind=new.target_kind,
            target_id=new.target_id,
            owner_id=new.owner_id,
            created_by=new.created_by,
            query=new.query,
            canonical=new.canonical,
            mode=new.mode,
            digest_hour=new.digest_hour,
            role_id=new.role_id,
            max_per_hour=new.max_per_hour,
            created_at=now,
            updated_at=now,
            version=number,
        )
        .returning(subscriptions.c.id)
    )
    found = await get(connection, result.scalar_one())
    assert found is not None
    await tell(connection, "subscriptions", str(found.id))
    return found


async def get(connection: AsyncConnection, subscription_id: int) -> Subscription | None:
    row = (await connection.execute(select(*_COLUMNS).where(subscriptions.c.id == subscription_id))).first()
    return into(Subscription, row) if row else None


async def get_many(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, Subscription]:
    rows = await connection.execute(select(*_COLUMNS).where(subscriptions.c.id.in_(ids)))
    return {row.id: into(Subscription, row) for row in rows}


async def set_fields(
    connection: AsyncConnection, subscription_id: int, *, now: datetime, **changes: object
) -> Subscription | None:
    """Change some columns; the changed row, or None when it is gone."""
    if "query" in changes:
        changes = {**changes, "filed": None}
    number = await meta.count(connection, VERSION)
    await connection.execute(
        update(subscriptions)
        .where(subscriptions.c.id == subscription_id)
        .values(updated_at=now, version=number, **changes)
    )
    await tell(connection, "subscriptions", str(subscription_id))
    return await get(connection, subscription_id)


async def remove(connection: AsyncConnection, subscription_id: int) -> bool:
    """Delete it; what was queued for it alone is dropped with the reason."""
    await meta.count(connection, VERSION)
    result = await connection.execute(delete(subscriptions).where(subscriptions.c.id == subscription_id))
    await connection.execute(
        update(deliveries)
        .where(
            deliveries.c.subscription_id == subscription_id,
            deliveries.c.state.in_(("pending", "held")),
            deliveries.c.batch_id.is_(None),
        )
        .values(state="dropped", reason="unsubscribed", due_at=None)
    )
    await tell(connection, "subscriptions", str(subscription_id))
    return bool(result.rowcount)


async def of_guild(connection: AsyncConnection, guild_id: int) -> list[Subscription]:
    """What the server itself follows (not its members' alerts), by channel and age."""
    rows = await connection.execute(
        select(*_COLUMNS)
        .where(subscriptions.c.scope_guild_id == guild_id, subscriptions.c.owner_id.is_(None))
        .order_by(subscriptions.c.target_id, subscriptions.c.id)
    )
    return [into(Subscription, row) for row in rows]


async def in_scope(connection: AsyncConnection, guild_id: int) -> list[int]:
    """The ids of all that cover a server's feeds, its members' alerts too."""
    rows = await connection.execute(select(subscriptions.c.id).where(subscriptions.c.scope_guild_id == guild_id))
    return [row.id for row in rows]


async def of_members(connection: AsyncConnection, guild_id: int) -> list[Subscription]:
    """Members' own alerts that post in channels of the server, by channel and age."""
    rows = await connection.execute(
        select(*_COLUMNS)
        .where(
            subscriptions.c.scope_guild_id == guild_id,
            subscriptions.c.owner_id.is_not(None),
            subscriptions.c.target_kind == "channel",
        )
        .order_by(subscriptions.c.target_id, subscriptions.c.id)
    )
    return [into(Subscription, row) for row in rows]


async def caps(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, int]:
    """id → headlines an hour at most, of those that have a limit."""
    rows = await connection.execute(
        select(subscriptions.c.id, subscriptions.c.max_per_hour).where(
            subscriptions.c.id.in_(ids), subscriptions.c.max_per_hour.is_not(None)
        )
    )
    return {row.id: row.max_per_hour for row in rows}


async def channels_of(connection: AsyncConnection, guild_id: int) -> list[Target]:
    """The channels of a server that anything is followed in, members' alerts included."""
    rows = await connection.execute(
        select(subscriptions.c.target_id)
        .where(subscriptions.c.scope_guild_id == guild_id, subscriptions.c.target_kind == "channel")
        .distinct()
    )
    return [Target("channel", row.target_id) for row in rows]


async def of_owner(connection: AsyncConnection, owner_id: int) -> list[Subscription]:
    rows = await connection.execute(
        select(*_COLUMNS).where(subscriptions.c.owner_id == owner_id).order_by(subscriptions.c.id)
    )
    return [into(Subscription, row) for row in rows]


async def of_target(connection: AsyncConnection, target: Target) -> list[Subscription]:
    rows = await connection.execute(
        select(*_COLUMNS)
        .where(subscriptions.c.target_kind == target.kind, subscriptions.c.target_id == target.id)
        .order_by(subscriptions.c.id)
    )
    return [into(Subscription, row) for row in rows]


async def counts(connection: AsyncConnection) -> tuple[int, int]:
    """(channel subscriptions, personal alerts)."""
    row = (
        await connection.execute(
            select(
                func.count().filter(subscriptions.c.owner_id.is_(None)).label("servers"),
                func.count().filter(subscriptions.c.owner_id.is_not(None)).label("people"),
            )
        )
    ).one()
    return int(row.servers), int(row.people)


async def every(connection: AsyncConnection) -> AsyncIterator[Subscription]:
    """All subscriptions, in chunks under the hood: to fill the matcher at start."""
    last = 0
    while True:
        rows = (
            await connection.execute(
                select(*_COLUMNS).where(subscriptions.c.id > last).order_by(subscriptions.c.id).limit(2000)
            )
        ).all()
        if not rows:
            return
        for row in rows:
            yield into(Subscription, row)
        last = rows[-1].id


async def filed(connection: AsyncConnection) -> AsyncIterator[Sequence[tuple[int, str | None]]]:
    """Each subscription's id, and the line that says where its query is filed (None: not worked out); in chunks."""
    last = 0
    statement = select(subscriptions.c.id, subscriptions.c.filed).order_by(subscriptions.c.id).limit(5000)
    while True:
        rows = (await connection.execute(statement.where(subscriptions.c.id > last))).all()
        if not rows:
            return
        yield [(key, line) for key, line in rows]
        last = rows[-1].id


async def set_filed(connection: AsyncConnection, lines: Sequence[tuple[int, str, str]]) -> None:
    """Keep where queries are filed: (id, the query this is true of, line). One changed meanwhile is passed over."""
    statement = (
        update(subscriptions)
        .where(subscriptions.c.id == bindparam("key"), subscriptions.c.query == bindparam("text"))
        .values(filed=bindparam("line"))
    )
    if lines:
        await connection.execute(statement, [{"key": key, "text": text, "line": line} for key, text, line in lines])


async def capped(connection: AsyncConnection) -> list[Subscription]:
    """Those with a cap per hour, which the outbox asks for at any time."""
    rows = await connection.execute(select(*_COLUMNS).where(subscriptions.c.max_per_hour.is_not(None)))
    return [into(Subscription, row) for row in rows]


async def changed_since(connection: AsyncConnection, number: int) -> list[Subscription]:
    """Those added or changed after that version of all of them. Deleted ones are not to be seen here: see `ids`."""
    rows = await connection.execute(select(*_COLUMNS).where(subscriptions.c.version > number))
    return [into(Subscription, row) for row in rows]


async def ids(connection: AsyncConnection) -> set[int]:
    return {row.id for row in await connection.execute(select(subscriptions.c.id))}


async def due_to_resume(connection: AsyncConnection, now: datetime) -> list[int]:
    rows = await connection.execute(
        select(subscriptions.c.id).where(subscriptions.c.state == "paused", subscriptions.c.paused_until <= now)
    )
    return [row.id for row in rows]


async def version(connection: AsyncConnection) -> int:
    """Counts every change. Whoever changes subscriptions holds the counter until the commit, so none is passed over."""
    return int(await meta.get(connection, VERSION) or 0)


async def made_by(connection: AsyncConnection, user_id: int) -> list[Subscription]:
    """What a person set up for servers."""
    rows = await connection.execute(
        select(*_COLUMNS)
        .where(subscriptions.c.created_by == user_id, subscriptions.c.owner_id.is_(None))
        .order_by(subscriptions.c.id)
    )
    return [into(Subscription, row) for row in rows]


async def bulk_insert(connection: AsyncConnection, rows: Sequence[Mapping[str, object]]) -> None:
    """Many at once, given by column (imports, benchmarks)."""
    if rows:
        number = await meta.count(connection, VERSION)
        await connection.execute(insert(subscriptions), [{"version": number, **row} for row in rows])
        await tell(connection, "subscriptions", "*")
