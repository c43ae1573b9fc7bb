"""The two shelves that can be managed: a person's own alerts, and what the channels of a server follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.desk import follows, price_alerts
from bot.desk.status import members_text
from bot.i18n import _, ngettext
from cogs.ui.manage_view import Entry
from cogs.ui.words import alert_line, follow_line, named, placed
from storage.records import Target

if TYPE_CHECKING:
    from bot.services import Services


class AlertShelf:
    """The alerts of whoever presses, on headlines and on prices."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def entries(self, interaction: discord.Interaction[Any]) -> list[Entry]:
        person = interaction.user.id
        mine = await follows.of_owner(self._services, person)
        zones = await follows.zones(self._services, mine)
        found = [
            Entry(str(one.id), one.query, alert_line(one, zones[one.id]), one.state == "paused", one, head=named(one))
            for one in mine
        ]
        if self._services.prices is not None:
            found += [
                Entry(one.key, one.label, one.line, one.paused, price=one.alert, head=one.label)
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
        return title + (" · " + ngettext("{n} done", "{n} done", over).format(n=over) if over else "")

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

        def label_of(channel_id: int, what: str) -> str:
            channel = interaction.guild.get_channel_or_thread(channel_id) if interaction.guild else None
            return f"#{channel.name if channel else channel_id} · {what}"

        found = []
        all_ = [*await follows.of_guild(services, guild_id), *await follows.of_members(services, guild_id)]
        zones = await follows.zones(services, all_)
        for one in all_:
            line = follow_line(one, services.routes.lost.get(Target("channel", one.target_id)), zones[one.id])
            if one.owner_id is not None:
                line += " · " + _("an alert of <@{member}>").format(member=one.owner_id)
            label = label_of(one.target_id, one.query)
            found.append(
                Entry(str(one.id), label, line, one.state == "paused", one, owner=one.owner_id, head=placed(one))
            )
        if services.prices is not None:
            for row in await price_alerts.rows_of_members(services, guild_id):
                owner, label = row.alert.owner_id, label_of(row.alert.target_id, row.label)
                line = row.line + " · " + _("an alert of <@{member}>").format(member=owner)
                found.append(Entry(row.key, label, line, row.paused, price=row.alert, owner=owner, head=row.label))
        return found

    def title(self, entries: list[Entry]) -> str:
        theirs = sum(one.owner is not None for one in entries)
        title = ngettext("{n} query followed", "{n} queries followed", len(entries) - theirs)
        return " · ".join([title.format(n=len(entries) - theirs), *members_text(theirs)])

    def empty(self) -> str:
        return _("No channel follows anything yet. Begin with `/channel follow`.")
