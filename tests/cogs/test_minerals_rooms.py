"""What the price room tells a mineral's card."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from bot.prices.instruments import instrument
from bot.prices.model import Basis, Changes, Consensus, Standing
from cogs.ui.mineral_rooms import PriceRoom

AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def consensus(price: str | None, standing: Standing, last_good: str | None = None) -> Consensus:
    return Consensus(
        metal="gold",
        price=None if price is None else Decimal(price),
        basis=Basis.SPOT,
        standing=standing,
        as_of=AT,
        now=AT,
        market_open=True,
        last_good=None if last_good is None else Decimal(last_good),
        last_good_at=None if last_good is None else AT.replace(hour=8),
    )


class Service:
    """The two questions a card asks of the price service."""

    def __init__(self, found: Consensus | None, day: str | None = None) -> None:
        self.found = found
        self.day = None if day is None else Decimal(day)

    def quote(self, metal: str, now: datetime) -> Consensus | None:
        instrument(metal)
        return self.found

    def changes(self, metal: str, now: datetime) -> Changes:
        return Changes(day=self.day)


CASES: list[tuple[str, Consensus | None, str | None, str | None]] = [
    ("nothing was ever heard", None, None, None),
    ("two agree", consensus("4112.3", Standing.AGREED), "0.004", "4,112.30 USD/oz t, +0.40 % in 24 h, Spot, "),
    ("no figure of a day ago", consensus("4112.3", Standing.SINGLE), None, "4,112.30 USD/oz t, Spot, "),
    (
        "the sources disagree",
        consensus(None, Standing.DISAGREE, "4100"),
        None,
        "last sure figure 4,100.00 USD/oz t, 2026-11-23 08:30 UTC",
    ),
    (
        "nothing fresh",
        consensus("4100", Standing.STALE, "4100"),
        None,
        "last sure figure 4,100.00 USD/oz t, 2026-11-23 08:30 UTC",
    ),
    ("they disagree and never agreed", consensus(None, Standing.DISAGREE), None, None),
]


@pytest.mark.parametrize(("name", "found", "day", "says"), CASES, ids=[case[0] for case in CASES])
def test_the_price_line(name: str, found: Consensus | None, day: str | None, says: str | None) -> None:
    service: Any = Service(found, day)
    line = PriceRoom(service).price_line("gold")
    assert line is None if says is None else (line or "").startswith(says)


def test_a_mineral_without_a_market_has_no_price_line() -> None:
    service: Any = Service(consensus("1", Standing.AGREED))
    assert PriceRoom(service).price_line("thulium") is None
