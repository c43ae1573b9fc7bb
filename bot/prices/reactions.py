"""Market reaction: an hour after a headline on a quoted metal its post is edited once with the move since.

This file only queues the edits; what they say is `movers.reaction_line`, and it never claims a cause.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from bot.prices.instruments import INSTRUMENTS
from bot.prices.model import Basis
from storage import entries, meta, posted

if TYPE_CHECKING:
    from storage.database import Database

AFTER: Final = timedelta(minutes=62)  # the hour, and the minute in which its last quote is stored
_AT_MOST: Final = timedelta(hours=12)  # made up for after an outage; older moves are nobody's news
_WATERMARK: Final = "reactions_until"


async def queue_reactions(database: Database, now: datetime) -> int:
    """Queue an edit for every post whose headline is an hour old since the last call. The number of edits."""
    until = now - AFTER
    async with database.read() as connection:
        stored = await meta.get(connection, _WATERMARK)
        since = datetime.fromtimestamp(int(stored), UTC) if stored else until
        since = max(since, until - _AT_MOST)
        facets = [f"mineral:{slug}" for slug, item in INSTRUMENTS.items() if item.basis is not Basis.MONTHLY]
        stories = await entries.stories_seen(connection, since, until, facets)
    if stored and not stories and until - since < timedelta(minutes=30):
        # Nothing to do: the mark is moved now and then, so that an idle bot does not write every minute.
        return 0
    async with database.write() as connection:
        made = await posted.enqueue_edits(connection, stories, now=now, within=timedelta(hours=48), tag="reaction")
        await meta.put(connection, _WATERMARK, str(int(until.timestamp())))
    return made
