"""What is quoted: each metal's home unit, its symbol at the sources, and how far sources may differ. Data only.

The tolerances are Headframe's own editorial choice: on 2026-08-18 gold-api.com and Swissquote differed by 0.06 % on
gold, and gold futures stood 1.34 % above spot. There is deliberately no price band here: gold has left every band that
was ever hard-coded.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.i18n import _, language
from bot.news.names import mineral_name
from bot.prices.model import Basis, PriceError
from bot.prices.units import UNITS, Unit


class UnknownMetal(PriceError):
    """No price is kept under that name."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """slug: the mineral's slug. unit: home unit of stored prices. basis: the kind of price its alerts are judged on.

    normal, limit: fractions within which two sources agree, and beyond which no figure is given. rearm: how far a
    price must come back behind a level before an alert on it may fire again. monthly: whether a month's average is
    the next best word when no source has a fresh price; else that is the last good figure, called stale.
    """

    slug: str
    name: str
    symbol: str  # ISO 4217 for the precious metals (XAU …), HG for copper, "" where no source takes a symbol
    unit: Unit
    basis: Basis
    normal: Decimal
    limit: Decimal
    rearm: Decimal
    benchmark: str = ""  # what a monthly figure is the price of
    monthly: bool = False

    @property
    def local_name(self) -> str:
        """Its name in the language in force, as the minerals reference has it."""
        return self.name if language() == "en" else mineral_name(self.slug)


FUTURES_ALLOWANCE: Final = Decimal("0.025")  # between a futures price and spot: carry and a month of interest
JUMP: Final = Decimal("0.05")  # a larger step against the last figure needs a second source


def _spot(
    slug: str, name: str, symbol: str, unit: str, normal: str, limit: str, *, monthly: bool = False
) -> Instrument:
    tolerance = Decimal(normal)
    return Instrument(
        slug, name, symbol, UNITS[unit], Basis.SPOT, tolerance, Decimal(limit), tolerance / 2, monthly=monthly
    )


def _monthly(slug: str, name: str, benchmark: str) -> Instrument:
    tolerance = Decimal("0.01")
    return Instrument(
        slug, name, "", UNITS["t"], Basis.MONTHLY, tolerance, Decimal("0.03"), tolerance / 2, benchmark, monthly=True
    )


INSTRUMENTS: Final[dict[str, Instrument]] = {
    instrument.slug: instrument
    for instrument in (
        _spot("gold", "Gold", "XAU", "oz t", "0.005", "0.015"),
        _spot("silver", "Silver", "XAG", "oz t", "0.01", "0.03"),
        _spot("platinum", "Platinum", "XPT", "oz t", "0.015", "0.04"),
        _spot("palladium", "Palladium", "XPD", "oz t", "0.015", "0.04"),
        _spot("copper", "Copper", "HG", "lb", "0.015", "0.04", monthly=True),
        # Benchmarks as the World Bank's Pink Sheet describes them.
        _monthly("aluminium", "Aluminium", "LME aluminium"),
        _monthly("nickel", "Nickel", "LME nickel"),
        _monthly("zinc", "Zinc", "LME zinc"),
        _monthly("lead", "Lead", "LME lead"),
        _monthly("tin", "Tin", "LME tin"),
        _monthly("iron_ore", "Iron ore", "iron ore fines, CFR China, dry tonne"),
        _monthly("coal", "Coal", "Australian thermal coal"),
        _monthly("potash", "Potash", "potassium chloride (muriate of potash)"),
        _monthly("phosphate_rock", "Phosphate rock", "phosphate rock"),
    )
}
_ALIASES: Final[dict[str, str]] = {
    "aluminum": "aluminium", "iron ore": "iron_ore", "phosphate": "phosphate_rock", "phosphate rock": "phosphate_rock",
    "thermal coal": "coal", "or": "gold", "oro": "gold", "argent": "silver", "plata": "silver", "platine": "platinum",
    "platino": "platinum", "paladio": "palladium", "cuivre": "copper", "cobre": "copper", "xcu": "copper",
    "au": "gold", "ag": "silver", "pt": "platinum", "pd": "palladium", "cu": "copper", "al": "aluminium",
    "ni": "nickel", "zn": "zinc", "pb": "lead", "sn": "tin",
}  # fmt: skip
_BY_SYMBOL: Final = {item.symbol.casefold(): item.slug for item in INSTRUMENTS.values() if item.symbol}


def instrument(text: str) -> Instrument:
    """The instrument a person or a source means: "gold", "XAU", "Aluminum", "iron ore". Raises UnknownMetal."""
    key = " ".join(text.strip().casefold().replace("-", " ").split())
    slug = next(
        (
            candidate
            for candidate in (key, key.replace(" ", "_"), _BY_SYMBOL.get(key), _ALIASES.get(key))
            if candidate in INSTRUMENTS
        ),
        None,
    )
    if slug is None:
        raise UnknownMetal(
            _("No price is kept for “{text}”; there are {names}.").format(text=text[:40], names=", ".join(INSTRUMENTS))
        )
    return INSTRUMENTS[slug]
