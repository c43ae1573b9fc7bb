"""A replayed day of quotes: the alert index and the slow reference agree on every firing."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.prices.alert_rules import View
from bot.prices.alerts import AlertIndex
from bot.prices.windows import WINDOWS, Moves
from storage.price_alerts import PriceAlert
from tests.bot.prices.slow_alerts import SlowAlert, Tick

START = datetime(2026, 9, 15, 0, 0, tzinfo=UTC)
BASE = {"gold": 4392.0, "silver": 61.2, "platinum": 1650.0, "palladium": 1400.0, "copper": 6.1}
UNITS = {"gold": ("oz t", "g", "kg"), "silver": ("oz t", "kg"), "platinum": ("oz t",), "palladium": ("oz t", "g"),
         "copper": ("lb", "t", "kg")}  # fmt: skip
GRAMS = {"oz t": 31.1034768, "g": 1.0, "kg": 1000.0, "lb": 453.59237, "t": 1e6}

pytestmark = pytest.mark.timeout(600)  # a day of minutes against a slow reference


def day(rng: random.Random, base: float, ticks: int) -> list[tuple[Decimal, Decimal]]:
    """(low, high) per minute: a wandering price with a few jumps, so that levels are crossed both ways."""
    price, rows = base, []
    for _ in range(ticks):
        price *= 1 + rng.gauss(0, 0.0012) + (rng.choice((-1, 1)) * 0.015 if rng.random() < 0.004 else 0)
        half = rng.random() * 0.0004
        rows.append((Decimal(f"{price * (1 - half):.4f}"), Decimal(f"{price * (1 + half):.4f}")))
    return rows


def random_alert(rng: random.Random, alert_id: int, rates: dict[str, Decimal]) -> PriceAlert:
    metal = rng.choice(sorted(BASE))
    condition = rng.choice(("above", "below", "moves"))
    currency = rng.choice(sorted(rates))
    unit = rng.choice(UNITS[metal])
    home = "lb" if metal == "copper" else "oz t"
    level = BASE[metal] * float(rates[currency]) * GRAMS[unit] / GRAMS[home] * (1 + rng.gauss(0, 0.02))
    moves = condition == "moves"
    return PriceAlert(
        id=alert_id,
        owner_id=alert_id % 97,
        scope_guild_id=0,
        target_kind="user",
        target_id=1,
        instrument=metal,
        condition=condition,
        level=None if moves else Decimal(f"{level:.6f}"),
        percent=Decimal(rng.choice(("0.5", "1", "1.5", "2", "3"))) if moves else None,
        window_seconds=int(rng.choice(list(WINDOWS.values())).total_seconds()) if moves else None,
        currency=currency,
        unit=unit,
        created_at=START - timedelta(minutes=1),
        repeat=rng.random() < 0.6,
        cooldown_seconds=rng.choice((0, 60, 900, 3600)),
        expires_at=START + timedelta(minutes=rng.randrange(1440)) if rng.random() < 0.1 else None,
    )


def replay(seed: int, count: int, ticks: int, restart_every: int | None = None) -> tuple[int, int]:
    rng = random.Random(seed)
    rates = {"USD": Decimal(1), "EUR": Decimal("0.8610"), "JPY": Decimal("154.30"), "CAD": Decimal("1.3912")}
    alerts = [random_alert(rng, alert_id, rates) for alert_id in range(1, count + 1)]
    metals = {metal: day(rng, base, ticks) for metal, base in BASE.items()}
    slow = {metal: [SlowAlert(alert) for alert in alerts if alert.instrument == metal] for metal in metals}
    index, moves = AlertIndex(alerts), {metal: Moves() for metal in metals}
    known = {alert.id: alert for alert in alerts}
    past: dict[str, list[tuple[datetime, Decimal, Decimal]]] = {metal: [] for metal in metals}
    fired_fast = fired_slow = 0
    for minute in range(ticks):
        now = START + timedelta(minutes=minute)
        if restart_every and minute and minute % restart_every == 0:
            index = AlertIndex(known.values())  # as after a restart: only what is stored is known
        for metal, rows in metals.items():
            low, high = rows[minute]
            past[metal].append((now, low, high))
            moves[metal].push(now, low, high)
            view = View(metal, low, high, now, rates, moves[metal].moves(now, low, high))
            changes = index.evaluate(view)
            for change in changes:
                known[change.after.id] = change.after
            fast = [change.after.id for change in changes if change.fired]
            tick = Tick(now, past[metal], rates)
            expected = sorted(item.a.id for item in slow[metal] if item.tick(tick))
            assert fast == expected, f"{metal} at minute {minute}"
            fired_fast += len(fast)
            fired_slow += len(expected)
    return fired_fast, fired_slow


def test_small_random_days_agree_with_the_slow_reference():
    for seed in range(6):
        fast, slow = replay(seed, count=60, ticks=240)
        assert fast == slow > 0


def test_a_restart_in_the_middle_changes_nothing():
    fast, slow = replay(99, count=120, ticks=300, restart_every=37)
    assert fast == slow > 0


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_any_seed_agrees(seed):
    replay(seed, count=25, ticks=90, restart_every=11)


def test_an_index_filled_at_once_equals_one_filled_one_by_one():
    rng = random.Random(5)
    rates = {"USD": Decimal(1), "EUR": Decimal("0.861")}
    alerts = [replace(random_alert(rng, n, rates), armed=True) for n in range(1, 200)]
    together, single = AlertIndex(alerts), AlertIndex()
    for alert in rng.sample(alerts, len(alerts)):
        single.put(alert)
        single.put(alert)  # putting again replaces
    view = View("gold", Decimal(4400), Decimal(4401), START, rates, {3600: Decimal("0.02")})
    assert together.evaluate(view) == single.evaluate(view)
    for alert in alerts:
        single.remove(alert.id)
    assert len(single) == 0
    assert single.evaluate(view) == []


@pytest.mark.soak
def test_ten_thousand_alerts_over_a_day_of_minutes():
    fast, slow = replay(2026, count=10_000, ticks=1440)
    assert fast == slow > 1000
