"""What a price alert is told about itself: when it would have gone off, and how far off it is."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest

from bot.prices.alerts import AlertIndex
from bot.prices.backtest import distance, firings
from bot.prices.commands import parse_condition, value_text
from bot.prices.consensus import agree
from bot.prices.currency import Rates
from bot.prices.instruments import INSTRUMENTS
from bot.prices.model import Point
from storage.price_alerts import changed
from tests.bot.prices.conftest import OPEN, a_reading, an_alert
from tests.bot.prices.slow_alerts import SlowAlert, Tick
from tests.bot.prices.test_alerts_replay import random_alert

MINUTE = timedelta(minutes=1)
USD = {"USD": Decimal(1)}


def points(*prices: str, step: timedelta = MINUTE) -> list[Point]:
    return [Point(OPEN + step * place, Decimal(price)) for place, price in enumerate(prices)]


@pytest.mark.parametrize(
    ("changes", "prices", "expected"),
    [
        pytest.param({}, ("4490", "4501", "4502"), [1], id="once at the crossing"),
        pytest.param({}, ("4501", "4502"), [], id="it was past the level from the first"),
        pytest.param({"cooldown_seconds": 0}, ("4490", "4501", "4499", "4501", "4480", "4501"), [1, 5], id="no flaps"),
        pytest.param({"condition": "below", "level": Decimal(4400)}, ("4490", "4399"), [1], id="below"),
        pytest.param({"state": "done", "armed": False, "firings": 3}, ("4490", "4501"), [1], id="whatever it did"),
        pytest.param(
            {"condition": "moves", "level": None, "percent": Decimal(2), "window_seconds": 3600},
            ("4400", "4440", "4490"), [2], id="a move within its window",
        ),
        pytest.param({}, (), [], id="nothing stored"),
    ],
)  # fmt: skip
def test_when_it_would_have_gone_off(changes, prices, expected):
    alert = an_alert(id=7, **changes)
    assert firings(alert, points(*prices), USD) == [OPEN + MINUTE * place for place in expected]


def test_it_agrees_with_the_slow_reference_on_random_days():
    rng, rates = Random(11), {"USD": Decimal(1), "EUR": Decimal("0.861")}
    found = 0
    for number in range(40):
        alert = changed(
            random_alert(rng, number + 1, rates), instrument="gold", unit="oz t", repeat=True, expires_at=None
        )
        if alert.level is not None:
            alert = changed(alert, level=Decimal(4392) * rates[alert.currency] * Decimal(f"{rng.gauss(1, 0.01):.5f}"))
        day = points(*(f"{4392 * (1 + rng.gauss(0, 0.01)):.2f}" for _ in range(60)))
        slow, past, expected = SlowAlert(changed(alert, created_at=OPEN)), [], []
        for point in day:
            past.append((point.at, point.price, point.price))
            if slow.tick(Tick(point.at, past, rates)):
                expected.append(point.at)
        assert firings(alert, day, rates) == expected
        found += len(expected)
    assert found > 20


QUOTE = agree(INSTRUMENTS["gold"], [a_reading("4400"), a_reading("4400", "two")], OPEN)


@pytest.mark.parametrize(
    ("changes", "move", "says"),
    [
        pytest.param({"armed": True}, None, ["Now 4,400.00 USD/oz t: +2.27 % to the level."], id="some way to go"),
        pytest.param(
            {"level": Decimal(4300), "armed": False}, None, ["−2.27 % to the level", "until it is back at 4,289.25"],
            id="passed: it waits for the re-arm band",
        ),
        pytest.param(
            {"armed": False, "repeat": True, "last_fired_at": OPEN, "firings": 1}, None, ["It rests until <t:"],
            id="in its cooldown",
        ),
        pytest.param({"level": Decimal(125), "currency": "EUR", "unit": "g"}, None, ["113.17 EUR/g: +10.45 %"], id="€"),
        pytest.param(
            {"condition": "moves", "level": None, "percent": Decimal(2), "window_seconds": 3600, "armed": True},
            Decimal("-0.0123"), ["moved −1.23 % within 1 hour; 2.00 % sets the alert off"], id="a move under way",
        ),
    ],
)  # fmt: skip
def test_how_far_off_it_is(changes, move, says):
    rates = Rates({"USD": Decimal("1.25")}, OPEN)
    text = "\n".join(distance(an_alert(**changes), QUOTE, rates, move, OPEN))
    for part in says:
        assert part in text


def test_without_a_figure_it_says_so():
    assert distance(an_alert(), None, Rates(), None, OPEN) == ["No figure just now"]


@pytest.mark.parametrize(
    "changes",
    [
        {"level": Decimal("4500.25")},
        {"condition": "below", "level": Decimal("0.000125"), "currency": "EUR", "unit": "mg"},
        {"level": Decimal(5000000), "unit": "t"},
        {"condition": "moves", "level": None, "percent": Decimal("1.5"), "window_seconds": 86400},
    ],
)
def test_an_alert_is_written_as_it_can_be_read_again(changes):
    alert = an_alert(**changes)
    parsed = parse_condition("gold", alert.condition, value_text(alert))
    assert (parsed.level, parsed.percent, parsed.window_seconds) == (alert.level, alert.percent, alert.window_seconds)
    if alert.level is not None:
        assert (parsed.currency, parsed.unit) == (alert.currency, alert.unit)


def test_changing_a_copy_leaves_the_alert_as_it_was():
    alert = an_alert(id=3)
    after = changed(alert, armed=True, firings=2)
    assert (after.armed, after.firings, after.id, alert.armed, alert.firings) == (True, 2, 3, None, 0)
    assert changed(after, armed=None, firings=0) == alert
    assert hash(changed(alert)) == hash(alert)
    with pytest.raises(AttributeError):
        changed(alert, nonsense=1)
    assert len(AlertIndex([after])) == 1
