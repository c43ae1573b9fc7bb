"""`/channel`: what the channels of a server follow. For those who may manage channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from bot.desk import follows, looks
from bot.errors import UserError
from bot.i18n import _
from cogs.ui.answer import answer
from cogs.ui.choices import MODES, STYLES, Mode, Style
from cogs.ui.control import register
from cogs.ui.manage import Manage
from cogs.ui.places import check_channel
from cogs.ui.shelves import FollowShelf
from cogs.ui.words import (
    check_hour,
    code,
    count_text,
    follow_line,
    mode_text,
    newest_text,
    noise_text,
    test_text,
)
from storage.records import NewSubscription

if TYPE_CHECKING:
    from bot.client import HeadframeBot
    from storage.records import Subscription

Interaction = discord.Interaction["HeadframeBot"]
Channel = discord.TextChannel | discord.Thread | discord.ForumChannel | discord.VoiceChannel
_PICTURE_BYTES = 1024 * 1024


@app_commands.default_permissions(manage_channels=True)
@app_commands.allowed_installs(guilds=True, users=False)
@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
class Channels(
    commands.GroupCog, group_name="channel", group_description=locale_str("What the channels of this server follow")
):
    """Follow, list, edit, unfollow."""

    def __init__(self, bot: HeadframeBot) -> None:
        self.bot = bot
        self.manage = Manage(bot, "follows", FollowShelf(bot.services))
        super().__init__()

    async def cog_load(self) -> None:
        register(self.bot, "follows", self.manage)

    @app_commands.command(name="follow", description=locale_str("Post matching headlines in a channel"))
    @app_commands.describe(
        query=locale_str('What to follow, such as: gold OR silver, "drill results", mineral:lithium'),
        channel=locale_str("Where to post; this channel if left out"),
        mode=locale_str("At once, or as an hourly or daily digest"),
        role=locale_str("A role to ping"),
        max_per_hour=locale_str("At most so many posts an hour; the rest comes folded"),
        hour=locale_str("Hour of a daily digest, 0 to 23, in the server's time zone; 8 if left out"),
    )
    @app_commands.checks.has_permissions(manage_channels=True)
    @app_commands.choices(mode=MODES)
    async def follow(
        self,
        interaction: Interaction,
        query: str,
        channel: Channel | None = None,
        mode: Mode = "instant",
        role: discord.Role | None = None,
        max_per_hour: app_commands.Range[int, 1, 1000] | None = None,
        hour: app_commands.Range[int, 0, 23] | None = None,
    ) -> None:
        guild_id = _guild(interaction)
        check_hour(mode, hour)
        target_id = channel.id if channel else interaction.channel_id or 0
        parsed = follows.read_query(query)
        await check_channel(interaction, target_id)
        if role is not None and role.is_default():
            raise UserError(_("I never ping everyone. Choose another role."))
        new = NewSubscription(
            scope_guild_id=guild_id,
            target_kind="channel",
            target_id=target_id,
            query=query.strip(),
            canonical=parsed.canonical,
            created_by=interaction.user.id,
            mode=mode,
            digest_hour=hour,
            role_id=role.id if role else None,
            max_per_hour=max_per_hour,
        )
        made, fresh = await follows.follow(self.bot.services, new)
        if not fresh:
            text = _("<#{channel}> follows `{query}` already; change it with `/channel edit`.")
            await answer(interaction, text.format(channel=target_id, query=code(made.query)))
            return
        zone = await follows.zone(self.bot.services, made)
        lines = [
            _("<#{channel}> now follows `{query}`, {mode}.").format(
                channel=target_id, query=code(made.query), mode=mode_text(made.mode, made.digest_hour, zone)
            )
        ]
        trial = await follows.try_out(self.bot.services, guild_id, parsed)
        lines += [count_text(made.query, trial), newest_text(trial), noise_text(trial)]
        await answer(interaction, "\n".join(line for line in lines if line))

    @app_commands.command(name="list", description=locale_str("What the channels of this server follow"))
    @app_commands.checks.has_permissions(manage_channels=True)
    async def list_(self, interaction: Interaction) -> None:
        await self.manage.begin(interaction)

    @app_commands.command(name="edit", description=locale_str("Change what a channel follows"))
    @app_commands.describe(
        follow=locale_str("Which one"),
        query=locale_str("A new query"),
        mode=locale_str("At once, or as an hourly or daily digest"),
        role=locale_str("A role to ping"),
        max_per_hour=locale_str("At most so many posts an hour; 0 for no limit"),
        channel=locale_str("Move it to another channel"),
        paused=locale_str("Pause it, or go on"),
        hour=locale_str("Hour of a daily digest, 0 to 23, in the server's time zone"),
    )
    @app_commands.checks.has_permissions(manage_channels=True)
    @app_commands.choices(mode=MODES)
    async def edit(
        self,
        interaction: Interaction,
        follow: str,
        query: str | None = None,
        mode: Mode | None = None,
        role: discord.Role | None = None,
        max_per_hour: app_commands.Range[int, 0, 1000] | None = None,
        channel: Channel | None = None,
        paused: bool | None = None,
        hour: app_commands.Range[int, 0, 23] | None = None,
    ) -> None:
        one = await self._find(interaction, follow)
        changes: dict[str, object] = {}
        if query is not None:
            changes |= {"query": query.strip(), "canonical": follows.read_query(query).canonical, "muted_sources": None}
        if mode is not None:
            changes["mode"] = mode
        if hour is not None:
            check_hour(mode or one.mode, hour)
            changes["digest_hour"] = hour
        if role is not None:
            changes["role_id"] = None if role.is_default() else role.id
        if max_per_hour is not None:
            changes["max_per_hour"] = max_per_hour or None
        if channel is not None:
            await check_channel(interaction, channel.id)
            changes["target_id"] = channel.id
        if paused is not None:
            changes |= {"state": "paused" if paused else "active", "paused_until": None}
        if not changes:
            raise UserError(_("Nothing to change: give at least one option."))
        changed = await follows.change(self.bot.services, one, **changes)
        zone = await follows.zone(self.bot.services, changed)
        await answer(interaction, _("Changed:") + "\n" + follow_line(changed, None, zone))

    @app_commands.command(name="test", description=locale_str("What a query would have brought in the last 7 days"))
    @app_commands.describe(query=locale_str("The query you are thinking of; nothing is saved"))
    @app_commands.checks.has_permissions(manage_channels=True)
    async def test(self, interaction: Interaction, query: str) -> None:
        trial = await follows.try_out(self.bot.services, _guild(interaction), follows.read_query(query))
        await answer(interaction, test_text(query.strip(), trial))

    @app_commands.command(name="look", description=locale_str("How a channel's posts look, and its quiet hours"))
    @app_commands.describe(
        channel=locale_str("Which channel; this one if left out"),
        style=locale_str("Compact lines, embeds or cards"),
        name=locale_str("Post under a name of its own (a webhook); - to post as me again"),
        picture=locale_str("A picture for that name, at most 1 MB"),
        publish=locale_str("Announcement channels: publish posts to the servers that follow it"),
        quiet=locale_str("Hours in which nothing is posted, such as 22:00-07:00; off to end them"),
    )
    @app_commands.checks.has_permissions(manage_channels=True)
    @app_commands.choices(style=STYLES)
    async def look(
        self,
        interaction: Interaction,
        channel: Channel | None = None,
        style: Style | None = None,
        name: app_commands.Range[str, 1, 80] | None = None,
        picture: discord.Attachment | None = None,
        publish: bool | None = None,
        quiet: str | None = None,
    ) -> None:
        target_id = channel.id if channel else interaction.channel_id or 0
        await check_channel(interaction, target_id)
        if picture is not None and (
            picture.size > _PICTURE_BYTES or not (picture.content_type or "").startswith("image/")
        ):
            raise UserError(_("The picture must be an image of at most 1 MB."))
        wish = looks.Look(style, name, await picture.read() if picture else None, publish, quiet)
        stored = await looks.change(self.bot.services, self.bot, target_id, _guild(interaction), wish)
        await answer(interaction, looks.text(stored))

    @app_commands.command(name="unfollow", description=locale_str("Stop following a query in a channel"))
    @app_commands.describe(follow=locale_str("Which one"))
    @app_commands.checks.has_permissions(manage_channels=True)
    async def unfollow(self, interaction: Interaction, follow: str) -> None:
        one = await self._find(interaction, follow)
        await follows.end(self.bot.services, one)
        text = _("<#{channel}> no longer follows `{query}`.")
        await answer(interaction, text.format(channel=one.target_id, query=code(one.query)))

    @edit.autocomplete("follow")
    @unfollow.autocomplete("follow")
    async def _suggest(self, interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        guild = interaction.guild
        if guild is None or not interaction.permissions.manage_channels:
            return []
        choices = []
        for one in await follows.of_guild(self.bot.services, _guild(interaction)):
            channel = guild.get_channel_or_thread(one.target_id)
            label = f"#{channel.name if channel else one.target_id} · {one.query}"
            if current.casefold() in label.casefold():
                choices.append(app_commands.Choice(name=label[:100], value=str(one.id)))
        return choices[:25]

    async def _find(self, interaction: Interaction, text: str) -> Subscription:
        return follows.pick(await follows.of_guild(self.bot.services, _guild(interaction)), text)


def _guild(interaction: Interaction) -> int:
    if interaction.guild_id is None:
        raise app_commands.NoPrivateMessage
    return interaction.guild_id


async def setup(bot: HeadframeBot) -> None:
    await bot.add_cog(Channels(bot))
