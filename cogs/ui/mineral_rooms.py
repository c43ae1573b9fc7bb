"""Connects the minerals cards with the other rooms: live prices, headlines, the chart worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.clock import utcnow
from bot.desk import news
from bot.i18n import _
from bot.prices.instruments import UnknownMetal, instrument
from bot.prices.message import basis_name
from bot.prices.units import format_percent, format_price
from cogs.ui.mineral_card import CardParts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.prices.service import PriceService
    from bot.services import Services


class PriceRoom:
    """The consensus quote in one line."""

    def __init__(self, prices: PriceService) -> None:
        self._prices = prices

    def price_line(self, slug: str) -> str | None:
        now = utcnow()
        try:
            found = self._prices.quote(slug, now)
            unit = instrument(slug).unit
        except UnknownMetal:
            return None
        if found is None or (found.price is None and found.last_good is None):
            return None
        if found.price is None or not found.good:
            price, at = found.last_good or found.price, found.last_good_at or found.as_of
            if price is None:
                return None
            return _("last sure figure {price}, {time} UTC").format(
                price=format_price(price, "USD", unit), time=f"{at:%Y-%m-%d %H:%M}"
            )
        parts = [format_price(found.price, "USD", unit)]
        change = self._prices.changes(slug, now).day
        if change is not None:
            parts.append(_("{percent} in 24 h").format(percent=format_percent(change)))
        parts += [basis_name(found.basis), *found.sources, f"{found.as_of:%Y-%m-%d %H:%M} UTC"]
        return ", ".join(parts)


class NewsRoom:
    """The newest headlines about a mineral from the feeds of the server, as `/news latest` writes them."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def latest(self, slug: str, guild_id: int) -> Sequence[str]:
        found = await news.latest(self._services, guild_id, mineral=slug, topic=None, source=None)
        return [news.line(entry) for entry in found]


def open_rooms(services: Services) -> CardParts:
    """The rooms that are open in this process."""
    return CardParts(
        market=PriceRoom(services.prices) if services.prices is not None else None,
        news=NewsRoom(services),
        charts=getattr(services, "charts", None),
    )
