"""`/privacy`: what is stored about a person, as a file; and all of it gone, at once."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from bot.desk import people
from bot.i18n import _
from cogs.ui.answer import answer, hold, think, update
from cogs.ui.control import Panel, register

if TYPE_CHECKING:
    from bot.client import HeadframeBot
    from cogs.ui.control import Act

Interaction = discord.Interaction["HeadframeBot"]


class Privacy(commands.GroupCog, group_name="privacy", group_description=locale_str("What is stored about you")):
    """Export and delete; each for the person who asks."""

    def __init__(self, bot: HeadframeBot) -> None:
        self.bot = bot
        super().__init__()

    async def cog_load(self) -> None:
        register(self.bot, "privacy", self.pressed)

    @app_commands.command(name="export", description=locale_str("Everything stored about you, as a file"))
    async def export(self, interaction: Interaction) -> None:
        await think(interaction)
        data = await people.export(self.bot.services, interaction.user.id)
        body = json.dumps(data, ensure_ascii=False, indent=2).encode()

        def file() -> discord.File:
            return discord.File(io.BytesIO(body), "headframe-export.json")

        try:
            await interaction.user.send(_("Everything I have stored about you."), file=file())
        except discord.HTTPException:
            # Direct messages are closed: the answer only this person sees holds it instead.
            await answer(interaction, _("Your direct messages are closed, so here it is."), files=[file()])
            return
        await answer(interaction, _("I sent it to you by direct message."), files=[file()])

    @app_commands.command(name="delete", description=locale_str("Delete everything stored about you"))
    async def delete(self, interaction: Interaction) -> None:
        text = _(
            "This deletes your alerts, settings and what was sent to you, at once and for good. "
            "What you set up for a server stays, without your name."
        )
        panel = Panel("privacy")
        panel.button("delete", _("Delete everything"), style=discord.ButtonStyle.danger)
        panel.button("keep", _("Keep it"))
        await answer(interaction, text, view=panel)

    async def pressed(self, interaction: discord.Interaction[Any], act: Act) -> None:
        """Whoever presses is meant, whatever the custom id says."""
        if act.what != "delete":
            await update(interaction, content=_("Nothing was deleted."))
            return
        await hold(interaction)
        await people.delete(self.bot.services, interaction.user.id)
        await update(interaction, content=_("Done. I know nothing of you any more."))


async def setup(bot: HeadframeBot) -> None:
    await bot.add_cog(Privacy(bot))
