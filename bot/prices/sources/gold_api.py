"""gold-api.com: spot precious metals in USD per troy ounce and copper (HG) in USD per pound, without a key.

Its page: https://gold-api.com/docs. Terms: free, no key; it asks callers to cache for 30 seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.prices.instruments import INSTRUMENTS
from bot.prices.sources.base import (
    BadAnswer,
    Parsed,
    Request,
    as_object,
    complaint,
    load_json,
    moment,
    number,
    reading,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

URL: Final = "https://api.gold-api.com/price/{symbol}"
METALS: Final = ("gold", "silver", "platinum", "palladium", "copper")


def requests(metals: Sequence[str], url: str = URL) -> list[Request]:
    return [
        Request(url.replace("{symbol}", INSTRUMENTS[metal].symbol), (metal,)) for metal in metals if metal in METALS
    ]


def parse(request: Request, body: bytes, fetched_at: datetime, source: str) -> Parsed:
    """Accepts the present shape and the older one without currency. Raises BadAnswer."""
    answer = as_object(load_json(body))
    error = complaint(answer)
    if error:
        raise BadAnswer(f"it says: {error}")
    instrument = INSTRUMENTS[request.metals[0]]
    symbol = str(answer.get("symbol", instrument.symbol)).upper()
    if symbol != instrument.symbol:
        raise BadAnswer(f"asked for {instrument.symbol}, got {symbol[:12]}")
    currency = str(answer.get("currency", "USD")).upper()
    if currency != "USD":
        raise BadAnswer(f"asked for USD, got {currency[:12]}")
    return Parsed(
        (
            reading(
                instrument,
                number(answer.get("price"), "price"),
                instrument.unit,
                source=source,
                as_of=moment(answer.get("updatedAt"), fetched_at),
                fetched_at=fetched_at,
            ),
        )
    )
