"""What the prices package hands to its neighbours: readings, the agreed quote, fired alerts, errors. No behaviour
beyond small derived properties.

Prices are Decimal US dollars per the metal's home unit (`instruments.Instrument.unit`) unless a name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.i18n import _

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from decimal import Decimal

    from storage.price_alerts import PriceAlert


def demo_label() -> str:
    """What stands at every invented price, in the language in force."""
    return _("DEMO DATA — not market prices")


class PriceError(Exception):
    """Base of what this package raises on purpose; the message ends in what the reader can do."""


class Basis(StrEnum):
    """What kind of price a figure is. The value is stored (`quotes.basis`) and shown; keep it stable."""

    SPOT = "spot"
    FUTURES = "futures"
    MONTHLY = "monthly"  # a month's average, published weeks later
    REFERENCE = "reference"  # a daily reference rate (currencies)


@dataclass(frozen=True, slots=True)
class Reading:
    """One source's word on one metal. as_of: the source's own time where it gives one, else when it was fetched."""

    metal: str
    price: Decimal
    basis: Basis
    source: str
    as_of: datetime
    fetched_at: datetime
    bid: Decimal | None = None
    ask: Decimal | None = None


class Standing(StrEnum):
    """How far a quote can be trusted."""

    AGREED = "agreed"  # two or more sources within the normal tolerance
    WIDE = "wide"  # two or more, further apart than normal but within the limit
    SINGLE = "single"  # one source, no reason to doubt it
    DISAGREE = "disagree"  # beyond the limit: no figure, no alerts, both are shown
    UNCONFIRMED = "unconfirmed"  # one source says it jumped: no figure until a second one agrees
    STALE = "stale"  # nothing fresh: the last good figure


@dataclass(frozen=True, slots=True)
class Consensus:
    """The quote for one metal at `now`, and how it came about.

    price: None when the sources do not add up (DISAGREE, UNCONFIRMED). low and high: what every source used agrees
    the price is at least and at most; alerts look at these, so that one source alone never fires one.
    earlier: for a lone source, its previous reading. last_good, last_good_at: the newest figure that held.
    """

    metal: str
    price: Decimal | None
    basis: Basis
    standing: Standing
    as_of: datetime
    now: datetime
    market_open: bool
    low: Decimal | None = None
    high: Decimal | None = None
    readings: tuple[Reading, ...] = ()  # those the figure rests on, or that disagree
    others: tuple[Reading, ...] = ()  # left out: outliers, other bases, stale ones
    earlier: Decimal | None = None
    last_good: Decimal | None = None
    last_good_at: datetime | None = None
    note: str | None = None  # a hint for the operator, e.g. "looks like grams"

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(reading.source for reading in self.readings)

    @property
    def good(self) -> bool:
        """Whether the figure may be stored and charted."""
        return self.price is not None and self.standing is not Standing.STALE

    @property
    def alertable(self) -> bool:
        """Whether alerts may be judged on it: fresh, agreed or seen twice, and the market is open."""
        return self.good and self.market_open and self.low is not None

    @property
    def age(self) -> timedelta:
        return self.now - self.as_of


@dataclass(frozen=True, slots=True)
class Point:
    """One stored moment of a price history."""

    at: datetime
    price: Decimal


@dataclass(frozen=True, slots=True)
class Changes:
    """Fractions (0.012 = +1.2 %) against an hour and a day ago; None where nothing was stored then.

    start: the stored point that `day` is counted from, so that a chart beside the text can begin there.
    """

    hour: Decimal | None = None
    day: Decimal | None = None
    start: Point | None = None


@dataclass(frozen=True, slots=True)
class FiredAlert:
    """An alert that went off, for the outbox.

    alert: as it is after firing. price: in `currency` per the alert's unit. currency: the alert's own, or US dollars
    where no rate of it is known (a move needs none). rates_day: whose exchange rates the price rests on, if any.
    move: the fraction moved (moves only). late: the crossing happened while Headframe was not looking. dedupe_key:
    `deliveries.dedupe_key`.
    """

    alert: PriceAlert
    price: Decimal
    consensus: Consensus
    changes: Changes
    currency: str = "USD"
    rates_day: datetime | None = None
    late: bool = False
    move: Decimal | None = None
    demo: bool = False

    @property
    def dedupe_key(self) -> str:
        return f"price:{self.alert.id}:{self.alert.firings}"
