"""The buttons under posts. Their custom ids carry all they need, so they work after a restart and cost no memory.

What a press does is the counter's business: the callbacks hand it to the client, which knows the handlers.
"""

from __future__ import annotations

import re
from typing import Any, Final, Protocol

import discord

from bot.i18n import _


class Presses(Protocol):
    """The client: does what the named button means for a delivery, in the presser's language, errors explained."""

    async def press(self, interaction: discord.Interaction[Any], what: str, delivery_id: int) -> None: ...


class PostButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=r"post:(?P<what>[a-z]+):(?P<id>\d{1,19})"
):
    """A button of the kind "post:why:42"; 42 is a delivery."""

    def __init__(self, what: str, delivery_id: int, *, label: str = "…") -> None:
        super().__init__(
            discord.ui.Button(label=label, style=discord.ButtonStyle.secondary, custom_id=f"post:{what}:{delivery_id}")
        )
        self.what = what
        self.delivery_id = delivery_id

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> PostButton:
        return cls(match["what"], int(match["id"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        client: Presses = interaction.client
        await client.press(interaction, self.what, self.delivery_id)


_OWN: Final = re.compile(r"post:[a-z]+:(\d{1,19})")


def delivery_of(custom_id: str) -> int | None:
    """The delivery a button of ours names; None for any other."""
    found = _OWN.fullmatch(custom_id)
    return int(found[1]) if found else None


_NAMES: Final = ("why", "save", "alert")


def _buttons(delivery_id: int) -> list[PostButton]:
    labels = {"why": _("Why this?"), "save": _("Save"), "alert": _("Alert me on this")}
    return [PostButton(name, delivery_id, label=labels[name]) for name in _NAMES]


def row(delivery_id: int) -> discord.ui.View:
    """The row under a message of headlines."""
    view = discord.ui.View(timeout=None)
    for button in _buttons(delivery_id):
        view.add_item(button)
    view.stop()  # dynamic items: nothing of this view has to be remembered by the client
    return view


def action_row(delivery_id: int) -> discord.ui.ActionRow[discord.ui.LayoutView]:
    """The same row inside a card."""
    found: discord.ui.ActionRow[discord.ui.LayoutView] = discord.ui.ActionRow()
    for button in _buttons(delivery_id):
        found.add_item(button)
    return found


def list_row(delivery_id: int) -> discord.ui.View:
    """The row under a folded list."""
    view = discord.ui.View(timeout=None)
    view.add_item(PostButton("page", delivery_id, label=_("Open as a page")))
    view.add_item(PostButton("why", delivery_id, label=_("Why this?")))
    view.stop()
    return view


def again_row(delivery_id: int, label: str) -> discord.ui.View:
    """The button under a price alert that fires once: its owner has it watched anew."""
    view = discord.ui.View(timeout=None)
    view.add_item(PostButton("again", delivery_id, label=label))
    view.stop()
    return view
