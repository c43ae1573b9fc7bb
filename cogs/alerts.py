"""`/alert`: a person's own alerts on headlines and prices, by direct message or in a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from bot.clock import utcnow
from bot.desk import follows, people, price_alerts
from bot.errors import UserError
from bot.i18n import _
from bot.prices.commands import describe_alert
from cogs.ui.answer import answer, update
from cogs.ui.choices import CONDITIONS, MODES, PLACES, Condition, Mode, Where
from cogs.ui.control import Panel, register
from cogs.ui.manage import Manage
from cogs.ui.places import place, scope
from cogs.ui.price_modal import where_to
from cogs.ui.shelves import AlertShelf
from cogs.ui.words import (
    again_text,
    alert_line,
    check_hour,
    code,
    count_text,
    mode_text,
    noise_text,
    passed_text,
    test_text,
    where_text,
)
from storage.records import NewSubscription

if TYPE_CHECKING:
    from bot.client import HeadframeBot
    from cogs.ui.control import Act
    from storage.price_alerts import PriceAlert
    from storage.records import Subscription

Interaction = discord.Interaction["HeadframeBot"]


class Alerts(commands.GroupCog, group_name="alert", group_description=locale_str("Your own alerts")):
    """Keyword alerts, quiet hours, and the list of what one has; price alerts are added by the prices cog."""

    def __init__(self, bot: HeadframeBot) -> None:
        self.bot = bot
        self.manage = Manage(bot, "alerts", AlertShelf(bot.services))
        super().__init__()

    async def cog_load(self) -> None:
        register(self.bot, "alerts", self.manage)
        register(self.bot, "quiet", self._quiet_off)
        self.bot.press_handlers["again"] = self._again

    @app_commands.command(name="keyword", description=locale_str("Be told of headlines that match"))
    @app_commands.describe(
        query=locale_str('What to watch for, such as: gold etf, "central bank", mineral:copper strike'),
        where=locale_str("By direct message, or in this channel"),
        mode=locale_str("At once, or as an hourly or daily digest"),
        hour=locale_str("Hour of a daily digest, 0 to 23, in your time zone; 8 if left out"),
    )
    @app_commands.choices(where=PLACES, mode=MODES)
    async def keyword(
        self,
        interaction: Interaction,
        query: str,
        where: Where = "dm",
        mode: Mode = "instant",
        hour: app_commands.Range[int, 0, 23] | None = None,
    ) -> None:
        check_hour(mode, hour)
        parsed = follows.read_query(query)
        kind, target_id = place(interaction, where)
        new = NewSubscription(
            scope_guild_id=scope(interaction),
            target_kind=kind,
            target_id=target_id,
            owner_id=interaction.user.id,
            created_by=interaction.user.id,
            query=query.strip(),
            canonical=parsed.canonical,
            mode=mode,
            digest_hour=hour,
        )
        made, fresh = await follows.follow(self.bot.services, new)
        zone = await follows.zone(self.bot.services, made)
        if not fresh:
            await answer(interaction, _("You have this alert already:") + "\n" + alert_line(made, zone))
            return
        lines = [
            _("I'll tell you {where}, {mode}, of headlines that match `{query}`.").format(
                where=where_text(kind, target_id), mode=mode_text(mode, hour, zone), query=code(made.query)
            )
        ]
        trial = await follows.try_out(self.bot.services, new.scope_guild_id, parsed)
        lines += [count_text(made.query, trial), noise_text(trial)]
        await answer(interaction, "\n".join(line for line in lines if line))

    @app_commands.command(name="list", description=locale_str("Your alerts"))
    async def list_(self, interaction: Interaction) -> None:
        await self.manage.begin(interaction)

    @app_commands.command(name="edit", description=locale_str("Change one of your alerts"))
    @app_commands.describe(
        alert=locale_str("Which one"),
        query=locale_str("A new query"),
        where=locale_str("By direct message, or in this channel"),
        mode=locale_str("At once, or as an hourly or daily digest"),
        hour=locale_str("Hour of a daily digest, 0 to 23, in your time zone; 8 if left out"),
        condition=locale_str("Of a price alert: above or below a level, or a move within a time"),
        value=locale_str("Of a price alert: a level such as 4500, a move such as 2% in 1h"),
        repeat=locale_str("Of a price alert: tell me each time, not only once"),
    )
    @app_commands.choices(where=PLACES, mode=MODES, condition=CONDITIONS)
    async def edit(
        self,
        interaction: Interaction,
        alert: str,
        query: str | None = None,
        where: Where | None = None,
        mode: Mode | None = None,
        hour: app_commands.Range[int, 0, 23] | None = None,
        condition: Condition | None = None,
        value: str | None = None,
        repeat: bool | None = None,
    ) -> None:
        price = await price_alerts.named(self.bot.services, interaction.user.id, alert)
        if price is not None:
            if query is not None or mode is not None or hour is not None:
                raise UserError(_("A price alert has no query and no digest: change its condition, value or place."))
            await self._edit_price(interaction, price, where, condition, value, repeat)
            return
        one = await self._find(interaction, alert)
        if condition is not None or value is not None or repeat is not None:
            raise UserError(_("This alert is on headlines: change its query, place or mode."))
        changes: dict[str, object] = {}
        if query is not None:
            changes |= {"query": query.strip(), "canonical": follows.read_query(query).canonical, "muted_sources": None}
        if where is not None:
            kind, target_id = place(interaction, where)
            changes |= {"target_kind": kind, "target_id": target_id}
        if mode is not None:
            changes["mode"] = mode
        if hour is not None:
            check_hour(mode or one.mode, hour)
            changes["digest_hour"] = hour
        if not changes:
            raise UserError(_("Nothing to change: give at least one option."))
        changed = await follows.change(self.bot.services, one, **changes)
        await self._tell(interaction, _("Changed:"), changed)

    async def _edit_price(
        self,
        interaction: Interaction,
        alert: PriceAlert,
        where: Where | None,
        condition: Condition | None,
        value: str | None,
        repeat: bool | None,
    ) -> None:
        if where is None and condition is None and value is None and repeat is None:
            raise UserError(_("Nothing to change: give at least one option."))
        parsed = price_alerts.read(alert, condition, value) if condition or value else None
        fields: dict[str, object] = {} if repeat is None else {"repeat": repeat}
        if where is not None:
            fields |= where_to(interaction, where)
        changed = await price_alerts.change(self.bot.services, alert, parsed, **fields)
        lines = [_("Changed:"), price_alerts.line(changed), passed_text(changed)]
        await answer(interaction, "\n".join(filter(None, lines)))

    @app_commands.command(name="pause", description=locale_str("Pause one of your alerts, or let it go on"))
    @app_commands.describe(
        alert=locale_str("Which one"), hours=locale_str("For so many hours; until you resume it if left out")
    )
    async def pause(
        self, interaction: Interaction, alert: str, hours: app_commands.Range[int, 1, 720] | None = None
    ) -> None:
        price = await price_alerts.named(self.bot.services, interaction.user.id, alert)
        if price is not None:
            if price.state == "paused" and hours is None:
                text, stands = _("It goes on:"), await price_alerts.resume(self.bot.services, price)
            else:
                text = _("Paused; use the same command again to go on:")
                stands = await price_alerts.pause(self.bot.services, price, hours)
            await answer(interaction, text + "\n" + price_alerts.line(stands))
            return
        one = await self._find(interaction, alert)
        if one.state == "paused" and hours is None:
            changed = await follows.change(self.bot.services, one, state="active", paused_until=None)
            await self._tell(interaction, _("It goes on:"), changed)
            return
        until = people.hours_from(utcnow(), hours)
        changed = await follows.change(self.bot.services, one, state="paused", paused_until=until)
        await self._tell(interaction, _("Paused; use the same command again to go on:"), changed)

    @app_commands.command(name="remove", description=locale_str("Remove one of your alerts"))
    @app_commands.describe(alert=locale_str("Which one"))
    async def remove(self, interaction: Interaction, alert: str) -> None:
        price = await price_alerts.named(self.bot.services, interaction.user.id, alert)
        if price is not None:
            await price_alerts.remove(self.bot.services, price)
            await answer(interaction, _("Removed the alert on `{query}`.").format(query=describe_alert(price)))
            return
        one = await self._find(interaction, alert)
        await follows.end(self.bot.services, one)
        await answer(interaction, _("Removed the alert on `{query}`.").format(query=code(one.query)))

    @app_commands.command(name="test", description=locale_str("What an alert would have sent in the last days"))
    @app_commands.describe(
        alert=locale_str("Which one"), query=locale_str("Or a query you are only thinking of; nothing is saved")
    )
    async def test(self, interaction: Interaction, alert: str | None = None, query: str | None = None) -> None:
        if query is not None:
            wanted, covers = query.strip(), scope(interaction)
        elif alert is not None:
            price = await price_alerts.named(self.bot.services, interaction.user.id, alert)
            if price is not None:
                await answer(interaction, await price_alerts.tested(self.bot.services, price))
                return
            one = await self._find(interaction, alert)
            wanted, covers = one.query, one.scope_guild_id
        else:
            raise UserError(_("Nothing to test: choose one of your alerts, or give a query."))
        trial = await follows.try_out(self.bot.services, covers, follows.read_query(wanted))
        await answer(interaction, test_text(wanted, trial))

    @app_commands.command(
        name="quiet", description=locale_str("Hours in which nothing is sent to you; it comes in the morning")
    )
    @app_commands.describe(
        start=locale_str("From, such as 22:00; off to end quiet hours; without options you see them"),
        end=locale_str("Until, such as 07:00"),
        timezone=locale_str("Your time zone, such as Europe/Paris"),
    )
    async def quiet(
        self, interaction: Interaction, start: str | None = None, end: str | None = None, timezone: str | None = None
    ) -> None:
        found = await people.set_quiet(self.bot.services, interaction.user.id, start, end, timezone)
        panel = None
        if found.on:
            panel = Panel("quiet")
            panel.button("off", _("Switch off"))
        await answer(interaction, found.text, view=panel)

    async def _quiet_off(self, interaction: discord.Interaction[Any], _act: Act) -> None:
        """Whoever presses is meant."""
        found = await people.set_quiet(self.bot.services, interaction.user.id, people.OFF, None, None)
        await update(interaction, content=found.text)

    async def _again(self, interaction: Interaction, delivery_id: int) -> None:
        """The button under a fired alert's message; ids in buttons can be made up."""
        fired = await price_alerts.fired_by(self.bot.services, interaction.user.id, delivery_id)
        stands = await price_alerts.again(self.bot.services, interaction.user.id, fired)
        await answer(interaction, f"{again_text(stands)}\n{price_alerts.line(stands)}")

    @quiet.autocomplete("timezone")
    async def _zones(self, _interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=name, value=name) for name in people.zones(current)]

    @edit.autocomplete("value")
    async def _suggest_value(self, interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        chosen = interaction.namespace
        alert = await price_alerts.named(self.bot.services, interaction.user.id, str(chosen.alert or ""))
        if alert is None:
            return []
        pairs = price_alerts.suggested(self.bot.services, alert, chosen.condition, current)
        return [app_commands.Choice(name=label[:100], value=value[:100]) for label, value in pairs]

    @edit.autocomplete("alert")
    @pause.autocomplete("alert")
    @remove.autocomplete("alert")
    @test.autocomplete("alert")
    async def _suggest(self, interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        wanted = current.casefold()
        choices = [
            app_commands.Choice(name=f"{one.query}"[:100], value=str(one.id))
            for one in await follows.of_owner(self.bot.services, interaction.user.id)
            if wanted in one.query.casefold() or wanted == str(one.id)
        ]
        if self.bot.services.prices is not None:
            choices += [
                app_commands.Choice(name=one.label[:100], value=one.key)
                for one in await price_alerts.rows(self.bot.services, interaction.user.id)
                if wanted in one.label.casefold() or wanted == one.key
            ]
        return choices[:25]

    async def _tell(self, interaction: Interaction, what: str, one: Subscription) -> None:
        """What was done, and the alert as it stands now."""
        await answer(interaction, f"{what}\n{alert_line(one, await follows.zone(self.bot.services, one))}")

    async def _find(self, interaction: Interaction, text: str) -> Subscription:
        return follows.pick(await follows.of_owner(self.bot.services, interaction.user.id), text)


async def setup(bot: HeadframeBot) -> None:
    await bot.add_cog(Alerts(bot))
