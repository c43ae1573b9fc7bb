"""Draws a chart with matplotlib's object API on Agg. Imported in the worker process only: it costs 40 MB.

Sizes are chosen for a telephone: there a picture 1,000 pixels wide is shown at about 380, so letters of 28 pixels
arrive as 11. Colours keep a contrast of 4.5 : 1 against their ground (WCAG 2.2, 1.4.3), and rising or falling is said
by the sign in the text, never by colour alone.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, cast

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

WIDTH, HEIGHT = 1000, 620
_DPI: Final = 100
_LARGE, _SMALL, _TINY = 23, 20, 15
_THEMES: Final = {
    "dark": {"ground": "#1e1f24", "ink": "#f2f3f5", "soft": "#b8bcc6", "grid": "#3a3d46", "up": "#4fc98a",
             "down": "#ff8f8f", "line": "#e8b84a", "mark": "#8ab4ff"},
    "light": {"ground": "#ffffff", "ink": "#1a1c20", "soft": "#545a66", "grid": "#dfe2e8", "up": "#157a45",
              "down": "#c02f2f", "line": "#9a6a00", "mark": "#1f5fbf"},
}  # fmt: skip


def draw_price(drawing: Mapping[str, object]) -> bytes:
    """A PNG of 1000 × 620 pixels from `chart.Chart.drawing`."""
    colours = _THEMES["light" if drawing.get("theme") == "light" else "dark"]
    points = cast("list[list[float]]", drawing["points"])
    times = [_day(at) for at, _price in points]
    prices = [price for _at, price in points]

    figure = Figure(figsize=(WIDTH / _DPI, HEIGHT / _DPI), dpi=_DPI, facecolor=colours["ground"])
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.025, 0.165, 0.835, 0.62))
    axes.set_facecolor(colours["ground"])
    low, high = min(prices), max(prices)
    room = (high - low) * 0.12 or high * 0.01
    axes.set_ylim(low - room, high + room * 1.4)
    axes.set_xlim(times[0], times[-1])
    axes.plot(times, prices, color=colours["line"], linewidth=3, solid_joinstyle="round", zorder=3)
    axes.fill_between(times, prices, low - room, color=colours["line"], alpha=0.13, linewidth=0, zorder=2)
    axes.plot(times[-1:], prices[-1:], "o", color=colours["line"], markersize=10, clip_on=False, zorder=4)
    _scales(axes, colours)
    _markers(axes, drawing, points, colours)
    _words(figure, drawing, colours)
    if drawing.get("demo"):
        axes.text(
            0.5, 0.5, str(drawing["demo"]), transform=axes.transAxes, fontsize=28, color=colours["soft"], alpha=0.7,
            va="center", ha="center", rotation=14, weight="bold", zorder=2.5,
        )  # fmt: skip
    target = io.BytesIO()
    figure.savefig(target, format="png", facecolor=colours["ground"])
    return target.getvalue()


def _day(stamp: float) -> float:
    """A Unix time as matplotlib counts: in days."""
    return float(date2num(datetime.fromtimestamp(stamp, UTC)))  # type: ignore[no-untyped-call]


def _scales(axes: Axes, colours: Mapping[str, str]) -> None:
    axes.yaxis.tick_right()
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, min_n_ticks=3))
    axes.yaxis.set_major_formatter(FuncFormatter(_number))
    locator = AutoDateLocator(tz=UTC, minticks=3, maxticks=5)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    formatter = ConciseDateFormatter(locator, tz=UTC, show_offset=False)  # type: ignore[no-untyped-call]
    # A bare "09" could be a day, a month or an hour: days carry their month.
    formatter.formats = ["%Y", "%b", "%d %b", "%H:%M", "%H:%M", "%H:%M"]
    formatter.zero_formats = ["", "%Y", "%d %b", "%d %b", "%H:%M", "%H:%M"]
    axes.xaxis.set_major_formatter(formatter)
    axes.tick_params(axis="both", labelsize=_SMALL, labelcolor=colours["soft"], length=0, pad=10)
    axes.grid(visible=True, axis="y", color=colours["grid"], linewidth=1.5, zorder=1)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _number(value: float, _place: int | None) -> str:
    """Axis labels: as many decimals as the size needs."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.2f}" if abs(value) < 100 else f"{value:,.1f}"


def _markers(axes: Axes, drawing: Mapping[str, object], points: list[list[float]], colours: Mapping[str, str]) -> None:
    for at, number in cast("list[list[float]]", drawing.get("markers", [])):
        price = _at(points, at)
        axes.annotate(
            f"{number:.0f}",
            (_day(at), price),
            xytext=(0, 30),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=_TINY + 1,
            fontweight="bold",
            color=colours["ground"],
            bbox={"boxstyle": "circle,pad=0.32", "facecolor": colours["mark"], "linewidth": 0},
            arrowprops={"arrowstyle": "-", "color": colours["mark"], "linewidth": 2},
            zorder=5,
        )


def _at(points: list[list[float]], moment: float) -> float:
    """The line's height at a moment, between the two points around it."""
    before = points[0]
    for point in points:
        if point[0] >= moment:
            width = point[0] - before[0]
            share = (moment - before[0]) / width if width else 0.0
            return before[1] + (point[1] - before[1]) * share
        before = point
    return points[-1][1]


def _words(figure: Figure, drawing: Mapping[str, object], colours: Mapping[str, str]) -> None:
    side = colours["up" if drawing.get("up") else "down"]
    figure.text(0.03, 0.935, str(drawing["title"]), fontsize=_LARGE, color=colours["ink"], va="center", weight="bold")
    figure.text(0.03, 0.845, str(drawing["price"]), fontsize=_LARGE, color=colours["ink"], va="center")
    figure.text(
        0.97, 0.845, str(drawing["change"]), fontsize=_LARGE, color=side, va="center", ha="right", weight="bold"
    )
    figure.text(0.03, 0.04, str(drawing["footer"]), fontsize=_TINY, color=colours["soft"], va="center")
