"""The whole bot for tests: the real client, database and HTTP, against the local Discord and a loopback feed server."""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from pydantic import SecretStr
from sqlalchemy import make_url

from bot import client, jobs
from bot.app import App
from bot.clock import utcnow
from bot.feeds import worker
from bot.preview import LocalDiscord, World
from bot.prices import demo
from bot.settings import Settings
from tests.databases import fresh_sqlite
from tests.feedserver import FeedServer, Reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

# Most tests read no feed: a parser is started by the first one that does.
worker.WARM = False
worker.TAGS = False  # nor does it load in each of them what the test's own process has: there headlines are tagged
# The local Discord tells of all its servers at once, and what a test publishes is due within a second: no test waits.
client.GUILDS_COME_WITHIN = 0.05
jobs.POLL_EVERY = 0.2
PATIENCE = 20.0  # seconds a test waits for something that must happen


async def eventually(what: Callable[[], Any] | Callable[[], Awaitable[Any]], patience: float = PATIENCE) -> Any:
    """The first true value of `what()`; fails with its last value when there is none in time."""
    end = time.monotonic() + patience
    while True:
        value = what()
        if asyncio.iscoroutine(value):
            value = await value
        if value:
            return value
        assert time.monotonic() < end, f"did not happen within {patience} s: {what} is {value!r}"
        await asyncio.sleep(0.02)


def item(title: str, *, guid: str | None = None, link: str | None = None, at: datetime | None = None) -> str:
    """One RSS item; dated now unless told otherwise."""
    when = format_datetime(at or datetime.now(UTC))
    identity = f"<guid isPermaLink='false'>{escape(guid)}</guid>" if guid else ""
    address = f"<link>{escape(link)}</link>" if link else ""
    return f"<item>{identity}<title>{escape(title)}</title>{address}<pubDate>{when}</pubDate></item>"


def rss(items: Iterable[str], title: str = "Test Wire") -> bytes:
    return (
        f"<?xml version='1.0' encoding='UTF-8'?><rss version='2.0'><channel><title>{title}</title>"
        f"<link>http://wire.example/</link>{''.join(items)}</channel></rss>"
    ).encode()


@dataclass
class Wire:
    """A feed on the loopback server that headlines can be added to."""

    server: FeedServer
    path: str
    items: list[str]
    title: str = "Test Wire"

    @property
    def url(self) -> str:
        return self.server.url(self.path)

    def serve(self) -> None:
        body = rss(reversed(self.items), self.title)
        self.server.script[self.path] = Reply(200, {"Content-Type": "application/rss+xml"}, body)

    def publish(self, title: str, **more: Any) -> None:
        number = len(self.items) + 1
        more.setdefault("guid", f"{self.path}-{number}")
        more.setdefault("link", f"http://wire.example{self.path}/{number}")
        self.items.append(item(title, **more))
        self.serve()


@dataclass
class House:
    local: LocalDiscord
    app: App
    server: FeedServer
    task: asyncio.Task[None]

    @property
    def guild(self) -> Any:
        return self.local.world.guild()

    def wire(self, path: str = "/wire.xml", *titles: str) -> Wire:
        made = Wire(self.server, path, [])
        made.serve()
        for title in titles:
            made.publish(title)
        return made

    async def use(self, who: str, where: str | None, command: str, /, **options: Any) -> str:
        """Use a slash command and return all that the answer says, embeds and components included."""
        used = await self.local.invoke(who, self.guild if where else None, where, command, **options)
        await used.message(within=15)
        return said(await used.message(within=15))

    def posts(self, channel: str) -> list[str]:
        """What each message of a channel says, oldest first."""
        return [said(message) for message in self.local.channel_messages(channel)]

    async def restart(self) -> None:
        """End the bot and begin anew on the same database, as after an update; the local Discord stays."""
        await self.stop()
        self.app = await App.build(self.app.services.settings)
        self.task = asyncio.create_task(self.app.run())
        await self.ready()

    async def stop(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task
        await self.app.stop()

    async def ready(self) -> None:
        await eventually(lambda: self.app.connection and self.app.connection.client)
        await eventually(lambda: self.app.services.outbox._sender is not None)


def said(message: dict[str, Any]) -> str:
    """All text of a message, Markdown escapes taken out."""
    parts = [message.get("content") or ""]
    for embed in message.get("embeds", []):
        parts += [embed.get("title") or "", embed.get("description") or ""]
        parts += [f"{field['name']}: {field['value']}" for field in embed.get("fields", [])]
        parts.append((embed.get("footer") or {}).get("text") or "")

    def walk(components: list[dict[str, Any]]) -> None:
        for one in components:
            parts.extend(str(one[key]) for key in ("content", "label") if one.get(key))
            walk(one.get("components", []))

    walk(message.get("components", []))
    text = "\n".join(part for part in parts if part).replace("\\", "")
    return re.sub(r"</([^:>]+):\d+>", r"`/\1`", text)  # a mention of a command reads like its name


def settings_for(local: LocalDiscord, tmp_path: Path, **overrides: Any) -> Settings:
    values: dict[str, Any] = {
        "discord_api_url": local.api_url,
        "discord_token": SecretStr(local.token),
        "database_url": f"sqlite+aiosqlite:///{tmp_path / 'headframe.db'}",
        "headframe_allow_private": "127.0.0.0/8",
        "headframe_min_poll_seconds": 1,
        "headframe_max_poll_seconds": 1,
        "headframe_default_feeds": False,
        "headframe_fold_seconds": 0,
        **overrides,
    }
    return Settings(_env_file=None, **values)


@asynccontextmanager
async def house(
    tmp_path: Path,
    *,
    world: World | None = None,
    limits: bool = False,
    faults: Any = None,
    demo_prices: Any = None,
    **overrides: Any,
) -> AsyncIterator[House]:
    """A furnished server, the bot logged in, and nothing followed yet. `demo_prices`: a DemoWire instead of sources."""
    async with (
        await LocalDiscord.start(world=world or World.demo(), limits=limits, faults=faults) as local,
        FeedServer() as server,
    ):
        settings = settings_for(local, tmp_path, **overrides)
        file = make_url(settings.database_url).database
        if settings.database_url.startswith("sqlite") and file and not Path(file).exists():
            await fresh_sqlite(Path(file))
        app = await App.build(settings, demo_prices=demo_prices)
        if demo_prices is not None:
            await demo.seed(app.services.db, utcnow())
        task = asyncio.create_task(app.run())
        made = House(local, app, server, task)
        try:
            await made.ready()
            yield made
        finally:
            await made.stop()
        assert not local.dispatcher.unrouted, "the local Discord lacks what the bot asks for"
