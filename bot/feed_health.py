"""Tells moderators, once, that a feed they read has failed, moved or closed, and once that it is back.

A failure is worth a note after 24 hours, or at once where waiting mends nothing: closed for good, blocked, a login.
What has been told is a column of the feed (`noticed_at`), so it is told once over restarts too. Each server that
reads the feed is told by way of `Routes.tell`; what `/feed health` shows in full is in `bot.desk.health`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from bot.delivery.markdown import clamp_plain
from bot.feeds.model import FaultKind
from bot.feeds.reasons import advice, reason
from bot.i18n import _
from storage import feed_watch, feeds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.delivery.routes import Routes
    from storage.records import Feed

log = structlog.get_logger(__name__)
AFTER: Final = timedelta(hours=24)
AT_ONCE: Final = frozenset({FaultKind.GONE, FaultKind.BLOCKED, FaultKind.LOGIN})
_MANY: Final = 100  # feeds looked at in one review; the rest come a minute later


class FeedHealth:
    """Called inside the transaction that stored a poll, and every minute for failures that have grown a day old."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes

    async def review(self, connection: AsyncConnection, now: datetime, feed_ids: Sequence[int] | None = None) -> int:
        """Tell what is due to be told, of these feeds or of all; the number of notes queued."""
        told = 0
        due = await feed_watch.untold(connection, now - AFTER, AT_ONCE, feed_ids=feed_ids, limit=_MANY)
        for feed in due:
            failing = feed.failing_since is not None
            told += await self._tell(connection, feed, "failed" if failing else "recovered", now)
            log.info("feed health told", feed=feed.url, failing=failing, fault=feed.fault_kind)
        await feeds.save_many(
            connection,
            [{"id": feed.id, "noticed_at": now if feed.failing_since is not None else None} for feed in due],
        )
        return told

    async def moved(self, connection: AsyncConnection, feed: Feed, url: str, now: datetime) -> int:
        """Tell that the feed's address has been replaced; call it before the feed is renamed."""
        return await self._tell(connection, feed, "moved", now, url=url)

    async def _tell(
        self, connection: AsyncConnection, feed: Feed, event: str, now: datetime, *, url: str | None = None
    ) -> int:
        told = 0
        # One note a day for each kind of trouble: a feed that fails and recovers every hour is not worth 24.
        key = f"feed:{feed.id}:{event}:{feed.fault_kind or ''}:{now.date().isoformat()}"
        for guild_id in await feeds.guilds_of(connection, feed.id):
            if guild_id == 0:  # the list of people without a server has no moderators
                continue
            told += await self._routes.tell(connection, guild_id, lambda: text_of(feed, event, url), key, now)
        return told


def text_of(feed: Feed, event: str, url: str | None = None) -> str:
    """The note, in the language in force. event: failed | recovered | moved (to `url`)."""
    title = clamp_plain(feed.title, 120) if feed.title else ""
    name = f"**{title}** (<{feed.url}>)" if title else f"<{feed.url}>"
    if event == "recovered":
        return _("✅ {name} can be read again. What it published meanwhile is on its way.").format(name=name)
    if event == "moved":
        text = _("{name} has moved; I read it at <{url}> from now on. You need do nothing.")
        return text.format(name=name, url=url)
    kind = FaultKind(feed.fault_kind) if feed.fault_kind else FaultKind.HTTP
    since = int(feed.failing_since.timestamp()) if feed.failing_since else 0
    lead = (
        _("⚠ {name} is closed for good.")
        if kind is FaultKind.GONE
        else _("⚠ I can't read {name} since <t:{since}:f>: {reason}")
    )
    return f"{lead.format(name=name, since=since, reason=reason(kind, feed.fault_detail))} {advice(kind)}"
