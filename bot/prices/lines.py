"""One-line prices for other rooms: under a headline, on a mineral's card. Pure over the service's memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.i18n import _
from bot.prices.instruments import INSTRUMENTS, UnknownMetal, instrument
from bot.prices.message import changes_line, standing_text
from bot.prices.model import Basis
from bot.prices.units import format_percent, format_price

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from bot.prices.service import PriceService

_MOST: Final = 2


def headline_line(service: PriceService, slugs: Sequence[str], now: datetime) -> str | None:
    """ "Gold 4,392.00 USD/oz t (+0.82 % in 24 h)" for up to two of the metals; None where none has a live figure."""
    parts = []
    for slug in slugs:
        item = INSTRUMENTS.get(slug)
        found = service.quote(slug, now) if item else None
        if item is None or found is None or found.price is None or not found.good or found.basis is Basis.MONTHLY:
            continue
        text = f"{item.local_name} {format_price(found.price, 'USD', item.unit)}"
        day = service.changes(slug, now).day
        if day is not None:
            text += f" ({_('{percent} in 24 h').format(percent=format_percent(day))})"
        parts.append(text)
        if len(parts) == _MOST:
            break
    return " · ".join(parts) or None


class CardMarket:
    """The market as a mineral's card asks for it."""

    def __init__(self, service: PriceService, clock: Callable[[], datetime]) -> None:
        self._service = service
        self._clock = clock

    async def price_line(self, slug: str) -> str | None:
        """One line with the figure, its changes and its sources; None when there is no quote."""
        now = self._clock()
        try:
            item, found = instrument(slug), self._service.quote(slug, now)
        except UnknownMetal:
            return None
        if found is None or found.price is None:
            return None
        parts = [format_price(found.price, "USD", item.unit), changes_line(self._service.changes(slug, now))]
        parts += [", ".join(found.sources), standing_text(found)]
        return " · ".join(part for part in parts if part)
