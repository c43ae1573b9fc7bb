"""Where something may be posted: checked when a person asks for it, not when the first headline is due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord

from bot.delivery.losses import permission_name
from bot.delivery.places import missing_permissions
from bot.errors import UserError
from bot.i18n import _

if TYPE_CHECKING:
    from cogs.ui.choices import Where
    from storage.records import TargetKind


def present(interaction: discord.Interaction[Any]) -> bool:
    """Whether this is on a server that the bot itself is on, not one where only the person has installed it."""
    return interaction.guild_id is not None and interaction.client.get_guild(interaction.guild_id) is not None


def scope(interaction: discord.Interaction[Any]) -> int:
    """Whose feeds are meant: the server's; 0, those of people without a server, where the bot is not a member."""
    return interaction.guild_id or 0 if present(interaction) else 0


def place(interaction: discord.Interaction[Any], where: Where) -> tuple[TargetKind, int]:
    """The target an alert of this person goes to. Raises UserError where the bot or the person may not write."""
    if where == "here" and interaction.guild_id is not None and not present(interaction):
        raise UserError(_("I am not on this server, so I can only alert you by direct message. Choose that."))
    if where == "dm" or interaction.guild is None or interaction.channel_id is None:
        return "user", interaction.user.id
    channel = interaction.guild.get_channel_or_thread(interaction.channel_id)
    if not interaction.permissions.send_messages and not interaction.permissions.send_messages_in_threads:
        raise UserError(_("You may not write in this channel, so I won't either. Choose direct message."))
    if channel is not None and missing_permissions(channel):
        raise UserError(_("I can't post in this channel. Choose direct message, or ask a moderator."))
    return "channel", interaction.channel_id


async def check_channel(interaction: discord.Interaction[Any], channel_id: int) -> None:
    """It is a channel of this server, the person sees it, and the bot may write there. Raises UserError.

    Discord offers only the server's own channels, but what is asked for is not believed without a look.
    """
    channel = interaction.guild.get_channel_or_thread(channel_id) if interaction.guild else None
    if channel is None and interaction.guild is not None:
        try:
            channel = await interaction.guild.fetch_channel(channel_id)  # a thread that the gateway has not told of
        except (discord.HTTPException, discord.InvalidData):
            channel = None
    if channel is None:
        raise UserError(_("I can't see that channel. Let me view it, or choose another."))
    if isinstance(interaction.user, discord.Member) and not channel.permissions_for(interaction.user).view_channel:
        raise UserError(_("You can't see that channel yourself. Choose one that you can see."))
    missing = missing_permissions(channel)
    if missing:
        names = ", ".join(permission_name(name) for name in missing)
        raise UserError(
            _("I can't post in <#{channel}>: I lack {names}. Grant it and try again.").format(
                channel=channel_id, names=names
            )
        )
