"""Price alerts the slow and obviously right way: look at every alert on every tick, one rule after the other.

Written apart from bot/prices/alerts.py and kept free of its helpers; the replay tests hold the index to it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from storage.price_alerts import PriceAlert

BAND = {
    "gold": Fraction(1, 400),
    "silver": Fraction(1, 200),
    "platinum": Fraction(3, 400),
    "palladium": Fraction(3, 400),
    "copper": Fraction(3, 400),
}
GRAMS = {
    "oz t": Fraction("31.1034768"),
    "g": Fraction(1),
    "kg": Fraction(1000),
    "lb": Fraction("453.59237"),
    "t": Fraction(10**6),
}
HOME = {"gold": "oz t", "silver": "oz t", "platinum": "oz t", "palladium": "oz t", "copper": "lb"}


class Tick:
    """One moment of one metal, worked out once for all its alerts: by looking at every point so far."""

    def __init__(
        self,
        now: datetime,
        points: Sequence[tuple[datetime, Decimal, Decimal]],
        rates: Mapping[str, Decimal],
    ) -> None:
        """points: (time, low, high) of the metal so far, the present moment last."""
        self.now = now
        self._points = points
        _at, low, high = points[-1]
        self._low, self._high = Fraction(low), Fraction(high)
        self.bounds = {code: (self._low * Fraction(rate), self._high * Fraction(rate)) for code, rate in rates.items()}
        self._moves: dict[int, Fraction] = {}

    def move(self, seconds: int) -> Fraction:
        """How far the price has certainly moved within a window, up or down.

        A rise counts from the lowest upper bound, a fall from the highest lower one: what no source disputes.
        """
        if seconds not in self._moves:
            start = self.now - timedelta(seconds=seconds)
            span = [(low, high) for _at, low, high in takewhile(lambda point: point[0] >= start, self._points[::-1])]
            rise = self._low / Fraction(min(high for _low, high in span)) - 1
            fall = 1 - self._high / Fraction(max(low for low, _high in span))
            self._moves[seconds] = max(rise, fall)
        return self._moves[seconds]


class SlowAlert:
    """One alert's life; all arithmetic in fractions."""

    def __init__(self, alert: PriceAlert) -> None:
        self.a = alert
        self.state = "active"
        self.decided = False
        self.armed = True
        self.firings: list[datetime] = []
        self.rest_until = alert.created_at
        self.rest = timedelta(seconds=max(alert.cooldown_seconds, alert.window_seconds or 0))
        if alert.level is not None:
            self.level = Fraction(alert.level) * GRAMS[HOME[alert.instrument]] / GRAMS[alert.unit]
            band = BAND[alert.instrument]
            self.behind = self.level * (1 - band if alert.condition == "above" else 1 + band)
        else:
            self.size = Fraction(alert.percent) / 100

    def there(self, tick: Tick) -> bool:
        """The price is past the level for certain; the move is large enough."""
        if self.a.condition == "moves":
            return tick.move(self.a.window_seconds) >= self.size
        lower, upper = tick.bounds[self.a.currency]
        return lower >= self.level if self.a.condition == "above" else upper <= self.level

    def touched(self, tick: Tick) -> bool:
        """The price may be past the level."""
        if self.a.condition == "moves":
            return self.there(tick)
        lower, upper = tick.bounds[self.a.currency]
        return upper >= self.level if self.a.condition == "above" else lower <= self.level

    def back(self, tick: Tick) -> bool:
        """The price has come back behind the level by the band."""
        if self.a.condition == "moves":
            return True
        lower, upper = tick.bounds[self.a.currency]
        return upper <= self.behind if self.a.condition == "above" else lower >= self.behind

    def tick(self, tick: Tick) -> bool:
        """Whether it goes off now."""
        if self.state != "active":
            return False
        if self.a.expires_at is not None and tick.now >= self.a.expires_at:
            self.state = "expired"
            return False
        if self.a.condition != "moves" and self.a.currency not in tick.bounds:
            return False
        if not self.decided:
            self.decided = True
            if self.touched(tick):
                self.armed = False
                if self.a.condition == "moves":
                    self.rest_until = tick.now + self.rest
        if not self.armed and tick.now >= self.rest_until and self.back(tick):
            self.armed = True
        if not (self.armed and self.there(tick)):
            return False
        self.firings.append(tick.now)
        self.armed = False
        self.rest_until = tick.now + self.rest
        if not self.a.repeat:
            self.state = "done"
        return True
