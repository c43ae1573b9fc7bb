"""Feeds and which servers read them: adding, claiming what is due, recording how a poll went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, func, insert, or_, select, update

from storage.bulk import update_rows
from storage.records import Feed
from storage.rows import columns, insert_for, into
from storage.schema import deliveries, entries, feeds, guild_feeds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

_COLUMNS = columns(feeds, Feed)


@dataclass(frozen=True, slots=True)
class GuildFeed:
    """A feed as one server has it."""

    feed: Feed
    added_by: int | None
    added_at: datetime
    muted: bool
    items_last_week: int


async def get(connection: AsyncConnection, feed_id: int) -> Feed | None:
    row = (await connection.execute(select(*_COLUMNS).where(feeds.c.id == feed_id))).first()
    return into(Feed, row) if row else None


async def by_url(connection: AsyncConnection, url: str) -> Feed | None:
    row = (await connection.execute(select(*_COLUMNS).where(feeds.c.url == url))).first()
    return into(Feed, row) if row else None


async def add(
    connection: AsyncConnection,
    url: str,
    *,
    now: datetime,
    title: str | None = None,
    next_poll_at: datetime | None = None,
    zone: str | None = None,
    rule: str | None = None,
) -> tuple[Feed, bool]:
    """The feed of this URL and whether it is new; a retired one is taken up again."""
    known = await by_url(connection, url)
    if known is not None:
        if known.state == "active":
            return known, False
        # Its first poll is silent again: what it published while nobody read it is not news.
        await connection.execute(
            update(feeds)
            .where(feeds.c.id == known.id)
            .values(
                state="active",
                next_poll_at=next_poll_at or now,
                lease_until=None,
                failures=0,
                etag=None,
                last_modified=None,
                body_hash=None,
                primed_at=None,
                failing_since=None,
                fault_kind=None,
                fault_detail=None,
                noticed_at=None,
                moved_to=None,
                moved_since=None,
            )
        )
    else:
        await connection.execute(
            insert_for(connection, feeds)
            .values(url=url, title=title, zone=zone, rule=rule, next_poll_at=next_poll_at or now, created_at=now)
            .on_conflict_do_nothing()
        )
    found = await by_url(connection, url)
    assert found is not None
    return found, known is None


async def link(
    connection: AsyncConnection, guild_id: int, feed_id: int, *, added_by: int | None, now: datetime
) -> bool:
    """Let a server read a feed; False when it does already."""
    result = await connection.execute(
        insert_for(connection, guild_feeds)
        .values(guild_id=guild_id, feed_id=feed_id, added_by=added_by, added_at=now)
        .on_conflict_do_nothing()
    )
    return bool(result.rowcount)


async def unlink(connection: AsyncConnection, guild_id: int, feed_id: int) -> bool:
    """Take a feed from a server; a feed nobody reads is retired (its entries stay until housekeeping)."""
    result = await connection.execute(
        delete(guild_feeds).where(guild_feeds.c.guild_id == guild_id, guild_feeds.c.feed_id == feed_id)
    )
    await retire_unread(connection)
    return bool(result.rowcount)


async def retire_unread(connection: AsyncConnection) -> None:
    """Stop polling feeds that no server reads."""
    read = select(guild_feeds.c.feed_id)
    await connection.execute(
        update(feeds).where(feeds.c.state == "active", feeds.c.id.not_in(read)).values(state="retired")
    )


async def of_guild(connection: AsyncConnection, guild_id: int, *, since: datetime) -> list[GuildFeed]:
    """The feeds of a server by title, with how many entries each brought since `since`."""
    count = (
        select(entries.c.feed_id, func.count().label("n"))
        .where(entries.c.first_seen_at >= since)
        .group_by(entries.c.feed_id)
        .subquery()
    )
    rows = await connection.execute(
        select(
            *_COLUMNS,
            guild_feeds.c.added_by,
            guild_feeds.c.added_at,
            guild_feeds.c.muted,
            func.coalesce(count.c.n, 0).label("n"),
        )
        .join(guild_feeds, guild_feeds.c.feed_id == feeds.c.id)
        .outerjoin(count, count.c.feed_id == feeds.c.id)
        .where(guild_feeds.c.guild_id == guild_id)
        .order_by(func.coalesce(feeds.c.title, feeds.c.url), feeds.c.id)
    )
    return [GuildFeed(into(Feed, row), row.added_by, row.added_at, row.muted, row.n) for row in rows]


async def count_of_guild(connection: AsyncConnection, guild_id: int) -> int:
    statement = select(func.count()).select_from(guild_feeds).where(guild_feeds.c.guild_id == guild_id)
    return int((await connection.execute(statement)).scalar_one())


async def guilds_of(connection: AsyncConnection, feed_id: int) -> list[int]:
    rows = await connection.execute(select(guild_feeds.c.guild_id).where(guild_feeds.c.feed_id == feed_id))
    return [row.guild_id for row in rows]


async def readers(connection: AsyncConnection, feed_ids: Sequence[int]) -> dict[int, set[int]]:
    """feed id → ids of the servers that read it and have not muted it."""
    found: dict[int, set[int]] = {feed_id: set() for feed_id in feed_ids}
    rows = await connection.execute(
        select(guild_feeds.c.feed_id, guild_feeds.c.guild_id).where(
            guild_feeds.c.feed_id.in_(feed_ids), guild_feeds.c.muted.is_(False)
        )
    )
    for row in rows:
        found[row.feed_id].add(row.guild_id)
    return found


async def any_due(connection: AsyncConnection, now: datetime) -> bool:
    """Whether a claim would find anything; a read, so that an idle tick writes nothing."""
    return (await connection.execute(select(feeds.c.id).where(_due(now)).limit(1))).first() is not None


def _due(now: datetime) -> Any:
    return and_(
        feeds.c.state == "active",
        feeds.c.next_poll_at <= now,
        or_(feeds.c.lease_until.is_(None), feeds.c.lease_until < now),
    )


async def claim_due(
    connection: AsyncConnection, now: datetime, *, limit: int, lease_seconds: int, owner: int = 0
) -> list[Feed]:
    """Take up to `limit` due feeds, longest overdue first, leased so that no other poller takes them too.

    owner: this process (storage.member); 0: the only one.
    """
    due = (
        select(feeds.c.id)
        .where(_due(now))
        .order_by(feeds.c.next_poll_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = [row.id for row in await connection.execute(due)]
    if not ids:
        return []
    await connection.execute(
        update(feeds)
        .where(feeds.c.id.in_(ids))
        .values(lease_until=now + timedelta(seconds=lease_seconds), lease_owner=owner)
    )
    rows = await connection.execute(select(*_COLUMNS).where(feeds.c.id.in_(ids)).order_by(feeds.c.next_poll_at))
    return [Feed(*row) for row in rows]  # _COLUMNS are its fields in order; hundreds at a time, each of forty columns


async def release_leases(connection: AsyncConnection) -> None:
    """At the start of an only process: what a killed predecessor held is free again."""
    await connection.execute(update(feeds).where(feeds.c.lease_until.is_not(None)).values(lease_until=None))


async def next_due_at(connection: AsyncConnection) -> datetime | None:
    value: datetime | None = (
        await connection.execute(select(func.min(feeds.c.next_poll_at)).where(feeds.c.state == "active"))
    ).scalar()
    return value


async def save_many(connection: AsyncConnection, changes: Sequence[Mapping[str, object]]) -> None:
    """Write how polls went: each mapping holds `id` and the columns to set; equal sets of columns go together."""
    groups: dict[tuple[str, ...], list[tuple[object, ...]]] = {}
    for change in changes:
        names = tuple(sorted(name for name in change if name != "id"))
        groups.setdefault(names, []).append((*(change[name] for name in names), change["id"]))
    for names, rows in groups.items():
        if names:
            await update_rows(connection, feeds, names, rows)


async def rename_url(connection: AsyncConnection, feed_id: int, url: str) -> int:
    """Move a feed to a new URL; where another feed has it already, the two become one. Returns the id that stays."""
    other = await by_url(connection, url)
    if other is None or other.id == feed_id:
        await connection.execute(
            update(feeds).where(feeds.c.id == feed_id).values(url=url, moved_to=None, moved_since=None)
        )
        return feed_id
    if other.state != "active":
        await add(connection, url, now=other.next_poll_at)
    held = select(guild_feeds.c.guild_id).where(guild_feeds.c.feed_id == other.id)
    await connection.execute(
        update(guild_feeds)
        .where(guild_feeds.c.feed_id == feed_id, guild_feeds.c.guild_id.not_in(held))
        .values(feed_id=other.id)
    )
    await connection.execute(delete(guild_feeds).where(guild_feeds.c.feed_id == feed_id))
    await connection.execute(update(feeds).where(feeds.c.id == feed_id).values(state="retired", moved_to=url))
    return other.id


async def recent_publications(connection: AsyncConnection, feed_id: int, *, limit: int = 20) -> list[datetime]:
    """When the newest entries came, newest first: publication where known, else first sight."""
    when = func.coalesce(entries.c.published_at, entries.c.first_seen_at).label("at")
    rows = await connection.execute(select(when).where(entries.c.feed_id == feed_id).order_by(when.desc()).limit(limit))
    return [row.at for row in rows]


async def totals(connection: AsyncConnection) -> dict[str, int]:
    """Numbers for /status: active feeds, failing feeds, entries, deliveries waiting."""
    active = feeds.c.state == "active"
    row = (
        await connection.execute(
            select(
                select(func.count()).select_from(feeds).where(active).scalar_subquery().label("feeds"),
                select(func.count())
                .select_from(feeds)
                .where(active, feeds.c.failing_since.is_not(None))
                .scalar_subquery()
                .label("failing"),
                select(func.count())
                .select_from(deliveries)
                .where(deliveries.c.state.in_(("pending", "sending")))
                .scalar_subquery()
                .label("waiting"),
            )
        )
    ).one()
    return {"feeds": row.feeds, "failing": row.failing, "waiting": row.waiting}


async def link_many(
    connection: AsyncConnection,
    guild_id: int,
    feed_ids: Sequence[int],
    *,
    added_by: int | None,
    now: datetime,
) -> None:
    rows = [{"guild_id": guild_id, "feed_id": feed_id, "added_by": added_by, "added_at": now} for feed_id in feed_ids]
    if rows:
        await connection.execute(insert_for(connection, guild_feeds).on_conflict_do_nothing(), rows)


async def bulk_insert(connection: AsyncConnection, rows: Sequence[Mapping[str, object]]) -> None:
    """Many feeds at once (imports, benchmarks)."""
    if rows:
        await connection.execute(insert(feeds), list(rows))


async def every(connection: AsyncConnection, guild_id: int | None = None) -> list[Feed]:
    """All active feeds, or those of one server, by title."""
    statement = select(*_COLUMNS).where(feeds.c.state == "active")
    if guild_id is not None:
        statement = statement.join(guild_feeds, guild_feeds.c.feed_id == feeds.c.id).where(
            guild_feeds.c.guild_id == guild_id
        )
    rows = await connection.execute(statement.order_by(func.coalesce(feeds.c.title, feeds.c.url), feeds.c.id))
    return [into(Feed, row) for row in rows]
