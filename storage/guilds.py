"""Settings of servers, channels and people, and the right to be forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, or_, select, update

from storage import meta
from storage.notify import tell
from storage.records import ChannelSettings, GuildSettings, UserSettings
from storage.rows import chunks, columns, insert_for, into
from storage.schema import (
    channels,
    deliveries,
    feeds,
    guild_feeds,
    guild_settings,
    price_alerts,
    subscriptions,
    user_settings,
)
from storage.subscriptions import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

_CHUNK = 500
_GUILD = columns(guild_settings, GuildSettings)
_USER = columns(user_settings, UserSettings)
_CHANNEL = columns(channels, ChannelSettings)


async def guild(connection: AsyncConnection, guild_id: int) -> GuildSettings:
    """A server's settings; the defaults when it has none."""
    row = (await connection.execute(select(*_GUILD).where(guild_settings.c.guild_id == guild_id))).first()
    return into(GuildSettings, row) if row else GuildSettings(guild_id)


async def set_guild(connection: AsyncConnection, guild_id: int, *, now: datetime, **changes: object) -> GuildSettings:
    statement = insert_for(connection, guild_settings).values(guild_id=guild_id, created_at=now, **changes)
    if changes:
        await connection.execute(statement.on_conflict_do_update(index_elements=["guild_id"], set_=changes))
    else:
        await connection.execute(statement.on_conflict_do_nothing())
    return await guild(connection, guild_id)


async def user(connection: AsyncConnection, user_id: int) -> UserSettings:
    row = (await connection.execute(select(*_USER).where(user_settings.c.user_id == user_id))).first()
    return into(UserSettings, row) if row else UserSettings(user_id)


async def set_user(connection: AsyncConnection, user_id: int, *, now: datetime, **changes: object) -> UserSettings:
    statement = insert_for(connection, user_settings).values(user_id=user_id, created_at=now, **changes)
    if changes:
        await connection.execute(statement.on_conflict_do_update(index_elements=["user_id"], set_=changes))
    else:
        await connection.execute(statement.on_conflict_do_nothing())
    return await user(connection, user_id)


async def channel(connection: AsyncConnection, channel_id: int) -> ChannelSettings | None:
    row = (await connection.execute(select(*_CHANNEL).where(channels.c.channel_id == channel_id))).first()
    return into(ChannelSettings, row) if row else None


async def set_channel(
    connection: AsyncConnection, channel_id: int, guild_id: int, **changes: object
) -> ChannelSettings:
    statement = insert_for(connection, channels).values(channel_id=channel_id, guild_id=guild_id, **changes)
    await connection.execute(
        statement.on_conflict_do_update(index_elements=["channel_id"], set_={"guild_id": guild_id, **changes})
    )
    found = await channel(connection, channel_id)
    assert found is not None
    return found


async def channels_of(connection: AsyncConnection, guild_id: int) -> dict[int, ChannelSettings]:
    rows = await connection.execute(select(*_CHANNEL).where(channels.c.guild_id == guild_id))
    return {row.channel_id: into(ChannelSettings, row) for row in rows}


async def many_channels(connection: AsyncConnection, ids: Iterable[int]) -> dict[int, ChannelSettings]:
    """Those of these channels that have settings."""
    found: dict[int, ChannelSettings] = {}
    for some in chunks(ids, _CHUNK):
        rows = await connection.execute(select(*_CHANNEL).where(channels.c.channel_id.in_(some)))
        found |= {row.channel_id: into(ChannelSettings, row) for row in rows}
    return found


async def many_guilds(connection: AsyncConnection, ids: Iterable[int]) -> dict[int, GuildSettings]:
    found: dict[int, GuildSettings] = {}
    for some in chunks(ids, _CHUNK):
        rows = await connection.execute(select(*_GUILD).where(guild_settings.c.guild_id.in_(some)))
        found |= {row.guild_id: into(GuildSettings, row) for row in rows}
    return found


async def many_users(connection: AsyncConnection, ids: Iterable[int]) -> dict[int, UserSettings]:
    found: dict[int, UserSettings] = {}
    for some in chunks(ids, _CHUNK):
        rows = await connection.execute(select(*_USER).where(user_settings.c.user_id.in_(some)))
        found |= {row.user_id: into(UserSettings, row) for row in rows}
    return found


