"""Answering a person: in time or after a deferral, ephemeral unless they ask to share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord.utils import MISSING

if TYPE_CHECKING:
    from collections.abc import Sequence


async def answer(
    interaction: discord.Interaction[Any],
    content: str = "",
    *,
    embed: discord.Embed | None = None,
    view: discord.ui.View | discord.ui.LayoutView | None = None,
    files: Sequence[discord.File] = (),
    share: bool = False,
) -> None:
    """Give the answer of a command, whether or not "is thinking…" is already shown."""
    if interaction.response.is_done():
        if isinstance(view, discord.ui.LayoutView):
            await interaction.edit_original_response(view=view, attachments=list(files))
        else:
            await interaction.edit_original_response(
                content=content or None,
                embeds=[embed] if embed else [],
                view=view,
                attachments=list(files),
            )
        return
    if isinstance(view, discord.ui.LayoutView):
        await interaction.response.send_message(view=view, files=list(files) or MISSING, ephemeral=not share)
        return
    await interaction.response.send_message(
        content or None,
        embed=embed or MISSING,
        view=view or MISSING,
        files=list(files) or MISSING,
        ephemeral=not share,
    )
