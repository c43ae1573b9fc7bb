"""The bar chart of top producers. What to draw is decided here without any library; matplotlib is imported inside
`draw`, which is meant to be called in a worker process only."""

from __future__ import annotations

import io
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final, cast

from bot.i18n import _
from bot.minerals import wording
from bot.minerals.catalogue import OTHERS
from bot.minerals.places import country
from bot.minerals.supply import shares

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.minerals.model import Mineral

BARS: Final = 6
DRAW: Final = "bot.minerals.supply_chart:draw"  # how the worker finds `draw`
# Read on a phone: an image 800 pixels wide shows at about 350 points, so text is set large.
_SIZE_INCHES: Final = (8.0, 4.8)
_DPI: Final = 100
_FONT: Final = 19
_THEMES: Final = {
    "dark": {"back": "#2b2d31", "text": "#f2f3f5", "bar": "#e0a458", "other": "#80848e", "canada": "#f23f43"},
    "light": {"back": "#ffffff", "text": "#1e1f22", "bar": "#b8742a", "other": "#9aa0a8", "canada": "#d22d39"},
}


@dataclass(frozen=True, slots=True)
class Bar:
    """label: country in the reader's language; percent of world output; kind: "bar", "canada" or "other"."""

    label: str
    percent: float
    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class SupplyChart:
    """Everything `draw` needs; alt describes the picture in words."""

    title: str
    subtitle: str
    footer: str
    bars: tuple[Bar, ...]
    alt: str
    theme: str = "dark"

    @property
    def drawing(self) -> dict[str, object]:
        """The chart as JSON values, for `draw` in the worker."""
        return {
            "title": self.title,
            "subtitle": self.subtitle,
            "footer": self.footer,
            "theme": self.theme,
            "bars": [[bar.label, bar.percent, bar.text, bar.kind] for bar in self.bars],
        }


def plan(mineral: Mineral, theme: str = "dark") -> SupplyChart | None:
    """The chart of the newest year, or None when no country's output is published."""
    production = mineral.newest_production
    if production is None:
        return None
    parts = shares(production)
    named = [share for share in parts if share.producer.country != OTHERS]
    if not named:
        return None
    bars = [
        Bar(
            country(share.producer.country),
            float(share.percent),
            wording.percent(share.percent),
            "canada" if share.producer.country == "Canada" else "bar",
        )
        for share in named[:BARS]
    ]
    rest = sum((share.percent for share in parts), Decimal(0))
    rest -= sum((share.percent for share in named[:BARS]), Decimal(0))
    if production.complete and rest >= 1:
        bars.append(Bar(_("all others"), float(rest), wording.percent(rest), "other"))
    year = wording.estimated(str(production.year), estimate=production.world.estimate)
    title = wording.name(mineral)
    subtitle = _("{stage}, {year}").format(stage=wording.stage(production.stage), year=year)
    footer = production.world.source.title
    alt = f"{title}: {subtitle}. " + ", ".join(f"{bar.label} {bar.text}" for bar in bars) + "."
    return SupplyChart(title, subtitle, footer, tuple(bars), alt, theme)


def draw(drawing: Mapping[str, object]) -> bytes:
    """A PNG of 800 by 480 pixels from `SupplyChart.drawing`. Needs no display and keeps no state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    colours = _THEMES["light" if drawing.get("theme") == "light" else "dark"]
    bars = [Bar(*bar) for bar in cast("list[tuple[str, float, str, str]]", drawing["bars"])]
    figure = Figure(figsize=_SIZE_INCHES, dpi=_DPI, facecolor=colours["back"])
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.08, 1.0, 0.75))
    axes.set_facecolor(colours["back"])
    axes.axis("off")
    axes.set_xlim(-0.62, 1.2)
    axes.set_ylim(len(bars) - 0.4, -0.6)
    longest = max(bar.percent for bar in bars)
    for row, bar in enumerate(bars):
        width = max(bar.percent / longest, 0.006)
        axes.barh(row, width, height=0.66, color=colours[bar.kind])
        size = min(_FONT, _FONT * 20 / max(len(bar.label), 1))
        axes.text(-0.02, row, bar.label, ha="right", va="center", fontsize=size, color=colours["text"])
        axes.text(width + 0.02, row, bar.text, ha="left", va="center", fontsize=_FONT, color=colours["text"])
    figure.text(0.03, 0.915, str(drawing["title"]), fontsize=22, weight="bold", color=colours["text"])
    figure.text(0.03, 0.85, str(drawing["subtitle"]), fontsize=16, color=colours["text"])
    figure.text(0.03, 0.025, str(drawing["footer"]), fontsize=12, color=colours["text"])
    out = io.BytesIO()
    canvas.print_figure(out, format="png")
    return out.getvalue()
