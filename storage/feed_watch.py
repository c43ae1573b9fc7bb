"""Feeds that want attention beside their polls: failures not yet told, WebSub hubs not yet asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select

from storage.records import Feed
from storage.rows import columns, into
from storage.schema import feeds

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

_COLUMNS = columns(feeds, Feed)


async def untold(
    connection: AsyncConnection,
    before: datetime,
    at_once: Collection[str],
    *,
    feed_ids: Sequence[int] | None = None,
    limit: int = 100,
) -> list[Feed]:
    """Feeds whose readers should be told: failing since `before` or with a fault told at once, or well again."""
    failed = and_(
        feeds.c.noticed_at.is_(None),
        feeds.c.failing_since.is_not(None),
        or_(feeds.c.failing_since <= before, feeds.c.fault_kind.in_(list(at_once))),
        or_(feeds.c.state == "active", feeds.c.fault_kind == "gone"),
    )
    recovered = and_(feeds.c.noticed_at.is_not(None), feeds.c.failing_since.is_(None))
    statement = select(*_COLUMNS).where(or_(failed, recovered)).order_by(feeds.c.id).limit(limit)
    if feed_ids is not None:
        statement = statement.where(feeds.c.id.in_(feed_ids))
    return [into(Feed, row) for row in await connection.execute(statement)]


async def hubs_due(connection: AsyncConnection, now: datetime, *, limit: int) -> list[Feed]:
    """Active feeds with a WebSub hub that is to be asked (again)."""
    statement = (
        select(*_COLUMNS)
        .where(
            feeds.c.state == "active",
            feeds.c.hub_url.is_not(None),
            or_(feeds.c.hub_renew_at.is_(None), feeds.c.hub_renew_at <= now),
        )
        .order_by(feeds.c.id)
        .limit(limit)
    )
    return [into(Feed, row) for row in await connection.execute(statement)]
