"""From a subscription that a headline meets to the delivery it gets: when it is due, to whom, unless muted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.delivery import hours
from bot.delivery.post import host_of
from storage import guilds
from storage.records import NewDelivery, Target

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.records import NewEntry, Subscription


class Zones:
    """Time zones of digests, looked up once a transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._known: dict[tuple[str, int], str | None] = {}

    async def of(self, subscription: Subscription) -> str | None:
        """The IANA zone of whoever reads the digest; None: UTC."""
        personal = subscription.owner_id is not None
        key = ("user", subscription.owner_id or 0) if personal else ("guild", subscription.scope_guild_id)
        if key not in self._known:
            if personal:
                self._known[key] = (await guilds.user(self._connection, key[1])).timezone
            else:
                self._known[key] = (await guilds.guild(self._connection, key[1])).timezone
        return self._known[key]


def muted(subscription: Subscription, *sources: str) -> bool:
    """Whether the host of one of these addresses is muted there."""
    hosts = subscription.muted_sources
    return bool(hosts) and any(host_of(source) in (hosts or ()) for source in sources)


async def due(subscription: Subscription, zones: Zones, now: datetime) -> datetime:
    """When what is found now is to travel: at once, or with the next digest by the clock of whoever reads it."""
    if subscription.mode == "instant":
        return now
    return hours.digest_due(subscription.mode, subscription.digest_hour, await zones.of(subscription), now)


async def delivery(
    subscription: Subscription, entry_id: int, entry: NewEntry, zones: Zones, now: datetime
) -> NewDelivery:
    """One headline for one subscription; of a story, a target gets one (the outbox sees to it by `dedupe_key`)."""
    return NewDelivery(
        target=Target(subscription.target_kind, subscription.target_id),
        dedupe_key=f"story:{entry.story_id}",
        kind="headline",
        order_at=min(entry.published_at or now, now),
        due_at=await due(subscription, zones, now),
        created_at=now,
        guild_id=subscription.scope_guild_id if subscription.target_kind == "channel" else None,
        subscription_id=subscription.id,
        story_id=entry.story_id,
        entry_id=entry_id,
        mode=subscription.mode,
        priority=1 if subscription.mode == "instant" else 2,
        role_id=subscription.role_id,
    )
