"""How targets want to be written to, and when: language, style, webhook, quiet hours. Read for many of them at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.delivery.hooks import Hook
from storage import guilds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.records import Delivery, Style, Target


@dataclass(frozen=True, slots=True)
class Taste:
    """language: None for English. hook: the channel's webhook, `hooked`: wished for. Quiet hours in local minutes.

    lost: whether the database says that it cannot be reached.
    """

    language: str | None = None
    style: Style = "embed"
    hook: Hook | None = None
    hooked: bool = False
    zone: str | None = None
    quiet_start: int | None = None
    quiet_end: int | None = None
    lost: bool = False

    def of_posted(self, row: Delivery) -> Taste:
        """For the edit of a posted message: it keeps to how it was shown, whatever has been chosen since."""
        style = (row.payload or {}).get("style")
        return replace(self, style=style if style in {"line", "embed", "card"} else self.style, hooked=True)


async def of_targets(connection: AsyncConnection, wanted: Mapping[Target, int | None]) -> dict[Target, Taste]:
    """The tastes of targets, each given with its server (None: a person)."""
    people = await guilds.many_users(connection, [one.id for one in wanted if one.kind == "user"])
    places = await guilds.many_channels(connection, [one.id for one in wanted if one.kind == "channel"])
    servers = await guilds.many_guilds(connection, {guild for guild in wanted.values() if guild})
    found: dict[Target, Taste] = {}
    for target, guild_id in wanted.items():
        if target.kind == "user":
            person = people.get(target.id)
            if person is not None:
                found[target] = Taste(
                    person.language,
                    zone=person.timezone,
                    quiet_start=person.quiet_start,
                    quiet_end=person.quiet_end,
                    lost=person.dm_refused_at is not None,
                )
            continue
        server, place = servers.get(guild_id or 0), places.get(target.id)
        language, zone = (server.language, server.timezone) if server is not None else (None, None)
        found[target] = Taste(language, zone=zone)
        if place is not None:
            found[target] = Taste(
                language,
                place.style,
                Hook(place.webhook_id, place.webhook_token),
                place.webhook,
                zone,
                place.quiet_start,
                place.quiet_end,
                place.route == "lost",
            )
    return found
