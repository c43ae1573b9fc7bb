"""Prices beside headlines: the move in the hour after one, and the headlines before the largest moves.

Never told as cause and effect: the words are "in the hour after" and "headlines before".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.i18n import _
from bot.prices.history import largest_moves, reaction
from bot.prices.instruments import INSTRUMENTS
from bot.prices.message import Headline
from bot.prices.model import Basis
from bot.prices.units import EXACT, format_percent
from storage import entries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from decimal import Decimal

    from bot.prices.model import Point
    from bot.prices.service import PriceService
    from storage.database import Database

HOUR: Final = timedelta(hours=1)
BEFORE: Final = timedelta(hours=3)  # how long before a move a headline is listed with it
_HEADLINES: Final = 3
_LOOKED_AT: Final = 400
_MOMENTS: Final = 2016  # a week of five minutes


@dataclass(frozen=True, slots=True)
class Mover:
    """One move of a metal between two stored prices, and the headlines before its end, newest first."""

    metal: str
    start: Point
    end: Point
    headlines: tuple[Headline, ...]

    @property
    def change(self) -> Decimal:
        return EXACT.divide(self.end.price, self.start.price) - 1


async def reaction_line(service: PriceService, slugs: Sequence[str], published: datetime) -> str | None:
    """ "Gold +0.80 % in the hour after", for the first quoted metal of a headline; None when it cannot be told.

    Ask an hour and a minute after publication: the price then must be stored.
    """
    for slug in slugs:
        item = INSTRUMENTS.get(slug)
        if item is None or item.basis is Basis.MONTHLY:
            continue
        points = await service.history(slug, published - HOUR, published + HOUR + timedelta(minutes=1))
        moved = reaction(points, published)
        if moved is not None:
            return _("{metal} {percent} in the hour after").format(metal=item.local_name, percent=format_percent(moved))
    return None


async def movers(
    service: PriceService,
    database: Database,
    guild_id: int,
    now: datetime,
    *,
    metal: str | None = None,
    days: int = 7,
    count: int = 5,
) -> list[Mover]:
    """The largest moves within an hour of the last days, of one metal or all, largest first."""
    slugs = [metal] if metal else [slug for slug, item in INSTRUMENTS.items() if item.basis is not Basis.MONTHLY]
    found: list[Mover] = []
    for slug in slugs:
        points = await service.history(slug, now - timedelta(days=days), most=_MOMENTS)
        found += [Mover(slug, start, end, ()) for start, end in largest_moves(points, HOUR, count)]
    found.sort(key=lambda mover: abs(mover.change), reverse=True)
    return [await _with_headlines(database, guild_id, mover) for mover in found[:count] if mover.change]


async def _with_headlines(database: Database, guild_id: int, mover: Mover) -> Mover:
    since = mover.start.at - BEFORE
    async with database.read() as connection:
        rows = await entries.latest(
            connection, guild_id, facets=[f"mineral:{mover.metal}"], since=since, limit=_LOOKED_AT
        )
    before = [
        Headline(row.title, row.url, at)
        for row in rows
        if since <= (at := row.published_at or row.first_seen_at) <= mover.end.at
    ]
    before.sort(key=lambda headline: headline.at, reverse=True)
    return Mover(mover.metal, mover.start, mover.end, tuple(before[:_HEADLINES]))
