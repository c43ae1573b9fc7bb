"""The chart of producers: what is planned, and that it draws at the promised size."""

from __future__ import annotations

import struct
import subprocess
import sys

import pytest

from bot.i18n import LANGUAGES, use_language
from bot.minerals import supply_chart
from bot.minerals.catalogue import load
from bot.prices.chart_worker import ChartWorker

BOOK = load()


def test_bars_are_the_top_six_and_the_rest() -> None:
    chart = supply_chart.plan(BOOK.minerals["gold"])
    assert chart is not None
    assert [bar.label for bar in chart.bars][:4] == ["China", "Russia", "Australia", "Canada"]
    assert chart.bars[-1].kind == "other"
    assert abs(sum(bar.percent for bar in chart.bars) - 100) < 3  # the published total is rounded


def test_canada_s_bar_is_marked() -> None:
    chart = supply_chart.plan(BOOK.minerals["potash"])
    assert chart is not None
    assert [bar.label for bar in chart.bars if bar.kind == "canada"] == ["Canada"]


def test_the_alternative_text_says_every_bar() -> None:
    chart = supply_chart.plan(BOOK.minerals["graphite"])
    assert chart is not None
    assert chart.alt.startswith("Graphite (natural): mine production, 2025 (estimate). China 78%, Madagascar 4%")
    assert all(bar.label in chart.alt for bar in chart.bars)


@pytest.mark.parametrize("slug", ["coal", "neodymium", "germanium", "neon"])
def test_nothing_is_drawn_where_no_country_has_a_figure(slug: str) -> None:
    found = supply_chart.plan(BOOK.minerals[slug])
    assert found is None or all(bar.label == "United States" or bar.kind == "other" for bar in found.bars)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_chart_can_be_planned_and_described(language: str) -> None:
    with use_language(language):
        for mineral in BOOK.minerals.values():
            chart = supply_chart.plan(mineral)
            assert chart is None or (0 < len(chart.alt) <= 1024 and len(chart.bars) <= 7)


@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_the_chart_worker_draws_a_png_of_800_by_480(theme: str) -> None:
    chart = supply_chart.plan(BOOK.minerals["gallium"], theme)
    assert chart is not None
    worker = ChartWorker()
    try:
        png = await worker.draw("key", chart.drawing, supply_chart.DRAW)
    finally:
        await worker.close()
    assert png.startswith(b"\x89PNG")
    assert struct.unpack(">II", png[16:24]) == (800, 480)


def test_planning_does_not_load_matplotlib() -> None:
    code = (
        "import sys; from bot.minerals import supply_chart, catalogue; "
        "supply_chart.plan(catalogue.load().minerals['gold']); sys.exit('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
