"""What a gateway process sees for those that deliver without one: followed channels that cannot be posted in now.

Where one process does everything, the sender itself looks before each message (`delivery.places`), and this is idle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.clock import utcnow
from bot.delivery.places import standing
from storage import notify, subscriptions
from storage.records import Target

if TYPE_CHECKING:
    import discord

    from bot.services import Services


async def watch(services: Services, guild: discord.Guild) -> None:
    """Mark the channels of a server that something is followed in and the bot may not post in. Raises StorageError."""
    if services.db.is_sqlite:
        return
    async with services.db.read() as connection:
        targets = await subscriptions.channels_of(connection, guild.id)
    for target in targets:
        channel = guild.get_channel_or_thread(target.id)
        lost = standing(channel) if channel is not None else None
        if lost is not None and target not in services.routes.lost:
            await services.routes.lose(target, guild.id, lost.reason, utcnow(), seen=True)


async def changed(services: Services, channel: discord.abc.GuildChannel) -> None:
    """Tell the others that a channel is not what they remember. Raises StorageError."""
    if not services.db.is_sqlite:
        async with services.db.write() as connection:
            await notify.tell(connection, "channel", notify.of_target(Target("channel", channel.id)))
