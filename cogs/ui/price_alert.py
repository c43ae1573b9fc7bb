"""`/alert price`: the command, its suggestions and its answer. The prices cog adds it to the `/alert` group."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import discord
from discord import app_commands
from discord.app_commands import locale_str

from bot.clock import utcnow
from bot.desk import price_alerts
from bot.i18n import _, language
from bot.prices import commands as wording
from bot.prices import plausible
from bot.prices.instruments import INSTRUMENTS
from bot.prices.model import Consensus, PriceError
from bot.prices.suggest import suggest_values
from bot.prices.units import UNITS, format_price
from cogs.ui.answer import answer
from cogs.ui.choices import CONDITIONS, PLACES, Condition, Where
from cogs.ui.places import place, scope
from cogs.ui.price_options import Choices, Press, complete_metal, currency_and_unit, prices_of, user_error
from cogs.ui.words import where_text


def price_command() -> app_commands.Command[Any, ..., None]:
    """A fresh `price` subcommand."""

    @app_commands.command(name="price", description=locale_str("Be told when a price passes a level or moves"))
    @app_commands.describe(
        metal=locale_str("Which metal"),
        condition=locale_str("Above or below a level, or a move within a time"),
        value=locale_str("A level such as 4500 or 140 EUR/g; a move such as 2% in 1h"),
        where=locale_str("By direct message, or in this channel"),
        repeat=locale_str("Tell me each time, not only once"),
        days=locale_str("Forget the alert after so many days"),
    )
    @app_commands.choices(condition=CONDITIONS, where=PLACES)
    @app_commands.autocomplete(metal=complete_metal, value=_complete_value)
    async def price(
        interaction: Press,
        metal: str,
        condition: Condition,
        value: str,
        where: Where = "dm",
        repeat: bool = False,
        days: app_commands.Range[int, 1, 3650] | None = None,
    ) -> None:
        service, now = prices_of(interaction), utcnow()
        kind, target_id = place(interaction, where)
        try:
            currency, unit = await currency_and_unit(interaction, metal, None, None)
            parsed = wording.parse_condition(metal, condition, value, currency=currency, unit=unit)
            found = service.quote(metal, now)
            plausible.check(parsed, found, service.rates)
            passed = wording.already_passed(parsed, found, service.rates)
            service.rates.convert(INSTRUMENTS["gold"].normal, "USD", parsed.currency)  # is there a rate at all?
        except PriceError as error:
            raise user_error(error) from error
        alert = wording.build_alert(
            parsed,
            owner_id=interaction.user.id,
            scope_guild_id=scope(interaction),
            target_kind=kind,
            target_id=target_id,
            now=now,
            repeat=repeat,
            expires_at=None if days is None else now + timedelta(days=days),
            language=language(),
        )
        await price_alerts.add(interaction.client.services, alert)
        await answer(interaction, _confirmation(parsed, found, service.rates, kind, target_id, passed=passed))

    return price


def _confirmation(
    parsed: wording.ParsedCondition, found: Consensus | None, rates: Any, kind: str, target_id: int, *, passed: bool
) -> str:
    alert = parsed.describe()
    lines = [_("I'll tell you {where}: **{alert}**.").format(where=where_text(kind, target_id), alert=alert)]
    price = None if found is None else wording.price_in(found, rates, parsed.currency, parsed.unit)
    if price is not None:
        lines.append(_("Now {price}").format(price=format_price(price, parsed.currency, UNITS[parsed.unit])) + ".")
    elif found is None:
        lines.append(_("There is no price of it yet; the alert waits for the first one."))
    if passed:
        lines.append("⚠️ " + _("The price is past this level already: the alert waits until it has come back."))
    if found is not None and not found.market_open:
        lines.append(_("The market is closed; alerts rest until it opens."))
    return "\n".join(lines)


async def _complete_value(interaction: discord.Interaction[Any], current: str) -> Choices:
    """Round levels near the present price, or usual moves; what was typed comes first when it can be read."""
    chosen = interaction.namespace
    metal, condition = str(chosen.metal or "gold"), str(chosen.condition or "above")
    service = prices_of(interaction)
    try:
        currency, unit = await currency_and_unit(interaction, metal, None, None)
        found = service.quote(metal, utcnow())
        pairs = suggest_values(metal, condition, current, found, service.rates, currency, unit)
    except PriceError:
        return []
    return [app_commands.Choice(name=label[:100], value=value[:100]) for label, value in pairs]
