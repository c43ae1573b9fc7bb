"""`/news`: the latest headlines and a search; and what the buttons and menus on posts do."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from cogs.ui.answer import answer
from cogs.ui.pages import Pages

if TYPE_CHECKING:
    from bot.client import HeadframeBot

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
        found = await news.latest(
            self.bot.services, interaction.guild_id or 0, mineral=slug, topic=subject, source=source
        )
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
        hosts = await news.sources(self.bot.services, interaction.guild_id or 0, current)
        return [app_commands.Choice(name=host[:100], value=host[:100]) for host in hosts]

    @app_commands.command(name="search", description=locale_str("Search the headlines of the last 30 days"))
    @app_commands.describe(
        query=locale_str('Words, "phrases", OR, -without, mineral:gold, topic:deals …'),
        share=locale_str("Show the answer to everyone here"),
    )
    async def search(self, interaction: Interaction, query: str, share: bool = False) -> None:
        parsed = follows.read_query(query)
        found, total, _since = await follows.recent_matches(
            self.bot.services, interaction.guild_id or 0, parsed, days=30, limit=news.SHOWN
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
        await alert_modal.offer(interaction, self.bot, [one.lines[0] for one in found if one.lines])

    async def more_menu(self, interaction: Interaction, message: discord.Message) -> None:
        found = await why.of_message(self.bot.services, message.id)
        self._check_reach(interaction, found)
        await alert_modal.offer(interaction, self.bot, [one.lines[0] for one in found if one.lines])

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
        sub = found[0].subscription
        if sub is None:
            raise UserError(_("The subscription it came by has ended."))
        mine = sub.owner_id == interaction.user.id
        if not mine and not interaction.permissions.manage_channels:
            raise app_commands.MissingPermissions(["manage_channels"])
        hosts = why.source_hosts(found[:1])[:1]
        muted = sorted({*map(str, sub.muted_sources or []), *hosts})[:50]
        await follows.change(self.bot.services, sub, muted_sources=muted)
        text = _("{source} is muted for `{query}`. `/channel edit` or `/alert edit` with a new query ends that.")
        await answer(interaction, text.format(source=clamp(", ".join(hosts), 100), query=sub.query.replace("`", "'")))

    def _check_reach(self, interaction: Interaction, found: list[why.Why]) -> None:
        """Ids in buttons can be made up: nobody learns of another server's posts by them."""
        if not any(one.lines for one in found):
            raise UserError(_("This is not a headline of mine, or it is older than I remember."))
        row = found[0].delivery
        theirs = row.guild_id == interaction.guild_id if row.guild_id else row.target_id == interaction.user.id
        if not theirs:
            raise UserError(_("This is not a headline of mine, or it is older than I remember."))


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
