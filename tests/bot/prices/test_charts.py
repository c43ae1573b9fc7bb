"""Charts: their words, the worker process that draws them, and what is under the picture."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import struct
from datetime import timedelta
from decimal import Decimal
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.dates import AutoDateLocator
from matplotlib.figure import Figure

from bot.i18n import use_language
from bot.prices import demo
from bot.prices.chart import MAX_MARKERS, Marker, NoHistory, build
from bot.prices.chart_draw import _THEMES, WIDTH, Mark, _Dates, _folded, _scales
from bot.prices.chart_worker import ChartError, ChartWorker
from bot.prices.history import Recent, change_since, largest_moves, price_at, reaction, spread_out
from bot.prices.instruments import INSTRUMENTS
from bot.prices.model import Point, demo_label
from tests.bot.prices.conftest import OPEN

GOLD = INSTRUMENTS["gold"]
HOUR = timedelta(hours=1)


def series(*prices: str, step=HOUR) -> list[Point]:
    first = OPEN - step * (len(prices) - 1)
    return [Point(first + step * place, Decimal(price)) for place, price in enumerate(prices)]


def size_of(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])


@pytest.fixture
async def worker():
    made = ChartWorker()
    yield made
    await made.close()


@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_a_chart_is_a_png_of_the_stated_size(worker, theme):
    chart = build(GOLD, series("4380", "4400", "4392"), "1d", theme=theme)
    assert size_of(await worker.draw(chart.key, chart.drawing)) == (1000, 620)


async def test_flat_and_tiny_series_can_be_drawn(worker):
    for prices in (("4392", "4392"), ("0.0001", "0.0002"), ("1", "1000000")):
        chart = build(GOLD, series(*prices), "all", demo=True, markers=[Marker(OPEN, "x")])
        assert size_of(await worker.draw(chart.key, chart.drawing)) == (1000, 620)


async def test_the_same_chart_is_drawn_once(worker):
    chart = build(GOLD, series("4380", "4400"), "1d")
    first, second = await asyncio.gather(*(worker.draw(chart.key, chart.drawing) for _ in range(2)))
    assert first is second
    await worker.close()
    assert await worker.draw(chart.key, chart.drawing) is first
    assert worker.pid is None, "a kept picture needs no process"


async def test_the_worker_survives_a_broken_drawing(worker):
    with pytest.raises(ChartError, match="could not be drawn"):
        await worker.draw("bad", {"points": "nonsense"})
    alive = worker.pid
    chart = build(GOLD, series("4380", "4400"), "1d")
    assert await worker.draw(chart.key, chart.drawing)
    assert worker.pid == alive


async def test_only_functions_of_this_project_can_be_named(worker):
    with pytest.raises(ChartError):
        await worker.draw("evil", {}, "os:getcwd")


async def test_a_killed_worker_is_replaced(worker):
    chart = build(GOLD, series("4380", "4400"), "1d")
    await worker.draw("one", chart.drawing)
    before = worker.pid
    os.kill(before, signal.SIGKILL)
    # The death may be noticed before the next drawing (a new process draws it) or in it (that one fails).
    with contextlib.suppress(ChartError):
        await worker.draw("two", chart.drawing)
    assert await worker.draw("three", chart.drawing)
    assert worker.pid not in (None, before)


async def test_a_drawing_that_takes_too_long_is_killed():
    worker = ChartWorker(timeout=0.01)
    chart = build(GOLD, series("4380", "4400"), "1d")
    with pytest.raises(ChartError, match="too long"):
        await worker.draw(chart.key, chart.drawing)
    assert worker.pid is None
    await worker.close()


async def test_an_idle_worker_gives_its_memory_back():
    worker = ChartWorker(idle=0.0)
    chart = build(GOLD, series("4380", "4400"), "1d")
    await worker.draw(chart.key, chart.drawing)
    process = worker._process
    if process is not None:
        await process.wait()
    assert worker.pid is None
    await worker.close()


def test_the_alt_text_says_what_the_picture_shows():
    chart = build(GOLD, series("4400", "4300", "4450", "4444"), "1d", markers=[Marker(OPEN - HOUR, "A")])
    assert chart.alt == (
        "Gold · one day. From 4,400.00 to 4,444.00 USD/oz t (+1.00 %); "
        "lowest 4,300.00 on 15 Sep 2026, highest 4,450.00 on 15 Sep 2026. 1 headline is marked."
    )
    crossed = build(GOLD, series("4400", "4300"), "1d", level=Decimal(4350), currency="EUR")
    assert crossed.alt.endswith("The line across is at 4,350.00 EUR/oz t.")
    assert chart.table[0] == ("2026-09-15 11:00", "4,400.00")
    assert chart.table[-1] == ("2026-09-15 14:00", "4,444.00")


def test_demo_charts_say_so_in_picture_and_words():
    chart = build(GOLD, series("4400", "4300"), "1d", demo=True)
    assert chart.alt.startswith(demo_label())
    assert chart.drawing["demo"] == demo_label()


def test_too_little_history_is_explained():
    with pytest.raises(NoHistory, match="Gold"):
        build(GOLD, series("4400"), "1d")


@given(hours=st.lists(st.integers(-5, 200), max_size=60))
def test_markers_are_few_inside_and_never_over_one_another(hours):
    points = series(*(str(4000 + place % 7) for place in range(100)))
    chart = build(GOLD, points, "1w", markers=[Marker(OPEN - HOUR * hour, str(hour)) for hour in hours])
    inside = sorted(OPEN - HOUR * hour for hour in hours if 0 <= hour < 100)
    assert [marker.at for marker in chart.markers] == inside[-MAX_MARKERS:], "the newest"
    drawn = _folded(chart.drawing["markers"], chart.drawing["points"])
    assert [number for mark in drawn for number in mark.numbers] == list(range(1, len(chart.markers) + 1))
    assert [[at, number] for mark in drawn for at, number in zip(mark.times, mark.numbers, strict=True)] == (
        chart.drawing["markers"]
    )
    for sooner, later in pairwise(drawn):
        assert later.centre - later.width / 2 > sooner.centre + sooner.width / 2
    for mark in drawn:
        assert mark.centre - mark.width / 2 >= 0
        assert mark.centre + mark.width / 2 <= WIDTH * 0.815 + 1e-6, "off the scale's figures"


@pytest.mark.parametrize(
    ("minutes", "labels"),
    [
        pytest.param((5990, 3000, 10), ["1", "2", "3"], id="far apart, each has its own"),
        pytest.param((5990, 3000, 2990, 2980, 10), ["1", "2–4", "5"], id="close ones share one"),
        pytest.param((40, 30, 20, 10), ["1–4"], id="all at the end"),
    ],
)
def test_headlines_close_in_time_share_a_mark_with_their_numbers(minutes, labels):
    points = series(*(str(4000 + place % 7) for place in range(101)))
    markers = [Marker(OPEN - timedelta(minutes=minute), "x") for minute in minutes]
    drawing = build(GOLD, points, "1w", markers=markers).drawing
    assert [mark.label for mark in _folded(drawing["markers"], drawing["points"])] == labels


def test_a_mark_names_only_headlines_that_are_there():
    assert Mark((1, 2), (2, 4), 0, 0).label == "2, 4"


def test_no_figure_of_the_scale_stands_beside_the_last_price():
    axes = Figure().add_axes((0, 0, 1, 1))
    axes.set_xlim(20000, 20001)
    axes.set_ylim(4080, 4180)
    _scales(axes, 4126.0, _THEMES["dark"])
    assert [int(at) for at in axes.get_yticks()] == [4080, 4100, 4140, 4160, 4180]


def test_a_headline_since_the_last_price_is_marked_at_its_end_and_keeps_its_number():
    points = series("4400", "4300")
    late = Marker(OPEN + timedelta(minutes=3), "just now", number=4)
    chart = build(GOLD, points, "1d", markers=[late, Marker(OPEN + HOUR, "later"), Marker(OPEN - HOUR, "x", number=2)])
    assert chart.drawing["markers"] == [[int(points[0].at.timestamp()), 2], [int(OPEN.timestamp()), 4]]


@pytest.mark.parametrize(
    ("days", "step", "hole", "broken"),
    [
        pytest.param(7, timedelta(minutes=5), timedelta(hours=49), True, id="a weekend within a week"),
        pytest.param(30, HOUR, timedelta(hours=49), True, id="a weekend within a month"),
        pytest.param(91, HOUR * 4, timedelta(hours=49), False, id="a weekend in three months is not worth a break"),
        pytest.param(7, timedelta(minutes=5), HOUR, False, id="the daily break is none"),
        pytest.param(7, timedelta(minutes=5), HOUR * 9, True, id="a night without a source"),
        pytest.param(900, timedelta(days=30), timedelta(days=31), False, id="months are no gaps"),
    ],
)
def test_the_line_is_broken_where_nothing_was_known(days, step, hole, broken):
    whole = series(*["4000"] * (timedelta(days=days) // step), step=step)
    middle = whole[len(whole) // 2].at
    points = [point for point in whole if not middle < point.at < middle + hole]
    chart = build(GOLD, points, "all")
    (left, right) = next((a, b) for a, b in pairwise(points) if a.at == middle)
    assert right.at - left.at >= hole
    shown = chart.drawing["points"]
    gaps = [(shown[place][0], shown[place + 1][0]) for place in chart.drawing["gaps"]]
    assert bool(gaps) is broken
    if broken:
        ((before, after),) = gaps
        assert before <= int(left.at.timestamp()) < int(right.at.timestamp()) <= after


@given(prices=st.lists(st.integers(1, 10**6), min_size=2, max_size=400), most=st.integers(5, 60))
def test_thinned_points_keep_the_ends_and_the_extremes(prices, most):
    points = series(*map(str, prices))
    shown = spread_out(points, most)
    assert len(shown) <= most + 3
    assert (shown[0], shown[-1]) == (points[0], points[-1])
    assert min(point.price for point in shown) == min(prices)
    assert max(point.price for point in shown) == max(prices)


def test_a_month_of_minutes_does_not_crowd_out_the_months_before_it():
    months, minutes = (
        series(*["4000"] * 300, step=timedelta(days=1)),
        series(*["4000"] * 9000, step=timedelta(minutes=1)),
    )
    shown = spread_out([*(point for point in months if point.at < minutes[0].at), *minutes], 100)
    assert sum(point.at < minutes[0].at for point in shown) > 90


def test_prices_and_changes_at_a_moment():
    points = series("100", "101", "103")
    assert price_at(points, OPEN - HOUR, HOUR) == 101
    assert price_at(points, OPEN - HOUR * 3, HOUR) is None
    assert price_at(points, OPEN + HOUR * 2, HOUR) is None
    assert change_since(points, OPEN - HOUR, Decimal("103.02"), HOUR) == Decimal("0.02")
    assert change_since(points, OPEN - HOUR * 5, Decimal(1), HOUR) is None


def test_the_reaction_is_the_move_of_the_hour_after():
    points = series("100", "100", "101", "101", step=timedelta(minutes=15))
    assert reaction(points, points[0].at, timedelta(minutes=30)) == Decimal("0.01")
    assert reaction(points, points[0].at, timedelta(hours=3)) is None


def test_the_largest_moves_do_not_overlap():
    points = series("100", "110", "111", "111", "100", step=timedelta(minutes=30))
    moves = largest_moves(points, timedelta(minutes=30), 2)
    assert [(first.price, last.price) for first, last in moves] == [(100, 110), (111, 100)]


def test_the_demo_series_is_labelled_and_ends_where_it_begins():
    from importlib.resources import files

    text = files("bot.prices").joinpath("demo.csv").read_text("utf-8")
    assert text.startswith("# DEMO DATA")
    for metal in demo.METALS:
        values = demo._series()[metal]
        assert len(values) == 288
        steps = [abs(later / sooner - 1) for sooner, later in zip(values, [*values[1:], values[0]], strict=True)]
        assert max(steps) < Decimal("0.01")


def test_every_demo_metal_goes_its_own_way():
    day = timedelta(days=1)
    moved = {
        metal: [
            demo.price_at(metal, OPEN - day * ago) / demo.price_at(metal, OPEN - day * (ago + 1)) - 1
            for ago in range(60)
        ]
        for metal in demo.METALS
    }
    for changes in zip(*moved.values(), strict=True):
        assert max(changes) - min(changes) > Decimal("0.003"), "on no day do all move alike"
        assert max(map(abs, changes)) < Decimal("0.06")
    for one, other in combinations(moved, 2):
        alike = [abs(a - b) < Decimal("0.001") for a, b in zip(moved[one], moved[other], strict=True)]
        assert sum(alike) < 12, (one, other)
    for metal in demo.METALS:
        price = demo.price_at(metal, OPEN)
        assert price == demo.price_at(metal, OPEN)
        assert price.as_tuple().exponent == -4


def test_a_day_is_counted_from_a_point_that_a_chart_can_begin_at():
    recent = Recent()
    for point in series("100", "101", "104", step=timedelta(hours=12, minutes=10)):
        recent.push(point.at, point.price)
    found = recent.changes(OPEN, Decimal(105))
    assert found.start == Point(OPEN - timedelta(hours=24, minutes=20), Decimal(100))
    assert found.day == Decimal("0.05")


@pytest.mark.parametrize(
    ("locale", "day", "month", "figure"),
    [("en_GB", "15 Aug", "Aug", "4,100"), ("fr", "15 août", "août", "4\u202f100"), ("es", "15 ago", "ago", "4.100")],
)
def test_the_scales_speak_the_readers_language(locale, day, month, figure):
    written = _Dates(AutoDateLocator(), locale)
    assert [written._written(label) for label in ("day 2026-08-15", "month 2026-08-01", "06:00", "2026")] == [
        day, month, "06:00", "2026",
    ]  # fmt: skip
    axes = Figure().add_axes((0, 0, 1, 1))
    axes.set_xlim(20667, 20680)  # the first half of August 2026
    axes.set_ylim(4080, 4180)
    _scales(axes, 4126.0, _THEMES["dark"], locale)
    assert axes.yaxis.get_major_formatter()(4100, 0) == figure
    days = axes.xaxis.get_major_formatter().format_ticks(axes.get_xticks())
    assert len(days) > 2
    assert all(label.endswith(month) for label in days if label)


def test_a_chart_names_the_language_it_is_drawn_in_so_that_another_is_another_picture():
    english = build(GOLD, series("4400", "4300"), "1d")
    with use_language("fr"):
        french = build(GOLD, series("4400", "4300"), "1d")
    assert french.drawing["language"] == "fr"
    assert french.drawing["last"] == "4\u202f300,00"
    assert french.key != english.key
