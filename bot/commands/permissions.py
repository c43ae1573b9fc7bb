"""`headframe doctor` asks Discord whether the bot may post where something is followed.

REST only, three requests a server, no gateway; changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import aiohttp
import discord

from bot.client import use_api
from bot.commands.finding import Finding
from storage import subscriptions

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from bot.settings import Settings
    from storage.database import Database

_SERVERS: Final = 50  # looked at; each costs three requests
_NEEDED: Final = ("view_channel", "send_messages", "embed_links")


async def check(settings: Settings, database: Database) -> AsyncGenerator[Finding, None]:
    """A line for each server where something followed cannot be posted, and one for all that is well."""
    if not settings.token:
        return
    wanted: dict[int, set[int]] = {}
    async with database.read() as connection:
        async for one in subscriptions.every(connection):
            if one.target_kind == "channel" and one.scope_guild_id and one.state == "active":
                wanted.setdefault(one.scope_guild_id, set()).add(one.target_id)
    if not wanted:
        return
    use_api(settings.api_url)
    client = discord.Client(intents=discord.Intents.none(), proxy=settings.discord_proxy or None)
    well = 0
    try:
        async with client:
            await client.login(settings.token)
            for guild_id in sorted(wanted)[:_SERVERS]:
                troubles = await _of_guild(client, guild_id, sorted(wanted[guild_id]))
                well += len(wanted[guild_id]) - len(troubles)
                for channel, trouble in troubles:
                    yield Finding("warn", "channel", f"{channel}: {trouble}")
    except discord.LoginFailure:
        return  # the token's own line says so
    except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
        yield Finding("warn", "channel", f"permissions could not be looked at ({type(error).__name__}): try again")
        return
    more = f"; {len(wanted) - _SERVERS} more servers not looked at" if len(wanted) > _SERVERS else ""
    yield Finding("ok", "channel", f"the bot may post in {well} followed channels{more}")


async def _of_guild(client: discord.Client, guild_id: int, channel_ids: Sequence[int]) -> list[tuple[str, str]]:
    """(channel, what is wrong) for the channels of a server that cannot be posted in."""
    try:
        guild = await client.fetch_guild(guild_id, with_counts=False)
        me = await guild.fetch_member(client.user.id if client.user else 0)
        channels = {channel.id: channel for channel in await guild.fetch_channels()}
    except (discord.NotFound, discord.Forbidden):
        return [(str(one), f"the bot is no longer on server {guild_id}: invite it again") for one in channel_ids]
    found = []
    for channel_id in channel_ids:
        channel = channels.get(channel_id)
        if channel is None:
            try:  # threads are not in the server's list
                thread = await client.fetch_channel(channel_id)
            except (discord.NotFound, discord.Forbidden, discord.InvalidData):
                found.append((str(channel_id), f"gone or hidden on {guild.name}: follow in another channel"))
                continue
            parent = channels.get(getattr(thread, "parent_id", None) or 0)
            if parent is None:
                continue
            channel = parent
        held = channel.permissions_for(me)
        missing = [name.replace("_", " ").title() for name in _NEEDED if not getattr(held, name)]
        if missing:
            found.append((f"#{channel.name} on {guild.name}", f"grant {', '.join(missing)} to the bot there"))
    return found
