"""How one feed is read, where the usual way does not fit: the operator's User-Agent, the zone of its dates."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from bot.clock import utcnow
from bot.desk import feeds as desk
from bot.errors import UserError
from bot.i18n import _
from storage import feeds

if TYPE_CHECKING:
    from bot.services import Services
    from storage.records import Feed


async def set_agent(services: Services, guild_id: int, text: str, agent: str | None, *, by: int) -> Feed:
    """The operator's User-Agent for one feed of the server, or for one that is added with it; None: the usual one.

    text: a feed's id, title or address. Raises UserError for anybody but the operators, and for an unusable agent.
    """
    if by not in services.settings.headframe_owner_ids:
        raise UserError(_("Only the operator of this bot may do that (HEADFRAME_OWNER_IDS)."))
    wanted = agent.strip() if agent else ""
    if len(wanted) > 200 or not wanted.isascii() or not (wanted or "x").isprintable():
        raise UserError(
            _("A user agent is at most 200 plain characters, such as `Example-Reader/1.0 (+https://example.org)`.")
        )
    try:
        feed = await desk.find(services, guild_id, text)
    except UserError:
        if not wanted or "." not in text:
            raise
        result = await desk.add(services, guild_id, text, by=by, explore=False, agent=wanted)
        assert isinstance(result, desk.Added)
        return result.feed
    await _set(services, feed, user_agent=wanted or None)
    return feed


async def set_zone(services: Services, guild_id: int, text: str, zone: str | None, *, by: int) -> Feed:
    """The time zone of a feed whose dates name none; None: UTC. Raises UserError.

    Feeds are shared: where other servers read the feed too, only an operator may set it.
    """
    if zone is not None and zone not in available_timezones():
        raise UserError(_("I don't know that time zone. It should look like `America/Toronto`."))
    feed = await desk.find(services, guild_id, text)
    async with services.db.read() as connection:
        others = set(await feeds.guilds_of(connection, feed.id)) - {guild_id}
    if others and by not in services.settings.headframe_owner_ids:
        raise UserError(_("Other servers read this feed too, so only the operator of this bot may change its zone."))
    await _set(services, feed, zone=zone)
    return feed


async def _set(services: Services, feed: Feed, **changes: str | None) -> None:
    """Change how a feed is read, and read it at once and whole."""
    row = {"id": feed.id, **changes, "etag": None, "last_modified": None, "body_hash": None, "next_poll_at": utcnow()}
    async with services.db.write() as connection:
        await feeds.save_many(connection, [row])
