"""The form to change (or copy) what is followed: the query, how often, and where it goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

import discord

from bot.i18n import _
from cogs.ui.asked import AskedModal
from cogs.ui.control import HEADLINE_PLACES
from cogs.ui.places import check_channel, place
from cogs.ui.words import mode_text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cogs.ui.choices import Where
    from storage.records import Mode, Subscription, Target, TargetKind

_MODES: Final = ("instant", "hourly", "daily")


@dataclass(frozen=True, slots=True)
class Filled:
    """What was sent off: the query as typed, the mode, and the target (checked: it can be written to)."""

    query: str
    mode: Mode
    target_kind: TargetKind
    target_id: int


class EntryModal(AskedModal):
    """`done` gets what was filled in. zone: of its daily digest.

    A server's follow is given a channel menu, a person's alert "dm or here".
    """

    def __init__(
        self,
        title: str,
        one: Subscription,
        zone: str,
        done: Callable[[discord.Interaction[Any], Filled], Awaitable[None]],
    ) -> None:
        super().__init__(title)
        self._target: Target = one.target
        self._done = done
        self.query: discord.ui.TextInput[EntryModal] = discord.ui.TextInput(
            style=discord.TextStyle.short, default=one.query, min_length=1, max_length=500
        )
        self.mode: discord.ui.Select[EntryModal] = discord.ui.Select(
            options=[
                discord.SelectOption(label=mode_text(mode, one.digest_hour, zone), value=mode, default=mode == one.mode)
                for mode in _MODES
            ]
        )
        self.add_item(discord.ui.Label(text=_("What to watch for"), component=self.query))
        self.add_item(discord.ui.Label(text=_("How often"), component=self.mode))
        self.channel: discord.ui.ChannelSelect[EntryModal] | None = None
        self.where: discord.ui.Select[EntryModal] | None = None
        if one.owner_id is None:
            now = discord.SelectDefaultValue(id=one.target_id, type=discord.SelectDefaultValueType.channel)
            self.channel = discord.ui.ChannelSelect(channel_types=list(HEADLINE_PLACES), default_values=[now])
            self.add_item(discord.ui.Label(text=_("Where it is posted"), component=self.channel))
        else:
            self.where = discord.ui.Select(
                options=[
                    discord.SelectOption(label=_("Where it goes now"), value="keep", default=True),
                    discord.SelectOption(label=_("by direct message"), value="dm"),
                    discord.SelectOption(label=_("in this channel"), value="here"),
                ]
            )
            self.add_item(discord.ui.Label(text=_("Where it goes"), component=self.where))

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        kind, target_id = self._target.kind, self._target.id
        if self.channel is not None and self.channel.values:
            target_id = self.channel.values[0].id
            if target_id != self._target.id:
                await check_channel(interaction, target_id)
        if self.where is not None and self.where.values and self.where.values[0] != "keep":
            kind, target_id = place(interaction, cast("Where", self.where.values[0]))
        mode = cast("Mode", (self.mode.values or ["instant"])[0])
        await self._done(interaction, Filled(self.query.value.strip(), mode, kind, target_id))
