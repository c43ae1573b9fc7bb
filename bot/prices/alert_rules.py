"""The rules of one price alert: where its level lies, when it may be armed again, what it is after firing. Pure.

`alerts` holds many of them in order; these functions look at one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bot.prices.instruments import INSTRUMENTS
from bot.prices.units import EXACT, UNITS, convert_price
from storage.price_alerts import changed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from storage.price_alerts import PriceAlert

BookKey = tuple[str, str, str | int]  # metal, condition, currency or window in seconds
_ONE: Final = Decimal(1)


@dataclass(frozen=True, slots=True)
class View:
    """What a tick knows of one metal.

    low, high: bounds of the price (US dollars per home unit). rates: currency → its units per US dollar; alerts in a
    currency without a rate wait. moves: window in seconds → signed fraction.
    """

    metal: str
    low: Decimal
    high: Decimal
    now: datetime
    rates: Mapping[str, Decimal] = field(default_factory=lambda: {"USD": Decimal(1)})
    moves: Mapping[int, Decimal] = field(default_factory=dict)


def home_level(alert: PriceAlert) -> Decimal:
    """The alert's level per the metal's home unit, still in the alert's currency."""
    if alert.level is None:
        raise ValueError("a moves alert has no level")
    return convert_price(alert.level, UNITS[alert.unit], INSTRUMENTS[alert.instrument].unit)


def rearm_level(alert: PriceAlert) -> Decimal:
    """How far the price must come back before the alert is armed again; as `home_level`."""
    own = alert.rearm_percent
    band = INSTRUMENTS[alert.instrument].rearm if own is None else EXACT.divide(own, Decimal(100))
    return EXACT.multiply(home_level(alert), 1 - band if alert.condition == "above" else 1 + band)


def rest_over(alert: PriceAlert) -> datetime:
    """When an unarmed alert may be armed again at the earliest."""
    if alert.condition == "moves":
        start = alert.last_fired_at or alert.created_at
        return start + timedelta(seconds=max(alert.cooldown_seconds, alert.window_seconds or 0))
    return (
        alert.created_at
        if alert.last_fired_at is None
        else alert.last_fired_at + timedelta(seconds=alert.cooldown_seconds)
    )


def fired(alert: PriceAlert, now: datetime) -> PriceAlert:
    """The alert after it has gone off."""
    return changed(
        alert,
        armed=False,
        state="active" if alert.repeat else "done",
        firings=alert.firings + 1,
        last_fired_at=now,
    )


def decided(alert: PriceAlert, view: View) -> PriceAlert:
    """A new alert with its side of the level decided; unchanged when that cannot be told now."""
    passed = is_passed(alert, view)
    if passed is None:
        return alert
    if passed and alert.condition == "moves":
        return changed(alert, armed=False, last_fired_at=view.now)  # its rest begins: see storage.price_alerts
    return changed(alert, armed=not passed)


def sort_key(alert: PriceAlert) -> Decimal:
    """Larger goes first: see `_Book`."""
    if alert.condition == "moves":
        return -threshold(alert)
    level = home_level(alert) if alert.armed else rearm_level(alert)
    return level if (alert.condition == "below") is bool(alert.armed) else -level


def threshold(alert: PriceAlert) -> Decimal:
    return EXACT.divide(alert.percent or Decimal(0), Decimal(100))


def bounds_of(book_key: BookKey, view: View) -> tuple[Decimal, Decimal] | None:
    """The price's bounds as the book's shelves count: in its currency, or for moves the size of the move."""
    _metal, condition, scope = book_key
    if condition == "moves":
        move = view.moves.get(scope) if isinstance(scope, int) else None
        return None if move is None else (abs(move), abs(move))
    rate = _ONE if scope == "USD" else view.rates.get(scope) if isinstance(scope, str) else None
    if rate is None:
        return None
    return EXACT.multiply(view.low, rate), EXACT.multiply(view.high, rate)


def is_passed(alert: PriceAlert, view: View) -> bool | None:
    """Whether the price is already past the alert's level; None when that cannot be told now."""
    scope = alert.window_seconds or 0 if alert.condition == "moves" else alert.currency
    bounds = bounds_of((alert.instrument, alert.condition, scope), view)
    if bounds is None:
        return None
    low, high = bounds
    if alert.condition == "moves":
        return low >= threshold(alert)
    return high >= home_level(alert) if alert.condition == "above" else low <= home_level(alert)
