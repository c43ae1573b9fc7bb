"""A process that delivers without a gateway: it asks what a channel is, and hears of permissions from others."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from bot.app import App
from bot.clock import utcnow
from bot.delivery.remote import Remote
from bot.delivery.sender import Sender
from bot.preview import LocalDiscord, P, World
from bot.prices.demo import DemoWire
from storage import guilds, subscriptions
from storage.records import NewSubscription, Target
from tests.bot.delivery.seed import seed
from tests.databases import fresh_postgres
from tests.house import eventually, said, settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("several")]
CHANNEL = "/channels/{channel_id}"
POST = "/channels/{channel_id}/messages"


@dataclass
class Pair:
    """A gateway process and one that delivers, both in this one."""

    local: LocalDiscord
    gateway: App
    deliver: App

    def target(self, name: str) -> tuple[Target, int]:
        return Target("channel", self.local.channel(name).id), self.local.world.guild().id

    def posts(self, name: str) -> list[str]:
        return [said(message) for message in self.local.channel_messages(name)]

    async def send(self, title: str, *names: str) -> None:
        await seed(self.gateway.services.db, [title], [self.target(name) for name in names])


@asynccontextmanager
async def pair(server: str, tmp_path: Path, **gateway: Any) -> AsyncIterator[Pair]:
    url = await fresh_postgres(server)
    async with await LocalDiscord.start(world=World.demo(), limits=False) as local:
        roles = [{"headframe_roles": "gateway", **gateway}, {"headframe_roles": "deliver"}]
        apps = []
        for more in roles:
            settings = settings_for(local, tmp_path, database_url=url, **more)
            apps.append(await App.build(settings, demo_prices=DemoWire()))
        tasks = [asyncio.create_task(app.run()) for app in apps]
        try:
            await eventually(lambda: all(app.connection is not None and app.connection.ready for app in apps))
            await eventually(lambda: apps[1].services.outbox._sender)
            yield Pair(local, *apps)
        finally:
            for task, app in zip(tasks, apps, strict=True):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
                await app.stop()


async def test_it_posts_everywhere_and_asks_once_what_a_channel_is(postgres_server: str, tmp_path: Path) -> None:
    async with pair(postgres_server, tmp_path) as p:
        for number in range(3):
            await p.send(f"Gold mine no {number} opens", "headlines", "announcements")
            await eventually(lambda n=number: len(p.posts("headlines")) > n and len(p.posts("announcements")) > n)
        await p.send("Gold mine no 9 opens", "deep-dives")
        forum = p.target("deep-dives")[0].id
        threads = p.local.world.guild().channels
        await eventually(lambda: any(one.parent_id == forum and one.is_thread for one in threads.values()))
        assert len(p.local.requests_to("GET", CHANNEL)) == 3
        assert [one.status for one in p.local.requests_to("POST", POST) if one.status >= 400] == []
        await eventually(lambda: len(p.local.requests_to("POST", POST + "/{message_id}/crosspost")) == 3)


async def test_a_missing_permission_seen_by_the_gateway_holds_its_posts_back_until_it_is_given(
    postgres_server: str, tmp_path: Path
) -> None:
    async with pair(postgres_server, tmp_path) as p:
        (target, guild), (mods, _guild) = p.target("headlines"), p.target("mods")
        async with p.gateway.services.db.write() as connection:
            new = NewSubscription(guild, "channel", target.id, "gold", "gold")
            await subscriptions.add(connection, new, now=utcnow())
            await guilds.set_guild(connection, guild, now=utcnow(), notice_channel_id=mods.id)
        place, bot = p.local.channel("headlines"), p.local.world.bot
        # Without it Discord takes the post and shows nothing of it: only the gateway's view tells.
        p.local.world.set_overwrite(place, bot, deny=int(P.EMBED_LINKS))
        await eventually(lambda: target in p.deliver.services.routes.lost)
        await p.send("Gold one", "headlines")
        told = await eventually(lambda: p.posts("mods"))
        assert "Embed Links" in told[0]
        assert p.posts("headlines") == []
        p.local.world.set_overwrite(place, bot, deny=0)
        await eventually(lambda: p.posts("headlines"))
        assert "Gold one" in p.posts("headlines")[0]
        assert target not in p.deliver.services.routes.lost


async def test_a_note_to_a_server_whose_owner_nobody_here_knows_reaches_the_owner(
    postgres_server: str, tmp_path: Path
) -> None:
    async with pair(postgres_server, tmp_path) as p:
        async with p.deliver.services.db.write() as connection:
            guild = p.local.world.guild()
            told = await p.deliver.services.routes.tell(connection, guild.id, lambda: "A feed failed", "k", utcnow())
        assert told == 1
        await eventually(lambda: p.local.dm_messages("moderator"))
        assert "A feed failed" in said(p.local.dm_messages("moderator")[0])


async def test_a_channel_that_is_gone_is_lost_without_a_gateway_too(postgres_server: str, tmp_path: Path) -> None:
    async with pair(postgres_server, tmp_path) as p:
        target, guild = p.target("headlines")
        p.local.world.remove_channel(p.local.channel("headlines"))
        await seed(p.gateway.services.db, ["Gold one"], [(target, guild)])
        await eventually(lambda: p.deliver.services.routes.lost.get(target) == "unknown-channel")
        await eventually(lambda: target in p.gateway.services.routes.lost)


async def test_a_gateway_process_with_some_shards_sends_to_the_servers_of_others(
    postgres_server: str, tmp_path: Path
) -> None:
    async with await LocalDiscord.start(world=World.demo(), limits=False) as local:
        guild = local.world.guild()
        mine = (guild.id >> 22) % 2
        url = await fresh_postgres(postgres_server)
        settings = settings_for(local, tmp_path, database_url=url, headframe_shards=f"{1 - mine}/2")
        app = await App.build(settings, demo_prices=DemoWire())
        task = asyncio.create_task(app.run())
        try:
            await eventually(lambda: app.services.outbox._sender)
            client = app.connection.client if app.connection is not None else None
            assert client is not None
            assert len(client.guilds) == 0
            await seed(app.services.db, ["Gold one"], [(Target("channel", local.channel("headlines").id), guild.id)])
            await eventually(lambda: local.channel_messages("headlines"))
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await app.stop()


async def test_whose_turn_it_is_is_asked_about_first_and_keeps_its_place() -> None:
    answer = asyncio.Event()
    asked: list[int] = []

    class Client:
        async def fetch_channel(self, channel_id: int) -> Any:
            asked.append(channel_id)
            await answer.wait()
            return SimpleNamespace(id=channel_id)

    woken = asyncio.Event()
    client: Any = Client()
    remote = Remote(client, woken.set)
    sender = Sender(client, find_dm=_never, keep_dm=_never, keep_hook=_never, remote=remote)
    user = Target("user", 9)
    order = [Target("channel", 1), user, Target("channel", 2), Target("channel", 3)]
    assert sender.ready_for(order, ask=2) == [user], "nobody waits for channels that are not known"
    await eventually(lambda: asked == [1, 2])
    assert sender.ready_for(order, ask=2) == [user]
    answer.set()
    await eventually(lambda: not remote._asking)
    assert woken.is_set()
    assert sender.ready_for(order, ask=2) == order[:3]
    await eventually(lambda: asked == [1, 2, 3])
    await eventually(lambda: sender.ready_for(order, ask=2) == order)
    await remote.close()


async def _never(*_arguments: Any) -> Any:
    raise AssertionError("not needed here")
