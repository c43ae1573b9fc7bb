"""`/news`: the latest headlines and a search; and what the buttons and menus on posts do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from bot.delivery import render
from bot.delivery.markdown import clamp
from bot.delivery.post import view_of
from bot.desk import follows, news, why
from bot.errors import UserError
from bot.i18n import _, ngettext
from cogs.ui import alert_modal
from cogs.ui.answer import answer, update
from cogs.ui.control import Panel, register
from cogs.ui.pages import Pages
from cogs.ui.places import scope
from cogs.ui.words import code

if TYPE_CHECKING:
    from bot.client import HeadframeBot
    from cogs.ui.control import Act
    from storage.records import Subscription

Interaction = discord.Interaction["HeadframeBot"]


class News(commands.GroupCog, group_name="news", group_description=locale_str("Headlines")):
    """Latest and search, "Why this?", "Save", "Alert me on this"."""

    def __init__(self, bot: HeadframeBot) -> None:
        self.bot = bot
        super().__init__()
        self._menus = [
            app_commands.ContextMenu(name=locale_str("Why this?"), callback=self.why_menu),
            app_commands.ContextMenu(name=locale_str("More like this"), callback=self.more_menu),
            app_commands.ContextMenu(name=locale_str("Mute this source here"), callback=self.mute_menu),
        ]

    async def cog_load(self) -> None:
        for menu in self._menus:
            self.bot.tree.add_command(menu)
        self.bot.press_handlers |= {
            "why": self.press_why,
            "save": self.press_save,
            "alert": self.press_alert,
            "page": self.press_page,
        }
        register(self.bot, "mute", self.mute_pressed)
        register(self.bot, "ask", self.asked)

    async def cog_unload(self) -> None:
        for menu in self._menus:
            self.bot.tree.remove_command(menu.name, type=menu.type)

    @app_commands.command(name="latest", description=locale_str("The newest headlines"))
    @app_commands.describe(
        mineral=locale_str("Only about this mineral"),
        topic=locale_str("Only on this topic"),
        source=locale_str("Only from this source"),
        share=locale_str("Show the answer to everyone here"),
    )
    async def latest(
        self,
        interaction: Interaction,
        mineral: str | None = None,
        topic: str | None = None,
        source: str | None = None,
        share: bool = False,
    ) -> None:
        slug = _mineral(self.bot, mineral) if mineral else None
        subject = _topic(topic) if topic else None
        found = await news.latest(self.bot.services, scope(interaction), mineral=slug, topic=subject, source=source)
        if not found:
            await answer(interaction, news.nothing(mineral=mineral, topic=topic, source=source))
            return
        pages = Pages(_("Latest headlines"), [news.line(entry) for entry in found], per_page=8)
        await answer(interaction, embed=pages.embed(), view=pages if pages.count > 1 else None, share=share)

    @latest.autocomplete("mineral")
    async def _minerals(self, _interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=n[:100], value=s) for n, s in news.minerals(current)]

    @latest.autocomplete("topic")
    async def _topics(self, _interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=name, value=slug) for name, slug in news.topics(current)]

    @latest.autocomplete("source")
    async def _sources(self, interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        hosts = await news.sources(self.bot.services, scope(interaction), current)
        return [app_commands.Choice(name=host[:100], value=host[:100]) for host in hosts]

    @app_commands.command(name="search", description=locale_str("Search the headlines of the last 30 days"))
    @app_commands.describe(
        query=locale_str('Words, "phrases", OR, -without, mineral:gold, topic:deals …'),
        share=locale_str("Show the answer to everyone here"),
    )
    async def search(self, interaction: Interaction, query: str, share: bool = False) -> None:
        parsed = follows.read_query(query)
        found, total, _since = await follows.recent_matches(
            self.bot.services, scope(interaction), parsed, days=30, limit=news.SHOWN
        )
        if not found:
            await answer(
                interaction,
                _("Nothing in the last 30 days. Try fewer words, or `OR` between them; see `/help alerts`."),
            )
            return
        title = ngettext("{n} headline found", "{n} headlines found", total).format(n=total)
        pages = Pages(title, [news.line(entry) for entry in found], per_page=8)
        await answer(interaction, embed=pages.embed(), view=pages if pages.count > 1 else None, share=share)

    # -- buttons under posts, and the menus of messages ------------------------------------------------------------

    async def press_why(self, interaction: Interaction, delivery_id: int) -> None:
        await self._why(interaction, await why.of_delivery(self.bot.services, delivery_id))

    async def why_menu(self, interaction: Interaction, message: discord.Message) -> None:
        await self._why(interaction, await why.of_message(self.bot.services, message.id))

    async def _why(self, interaction: Interaction, found: list[why.Why]) -> None:
        self._check_reach(interaction, found)
        lines = [
            why.text(one, private=one.subscription is not None and one.subscription.owner_id == interaction.user.id)
            for one in found
        ]
        pages = Pages(_("Why this came"), lines, per_page=1)
        await answer(interaction, embed=pages.embed(), view=pages if pages.count > 1 else None)

    async def press_save(self, interaction: Interaction, delivery_id: int) -> None:
        found = await why.of_delivery(self.bot.services, delivery_id)
        self._check_reach(interaction, found)
        post = render.headlines([view_of(one.delivery.id, one.lines) for one in found if one.lines][:10], "embed")
        try:
            await interaction.user.send(embeds=list(post.embeds))
        except discord.Forbidden:
            raise UserError(
                _("I can't write to you. Allow direct messages from this server's members and press again.")
            ) from None
        await answer(interaction, _("Saved to your direct messages."))

    async def press_alert(self, interaction: Interaction, delivery_id: int) -> None:
        found = await why.of_delivery(self.bot.services, delivery_id)
        self._check_reach(interaction, found)
        await alert_modal.offer(interaction, self.bot, found)

    async def asked(self, interaction: discord.Interaction[Any], act: Act) -> None:
        """The menu of a folded message's headlines; each names a delivery."""
        named = _delivery_id(act.values[0] if act.values else "")
        found = await why.of_delivery(self.bot.services, named)
        self._check_reach(interaction, found)
        await alert_modal.offer(interaction, self.bot, [one for one in found if one.delivery.id == named])

    async def more_menu(self, interaction: Interaction, message: discord.Message) -> None:
        found = await why.of_message(self.bot.services, message.id)
        self._check_reach(interaction, found)
        await alert_modal.offer(interaction, self.bot, found)

    async def press_page(self, interaction: Interaction, delivery_id: int) -> None:
        found = await why.of_delivery(self.bot.services, delivery_id)
        self._check_reach(interaction, found)
        lines = [render.text_line(view_of(one.delivery.id, one.lines), 450) for one in found if one.lines]
        pages = Pages(
            ngettext("{n} headline", "{n} headlines", len(lines)).format(n=len(lines)),
            lines,
            per_page=6,
        )
        await answer(interaction, embed=pages.embed(), view=pages if pages.count > 1 else None)

    async def mute_menu(self, interaction: Interaction, message: discord.Message) -> None:
        found = await why.of_message(self.bot.services, message.id)
        self._check_reach(interaction, found)
        choices = self._mutable(interaction, found)
        if len(choices) == 1:
            await self._mute(interaction, *choices[0], fresh=True)
            return
        panel = Panel("mute")
        options = [
            discord.SelectOption(label=host[:100], description=sub.query[:100], value=f"{one.delivery.id}")
            for one, sub, host in choices[:25]
        ]
        panel.menu("pick", _("Which source?"), options)
        await answer(
            interaction, _("This message holds news of several sources. Which one shall be muted?"), view=panel
        )

    async def mute_pressed(self, interaction: discord.Interaction[Any], act: Act) -> None:
        """The menu of sources, and the button that takes a muting back; each names a delivery."""
        named = _delivery_id(act.values[0] if act.values else act.arg(0))
        found = await why.of_delivery(self.bot.services, named)
        self._check_reach(interaction, found)
        for one, sub, host in self._mutable(interaction, found):
            if one.delivery.id == named:
                await self._mute(interaction, one, sub, host, end=act.what == "end")
                return
        raise UserError(_("The subscription it came by has ended. There is nothing to mute."))

    def _mutable(
        self, interaction: discord.Interaction[Any], found: list[why.Why]
    ) -> list[tuple[why.Why, Subscription, str]]:
        """What this person may mute of a message: a source once for each subscription. Raises for none."""
        subscribed = [(one, one.subscription) for one in found if one.subscription is not None and one.lines]
        if not subscribed:
            raise UserError(_("The subscription it came by has ended. There is nothing to mute."))
        moderates = interaction.permissions.manage_channels and interaction.guild_id is not None
        mine = [(one, sub) for one, sub in subscribed if moderates or sub.owner_id == interaction.user.id]
        if not mine:
            raise app_commands.MissingPermissions(["manage_channels"])
        unique = {(sub.id, host): (one, sub, host) for one, sub in mine for host in why.source_hosts([one])[:1]}
        return list(unique.values())

    async def _mute(
        self,
        interaction: discord.Interaction[Any],
        one: why.Why,
        sub: Subscription,
        host: str,
        *,
        end: bool = False,
        fresh: bool = False,
    ) -> None:
        before = {str(name) for name in sub.muted_sources or []}
        muted = sorted(before - {host} if end else before | {host})[:50]
        await follows.change(self.bot.services, sub, muted_sources=muted or None)
        panel = None
        if end:
            text = _("{source} is heard again in {where}, for {what}.")
        else:
            text = _("{source} is muted in {where}, for {what}.")
            panel = Panel("mute")
            panel.button("end", _("Hear it again"), one.delivery.id)
        where = _("your direct messages") if sub.target_kind == "user" else f"<#{sub.target_id}>"
        what = _("every headline") if sub.canonical == "*" else f"`{code(sub.query)}`"
        text = text.format(source=clamp(host, 100), where=where, what=what)
        if fresh:
            await answer(interaction, text, view=panel)
        else:
            await update(interaction, content=text, view=panel)

    def _check_reach(self, interaction: discord.Interaction[Any], found: list[why.Why]) -> None:
        """Ids in buttons can be made up: nobody learns of another server's posts by them."""
        if not any(one.lines for one in found):
            raise UserError(_("This is not a headline of mine, or it is older than I remember."))
        row = found[0].delivery
        theirs = row.guild_id == interaction.guild_id if row.guild_id else row.target_id == interaction.user.id
        if not theirs:
            raise UserError(_("This is not a headline of mine, or it is older than I remember."))


def _delivery_id(text: str) -> int:
    """What a custom id or a menu names; 0, which no delivery has, for what can be no id."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _mineral(bot: HeadframeBot, text: str) -> str:
    if text in bot.services.catalogue.minerals:
        return text
    found = news.minerals(text)
    if not found:
        raise UserError(
            _("I know no mineral called `{name}`. Pick one of the suggestions.").format(
                name=text[:50].replace("`", "'")
            )
        )
    return found[0][1]


def _topic(text: str) -> str:
    found = news.topics(text)
    if not found:
        raise UserError(
            _("I know no topic called `{name}`. Pick one of the suggestions.").format(name=text[:50].replace("`", "'"))
        )
    return found[0][1]


async def setup(bot: HeadframeBot) -> None:
    await bot.add_cog(News(bot))
