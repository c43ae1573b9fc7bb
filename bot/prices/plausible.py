"""Levels so far from the price that a currency or unit must have been meant otherwise. Pure.

A bare number is read in the person's own currency and unit: "4000" to someone who counts in pounds a gram is forty
times the price of gold. Written out with both, any level is taken as it stands.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bot.i18n import _, figure
from bot.prices.commands import BadCondition, price_in
from bot.prices.currency import UnknownCurrency
from bot.prices.units import EXACT, UNITS, format_price

if TYPE_CHECKING:
    from bot.prices.commands import ParsedCondition
    from bot.prices.currency import Rates
    from bot.prices.model import Consensus

FAR: Final = Decimal(5)  # times the price, or a fifth of it
_NEAR: Final = Decimal(2)  # what may have been meant is within this of the price
_COMMON: Final = ("oz t", "g", "kg", "lb", "t")


def check(parsed: ParsedCondition, found: Consensus | None, rates: Rates) -> None:
    """Raises BadCondition for a level far off the price whose currency and unit were not both written."""
    if parsed.explicit or not is_far(parsed, found, rates) or found is None or parsed.level is None:
        return
    price = price_in(found, rates, parsed.currency, parsed.unit)
    assert price is not None
    level, here = _shown(parsed), format_price(price, parsed.currency, UNITS[parsed.unit])
    times = parsed.level / price
    if times > 1:
        lines = [_("{level} is {n} times the present price, {price}.").format(level=level, n=_whole(times), price=here)]
    else:
        lines = [_("{level} is 1/{n} of the present price, {price}.").format(
            level=level, n=_whole(1 / times), price=here)]  # fmt: skip
    other = meant(parsed, found, rates)
    if other is not None:
        lines.append(_("Did you mean {level}?").format(level=f"`{typed(other)}`"))
    lines.append(_("To set it all the same, write its currency and unit: `{value}`.").format(value=typed(parsed)))
    raise BadCondition(" ".join(lines))


def is_far(parsed: ParsedCondition, found: Consensus | None, rates: Rates) -> bool:
    """Whether the level is more than five times the price, or less than a fifth. Raises UnknownCurrency."""
    away = _away(parsed, found, rates)
    return away is not None and away > FAR


def meant(parsed: ParsedCondition, found: Consensus | None, rates: Rates) -> ParsedCondition | None:
    """The same number in a currency and unit that bring it near the price; None where none does."""
    units = dict.fromkeys((parsed.instrument.unit.code, parsed.unit, *_COMMON))
    best: tuple[Decimal, ParsedCondition] | None = None
    for currency in dict.fromkeys((parsed.currency, "USD", "EUR")):
        for unit in units:
            other = replace(parsed, currency=currency, unit=unit)
            try:
                away = _away(other, found, rates)
            except UnknownCurrency:
                continue
            if away is not None and away <= _NEAR and (best is None or away < best[0]):
                best = (away, other)
    return best[1] if best is not None else None


def typed(parsed: ParsedCondition) -> str:
    """The level as a person types it with everything: "4000 USD/oz t"."""
    return f"{parsed.level or 0:f} {parsed.currency}/{parsed.unit}"


def _away(parsed: ParsedCondition, found: Consensus | None, rates: Rates) -> Decimal | None:
    """The larger of level ÷ price and price ÷ level; None without a level or a price."""
    price = None if found is None else price_in(found, rates, parsed.currency, parsed.unit)
    if not price or not parsed.level:
        return None
    return max(EXACT.divide(parsed.level, price), EXACT.divide(price, parsed.level))


def _shown(parsed: ParsedCondition) -> str:
    return format_price(parsed.level or Decimal(0), parsed.currency, UNITS[parsed.unit])


def _whole(number: Decimal) -> str:
    return figure(number.quantize(Decimal(1)))
