"""`headframe preview`: the whole bot against the local Discord, with a demo wire, in one process.

Only this file knows that the Discord it talks to is a local one; the bot is the one that `headframe run` starts.
The preview begins anew each time: its database is a temporary file unless DATABASE_URL is set.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import webbrowser
from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import SecretStr

from bot.app import App
from bot.clock import utcnow
from bot.desk import follows
from bot.errors import StartError
from bot.preview import model as m
from bot.preview.controls import ControlError, Param
from bot.preview.newswire import Newswire
from bot.preview.online import goes_without
from bot.preview.permissions import P
from bot.preview.server import LocalDiscord
from bot.preview.world import World
from bot.prices import demo
from bot.prices.demo import DemoWire
from storage import feeds, guilds
from storage.records import NewSubscription

if TYPE_CHECKING:
    from bot.settings import Settings

_FOLLOWED: Final = (
    ("headlines", "*"),
    ("gold-silver", "mineral:gold OR mineral:silver OR mineral:pgm"),
    (
        "battery-metals",
        "mineral:lithium OR mineral:nickel OR mineral:cobalt OR mineral:graphite OR mineral:manganese",
    ),
    ("policy", "topic:policy OR topic:tariffs OR topic:export-controls OR topic:permits-courts"),
    ("announcements", "topic:supply-disruption OR topic:accident OR topic:export-controls"),
    ("deep-dives", "topic:labour OR topic:financing OR topic:deals OR topic:resource-estimate OR topic:permits-courts"),
)


async def show(settings: Settings, *, port: int, offline: bool, open_page: bool, any_port: bool = False) -> None:
    """Run until cancelled. When the port is taken: with `any_port` another one, else StartError."""
    with tempfile.TemporaryDirectory(prefix="headframe-preview-") as folder:
        database = settings.database_url
        if "database_url" not in settings.model_fields_set:
            database = f"sqlite+aiosqlite:///{Path(folder) / 'preview.db'}"
        local = await _local(port, any_port=any_port)
        if not offline and await goes_without(settings):
            print("There is no internet here, so news and prices are invented, as with --offline.", file=sys.stderr)
            offline = True
        try:
            changed = settings.model_copy(
                update={
                    "discord_api_url": local.api_url,
                    "discord_token": SecretStr(local.token),
                    "database_url": database,
                    "headframe_allow_private": (*settings.headframe_allow_private, ip_network("127.0.0.1/32")),
                    "headframe_default_feeds": settings.headframe_default_feeds and not offline,
                }
            )
            prices = DemoWire() if offline else None
            app = await App.build(changed, demo_prices=prices)
            await Stage(local, app, prices).run(open_page=open_page)
        finally:
            await local.stop()


async def _local(port: int, *, any_port: bool) -> LocalDiscord:
    try:
        return await LocalDiscord.start(port=port, world=World.demo())
    except OSError as error:
        if any_port:
            print(f"Port {port} is taken (by another preview?), so this one is elsewhere:", file=sys.stderr)
            return await LocalDiscord.start(world=World.demo())
        raise StartError(
            f"port {port} on 127.0.0.1 is taken ({error.strerror}). Is a preview running already? Look at "
            f"http://127.0.0.1:{port}, or choose another port: headframe preview --port {port + 1}"
        ) from error


def _elsewhere(world: World) -> None:
    """A second server, without the bot: people who have it in their account use it there all the same."""
    guild = world.add_guild("Drill Core Friends", world.user("trader"), with_bot=False)
    world.add_member(guild, world.user("member"))
    topic = "Headframe is no member here. Those who have it in their account can use /mineral, /price and /news"
    world.add_channel(guild, "core-talk", topic=topic)


class Stage:
    """The bot, the local Discord and the wire, and what a visitor can make happen."""

    def __init__(self, local: LocalDiscord, app: App, prices: DemoWire | None) -> None:
        self._local = local
        self._app = app
        self._prices = prices
        self._wire = Newswire(self._poll_wire)
        self._feed_id = 0
        self._guild = local.world.guild()
        _elsewhere(local.world)

    async def run(self, *, open_page: bool) -> None:
        await self._wire.start()
        try:
            await self._furnish()
            self._offer_controls()
            print(f"\n  Headframe preview: {self._local.url}\n", file=sys.stderr, flush=True)
            if open_page:
                await asyncio.to_thread(webbrowser.open, self._local.url)
            self._wire.go()
            await self._app.run()
        finally:
            await self._wire.stop()
            await self._app.stop()

    async def _furnish(self) -> None:
        """The server as a moderator would have set it up: the wire is read, most channels follow something."""
        services = self._app.services
        now = utcnow()
        guild_id = self._guild.id
        async with services.db.write() as connection:
            feed, _new = await feeds.add(connection, self._wire.url, now=now, title="Demo Wire (invented news)")
            await feeds.link(connection, guild_id, feed.id, added_by=None, now=now)
            await feeds.link(connection, 0, feed.id, added_by=None, now=now)
            await guilds.set_guild(connection, guild_id, now=now, notice_channel_id=self._channel("mods"))
        self._feed_id = feed.id
        if self._prices is not None:
            await demo.seed(services.db, now)
        for name, query in _FOLLOWED:
            new = NewSubscription(
                scope_guild_id=guild_id,
                target_kind="channel",
                target_id=self._channel(name),
                query=query,
                canonical=follows.read_query(query).canonical,
            )
            await follows.follow(services, new)

    def _channel(self, name: str) -> int:
        return next(channel.id for channel in self._guild.channels.values() if channel.name == name)

    async def _poll_wire(self) -> None:
        """The wire has news: have it polled now instead of when its turn comes."""
        if self._feed_id:
            async with self._app.services.db.write() as connection:
                await feeds.save_many(connection, [{"id": self._feed_id, "next_poll_at": utcnow()}])

    # -- make it happen -----------------------------------------------------------------------------------------

    def _offer_controls(self) -> None:
        offer = self._local.controls.register
        offer(
            "headline", "Publish a headline", self._publish,
            [Param("title", "Headline", default="Lithium carbonate jumps 3% after Chile mine outage")],
            about="Puts a headline on the demo wire; it is posted where it matches.",
        )  # fmt: skip
        offer(
            "break-feed", "Break the feed", self._break,
            about="The demo wire answers 503; once more mends it. As the moderator, look at /feed health.",
        )  # fmt: skip
        kinds = {m.TEXT, m.ANNOUNCEMENT, m.FORUM}
        names = tuple(channel.name for channel in self._guild.channels.values() if channel.type in kinds)
        offer(
            "permission", "Take away a permission", self._permission,
            [Param("channel", "Channel", "choice", default=names[0], choices=names)],
            about="Denies the bot Send Messages in the channel; once more gives it back. See #mods as the moderator.",
        )  # fmt: skip

        if self._prices is not None:
            offer(
                "price", "Move a price", self._move,
                [
                    Param("metal", "Metal", "choice", default="gold", choices=demo.METALS),
                    Param("percent", "By how many percent", "number", default=1.5),
                ],
                about="The demo price jumps; price alerts fire when two demo sources agree.",
            )  # fmt: skip

    async def _move(self, given: dict[str, Any]) -> str:
        percent = Decimal(str(given["percent"])).quantize(Decimal("0.01"))
        if self._prices is None or not -20 <= percent <= 20:
            raise ControlError("Please stay between -20 and 20 percent.")
        self._prices.move(str(given["metal"]), percent)
        return f"The demo price of {given['metal']} moved by {percent} %."

    async def _publish(self, given: dict[str, Any]) -> str:
        title = " ".join(str(given["title"]).split())[:300]
        if not title:
            raise ControlError("Please write a headline.")
        await self._wire.publish(title)
        return "Published on the demo wire."

    async def _break(self, _given: dict[str, Any]) -> str:
        self._wire.broken = not self._wire.broken
        await self._poll_wire()
        return "The demo wire is down." if self._wire.broken else "The demo wire is up again."

    async def _permission(self, given: dict[str, Any]) -> str:
        world, bot = self._local.world, self._local.world.bot
        channel = next(one for one in self._guild.channels.values() if one.name == given["channel"])
        taken = world.permissions(bot.id, channel) & int(P.SEND_MESSAGES)
        world.set_overwrite(channel, bot, deny=P.SEND_MESSAGES if taken else P(0))
        return f"The bot may {'no longer' if taken else 'again'} post in #{channel.name}."
