"""The form to change (or copy) a price alert: its condition and value, how often, and where it goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import discord

from bot.desk import price_alerts
from bot.i18n import _
from bot.prices.commands import value_text
from cogs.ui.asked import AskedModal
from cogs.ui.places import place, scope

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.prices.commands import ParsedCondition
    from cogs.ui.choices import Where
    from storage.price_alerts import PriceAlert


@dataclass(frozen=True, slots=True)
class FilledPrice:
    """What was sent off, read and checked. fields: columns of `price_alerts` beside the condition's own."""

    parsed: ParsedCondition
    fields: dict[str, object]


class PriceModal(AskedModal):
    """`done` gets what was filled in."""

    def __init__(
        self,
        title: str,
        alert: PriceAlert,
        done: Callable[[discord.Interaction[Any], FilledPrice], Awaitable[None]],
    ) -> None:
        super().__init__(title)
        self._alert = alert
        self._done = done
        self.condition = _choice(
            [(_("above a level"), "above"), (_("below a level"), "below"), (_("moves within a time"), "moves")],
            alert.condition,
        )
        self.value: discord.ui.TextInput[PriceModal] = discord.ui.TextInput(
            style=discord.TextStyle.short, default=value_text(alert), min_length=1, max_length=80
        )
        self.repeat = _choice([(_("once"), "once"), (_("each time"), "each")], "each" if alert.repeat else "once")
        self.where = _choice(
            [(_("Where it goes now"), "keep"), (_("by direct message"), "dm"), (_("in this channel"), "here")], "keep"
        )
        hint = _("A level such as 4500 or 140 EUR/g; a move such as 2% in 1h")
        self.add_item(discord.ui.Label(text=_("When"), component=self.condition))
        self.add_item(discord.ui.Label(text=_("What to watch for"), description=hint, component=self.value))
        self.add_item(discord.ui.Label(text=_("How often"), component=self.repeat))
        self.add_item(discord.ui.Label(text=_("Where it goes"), component=self.where))

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        condition = (self.condition.values or [self._alert.condition])[0]
        parsed = price_alerts.read(self._alert, condition, self.value.value)
        fields: dict[str, object] = {"repeat": (self.repeat.values or ["once"])[0] == "each"}
        where = (self.where.values or ["keep"])[0]
        if where != "keep":
            fields |= where_to(interaction, cast("Where", where))
        await self._done(interaction, FilledPrice(parsed, fields))


def where_to(interaction: discord.Interaction[Any], where: Where) -> dict[str, object]:
    """The columns that say where an alert goes. Raises UserError where it could not be written to."""
    kind, target_id = place(interaction, where)
    return {"target_kind": kind, "target_id": target_id, "scope_guild_id": scope(interaction)}


def _choice(options: list[tuple[str, str]], chosen: str) -> discord.ui.Select[PriceModal]:
    return discord.ui.Select(
        options=[discord.SelectOption(label=label, value=value, default=value == chosen) for label, value in options]
    )
