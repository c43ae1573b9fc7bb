"""Three optional sources that need the operator's own key: goldapi.io, metals.dev and metalpriceapi.com.

Pages: https://www.goldapi.io, https://metals.dev, https://metalpriceapi.com, each with its own terms and plans. Free
plans count requests by the month, so the default pace is one in eight hours; an operator with a paid plan sets `every`
in the price source list.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

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
from bot.prices.units import EXACT, UNITS, parse_unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

GOLDAPI_URL: Final = "https://www.goldapi.io/api/{symbol}/USD"
METALS_DEV_URL: Final = "https://api.metals.dev/v1/latest?api_key={key}&currency=USD&unit=toz"
METALPRICEAPI_URL: Final = "https://api.metalpriceapi.com/v1/latest?api_key={key}&base=USD&currencies={symbols}"
PRECIOUS: Final = ("gold", "silver", "platinum", "palladium")
_METALS_DEV_NAMES: Final = {metal: metal for metal in (*PRECIOUS, "copper")}


def goldapi_requests(metals: Sequence[str], url: str, key: str) -> list[Request]:
    return [
        Request(url.replace("{symbol}", INSTRUMENTS[metal].symbol), (metal,), {"x-access-token": key})
        for metal in metals
        if metal in PRECIOUS
    ]


def goldapi_parse(request: Request, body: bytes, fetched_at: datetime, source: str) -> Parsed:
    """Raises BadAnswer."""
    answer = _answer(body)
    instrument = INSTRUMENTS[request.metals[0]]
    for name, expected in (("metal", instrument.symbol), ("currency", "USD")):
        if answer.get(name) != expected:
            raise BadAnswer(f"{name} should be {expected}, not {str(answer.get(name))[:12]}")
    price = number(answer.get("price"), "price")
    as_of = moment(answer.get("timestamp"), fetched_at)
    found = reading(instrument, price, instrument.unit, source=source, as_of=as_of, fetched_at=fetched_at)
    return Parsed((found,))


def metals_dev_requests(metals: Sequence[str], url: str, key: str) -> list[Request]:
    wanted = tuple(metal for metal in metals if metal in _METALS_DEV_NAMES)
    return [Request(url.replace("{key}", quote(key, safe="")), wanted)] if wanted else []


def metals_dev_parse(request: Request, body: bytes, fetched_at: datetime, source: str) -> Parsed:
    """Reads the unit the answer names: it has been seen to answer in grams. Raises BadAnswer."""
    answer = _answer(body)
    if answer.get("currency") != "USD":
        raise BadAnswer(f"asked for USD, got {str(answer.get('currency'))[:12]}")
    unit_text = answer.get("unit")
    if not isinstance(unit_text, str):
        raise BadAnswer("the answer does not name its unit")
    unit = parse_unit(unit_text)
    prices = as_object(answer.get("metals"), "metals")
    stamps = answer.get("timestamps")
    as_of = moment(stamps.get("metal") if isinstance(stamps, dict) else None, fetched_at)
    found = [
        reading(
            INSTRUMENTS[metal],
            number(prices[name], name),
            unit,
            source=source,
            as_of=as_of,
            fetched_at=fetched_at,
        )
        for metal, name in _METALS_DEV_NAMES.items()
        if metal in request.metals and name in prices
    ]
    if not found:
        raise BadAnswer("the answer holds none of the metals asked for")
    return Parsed(tuple(found))


def metalpriceapi_requests(metals: Sequence[str], url: str, key: str) -> list[Request]:
    wanted = tuple(metal for metal in metals if metal in PRECIOUS)
    symbols = ",".join(INSTRUMENTS[metal].symbol for metal in wanted)
    return [Request(url.replace("{key}", quote(key, safe="")).replace("{symbols}", symbols), wanted)] if wanted else []


def metalpriceapi_parse(request: Request, body: bytes, fetched_at: datetime, source: str) -> Parsed:
    """`XAU` is ounces per dollar and `USDXAU` dollars per ounce (elsewhere it is the other way round); where both are
    given they must be each other's inverse. Raises BadAnswer."""
    answer = _answer(body)
    if answer.get("base") != "USD":
        raise BadAnswer(f"asked for base USD, got {str(answer.get('base'))[:12]}")
    rates = as_object(answer.get("rates"), "rates")
    as_of = moment(answer.get("timestamp"), fetched_at)
    found = []
    for metal in request.metals:
        price = _dollars_per_ounce(rates, INSTRUMENTS[metal].symbol)
        if price is not None:
            found.append(
                reading(INSTRUMENTS[metal], price, UNITS["oz t"], source=source, as_of=as_of, fetched_at=fetched_at)
            )
    if not found:
        raise BadAnswer("the answer holds none of the metals asked for")
    return Parsed(tuple(found))


def _dollars_per_ounce(rates: Mapping[str, object], symbol: str) -> Decimal | None:
    direct, turned = rates.get(f"USD{symbol}"), rates.get(symbol)
    if turned is None:
        # Without the pair there is no telling which way round USDXAU is meant.
        return None
    ounces = number(turned, symbol)
    price = EXACT.divide(Decimal(1), ounces)
    if direct is not None:
        stated = number(direct, f"USD{symbol}")
        if abs(EXACT.multiply(stated, ounces) - 1) > Decimal("0.001"):
            raise BadAnswer(f"{symbol} and USD{symbol} are not each other's inverse")
        return stated
    return price


def _answer(body: bytes) -> Mapping[str, object]:
    answer = as_object(load_json(body))
    error = complaint(answer)
    if error:
        raise BadAnswer(f"it says: {error}")
    return answer
