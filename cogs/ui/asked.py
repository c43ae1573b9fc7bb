"""The base of views that answer a command: the asker's language in every press, and a sentence for every failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord

from bot import intime
from bot.i18n import language, set_language

if TYPE_CHECKING:
    from bot.client import HeadframeBot

LIFETIME = 3600.0  # seconds since the last press; each press brings a new token with it


class AskedView(discord.ui.View):
    """A view under the answer to one person. It forgets itself when nobody presses anything for an hour."""

    def __init__(self) -> None:
        super().__init__(timeout=LIFETIME)
        self._language = language()

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        intime.start(interaction)
        set_language(self._language)
        return True

    async def on_error(
        self, interaction: discord.Interaction[Any], error: Exception, _item: discord.ui.Item[Any], /
    ) -> None:
        client: HeadframeBot = interaction.client
        await client.explain(interaction, error)


class AskedModal(discord.ui.Modal):
    """A form opened for one person; `on_submit` runs in that person's language."""

    def __init__(self, title: str) -> None:
        super().__init__(title=title, timeout=LIFETIME)
        self._language = language()

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        intime.start(interaction)
        set_language(self._language)
        return True

    async def on_error(self, interaction: discord.Interaction[Any], error: Exception, /) -> None:  # type: ignore[override]
        client: HeadframeBot = interaction.client
        await client.explain(interaction, error)
