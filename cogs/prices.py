"""`/price`: quotes, charts and conversions. Translates Discord ↔ bot.prices.

Also gives the `/alert` group its `price` and the `/news` group its `movers`.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from bot.clock import utcnow
from bot.errors import UserError
from bot.i18n import _
from bot.prices.commands import parse_number
from bot.prices.conversion import convert
from bot.prices.instruments import instrument
from bot.prices.message import source_line
from bot.prices.model import PriceError, demo_label
from bot.prices.units import UNITS
from cogs.ui.answer import answer, think
from cogs.ui.choices import RANGES, THEMES, Range, Theme
from cogs.ui.places import scope
from cogs.ui.price_alert import price_command
from cogs.ui.price_card import chart_embed, overview_embed, quote_embed
from cogs.ui.price_movers import movers_command
from cogs.ui.price_options import (
    Press,
    complete_currency,
    complete_metal,
    complete_side,
    complete_unit,
    currency_and_unit,
    currency_and_units,
    prices_of,
    user_error,
)

if TYPE_CHECKING:
    from bot.client import HeadframeBot

_ALT = 1024  # Discord's limit of an attachment's description


@app_commands.allowed_installs(guilds=True, users=True)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
class Prices(commands.GroupCog, group_name="price", group_description=locale_str("What metals cost")):
    """The counter of the price room."""

    def __init__(self, bot: HeadframeBot) -> None:
        self.bot = bot
        super().__init__()

    async def cog_load(self) -> None:
        for name, command in (("alert", price_command()), ("news", movers_command())):
            group = self.bot.tree.get_command(name)
            if isinstance(group, app_commands.Group) and group.get_command(command.name) is None:
                group.add_command(command)

    async def cog_unload(self) -> None:
        for name, command in (("alert", "price"), ("news", "movers")):
            group = self.bot.tree.get_command(name)
            if isinstance(group, app_commands.Group):
                group.remove_command(command)

    @app_commands.command(name="now", description=locale_str("The price now, its sources and its age"))
    @app_commands.describe(
        metal=locale_str("Which metal; none for an overview"),
        currency=locale_str("In which currency"),
        unit=locale_str("Per which unit"),
        share=locale_str("Show the answer to everyone in the channel"),
    )
    @app_commands.autocomplete(metal=complete_metal, currency=complete_currency, unit=complete_unit)
    async def now(
        self,
        interaction: Press,
        metal: str | None = None,
        currency: str | None = None,
        unit: str | None = None,
        share: bool = False,
    ) -> None:
        service, now = prices_of(interaction), utcnow()
        try:
            if metal is None:
                money, units = await currency_and_units(interaction, service.metals, currency, unit)
                rows = [
                    (found, service.changes(slug, now))
                    for slug in service.metals
                    if (found := service.quote(slug, now)) is not None
                ]
                if not rows:
                    raise UserError(_("No price source has answered yet; try again in a minute."))
                shown = overview_embed(rows, service.rates, money, units, demo=service.demo)
                await answer(interaction, embed=shown, share=share)
                return
            money, per = await currency_and_unit(interaction, metal, currency, unit)
            item = instrument(metal)
            found = service.quote(item.slug, now)
            if found is None:
                raise UserError(
                    _("There is no price of {metal} yet; try again in a minute.").format(metal=item.local_name)
                )
            changes = service.changes(item.slug, now)
            embed = quote_embed(found, changes, service.rates, money, per, demo=service.demo)
        except PriceError as error:
            raise user_error(error) from error
        await answer(interaction, embed=embed, share=share)

    @app_commands.command(name="chart", description=locale_str("A price over time, with the headlines on the line"))
    @app_commands.describe(
        metal=locale_str("Which metal"),
        range=locale_str("How far back"),
        currency=locale_str("In which currency"),
        unit=locale_str("Per which unit"),
        theme=locale_str("Dark or light"),
        table=locale_str("Also as a table, for those who read rather than look"),
        share=locale_str("Show the answer to everyone in the channel"),
    )
    @app_commands.choices(range=RANGES, theme=THEMES)
    @app_commands.autocomplete(metal=complete_metal, currency=complete_currency, unit=complete_unit)
    async def chart(
        self,
        interaction: Press,
        metal: str,
        range: Range = "1w",  # noqa: A002 - the option's name in the contract
        currency: str | None = None,
        unit: str | None = None,
        theme: Theme = "dark",
        table: bool = False,
        share: bool = False,
    ) -> None:
        service = prices_of(interaction)
        await think(interaction, share=share)
        try:
            money, per = await currency_and_unit(interaction, metal, currency, unit)
            drawn = await service.charts.draw(
                metal,
                range,
                now=utcnow(),
                currency=money,
                unit=UNITS[per],
                guild_id=scope(interaction),
                theme=theme,
            )
        except PriceError as error:
            raise user_error(error) from error
        picture = discord.File(io.BytesIO(drawn.png), drawn.name, description=drawn.chart.alt[:_ALT])
        await answer(interaction, embed=chart_embed(drawn.chart, drawn.name, table=table), files=[picture], share=share)

    @app_commands.command(name="convert", description=locale_str("Between units, currencies, and a metal and money"))
    @app_commands.describe(
        amount=locale_str("How much, such as 10 or 2,500.50"),
        from_unit=locale_str("A unit or a currency"),
        to_unit=locale_str("A unit or a currency"),
        metal=locale_str("Which metal, between a weight and money"),
        share=locale_str("Show the answer to everyone in the channel"),
    )
    @app_commands.autocomplete(from_unit=complete_side, to_unit=complete_side, metal=complete_metal)
    async def convert(
        self,
        interaction: Press,
        amount: str,
        from_unit: str,
        to_unit: str,
        metal: str | None = None,
        share: bool = False,
    ) -> None:
        service, now = prices_of(interaction), utcnow()
        try:
            done = convert(
                parse_number(amount),
                from_unit,
                to_unit,
                metal,
                service.rates,
                lambda slug: service.quote(slug, now),
            )
        except PriceError as error:
            raise user_error(error) from error
        lines = [f"**{done.line}**"]
        if done.found is not None:
            lines.append(source_line(done.found))
            if service.demo:
                lines.append(demo_label())
        await answer(interaction, "\n".join(lines), share=share)


async def setup(bot: HeadframeBot) -> None:
    await bot.add_cog(Prices(bot))
