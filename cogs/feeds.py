"""`/feed`: which feeds a server reads. For those who may manage the server."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from bot.delivery.markdown import clamp_plain, escape
from bot.desk import feed_files, feed_options
from bot.desk import feeds as desk
from bot.errors import UserError
from bot.feeds.model import FaultKind
from bot.feeds.reasons import advice, reason
from bot.i18n import _, ngettext
from cogs.ui.answer import answer, think, update
from cogs.ui.asked import AskedView
from cogs.ui.pages import Pages

if TYPE_CHECKING:
    from bot.client import HeadframeBot
    from storage.feeds import GuildFeed

Interaction = discord.Interaction["HeadframeBot"]
_MAX_FILE = 2 * 1024 * 1024


@app_commands.default_permissions(manage_guild=True)
@app_commands.allowed_installs(guilds=True, users=False)
@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
class Feeds(commands.GroupCog, group_name="feed", group_description=locale_str("Which feeds this server reads")):
    """Adding, listing, removing; import and export."""

    def __init__(self, bot: HeadframeBot) -> None:
        self.bot = bot
        super().__init__()

    @app_commands.command(name="add", description=locale_str("Read a feed, or find the feeds of a site"))
    @app_commands.describe(url=locale_str("A feed, a site, or a name from the directory"))
    @app_commands.checks.has_permissions(manage_guild=True)
    async def add(self, interaction: Interaction, url: str) -> None:
        await think(interaction)
        await self._add(interaction, url)

    async def _add(self, interaction: Interaction, url: str, *, rule: str | None = None, explore: bool = True) -> None:
        result = await desk.add(
            self.bot.services, _guild(interaction), url, by=interaction.user.id, rule=rule, explore=explore
        )
        if isinstance(result, desk.Choice):
            await answer(interaction, _("This page offers several feeds. Which one?"), view=_Choice(self, result))
        elif isinstance(result, desk.PagePreview):
            lines = "\n".join(f"- {clamp_plain(title, 120)}" for title, _link in result.headlines)
            text = _(
                "This page names no feed, but I can follow the page itself. "
                "These would be its headlines; are they right?"
            )
            await answer(interaction, f"{text}\n{lines}", view=_Accept(self, result))
        else:
            await answer(interaction, _added(result), view=None)

    @add.autocomplete("url")
    async def _suggest(self, interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        if not _may(interaction):
            return []
        known = await desk.of_guild(self.bot.services, _guild(interaction))
        return [app_commands.Choice(name=name, value=url) for name, url in desk.suggestions(current, known)]

    @app_commands.command(name="list", description=locale_str("The feeds this server reads"))
    @app_commands.checks.has_permissions(manage_guild=True)
    async def list_(self, interaction: Interaction) -> None:
        mine = await desk.of_guild(self.bot.services, _guild(interaction))
        if not mine:
            await answer(interaction, _("No feeds yet. Add one with `/feed add`."))
            return
        title = ngettext("{n} feed", "{n} feeds", len(mine)).format(n=len(mine))
        pages = Pages(title, [_line(one) for one in mine])
        await answer(interaction, embed=pages.embed(), view=pages if pages.count > 1 else None)

    @app_commands.command(name="remove", description=locale_str("Stop reading a feed"))
    @app_commands.describe(feed=locale_str("Which feed"))
    @app_commands.checks.has_permissions(manage_guild=True)
    async def remove(self, interaction: Interaction, feed: str) -> None:
        found = await desk.find(self.bot.services, _guild(interaction), feed)
        await desk.remove(self.bot.services, _guild(interaction), found.id)
        await answer(
            interaction,
            _("Removed {name}. Nothing of it is posted here any more.").format(name=_name(found.title, found.url)),
        )

    async def _mine(self, interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        if not _may(interaction):
            return []
        wanted = current.casefold()
        return [
            app_commands.Choice(name=f"{one.feed.title or one.feed.url}"[:100], value=str(one.feed.id))
            for one in await desk.of_guild(self.bot.services, _guild(interaction))
            if wanted in (one.feed.title or "").casefold() or wanted in one.feed.url.casefold()
        ][:25]

    @app_commands.command(name="health", description=locale_str("How each feed is doing"))
    @app_commands.checks.has_permissions(manage_guild=True)
    async def health(self, interaction: Interaction) -> None:
        mine = await desk.of_guild(self.bot.services, _guild(interaction))
        if not mine:
            await answer(interaction, _("No feeds yet. Add one with `/feed add`."))
            return
        mine.sort(key=lambda one: (one.feed.failing_since is None, one.feed.title or one.feed.url))
        pages = Pages(_("Health of the feeds"), [_health(one) for one in mine], per_page=6)
        await answer(interaction, embed=pages.embed(), view=pages if pages.count > 1 else None)

    @app_commands.command(name="zone", description=locale_str("Time zone of a feed whose dates name none"))
    @app_commands.describe(feed=locale_str("Which feed"), timezone=locale_str("Such as America/Toronto; empty: UTC"))
    @app_commands.checks.has_permissions(manage_guild=True)
    async def zone(self, interaction: Interaction, feed: str, timezone: str | None = None) -> None:
        found = await feed_options.set_zone(
            self.bot.services, _guild(interaction), feed, timezone, by=interaction.user.id
        )
        text = _("Dates of {name} that name no zone are read as {zone} from now on.")
        await answer(interaction, text.format(name=_name(found.title, found.url), zone=timezone or "UTC"))

    @app_commands.command(name="agent", description=locale_str("For the operator: another User-Agent for one feed"))
    @app_commands.describe(
        feed=locale_str("A feed of this server, or the address of one that refuses Headframe"),
        user_agent=locale_str("What to send; empty: the usual one"),
    )
    @app_commands.checks.has_permissions(manage_guild=True)
    async def agent(self, interaction: Interaction, feed: str, user_agent: str | None = None) -> None:
        await think(interaction)
        found = await feed_options.set_agent(
            self.bot.services, _guild(interaction), feed, user_agent, by=interaction.user.id
        )
        text = _("{name} is asked with that user agent.") if user_agent else _("{name} is asked with the usual one.")
        await answer(interaction, text.format(name=_name(found.title, found.url)))

    @app_commands.command(name="import", description=locale_str("Add the feeds of an OPML file"))
    @app_commands.describe(file=locale_str("An OPML file, as feed readers export it"))
    @app_commands.checks.has_permissions(manage_guild=True)
    async def import_(self, interaction: Interaction, file: discord.Attachment) -> None:
        if file.size > _MAX_FILE:
            raise UserError(_("The file is larger than {limit} MiB; split it.").format(limit=2))
        await think(interaction)
        lines: list[feed_files.ImportLine] = []
        async for line, done, total in feed_files.import_opml(
            self.bot.services, _guild(interaction), await file.read(), by=interaction.user.id
        ):
            lines.append(line)
            if done % 10 == 0 and done < total:
                await answer(interaction, _("Reading feeds: {done} of {total} …").format(done=done, total=total))
        counts = {state: sum(line.state == state for line in lines) for state in ("added", "already", "failed")}
        text = _("{added} added, {already} already there, {failed} could not be read.").format(**counts)
        report = "\n".join(f"{line.state}\t{line.url}\t{line.detail}" for line in lines)
        files = [discord.File(io.BytesIO(report.encode()), "import-report.txt")] if lines else []
        await answer(interaction, text, files=files)

    @app_commands.command(name="export", description=locale_str("This server's feeds as an OPML file"))
    @app_commands.checks.has_permissions(manage_guild=True)
    async def export(self, interaction: Interaction) -> None:
        data = await feed_files.export_opml(self.bot.services, _guild(interaction))
        await answer(
            interaction, _("Your feeds, for any feed reader."), files=[discord.File(io.BytesIO(data), "feeds.opml")]
        )

    for command in (remove, zone, agent):
        command.autocomplete("feed")(_mine)


class _Choice(AskedView):
    """Which of a page's feeds to read."""

    def __init__(self, cog: Feeds, choice: desk.Choice) -> None:
        super().__init__()
        self._cog = cog
        self._urls = [url for url, _title in choice.options[:25]]
        self._pick: discord.ui.Select[_Choice] = discord.ui.Select(
            placeholder=_("Choose a feed"),
            options=[
                discord.SelectOption(label=title[:100] or url[:100], description=url[:100], value=str(index))
                for index, (url, title) in enumerate(choice.options[:25])
            ],
        )
        self._pick.callback = self._picked  # type: ignore[method-assign, assignment]
        self.add_item(self._pick)

    async def _picked(self, interaction: Interaction) -> None:
        await update(interaction, content=_("Reading …"))
        try:
            await self._cog._add(interaction, self._urls[int(self._pick.values[0])], explore=False)
        except UserError as error:
            await answer(interaction, str(error))


