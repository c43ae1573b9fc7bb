"""Draws a chart with matplotlib's object API on Agg. Imported in the worker process only: it costs 40 MB.

Sizes are chosen for a telephone: there a picture 1,000 pixels wide is shown at about 380, so letters of 28 pixels
arrive as 11. Colours keep a contrast of 4.5 : 1 against their ground (WCAG 2.2, 1.4.3), and rising or falling is said
by the sign in the text, never by colour alone.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final, cast

from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

WIDTH, HEIGHT = 1000, 620
_DPI: Final = 100
_LARGE, _SMALL, _TINY = 23, 19, 16
_LEFT, _BOTTOM, _ACROSS, _UP = 0.025, 0.165, 0.815, 0.61  # the axes, as fractions of the picture
_TAG: Final = 36  # pixels that the last figure keeps free of others, up and down
_BEYOND: Final = 0.025  # of the range, kept free after the last price
_BEFORE, _LETTER, _APART = 28, 14, 8  # pixels: a headline's mark without its letters, a letter of it, between two marks
_LOCALES: Final = {"en": "en_GB", "fr": "fr", "es": "es"}  # Babel's; days come before their month in all three
_THEMES: Final = {
    "dark": {"ground": "#1e1f24", "ink": "#f2f3f5", "soft": "#b8bcc6", "grid": "#3a3d46", "up": "#4fc98a",
             "down": "#ff8f8f", "line": "#e8b84a", "mark": "#8ab4ff", "level": "#d3a6ff"},
    "light": {"ground": "#ffffff", "ink": "#1a1c20", "soft": "#545a66", "grid": "#dfe2e8", "up": "#157a45",
              "down": "#c02f2f", "line": "#9a6a00", "mark": "#1f5fbf", "level": "#7a3fc0"},
}  # fmt: skip


def draw_price(drawing: Mapping[str, object]) -> bytes:
    """A PNG of 1000 × 620 pixels from `chart.Chart.drawing`."""
    colours = _THEMES["light" if drawing.get("theme") == "light" else "dark"]
    points = cast("list[list[float]]", drawing["points"])
    folded = _folded(cast("list[list[int]]", drawing.get("markers", [])), points)
    level = cast("float | None", drawing.get("level"))

    figure = Figure(figsize=(WIDTH / _DPI, HEIGHT / _DPI), dpi=_DPI, facecolor=colours["ground"])
    FigureCanvasAgg(figure)
    axes = figure.add_axes((_LEFT, _BOTTOM, _ACROSS, _UP))
    axes.set_facecolor(colours["ground"])
    heights = [price for _at, price in points] + ([] if level is None else [level])
    low, high = min(heights), max(heights)
    room = (high - low) * 0.1 or high * 0.01
    axes.set_ylim(low - room, high + room * (2.7 if folded else 1.3))
    begin, end = _day(points[0][0]), _day(points[-1][0])
    axes.set_xlim(begin, end + (end - begin) * _BEYOND)  # a headline's number at the end keeps off the scale
    _line(axes, drawing, points, low - room, colours)
    if level is not None:
        _level(axes, level, str(drawing.get("level_label", "")), colours)
    _scales(axes, points[-1][1], colours, _LOCALES.get(str(drawing.get("language")), "en_GB"))
    _markers(axes, folded, points, colours)
    _words(figure, drawing, colours)
    if drawing.get("demo"):
        axes.text(
            0.5, 0.45, str(drawing["demo"]), transform=axes.transAxes, fontsize=28, color=colours["soft"], alpha=0.7,
            va="center", ha="center", rotation=14, weight="bold", zorder=2.5,
        )  # fmt: skip
    target = io.BytesIO()
    figure.savefig(target, format="png", facecolor=colours["ground"])
    return target.getvalue()


def _day(stamp: float) -> float:
    """A Unix time as matplotlib counts: in days."""
    return float(date2num(datetime.fromtimestamp(stamp, UTC)))  # type: ignore[no-untyped-call]


def _line(
    axes: Axes, drawing: Mapping[str, object], points: list[list[float]], ground: float, colours: Mapping[str, str]
) -> None:
    """The price: broken where nothing is known, with its last figure on the scale."""
    times, prices = [_day(at) for at, _price in points], [price for _at, price in points]
    starts = [0, *(place + 1 for place in cast("list[int]", drawing.get("gaps", [])))]
    for start, end in zip(starts, [*starts[1:], len(points)], strict=True):
        part = slice(start, end)
        axes.plot(times[part], prices[part], color=colours["line"], linewidth=2.6, solid_joinstyle="round",
                  solid_capstyle="round", zorder=3)  # fmt: skip
        axes.fill_between(times[part], prices[part], ground, color=colours["line"], alpha=0.13, linewidth=0, zorder=2)
        if end < len(points):
            over = slice(end - 1, end + 1)
            axes.plot(times[over], prices[over], ":", color=colours["line"], linewidth=2, zorder=3)
    axes.plot(times[-1:], prices[-1:], "o", color=colours["line"], markersize=9, clip_on=False, zorder=4)
    axes.annotate(
        str(drawing.get("last", "")), (1, prices[-1]), xycoords=("axes fraction", "data"), xytext=(11, 0),
        textcoords="offset points", va="center", fontsize=_SMALL - 1, fontweight="bold", color=colours["ground"],
        bbox={"boxstyle": "square,pad=0.28", "facecolor": colours["line"], "linewidth": 0}, zorder=6,
        annotation_clip=False,
    )  # fmt: skip


def _level(axes: Axes, level: float, label: str, colours: Mapping[str, str]) -> None:
    """An alert's level, across the picture, with its figure at the left where no scale is."""
    axes.axhline(level, color=colours["level"], linewidth=2.2, linestyle=(0, (5, 3)), zorder=3.5)
    axes.annotate(
        label, (0, level), xycoords=("axes fraction", "data"), xytext=(4, 0), textcoords="offset points", va="center",
        fontsize=_TINY, fontweight="bold", color=colours["ground"], zorder=6,
        bbox={"boxstyle": "square,pad=0.25", "facecolor": colours["level"], "linewidth": 0},
    )  # fmt: skip


