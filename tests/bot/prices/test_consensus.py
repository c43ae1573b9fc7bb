"""One honest quote: which readings make one, which do not, and that no lone spike ever becomes an alert."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.prices.alerts import AlertIndex
from bot.prices.consensus import agree
from bot.prices.instruments import INSTRUMENTS
from bot.prices.model import Basis, Standing
from bot.prices.watch import Watch
from tests.bot.prices.conftest import OPEN, a_reading, an_alert

GOLD = INSTRUMENTS["gold"]
SATURDAY = datetime(2026, 9, 19, 12, 0, tzinfo=UTC)
FRIDAY_CLOSE = datetime(2026, 9, 18, 21, 0, tzinfo=UTC)  # 17:00 in New York
MINUTE = timedelta(minutes=1)


def standing(metal: str, *readings, now=OPEN, previous=None):
    return agree(INSTRUMENTS[metal], readings, now, previous)


@pytest.mark.parametrize(
    ("metal", "prices", "expected", "price"),
    [
        pytest.param("gold", ("4392.0", "4389.38"), Standing.AGREED, "4390.69", id="the recorded morning agrees"),
        pytest.param("gold", ("4000", "4020"), Standing.AGREED, "4010", id="gold at 0.5 % is normal"),
        pytest.param("gold", ("4000", "4021"), Standing.WIDE, "4010.5", id="gold just over 0.5 % is wide"),
        pytest.param("gold", ("4000", "4060"), Standing.WIDE, "4030", id="gold at 1.5 % still gives a figure"),
        pytest.param("gold", ("4000", "4061"), Standing.DISAGREE, None, id="gold beyond 1.5 % gives none"),
        pytest.param("silver", ("60", "60.6"), Standing.AGREED, "60.3", id="silver at 1 % is normal"),
        pytest.param("silver", ("60", "61.9"), Standing.DISAGREE, None, id="silver beyond 3 %"),
        pytest.param("platinum", ("1000", "1040"), Standing.WIDE, "1020", id="platinum at 4 %"),
        pytest.param("palladium", ("1000", "1041"), Standing.DISAGREE, None, id="palladium beyond 4 %"),
        pytest.param("gold", ("4000", "4010", "5000"), Standing.AGREED, "4005", id="two against one outlier"),
        pytest.param("gold", ("4000",), Standing.SINGLE, "4000", id="one source alone"),
    ],
)  # fmt: skip
def test_how_far_apart_is_too_far(metal, prices, expected, price):
    found = standing(metal, *(a_reading(value, f"s{n}", metal=metal) for n, value in enumerate(prices)))
    assert found.standing is expected
    assert found.price == (None if price is None else Decimal(price))


def test_both_figures_are_kept_when_sources_disagree():
    found = standing("gold", a_reading("4000", "one"), a_reading("4200", "two"))
    assert not found.alertable
    assert found.sources == ("one", "two")


@pytest.mark.parametrize(
    ("odd", "hint"),
    [("141.2", "gram"), ("141208", "kilogram"), ("0.0002277", "turned over"), ("439200", "cents")],
)
def test_a_wrong_unit_is_named(odd, hint):
    found = standing("gold", a_reading("4392", "one"), a_reading(odd, "two"))
    assert found.standing is Standing.DISAGREE
    assert hint in found.note


def test_futures_are_never_mixed_into_spot():
    futures = a_reading("4448.4", "yahoo", basis=Basis.FUTURES)
    found = standing("gold", a_reading("4392", "one"), a_reading("4390", "two"), futures)
    assert found.price == Decimal(4391)
    assert futures in found.others
    assert found.basis is Basis.SPOT


def test_futures_within_the_allowance_vouch_for_a_lone_spot_source():
    found = standing("gold", a_reading("4392"), a_reading("4448.4", "yahoo", basis=Basis.FUTURES))
    assert found.price == Decimal(4392)
    assert found.alertable


def test_futures_beyond_the_allowance_speak_against_it():
    found = standing("gold", a_reading("4392"), a_reading("4600", "yahoo", basis=Basis.FUTURES))
    assert found.standing is Standing.DISAGREE
    assert found.price is None


def test_a_future_alone_is_shown_as_one_but_is_no_spot_history():
    found = standing("gold", a_reading("4448.4", "yahoo", basis=Basis.FUTURES))
    assert found.basis is Basis.FUTURES
    assert found.last_good is None


def test_a_jump_needs_a_second_source():
    before = standing("gold", a_reading("4000"))
    later = OPEN + MINUTE
    alone = standing("gold", a_reading("4210", at=later), now=later, previous=before)
    assert alone.standing is Standing.UNCONFIRMED
    assert alone.price is None
    assert alone.last_good == Decimal(4000)
    both = standing("gold", a_reading("4210", at=later), a_reading("4212", "two", at=later), now=later, previous=alone)
    assert both.standing is Standing.AGREED
    assert both.last_good == Decimal(4211)


def test_the_jump_gate_holds_however_often_the_lone_source_repeats_itself():
    found = standing("gold", a_reading("4000"))
    for minute in range(1, 60):
        now = OPEN + minute * MINUTE
        found = standing("gold", a_reading("4300", at=now), now=now, previous=found)
        assert found.standing is Standing.UNCONFIRMED


def test_a_lone_source_counts_for_alerts_only_when_it_says_it_twice():
    first = standing("gold", a_reading("4000"))
    assert not first.alertable
    again = standing("gold", a_reading("4000"), now=OPEN + MINUTE, previous=first)
    assert not again.alertable, "the same reading looked at again is not a second word"
    second = standing("gold", a_reading("4020", at=OPEN + MINUTE), now=OPEN + MINUTE, previous=again)
    assert second.alertable
    assert (second.low, second.high) == (Decimal(4000), Decimal(4020))


@pytest.mark.parametrize(
    ("age", "now", "expected"),
    [
        pytest.param(timedelta(minutes=15), OPEN, Standing.SINGLE, id="fifteen minutes is fresh"),
        pytest.param(timedelta(minutes=15, seconds=1), OPEN, Standing.STALE, id="a second more is stale"),
        pytest.param(SATURDAY - FRIDAY_CLOSE, SATURDAY, Standing.SINGLE, id="Friday's close stands on Saturday"),
        pytest.param(timedelta(hours=20), SATURDAY, Standing.STALE, id="Friday noon does not"),
        pytest.param(timedelta(minutes=-4), OPEN, Standing.SINGLE, id="a clock a little ahead is fine"),
    ],
)
def test_when_a_figure_is_stale(age, now, expected):
    found = standing("gold", a_reading("4392", at=now - age), now=now)
    assert found.standing is expected


def test_a_reading_from_the_future_is_no_reading():
    assert standing("gold", a_reading("4392", at=OPEN + timedelta(minutes=6))) is None


def test_the_last_good_figure_stays_and_is_called_stale():
    before = standing("gold", a_reading("4000"), a_reading("4002", "two"))
    found = standing("gold", now=OPEN + timedelta(hours=1), previous=before)
    assert (found.standing, found.price, found.as_of) == (Standing.STALE, Decimal(4001), OPEN)
    assert not found.alertable


def test_alerts_freeze_while_the_market_is_closed():
    found = standing("gold", a_reading("4000", at=SATURDAY), a_reading("4001", "two", at=SATURDAY), now=SATURDAY)
    assert found.standing is Standing.AGREED
    assert not found.market_open
    assert not found.alertable


def test_a_monthly_stand_in_does_not_gate_the_return_of_spot():
    copper = INSTRUMENTS["copper"]
    spot = a_reading("6.00", "gold-api", metal="copper")
    month = a_reading("5.00", "world-bank", metal="copper", basis=Basis.MONTHLY, at=OPEN - timedelta(days=40))
    first = agree(copper, [spot, month], OPEN)
    gap = agree(copper, [month], OPEN + timedelta(hours=1), first)
    assert gap.basis is Basis.MONTHLY
    later = OPEN + timedelta(hours=2)
    back = agree(copper, [a_reading("6.01", "gold-api", metal="copper", at=later), month], later, gap)
    assert (back.basis, back.standing) == (Basis.SPOT, Standing.SINGLE)


def test_when_all_fall_silent_gold_keeps_its_last_good_figure_and_copper_falls_back_on_the_month():
    """The order of the sources: spot, futures, then the last good figure; for copper the month's average before it."""
    month = {"basis": Basis.MONTHLY, "at": OPEN - timedelta(days=40)}
    later = OPEN + timedelta(hours=1)
    for metal, expected in (("gold", (Standing.STALE, Basis.SPOT, "4000")), ("copper", (None, Basis.MONTHLY, "5"))):
        average = a_reading("5", "world-bank", metal=metal, **month)
        before = standing(metal, a_reading("4000", "one", metal=metal), average)
        found = standing(metal, average, now=later, previous=before)
        assert found.basis is expected[1]
        assert found.price == Decimal(expected[2])
        assert expected[0] in (None, found.standing)
        assert ("world-bank" in found.sources) is (metal == "copper"), "nobody is credited with another's figure"
    assert standing("gold", a_reading("5", "world-bank", **month)).basis is Basis.MONTHLY, "better than nothing at all"


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "Infinity"])
def test_nonsense_is_left_out(price):
    assert standing("gold", a_reading(price)) is None


