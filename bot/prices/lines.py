"""One-line prices for other rooms: under a headline, on a mineral's card. Pure over the service's memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.i18n import _
from bot.prices.instruments import INSTRUMENTS
from bot.prices.model import Basis
from bot.prices.units import format_percent, format_price

if TYPE_CHECKING:
    from collections.abc import Sequence
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