class _Accept(AskedView):
    """Whether a page without a feed is to be followed as a page."""

    def __init__(self, cog: Feeds, preview: desk.PagePreview) -> None:
        super().__init__()
        self._cog = cog
        self._preview = preview
        self.yes.label = _("Yes, follow this page")
        self.no.label = _("No")

    @discord.ui.button(style=discord.ButtonStyle.success)
    async def yes(self, interaction: Interaction, _button: discord.ui.Button[_Accept]) -> None:
        await update(interaction, content=_("Reading …"))
        try:
            await self._cog._add(interaction, self._preview.url, rule=self._preview.rule, explore=False)
        except UserError as error:
            await answer(interaction, str(error))

    @discord.ui.button(style=discord.ButtonStyle.secondary)
    async def no(self, interaction: Interaction, _button: discord.ui.Button[_Accept]) -> None:
        await update(interaction, content=_("Nothing was added."))


def _may(interaction: discord.Interaction[Any]) -> bool:
    """Whether suggestions may be given: they tell what a server reads."""
    return interaction.guild_id is not None and interaction.permissions.manage_guild


def _guild(interaction: discord.Interaction[Any]) -> int:
    if interaction.guild_id is None:
        raise app_commands.NoPrivateMessage
    return interaction.guild_id


def _name(title: str | None, url: str) -> str:
    return f"**{clamp_plain(title, 120)}** (<{url}>)" if title else f"<{url}>"


