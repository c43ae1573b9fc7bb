"""The two shelves that can be managed: a person's own alerts, and what the channels of a server follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.desk import follows, price_alerts
from bot.i18n import _, ngettext
from cogs.ui.manage import Entry
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
                for one in await price_alerts.rows(self._services, person)
            ]
        return found

    def title(self, count: int) -> str:
        return ngettext("{n} alert", "{n} alerts", count).format(n=count)

    def empty(self) -> str:
        return _("You have no alerts. Begin with `/alert keyword` or `/alert price`.")


class FollowShelf:
    """What this server follows, for those who may manage its channels at the time of the press."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def entries(self, interaction: discord.Interaction[Any]) -> list[Entry]:
        if interaction.guild_id is None:
            raise app_commands.NoPrivateMessage
        if not interaction.permissions.manage_channels:
            raise app_commands.MissingPermissions(["manage_channels"])
        lost = self._services.routes.lost
        found = []
        for one in await follows.of_guild(self._services, interaction.guild_id):
            channel = interaction.guild.get_channel_or_thread(one.target_id) if interaction.guild else None
            line = follow_line(one, lost.get(Target("channel", one.target_id)))
            label = f"#{channel.name if channel else one.target_id} · {one.query}"
            found.append(Entry(str(one.id), label, line, one.state == "paused", one))
        return found

    def title(self, count: int) -> str:
        return ngettext("{n} query followed", "{n} queries followed", count).format(n=count)

    def empty(self) -> str:
        return _("No channel follows anything yet. Begin with `/channel follow`.")
