"""Units of mass and how prices per unit convert. Pure; everything Decimal, rounded only for people (`format_price`).

Sources of the factors: the international avoirdupois pound is 0.453 592 37 kg exactly and the troy ounce
31.103 476 8 g exactly (NIST Handbook 44, Appendix C); the short ton is 2,000 lb and the long ton 2,240 lb.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from bot.i18n import _, figure
from bot.prices.model import PriceError

# Division by a factor seldom terminates; 34 digits leave nothing that a person or a level could notice.
EXACT: Final = Context(prec=34, rounding=ROUND_HALF_EVEN)


class UnknownUnit(PriceError):
    """The text names no unit we know."""


@dataclass(frozen=True, slots=True)
class Unit:
    """code: stored and shown; grams: its mass, exact."""

    code: str
    name: str
    grams: Decimal


UNITS: Final[dict[str, Unit]] = {
    unit.code: unit
    for unit in (
        Unit("oz t", "troy ounce", Decimal("31.1034768")),
        Unit("g", "gram", Decimal(1)),
        Unit("kg", "kilogram", Decimal(1000)),
        Unit("lb", "pound", Decimal("453.59237")),
        Unit("t", "tonne", Decimal(1_000_000)),
        Unit("oz av", "ounce (avoirdupois)", Decimal("28.349523125")),
        Unit("st", "short ton", Decimal("907184.74")),
        Unit("lt", "long ton", Decimal("1016046.9088")),
        Unit("tola", "tola", Decimal("11.6638038")),  # 3/8 oz t, the Indian and Gulf trade's unit
        Unit("mg", "milligram", Decimal("0.001")),
    )
}
# Metals are never quoted in avoirdupois ounces: a bare "oz" from a trader or a price source means troy.
_ALIASES: Final[dict[str, str]] = {
    alias: code
    for code, aliases in {
        "oz t": "oz t|ozt|toz|oz_t|ounce|ounces|troy ounce|troy ounces|troy_ounce|troy oz|oz troy|oz|once|onza",
        "g": "g|gr|gram|grams|gramme|grammes|gm|gramo|gramos",
        "kg": "kg|kilo|kilos|kilogram|kilograms|kilogramme|kilogrammes",
        "lb": "lb|lbs|pound|pounds|livre|libra",
        "t": "t|mt|tonne|tonnes|metric ton|metric tons|metric_ton|dmtu|dmt|tonelada|ton metric",
        "oz av": "oz av|avoirdupois ounce|oz avdp",
        "st": "st|short ton|short tons|ton|tons|us ton",
        "lt": "lt|long ton|long tons|imperial ton",
        "tola": "tola|tolas",
        "mg": "mg|milligram|milligrams",
    }.items()
    for alias in aliases.split("|")
}


def parse_unit(text: str) -> Unit:
    """The unit a person or a source means: "oz", "toz", "troy ounce", "$/mt" … Raises UnknownUnit."""
    key = " ".join(text.strip().strip("()$/.").casefold().split())
    code = _ALIASES.get(key)
    if code is None:
        known = ", ".join(UNITS)
        raise UnknownUnit(
            _("“{text}” is not a unit known here; use one of {units}.").format(text=text[:40], units=known)
        )
    return UNITS[code]


def convert_mass(amount: Decimal, source: Unit, target: Unit) -> Decimal:
    """The same mass in another unit: 1 kg → 32.1507… oz t."""
    if source == target:
        return amount
    return EXACT.divide(EXACT.multiply(amount, source.grams), target.grams)


def convert_price(price: Decimal, per: Unit, target: Unit) -> Decimal:
    """The same price per another unit: 100 per g → 3110.34768 per oz t."""
    if per == target:
        return price
    return EXACT.divide(EXACT.multiply(price, target.grams), per.grams)


def round_price(price: Decimal) -> Decimal:
    """Rounded for people: two decimals from 10 up, four below that, and six below one hundredth."""
    size = abs(price)
    step = Decimal("0.01") if size >= 10 else Decimal("0.0001") if size >= Decimal("0.01") else Decimal("0.000001")
    return price.quantize(step, context=Context(prec=60, rounding=ROUND_HALF_EVEN))


def format_price(price: Decimal, currency: str, unit: Unit | None = None) -> str:
    """ "4,392.00 USD/oz t": the one place that writes a price, with the separators of the language in force."""
    number = figure(round_price(price))
    return f"{number} {currency}/{unit.code}" if unit else f"{number} {currency}"


def format_percent(fraction: Decimal, *, sign: bool = True) -> str:
    """ "+0.82 %" for Decimal("0.0082"); a true minus sign, so that columns line up."""
    percent = (fraction * 100).quantize(Decimal("0.01"))
    if percent == 0:
        return f"{figure(abs(percent))} %"
    text = f"{figure(abs(percent))} %"
    if percent < 0:
        return f"−{text}"
    return f"+{text}" if sign else text
