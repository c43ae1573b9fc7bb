"""A list whose entries can be opened: to change, pause, test, copy or remove one, without typing a number.

Every press reads the entries anew as the presser may see them, so that a control works only for its owner, and only
while the right to it lasts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

import discord

from bot.clock import utcnow
from bot.desk import follows, people, price_alerts
from bot.errors import UserError
from bot.i18n import _
from cogs.ui.answer import answer
from cogs.ui.asked import AskedView
from cogs.ui.entry_modal import EntryModal, Filled
from cogs.ui.price_modal import FilledPrice, PriceModal
from cogs.ui.words import test_text
from storage.records import NewSubscription

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.client import HeadframeBot
    from storage.price_alerts import PriceAlert
    from storage.records import Subscription

    Press = Callable[[discord.Interaction[Any]], Awaitable[None]]

_PER_PAGE: Final = 7
_LINE: Final = 560  # seven lines of this length stay under an embed's 4,096 characters
_MUTE_HOURS: Final = 8


@dataclass(frozen=True, slots=True)
class Entry:
    """key: what the commands take as well; label: plain text; line: as the list shows it.

    Either subscription (headlines) or price (a price alert).
    """

    key: str
    label: str
    line: str
    paused: bool
    subscription: Subscription | None = None
    price: PriceAlert | None = None


class Shelf(Protocol):
    """Whose entries these are. `entries` gives what this person may manage here and now, or raises."""

    async def entries(self, interaction: discord.Interaction[Any]) -> list[Entry]: ...
    def title(self, count: int) -> str: ...
    def empty(self) -> str: ...


class Manage(AskedView):
    """`await Manage(bot, shelf).begin(interaction)` answers a list command."""

    def __init__(self, bot: HeadframeBot, shelf: Shelf) -> None:
        super().__init__()
        self._bot = bot
        self._shelf = shelf
        self._entries: list[Entry] = []
        self._page = 0
        self._open: str | None = None
        self._removing = False

    async def begin(self, interaction: discord.Interaction[Any]) -> None:
        self._entries = await self._shelf.entries(interaction)
        if not self._entries:
            await answer(interaction, self._shelf.empty())
            return
        self._fill()
        await answer(interaction, embed=self._embed(), view=self)

    # -- how it looks ----------------------------------------------------------------------------------------------

    @property
    def _pages(self) -> int:
        return max(1, -(-len(self._entries) // _PER_PAGE))

    def _shown(self) -> list[Entry]:
        self._page = min(max(self._page, 0), self._pages - 1)
        return self._entries[self._page * _PER_PAGE : (self._page + 1) * _PER_PAGE]

    def _current(self) -> Entry | None:
        return next((one for one in self._entries if one.key == self._open), None)

    def _embed(self, note: str = "") -> discord.Embed:
        one = self._current()
        if one is not None:
            lines = [one.line[:_LINE].removeprefix("- ")]
            if self._removing:
                lines.append(_("Remove it for good?"))
            if note:
                lines += ["", note]
            return discord.Embed(title=_("One entry"), description="\n".join(lines)[:4000], colour=0xB8860B)
        lines = [entry.line[:_LINE] for entry in self._shown()] or [self._shelf.empty()]
        if note:
            lines = [note, "", *lines]
        shown = discord.Embed(
            title=self._shelf.title(len(self._entries)), description="\n".join(lines)[:4090], colour=0xB8860B
        )
        if self._pages > 1:
            shown.set_footer(text=_("Page {page} of {pages}").format(page=self._page + 1, pages=self._pages))
        return shown

    def _fill(self) -> None:
        self.clear_items()
        one = self._current()
        if one is None:
            self._fill_list()
        elif self._removing:
            self._button(_("Remove"), self._remove, discord.ButtonStyle.danger)
            self._button(_("Keep it"), self._keep)
        else:
            self._fill_entry(one)

    def _fill_list(self) -> None:
        shown = self._shown()
        if shown:
            menu: discord.ui.Select[Manage] = discord.ui.Select(
                placeholder=_("Choose one to change it"),
                options=[discord.SelectOption(label=one.label[:100] or "—", value=one.key) for one in shown],
            )

            async def picked(interaction: discord.Interaction[Any]) -> None:
                self._open = menu.values[0]
                await self._redraw(interaction)

            menu.callback = picked  # type: ignore[method-assign]
            self.add_item(menu)
        if self._pages > 1:
            self._button(_("Previous"), self._turn(-1), disabled=self._page == 0)
            self._button(_("Next"), self._turn(1), disabled=self._page >= self._pages - 1)

    def _fill_entry(self, one: Entry) -> None:
        self._button(_("Change"), self._change, discord.ButtonStyle.primary)
        if one.paused:
            self._button(_("Go on"), self._pause(None, pause=False))
        else:
            self._button(_("Pause {n} h").format(n=_MUTE_HOURS), self._pause(_MUTE_HOURS))
            self._button(_("Pause"), self._pause(None))
        self._button(_("Test"), self._test, row=1)
        self._button(_("Copy"), self._copy, row=1)
        if one.subscription is not None and one.subscription.muted_sources:
            self._button(_("Hear all sources again"), self._unmute, row=1)
        self._button(_("Remove"), self._ask, discord.ButtonStyle.danger, row=2)
        self._button(_("Back to the list"), self._back, row=2)

    def _button(
        self,
        label: str,
        pressed: Press,
        style: discord.ButtonStyle = discord.ButtonStyle.secondary,
        *,
        row: int | None = None,
        disabled: bool = False,
    ) -> None:
        button: discord.ui.Button[Manage] = discord.ui.Button(label=label, style=style, row=row, disabled=disabled)
        button.callback = pressed  # type: ignore[method-assign, assignment]
        self.add_item(button)

    async def _redraw(self, interaction: discord.Interaction[Any], note: str = "") -> None:
        """Show the state as it is in the database now."""
        self._entries = await self._shelf.entries(interaction)
        if self._current() is None:
            self._open = None
        self._fill()
        await interaction.response.edit_message(embed=self._embed(note), view=self)

    # -- what the controls do --------------------------------------------------------------------------------------

    async def _mine(self, interaction: discord.Interaction[Any]) -> Entry:
        """The open entry, if it is still this person's to manage."""
        self._entries = await self._shelf.entries(interaction)
        one = self._current()
        if one is None:
            raise UserError(_("That entry is gone. Use the command again for the list as it is now."))
        return one

    async def _subscription(self, interaction: discord.Interaction[Any]) -> Subscription:
        one = (await self._mine(interaction)).subscription
        if one is None:
            raise UserError(_("That entry is gone. Use the command again for the list as it is now."))
        return one

    async def _price(self, interaction: discord.Interaction[Any]) -> PriceAlert:
        one = (await self._mine(interaction)).price
        if one is None:
            raise UserError(_("That entry is gone. Use the command again for the list as it is now."))
        return one

    def _turn(self, by: int) -> Press:
        async def pressed(interaction: discord.Interaction[Any]) -> None:
            self._page += by
            await self._redraw(interaction)

        return pressed

    def _pause(self, hours: int | None, *, pause: bool = True) -> Press:
        async def pressed(interaction: discord.Interaction[Any]) -> None:
            entry = await self._mine(interaction)
            if entry.price is not None:
                if pause:
                    await price_alerts.pause(self._bot.services, entry.price, hours)
                else:
                    await price_alerts.resume(self._bot.services, entry.price)
            elif entry.subscription is not None:
                until = people.hours_from(utcnow(), hours) if pause else None
                state = "paused" if pause else "active"
                await follows.change(self._bot.services, entry.subscription, state=state, paused_until=until)
            await self._redraw(interaction)

        return pressed

    async def _change(self, interaction: discord.Interaction[Any]) -> None:
        entry = await self._mine(interaction)
        if entry.price is not None:
            await interaction.response.send_modal(PriceModal(_("Change"), entry.price, self._price_changed))
            return
        one = await self._subscription(interaction)

        async def done(sent: discord.Interaction[Any], filled: Filled) -> None:
            now = await self._subscription(sent)
            changes: dict[str, object] = {
                "mode": filled.mode, "target_kind": filled.target_kind, "target_id": filled.target_id
            }  # fmt: skip
            if filled.query != now.query:
                canonical = follows.read_query(filled.query).canonical
                changes |= {"query": filled.query, "canonical": canonical, "muted_sources": None}
            await follows.change(self._bot.services, now, **changes)
            await self._redraw(sent, _("Changed."))

        await interaction.response.send_modal(EntryModal(_("Change"), one, done))

    async def _price_changed(self, sent: discord.Interaction[Any], filled: FilledPrice) -> None:
        alert = await self._price(sent)
        await price_alerts.change(self._bot.services, alert, filled.parsed, **filled.fields)
        await self._redraw(sent, _("Changed."))

    async def _copy(self, interaction: discord.Interaction[Any]) -> None:
        entry = await self._mine(interaction)
        if entry.price is not None:
            await interaction.response.send_modal(PriceModal(_("Copy"), entry.price, self._price_copied))
            return
        one = await self._subscription(interaction)

        async def done(sent: discord.Interaction[Any], filled: Filled) -> None:
            now = await self._subscription(sent)
            new = replace(
                _new(now, by=sent.user.id),
                target_kind=filled.target_kind,
                target_id=filled.target_id,
                query=filled.query,
                canonical=follows.read_query(filled.query).canonical,
                mode=filled.mode,
            )
            made, fresh = await follows.follow(self._bot.services, new)
            if not fresh:
                raise UserError(_("There is one like this already. Change the query or the place of the copy."))
            self._open = str(made.id)
            await self._redraw(sent, _("This is the copy."))

        await interaction.response.send_modal(EntryModal(_("Copy"), one, done))

    async def _price_copied(self, sent: discord.Interaction[Any], filled: FilledPrice) -> None:
        made = await price_alerts.copy(self._bot.services, await self._price(sent), filled.parsed, **filled.fields)
        self._open = f"p{made.id}"
        await self._redraw(sent, _("This is the copy."))

    async def _test(self, interaction: discord.Interaction[Any]) -> None:
        entry = await self._mine(interaction)
        if entry.price is not None:
            await self._redraw(interaction, await price_alerts.tested(self._bot.services, entry.price))
            return
        one = await self._subscription(interaction)
        found, total, _since = await follows.recent_matches(
            self._bot.services, one.scope_guild_id, follows.read_query(one.query)
        )
        await self._redraw(interaction, test_text(one.query, [entry.title for entry in found], total))

    async def _unmute(self, interaction: discord.Interaction[Any]) -> None:
        await follows.change(self._bot.services, await self._subscription(interaction), muted_sources=None)
        await self._redraw(interaction)

    async def _ask(self, interaction: discord.Interaction[Any]) -> None:
        self._removing = True
        await self._redraw(interaction)

    async def _keep(self, interaction: discord.Interaction[Any]) -> None:
        self._removing = False
        await self._redraw(interaction)

    async def _remove(self, interaction: discord.Interaction[Any]) -> None:
        entry = await self._mine(interaction)
        if entry.price is not None:
            await price_alerts.remove(self._bot.services, entry.price)
        elif entry.subscription is not None:
            await follows.end(self._bot.services, entry.subscription)
        self._removing = False
        self._open = None
        await self._redraw(interaction, _("Removed."))

    async def _back(self, interaction: discord.Interaction[Any]) -> None:
        self._open = None
        await self._redraw(interaction)


def _new(one: Subscription, *, by: int) -> NewSubscription:
    return NewSubscription(
        scope_guild_id=one.scope_guild_id,
        target_kind=one.target_kind,
        target_id=one.target_id,
        query=one.query,
        canonical=one.canonical,
        owner_id=one.owner_id,
        created_by=by,
        mode=one.mode,
        digest_hour=one.digest_hour,
        role_id=one.role_id,
        max_per_hour=one.max_per_hour,
    )
