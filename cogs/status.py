"""`/status`: whether Headframe is well. Everyone sees the short form, moderators the details."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from bot.desk import status
from bot.gateway import credible
from bot.i18n import _
from cogs.ui.answer import answer
from cogs.ui.places import present, scope

if TYPE_CHECKING:
    from bot.client import HeadframeBot

Interaction = discord.Interaction["HeadframeBot"]


class Status(commands.Cog):
    """One command."""

    def __init__(self, bot: HeadframeBot) -> None:
        self.bot = bot

    @app_commands.command(name="status", description=locale_str("Whether everything is well"))
    async def status(self, interaction: Interaction) -> None:
        moderator = interaction.permissions.manage_guild or interaction.permissions.manage_channels
        report = await status.report(self.bot.services, scope(interaction), latency=credible(self.bot.latency))
        embed = discord.Embed(
            title=_("All is well") if report.well else _("Something needs attention"),
            description="\n".join(report.lines),
            colour=0x2E9E5B if report.well else 0xC98B2B,
        )
        if moderator and present(interaction):
            for name, value in report.details:
                embed.add_field(name=name, value=value, inline=True)
        embed.set_footer(text=f"Headframe {self.bot.services.version}")
        await answer(interaction, embed=embed)


async def setup(bot: HeadframeBot) -> None:
    await bot.add_cog(Status(bot))
