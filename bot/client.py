"""The discord.py client: intents, caches, cogs by name, command sync, one error table. Knows no cog by import."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from typing import TYPE_CHECKING, Any, Final

import discord
import structlog
import yarl
from discord import app_commands
from discord.ext import commands

from bot import intime, sentry
from bot.clock import utcnow
from bot.delivery.buttons import PostButton
from bot.delivery.gate import take_over
from bot.delivery.places import missing_permissions, standing
from bot.desk import people, servers
from bot.i18n import _, set_language, use_language
from bot.mishaps import explain, forgotten, outdated
from bot.translator import GettextTranslator
from storage import meta
from storage.errors import StorageError
from storage.locks import Lock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import aiohttp

    from bot.services import Services

log = structlog.get_logger(__name__)
COGS: Final = (
    "cogs.help",
    "cogs.feeds",
    "cogs.channels",
    "cogs.alerts",
    "cogs.news",
    "cogs.minerals",
    "cogs.prices",
    "cogs.status",
    "cogs.settings",
    "cogs.setup",
    "cogs.privacy",
)
GUILDS_COME_WITHIN = 0.5  # seconds without another server after which all of them are taken to be there
_FORGOTTEN_AFTER: Final = 0.2  # seconds after which nobody is going to begin with a press
_SYNC_WITHIN: Final = 10.0  # seconds an upload of the commands takes at most
_IDENTIFY_EVERY: Final = 5.0  # seconds


def use_api(url: str) -> None:
    """Point discord.py at a REST base; the gateway's address is asked from it."""
    discord.http.Route.BASE = url.rstrip("/")


class HeadframeTree(app_commands.CommandTree["HeadframeBot"]):
    """Sets the language, keeps every answer in time, and turns errors into sentences."""

    async def interaction_check(self, interaction: discord.Interaction[HeadframeBot], /) -> bool:
        intime.start(interaction)
        set_language(interaction.locale.value)
        set_language(await self.client.language_of(interaction))
        return True

    async def on_error(
        self, interaction: discord.Interaction[HeadframeBot], error: app_commands.AppCommandError, /
    ) -> None:
        await self.client.explain(interaction, error)