async def lost_channels(connection: AsyncConnection) -> list[ChannelSettings]:
    rows = await connection.execute(select(*_CHANNEL).where(channels.c.route == "lost"))
    return [into(ChannelSettings, row) for row in rows]


async def refused_users(connection: AsyncConnection) -> list[int]:
    """People whose direct messages were refused and who have not been heard of since."""
    rows = await connection.execute(select(user_settings.c.user_id).where(user_settings.c.dm_refused_at.is_not(None)))
    return [row.user_id for row in rows]


async def left_before(connection: AsyncConnection, moment: datetime) -> list[int]:
    rows = await connection.execute(select(guild_settings.c.guild_id).where(guild_settings.c.left_at < moment))
    return [row.guild_id for row in rows]


async def forget_user(connection: AsyncConnection, user_id: int) -> None:
    """Delete everything of a person, queued messages included; what a server owns stays without their id."""
    await connection.execute(
        delete(deliveries).where(deliveries.c.target_kind == "user", deliveries.c.target_id == user_id)
    )
    theirs = select(subscriptions.c.id).where(subscriptions.c.owner_id == user_id)
    await connection.execute(
        delete(deliveries).where(
            deliveries.c.subscription_id.in_(theirs), deliveries.c.state.in_(("pending", "held", "dropped"))
        )
    )
    alerts = [
        row.id for row in await connection.execute(select(price_alerts.c.id).where(price_alerts.c.owner_id == user_id))
    ]
    for alert_id in alerts:
        await connection.execute(delete(deliveries).where(deliveries.c.dedupe_key.like(f"price:{alert_id}:%")))
    await connection.execute(
        delete(subscriptions).where(
            or_(
                subscriptions.c.owner_id == user_id,
                (subscriptions.c.target_kind == "user") & (subscriptions.c.target_id == user_id),
            )
        )
    )
    await connection.execute(
        delete(price_alerts).where(
            or_(
                price_alerts.c.owner_id == user_id,
                (price_alerts.c.target_kind == "user") & (price_alerts.c.target_id == user_id),
            )
        )
    )
    number = await meta.count(connection, VERSION)
    await connection.execute(
        update(subscriptions).where(subscriptions.c.created_by == user_id).values(created_by=None, version=number)
    )
    await connection.execute(update(guild_feeds).where(guild_feeds.c.added_by == user_id).values(added_by=None))
    await connection.execute(delete(user_settings).where(user_settings.c.user_id == user_id))
    await _told(connection)


async def forget_guild(connection: AsyncConnection, guild_id: int) -> None:
    """Delete everything of a server: its feeds list, subscriptions, channels, queue and settings."""
    ids = select(subscriptions.c.id).where(subscriptions.c.scope_guild_id == guild_id)
    await connection.execute(delete(deliveries).where(deliveries.c.subscription_id.in_(ids)))
    await connection.execute(delete(deliveries).where(deliveries.c.guild_id == guild_id))
    await connection.execute(delete(subscriptions).where(subscriptions.c.scope_guild_id == guild_id))
    await connection.execute(delete(price_alerts).where(price_alerts.c.scope_guild_id == guild_id))
    await connection.execute(delete(guild_feeds).where(guild_feeds.c.guild_id == guild_id))
    await connection.execute(delete(channels).where(channels.c.guild_id == guild_id))
    await connection.execute(delete(guild_settings).where(guild_settings.c.guild_id == guild_id))
    await meta.count(connection, VERSION)
    await _told(connection)


async def _told(connection: AsyncConnection) -> None:
    await tell(connection, "subscriptions", "*")
    await tell(connection, "alerts")


async def feeds_added_by(connection: AsyncConnection, user_id: int) -> list[dict[str, object]]:
    """Which feeds a person added to which servers."""
    rows = await connection.execute(
        select(guild_feeds.c.guild_id, feeds.c.url, guild_feeds.c.added_at)
        .join(feeds, feeds.c.id == guild_feeds.c.feed_id)
        .where(guild_feeds.c.added_by == user_id)
    )
    return [{"guild_id": str(row.guild_id), "url": row.url, "added_at": row.added_at.isoformat()} for row in rows]


async def weekly_channels(connection: AsyncConnection) -> list[ChannelSettings]:
    """Channels that follow the mineral of the week."""
    rows = await connection.execute(select(*_CHANNEL).where(channels.c.weekly.is_(True)))
    return [into(ChannelSettings, row) for row in rows]
