"""DEMO DATA — not market prices: a bundled series that the offline preview replays, and sources that speak it.

The series is one invented day of five-minute prices that ends where it begins, so it can be played round and round;
over it lie slow waves, others for each metal, so that a price is never just what it was a day ago.
"""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from bot.clock import utcnow
from bot.prices import market_hours
from bot.prices.instruments import INSTRUMENTS
from bot.prices.model import Basis
from bot.prices.source_list import Source
from bot.prices.sources.template import Template
from storage import quotes
from storage.quotes import Quote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from storage.database import Database

STEP: Final = timedelta(minutes=5)
METALS: Final = ("gold", "silver", "platinum", "palladium", "copper")
_HOST: Final = "http://demo.invalid/"  # RFC 6761 §6.4: never resolves; only DemoWire answers it
_EVERY: Final = 5.0
# Slow triangle waves of each metal: (length in hours, height as a fraction, how many hours further on it starts).
# No two metals share a length, and none is whole days: so each has its own shape, and its own change in 24 hours.
_WAVES: Final[dict[str, tuple[tuple[int, Decimal, int], ...]]] = {
    "gold": ((31, Decimal("0.003"), 5), (217, Decimal("0.012"), 60), (1129, Decimal("0.040"), 300)),
    "silver": ((37, Decimal("0.007"), 21), (173, Decimal("0.022"), 130), (907, Decimal("0.060"), 700)),
    "platinum": ((43, Decimal("0.005"), 13), (251, Decimal("0.018"), 20), (1307, Decimal("0.050"), 900)),
    "palladium": ((29, Decimal("0.006"), 17), (197, Decimal("0.025"), 90), (1013, Decimal("0.055"), 100)),
    "copper": ((41, Decimal("0.004"), 33), (233, Decimal("0.015"), 170), (1201, Decimal("0.045"), 500)),
}
# Demo source → how far beside the series it speaks, so that two sources are seen to agree.
_SPEAKERS: Final = {"demo one": Decimal(1), "demo two": Decimal("1.0004")}
_EURO: Final = {"USD": "1.1600", "GBP": "0.8600", "CAD": "1.6000", "JPY": "180.00"}  # round numbers: demo too


@lru_cache(maxsize=1)
def _series() -> dict[str, list[Decimal]]:
    lines = files("bot.prices").joinpath("demo.csv").read_text("utf-8").splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    return {metal: [Decimal(row[metal]) for row in rows] for metal in METALS}


def price_at(metal: str, moment: datetime) -> Decimal:
    """The demo price at a moment, straight between two steps; the metal's waves keep days from repeating."""
    values = _series()[metal]
    seconds = int(moment.timestamp())
    place, rest = divmod(seconds, int(STEP.total_seconds()))
    here, there = values[place % len(values)], values[(place + 1) % len(values)]
    price = here + (there - here) * rest / int(STEP.total_seconds())
    return (price * (1 + _wave(metal, seconds))).quantize(Decimal("0.0001"))


def _wave(metal: str, seconds: int) -> Decimal:
    """The metal's triangle waves together, as a fraction of its price. Triangles need no floating point."""
    total = Decimal(0)
    for hours, height, ahead in _WAVES[metal]:
        length = hours * 3600
        phase = Decimal((seconds + ahead * 3600) % length) / length
        total += height * (4 * abs(phase - Decimal("0.5")) - 1)
    return total


def sources() -> list[Source]:
    """Two agreeing demo sources for every demo metal."""
    symbols = {metal: INSTRUMENTS[metal].symbol for metal in METALS}
    return [
        Source(
            name=name,
            metals=METALS,
            every=_EVERY,
            timeout=5.0,
            enabled=True,
            url=f"{_HOST}{number}/{{metal}}",
            template=Template(url=f"{_HOST}{number}/{{metal}}", symbols=symbols, time_path="time"),
        )
        for number, name in enumerate(_SPEAKERS)
    ]


class DemoWire:
    """A `Get` that answers the demo sources and nothing else."""

    def __init__(self, clock: Callable[[], datetime] = utcnow) -> None:
        self._clock = clock
        self._moved = dict.fromkeys(METALS, Decimal(1))

    def move(self, metal: str, percent: Decimal) -> None:
        """From now on the metal stands so many percent higher (lower, if negative) than the series says."""
        self._moved[metal] *= 1 + percent / 100

    async def get(self, url: str, _headers: Mapping[str, str], _seconds: float) -> tuple[int, dict[str, str], bytes]:
        if not url.startswith(_HOST):
            raise ConnectionRefusedError("the demo wire reaches nothing outside")
        number, metal = url.removeprefix(_HOST).split("/")
        now = self._clock()
        moment = now if market_hours.is_open(now) else market_hours.last_close(now)
        price = price_at(metal, moment) * self._moved[metal] * list(_SPEAKERS.values())[int(number)]
        body = {"price": str(price.quantize(Decimal("0.0001"))), "time": moment.isoformat()}
        return 200, {}, json.dumps(body).encode()


async def seed(database: Database, now: datetime) -> None:
    """A past for the charts: 90 days by the hour, the last two by five minutes; and demo exchange rates."""
    moments = [now - timedelta(hours=hour) for hour in range(49, 90 * 24)]
    moments += [now - STEP * step for step in range(1, 2 * 288)]
    rows = [
        Quote(metal, Basis.SPOT, moment.replace(second=0, microsecond=0), price_at(metal, moment), "demo", "minute")
        for moment in moments
        if market_hours.is_open(moment)
        for metal in METALS
    ]
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    rows += [Quote(f"fx:{code}", "daily", day, Decimal(rate), "demo", "day") for code, rate in _EURO.items()]
    async with database.write() as connection:
        await quotes.add(connection, rows)
