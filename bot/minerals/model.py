"""The records of the minerals reference: minerals, sourced figures, critical lists. No behaviour."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal


class MineralsError(Exception):
    """Base of the package's errors; the message is a sentence for the reader."""


class DataError(MineralsError):
    """The bundled tables are damaged or do not fit this version."""


class UnknownMineralError(MineralsError):
    """No mineral of that name; `suggestions` are near slugs, best first."""

    def __init__(self, message: str, suggestions: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.suggestions = suggestions


class Code(StrEnum):
    """What stands in place of, or before, a published number (USGS Mineral Commodity Summaries, "codes")."""

    EXACT = ""
    ABOVE = ">"
    BELOW = "<"
    WITHHELD = "W"
    NOT_AVAILABLE = "NA"
    NOT_APPLICABLE = "XX"
    NET_EXPORTER = "E"
    SMALL = "s"  # less than half of the unit
    RANGE = "range"  # the published cell is a span; `span` holds it


@dataclass(frozen=True, slots=True)
class Source:
    """Where a figure was read. line: the line in the publisher's own file, when it has one."""

    title: str
    url: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """One published number. value is None when the cell holds a code alone; the unit is as published."""

    value: Decimal | None
    code: Code
    unit: str
    year: int
    estimate: bool
    basis: str  # the publisher's own description
    source: Source
    span: str = ""  # "890-1000" when code is RANGE


@dataclass(frozen=True, slots=True)
class Producer:
    """One country's output, in the unit of its Production. country as published ("Korea, Republic of")."""

    country: str
    value: Decimal | None
    code: Code
    estimate: bool
    line: int | None
    note: str = ""
    span: str = ""


@dataclass(frozen=True, slots=True)
class Production:
    """World output of one year at one stage. producers: falling, "Other countries" last, withheld too."""

    stage: str
    unit: str
    year: int
    world: Figure
    producers: tuple[Producer, ...]
    complete: bool  # False when only the leading countries are published here (uranium)


@dataclass(frozen=True, slots=True)
class ImportSource:
    """A country's share of US imports. percent with code ABOVE or BELOW is a bound."""

    country: str
    percent: Decimal
    code: Code
    source: Source


@dataclass(frozen=True, slots=True)
class Imports:
    """Where the United States buys. period such as "2021–24"; basis: which form of the mineral is meant."""

    basis: str
    period: str
    sources: tuple[ImportSource, ...]


@dataclass(frozen=True, slots=True)
class SupplierRank:
    """Canada's place among the main US import sources (USGS Mineral Commodity Summaries 2026, figure 2).

    slug is None for commodities the book does not carry (peat, talc …). reliance: US net import reliance, %.
    """

    commodity: str
    slug: str | None
    rank: int
    reliance: Decimal
    code: Code
    countries: str
    source: Source


@dataclass(frozen=True, slots=True)
class ListMember:
    """A row of a list. covers: the minerals of the book it speaks for; name: exactly as listed."""

    key: str
    name: str
    covers: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class CriticalList:
    """One edition of a government's list. date: ISO text, sometimes the year alone. size: the official count.

    minerals: every slug of the book that the list covers, through groups too.
    """

    slug: str
    title: str
    jurisdiction: str  # "US", "CA", "EU", "UK", "AU", "IN", "JP"
    year: int
    date: str
    status: str  # "critical", "strategic", "watchlist", "rare metal"
    complete: bool  # False: some members could not be confirmed
    size: int
    members: tuple[ListMember, ...]
    minerals: frozenset[str]
    source: Source


@dataclass(frozen=True, slots=True)
class Mineral:
    """A commodity of the book. Figures are oldest first; an empty tuple or None: nothing is published."""

    slug: str
    name: str
    symbol: str | None
    atomic_number: int | None
    formula: str | None
    category: str
    uses: str
    uses_source: Source | None  # None: editorial
    synonyms: tuple[str, ...]
    false_friends: tuple[str, ...]
    names: Mapping[str, str]  # language → name, for "fr" and "es"
    spellings: tuple[str, ...]  # other names in any language
    price_convention: str | None
    exchange: str | None
    quote_symbol: str | None  # symbol at the live price source, e.g. "XAU"
    leading_producer: str | None  # named by USGS without a figure
    production_note: str
    production: tuple[Production, ...] = ()
    reliance: tuple[Figure, ...] = ()  # US net import reliance, percent of apparent consumption
    prices: tuple[Figure, ...] = ()  # annual averages
    imports: Imports | None = None
    canada_rank: SupplierRank | None = None

    @property
    def newest_production(self) -> Production | None:
        return self.production[-1] if self.production else None

    @property
    def newest_reliance(self) -> Figure | None:
        return self.reliance[-1] if self.reliance else None

    @property
    def newest_price(self) -> Figure | None:
        return self.prices[-1] if self.prices else None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The whole book. groups: name → slugs; editorial_groups are our own grouping, the rest are sourced."""

    minerals: Mapping[str, Mineral]
    groups: Mapping[str, frozenset[str]]
    lists: Mapping[str, CriticalList]
    canada_supplies: tuple[SupplierRank, ...]
    editorial_groups: frozenset[str] = field(default_factory=frozenset)
