"""Fired alerts into the outbox: one row each, once, with everything the message needs. Sends nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.i18n import use_language
from bot.prices.message import SHOWN, Headline, alert_payload
from storage import deliveries, entries
from storage.records import NewDelivery, Target

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.prices.model import FiredAlert

PRIORITY: Final = 0  # before headlines: a price alert is worth most in its first seconds
AROUND: Final = timedelta(hours=6)


async def enqueue(connection: AsyncConnection, fired: Sequence[FiredAlert], now: datetime) -> None:
    """The `Sink` of the price service: the headlines around the move are looked up once per metal and server."""
    known: dict[tuple[int, str], list[Headline]] = {}
    rows = []
    for item in fired:
        alert = item.alert
        place = (alert.scope_guild_id, alert.instrument)
        if place not in known:
            known[place] = await _headlines(connection, *place, now)
        with use_language(alert.language):
            payload = alert_payload(item, known[place])
        rows.append(
            NewDelivery(
                target=Target("user" if alert.target_kind == "user" else "channel", alert.target_id),
                dedupe_key=item.dedupe_key,
                kind="price",
                order_at=now,
                due_at=now,
                created_at=now,
                guild_id=alert.scope_guild_id or None,
                priority=PRIORITY,
                payload=payload,
            )
        )
    await deliveries.enqueue(connection, rows)


async def _headlines(connection: AsyncConnection, guild_id: int, metal: str, now: datetime) -> list[Headline]:
    """Headlines of the server's feeds tagged with the metal in the hours before, oldest first."""
    found = await entries.latest(connection, guild_id, facets=[f"mineral:{metal}"], since=now - AROUND, limit=SHOWN * 3)
    seen: set[int] = set()
    shown = []
    for entry in found:
        if entry.story_id is not None and entry.story_id in seen:
            continue  # another source of a story that is named already
        seen.add(entry.story_id or -entry.id)
        shown.append(Headline(entry.title, entry.url, min(now, entry.published_at or entry.first_seen_at)))
    return sorted(shown[:SHOWN], key=lambda headline: headline.at)
