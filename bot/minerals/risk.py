"""A ranking of US supply risk: import reliance times the concentration of world output. One formula, shown with it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bot.minerals.model import Code
from bot.minerals.supply import concentration

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.minerals.model import Catalogue, Figure, Mineral
    from bot.minerals.supply import Concentration

MAX_HHI: Final = Decimal(10_000)
FORMULA: Final = "risk = US net import reliance (%) × HHI of world output ÷ 10,000"


@dataclass(frozen=True, slots=True)
class Risk:
    """score: 0–100, one decimal. bound: ">" at least this, "<" at most, "≈" when the parts pull both ways, else ""."""

    mineral: Mineral
    score: Decimal
    bound: str
    reliance: Figure
    concentration: Concentration


def risk(mineral: Mineral) -> Risk | None:
    """The mineral's score, or None when USGS publishes no reliance or no output by country.

    A net exporter has reliance 0. "Less than half of one percent" counts as half a percent, a ">" or "<" figure
    as its bound; the score then carries the bound.
    """
    production, reliance = mineral.newest_production, mineral.newest_reliance
    found = concentration(production) if production else None
    if reliance is None or found is None:
        return None
    percent = _percent(reliance)
    if percent is None:
        return None
    score = (percent * found.hhi / MAX_HHI).quantize(Decimal("0.1"))
    return Risk(mineral, score, _bound(reliance, found, percent), reliance, found)


def _bound(reliance: Figure, found: Concentration, percent: Decimal) -> str:
    if percent == 0:
        return ""
    parts: set[str] = {found.bound}
    if reliance.code in (Code.BELOW, Code.SMALL):
        parts.add("<")
    elif reliance.code is Code.ABOVE:
        parts.add(">")
    parts.discard("")
    return parts.pop() if len(parts) == 1 else "≈" if parts else ""


def _percent(reliance: Figure) -> Decimal | None:
    if reliance.value is not None:
        return reliance.value
    return {Code.NET_EXPORTER: Decimal(0), Code.SMALL: Decimal("0.5")}.get(reliance.code)


def ranking(catalogue: Catalogue, among: Collection[str] | None = None) -> tuple[list[Risk], list[Mineral]]:
    """(scores, highest first; minerals that cannot be scored, by name), over all or over the given slugs."""
    minerals = [m for slug, m in catalogue.minerals.items() if among is None or slug in among]
    scored = [(mineral, risk(mineral)) for mineral in minerals]
    ranked = sorted((r for _, r in scored if r), key=lambda r: (-r.score, r.mineral.slug))
    return ranked, sorted((m for m, r in scored if r is None), key=lambda m: m.name)
