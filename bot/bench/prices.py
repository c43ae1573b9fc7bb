"""Prices: alerts per tick against the loop over all of them, and charts against drawing on the loop.

The alerts are made up from a seed, their levels spread around the price by a fifth. A day of minutes wanders by 0.05 %
a minute (about 2 % a day) with a jump of 1 % now and then. Processor time is counted, so that a busy machine does not
matter; the loop's own time holds only the looking, not what it would do with the alerts that fire.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from statistics import median
from typing import TYPE_CHECKING, Final

from bot.bench.model import Row
from bot.prices.alert_rules import View, bounds_of, home_level, threshold
from bot.prices.alerts import AlertIndex
from bot.prices.chart import build
from bot.prices.chart_worker import ChartWorker
from bot.prices.instruments import INSTRUMENTS
from bot.prices.model import Point
from bot.prices.windows import Moves
from storage.price_alerts import Condition, PriceAlert

if TYPE_CHECKING:
    from collections.abc import Sequence

_START: Final = datetime(2026, 9, 15, 14, 0, tzinfo=UTC)
_RATES: Final = {"USD": Decimal(1), "EUR": Decimal("0.861"), "CAD": Decimal("1.39")}
_WINDOWS: Final = (900, 3600, 14400, 86400)
_BASE: Final = Decimal(4392)


def run(quick: bool = False) -> list[Row]:
    """Rows for `headframe bench prices`. Raises AssertionError if index and loop should ever disagree."""
    return [*_ticks(10_000 if quick else 100_000, 60 if quick else 1440), *_charts(2 if quick else 6)]


def _alerts(rng: Random, count: int) -> list[PriceAlert]:
    """All on gold: the index works by metal, and one metal is its worst case."""
    made = []
    conditions: tuple[Condition, ...] = ("above", "below", "moves")
    for number in range(1, count + 1):
        condition = rng.choice(conditions)
        moves = condition == "moves"
        currency = rng.choice(sorted(_RATES))
        level = _BASE * _RATES[currency] * Decimal(str(round(1 + rng.gauss(0, 0.2), 4)))
        # Armed ones wait on the side the price comes from.
        passed = level <= _BASE * _RATES[currency] if condition == "above" else level >= _BASE * _RATES[currency]
        made.append(
            PriceAlert(
                id=number, owner_id=number % 5000, scope_guild_id=0, target_kind="user", target_id=number,
                instrument="gold", condition=condition, level=None if moves else level,
                percent=Decimal(f"{rng.uniform(1, 8):.1f}") if moves else None,
                window_seconds=rng.choice(_WINDOWS) if moves else None, currency=currency, unit="oz t",
                created_at=_START, repeat=True, armed=moves or not passed, last_fired_at=None,
            )
        )  # fmt: skip
    return made


def _views(rng: Random, ticks: int) -> list[View]:
    price, views, windows = float(_BASE), [], Moves()
    for minute in range(ticks):
        price *= 1 + rng.gauss(0, 0.0005) + (0.01 * rng.choice((-1, 1)) if rng.random() < 0.002 else 0)
        low, high = Decimal(f"{price * 0.9999:.2f}"), Decimal(f"{price * 1.0001:.2f}")
        now = _START + timedelta(minutes=minute)
        windows.push(now, low, high)
        views.append(View("gold", low, high, now, _RATES, windows.moves(now, low, high)))
    return views


def _loop_once(alerts: Sequence[PriceAlert], view: View) -> list[int]:
    """The plain way: look at every alert. Levels are worked out beforehand, as a careful loop would."""
    return [alert.id for alert in alerts if alert.armed and _crossed(alert, view)]


def _crossed(alert: PriceAlert, view: View) -> bool:
    scope = alert.window_seconds or 0 if alert.condition == "moves" else alert.currency
    bounds = bounds_of((alert.instrument, alert.condition, scope), view)
    if bounds is None:
        return False
    low, high = bounds
    if alert.condition == "moves":
        return low >= threshold(alert)
    level = alert.level or Decimal(0)  # gold in ounces: the home level as it is
    return low >= level if alert.condition == "above" else high <= level


def _ticks(count: int, ticks: int) -> list[Row]:
    rng = Random(2026)
    alerts = _alerts(rng, count)
    assert all(home_level(alert) == alert.level for alert in alerts[:500] if alert.level is not None)
    views = _views(rng, ticks)
    index = AlertIndex(alerts)
    first = sorted(_loop_once(alerts, views[0]))
    fired = 0
    took = []
    for place, view in enumerate(views):
        began = time.thread_time()
        changes = index.evaluate(view)
        took.append(time.thread_time() - began)
        gone = [change.after.id for change in changes if change.fired]
        fired += len(gone)
        assert place or gone == first, "index and loop disagree"
    slow = []
    for view in views[:5]:
        began = time.thread_time()
        _loop_once(alerts, view)
        slow.append(time.thread_time() - began)
    look, mean, plain = median(took), sum(took) / len(took), median(slow)
    baseline = "loop over all alerts"
    return [
        Row(f"price alerts: a usual tick, {count:,} alerts", 1 / look, "ticks/s", baseline, 1 / plain, plain / look,
            "the median tick: few or no alerts are crossed"),
        Row(f"price alerts: a day with its firings, {count:,} alerts", 1 / mean, "ticks/s", baseline, 1 / plain,
            plain / mean, f"{fired:,} fired in {ticks} ticks, {sum(took) / max(fired, 1) * 1e6:.0f} µs each "
            f"with arming them again, against the loop's looking alone; slowest tick {max(took) * 1e3:.1f} ms"),
    ]  # fmt: skip


def _charts(rounds: int) -> list[Row]:
    points = [Point(_START - timedelta(minutes=5 * step), _BASE + Decimal(step % 97)) for step in range(2000, -1, -1)]
    return asyncio.run(_draw(points, rounds))


async def _draw(points: list[Point], rounds: int) -> list[Row]:
    """In the worker; the baseline draws the same charts on the loop."""
    worker = ChartWorker()
    charts = [build(INSTRUMENTS["gold"], points[number:], "1w") for number in range(rounds + 1)]
    await worker.draw("warm", charts[0].drawing)
    lags: list[float] = []
    ticker = asyncio.create_task(_measure_lag(lags))
    took = []
    for chart in charts[1:]:
        began = time.perf_counter()
        await worker.draw(chart.key, chart.drawing)
        took.append(time.perf_counter() - began)
    worker_lag = max(lags)
    await worker.close()
    from bot.prices.chart_draw import draw_price  # matplotlib: here only, for the baseline

    draw_price(charts[0].drawing)
    lags.clear()
    for chart in charts[1:]:
        draw_price(chart.drawing)
        await asyncio.sleep(0.02)
    loop_lag = max(lags)
    ticker.cancel()
    return [
        Row("chart: longest wait of the loop", worker_lag * 1e3, "ms", "drawn on the loop", loop_lag * 1e3,
            loop_lag / max(worker_lag, 1e-6), f"a chart takes {median(took) * 1e3:.0f} ms in the worker"),
    ]  # fmt: skip


async def _measure_lag(lags: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0.002)
        lags.append(time.perf_counter() - began - 0.002)
