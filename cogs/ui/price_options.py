"""Options that the price commands share: the service, a person's currency and unit, and autocompletes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.errors import UserError
from bot.i18n import _
from bot.news.text import fold
from bot.prices.currency import NAMES, parse_currency
from bot.prices.instruments import INSTRUMENTS, instrument
from bot.prices.units import UNITS, parse_unit
from storage import guilds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.prices.model import PriceError
    from bot.prices.service import PriceService
    from bot.prices.units import Unit

Choices = list[app_commands.Choice[str]]
Press = discord.Interaction[Any]


def prices_of(interaction: discord.Interaction[Any]) -> PriceService:
    """The price service. Raises UserError where the operator runs without prices."""
    service: PriceService | None = interaction.client.services.prices
    if service is None:
        raise UserError(_("Prices are switched off here; the operator can tell you why."))
    return service


async def currency_and_unit(
    interaction: Press, metal: str | None, currency: str | None, unit: str | None
) -> tuple[str, str]:
    """What was asked for, else the person's own, else the server's, else dollars and the metal's home unit.

    A stored unit counts for precious metals only: nobody wants iron ore by the ounce. Raises PriceError.
    """
    slug = instrument(metal).slug if metal else "gold"
    money, units = await currency_and_units(interaction, [slug], currency, unit)
    return money, units[slug].code


async def currency_and_units(
    interaction: Press, metals: Iterable[str], currency: str | None, unit: str | None
) -> tuple[str, dict[str, Unit]]:
    """As `currency_and_unit`, for several metals by their slugs: each has its own unit."""
    async with interaction.client.services.db.read() as connection:
        person = await guilds.user(connection, interaction.user.id)
        server = await guilds.guild(connection, interaction.guild_id) if interaction.guild_id else None
    chosen = currency or person.currency or (server.currency if server else None) or "USD"
    own = person.unit or (server.unit if server else None)
    units = {}
    for slug in metals:
        home = INSTRUMENTS[slug].unit.code
        units[slug] = parse_unit(unit or (own if home == "oz t" else None) or home)
    return parse_currency(chosen), units


def user_error(error: PriceError) -> UserError:
    """A price error as an answer to a person."""
    return UserError(str(error))


def _matching(current: str, options: Iterable[tuple[str, str, str]]) -> Choices:
    """(label, value, further words) whose words begin with what has been typed; labels first."""
    typed = fold(current.strip())
    found = [
        (label, value) for label, value, more in options
        if not typed or any(fold(word).startswith(typed) for word in (label, value, *more.split("|")))
    ]  # fmt: skip
    return [app_commands.Choice(name=label[:100], value=value[:100]) for label, value in found[:25]]


async def complete_metal(_interaction: discord.Interaction[Any], current: str) -> Choices:
    return _matching(
        current, ((item.local_name, item.slug, f"{item.symbol}|{item.name}") for item in INSTRUMENTS.values())
    )


async def complete_currency(interaction: discord.Interaction[Any], current: str) -> Choices:
    """Currencies there is a rate for."""
    service: PriceService | None = interaction.client.services.prices
    known = service.rates.per_dollar() if service is not None else {"USD": 1}
    return _matching(current, ((f"{code} · {name}", code, name) for code, name in NAMES.items() if code in known))


async def complete_unit(_interaction: discord.Interaction[Any], current: str) -> Choices:
    return _matching(current, ((f"{unit.code} · {unit.name}", unit.code, unit.name) for unit in UNITS.values()))


async def complete_side(interaction: discord.Interaction[Any], current: str) -> Choices:
    """A unit or a currency, for `/price convert`."""
    return [*await complete_unit(interaction, current), *await complete_currency(interaction, current)][:25]
