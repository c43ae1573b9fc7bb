"""`/channel`: what the channels of a server follow. For those who may manage channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from bot.delivery.markdown import clamp_plain
from bot.delivery.places import missing_permissions
from bot.delivery.routes import permission_name, reason_text
from bot.desk import follows
from bot.errors import UserError
from bot.i18n import _, language, ngettext
from cogs.ui.answer import answer
from cogs.ui.pages import Pages
from cogs.ui.words import mode_text
from storage.records import NewSubscription, Target

if TYPE_CHECKING:
    from bot.client import HeadframeBot
    from storage.records import Subscription

Interaction = discord.Interaction["HeadframeBot"]
Channel = discord.TextChannel | discord.Thread | discord.ForumChannel | discord.VoiceChannel
Mode = Literal["instant", "hourly", "daily"]


@app_commands.default_permissions(manage_channels=True)
@app_commands.guild_only()
class Channels(
    commands.GroupCog, group_name="channel", group_description=locale_str("What the channels of this server follow")
):
    """Follow, list, edit, unfollow."""

    def __init__(self, bot: HeadframeBot) -> None:
        self.bot = bot
        super().__init__()

    @app_commands.command(name="follow", description=locale_str("Post matching headlines in a channel"))
    @app_commands.describe(
        query=locale_str('What to follow, such as: gold OR silver, "drill results", mineral:lithium'),
        channel=locale_str("Where to post; this channel if left out"),
        mode=locale_str("At once, or as an hourly or daily digest"),
        role=locale_str("A role to ping"),
        max_per_hour=locale_str("At most so many posts an hour; the rest comes folded"),
    )
    @app_commands.checks.has_permissions(manage_channels=True)
    async def follow(
        self,
        interaction: Interaction,
        query: str,
        channel: Channel | None = None,
        mode: Mode = "instant",
        role: discord.Role | None = None,
        max_per_hour: app_commands.Range[int, 1, 1000] | None = None,
    ) -> None:
        guild_id = _guild(interaction)
        target_id = channel.id if channel else interaction.channel_id or 0
        parsed = follows.read_query(query)
        self._check_place(interaction, target_id)
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
            role_id=role.id if role else None,
            max_per_hour=max_per_hour,
        )
        made, fresh = await follows.follow(self.bot.services, new)
        if not fresh:
            text = _("<#{channel}> follows `{query}` already; change it with `/channel edit`.")
            await answer(interaction, text.format(channel=target_id, query=_code(made.query)))
            return
        lines = [
            _("<#{channel}> now follows `{query}`, {mode}.").format(
                channel=target_id, query=_code(made.query), mode=mode_text(made.mode)
            )
        ]
        found, total, _since = await follows.recent_matches(self.bot.services, guild_id, parsed, limit=1)
        if found:
            lines.append(
                ngettext(
                    "In the last 7 days {n} headline matched; the newest: {title}",
                    "In the last 7 days {n} headlines matched; the newest: {title}",
                    total,
                ).format(n=total, title=clamp_plain(found[0].title, 250))
            )
        else:
            lines.append(_("Nothing of the last 7 days matched; new headlines are posted as they come."))
        await answer(interaction, "\n".join(lines))

    def _check_place(self, interaction: Interaction, channel_id: int) -> None:
        """The person may write there, and so may the bot: said now rather than with the first headline."""
        channel = interaction.guild.get_channel_or_thread(channel_id) if interaction.guild else None
        if channel is None:
            return
        if isinstance(interaction.user, discord.Member) and not channel.permissions_for(interaction.user).view_channel:
            raise UserError(_("You can't see that channel yourself."))
        missing = missing_permissions(channel)
        if missing:
            names = ", ".join(permission_name(name) for name in missing)
            raise UserError(
                _("I can't post in <#{channel}>: I lack {names}. Grant it and try again.").format(
                    channel=channel_id, names=names
                )
            )

    @app_commands.command(name="list", description=locale_str("What the channels of this server follow"))
    @app_commands.checks.has_permissions(manage_channels=True)
    async def list_(self, interaction: Interaction) -> None:
        mine = await follows.of_guild(self.bot.services, _guild(interaction))
        if not mine:
            await answer(interaction, _("No channel follows anything yet. Begin with `/channel follow`."))
            return
        title = ngettext("{n} query followed", "{n} queries followed", len(mine)).format(n=len(mine))
        pages = Pages(title, [self._line(one) for one in mine], language=language())
        await answer(interaction, embed=pages.embed(), view=pages if pages.count > 1 else None)

    def _line(self, one: Subscription) -> str:
        parts = [f"<#{one.target_id}> `{_code(one.query)}`", mode_text(one.mode)]
        if one.role_id:
            parts.append(f"<@&{one.role_id}>")
        if one.max_per_hour:
            parts.append(_("at most {n} an hour").format(n=one.max_per_hour))
        if one.state == "paused":
            until = f" <t:{int(one.paused_until.timestamp())}:R>" if one.paused_until else ""
            parts.append("⏸ " + _("paused") + until)
        lost = self.bot.services.routes.lost.get(Target("channel", one.target_id))
        if lost:
            parts.append("⚠ " + _("stopped: {reason}").format(reason=reason_text(lost)))
        return "- " + " · ".join(parts)

    @app_commands.command(name="edit", description=locale_str("Change what a channel follows"))
    @app_commands.describe(
        follow=locale_str("Which one"),
        query=locale_str("A new query"),
        mode=locale_str("At once, or as an hourly or daily digest"),
        role=locale_str("A role to ping"),
        max_per_hour=locale_str("At most so many posts an hour; 0 for no limit"),
        channel=locale_str("Move it to another channel"),
        paused=locale_str("Pause it, or go on"),
    )
    @app_commands.checks.has_permissions(manage_channels=True)
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
    ) -> None:
        one = await self._find(interaction, follow)
        changes: dict[str, object] = {}
        if query is not None:
            changes |= {"query": query.strip(), "canonical": follows.read_query(query).canonical}
        if mode is not None:
            changes["mode"] = mode
        if role is not None:
            changes["role_id"] = None if role.is_default() else role.id
        if max_per_hour is not None:
            changes["max_per_hour"] = max_per_hour or None
        if channel is not None:
            self._check_place(interaction, channel.id)
            changes["target_id"] = channel.id
        if paused is not None:
            changes |= {"state": "paused" if paused else "active", "paused_until": None}
        if not changes:
            raise UserError(_("Nothing to change: give at least one option."))
        changed = await follows.change(self.bot.services, one, **changes)
        await answer(interaction, _("Changed:") + "\n" + self._line(changed))

    @app_commands.command(name="unfollow", description=locale_str("Stop following a query in a channel"))
    @app_commands.describe(follow=locale_str("Which one"))
    @app_commands.checks.has_permissions(manage_channels=True)
    async def unfollow(self, interaction: Interaction, follow: str) -> None:
        one = await self._find(interaction, follow)
        await follows.end(self.bot.services, one)
        text = _("<#{channel}> no longer follows `{query}`.")
        await answer(interaction, text.format(channel=one.target_id, query=_code(one.query)))

    @edit.autocomplete("follow")
    @unfollow.autocomplete("follow")
    async def _suggest(self, interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        guild = interaction.guild
        choices = []
        for one in await follows.of_guild(self.bot.services, _guild(interaction)):
            channel = guild.get_channel_or_thread(one.target_id) if guild else None
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


def _code(text: str) -> str:
    """Text inside a code span."""
    return text.replace("`", "'")[:300]


async def setup(bot: HeadframeBot) -> None:
    await bot.add_cog(Channels(bot))
