"""What the client already knows about a channel: which permission is missing, whether it is locked, gone or away.

No request is made here: the gateway keeps this view up to date.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import discord

from bot.delivery.answers import Lost, Retry

if TYPE_CHECKING:
    from collections.abc import Collection

_NEEDED: Final = ("view_channel", "send_messages", "embed_links")


def missing_permissions(channel: discord.abc.GuildChannel | discord.Thread, also: Collection[str] = ()) -> list[str]:
    """The permission the bot lacks to post in a channel, by what the gateway has told so far; empty: none.

    also: permissions that are needed besides.
    """
    # Typed as always there; with the member cache off it is, once the server's GUILD_CREATE has come.
    me: discord.Member | None = channel.guild.me
    if me is None:
        return []
    held = channel.permissions_for(me)
    needed = list(_NEEDED)
    if isinstance(channel, discord.Thread):
        needed[1] = "send_messages_in_threads"
    missing = [name for name in (*needed, *also) if not getattr(held, name, True)]
    # Each takes those after it away with it: only the first is what somebody has to give back.
    return missing[:1]


def standing(channel: discord.abc.GuildChannel | discord.Thread, lost: str = "") -> Lost | None:
    """Why the bot cannot post in a channel it knows; None when it can. An archived thread wakes when posted in.

    lost: why the channel was lost before: a permission named there is needed too.
    """
    missing = missing_permissions(channel, _named(lost))
    if missing:
        return Lost("missing:" + ",".join(missing), seen=True)
    if isinstance(channel, discord.Thread) and channel.locked:
        me: discord.Member | None = channel.guild.me
        if me is not None and not channel.permissions_for(me).manage_threads:
            return Lost("locked", seen=True)
    return None


def served_here(client: discord.Client, guild_id: int) -> bool:
    """Whether this client's gateway connection tells of a server. One without any does so of none."""
    if not isinstance(client, discord.AutoShardedClient):
        return False
    count = client.shard_count
    return client.shard_ids is None or not count or (guild_id >> 22) % count in client.shard_ids


def _named(lost: str) -> list[str]:
    return lost.removeprefix("missing:").split(",") if lost.startswith("missing:") else []


def hides_history(channel: object) -> bool:
    """Whether the bot may not read what was posted there: Discord then shows an empty history and says nothing."""
    if not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
        return False
    me: discord.Member | None = channel.guild.me
    return me is not None and not channel.permissions_for(me).read_message_history


def obstacle(client: discord.Client, channel_id: int, guild_id: int, lost: str = "") -> Lost | Retry | None:
    """What speaks against posting in a server's channel now: lost, for the moment (Retry), or nothing (None)."""
    if not client.is_ready():
        return None
    guild = client.get_guild(guild_id)
    if guild is None:
        if not served_here(client, guild_id):
            return Retry("the server is served by another process", 30.0)
        return Lost("left", seen=True)
    if guild.unavailable:
        return Retry("Discord says the server is down for the moment", 5.0)
    channel = guild.get_channel_or_thread(channel_id)
    return None if channel is None else standing(channel, lost)
