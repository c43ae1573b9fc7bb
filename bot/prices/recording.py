"""Which figures of a tick go into the history. Pure: it decides, the service stores."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.prices.model import Basis, Reading
from storage.quotes import Quote

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.prices.polling import Polled
    from bot.prices.watch import Watch

FX: Final = "fx:"  # instrument of a currency: "fx:USD" is dollars per euro
MONTHLY_YEARS: Final = 20  # of the World Bank's history, which begins in 1960


def new_quotes(watches: Mapping[str, Watch], now: datetime) -> list[Quote]:
    """Good figures of an open market, at most one a minute and metal."""
    minute = now.replace(second=0, microsecond=0)
    return [
        Quote(slug, found.basis, minute, found.price, ",".join(found.sources))
        for slug, watch in watches.items()
        if (found := watch.consensus) is not None
        and found.now == now
        and found.price is not None
        and watch.remembers(found)
        and watch.due_to_store(now)
    ]


def slow_quotes(polled: Polled, months: Mapping[str, datetime], now: datetime) -> list[Quote]:
    """Months and exchange rates that are not stored yet. months: the newest stored month of each metal."""
    oldest = now - timedelta(days=365 * MONTHLY_YEARS)
    rows = [
        Quote(metal, Basis.MONTHLY, month, price, source, "day")
        for metal, month, price, source in polled.history
        if month > months.get(metal, oldest)
    ]
    if polled.rates is not None and polled.rates.day is not None:
        day = polled.rates.day
        rows += [Quote(f"{FX}{code}", "daily", day, rate, "ecb", "day") for code, rate in polled.rates.per_euro.items()]
    return rows


def told(quote: Quote) -> tuple[Reading, ...]:
    """A stored quote as what its sources said: for a process that does not ask them itself. Empty for a currency."""
    if quote.instrument.startswith(FX):
        return ()
    return tuple(
        Reading(quote.instrument, quote.price, Basis(quote.basis), source, quote.at, quote.at)
        for source in quote.sources.split(",")
        if source
    )
