"""A price chart as data: what is drawn, its words for those who cannot see it, and a table. Pure; draws nothing.

Drawing happens in another process (`chart_worker`), which gets `Chart.drawing`: plain JSON, no Decimal or datetime.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

from bot.i18n import _, figure, ngettext
from bot.prices.history import RANGES, spread_out
from bot.prices.model import Point, PriceError
from bot.prices.units import EXACT, Unit, format_percent, format_price, round_price

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from bot.prices.instruments import Instrument

Theme = Literal["dark", "light"]
MAX_POINTS: Final = 600  # more than the picture has room for is only slower
MAX_MARKERS: Final = 6
_ROWS: Final = 12


class NoHistory(PriceError):
    """There are too few stored prices to draw."""


@dataclass(frozen=True, slots=True)
class Marker:
    """A headline on the line. url: http(s) or None."""

    at: datetime
    title: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """drawing: for the worker. key: equal for equal pictures. markers: those drawn, numbered from 1.

    alt: one or two sentences. table: (time, price) rows as text, oldest first.
    """

    drawing: dict[str, object]
    key: str
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
    theme: Theme = "dark",
    source: str = "",
    demo: bool = False,
) -> Chart:
    """points: in the chart's currency and unit, oldest first. span: a key of `history.RANGES`. Raises NoHistory."""
    if len(points) < 2:
        text = _("There are not enough stored prices of {metal} for this chart; try a longer range, or again later.")
        raise NoHistory(text.format(metal=item.local_name))
    unit = unit or item.unit
    shown = spread_out(points, MAX_POINTS)
    first, last = shown[0], shown[-1]
    placed = _place(markers, first.at, last.at)
    change = EXACT.divide(last.price, first.price) - 1
    title, price = f"{item.local_name} · {range_name(span)}", format_price(last.price, currency, unit)
    footer = " · ".join(part for part in (f"{currency}/{unit.code}", source, _("times are UTC")) if part)
    drawing: dict[str, object] = {
        "title": title,
        "price": price,
        "change": format_percent(change),
        "up": change >= 0,
        "footer": footer,
        "demo": DEMO_LABEL if demo else "",
        "theme": theme,
        "points": [[int(point.at.timestamp()), float(point.price)] for point in shown],
        "markers": [[int(marker.at.timestamp()), number] for number, marker in enumerate(placed, 1)],
    }
    key = hashlib.sha256(json.dumps(drawing, sort_keys=True).encode()).hexdigest()[:32]
    alt = _alt(title, shown, currency, unit, change, len(placed))
    return Chart(drawing, key, f"{DEMO_LABEL}. {alt}" if demo else alt, _table(shown, span), placed, change)


DEMO_LABEL: Final = "DEMO DATA — not market prices"


def _place(markers: Sequence[Marker], first: datetime, last: datetime) -> tuple[Marker, ...]:
    """At most MAX_MARKERS within the picture, so far apart that their numbers can be read; the newest win."""
    room = (last - first) / (MAX_MARKERS * 2)
    placed: list[Marker] = []
    for marker in sorted(markers, key=lambda marker: marker.at, reverse=True):
        inside = first <= marker.at <= last
        if inside and all(abs(marker.at - other.at) >= room for other in placed) and len(placed) < MAX_MARKERS:
            placed.append(marker)
    return tuple(reversed(placed))


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


def _alt(title: str, points: Sequence[Point], currency: str, unit: Unit, change: Decimal, headlines: int) -> str:
    low, high = min(points, key=lambda point: point.price), max(points, key=lambda point: point.price)

    def written(point: Point) -> str:
        return format_price(point.price, currency, unit)

    text = _(
        "{title}: from {first} to {last} ({change}); lowest {low} on {low_day}, highest {high} on {high_day}."
    ).format(
        title=title,
        first=written(points[0]),
        last=written(points[-1]),
        change=format_percent(change),
        low=written(low),
        low_day=_day(low.at),
        high=written(high),
        high_day=_day(high.at),
    )
    if headlines:
        text += " " + ngettext("{n} headline is marked.", "{n} headlines are marked.", headlines).format(n=headlines)
    return text


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d")


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
