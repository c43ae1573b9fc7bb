"""The controls of the minerals reference. Each carries in its custom id all it needs, so it works after a restart.

What a press does is the cog's business: the callback asks the client for the cog and hands the press over.
"""

# ruff: noqa: ARG003  from_custom_id has the signature that discord.py calls
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol, cast

import discord

from bot.errors import UserError
from bot.i18n import _
from bot.minerals import wording

if TYPE_CHECKING:
    import re
    from collections.abc import Awaitable, Callable, Sequence

    from bot.client import HeadframeBot
    from bot.minerals.model import Mineral
    from bot.minerals.tables import Table

COG: Final = "Minerals"
MAX_OPTIONS: Final = 25


class Desk(Protocol):
    """The cog, as its controls see it."""

    async def on_card_button(self, interaction: discord.Interaction[Any], slug: str, what: str) -> None: ...
    async def on_table_button(
        self, interaction: discord.Interaction[Any], kind: str, first: str, second: str, screen: int
    ) -> None: ...
    async def on_open(self, interaction: discord.Interaction[Any], slug: str) -> None: ...


async def _hand_over(interaction: discord.Interaction[Any], act: Callable[[Desk], Awaitable[None]]) -> None:
    """Do what was pressed, in time, in the presser's language, with errors explained."""
    client = cast("HeadframeBot", interaction.client)

    async def serve() -> None:
        cog = client.get_cog(COG)
        if cog is None:
            raise UserError(_("The minerals reference is not loaded at the moment; try again shortly."))
        await act(cast("Desk", cog))

    await client.serve(interaction, serve)


class MineralButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=r"mineral:(?P<slug>[a-z_]{2,32}):(?P<what>overview|supply|policy|market|news|alert|share-[a-z]{4,8})",
):
    """ "mineral:gold:supply" turns to a page, "mineral:gold:alert" offers an alert, "mineral:gold:share-supply"
    posts the page for everyone."""

    def __init__(self, slug: str, what: str, *, label: str = "…", chosen: bool = False) -> None:
        style = discord.ButtonStyle.primary if chosen else discord.ButtonStyle.secondary
        super().__init__(
            discord.ui.Button(label=label, style=style, disabled=chosen, custom_id=f"mineral:{slug}:{what}")
        )
        self.slug = slug
        self.what = what

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> MineralButton:
        return cls(match["slug"], match["what"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await _hand_over(interaction, lambda desk: desk.on_card_button(interaction, self.slug, self.what))


class TableButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=(
        r"minerals:(?P<kind>list|diff|risk):(?P<first>[a-z0-9-]{0,32}):(?P<second>[a-z0-9_-]{0,32}):(?P<screen>\d{1,3})"
    ),
):
    """ "minerals:list:us-2025:battery:2" shows the third screen of the battery metals on the 2025 US list."""

    def __init__(
        self, kind: str, first: str, second: str, screen: int, *, label: str = "…", disabled: bool = False
    ) -> None:
        custom_id = f"minerals:{kind}:{first}:{second}:{screen}"
        super().__init__(
            discord.ui.Button(label=label, style=discord.ButtonStyle.secondary, disabled=disabled, custom_id=custom_id)
        )
        self.kind = kind
        self.first = first
        self.second = second
        self.screen = screen

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> TableButton:
        return cls(match["kind"], match["first"], match["second"], int(match["screen"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await _hand_over(
            interaction,
            lambda desk: desk.on_table_button(interaction, self.kind, self.first, self.second, self.screen),
        )


class OpenSelect(discord.ui.DynamicItem[discord.ui.Select[Any]], template=r"minerals:open"):
    """A menu of minerals; choosing one opens its card."""

    def __init__(self, options: Sequence[Mineral] = ()) -> None:
        select: discord.ui.Select[Any] = discord.ui.Select(
            custom_id="minerals:open",
            placeholder=_("Open a card"),
            options=[
                discord.SelectOption(label=wording.name(mineral)[:100], value=mineral.slug)
                for mineral in options[:MAX_OPTIONS]
            ],
        )
        super().__init__(select)

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> OpenSelect:
        return cls()

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        values = self.item.values
        if values:
            await _hand_over(interaction, lambda desk: desk.on_open(interaction, values[0]))


ALL: Final = (MineralButton, TableButton, OpenSelect)


def add_table_controls(
    box: discord.ui.Container[Any],
    table: Table,
    minerals: Sequence[Mineral],
    address: tuple[str, str, str],
    screen: int,
) -> None:
    """Under a table: a menu of the minerals on the screen and, when there are several screens, the way to the others.

    address: kind, first and second of the TableButton.
    """
    if minerals:
        menu: discord.ui.ActionRow[Any] = discord.ui.ActionRow()
        menu.add_item(OpenSelect(minerals))
        box.add_item(menu)
    if table.screens > 1:
        last = table.screens - 1
        turn: discord.ui.ActionRow[Any] = discord.ui.ActionRow()
        turn.add_item(TableButton(*address, max(screen - 1, 0), label=_("Back"), disabled=screen == 0))
        turn.add_item(TableButton(*address, min(screen + 1, last), label=_("Next"), disabled=screen == last))
        box.add_item(turn)
