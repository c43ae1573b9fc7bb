"""The mineral of the week: queued on Monday at noon UTC for the channels that follow it, once a week each.

The job runs every hour and asks only whether this week's post is queued already, so a week in which the machine was
down on Monday is made up later.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.clock import utcnow
from bot.delivery.markdown import clamp
from bot.i18n import use_language
from bot.minerals import content, weekly
from storage import deliveries, guilds
from storage.records import NewDelivery, Target

if TYPE_CHECKING:
    from datetime import datetime

    from bot.services import Services
    from storage.database import Database
    from storage.records import JsonObject

_FIRST_HOUR: Final = 12  # UTC, on Monday
_DESCRIPTION: Final = 4096


async def queue_mineral_of_the_week(database: Database, now: datetime) -> int:
    """Queue this week's post where it is wanted and not queued yet. The number of channels."""
    monday = (now - timedelta(days=now.weekday())).replace(hour=_FIRST_HOUR, minute=0, second=0, microsecond=0)
    if now < monday:
        return 0
    week = weekly.week_of(monday.date())
    async with database.read() as connection:
        wanted = await guilds.weekly_channels(connection)
        languages = {one.guild_id: (await guilds.guild(connection, one.guild_id)).language for one in wanted}
    rows = [
        NewDelivery(
            target=Target("channel", one.channel_id),
            dedupe_key=f"weekly:{week}",
            kind="notice",
            order_at=now,
            due_at=now,
            created_at=now,
            guild_id=one.guild_id,
            priority=2,
            payload=payload(week, languages[one.guild_id]),
        )
        for one in wanted
    ]
    if not rows:
        return 0
    async with database.write() as connection:
        return await deliveries.enqueue(connection, rows)


def payload(week: int, language: str | None) -> JsonObject:
    """The post of a week as the outbox keeps it: one embed."""
    with use_language(language):
        post = weekly.mineral_of_the_week(week)
        text = "\n".join(
            content.as_markdown(page).replace("## ", "**", 1).replace("\n", "**\n", 1) for page in post.sections
        )
        return {"name": post.title, "embed": {"title": post.title, "description": clamp(text, _DESCRIPTION)}}


async def follow(services: Services, guild_id: int, channel_id: int, *, on: bool) -> None:
    """Have a channel follow the mineral of the week, from this week on, or not any more."""
    async with services.db.write() as connection:
        await guilds.set_channel(connection, channel_id, guild_id, weekly=on)
    if on and await queue_mineral_of_the_week(services.db, utcnow()):
        services.outbox.wake()