def _scales(axes: Axes, last: float, colours: Mapping[str, str], locale: str = "en_GB") -> None:
    bottom, top = axes.get_ylim()
    # A figure nearer than this to the last one would stick out from behind it: it gives way, and its line with it.
    beside = (top - bottom) * _TAG / (HEIGHT * _UP)
    steps = MaxNLocator(nbins=5, min_n_ticks=3).tick_values(bottom, top)
    axes.yaxis.tick_right()
    axes.yaxis.set_major_locator(FixedLocator([at for at in steps if bottom <= at <= top and abs(at - last) >= beside]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: _number(value, locale)))
    locator = AutoDateLocator(tz=UTC, minticks=3, maxticks=5)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(_Dates(locator, locale))
    axes.tick_params(axis="both", labelsize=_SMALL, labelcolor=colours["soft"], length=0, pad=10)
    axes.grid(visible=True, axis="y", color=colours["grid"], linewidth=1.5, zorder=1)
    for spine in axes.spines.values():
        spine.set_visible(False)
    begin, end = axes.get_xlim()
    places = [(tick - begin) / (end - begin) for tick in axes.get_xticks()]
    if places and places[0] < 0.05:  # centred on its tick the first label would leave the picture
        first = axes.get_xticklabels()[0]
        first.set_horizontalalignment("left")
        first.set_visible(len(places) < 2 or places[1] > 0.2)


def _number(value: float, locale: str) -> str:
    """Axis labels: as many decimals as the size needs, written as the reader's language does."""
    form = "#,##0" if abs(value) >= 1000 else "#,##0.00" if abs(value) < 100 else "#,##0.0"
    return str(format_decimal(value, format=form, locale=locale))


