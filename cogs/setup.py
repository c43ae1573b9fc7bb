"""`/setup`: a guided start in one message that updates. For those who may manage the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from bot.desk import follows, people, servers, setup_feeds
from bot.desk import setup as desk
from bot.desk.setup_sample import Sampler
from bot.i18n import set_language
from bot.mishaps import outdated
from cogs.ui import setup_view as look
from cogs.ui.answer import answer, hold, update
from cogs.ui.control import register
from cogs.ui.places import check_channel

if TYPE_CHECKING:
    from bot.client import HeadframeBot
    from bot.desk.setup import Plan
    from cogs.ui.control import Act

Interaction = discord.Interaction["HeadframeBot"]


class Setup(commands.Cog):
    """One command. Each press reads the plan anew, so it can be left at any step, also by a restart, and taken up."""

    def __init__(self, bot: HeadframeBot) -> None:
        self.bot = bot
        self._sampler = Sampler(bot.services)

    async def cog_load(self) -> None:
        register(self.bot, "setup", self.pressed)

    @app_commands.command(name="setup", description=locale_str("A guided start: a few questions, and news arrives"))
    @app_commands.describe(timezone=locale_str("Your time zone, such as Europe/Paris, if the menu does not have it"))
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    @app_commands.checks.has_permissions(manage_guild=True)
    async def setup(self, interaction: Interaction, timezone: str | None = None) -> None:
        guild_id = _guild(interaction)
        plan = await desk.load(self.bot.services, guild_id)
        if timezone is not None:
            plan.timezone = people.read_zone(timezone)
            await desk.save(self.bot.services, guild_id, plan)
        step = min(max(plan.step, 0), look.READY)
        embed = await self._embed(plan, step, "", guild_id)
        await answer(interaction, embed=embed, view=look.controls(plan, step, ""))

    @setup.autocomplete("timezone")
    async def _zones(self, _interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=name, value=name) for name in people.zones(current)]

    async def pressed(self, interaction: discord.Interaction[Any], act: Act) -> None:
        """A control of the message. Its custom id carries the step and the topic chosen last; all else is stored."""
        guild_id = _guild(interaction)
        if not interaction.permissions.manage_guild:
            raise app_commands.MissingPermissions(["manage_guild"])
        services = self.bot.services
        plan = await desk.load(services, guild_id)
        set_language(plan.language or await self.bot.language_of(interaction))
        step, preset = min(act.number(0), look.READY), act.arg(1)
        preset = preset if preset in desk.PRESETS else ""
        problems: list[str] = []
        match act.what:
            case "step":
                step = min(act.number(2), look.READY - 1)
            case "preset" if act.values and act.values[0] in desk.PRESETS:
                preset = act.values[0]
            case "start":
                await hold(interaction)
                problems = await desk.start(services, guild_id, plan, interaction.user.id)
                step = look.READY
            case "undo":
                await hold(interaction)
                await desk.undo(services, guild_id, plan)
                await update(interaction, embed=look.undone())
                return
            case _:
                await self._choose(interaction, plan, preset, act)
        plan.step = step
        await desk.save(services, guild_id, plan)
        embed = await self._embed(plan, step, preset, guild_id, problems)
        await update(interaction, embed=embed, view=look.controls(plan, step, preset))

    async def _choose(self, interaction: discord.Interaction[Any], plan: Plan, preset: str, act: Act) -> None:
        """Take over what was chosen in a menu. Raises UserError for what cannot be used."""
        chosen = act.values[0] if act.values else ""
        match act.what:
            case "language" if chosen in servers.LANGUAGE_NAMES:
                plan.language = chosen
                set_language(chosen)
            case "zone":
                plan.timezone = people.read_zone(chosen)
            case "notices" if chosen.isdigit():
                await check_channel(interaction, int(chosen))
                plan.notices = int(chosen)
            case "channel" if chosen.isdigit():
                await check_channel(interaction, int(chosen))
                plan.follows[preset or desk.FIRST] = int(chosen)
            case "drop":
                plan.follows.pop(chosen, None)
            case "feeds":
                shelves = setup_feeds.shelves(plan.follows)
                places = {int(value) for value in act.values if value.isdigit()}
                shelf = shelves[min(act.number(2), len(shelves) - 1)] if shelves else []
                plan.feeds = setup_feeds.chosen(plan.feeds, shelf, places)
            case "recommended":
                plan.feeds = list(dict.fromkeys([*plan.feeds, *setup_feeds.recommended(plan.follows)]))
            case _:
                raise outdated()

    async def _embed(
        self, plan: Plan, step: int, preset: str, guild_id: int, problems: list[str] | None = None
    ) -> discord.Embed:
        sampling = step < look.READY and look.STEPS[step] == "sample"
        sample = await self._sampler.sample(guild_id, plan) if sampling else None
        reads = await desk.feeds_read(self.bot.services, guild_id)
        followed = await follows.of_guild(self.bot.services, guild_id)
        return look.embed(plan, step, preset, reads, followed=followed, sample=sample, problems=problems or ())


def _guild(interaction: discord.Interaction[Any]) -> int:
    if interaction.guild_id is None:
        raise app_commands.NoPrivateMessage
    return interaction.guild_id


async def setup(bot: HeadframeBot) -> None:
    await bot.add_cog(Setup(bot))
