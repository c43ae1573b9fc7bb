"""How a managed list looks: a page of entries, or one entry opened, with controls that outlive the process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import discord

from bot.delivery.markdown import clamp_plain, plain
from bot.desk.price_alerts import is_over
from bot.i18n import _
from cogs.ui.control import Panel

if TYPE_CHECKING:
    from storage.price_alerts import PriceAlert
    from storage.records import Subscription

PER_PAGE: Final = 7
MUTE_HOURS: Final = 8
_LINE: Final = 560  # seven lines of this length stay under an embed's 4,096 characters
_COLOUR: Final = 0xB8860B


@dataclass(frozen=True, slots=True)
class Entry:
    """key: what the commands take as well; label: plain text; line: as the list shows it; head: what it begins with.

    It is a subscription or a price alert; the other is None. owner: the member whose own alert posts in a channel of
    the server, which a moderator may stop (or take over, if it is on headlines), but not rewrite; else None.
    """

    key: str
    label: str
    line: str
    paused: bool
    subscription: Subscription | None = None
    price: PriceAlert | None = None
    owner: int | None = None
    head: str = ""

    @property
    def over(self) -> bool:
        """Whether it is a price alert that fired its once, or ran out."""
        return self.price is not None and is_over(self.price)


class Shelf(Protocol):
    """Whose entries these are. `entries` gives what this person may manage here and now, or raises."""

    async def entries(self, interaction: discord.Interaction[Any]) -> list[Entry]: ...
    def title(self, entries: list[Entry]) -> str: ...
    def empty(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Screen:
    """What is shown: a page of the list, or the entry called `key`, perhaps with the question whether to remove it."""

    entries: list[Entry]
    page: int = 0
    key: str = ""
    removing: bool = False

    @property
    def pages(self) -> int:
        return max(1, -(-len(self.entries) // PER_PAGE))

    @property
    def at(self) -> int:
        """The page, kept inside the list as it is now."""
        return min(max(self.page, 0), self.pages - 1)

    @property
    def shown(self) -> list[Entry]:
        return self.entries[self.at * PER_PAGE : (self.at + 1) * PER_PAGE]

    @property
    def opened(self) -> Entry | None:
        return next((one for one in self.entries if one.key == self.key), None)


def embed(screen: Screen, shelf: Shelf, note: str = "") -> discord.Embed:
    one = screen.opened
    if one is not None:
        # The title says what it is; the line and a test's answer need not say it again.
        title, line = clamp_plain(one.label, 256) or "—", one.line.removeprefix("- ")
        if not title.endswith("…"):
            line = line.removeprefix(f"{one.head} · ")
        lines = [line[:_LINE]]
        note = note.removeprefix(f"**{one.label}**\n")
        if screen.removing:
            lines.append(_("Remove it for good?"))
        if note:
            lines += ["", note] if "\n" in note else [note]
        return discord.Embed(title=title, description="\n".join(lines)[:4000], colour=_COLOUR)
    lines = [entry.line[:_LINE] for entry in screen.shown] or [shelf.empty()]
    if note:
        lines = [note, "", *lines]
    shown = discord.Embed(title=shelf.title(screen.entries), description="\n".join(lines)[:4090], colour=_COLOUR)
    if screen.pages > 1:
        shown.set_footer(text=_("Page {page} of {pages}").format(page=screen.at + 1, pages=screen.pages))
    return shown


def form_title(what: str, entry: Entry) -> str:
    """What the form does and to which entry, within the 45 characters that Discord gives the title of a form."""
    return plain(f"{what}: {entry.label}", 45)


def controls(desk: str, screen: Screen) -> Panel:
    one = screen.opened
    if one is None:
        return _list_controls(desk, screen)
    panel = Panel(desk, screen.at, one.key)
    if screen.removing:
        panel.button("remove", _("Remove"), style=discord.ButtonStyle.danger)
        panel.button("open", _("Keep it"))
        return panel
    if one.over:
        panel.button("again", _("Set again"), style=discord.ButtonStyle.primary)
        panel.button("copy", _("Copy"))
        panel.button("ask", _("Remove"), style=discord.ButtonStyle.danger, row=1)
        panel.button("turn", _("Back to the list"), row=1)
        return panel
    if one.owner is None:
        panel.button("change", _("Change"), style=discord.ButtonStyle.primary)
    if one.paused:
        panel.button("resume", _("Go on"))
    else:
        panel.button("mute", _("Pause {n} h").format(n=MUTE_HOURS))
        panel.button("pause", _("Pause"))
    if one.subscription is not None or one.owner is None:
        panel.button("test", _("Test"), row=1)
    if one.owner is None:
        panel.button("copy", _("Copy"), row=1)
    if one.subscription is not None:
        if one.owner is not None:
            panel.button("take", _("Take over for the server"), row=1)
        if one.subscription.muted_sources:
            panel.button("unmute", _("Hear all sources again"), row=1)
    panel.button("ask", _("Remove"), style=discord.ButtonStyle.danger, row=2)
    panel.button("turn", _("Back to the list"), row=2)
    return panel


def _list_controls(desk: str, screen: Screen) -> Panel:
    panel = Panel(desk)
    if screen.shown:
        options = [discord.SelectOption(label=one.label[:100] or "—", value=one.key) for one in screen.shown]
        panel.menu("open", _("Choose one to change it"), options, screen.at)
    if screen.pages > 1:
        panel.button("turn", _("Previous"), max(screen.at - 1, 0), "previous", disabled=screen.at == 0)
        panel.button("turn", _("Next"), screen.at + 1, "next", disabled=screen.at >= screen.pages - 1)
    return panel
