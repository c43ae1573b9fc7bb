"""Builds the price room from its settings: which sources, over which wire, into which database. Starts nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.prices import outbox
from bot.prices.polling import Poller
from bot.prices.service import PriceService
from bot.prices.source_list import load

if TYPE_CHECKING:
    from datetime import datetime

    from bot.prices.demo import DemoWire
    from bot.prices.service import Sink
    from bot.prices.sources.base import Get
    from bot.settings import Settings
    from storage.database import Database


def keys_of(settings: Settings) -> dict[str, str]:
    """The API keys that are set, by the reader that uses them."""
    keys = {
        "goldapi.io": settings.goldapi_io_key.get_secret_value(),
        "metals.dev": settings.metals_dev_key.get_secret_value(),
        "metalpriceapi": settings.metalpriceapi_key.get_secret_value(),
    }
    return {name: key for name, key in keys.items() if key}


def price_service(
    settings: Settings, database: Database, get: Get, now: datetime, *, sink: Sink = outbox.enqueue
) -> PriceService:
    """Raises BadSourceList where HEADFRAME_PRICE_SOURCES cannot be used."""
    sources = load(settings.headframe_price_sources, keys_of(settings))
    return PriceService(database, Poller(sources, get, now), sink)


def demo_service(
    database: Database, now: datetime, wire: DemoWire | None = None, *, sink: Sink = outbox.enqueue
) -> PriceService:
    """Bundled demo prices, labelled as such everywhere; asks nothing over the network. See `demo.seed` for a past."""
    from bot.prices import demo  # put off: the bundled series are for the preview

    return PriceService(database, Poller(demo.sources(), (wire or demo.DemoWire()).get, now), sink, demo=True)
