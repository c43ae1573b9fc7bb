"""Yahoo's chart service: exchange futures (GC=F …), labelled futures. Off by default.

Terms: https://legal.yahoo.com/us/en/yahoo/terms/otos/index.html forbid automated access; an operator who has an
arrangement with Yahoo can switch it on in the price source list. It also has waves of 429.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from bot.prices.instruments import INSTRUMENTS
from bot.prices.model import Basis
from bot.prices.sources.base import BadAnswer, Parsed, Request, as_object, load_json, moment, number, reading

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

URL: Final = "https://query1.finance.yahoo.com/v8/finance/chart/{symbol}?interval=1m&range=1d"
SYMBOLS: Final = {"gold": "GC=F", "silver": "SI=F", "platinum": "PL=F", "palladium": "PA=F", "copper": "HG=F"}


def requests(metals: Sequence[str], url: str = URL) -> list[Request]:
    return [
        Request(url.replace("{symbol}", quote(SYMBOLS[metal], safe="")), (metal,))
        for metal in metals
        if metal in SYMBOLS
    ]


def parse(request: Request, body: bytes, fetched_at: datetime, source: str) -> Parsed:
    """Raises BadAnswer, also for another symbol, currency or kind of instrument than asked for."""
    chart = as_object(as_object(load_json(body)).get("chart"), "chart")
    error = chart.get("error")
    if error:
        raise BadAnswer(f"it says: {str(as_object(error, 'error').get('description'))[:80]}")
    results = chart.get("result")
    if not isinstance(results, list) or not results:
        raise BadAnswer("the answer holds no result")
    meta = as_object(as_object(results[0], "a result").get("meta"), "meta")
    metal = request.metals[0]
    for name, expected in (("symbol", SYMBOLS[metal]), ("currency", "USD"), ("instrumentType", "FUTURE")):
        if meta.get(name) != expected:
            raise BadAnswer(f"{name} should be {expected}, not {str(meta.get(name))[:20]}")
    instrument = INSTRUMENTS[metal]
    found = reading(
        instrument,
        number(meta.get("regularMarketPrice"), "regularMarketPrice"),
        instrument.unit,
        source=source,
        as_of=moment(meta.get("regularMarketTime"), fetched_at),
        fetched_at=fetched_at,
        basis=Basis.FUTURES,
    )
    return Parsed((found,))