def _added(result: desk.Added) -> str:
    name = _name(result.feed.title, result.feed.url)
    if result.already:
        return _("This server reads {name} already.").format(name=name)
    lines = [_("Added {name}.").format(name=name)]
    if result.count:
        lines.append(
            ngettext(
                "It holds {n} headline now, which counts as seen; new ones go to the channels that follow them.",
                "It holds {n} headlines now, which count as seen; new ones go to the channels that follow them.",
                result.count,
            ).format(n=result.count)
        )
    if result.newest is not None:
        lines.append(_("The newest: {title}").format(title=clamp_plain(result.newest.title, 300)))
    if result.warnings:
        lines.append(_("Note: {notes}").format(notes=escape("; ".join(result.warnings[:3]))))
    return "\n".join(lines)


def _line(one: GuildFeed) -> str:
    mark = "⚠ " if one.feed.failing_since or one.feed.state != "active" else ""
    week = ngettext("{n} item this week", "{n} items this week", one.items_last_week).format(n=one.items_last_week)
    return f"{mark}{_name(one.feed.title, one.feed.url)} · {week}"


def _health(one: GuildFeed) -> str:
    feed = one.feed
    lines = [_line(one)]
    kind = FaultKind(feed.fault_kind) if feed.fault_kind else None
    if feed.state == "retired":
        return (
            lines[0]
            + "\n-# "
            + _("Retired: {why} {do}").format(
                why=reason(kind or FaultKind.GONE, feed.fault_detail), do=advice(kind or FaultKind.GONE)
            )
        )
    if feed.last_success_at:
        lines.append(_("Last read <t:{at}:R>").format(at=int(feed.last_success_at.timestamp())))
    if feed.failing_since:
        since = int(feed.failing_since.timestamp())
        lines.append(
            _("Failing since <t:{at}:f>: {why}").format(at=since, why=reason(kind or FaultKind.HTTP, feed.fault_detail))
        )
    lines.append(_("next <t:{at}:R>").format(at=int(feed.next_poll_at.timestamp())))
    return lines[0] + "\n-# " + " · ".join(lines[1:])


async def setup(bot: HeadframeBot) -> None:
    await bot.add_cog(Feeds(bot))
