"""What a fired alert says: each thing once, and no two figures for one stretch of time."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.prices.consensus import agree
from bot.prices.instruments import INSTRUMENTS
from bot.prices.message import alert_payload
from bot.prices.model import Changes, FiredAlert
from tests.bot.prices.conftest import OPEN, a_reading, an_alert

QUOTE = agree(INSTRUMENTS["gold"], [a_reading("4400"), a_reading("4400", "two")], OPEN)
CHANGES = Changes(Decimal("0.0296"), Decimal("0.0412"))
MOVES = {"condition": "moves", "level": None, "percent": Decimal(2), "repeat": True}


def told(fired: FiredAlert) -> str:
    payload = alert_payload(fired)
    return "\n".join([payload["content"], payload["embed"].get("title", ""), payload["embed"]["description"]])


@pytest.mark.parametrize(
    ("seconds", "says", "not_said"),
    [
        (3600, ["Moved +2.97 % within 1 hour.", "+4.12 % in 24 h"], "+2.96 %"),
        (86400, ["Moved +2.97 % within 1 day.", "+2.96 % in 1 h"], "+4.12 %"),
        (14400, ["Moved +2.97 % within 4 hours.", "+2.96 % in 1 h · +4.12 % in 24 h"], "within 1 h"),
    ],
)
def test_a_move_and_the_change_over_the_same_time_are_one_figure(seconds, says, not_said):
    text = told(
        FiredAlert(an_alert(**MOVES, window_seconds=seconds), Decimal(4400), QUOTE, CHANGES, move=Decimal("0.0297"))
    )
    assert all(part in text for part in says)
    assert not_said not in text


def test_the_price_and_the_alert_are_named_once():
    text = told(FiredAlert(replace(an_alert(), firings=1), Decimal(4502), QUOTE, CHANGES))
    assert (text.count("4,502.00"), text.count("Gold above")) == (1, 1)
    assert "+2.96 % in 1 h · +4.12 % in 24 h" in text
