"""`/price convert`: between units, between currencies, and between a metal and money. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from bot.i18n import _, figure
from bot.prices.commands import price_in
from bot.prices.currency import NAMES, UnknownCurrency, parse_currency
from bot.prices.instruments import instrument
from bot.prices.model import PriceError
from bot.prices.units import EXACT, UnknownUnit, convert_mass, format_price, parse_unit, round_price

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.prices.currency import Rates
    from bot.prices.model import Consensus
    from bot.prices.units import Unit


class CannotConvert(PriceError):
    """The two sides do not meet; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """line: "10 oz t = 311.03 g", for people. result: exact. found: the quote it rests on; None where none is used."""

    line: str
    result: Decimal
    found: Consensus | None = None


def convert(
    amount: Decimal,
    source: str,
    target: str,
    metal: str | None,
    rates: Rates,
    quote: Callable[[str], Consensus | None],
) -> Conversion:
    """source, target: a unit or a currency. metal: needed between a unit and a currency. quote: slug → the quote.

    Raises CannotConvert, UnknownMetal, UnknownUnit or UnknownCurrency.
    """
    left, right = _side(source), _side(target)
    if isinstance(left, str) and isinstance(right, str):
        result = rates.convert(amount, left, right)
        return Conversion(f"{_money(amount, left)} = {_money(result, right)}", result)
    if not isinstance(left, str) and not isinstance(right, str):
        result = convert_mass(amount, left, right)
        return Conversion(f"{_number(amount)} {left.code} = {_number(result)} {right.code}", result)
    if metal is None:
        raise CannotConvert(_("Between a weight and money I need the metal: choose one."))
    item = instrument(metal)
    found = quote(item.slug)
    if found is None:
        raise CannotConvert(_("There is no price of {metal} yet; try again in a minute.").format(metal=item.local_name))
    if isinstance(right, str) and not isinstance(left, str):
        price = _price(found, rates, right, left)
        result = EXACT.multiply(amount, price)
        line = f"{_number(amount)} {left.code} {item.local_name} = {_money(result, right)}"
    elif isinstance(left, str) and not isinstance(right, str):
        price = _price(found, rates, left, right)
        result = EXACT.divide(amount, price)
        line = f"{_money(amount, left)} = {_number(result)} {right.code} {item.local_name}"
    else:
        raise AssertionError("all four cases are above")
    return Conversion(line, result, found)


def _price(found: Consensus, rates: Rates, currency: str, unit: Unit) -> Decimal:
    price = price_in(found, rates, currency, unit.code)
    if price is None:
        raise CannotConvert(_("The price sources disagree just now, so there is no figure; try again in a minute."))
    return price


def _side(text: str) -> Unit | str:
    """A unit, or a currency's code. Units win: nobody means the Gambia's dalasi by "g"."""
    try:
        return parse_unit(text)
    except UnknownUnit:
        pass
    try:
        code = parse_currency(text)
    except UnknownCurrency:
        code = ""
    if code not in NAMES:
        raise UnknownUnit(_("“{text}” is neither a unit nor a currency I know.").format(text=text[:30]))
    return code


def _money(amount: Decimal, currency: str) -> str:
    return f"{figure(amount.quantize(Decimal('0.01')))} {currency}" if amount >= 1 else format_price(amount, currency)


def _number(amount: Decimal) -> str:
    shown = round_price(amount)
    return figure(shown.to_integral_value() if shown == shown.to_integral_value() else shown.normalize())
