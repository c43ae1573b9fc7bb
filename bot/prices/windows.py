"""The lowest and highest price within sliding windows, in constant time and little memory. Pure.

Only the points that can still become an extreme are kept (a monotonic queue per side), so a week of minutes costs a
few dozen points.
"""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.prices.units import EXACT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from decimal import Decimal

# The windows a "moves" alert can have. Few, so that alerts share them and one pass serves all.
WINDOWS: Final[dict[str, timedelta]] = {
    "15m": timedelta(minutes=15),
    "30m": timedelta(minutes=30),
    "1h": timedelta(hours=1),
    "2h": timedelta(hours=2),
    "4h": timedelta(hours=4),
    "8h": timedelta(hours=8),
    "12h": timedelta(hours=12),
    "1d": timedelta(days=1),
    "3d": timedelta(days=3),
    "7d": timedelta(days=7),
}


class Extremes:
    """What the price of the last `span` was certainly not above at its lowest, and not below at its highest.

    Points come as bounds (see `model.Consensus`): the lowest upper and the highest lower one are kept, so
    that a figure only one source believed in is nothing to measure a move from.
    """

    __slots__ = ("_high", "_low", "span")

    def __init__(self, span: timedelta) -> None:
        self.span = span
        self._low: deque[tuple[datetime, Decimal]] = deque()
        self._high: deque[tuple[datetime, Decimal]] = deque()

    def push(self, at: datetime, low: Decimal, high: Decimal) -> None:
        """Add a point: bounds of the price then. Times never go back."""
        while self._low and self._low[-1][1] >= high:
            self._low.pop()
        self._low.append((at, high))
        while self._high and self._high[-1][1] <= low:
            self._high.pop()
        self._high.append((at, low))
        self.expire(at)

    def expire(self, now: datetime) -> None:
        for queue in (self._low, self._high):
            while queue and queue[0][0] < now - self.span:
                queue.popleft()

    def move(self, low: Decimal, high: Decimal) -> Decimal | None:
        """The larger of rise and fall to the present price, as a signed fraction; None without a point.

        low, high: bounds of the present price; a rise is counted to the lower and a fall to the higher bound.
        """
        if not self._low:
            return None
        rise = EXACT.divide(low, self._low[0][1]) - 1
        fall = EXACT.divide(high, self._high[0][1]) - 1
        return rise if rise >= -fall else fall


class Moves:
    """All windows of one metal. lengths: only these, in seconds."""

    __slots__ = ("_windows",)

    def __init__(self, lengths: Sequence[int] | None = None) -> None:
        wanted = [int(span.total_seconds()) for span in WINDOWS.values()] if lengths is None else lengths
        self._windows = {seconds: Extremes(timedelta(seconds=seconds)) for seconds in wanted}

    def push(self, at: datetime, low: Decimal, high: Decimal) -> None:
        for window in self._windows.values():
            window.push(at, low, high)

    def moves(self, now: datetime, low: Decimal, high: Decimal) -> dict[int, Decimal]:
        """Window in seconds → signed fraction moved; windows without a point are missing."""
        found: dict[int, Decimal] = {}
        for seconds, window in self._windows.items():
            window.expire(now)
            moved = window.move(low, high)
            if moved is not None:
                found[seconds] = moved
        return found