class HeadframeBot(commands.AutoShardedBot):
    """`services` is everything the cogs may use; `press_handlers` are what the buttons under posts do.

    `desks` are what the controls of answers do (see cogs.ui.control).
    """

    def __init__(
        self,
        services: Services,
        *,
        shard_ids: list[int] | None = None,
        shard_count: int | None = None,
        http_trace: aiohttp.TraceConfig | None = None,
    ) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,  # slash commands only; a prefix is required by the class
            help_command=None,
            tree_cls=HeadframeTree,
            intents=discord.Intents(guilds=True),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            allowed_mentions=discord.AllowedMentions.none(),
            activity=discord.CustomActivity("Hoisting headlines · /help"),
            proxy=services.settings.discord_proxy or None,
            http_trace=http_trace,  # type: ignore[arg-type]  # None is the default there too
            shard_ids=shard_ids,  # type: ignore[arg-type]  # None means all, as the class's own default says
            shard_count=shard_count,
            allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True),
            guild_ready_timeout=GUILDS_COME_WITHIN,
            enable_debug_events=False,
        )
        self.services = services
        self.press_handlers: dict[str, Callable[[discord.Interaction[Any], int], Awaitable[None]]] = {}
        self.desks: dict[str, Callable[[discord.Interaction[Any], Any], Awaitable[None]]] = {}
        self.on_connected: list[Callable[[HeadframeBot], Awaitable[None]]] = []
        self._identify_at_once = 1  # Discord's max_concurrency
        self.failed_cogs: list[str] = []

    async def setup_hook(self) -> None:
        take_over(self)
        if self.services.settings.discord_api_url or not self.services.db.is_sqlite:
            _shards, address, limits = await self.http.get_bot_gateway()
            self._identify_at_once = max(int(limits.get("max_concurrency", 1)), 1)
            # A session that cannot be resumed is begun anew at this address, which would be Discord's own.
            discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(address).with_query(None)
        await self.tree.set_translator(GettextTranslator())
        self.add_dynamic_items(PostButton)
        for name in COGS:
            try:
                await self.load_extension(name)
            except commands.ExtensionNotFound:
                self.failed_cogs.append(name)
                log.error("a command group is missing; the rest runs without it", cog=name)
            except commands.ExtensionError:
                self.failed_cogs.append(name)
                log.exception("a command group could not be loaded; the rest runs without it", cog=name)
        await self.sync_if_changed()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """One identify every five seconds for each of `max_concurrency` groups, over all processes (Discord's rule)."""
        if self.services.member is None or not await self.services.member.turn(
            Lock.IDENTIFY, (shard_id or 0) % self._identify_at_once, _IDENTIFY_EVERY
        ):
            await super().before_identify_hook(shard_id, initial=initial)

    async def sync_if_changed(self) -> None:
        """Upload the commands when what is here differs from what this application was last given."""
        translator = self.tree.translator
        payload: list[dict[str, Any]] = []
        for command in self.tree.get_commands():
            if translator is not None:
                payload.append(await command.get_translated_payload(self.tree, translator))
            else:
                payload.append(command.to_dict(self.tree))
        text = json.dumps(sorted(payload, key=lambda one: (one["type"], one["name"])), sort_keys=True)
        digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
        key = f"commands:{self.application_id}"
        async with self.services.db.read() as connection:
            known = await meta.get(connection, key)
        if known == digest and await self._has_commands(len(payload)):
            return
        # Discord takes an upload seldom: of processes that start at once the first makes it, the others find it made.
        if self.services.member is not None and await self.services.member.turn(Lock.COMMANDS, 0, _SYNC_WITHIN):
            async with self.services.db.read() as connection:
                known = await meta.get(connection, key)
            if known == digest and await self._has_commands(len(payload)):
                return
        self.services.mentions.learn(await self.tree.sync())
        async with self.services.db.write() as connection:
            await meta.put(connection, key, digest)
        log.info("commands synced", count=len(payload))

    async def _has_commands(self, count: int) -> bool:
        """Whether Discord still holds as many commands as were given to it."""
        try:
            held = await self.tree.fetch_commands()
        except discord.HTTPException:
            return True
        self.services.mentions.learn(held)
        return len(held) == count

    async def language_of(self, interaction: discord.Interaction[Any]) -> str:
        """The person's chosen language, else that of their Discord client."""
        try:
            chosen = await people.language_of(self.services, interaction.user.id)
        except StorageError:
            chosen = None  # the answer will say what is wrong; this only decides in which language
        return chosen or interaction.locale.value

    async def serve(self, interaction: discord.Interaction[Any], act: Callable[[], Awaitable[None]]) -> None:
        """Do what a control is for: in time, in the presser's language, errors explained."""
        intime.start(interaction)
        set_language(interaction.locale.value)
        try:
            set_language(await self.language_of(interaction))
            await act()
        except Exception as error:  # noqa: BLE001  the error table tells sentences from incidents
            await self.explain(interaction, error)

    async def press(self, interaction: discord.Interaction[Any], what: str, delivery_id: int) -> None:
        """Do what a button under a post is for."""

        async def act() -> None:
            handler = self.press_handlers.get(what)
            if handler is None:
                raise outdated()
            await handler(interaction, delivery_id)

        await self.serve(interaction, act)

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Controls and forms that nobody remembers (those in memory end with the process) say so, and the way on."""
        if interaction.type not in {discord.InteractionType.component, discord.InteractionType.modal_submit}:
            return
        await asyncio.sleep(_FORGOTTEN_AFTER)
        if not intime.taken(interaction) and not interaction.response.is_done():
            await self.serve(interaction, lambda: forgotten(interaction))

    async def explain(self, interaction: discord.Interaction[Any], error: BaseException) -> None:
        """Answer with what went wrong and what to do."""
        await explain(interaction, error)

    async def on_error(self, event_method: str, /, *_args: Any, **_kwargs: Any) -> None:
        log.error("an event handler failed", handler=event_method, exc_info=sys.exc_info())

    # -- what the gateway tells about routes -------------------------------------------------------------------

    async def on_ready(self) -> None:
        log.info("connected", user=str(self.user), guilds=len(self.guilds), shards=self.shard_count)
        for hook in self.on_connected:
            await hook(self)
        for guild in self.guilds:
            await self.recheck(guild)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        await self.recheck(guild)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        log.info("joined a server", guild=guild.id)
        await self.recheck(guild)
        from bot.desk.feeds import give_defaults  # put off: no start waits for it

        await give_defaults(self.services, guild.id)
        places = [guild.system_channel, *guild.text_channels]
        place = next((one for one in places if one is not None and not missing_permissions(one)), None)
        with use_language(guild.preferred_locale.value):
            await servers.greet(self.services, guild.id, place.id if place else None)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        log.info("left a server; what it set up is kept for 30 days", guild=guild.id)
        await servers.left(self.services, guild.id)

    async def on_guild_channel_update(self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel) -> None:
        await self.recheck(after.guild)
        if before.type != after.type or isinstance(after, discord.ForumChannel):
            await sentry.changed(self.services, after)

    async def on_guild_channel_create(self, channel: discord.abc.GuildChannel) -> None:
        await self.recheck(channel.guild)

    async def on_thread_update(self, _before: discord.Thread, after: discord.Thread) -> None:
        await self.recheck(after.guild)

    async def on_guild_role_update(self, _before: discord.Role, after: discord.Role) -> None:
        await self.recheck(after.guild)

    async def on_guild_role_delete(self, role: discord.Role) -> None:
        await self.recheck(role.guild)

    async def on_member_update(self, _before: discord.Member, after: discord.Member) -> None:
        if self.user is not None and after.id == self.user.id:
            await self.recheck(after.guild)

    async def on_app_command_completion(
        self,
        interaction: discord.Interaction[Any],
        _command: app_commands.Command[Any, ..., Any] | app_commands.ContextMenu,
    ) -> None:
        """A person whose direct messages were refused is told at their next command, and is tried again."""
        if not await self.services.routes.dm_again(interaction.user.id, utcnow()):
            return
        text = _(
            "By the way: Discord would not let me send you direct messages, so your alerts are waiting. Allow direct "
            "messages from this server's members (Privacy Settings); I am trying again now."
        )
        try:
            await interaction.followup.send(text, ephemeral=True)
        except discord.HTTPException as failed:
            log.info("a person could not be told that their messages are refused", error=str(failed))

    async def recheck(self, guild: discord.Guild) -> None:
        """Open again every lost route of a server that the gateway now says is whole."""
        if guild.unavailable:
            return
        routes, now = self.services.routes, utcnow()
        for target in list(routes.lost):
            if target.kind != "channel":
                continue
            channel = guild.get_channel_or_thread(target.id)
            if channel is None or standing(channel, routes.lost.get(target, "")) is not None:
                continue
            if routes.may_restore(target, now):
                await routes.restore(target, now, seen=True)
        await sentry.watch(self.services, guild)
