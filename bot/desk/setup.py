"""The guided start: what a moderator chose so far, carrying it out, and undoing it.

The choices are kept with the server's settings, so that a setup can be left and taken up again, also after a restart.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final

from bot.clock import utcnow
from bot.delivery.markdown import clamp
from bot.desk import feeds, follows, servers
from bot.errors import UserError
from bot.feeds import directory
from bot.i18n import _, ngettext
from storage import feeds as stored_feeds
from storage import guilds
from storage import subscriptions as stored
from storage.records import NewSubscription

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.services import Services
    from storage.records import JsonObject, Subscription

PRESETS: Final[Mapping[str, str]] = {
    "gold": "mineral:gold OR mineral:silver OR mineral:pgm",
    "battery": "mineral:lithium OR mineral:nickel OR mineral:cobalt OR mineral:graphite OR mineral:manganese",
    "policy": "topic:policy OR topic:tariffs OR topic:export-controls OR topic:permits-courts",
    "juniors": "topic:exploration OR topic:resource-estimate OR topic:financing",
    "everything": "*",
}
FIRST: Final = next(iter(PRESETS))  # the topic that a channel is for when none was chosen


def name_of(query: str) -> str | None:
    """What a query that /setup offers is called; None for one of a moderator's own."""
    return next((preset_name(slug) for slug, offered in PRESETS.items() if offered == query), None)


def preset_name(slug: str) -> str:
    names = {
        "gold": _("Gold & silver"),
        "battery": _("Battery metals"),
        "policy": _("Critical minerals & policy"),
        "juniors": _("Junior miners"),
        "everything": _("Everything"),
    }
    return names[slug]


@dataclass(slots=True)
class Plan:
    """What has been chosen, and the step it was left at.

    follows: preset → channel id; made: what Start did, for Undo; empty: not started.
    """

    language: str | None = None
    timezone: str | None = None
    notices: int | None = None
    follows: dict[str, int] = field(default_factory=dict)
    feeds: list[str] = field(default_factory=list)
    made: dict[str, Any] = field(default_factory=dict)
    step: int = 0

    @property
    def changed(self) -> tuple[str, ...]:
        """The settings (names of fields) that Start gave another value."""
        names = ("language", "timezone", "notices")
        return tuple(name for name in names if name in self.made and self.made[name] != getattr(self, name))

    @property
    def did_something(self) -> bool:
        """Whether Start added or changed anything, so that there is something to undo."""
        return bool(self.changed or self.made.get("subscriptions") or self.made.get("feeds"))

    def chosen(self, one: Subscription) -> bool:
        """Whether this follow of the server is among those chosen here."""
        return any((one.query, one.target_id) == (PRESETS[preset], channel) for preset, channel in self.follows.items())


async def load(services: Services, guild_id: int) -> Plan:
    """The setup under way; a new one with the server's present settings where there is none."""
    async with services.db.read() as connection:
        now = await guilds.guild(connection, guild_id)
    if now.setup:
        known = {one.name for one in fields(Plan)}
        return Plan(**{name: value for name, value in now.setup.items() if name in known})  # type: ignore[arg-type]
    return Plan(now.language, now.timezone, now.notice_channel_id)


async def save(services: Services, guild_id: int, plan: Plan | None) -> None:
    state: JsonObject | None = asdict(plan) if plan else None
    async with services.db.write() as connection:
        await guilds.set_guild(connection, guild_id, now=utcnow(), setup=state)


async def feeds_read(services: Services, guild_id: int) -> int:
    """How many feeds the server reads already."""
    async with services.db.read() as connection:
        return await stored_feeds.count_of_guild(connection, guild_id)


async def start(services: Services, guild_id: int, plan: Plan, by: int) -> list[str]:
    """Carry the plan out; returns what could not be done, a line each. What was done is kept for `undo`."""
    before = await servers.settings(services, guild_id)
    earlier = plan.made  # Start was pressed before: Undo takes back both
    await servers.change(services, guild_id, language=plan.language, timezone=plan.timezone, notices=plan.notices)
    problems: list[str] = []
    made: dict[str, Any] = {
        "language": earlier.get("language", before.language),
        "timezone": earlier.get("timezone", before.timezone),
        "notices": earlier.get("notices", before.notice_channel_id),
        "subscriptions": list(earlier.get("subscriptions", [])),
        "feeds": list(earlier.get("feeds", [])),
    }
    for preset, channel_id in plan.follows.items():
        query = PRESETS[preset]
        new = NewSubscription(
            scope_guild_id=guild_id,
            target_kind="channel",
            target_id=channel_id,
            query=query,
            canonical=follows.read_query(query).canonical,
            created_by=by,
        )
        try:
            subscription, fresh = await follows.follow(services, new)
        except UserError as error:
            problems.append(str(error))
            continue
        if fresh:
            made["subscriptions"].append(subscription.id)
    slots = asyncio.Semaphore(4)
    unread: list[str] = []

    async def add(url: str) -> None:
        async with slots:
            try:
                result = await feeds.add(services, guild_id, url, by=by, explore=False)
            except feeds.Unreadable:
                unread.append(url)
                return
            except UserError as error:
                if str(error) not in problems:  # "as many as it may have" is said once
                    problems.append(str(error))
                return
            if isinstance(result, feeds.Added) and not result.already:
                made["feeds"].append(result.feed.id)

    await asyncio.gather(*(add(url) for url in plan.feeds))
    if unread:
        problems.append(_not_read(unread))
    plan.made = made
    await save(services, guild_id, plan)
    return problems


def _not_read(urls: Sequence[str]) -> str:
    listed = [directory.lookup(url) for url in urls]
    names = ", ".join(one.title if one else url for one, url in zip(listed, urls, strict=True))
    text = ngettext(
        "{n} feed could not be read just now and was not added: {names}. Press Change to try it again; "
        "`/feed add` with its name says why.",
        "{n} feeds could not be read just now and were not added: {names}. Press Change to try them again; "
        "`/feed add` with a name says why.",
        len(urls),
    )
    return text.format(n=len(urls), names=clamp(names, 700))


async def undo(services: Services, guild_id: int, plan: Plan) -> None:
    """Take back what the last Start did, and nothing else."""
    made = plan.made
    async with services.db.read() as connection:
        mine = await stored.get_many(connection, list(made.get("subscriptions", [])))
    for subscription in mine.values():
        if subscription.scope_guild_id == guild_id:
            await follows.end(services, subscription)
    for feed_id in made.get("feeds", []):
        try:
            await feeds.remove(services, guild_id, feed_id)
        except UserError:
            continue  # a moderator has removed it meanwhile
    async with services.db.write() as connection:
        await guilds.set_guild(
            connection,
            guild_id,
            now=utcnow(),
            language=made.get("language"),
            timezone=made.get("timezone"),
            notice_channel_id=made.get("notices"),
            setup=None,
        )
