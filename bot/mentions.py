"""Commands named in texts become mentions: they can be pressed, and each reader sees the name in their own language.

Texts name a command as people would type it, "`/alert keyword`"; what follows it ("`/help alerts`") stays code.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    import discord
    from discord import app_commands

_NAMED: Final = re.compile(r"`/(?P<words>[a-z]+(?: [^`\n]{0,80})?)`")


class Mentions:
    """Knows Discord's number of each command once the client has been told them; until then texts stay as they are."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}

    def learn(self, commands: Iterable[app_commands.AppCommand]) -> None:
        """Take over the commands as Discord holds them."""
        self._ids = {}
        for command in commands:
            below = [option for option in command.options if _is_group(option)]
            if not below:
                self._ids[command.name] = command.id
            for option in below:
                inner = [one for one in getattr(option, "options", []) if _is_group(one)]
                names = [f"{option.name} {one.name}" for one in inner] or [option.name]
                self._ids |= {f"{command.name} {name}": command.id for name in names}

    def link(self, text: str) -> str:
        """The text with each command in it as a mention."""
        return _NAMED.sub(self._mention, text) if self._ids and "`/" in text else text

    def _mention(self, match: re.Match[str]) -> str:
        words = match["words"].split(" ")
        for count in (3, 2, 1):
            name = " ".join(words[:count])
            if len(words) >= count and name in self._ids:
                rest = " ".join(words[count:])
                return f"</{name}:{self._ids[name]}>" + (f" `{rest}`" if rest else "")
        return match[0]

    def link_embed(self, embed: discord.Embed) -> None:
        """The same for an embed's description and fields, where Discord renders mentions; limits are kept."""
        if embed.description and len(linked := self.link(embed.description)) <= 4096:
            embed.description = linked
        for place, field in enumerate(embed.fields):
            if field.value and len(linked := self.link(field.value)) <= 1024:
                embed.set_field_at(place, name=field.name, value=linked, inline=field.inline)

    def link_content(self, text: str) -> str:
        """The same for a message's content."""
        return linked if len(linked := self.link(text)) <= 2000 else text


def _is_group(option: Any) -> bool:
    return type(option).__name__ == "AppCommandGroup"
