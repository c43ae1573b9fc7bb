"""A price chart as data: what is drawn, its words for those who cannot see it, and a table. Pure; draws nothing.

Drawing happens in another process (`chart_worker`), which gets `Chart.drawing`: plain JSON, no Decimal or datetime.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal

from bot.i18n import _, figure, language, ngettext, written_day
from bot.prices.history import RANGES, spread_out
from bot.prices.model import Point, PriceError, demo_label
from bot.prices.units import EXACT, Unit, format_percent, format_price, round_price

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from bot.prices.instruments import Instrument

Theme = Literal["dark", "light"]
MAX_POINTS: Final = 600  # more than the picture has room for is only slower
MAX_MARKERS: Final = 6
_ROWS: Final = 12
_SHORTEST_GAP, _LONGEST_GAP = timedelta(hours=2), timedelta(days=12)
_BEHIND: Final = timedelta(minutes=10)
_NARROWEST_GAP: Final = 0.04  # of the picture's width


class NoHistory(PriceError):
    """There are too few stored prices to draw."""


@dataclass(frozen=True, slots=True)
class Marker:
    """A headline on the line. url: http(s) or None. number: what it is called beside the picture; None: its turn."""

    at: datetime
    title: str
    url: str | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """drawing: for the worker. key: equal for equal pictures. markers: those drawn, numbered from 1.

    title: metal and range. story: what the line does, in a sentence. alt: all of it for those who cannot see it. table:
    (time, price) rows as text, oldest first.
    """

    drawing: dict[str, object]
    key: str
    title: str
    story: str
    alt: str
    table: tuple[tuple[str, str], ...]
    markers: tuple[Marker, ...]
    change: Decimal


def build(
    item: Instrument,
    points: Sequence[Point],
    span: str,
    *,
    currency: str = "USD",
    unit: Unit | None = None,
    markers: Sequence[Marker] = (),
    level: Decimal | None = None,
    theme: Theme = "dark",
    source: str = "",
    demo: bool = False,
) -> Chart:
    """points, level: in the chart's currency and unit; points oldest first. span: a key of `history.RANGES`.

    Raises NoHistory.
    """
    if len(points) < 2:
        text = _("There are not enough stored prices of {metal} for this chart; try a longer range, or again later.")
        raise NoHistory(text.format(metal=item.local_name))
    unit = unit or item.unit
    shown = spread_out(points, MAX_POINTS)
    first, last = shown[0], shown[-1]
    low, high = min(shown, key=lambda point: point.price), max(shown, key=lambda point: point.price)
    placed = _place(markers, first.at, last.at)
    change = EXACT.divide(last.price, first.price) - 1
    title = f"{item.local_name} · {range_name(span)}"
    footer = " · ".join(part for part in (f"{currency}/{unit.code}", source, _("times are UTC")) if part)
    drawing: dict[str, object] = {
        "title": title,
        "price": format_price(last.price, currency, unit),
        "last": figure(round_price(last.price)),
        "change": format_percent(change),
        "range": _("low {low} · high {high}").format(
            low=figure(round_price(low.price)), high=figure(round_price(high.price))
        ),
        "up": change >= 0,
        "footer": footer,
        "demo": demo_label() if demo else "",
        "theme": theme,
        "points": [[int(point.at.timestamp()), float(point.price)] for point in shown],
        "gaps": _gaps(shown),
        "markers": [
            [int(min(marker.at, last.at).timestamp()), marker.number or turn] for turn, marker in enumerate(placed, 1)
        ],
        "level": None if level is None else float(level),
        "level_label": "" if level is None else figure(round_price(level)),
        "language": language(),
    }
    key = hashlib.sha256(json.dumps(drawing, sort_keys=True).encode()).hexdigest()[:32]
    story = _story(shown, low, high, currency, unit, change)
    alt = f"{title}. {story}"
    if level is not None:
        alt += " " + _("The line across is at {level}.").format(level=format_price(level, currency, unit))
    if placed:
        text = ngettext("{n} headline is marked.", "{n} headlines are marked.", len(placed))
        alt += " " + text.format(n=len(placed))
    alt = f"{demo_label()}. {alt}" if demo else alt
    return Chart(drawing, key, title, story, alt, _table(shown, span), placed, change)


def _place(markers: Sequence[Marker], first: datetime, last: datetime) -> tuple[Marker, ...]:
    """The newest MAX_MARKERS within the picture, oldest first. The last price may be some minutes old."""
    within = (marker for marker in markers if first <= marker.at <= last + _BEHIND)
    inside = sorted(within, key=lambda marker: marker.at)
    return tuple(inside[-MAX_MARKERS:])


def _gaps(points: Sequence[Point]) -> list[int]:
    """Places in the list after which nothing is known for a while: a weekend, an outage. There the line is broken.

    Months of averages are no gap: a step is one when it is much longer than its line's usual one, and days at most.
    Nor is what the picture is too long to show: weekends within three months.
    """
    steps = [later.at - sooner.at for sooner, later in pairwise(points)]
    seen = (points[-1].at - points[0].at) * _NARROWEST_GAP
    least = max(sorted(steps)[len(steps) // 2] * 4, _SHORTEST_GAP, seen)
    return [place for place, step in enumerate(steps) if least < step < _LONGEST_GAP]


def range_name(span: str) -> str:
    """ "one week", in the language in force."""
    names = {
        "1d": _("one day"), "1w": _("one week"), "1m": _("one month"), "3m": _("three months"), "1y": _("one year"),
        "all": _("everything stored"),
    }  # fmt: skip
    return names.get(span, span)


def start_of(span: str, now: datetime) -> datetime | None:
    """When a range begins; None: with the first stored price. Raises KeyError for an unknown range."""
    length = RANGES[span]
    return None if length is None else now - length


def _story(points: Sequence[Point], low: Point, high: Point, currency: str, unit: Unit, change: Decimal) -> str:
    def written(point: Point) -> str:
        return figure(round_price(point.price))

    return _("From {first} to {last} ({change}); lowest {low} on {low_day}, highest {high} on {high_day}.").format(
        first=written(points[0]),
        last=format_price(points[-1].price, currency, unit),
        change=format_percent(change),
        low=written(low),
        low_day=written_day(low.at.astimezone(UTC)),
        high=written(high),
        high_day=written_day(high.at.astimezone(UTC)),
    )


def _table(points: Sequence[Point], span: str) -> tuple[tuple[str, str], ...]:
    """About a dozen rows, evenly in time: the last price known at each step."""
    first, last = points[0].at, points[-1].at
    step = (last - first) / (_ROWS - 1) or timedelta(seconds=1)
    form = "%Y-%m-%d %H:%M" if span in ("1d", "1w") else "%Y-%m-%d"
    rows: dict[str, str] = {}
    place = 0
    for number in range(_ROWS):
        moment = last if number == _ROWS - 1 else first + step * number
        while place + 1 < len(points) and points[place + 1].at <= moment:
            place += 1
        rows[points[place].at.astimezone(UTC).strftime(form)] = figure(round_price(points[place].price))
    return tuple(rows.items())
