"""`/settings`: how Headframe speaks and counts on a server, for who may manage it; `/preferences`: to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from bot.delivery.losses import permission_name
from bot.delivery.places import missing_permissions
from bot.desk import people, servers
from bot.errors import UserError
from bot.i18n import _, set_language
from cogs.ui.answer import answer

if TYPE_CHECKING:
    from bot.client import HeadframeBot

Interaction = discord.Interaction["HeadframeBot"]


class Settings(commands.Cog):
    """Two commands: without options each shows how things stand."""

    def __init__(self, bot: HeadframeBot) -> None:
        self.bot = bot

    @app_commands.command(name="settings", description=locale_str("This server's language, time zone, currency, unit"))
    @app_commands.describe(
        language=locale_str("The language of what is posted"),
        timezone=locale_str("The time zone of digests and quiet hours, such as Europe/Paris"),
        currency=locale_str("The currency of prices, such as EUR"),
        unit=locale_str("The unit of prices, such as g or kg"),
        notices=locale_str("Where notices to moderators go"),
    )
    @app_commands.choices(
        language=[app_commands.Choice(name=name, value=code) for code, name in servers.LANGUAGE_NAMES.items()]
    )
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    @app_commands.checks.has_permissions(manage_guild=True)
    async def settings(
        self,
        interaction: Interaction,
        language: str | None = None,
        timezone: str | None = None,
        currency: str | None = None,
        unit: str | None = None,
        notices: discord.TextChannel | None = None,
    ) -> None:
        if interaction.guild_id is None:
            raise app_commands.NoPrivateMessage
        if notices is not None and (missing := missing_permissions(notices)):
            names = ", ".join(permission_name(name) for name in missing)
            raise UserError(
                _("I can't post in <#{channel}>: I lack {names}. Grant it and try again.").format(
                    channel=notices.id, names=names
                )
            )
        now = await servers.change(
            self.bot.services,
            interaction.guild_id,
            language=language,
            timezone=timezone,
            currency=currency,
            unit=unit,
            notices=notices.id if notices else None,
        )
        embed = discord.Embed(title=_("Settings of this server"), colour=0xB8860B)
        for name, value in servers.show(now):
            embed.add_field(name=name, value=value, inline=True)
        await answer(interaction, embed=embed)

    @app_commands.command(name="preferences", description=locale_str("Your own language, time zone, currency, unit"))
    @app_commands.describe(
        language=locale_str("The language in which I answer you and write to you"),
        timezone=locale_str("Your time zone, such as Europe/Paris"),
        currency=locale_str("The currency of prices, such as EUR"),
        unit=locale_str("The unit of prices, such as g or kg"),
    )
    @app_commands.choices(
        language=[app_commands.Choice(name=name, value=code) for code, name in servers.LANGUAGE_NAMES.items()]
    )
    async def preferences(
        self,
        interaction: Interaction,
        language: str | None = None,
        timezone: str | None = None,
        currency: str | None = None,
        unit: str | None = None,
    ) -> None:
        now = await servers.change_own(
            self.bot.services,
            interaction.user.id,
            language=language,
            timezone=timezone,
            currency=currency,
            unit=unit,
        )
        set_language(now.language or interaction.locale.value)
        embed = discord.Embed(title=_("Your preferences"), colour=0xB8860B)
        for name, value in servers.show_own(now):
            embed.add_field(name=name, value=value, inline=True)
        await answer(interaction, embed=embed)

    @preferences.autocomplete("timezone")
    @settings.autocomplete("timezone")
    async def _zones(self, _interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=name, value=name) for name in people.zones(current)]

    @preferences.autocomplete("currency")
    @settings.autocomplete("currency")
    async def _currencies(self, _interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        known = ("USD", "EUR", "GBP", "CAD", "AUD", "CHF", "JPY", "CNY", "INR", "ZAR", "BRL", "MXN", "SEK", "NOK")
        return [app_commands.Choice(name=code, value=code) for code in known if current.upper() in code]

    @preferences.autocomplete("unit")
    @settings.autocomplete("unit")
    async def _units(self, _interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [
            app_commands.Choice(name=code, value=code)
            for code in ("oz t", "g", "kg", "lb", "t")
            if current.casefold() in code
        ]


async def setup(bot: HeadframeBot) -> None:
    await bot.add_cog(Settings(bot))