def test_a_lone_spike_leaves_no_trace_in_the_history_but_a_true_step_does():
    watch = Watch(GOLD)
    kept = []
    for minute, price in enumerate(("4000", "4001", "4150", "4002", "4003", "4100", "4101")):
        now = OPEN + minute * MINUTE
        found = watch.look([a_reading(price, at=now)], now)
        if watch.remembers(found):
            kept.append(price)
    assert kept == ["4001", "4003", "4101"]


# --- properties: a market, two sources, one of them goes mad ---

CALM = st.lists(st.integers(-20, 20), min_size=6, max_size=40)  # steps of a hundredth of a percent


def _fires(ticks, **alert):
    """Run (one, two) readings per minute past one alert; the minutes at which it fires."""
    watch, index = Watch(GOLD), AlertIndex([an_alert(id=1, repeat=True, cooldown_seconds=0, **alert)])
    fired = []
    for minute, (one, two) in enumerate(ticks):
        now = OPEN + minute * MINUTE
        readings = [
            a_reading(str(price), name, at=now) for name, price in (("one", one), ("two", two)) if price is not None
        ]
        watch.look(readings, now)
        view = watch.view(now, {"USD": Decimal(1)})
        if view is not None and any(change.fired for change in index.evaluate(view)):
            fired.append(minute)
    return fired


