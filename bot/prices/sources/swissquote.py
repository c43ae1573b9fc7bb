"""Swissquote's public quotes: real bid and ask of spot metals against the dollar; the middle of the first profile.

Its page: https://forex-data-feed.swissquote.com/public-quotes/bboquotes/instrument/XAU/USD. Terms: a public feed of a
broker for its own pages, without published terms for programs; asked once a minute and no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.prices.instruments import INSTRUMENTS
from bot.prices.sources.base import (
    BadAnswer,
    Parsed,
    Request,
    as_object,
    load_json,
    middle,
    moment,
    number,
    reading,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

URL: Final = "https://forex-data-feed.swissquote.com/public-quotes/bboquotes/instrument/{symbol}/USD"
METALS: Final = ("gold", "silver", "platinum", "palladium")


def requests(metals: Sequence[str], url: str = URL) -> list[Request]:
    return [
        Request(url.replace("{symbol}", INSTRUMENTS[metal].symbol), (metal,)) for metal in metals if metal in METALS
    ]


def parse(request: Request, body: bytes, fetched_at: datetime, source: str) -> Parsed:
    """The first platform that has a profile. An empty list is an answer without a price. Raises BadAnswer."""
    platforms = load_json(body)
    if not isinstance(platforms, list):
        raise BadAnswer("the answer should be a list of platforms")
    for platform in platforms:
        entry = as_object(platform, "a platform")
        profiles = entry.get("spreadProfilePrices")
        if not isinstance(profiles, list) or not profiles:
            continue
        profile = as_object(profiles[0], "a profile")
        bid, ask = number(profile.get("bid"), "bid"), number(profile.get("ask"), "ask")
        instrument = INSTRUMENTS[request.metals[0]]
        found = reading(
            instrument,
            middle(bid, ask),
            instrument.unit,
            source=source,
            as_of=moment(entry.get("ts"), fetched_at),
            fetched_at=fetched_at,
            bid=bid,
            ask=ask,
        )
        return Parsed((found,))
    raise BadAnswer("the answer holds no price")
