"""Annual prices of two minerals in one unit, so that they can be compared. Only masses are converted; pure.

USGS writes "tons" where it does not say which, and "metric ton units" count what is inside an ore: neither is a mass
that can be turned into another here, so such a price stays as it was published.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bot.i18n import _
from bot.minerals import wording
from bot.minerals.model import Code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.minerals.model import Figure

# US dollars in one of the unit's money, and grams in its mass: the pound and the troy ounce as the international
# agreements of 1959 and 1958 define them (NIST Special Publication 811, appendix B.8).
_UNITS: Final[Mapping[str, tuple[Decimal, Decimal]]] = {
    "cents per pound": (Decimal("0.01"), Decimal("453.59237")),
    "dollars per pound": (Decimal(1), Decimal("453.59237")),
    "dollars per gram": (Decimal(1), Decimal(1)),
    "dollars per troy ounce": (Decimal(1), Decimal("31.1034768")),
    "dollars per kilogram": (Decimal(1), Decimal(1_000)),
    "dollars per metric ton": (Decimal(1), Decimal(1_000_000)),
}
_DEAR: Final = frozenset({"dollars per gram", "dollars per troy ounce"})
_DIGITS: Final = 4  # significant ones of a converted price; the published ones have two to five


def common(first: str, second: str) -> str | None:
    """The unit both are shown in: None where they have the same already, or one of them is no mass."""
    if first == second or first not in _UNITS or second not in _UNITS:
        return None
    return "dollars per kilogram" if _DEAR & {first, second} else "dollars per metric ton"


def compared(figure: Figure, unit: str | None) -> str:
    """A price with its unit and year, converted to `unit` where that is another, the published one behind it."""
    published = f"{wording.price(figure)} {wording.price_unit(figure.unit)}"
    if unit is None or unit == figure.unit or (figure.value is None and figure.code is not Code.RANGE):
        return f"{wording.estimated(published, estimate=figure.estimate)}, {figure.year}"
    ends = figure.span.split("-") if figure.value is None else ()
    turned = replace(
        figure,
        value=None if figure.value is None else _turned(figure.value, figure.unit, unit),
        span="-".join(f"{_turned(Decimal(end), figure.unit, unit):f}" for end in ends),
    )
    text = _("about {price} (published: {published})").format(
        price=f"{wording.price(turned)} {wording.price_unit(unit)}", published=published
    )
    return f"{wording.estimated(text, estimate=figure.estimate)}, {figure.year}"


def _turned(value: Decimal, unit: str, to: str) -> Decimal:
    dollars, grams = _UNITS[unit]
    exact = value * dollars / grams * _UNITS[to][1]
    return exact.quantize(Decimal(1).scaleb(exact.adjusted() - _DIGITS + 1))