@settings(max_examples=150, deadline=None)
@given(
    steps=CALM,
    spike=st.decimals("0.2", "5", places=3) | st.decimals("0.95", "1.05", places=4),
    where=st.integers(0, 39),
    lasts=st.integers(1, 40),
    alone=st.booleans(),
    condition=st.sampled_from(["above", "below", "moves"]),
)
def test_no_spike_of_a_single_source_fires_an_alert(steps, spike, where, lasts, alone, condition):
    """With a second source the mad one may rave as long as it likes; alone it may for one tick."""
    price, ticks = Decimal(4000), []
    for minute, step in enumerate(steps):
        price *= 1 + Decimal(step) / 10000
        mad = where % len(steps) <= minute < where % len(steps) + (1 if alone else lasts)
        ticks.append((price * spike if mad else price, None if alone else price))
    prices = [two or one for one, two in ticks if two or one]
    true_prices = [two for _one, two in ticks] if not alone else [
        one / spike if where % len(steps) == minute else one for minute, (one, _two) in enumerate(ticks)
    ]  # fmt: skip
    assert prices
    highest, lowest = max(true_prices), min(true_prices)
    if condition == "moves":
        percent = (highest / lowest - 1) * 100 + Decimal("0.01")
        assert _fires(ticks, condition="moves", level=None, percent=percent, window_seconds=3600) == []
    else:
        level = highest * Decimal("1.001") if condition == "above" else lowest * Decimal("0.999")
        assert _fires(ticks, condition=condition, level=level) == []


@settings(max_examples=100, deadline=None)
@given(
    steps=CALM,
    jump=st.decimals("0.006", "0.30", places=4),
    gap=st.integers(-20, 20),
    up=st.booleans(),
    first=st.sampled_from(["one", "two", "both"]),
)
def test_a_true_move_seen_by_two_sources_fires_within_two_ticks(steps, jump, gap, up, first):
    price, ticks = Decimal(4000), []
    for step in steps:
        price *= 1 + Decimal(step) / 10000
        ticks.append((price, price * (1 + Decimal(gap) / 20000)))
    before = ticks[-1]
    highest, lowest = max(max(pair) for pair in ticks), min(min(pair) for pair in ticks)
    target = highest * (1 + jump) if up else lowest * (1 - jump)
    moved = (target, target * (1 + Decimal(gap) / 20000))
    half = {"one": (moved[0], before[1]), "two": (before[0], moved[1]), "both": moved}[first]
    level = highest * Decimal("1.0001") if up else lowest * Decimal("0.9999")
    fired = _fires([*ticks, half, moved], level=level, condition="above" if up else "below")
    assert fired, "the move was not seen"
    assert fired[0] in (len(ticks), len(ticks) + 1)
    assert len(fired) == 1
