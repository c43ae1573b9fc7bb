"""Price alerts the slow and obviously right way: look at every alert on every tick, one rule after the other.

Written apart from bot/prices/alerts.py and kept free of its helpers; the replay tests hold the index to it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

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


class History:
    """All (time, price) of one metal; the extremes of a window by looking at every point of it."""

    def __init__(self) -> None:
        self.points: list[tuple[datetime, Decimal]] = []
        self._asked: dict[tuple[datetime, int], tuple[Decimal, Decimal]] = {}

    def extremes(self, now: datetime, seconds: int) -> tuple[Decimal, Decimal]:
        found = self._asked.get((now, seconds))
        if found is None:
            prices = [price for at, price in self.points if at >= now - timedelta(seconds=seconds)]
            found = self._asked[now, seconds] = min(prices), max(prices)
        return found


class SlowAlert:
    """One alert's life; all arithmetic in fractions."""

    def __init__(self, alert: object) -> None:
        self.a = alert
        self.state = "active"
        self.decided = False
        self.armed = True
        self.firings: list[datetime] = []
        self.rest_until = alert.created_at
        if alert.level is not None:
            self.level = Fraction(alert.level) * GRAMS[HOME[alert.instrument]] / GRAMS[alert.unit]

    def tick(
        self,
        now: datetime,
        low: Decimal,
        high: Decimal,
        rates: dict[str, Decimal],
        history: History,
    ) -> bool:
        """Whether it goes off now. history: the metal so far, the present moment included."""
        a = self.a
        if self.state != "active":
            return False
        if a.expires_at is not None and now >= a.expires_at:
            self.state = "expired"
            return False
        if a.condition == "moves":
            lowest, highest = history.extremes(now, a.window_seconds)
            rise = Fraction(low) / Fraction(lowest) - 1
            fall = 1 - Fraction(high) / Fraction(highest)
            there = max(rise, fall) >= Fraction(a.percent) / 100
            back = True
        else:
            if a.currency not in rates:
                return False
            rate = Fraction(rates[a.currency])
            lower, upper, level, band = Fraction(low) * rate, Fraction(high) * rate, self.level, BAND[a.instrument]
            if a.condition == "above":
                there, touched, back = lower >= level, upper >= level, upper <= level * (1 - band)
            else:
                there, touched, back = upper <= level, lower <= level, lower >= level * (1 + band)
        if not self.decided:
            self.decided = True
            if a.condition == "moves":
                if there:
                    self.armed = False
                    self.rest_until = now + timedelta(seconds=max(a.cooldown_seconds, a.window_seconds))
            elif touched:
                self.armed = False
        if not self.armed and now >= self.rest_until and back:
            self.armed = True
        if not (self.armed and there):
            return False
        self.firings.append(now)
        self.armed = False
        rest = a.cooldown_seconds if a.condition != "moves" else max(a.cooldown_seconds, a.window_seconds)
        self.rest_until = now + timedelta(seconds=rest)
        if not a.repeat:
            self.state = "done"
        return True
