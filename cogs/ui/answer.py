"""Answering a person: in time or after a deferral, ephemeral unless they ask to share. The only file that responds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord.utils import MISSING

from bot import intime
from bot.errors import UserError
from bot.i18n import _

if TYPE_CHECKING:
    from collections.abc import Sequence

_Kind = discord.InteractionResponseType


async def answer(
    interaction: discord.Interaction[Any],
    content: str = "",
    *,
    embed: discord.Embed | None = None,
    view: discord.ui.View | discord.ui.LayoutView | None = None,
    files: Sequence[discord.File] = (),
    share: bool = False,
) -> None:
    """Give the answer as a message, whether or not "is thinking…" is already shown."""
    await intime.settle(interaction)
    content = _linked(interaction, content, embed)
    response = interaction.response
    parts: dict[str, Any] = {"view": view or MISSING, "files": list(files) or MISSING}
    if not isinstance(view, discord.ui.LayoutView):
        parts |= {"content": content or MISSING, "embed": embed or MISSING}
    if response.type is _Kind.deferred_message_update:
        await interaction.followup.send(**parts, ephemeral=not share)
    elif response.is_done():
        changed: dict[str, Any] = {"view": view, "attachments": list(files)}
        if not isinstance(view, discord.ui.LayoutView):
            changed |= {"content": content or None, "embeds": [embed] if embed else []}
        await interaction.edit_original_response(**changed)
    else:
        await response.send_message(**parts, ephemeral=not share)


async def update(
    interaction: discord.Interaction[Any],
    *,
    content: str | None = None,
    embed: discord.Embed | None = None,
    view: discord.ui.View | discord.ui.LayoutView | None = None,
    files: Sequence[discord.File] = (),
) -> None:
    """Change the message the control (or the form that it opened) belongs to; what is not given goes from it."""
    await intime.settle(interaction)
    content = _linked(interaction, content or "", embed) or None
    parts: dict[str, Any] = {"view": view, "attachments": list(files)}
    if not isinstance(view, discord.ui.LayoutView):
        parts |= {"content": content, "embeds": [embed] if embed else []}
    if interaction.response.is_done():
        await interaction.edit_original_response(**parts)
    else:
        await interaction.response.edit_message(**parts)


def _linked(interaction: discord.Interaction[Any], content: str, embed: discord.Embed | None) -> str:
    """Commands in texts become mentions (see bot.mentions)."""
    services = getattr(interaction.client, "services", None)
    if services is None:
        return content
    if embed is not None:
        services.mentions.link_embed(embed)
    return str(services.mentions.link_content(content))


async def think(interaction: discord.Interaction[Any], *, share: bool = False) -> None:
    """Show at once that the answer to a command will take a while."""
    await intime.settle(interaction)
    if not interaction.response.is_done():
        await interaction.response.defer(ephemeral=not share, thinking=True)


async def hold(interaction: discord.Interaction[Any]) -> None:
    """Say at once that a press was heard; `update` or `answer` come later."""
    await intime.settle(interaction)
    if not interaction.response.is_done():
        await interaction.response.defer()


async def open_form(interaction: discord.Interaction[Any], form: discord.ui.Modal) -> None:
    """Open a form. Raises UserError when that took too long: Discord opens a form only as the very first answer."""
    await intime.settle(interaction)
    if interaction.response.is_done():
        raise UserError(_("That took too long to open a form. Please try once more."))
    await interaction.response.send_modal(form)