class _Dates(ConciseDateFormatter):
    """Matplotlib decides what a tick says (a year, a month, a day, an hour); Babel says it in the reader's language.

    strftime has the words of the process's locale only, so months and days go through it as ISO dates.
    """

    def __init__(self, locator: AutoDateLocator, locale: str) -> None:
        super().__init__(locator, tz=UTC, show_offset=False)  # type: ignore[no-untyped-call]
        self._locale = locale
        # A bare "09" could be a day, a month or an hour: days carry their month.
        self.formats = ["%Y", "month %Y-%m-%d", "day %Y-%m-%d", "%H:%M", "%H:%M", "%H:%M"]
        self.zero_formats = ["", "%Y", "day %Y-%m-%d", "day %Y-%m-%d", "%H:%M", "%H:%M"]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        return [self._written(label) for label in super().format_ticks(values)]  # type: ignore[no-untyped-call]

    def _written(self, label: str) -> str:
        kind, _space, iso = label.partition(" ")
        if kind == "month":
            return format_date(date.fromisoformat(iso), "LLL", locale=self._locale)
        if kind == "day":
            return format_skeleton("MMMd", date.fromisoformat(iso), locale=self._locale)
        return label


@dataclass(frozen=True, slots=True)
class Mark:
    """Headlines drawn as one. times: of each, oldest first. centre, width: of the mark, in pixels from the left."""

    times: tuple[int, ...]
    numbers: tuple[int, ...]
    centre: float
    width: float

    @property
    def label(self) -> str:
        """ "3", "2–4", or "2, 4" where the one between is not in the picture."""
        first, last = self.numbers[0], self.numbers[-1]
        if len(self.numbers) == 1:
            return f"{first}"
        run = self.numbers == tuple(range(first, last + 1))
        return f"{first}–{last}" if run else ", ".join(map(str, self.numbers))


def _folded(markers: list[list[int]], points: list[list[float]]) -> list[Mark]:
    """The marks that stand on the line: headlines whose marks would touch share one, until none touch."""
    begin = points[0][0]
    scale = WIDTH * _ACROSS / (((points[-1][0] - begin) or 1) * (1 + _BEYOND))

    def mark(times: tuple[int, ...], numbers: tuple[int, ...]) -> Mark:
        bare = Mark(times, numbers, 0, 0)
        width = _BEFORE + _LETTER * len(bare.label)
        centre = ((times[0] + times[-1]) / 2 - begin) * scale
        centre = min(max(centre, width / 2), WIDTH * _ACROSS - width / 2)  # the scale's place is not the marks'
        return replace(bare, centre=centre, width=width)

    marks: list[Mark] = []
    for at, number in markers:
        new = mark((at,), (number,))
        while marks and new.centre - marks[-1].centre < (new.width + marks[-1].width) / 2 + _APART:
            before = marks.pop()
            new = mark(before.times + new.times, before.numbers + new.numbers)
        marks.append(new)
    return marks


def _markers(axes: Axes, folded: list[Mark], points: list[list[float]], colours: Mapping[str, str]) -> None:
    """A dot on the line for every headline; over them the number, or the numbers folded into one."""
    begin, end = axes.get_xlim()
    for mark in folded:
        heights = [_at(points, at) for at in mark.times]
        axes.plot([_day(at) for at in mark.times], heights, "o", color=colours["mark"], markersize=8, zorder=4.5)
        middle = mark.times[len(mark.times) // 2]
        foot = (_day(middle) - begin) / (end - begin) * WIDTH * _ACROSS
        axes.annotate(
            mark.label,
            (_day(middle), _at(points, middle)),
            xytext=((mark.centre - foot) * 72 / _DPI, 27),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=_TINY,
            fontweight="bold",
            color=colours["ground"],
            bbox={
                "boxstyle": ("circle,pad=0.3" if len(mark.label) == 1 else "round,pad=0.3,rounding_size=0.75"),
                "facecolor": colours["mark"],
                "linewidth": 0,
            },
            arrowprops={"arrowstyle": "-", "color": colours["mark"], "linewidth": 2},
            annotation_clip=False,
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
    figure.text(
        0.97, 0.935, str(drawing.get("range", "")), fontsize=_TINY, color=colours["soft"], va="center", ha="right"
    )
    figure.text(0.03, 0.04, str(drawing["footer"]), fontsize=_TINY, color=colours["soft"], va="center")
