"""Who produces a mineral and how concentrated that is. Pure arithmetic over published output; formats nothing."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Literal

from bot.minerals.catalogue import OTHERS
from bot.minerals.model import Code, Source

if TYPE_CHECKING:
    from bot.minerals.model import Producer, Production

HUNDRED: Final = Decimal(100)
HHI_SOURCE: Final = Source(
    "US Department of Justice, Herfindahl–Hirschman Index",
    "https://www.justice.gov/atr/herfindahl-hirschman-index",
)


class Band(StrEnum):
    """The agencies' words for an HHI: above 1,800 highly, from 1,000 moderately concentrated (HHI_SOURCE)."""

    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Share:
    """A country's part of world output. percent: 0–100, exact; the producer as published."""

    producer: Producer
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Concentration:
    """The Herfindahl–Hirschman index: the sum of squared percentage shares, 0–10,000.

    bound: "" when every producer is named; ">" when unnamed countries' squares are missing; "≈" when a country's
    output is withheld, so that the shares themselves are of published output only.
    band: None when the unnamed countries could lift the index into another band.
    """

    hhi: int
    bound: Literal["", ">", "≈"]
    band: Band | None


def shares(production: Production) -> tuple[Share, ...]:
    """Known shares in falling order, "Other countries" last; they never add up to more than 100.

    World totals are rounded to two digits, so the countries can add up to more than the total: the larger of the
    two is the whole (gallium: China's 900,000 kg of "900,000 kg" is 99 %, not 100).
    """
    known = [(p, p.value) for p in production.producers if p.value]
    world = production.world.value or Decimal(0)
    whole = max(world, sum((value for _, value in known), Decimal(0)))
    return tuple(Share(producer, HUNDRED * value / whole) for producer, value in known) if whole else ()


def share_of(production: Production, country: str) -> Decimal | None:
    """The country's share in percent; 0 when its output is published as nil; None when it is not published."""
    for producer in production.producers:
        if producer.country == country and producer.value is not None:
            found = [share.percent for share in shares(production) if share.producer is producer]
            return found[0] if found else Decimal(0)
    return None


def concentration(production: Production) -> Concentration | None:
    """The HHI of named countries; None when no country's output is published."""
    named = [share for share in shares(production) if share.producer.country != OTHERS]
    if not named:
        return None
    exact = sum((share.percent**2 for share in named), Decimal(0))
    rest = HUNDRED - sum((share.percent for share in named), Decimal(0))
    hhi = int(exact.to_integral_value())
    if withheld(production):
        return Concentration(hhi, "≈", band(hhi))
    if rest < 1:  # one percent may be missing by rounding alone
        return Concentration(hhi, "", band(hhi))
    # At most, the unnamed are a single country.
    highest = band(int(exact + rest**2))
    return Concentration(hhi, ">", highest if highest is band(hhi) else None)


def band(hhi: int) -> Band:
    """The words of the US agencies for an index (HHI_SOURCE)."""
    if hhi > 1_800:
        return Band.HIGH
    return Band.MODERATE if hhi >= 1_000 else Band.LOW


def withheld(production: Production) -> tuple[str, ...]:
    """Countries whose output exists but is withheld or not available."""
    hidden = (Code.WITHHELD, Code.NOT_AVAILABLE)
    return tuple(p.country for p in production.producers if p.value is None and p.code in hidden)
