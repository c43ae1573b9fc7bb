"""`/setup`: a guided start in one message that updates. For those who may manage the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from bot.delivery.losses import permission_name
from bot.delivery.markdown import clamp_plain
from bot.delivery.places import missing_permissions
from bot.desk import people, servers
from bot.desk import setup as desk
from bot.errors import UserError
from bot.i18n import _, ngettext, set_language
from cogs.ui.answer import answer
from cogs.ui.asked import AskedView

if TYPE_CHECKING:
    from bot.client import HeadframeBot

Interaction = discord.Interaction["HeadframeBot"]
_ZONES = (
    "UTC", "America/Vancouver", "America/Denver", "America/Chicago", "America/Toronto", "America/New_York",
    "America/Mexico_City", "America/Lima", "America/Santiago", "America/Sao_Paulo", "Europe/London", "Europe/Paris",
    "Europe/Madrid", "Africa/Lagos", "Africa/Johannesburg", "Asia/Dubai", "Asia/Kolkata", "Asia/Shanghai",
    "Asia/Tokyo", "Australia/Perth", "Australia/Sydney",
)  # fmt: skip
_STEPS = ("language", "notices", "follows", "feeds", "sample")


class Setup(commands.Cog):
    """One command; it can be left at any step and called again to go on."""

    def __init__(self, bot: HeadframeBot) -> None:
        self.bot = bot

    @app_commands.command(name="setup", description=locale_str("A guided start: a few questions, and news arrives"))
    @app_commands.describe(timezone=locale_str("Your time zone, such as Europe/Paris, if the menu does not have it"))
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.checks.has_permissions(manage_guild=True)
    @app_commands.guild_only()
    async def setup(self, interaction: Interaction, timezone: str | None = None) -> None:
        if interaction.guild_id is None:
            raise app_commands.NoPrivateMessage
        plan = await desk.load(self.bot.services, interaction.guild_id)
        if timezone is not None:
            plan.timezone = people.read_zone(timezone)
        wizard = Wizard(self.bot, interaction.guild_id, plan)
        await answer(interaction, embed=await wizard.embed(), view=wizard)

    @setup.autocomplete("timezone")
    async def _zones(self, _interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=name, value=name) for name in people.zones(current)]


class Wizard(AskedView):
    """The steps: language and time zone, notices, what goes where, feeds, a sample, and Start."""

    def __init__(self, bot: HeadframeBot, guild_id: int, plan: desk.Plan) -> None:
        super().__init__()
        self._bot = bot
        self._guild_id = guild_id
        self._plan = plan
        self._step = len(_STEPS) if plan.made else 0
        self._preset = next(iter(desk.PRESETS))
        self._problems: list[str] = []
        self._fill()

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        set_language(self._plan.language or self._language)
        return interaction.guild_id == self._guild_id and interaction.permissions.manage_guild

    async def embed(self) -> discord.Embed:
        """The message's text at this step."""
        if self._step >= len(_STEPS):
            lines = [_("All set. Headlines arrive in the channels you chose as they are published.")]
            lines += [f"- {clamp_plain(problem, 300)}" for problem in self._problems[:8]]
            lines.append(_("`/channel list` and `/feed list` show what was set up; Undo takes it all back."))
            return discord.Embed(title=_("Ready"), description="\n".join(lines), colour=0x2E9E5B)
        heads = {
            "language": (_("Language and time zone"), _("What language do posts speak, and where is your clock?")),
            "notices": (_("Notices"), _("Where may I tell moderators when a feed or a channel needs attention?")),
            "follows": (
                _("What goes where"),
                _("Choose a topic, then the channel it is posted in. Repeat as you like."),
            ),
            "feeds": (_("Feeds"), _("Which feeds shall I read? More can be added later with `/feed add`.")),
            "sample": (_("A look before you start"), _("This is what the last day would have brought:")),
        }
        title, text = heads[_STEPS[self._step]]
        lines = [text, "", *await self._state()]
        shown = discord.Embed(title=title, description="\n".join(lines)[:4000], colour=0xB8860B)
        shown.set_footer(text=_("Step {n} of {of}").format(n=self._step + 1, of=len(_STEPS)))
        return shown

    async def _state(self) -> list[str]:
        plan = self._plan
        match _STEPS[self._step]:
            case "language":
                name = servers.LANGUAGE_NAMES.get(plan.language or "", "—")
                return [f"{_('Language')}: {name}", f"{_('Time zone')}: {plan.timezone or 'UTC'}"]
            case "notices":
                return [
                    f"{_('Notices go to')}: " + (f"<#{plan.notices}>" if plan.notices else _("the owner, by message"))
                ]
            case "follows":
                return [f"- {desk.preset_name(preset)} → <#{channel}>" for preset, channel in plan.follows.items()]
            case "feeds":
                return [ngettext("{n} feed chosen", "{n} feeds chosen", len(plan.feeds)).format(n=len(plan.feeds))]
        lines = []
        for preset, total, newest in await desk.sample(self._bot.services, self._guild_id, plan):
            count = ngettext("{n} headline", "{n} headlines", total).format(n=total)
            lines.append(f"**{desk.preset_name(preset)}** → <#{plan.follows[preset]}>: {count}")
            lines += [f"- {clamp_plain(entry.title, 150)}" for entry in newest]
        return lines or [_("Nothing is followed yet; go back and choose a topic and a channel.")]

    def _fill(self) -> None:
        self.clear_items()
        if self._step >= len(_STEPS):
            self._button(_("Undo"), self._undo, discord.ButtonStyle.danger)
            return
        getattr(self, f"_fill_{_STEPS[self._step]}")()
        if self._step:
            self._button(_("Back"), self._back)
        if _STEPS[self._step] == "sample":
            self._button(_("Start"), self._start, discord.ButtonStyle.success)
        else:
            self._button(_("Next"), self._next, discord.ButtonStyle.primary)

    def _fill_language(self) -> None:
        options = [
            discord.SelectOption(label=name, value=code, default=code == self._plan.language)
            for code, name in servers.LANGUAGE_NAMES.items()
        ]
        self._select(_("Language"), options, self._picked_language)
        zones = list(dict.fromkeys([*([self._plan.timezone] if self._plan.timezone else []), *_ZONES]))[:25]
        options = [discord.SelectOption(label=name, value=name, default=name == self._plan.timezone) for name in zones]
        self._select(_("Time zone"), options, self._picked_zone)

    def _fill_notices(self) -> None:
        self._channels(_("A channel for moderators"), self._picked_notices)

    def _fill_follows(self) -> None:
        options = [
            discord.SelectOption(label=desk.preset_name(slug), value=slug, default=slug == self._preset)
            for slug in desk.PRESETS
        ]
        self._select(_("A topic"), options, self._picked_preset)
        self._channels(_("The channel it is posted in"), self._picked_channel)

    def _fill_feeds(self) -> None:
        options = [
            discord.SelectOption(
                label=one.title[:100], description=one.topic[:100] or None, value=str(place),
                default=one.url in self._plan.feeds,
            )
            for place, one in enumerate(desk.offered())
        ]  # fmt: skip
        self._select(_("Feeds"), options, self._picked_feeds, many=True)

    def _fill_sample(self) -> None:
        """Nothing to choose: two buttons."""

    def _select(self, label: str, options: list[discord.SelectOption], picked: Any, *, many: bool = False) -> None:
        menu: discord.ui.Select[Wizard] = discord.ui.Select(
            placeholder=label, options=options, min_values=0 if many else 1, max_values=len(options) if many else 1
        )

        async def callback(interaction: discord.Interaction[Any]) -> None:
            await picked(interaction, menu.values)

        menu.callback = callback  # type: ignore[method-assign]
        self.add_item(menu)

    def _channels(self, label: str, picked: Any) -> None:
        menu: discord.ui.ChannelSelect[Wizard] = discord.ui.ChannelSelect(
            placeholder=label, channel_types=[discord.ChannelType.text, discord.ChannelType.news]
        )

        async def callback(interaction: discord.Interaction[Any]) -> None:
            await picked(interaction, [channel.id for channel in menu.values])

        menu.callback = callback  # type: ignore[method-assign]
        self.add_item(menu)

    def _button(self, label: str, pressed: Any, style: discord.ButtonStyle = discord.ButtonStyle.secondary) -> None:
        button: discord.ui.Button[Wizard] = discord.ui.Button(label=label, style=style, row=4)
        button.callback = pressed  # type: ignore[method-assign]
        self.add_item(button)

    async def _show(self, interaction: discord.Interaction[Any], *, save: bool = True) -> None:
        if save:
            await desk.save(self._bot.services, self._guild_id, self._plan)
        self._fill()
        if interaction.response.is_done():
            await interaction.edit_original_response(embed=await self.embed(), view=self)
        else:
            await interaction.response.edit_message(embed=await self.embed(), view=self)

    async def _picked_language(self, interaction: discord.Interaction[Any], values: list[str]) -> None:
        self._plan.language = values[0]
        set_language(values[0])
        await self._show(interaction)

    async def _picked_zone(self, interaction: discord.Interaction[Any], values: list[str]) -> None:
        self._plan.timezone = values[0]
        await self._show(interaction)

    async def _picked_notices(self, interaction: discord.Interaction[Any], values: list[int]) -> None:
        self._check(interaction, values[0])
        self._plan.notices = values[0]
        await self._show(interaction)

    async def _picked_preset(self, interaction: discord.Interaction[Any], values: list[str]) -> None:
        self._preset = values[0]
        await self._show(interaction, save=False)

    async def _picked_channel(self, interaction: discord.Interaction[Any], values: list[int]) -> None:
        self._check(interaction, values[0])
        self._plan.follows[self._preset] = values[0]
        await self._show(interaction)

    async def _picked_feeds(self, interaction: discord.Interaction[Any], values: list[str]) -> None:
        offered = desk.offered()
        self._plan.feeds = [offered[int(place)].url for place in values]
        await self._show(interaction)

    def _check(self, interaction: discord.Interaction[Any], channel_id: int) -> None:
        channel = interaction.guild.get_channel(channel_id) if interaction.guild else None
        if channel is not None and (missing := missing_permissions(channel)):
            names = ", ".join(permission_name(name) for name in missing)
            raise UserError(
                _("I can't post in <#{channel}>: I lack {names}. Grant it and try again.").format(
                    channel=channel_id, names=names
                )
            )

    async def _next(self, interaction: discord.Interaction[Any]) -> None:
        self._step += 1
        await self._show(interaction)

    async def _back(self, interaction: discord.Interaction[Any]) -> None:
        self._step -= 1
        await self._show(interaction, save=False)

    async def _start(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer()
        self._problems = await desk.start(self._bot.services, self._guild_id, self._plan, interaction.user.id)
        self._step = len(_STEPS)
        await self._show(interaction, save=False)

    async def _undo(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer()
        await desk.undo(self._bot.services, self._guild_id, self._plan)
        shown = discord.Embed(title=_("Undone"), description=_("Everything is as it was before the setup."))
        await interaction.edit_original_response(embed=shown, view=None)
        self.stop()


async def setup(bot: HeadframeBot) -> None:
    await bot.add_cog(Setup(bot))
