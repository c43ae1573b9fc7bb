"""A list that turns its pages: one embed per page, for the person who asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord

from bot.i18n import _
from cogs.ui.answer import update
from cogs.ui.asked import AskedView

if TYPE_CHECKING:
    from collections.abc import Sequence


class Pages(AskedView):
    """`lines` are shown `per_page` at a time, never more than Discord's 4,096 characters on one page."""

    def __init__(self, title: str, lines: Sequence[str], *, per_page: int = 10) -> None:
        super().__init__()
        self._title = title
        self._pages = _cut(lines, per_page)
        self._at = 0
        self.previous.label = _("Previous")
        self.next.label = _("Next")
        self._update()

    @property
    def count(self) -> int:
        return len(self._pages)

    def embed(self) -> discord.Embed:
        shown = discord.Embed(title=self._title, description=self._pages[self._at], colour=0xB8860B)
        if self.count > 1:
            shown.set_footer(text=_("Page {page} of {pages}").format(page=self._at + 1, pages=self.count))
        return shown

    def _update(self) -> None:
        self.previous.disabled = self._at == 0
        self.next.disabled = self._at >= self.count - 1

    async def _turn(self, interaction: discord.Interaction[Any], by: int) -> None:
        self._at = min(max(self._at + by, 0), self.count - 1)
        self._update()
        await update(interaction, embed=self.embed(), view=self)

    @discord.ui.button(style=discord.ButtonStyle.secondary)
    async def previous(self, interaction: discord.Interaction[Any], _button: discord.ui.Button[Pages]) -> None:
        await self._turn(interaction, -1)

    @discord.ui.button(style=discord.ButtonStyle.secondary)
    async def next(self, interaction: discord.Interaction[Any], _button: discord.ui.Button[Pages]) -> None:
        await self._turn(interaction, 1)


def _cut(lines: Sequence[str], per_page: int) -> list[str]:
    pages: list[str] = []
    page: list[str] = []
    for line in lines:
        if page and (len(page) >= per_page or sum(map(len, page)) + len(page) + len(line) > 4000):
            pages.append("\n".join(page))
            page = []
        page.append(line)
    if page:
        pages.append("\n".join(page))
    return pages or ["—"]
