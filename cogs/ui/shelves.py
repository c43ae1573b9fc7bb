"""The two shelves that can be managed: a person's own alerts, and what the channels of a server follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.desk import follows, price_alerts
from bot.desk.status import followed_text
from bot.i18n import _, ngettext
from cogs.ui.manage_view import Entry
from cogs.ui.words import alert_line, follow_line
from storage.records import Target

if TYPE_CHECKING:
    from bot.services import Services


class AlertShelf:
    """The alerts of whoever presses, on headlines and on prices."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def entries(self, interaction: discord.Interaction[Any]) -> list[Entry]:
        person = interaction.user.id
        found = [
            Entry(str(one.id), one.query, alert_line(one), one.state == "paused", one)
            for one in await follows.of_owner(self._services, person)
        ]
        if self._services.prices is not None:
            found += [
                Entry(one.key, one.label, one.line, one.paused, price=one.alert)
                for one in [
                    *await price_alerts.rows(self._services, person),
                    *await price_alerts.rows_over(self._services, person),
                ]
            ]
        return found

    def title(self, entries: list[Entry]) -> str:
        over = sum(one.over for one in entries)
        count = len(entries) - over
        title = ngettext("{n} alert", "{n} alerts", count).format(n=count)
        return title + (" · " + _("{n} done").format(n=over) if over else "")

    def empty(self) -> str:
        return _("You have no alerts. Begin with `/alert keyword` or `/alert price`.")


class FollowShelf:
    """What this server follows, and what its members let post in its channels.

    For those who may manage its channels at the time of the press.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    async def entries(self, interaction: discord.Interaction[Any]) -> list[Entry]:
        if interaction.guild_id is None:
            raise app_commands.NoPrivateMessage
        if not interaction.permissions.manage_channels:
            raise app_commands.MissingPermissions(["manage_channels"])
        services, guild_id = self._services, interaction.guild_id

        def named(channel_id: int, what: str) -> str:
            channel = interaction.guild.get_channel_or_thread(channel_id) if interaction.guild else None
            return f"#{channel.name if channel else channel_id} · {what}"

        found = []
        for one in [*await follows.of_guild(services, guild_id), *await follows.of_members(services, guild_id)]:
            line = follow_line(one, services.routes.lost.get(Target("channel", one.target_id)))
            if one.owner_id is not None:
                line += " · " + _("an alert of <@{member}>").format(member=one.owner_id)
            label = named(one.target_id, one.query)
            found.append(Entry(str(one.id), label, line, one.state == "paused", one, owner=one.owner_id))
        if services.prices is not None:
            for row in await price_alerts.rows_of_members(services, guild_id):
                owner, label = row.alert.owner_id, named(row.alert.target_id, row.label)
                line = row.line + " · " + _("an alert of <@{member}>").format(member=owner)
                found.append(Entry(row.key, label, line, row.paused, price=row.alert, owner=owner))
        return found

    def title(self, entries: list[Entry]) -> str:
        theirs = sum(one.owner is not None for one in entries)
        return followed_text(len(entries) - theirs, theirs)

    def empty(self) -> str:
        return _("No channel follows anything yet. Begin with `/channel follow`.")
