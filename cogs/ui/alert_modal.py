"""The form behind "Alert me on this": a suggested query that can be changed before it becomes an alert."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord

from bot.delivery.markdown import plain
from bot.desk import follows
from bot.i18n import _
from bot.news.model import tags_from_json
from cogs.ui.answer import answer
from cogs.ui.asked import AskedModal, AskedView
from storage.records import NewSubscription

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.client import HeadframeBot
    from storage.records import SourceLine


def suggested_query(line: SourceLine) -> str:
    """A query from a headline's tags: its main mineral and topic; a few of its words where it has no tags."""
    tags = tags_from_json(line.tags)
    parts = [f"mineral:{slug}" for slug in tags.mineral_slugs[:1]] + [f"topic:{slug}" for slug in tags.topic_slugs[:1]]
    if not parts:
        parts = [word for word in line.title.split() if len(word) > 4 and word.isalpha()][:2]
    return " ".join(parts)


async def offer(interaction: discord.Interaction[Any], bot: HeadframeBot, lines: Sequence[SourceLine]) -> None:
    """Open the form for the headline of a message; where it carries several, first ask which one is meant."""
    if len(lines) == 1:
        await interaction.response.send_modal(AlertModal(bot, suggested_query(lines[0])))
        return
    await answer(interaction, _("On which of these headlines?"), view=Which(bot, lines))


class Which(AskedView):
    """A menu of a folded message's headlines (a menu holds 25); choosing one opens the form."""

    def __init__(self, bot: HeadframeBot, lines: Sequence[SourceLine]) -> None:
        super().__init__()
        self._bot = bot
        self._lines = tuple(lines[:25])
        self._menu: discord.ui.Select[Which] = discord.ui.Select(
            placeholder=_("Choose a headline"),
            options=[
                discord.SelectOption(
                    label=plain(line.title, 100), value=str(place), description=plain(suggested_query(line), 100)
                )
                for place, line in enumerate(self._lines)
            ],
        )
        self._menu.callback = self._chosen  # type: ignore[method-assign]
        self.add_item(self._menu)

    async def _chosen(self, interaction: discord.Interaction[Any]) -> None:
        line = self._lines[int(self._menu.values[0])]
        await interaction.response.send_modal(AlertModal(self._bot, suggested_query(line)))


class AlertModal(AskedModal):
    """One field: the query. Sending it makes a keyword alert by direct message."""

    def __init__(self, bot: HeadframeBot, suggestion: str) -> None:
        super().__init__(_("Alert me on this"))
        self._bot = bot
        self.query: discord.ui.TextInput[AlertModal] = discord.ui.TextInput(
            style=discord.TextStyle.short, default=suggestion, max_length=500, min_length=1
        )
        self.add_item(
            discord.ui.Label(
                text=_("What to watch for"),
                description=_("Words, phrases, mineral:gold, topic:deals; change it as you like"),
                component=self.query,
            )
        )

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        parsed = follows.read_query(self.query.value)
        made, fresh = await follows.follow(
            self._bot.services,
            NewSubscription(
                scope_guild_id=interaction.guild_id or 0,
                target_kind="user",
                target_id=interaction.user.id,
                owner_id=interaction.user.id,
                created_by=interaction.user.id,
                query=self.query.value.strip(),
                canonical=parsed.canonical,
            ),
        )
        text = (
            _("I'll write to you when a headline matches `{query}`.")
            if fresh
            else _("You have this alert already: `{query}`.")
        )
        await answer(interaction, text.format(query=made.query.replace("`", "'")))
