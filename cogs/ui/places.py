"""Where something may be posted: checked when a person asks for it, not when the first headline is due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import discord

from bot.delivery.losses import permission_name
from bot.delivery.places import missing_permissions
from bot.errors import UserError
from bot.i18n import _

if TYPE_CHECKING:
    from storage.records import TargetKind

Where = Literal["dm", "here"]


def place(interaction: discord.Interaction[Any], where: Where) -> tuple[TargetKind, int]:
    """The target an alert of this person goes to. Raises UserError where the bot or the person may not write."""
    if where == "dm" or interaction.guild is None or interaction.channel_id is None:
        if where == "here" and interaction.guild_id is not None:
            raise UserError(_("I am not on this server, so I can only alert you by direct message."))
        return "user", interaction.user.id
    channel = interaction.guild.get_channel_or_thread(interaction.channel_id)
    if not interaction.permissions.send_messages and not interaction.permissions.send_messages_in_threads:
        raise UserError(_("You may not write in this channel, so I won't either. Choose direct message."))
    if channel is not None and missing_permissions(channel):
        raise UserError(_("I can't post in this channel. Choose direct message, or ask a moderator."))
    return "channel", interaction.channel_id


def check_channel(interaction: discord.Interaction[Any], channel_id: int) -> None:
    """The person sees that channel of this server, and the bot may write there. Raises UserError."""
    channel = interaction.guild.get_channel_or_thread(channel_id) if interaction.guild else None
    if channel is None:
        return
    if isinstance(interaction.user, discord.Member) and not channel.permissions_for(interaction.user).view_channel:
        raise UserError(_("You can't see that channel yourself."))
    missing = missing_permissions(channel)
    if missing:
        names = ", ".join(permission_name(name) for name in missing)
        raise UserError(
            _("I can't post in <#{channel}>: I lack {names}. Grant it and try again.").format(
                channel=channel_id, names=names
            )
        )
