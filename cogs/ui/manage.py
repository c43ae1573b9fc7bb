"""A list whose entries can be opened: to change, pause, test, copy or remove one, without typing a number.

Every press reads the entries anew as the presser may see them, so that a control works only for its owner, and only
while the right to it lasts; and it works after a restart as well, because the client remembers nothing of the list.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import discord

from bot.clock import utcnow
from bot.desk import follows, people, price_alerts
from bot.errors import UserError
from bot.i18n import _
from cogs.ui import manage_view as look
from cogs.ui.answer import answer, open_form, update
from cogs.ui.entry_modal import EntryModal, Filled
from cogs.ui.price_modal import FilledPrice, PriceModal
from cogs.ui.words import again_text, test_text
from storage.records import NewSubscription

if TYPE_CHECKING:
    from bot.client import HeadframeBot
    from cogs.ui.control import Act
    from cogs.ui.manage_view import Entry, Shelf
    from storage.price_alerts import PriceAlert
    from storage.records import Subscription

Interaction = discord.Interaction[Any]
_OF_WATCHED: Final = frozenset({"mute", "pause", "resume", "change", "test"})  # not for alerts that are over


class Manage:
    """A desk: `begin` answers a list command, presses come by `__call__` (see cogs.ui.control)."""

    def __init__(self, bot: HeadframeBot, name: str, shelf: Shelf) -> None:
        self._bot = bot
        self._name = name
        self._shelf = shelf

    async def begin(self, interaction: Interaction) -> None:
        screen = look.Screen(await self._shelf.entries(interaction))
        if not screen.entries:
            await answer(interaction, self._shelf.empty())
            return
        await answer(interaction, embed=look.embed(screen, self._shelf), view=look.controls(self._name, screen))

    async def __call__(self, interaction: Interaction, act: Act) -> None:
        page, key = act.number(0), act.values[0] if act.values else act.arg(1)
        if act.what in _OF_WATCHED and (await self._entry(interaction, key)).over:
            # It fired while its card stood open: the card as it is now says when, and can set it again.
            await self._show(interaction, page, key)
            return
        match act.what:
            case "turn":
                await self._show(interaction, page, "")
            case "open":
                await self._show(interaction, page, key)
            case "ask":
                await self._show(interaction, page, key, removing=True)
            case "mute":
                await self._pause(interaction, page, key, hours=look.MUTE_HOURS)
            case "pause":
                await self._pause(interaction, page, key)
            case "resume":
                await self._resume(interaction, page, key)
            case "change":
                await self._change(interaction, page, key)
            case "copy":
                await self._copy(interaction, page, key)
            case "test":
                await self._test(interaction, page, key)
            case "take":
                await self._take(interaction, page, key)
            case "again":
                await self._again(interaction, page, key)
            case "unmute":
                one = await self._subscription(interaction, key)
                await follows.change(self._bot.services, one, muted_sources=None)
                await self._show(interaction, page, key)
            case "remove":
                await self._remove(interaction, page, key)

    async def _show(
        self, interaction: Interaction, page: int, key: str, note: str = "", *, removing: bool = False
    ) -> None:
        """Show the state as it is in the database now."""
        screen = look.Screen(await self._shelf.entries(interaction), page, key, removing)
        await update(interaction, embed=look.embed(screen, self._shelf, note), view=look.controls(self._name, screen))

    # -- what the controls do --------------------------------------------------------------------------------------

    async def _entry(self, interaction: Interaction, key: str) -> Entry:
        """The entry, if it is still this person's to manage."""
        one = look.Screen(await self._shelf.entries(interaction), key=key).opened
        if one is None:
            raise UserError(_("That entry is gone. Use the command again for the list as it is now."))
        return one

    async def _subscription(self, interaction: Interaction, key: str, *, own: bool = False) -> Subscription:
        one = await self._entry(interaction, key)
        if own:
            return _own_subscription(one)
        if one.subscription is None:
            raise UserError(_("That entry is gone. Use the command again for the list as it is now."))
        return one.subscription

    async def _price(self, interaction: Interaction, key: str) -> PriceAlert:
        """The presser's own price alert; a member's is not a moderator's to read closely or to change."""
        return _own_price(await self._entry(interaction, key))

    async def _pause(self, interaction: Interaction, page: int, key: str, *, hours: int | None = None) -> None:
        entry = await self._entry(interaction, key)
        if entry.subscription is not None:
            until = people.hours_from(utcnow(), hours)
            await follows.change(self._bot.services, entry.subscription, state="paused", paused_until=until)
        elif entry.price is not None:
            await price_alerts.pause(self._bot.services, entry.price, hours)
        await self._show(interaction, page, key)

    async def _resume(self, interaction: Interaction, page: int, key: str) -> None:
        entry = await self._entry(interaction, key)
        if entry.subscription is not None:
            await follows.change(self._bot.services, entry.subscription, state="active", paused_until=None)
        elif entry.price is not None:
            await price_alerts.resume(self._bot.services, entry.price)
        await self._show(interaction, page, key)

    async def _change(self, interaction: Interaction, page: int, key: str) -> None:
        entry = await self._entry(interaction, key)
        if entry.price is not None:
            await self._change_price(interaction, page, entry)
            return
        one = _own_subscription(entry)
        zone = await follows.zone(self._bot.services, one)

        async def done(sent: Interaction, filled: Filled) -> None:
            now = await self._subscription(sent, key, own=True)
            changes: dict[str, object] = {
                "mode": filled.mode, "target_kind": filled.target_kind, "target_id": filled.target_id
            }  # fmt: skip
            if filled.query != now.query:
                canonical = follows.read_query(filled.query).canonical
                changes |= {"query": filled.query, "canonical": canonical, "muted_sources": None}
            await follows.change(self._bot.services, now, **changes)
            await self._show(sent, page, key, _("Changed."))

        await open_form(interaction, EntryModal(look.form_title(_("Change"), entry), one, zone, done))

    async def _change_price(self, interaction: Interaction, page: int, entry: Entry) -> None:
        key, alert = entry.key, _own_price(entry)

        async def done(sent: Interaction, filled: FilledPrice) -> None:
            now = await self._price(sent, key)
            await price_alerts.change(self._bot.services, now, filled.parsed, **filled.fields)
            await self._show(sent, page, key, _("Changed."))

        await open_form(interaction, PriceModal(look.form_title(_("Change"), entry), alert, done))

    async def _copy_price(self, interaction: Interaction, page: int, entry: Entry) -> None:
        key, alert = entry.key, _own_price(entry)

        async def done(sent: Interaction, filled: FilledPrice) -> None:
            now = await self._price(sent, key)
            made = await price_alerts.copy(self._bot.services, now, filled.parsed, **filled.fields)
            await self._show(sent, page, f"p{made.id}", _("This is the copy."))

        await open_form(interaction, PriceModal(look.form_title(_("Copy"), entry), alert, done))

    async def _copy(self, interaction: Interaction, page: int, key: str) -> None:
        entry = await self._entry(interaction, key)
        if entry.price is not None:
            await self._copy_price(interaction, page, entry)
            return
        one = _own_subscription(entry)
        zone = await follows.zone(self._bot.services, one)

        async def done(sent: Interaction, filled: Filled) -> None:
            now = await self._subscription(sent, key, own=True)
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
            await self._show(sent, page, str(made.id), _("This is the copy."))

        await open_form(interaction, EntryModal(look.form_title(_("Copy"), entry), one, zone, done))

    async def _test(self, interaction: Interaction, page: int, key: str) -> None:
        if (await self._entry(interaction, key)).price is not None:
            text = await price_alerts.tested(self._bot.services, await self._price(interaction, key))
            await self._show(interaction, page, key, text)
            return
        one = await self._subscription(interaction, key)
        trial = await follows.try_out(self._bot.services, one.scope_guild_id, follows.read_query(one.query))
        await self._show(interaction, page, key, test_text(None, trial))

    async def _take(self, interaction: Interaction, page: int, key: str) -> None:
        """A member's alert that posts here becomes the server's own; the member's list no longer holds it."""
        entry = await self._entry(interaction, key)
        if entry.subscription is None or entry.owner is None:
            raise UserError(_("That entry is gone. Use the command again for the list as it is now."))
        await follows.take_over(self._bot.services, entry.subscription, by=interaction.user.id)
        await self._show(interaction, page, key, _("It belongs to the server now."))

    async def _again(self, interaction: Interaction, page: int, key: str) -> None:
        alert = await self._price(interaction, key)
        stands = await price_alerts.again(self._bot.services, interaction.user.id, alert.id)
        await self._show(interaction, page, key, again_text(stands))

    async def _remove(self, interaction: Interaction, page: int, key: str) -> None:
        entry = await self._entry(interaction, key)
        if entry.subscription is not None:
            await follows.end(self._bot.services, entry.subscription)
        elif entry.price is not None:
            await price_alerts.remove(self._bot.services, entry.price)
        await self._show(interaction, page, "", _("Removed."))


def _own_subscription(entry: Entry) -> Subscription:
    if entry.subscription is None or entry.owner is not None:
        raise UserError(_("That entry is gone. Use the command again for the list as it is now."))
    return entry.subscription


def _own_price(entry: Entry) -> PriceAlert:
    if entry.price is None or entry.owner is not None:
        raise UserError(_("That entry is gone. Use the command again for the list as it is now."))
    return entry.price


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
