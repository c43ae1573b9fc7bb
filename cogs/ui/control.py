"""Controls that outlive the process: each says in its custom id all it needs, and the client remembers nothing of it.

A custom id reads "do:list:pause:alerts|0|12": the desk (a handler that a cog registers), what to do, and arguments.
Custom ids can be made up, so a desk looks everything up anew, as whoever presses may see it.
"""

# ruff: noqa: ARG003  from_custom_id has the signature that discord.py calls
from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, Self

import discord

from bot.mishaps import outdated

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Sequence

    from bot.client import HeadframeBot

_TEMPLATE: Final = r":(?P<desk>[a-z]{2,12}):(?P<what>[a-z]{1,16}):(?P<args>[^\n]{0,64})"
_CHANNELS: Final = (discord.ChannelType.text, discord.ChannelType.news)
HEADLINE_PLACES: Final = (  # where headlines may be posted
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.forum,
    discord.ChannelType.voice,
    discord.ChannelType.public_thread,
)


@dataclass(frozen=True, slots=True)
class Act:
    """What was pressed. values: what was chosen in a menu; ids of channels as decimal text."""

    what: str
    args: tuple[str, ...]
    values: tuple[str, ...] = ()

    def arg(self, place: int) -> str:
        """An argument; "" where a made-up custom id has none."""
        return self.args[place] if place < len(self.args) else ""

    def number(self, place: int) -> int:
        """An argument that counts something; 0 where it is no number."""
        text = self.arg(place)
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 0


class Desk(Protocol):
    async def __call__(self, interaction: discord.Interaction[Any], act: Act, /) -> None: ...


def register(bot: HeadframeBot, name: str, desk: Desk) -> None:
    """From now on presses of the controls of `Panel(name)` go to `desk`, also of those posted by earlier processes."""
    bot.add_dynamic_items(Press, Pick, PickChannel)
    bot.desks[name] = desk


async def _hand_over(interaction: discord.Interaction[Any], match: re.Match[str]) -> None:
    client: HeadframeBot = interaction.client
    data: dict[str, Any] = dict(interaction.data or {})
    act = Act(match["what"], tuple(match["args"].split("|")), tuple(map(str, data.get("values") or ())))

    async def serve() -> None:
        desk = client.desks.get(match["desk"])
        if desk is None:
            raise outdated()
        await desk(interaction, act)

    await client.serve(interaction, serve)


class _Kept:
    """What the three kinds share: the match of their custom id, when they come from one."""

    bare: ClassVar[Callable[..., discord.ui.Item[Any]]]  # what the kind wraps; called with a custom id
    match: re.Match[str] | None = None

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        make: Callable[[discord.ui.Item[Any]], Self] = cls  # with DynamicItem's __init__
        made = make(cls.bare(custom_id=match[0]))
        made.match = match
        return made

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        assert self.match is not None
        await _hand_over(interaction, self.match)


class Press(_Kept, discord.ui.DynamicItem[discord.ui.Button[Any]], template=f"do{_TEMPLATE}"):
    """A button."""

    bare = partial(discord.ui.Button, label="…")


class Pick(_Kept, discord.ui.DynamicItem[discord.ui.Select[Any]], template=f"pick{_TEMPLATE}"):
    """A menu of texts."""

    bare = discord.ui.Select


class PickChannel(_Kept, discord.ui.DynamicItem[discord.ui.ChannelSelect[Any]], template=f"place{_TEMPLATE}"):
    """A menu of channels."""

    bare = discord.ui.ChannelSelect


class Panel(discord.ui.View):
    """The controls of one answer. `args` stand in every custom id, before those of the control itself."""

    def __init__(self, desk: str, *args: str | int) -> None:
        super().__init__(timeout=None)
        self._desk = desk
        self._args = args
        self.stop()  # nothing of this view has to be remembered by the client

    def button(
        self,
        what: str,
        label: str,
        *args: str | int,
        style: discord.ButtonStyle = discord.ButtonStyle.secondary,
        row: int | None = None,
        disabled: bool = False,
    ) -> None:
        self.add_item(
            Press(
                discord.ui.Button(
                    label=label[:80],
                    style=style,
                    disabled=disabled,
                    custom_id=self._id("do", what, args),
                    row=row,
                )
            )
        )

    def menu(
        self,
        what: str,
        placeholder: str,
        options: Sequence[discord.SelectOption],
        *args: str | int,
        least: int = 1,
        most: int = 1,
    ) -> None:
        self.add_item(
            Pick(
                discord.ui.Select(
                    placeholder=placeholder[:150],
                    options=list(options[:25]),
                    min_values=least,
                    max_values=min(most, len(options), 25),
                    custom_id=self._id("pick", what, args),
                )
            )
        )

    def channels(
        self,
        what: str,
        placeholder: str,
        *args: str | int,
        kinds: Sequence[discord.ChannelType] = _CHANNELS,
    ) -> None:
        select: discord.ui.ChannelSelect[Any] = discord.ui.ChannelSelect(
            placeholder=placeholder[:150], channel_types=list(kinds), custom_id=self._id("place", what, args)
        )
        self.add_item(PickChannel(select))

    def _id(self, kind: str, what: str, args: Sequence[str | int]) -> str:
        return f"{kind}:{self._desk}:{what}:" + "|".join(str(part) for part in (*self._args, *args))
