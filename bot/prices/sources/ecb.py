"""The European Central Bank's daily euro reference rates: units of each currency per one euro.

Its page: https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates/. Terms: free reuse
with the source named; published around 16:00 CET on working days, so asking every few hours is plenty.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from bot.prices.sources.base import BadAnswer, Parsed, Request, number

if TYPE_CHECKING:
    from collections.abc import Sequence

URL: Final = "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml"
_CUBE: Final = "{http://www.ecb.int/vocabulary/2002-08-01/eurofxref}Cube"


def requests(_metals: Sequence[str], url: str = URL) -> list[Request]:
    return [Request(url, ("fx",))]


def parse(_request: Request, body: bytes, fetched_at: datetime, _source: str) -> Parsed:
    """The newest day of the file. Raises BadAnswer."""
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise BadAnswer("the answer was not the ECB's XML") from error
    days = [cube for cube in root.iter(_CUBE) if cube.get("time")]
    if not days:
        raise BadAnswer("the answer holds no day of rates")
    try:
        newest = max(days, key=lambda cube: cube.get("time") or "")
        day = datetime.fromisoformat(newest.get("time") or "").replace(tzinfo=UTC)
    except ValueError as error:
        raise BadAnswer("the day of the rates is not a date") from error
    rates = {}
    for cube in newest.iter(_CUBE):
        code, rate = cube.get("currency"), cube.get("rate")
        if code and rate and len(code) == 3 and code.isascii() and code.isalpha():
            rates[code.upper()] = number(rate, f"the rate of {code}")
    if "USD" not in rates:
        raise BadAnswer("the rates hold no USD")
    if day > fetched_at:
        raise BadAnswer("the day of the rates lies in the future")
    return Parsed(rates=rates, rates_day=day)
