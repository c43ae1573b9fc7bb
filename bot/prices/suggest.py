"""Values to propose while a person writes a price alert: what was typed, round levels near, usual moves. Pure."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Final

from bot.prices import plausible
from bot.prices.commands import BadCondition, parse_condition, price_in
from bot.prices.currency import UnknownCurrency
from bot.prices.instruments import instrument
from bot.prices.model import Basis
from bot.prices.units import EXACT, UNITS, UnknownUnit, format_percent, format_price

if TYPE_CHECKING:
    from bot.prices.currency import Rates
    from bot.prices.model import Consensus

_STEPS: Final = (Decimal("0.005"), Decimal("0.01"), Decimal("0.02"), Decimal("0.05"), Decimal("0.10"))
_MOVES: Final = ("1% in 1h", "2% in 1h", "2% in 4h", "3% in 1d", "5% in 1d", "5% in 7d")


def suggest_values(
    metal: str, condition: str, typed: str, found: Consensus | None, rates: Rates, currency: str, unit: str | None
) -> list[tuple[str, str]]:
    """(label, value) for autocomplete: what was typed, if it can be read, then round levels a little way off."""
    item = instrument(metal)
    suggestions: list[tuple[str, str]] = []
    if typed.strip():
        try:
            parsed = parse_condition(metal, condition, typed, currency=currency, unit=unit)
        except (BadCondition, UnknownCurrency, UnknownUnit):
            pass
        else:
            other = plausible.meant(parsed, found, rates) if plausible.is_far(parsed, found, rates) else None
            if other is not None and not parsed.explicit:
                suggestions.append((other.describe(), plausible.typed(other)))
            suggestions.append((parsed.describe(), typed.strip()[:100]))
    if condition == "moves":
        choices = [] if item.basis is Basis.MONTHLY else [
            (parse_condition(metal, condition, value).describe(), value) for value in _MOVES
        ]  # fmt: skip
    else:
        choices = _round_levels(condition, found, rates, currency, unit or item.unit.code)
    digits = re.sub(r"\D", "", typed)
    suggestions += [choice for choice in choices if re.sub(r"\D", "", choice[1]).startswith(digits)]
    return suggestions[:25]


def _round_levels(
    condition: str, found: Consensus | None, rates: Rates, currency: str, unit: str
) -> list[tuple[str, str]]:
    try:
        price = None if found is None else price_in(found, rates, currency, unit)
    except UnknownCurrency:
        return []
    if price is None:
        return []
    seen: dict[Decimal, str] = {}
    for step in _STEPS:
        level = _rounded(price * (1 + step if condition == "above" else 1 - step), price)
        away = EXACT.divide(level, price) - 1
        if (away > 0) is (condition == "above") and level > 0:
            seen.setdefault(level, f"{format_price(level, currency, UNITS[unit])} ({format_percent(away)})")
    return [(label, f"{level:f} {currency}/{unit}") for level, label in seen.items()]


def _rounded(level: Decimal, price: Decimal) -> Decimal:
    """To a half of the price's third digit: 4,413.96 → 4,415 · 61.37 → 61.35."""
    step = Decimal(5).scaleb(price.adjusted() - 3)
    return (level / step).quantize(Decimal(1), ROUND_HALF_EVEN) * step
