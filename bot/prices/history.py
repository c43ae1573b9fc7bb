"""What becomes of a price history: points for a chart, changes over an hour and a day, movers. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from bot.prices.model import Changes, Point
from bot.prices.units import EXACT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

RANGES: Final[dict[str, timedelta | None]] = {
    "1d": timedelta(days=1),
    "1w": timedelta(days=7),
    "1m": timedelta(days=30),
    "3m": timedelta(days=91),
    "1y": timedelta(days=365),
    "all": None,
}
_KEPT: Final = timedelta(hours=26)
_NEAR: Final = timedelta(hours=1)  # how far from "a day ago" a stored point may lie: the daily break is an hour


class Recent:
    """The last day of a metal in memory, so that `/price now` answers without a query."""

    __slots__ = ("_points",)

    def __init__(self) -> None:
        self._points: deque[Point] = deque()

    def push(self, at: datetime, price: Decimal) -> None:
        """Add a point; at most one a minute is kept, times never go back."""
        if not self._points or at - self._points[-1].at >= timedelta(minutes=1):
            self._points.append(Point(at, price))
        while self._points and self._points[0].at < at - _KEPT:
            self._points.popleft()

    def changes(self, now: datetime, price: Decimal) -> Changes:
        start = newest_before(self._points, now - timedelta(days=1), _NEAR)
        return Changes(
            change_since(self._points, now - timedelta(hours=1), price, timedelta(minutes=10)),
            None if start is None else EXACT.divide(price, start.price) - 1,
            start,
        )


def change_since(
    points: Sequence[Point] | deque[Point], then: datetime, price: Decimal, tolerance: timedelta
) -> Decimal | None:
    """The fraction moved since the point nearest before `then`; None when none lies within the tolerance."""
    before = newest_before(points, then, tolerance)
    return None if before is None else EXACT.divide(price, before.price) - 1


def newest_before(points: Sequence[Point] | deque[Point], then: datetime, tolerance: timedelta) -> Point | None:
    """The newest point at or before a moment; None when it is older than the tolerance."""
    before = None
    for point in points:
        if point.at > then:
            break
        before = point
    return None if before is None or then - before.at > tolerance else before


def spread_out(points: Sequence[Point], most: int) -> list[Point]:
    """About `most` points, evenly in time: the last of each moment, with the first, lowest and highest always there."""
    if len(points) <= most:
        return list(points)
    step = max((points[-1].at - points[0].at) / (most - 1), timedelta(microseconds=1))
    wanted = set({(point.at - points[0].at) // step: place for place, point in enumerate(points)}.values())
    wanted.add(0)
    wanted.add(min(range(len(points)), key=lambda index: points[index].price))
    wanted.add(max(range(len(points)), key=lambda index: points[index].price))
    return [points[index] for index in sorted(wanted)]


def price_at(points: Sequence[Point], moment: datetime, tolerance: timedelta) -> Decimal | None:
    """The price in force at a moment: the newest point at or before it, not older than the tolerance."""
    place = bisect_right(points, moment, key=lambda point: point.at)
    if not place or moment - points[place - 1].at > tolerance:
        return None
    return points[place - 1].price


def reaction(points: Sequence[Point], published: datetime, after: timedelta = timedelta(hours=1)) -> Decimal | None:
    """The move from a headline to `after` later, as a fraction: what happened next, not what it caused.

    None where either price is not known within a quarter of an hour (the market was closed, or we were down).
    """
    tolerance = timedelta(minutes=15)
    start, end = price_at(points, published, tolerance), price_at(points, published + after, tolerance)
    if start is None or end is None:
        return None
    return EXACT.divide(end, start) - 1


def largest_moves(
    points: Sequence[Point], window: timedelta = timedelta(hours=1), count: int = 5
) -> list[tuple[Point, Point]]:
    """The largest moves within a window, as (from, to), largest first, none overlapping another.

    For `/news movers`: the headlines before each. Points are in order of time.
    """
    found: list[tuple[Decimal, Point, Point]] = []
    start = 0
    for end, point in enumerate(points):
        while points[start].at < point.at - window:
            start += 1
        if start < end:
            found.append((abs(EXACT.divide(point.price, points[start].price) - 1), points[start], point))
    found.sort(key=lambda item: item[0], reverse=True)
    chosen: list[tuple[Point, Point]] = []
    for _size, first, last in found:
        if all(last.at < other.at or first.at > another.at for other, another in chosen):
            chosen.append((first, last))
            if len(chosen) == count:
                break
    return chosen
