"""The form behind "Alert me on this": a suggested query that can be changed before it becomes an alert."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord

from bot.delivery.markdown import plain
from bot.desk import follows
from bot.i18n import _
from bot.news.gaps import gaps
from bot.news.model import tags_from_json
from cogs.ui.answer import answer, open_form
from cogs.ui.asked import AskedModal
from cogs.ui.control import Panel
from cogs.ui.places import scope
from storage.records import NewSubscription

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.client import HeadframeBot
    from bot.desk.why import Why
    from storage.records import SourceLine


def suggested_query(line: SourceLine) -> str:
    """A query from a headline's tags: its main mineral and topic; a few of its words where it has no tags."""
    tags = tags_from_json(line.tags)
    parts = [f"mineral:{slug}" for slug in tags.mineral_slugs[:1]] + [f"topic:{slug}" for slug in tags.topic_slugs[:1]]
    if not parts:
        parts = [word for word in line.title.split() if len(word) > 4 and word.isalpha()][:2]
    return " ".join(parts)


async def offer(interaction: discord.Interaction[Any], bot: HeadframeBot, found: Sequence[Why]) -> None:
    """Open the form for the headline of a message; where it carries several, first ask which one is meant.

    The menu holds 25, of which each names its delivery (`Panel("ask")`).
    """
    told = [one for one in found if one.lines]
    if len(told) == 1:
        await open_form(interaction, AlertModal(bot, suggested_query(told[0].lines[0])))
        return
    panel = Panel("ask")
    options = [
        discord.SelectOption(
            label=plain(one.lines[0].title, 100),
            description=plain(suggested_query(one.lines[0]), 100),
            value=str(one.delivery.id),
        )
        for one in told[:25]
    ]
    panel.menu("pick", _("Choose a headline"), options)
    await answer(interaction, _("On which of these headlines?"), view=panel)


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
                scope_guild_id=scope(interaction),
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
        lines = [text.format(query=made.query.replace("`", "'")), gaps(parsed)]
        await answer(interaction, "\n".join(line for line in lines if line))
