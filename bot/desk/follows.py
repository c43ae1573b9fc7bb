"""Subscriptions as people meet them: what channels follow and what persons are alerted to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.addressing import Zones
from bot.clock import utcnow
from bot.delivery.post import host_of
from bot.errors import UserError
from bot.i18n import _
from bot.news import document
from bot.news import query as alert_language
from bot.news.gaps import gaps
from bot.news.model import tags_from_json
from storage import entries, subscriptions

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from bot.news.query import Query
    from bot.services import Services
    from bot.settings import Settings
    from storage.records import Entry, NewSubscription, Subscription

_SCAN = 3000  # newest entries a search or a test looks through


@dataclass(frozen=True, slots=True)
class Trial:
    """What a query would have brought lately: how many, the newest, (source, how many) pairs, and over which days.

    Where more headlines came than are looked through, `days` is less than was asked. gaps: what its lists miss here.
    """

    total: int
    newest: list[Entry]
    sources: list[tuple[str, int]]
    days: float
    gaps: str = ""

    @property
    def per_day(self) -> float:
        return self.total / max(self.days, 1 / 24)


def read_query(text: str) -> Query:
    """The query, or a UserError that points at the fault and says what to do."""
    try:
        return alert_language.parse(text)
    except alert_language.QueryError as error:
        shown = error.caret().replace("```", "'''")
        said = str(error)
        said = said[:1].upper() + said[1:] + ("" if said.endswith((".", "?", "…")) else ".")
        raise UserError(
            "\n".join([said, "```", shown, "```", _("See `/help alerts` for the alert language.")])
        ) from error


async def follow(services: Services, new: NewSubscription) -> tuple[Subscription, bool]:
    """Store a subscription and begin to match it; False when the target has the same one already.

    Raises UserError when the limit of the person or server is reached.
    """
    settings = services.settings
    async with services.db.write() as connection:
        if new.owner_id is not None:
            mine = await subscriptions.of_owner(connection, new.owner_id)
        else:
            mine = await subscriptions.of_guild(connection, new.scope_guild_id)
        for one in mine:
            same = (one.target_kind, one.target_id, one.scope_guild_id, one.canonical)
            if same == (new.target_kind, new.target_id, new.scope_guild_id, new.canonical):
                return one, False
        if new.owner_id is not None:
            _room_for_person(settings, len(mine))
        else:
            _room_for_server(settings, len(mine))
        made = await subscriptions.add(connection, new, now=utcnow())
    services.book.put(made)
    return made, True


def _room_for_person(settings: Settings, n: int) -> None:
    if n >= settings.headframe_max_alerts_per_person:
        raise UserError(
            _("You have {n} alerts, as many as you may have. Remove one with `/alert remove` first.").format(n=n)
        )


def _room_for_server(settings: Settings, n: int) -> None:
    if n >= settings.headframe_max_follows_per_server:
        raise UserError(
            _("This server follows {n} queries, as many as it may. End one with `/channel unfollow` first.").format(n=n)
        )


async def of_owner(services: Services, user_id: int) -> list[Subscription]:
    async with services.db.read() as connection:
        return await subscriptions.of_owner(connection, user_id)


async def of_guild(services: Services, guild_id: int) -> list[Subscription]:
    async with services.db.read() as connection:
        return await subscriptions.of_guild(connection, guild_id)


async def zones(services: Services, some: Iterable[Subscription]) -> dict[int, str]:
    """The time zone of each one's digest, by its id: the owner's, or the server's."""
    async with services.db.read() as connection:
        known = Zones(connection)
        return {one.id: await known.of(one) or "UTC" for one in some}


async def zone(services: Services, one: Subscription) -> str:
    """As `zones`, of one."""
    return (await zones(services, [one]))[one.id]


async def change(services: Services, subscription: Subscription, **fields: Any) -> Subscription:
    """Change columns of a subscription the caller has checked to be theirs."""
    async with services.db.write() as connection:
        changed = await subscriptions.set_fields(connection, subscription.id, now=utcnow(), **fields)
    return _matched_anew(services, changed)


def _matched_anew(services: Services, changed: Subscription | None) -> Subscription:
    """From now on it is matched as changed. Raises UserError when it was gone."""
    if changed is None:
        raise UserError(_("That subscription is gone. Use the command again for the list as it is now."))
    services.book.put(changed)
    return changed


async def of_members(services: Services, guild_id: int) -> list[Subscription]:
    """Members' own alerts that post in channels of the server: its moderators may stop them or take them over."""
    async with services.db.read() as connection:
        return await subscriptions.of_members(connection, guild_id)


async def take_over(services: Services, subscription: Subscription, *, by: int) -> Subscription:
    """A member's alert in a channel becomes the server's own follow. Raises UserError when the server has enough."""
    async with services.db.write() as connection:
        mine = await subscriptions.of_guild(connection, subscription.scope_guild_id)
        _room_for_server(services.settings, len(mine))
        changed = await subscriptions.set_fields(
            connection, subscription.id, now=utcnow(), owner_id=None, created_by=by
        )
    return _matched_anew(services, changed)


async def end(services: Services, subscription: Subscription) -> None:
    """Delete a subscription the caller has checked to be theirs; what was queued for it is dropped."""
    services.book.drop(subscription.id)
    async with services.db.write() as connection:
        await subscriptions.remove(connection, subscription.id)


def pick(mine: list[Subscription], text: str) -> Subscription:
    """The one that was meant: by id, or by its query. Raises UserError when none fits."""
    wanted = text.strip().lstrip("#")
    for one in mine:
        if str(one.id) == wanted:
            return one
    same = [one for one in mine if one.query.casefold() == text.strip().casefold()]
    if len(same) == 1:
        return same[0]
    raise UserError(_("There is no such entry in your list. Pick one of the suggestions."))


async def try_out(services: Services, guild_id: int | None, query: Query, *, days: int = 7) -> Trial:
    """What a query would have brought in the last days, counted, so that a noisy one is seen before it hurts."""
    now = utcnow()
    found, total, since = await recent_matches(services, guild_id, query, days=days, limit=_SCAN)
    hosts = Counter(host_of(entry.url) for entry in found if entry.url)
    span = (now - since).total_seconds() / 86400 if since else float(days)
    return Trial(total, found[:8], hosts.most_common(3), min(span, float(days)), gaps(query))


async def recent_matches(
    services: Services, guild_id: int | None, query: Query, *, days: int = 7, limit: int = 10
) -> tuple[list[Entry], int, datetime | None]:
    """Newest entries that a query matches: (at most `limit` of them, how many in all, since when was looked)."""
    since = utcnow() - timedelta(days=days)
    found: list[Entry] = []
    total = 0
    async with services.db.read() as connection:
        rows = await entries.latest(connection, guild_id, since=since, limit=_SCAN)
    for entry in rows:
        shown = document.build(entry.title, tags_from_json(entry.tags), entry.url)
        if query.matches(shown):
            total += 1
            found.append(entry)
    found.sort(key=lambda entry: (entry.published_at or entry.first_seen_at, entry.id), reverse=True)
    return found[:limit], total, rows[-1].first_seen_at if len(rows) == _SCAN else since
