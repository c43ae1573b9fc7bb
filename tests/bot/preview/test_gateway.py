"""The gateway: who may identify, what a resume brings back, shards, transports, and connections that go wrong."""

from __future__ import annotations

import asyncio
import json
import zlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
import pytest
import zstandard

from bot.preview import LocalDiscord, P, World
from tests.localdiscord import plain_bot, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Wire:
    """One raw gateway connection."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, compress: str = "") -> None:
        self.socket = socket
        self._zlib = zlib.decompressobj()
        self._zstd = zstandard.ZstdDecompressor().decompressobj()
        self._compress = compress

    async def get(self) -> dict[str, Any]:
        message = await self.socket.receive(timeout=5)
        if message.type is aiohttp.WSMsgType.BINARY:
            raw = message.data
            plain = self._zlib.decompress(raw) if self._compress == "zlib-stream" else self._zstd.decompress(raw)
            return dict(json.loads(plain))
        assert message.type is aiohttp.WSMsgType.TEXT, message
        return dict(json.loads(message.data))

    async def event(self, name: str) -> dict[str, Any]:
        while (got := await self.get())["t"] != name:
            pass
        return got

    async def say(self, op: int, data: Any = None) -> None:
        await self.socket.send_json({"op": op, "d": data})

    async def close_code(self) -> int | None:
        while not self.socket.closed:
            await self.socket.receive(timeout=5)
        return self.socket.close_code


@asynccontextmanager
async def connected(local: LocalDiscord, compress: str = "") -> AsyncIterator[Wire]:
    query = f"?v=10&encoding=json{'&compress=' + compress if compress else ''}"
    async with aiohttp.ClientSession() as session, session.ws_connect(local.gateway_url + query) as socket:
        wire = Wire(socket, compress)
        hello = await wire.get()
        assert hello["op"] == 10
        yield wire


def identity(local: LocalDiscord, **over: Any) -> dict[str, Any]:
    return {"token": local.token, "intents": 1, "properties": {}} | over


@pytest.mark.parametrize("compress", ["", "zlib-stream", "zstd-stream"])
async def test_ready_and_the_guild_come_over_every_transport(local: LocalDiscord, compress: str) -> None:
    async with connected(local, compress) as wire:
        await wire.say(1, None)
        assert (await wire.get())["op"] == 11
        await wire.say(2, identity(local))
        ready = await wire.get()
        assert ready["t"] == "READY"
        assert ready["d"]["guilds"] == [{"id": str(local.world.guild().id), "unavailable": True}]
        guild = await wire.get()
        assert (guild["t"], guild["s"], guild["d"]["name"]) == ("GUILD_CREATE", 2, "Copperline Mining Club")
        assert [x["user"]["id"] for x in guild["d"]["members"]] == [str(local.world.bot.id)]


BAD: dict[str, tuple[int, dict[str, Any], int]] = {
    "wrong token": (2, {"token": "wrong"}, 4004),
    "privileged intent": (2, {"intents": 1 | 1 << 15}, 4014),
    "unknown intent": (2, {"intents": 1 << 40}, 4013),
    "shard out of range": (2, {"shard": [2, 2]}, 4010),
    "unknown opcode": (99, {}, 4001),
    "presence before identify": (3, {}, 4003),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_client_that_breaks_a_rule_is_closed_with_discords_code(local: LocalDiscord, name: str) -> None:
    op, over, code = BAD[name]
    async with connected(local) as wire:
        await wire.say(op, identity(local, **over))
        assert await wire.close_code() == code


async def test_a_resume_brings_exactly_what_was_missed(local: LocalDiscord) -> None:
    away = asyncio.Event()
    local.gateway.on_status.append(lambda connected: None if connected else away.set())
    async with connected(local) as wire:
        await wire.say(2, identity(local, intents=1 | 1 << 9))
        session = (await wire.event("READY"))["d"]["session_id"]
        seq = (await wire.event("GUILD_CREATE"))["s"]
    await away.wait()
    for i in range(3):
        local.write("member", "lounge", f"missed {i}")
    async with connected(local) as wire:
        await wire.say(6, {"token": local.token, "session_id": session, "seq": seq})
        events = [await wire.get() for _ in range(4)]
    assert [e["t"] for e in events] == ["MESSAGE_CREATE"] * 3 + ["RESUMED"]
    assert [e["s"] for e in events] == [seq + 1, seq + 2, seq + 3, seq + 4]
    assert local.gateway.resumes == 1


@pytest.mark.parametrize("over", [{"session_id": "gone"}, {"seq": 999}], ids=["unknown session", "future sequence"])
async def test_a_resume_that_cannot_be_is_an_invalid_session(local: LocalDiscord, over: dict[str, Any]) -> None:
    async with connected(local) as wire:
        await wire.say(2, identity(local))
        session = (await wire.event("READY"))["d"]["session_id"]
    async with connected(local) as wire:
        await wire.say(6, {"token": local.token, "session_id": session, "seq": 1} | over)
        assert await wire.get() == {"op": 9, "d": False, "s": None, "t": None}


async def test_message_content_is_hidden_without_its_intent(local: LocalDiscord) -> None:
    async with connected(local) as wire:
        await wire.say(2, identity(local, intents=1 | 1 << 9))
        await wire.event("GUILD_CREATE")
        local.write("member", "lounge", "secret")
        assert (await wire.event("MESSAGE_CREATE"))["d"]["content"] == ""
        local.write("member", "lounge", f"hello <@{local.world.bot.id}>")
        assert (await wire.event("MESSAGE_CREATE"))["d"]["content"].startswith("hello")


async def test_a_silent_heart_is_closed(local: LocalDiscord) -> None:
    local.gateway.heartbeat_interval = 0.05
    async with connected(local) as wire:
        assert await wire.close_code() == 4009


async def test_a_heartbeat_is_answered_after_a_way_there_and_back(local: LocalDiscord) -> None:
    async with connected(local) as wire:
        await wire.say(1)
        await wire.say(2, identity(local))
        assert (await wire.get())["t"] == "READY"  # what is asked later is answered sooner
        while (await wire.get())["op"] != 11:
            pass


async def test_more_than_120_payloads_a_minute_are_too_many() -> None:
    async with await LocalDiscord.start(world=World.demo(), limits=True) as local, connected(local) as wire:
        for _ in range(121):
            await wire.say(1)
        assert await wire.close_code() == 4008


async def test_a_zombie_takes_connections_and_says_nothing(local: LocalDiscord) -> None:
    async with connected(local) as wire:
        local.gateway.silent = True
        await wire.say(1)
        await wire.say(2, identity(local))
        with pytest.raises(TimeoutError):
            await wire.socket.receive(timeout=0.05)
        assert not local.channel_messages("headlines")


async def test_a_refusing_gateway_answers_503(local: LocalDiscord) -> None:
    local.gateway.refusing = True
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with connected(local):
            pytest.fail("it took the connection")
    assert refused.value.status == 503


async def test_identifying_too_often_is_an_invalid_session(local: LocalDiscord) -> None:
    local.gateway.identify_every = 5.0
    async with connected(local) as first, connected(local) as second:
        await first.say(2, identity(local))
        await first.event("READY")
        await second.say(2, identity(local))
        assert (await second.get())["op"] == 9


async def test_shards_share_the_guilds() -> None:
    world = World.empty()
    owner = world.add_user("owner")
    for i in range(8):
        world.add_guild(f"g{i}", owner, guild_id=(i + 1) << 22)
    async with await LocalDiscord.start(world=world, limits=False) as local:
        wanted = {n: {str(g) for g in world.guilds if (g >> 22) % 3 == n} for n in range(3)}
        for n in range(3):
            async with connected(local) as wire:
                await wire.say(2, identity(local, shard=[n, 3]))
                ready = await wire.event("READY")
                assert {g["id"] for g in ready["d"]["guilds"]} == wanted[n]


# -- the real client ---------------------------------------------------------------------------------------------


async def settle(heard: asyncio.Event) -> None:
    await asyncio.wait_for(heard.wait(), 20)


BAD_DAYS = ("cut", "closed 4000", "reconnect", "invalid, resumable")


@pytest.mark.parametrize("day", BAD_DAYS)
async def test_the_client_comes_back_and_misses_nothing(local: LocalDiscord, day: str) -> None:
    bot = plain_bot()
    renamed = asyncio.Event()

    @bot.event
    async def on_guild_channel_update(_before: object, after: Any) -> None:
        if after.name == "quiet":
            renamed.set()

    async with running(bot, local):
        resumed = asyncio.ensure_future(bot.wait_for("shard_resumed", timeout=20))
        await asyncio.sleep(0)
        if day == "cut":
            await local.gateway.drop()
        elif day == "closed 4000":
            await local.gateway.drop(4000)
        elif day == "reconnect":
            local.gateway.ask_reconnect()
        else:
            local.gateway.invalidate(resumable=True)
        local.world.change_channel(local.channel("lounge"), name="quiet")
        await resumed
        await settle(renamed)
        assert local.gateway.resumes == 1
        assert local.gateway.identifies == 1


async def test_the_client_finds_a_server_that_was_down(local: LocalDiscord) -> None:
    bot = plain_bot()
    async with running(bot, local):
        gone = asyncio.ensure_future(bot.wait_for("shard_disconnect", timeout=10))
        back = asyncio.ensure_future(bot.wait_for("shard_connect", timeout=30))
        await asyncio.sleep(0)
        await local.go_down()
        await gone
        assert not local.gateway.connected
        await local.come_up()
        await back
        target: Any = bot.get_channel(local.channel("headlines").id)
        await target.send("still here")
        assert len(local.channel_messages("headlines")) == 1


async def test_an_invalid_session_is_identified_anew(local: LocalDiscord) -> None:
    bot = plain_bot()
    async with running(bot, local):
        again = asyncio.ensure_future(bot.wait_for("shard_ready", timeout=30))
        await asyncio.sleep(0)
        local.gateway.invalidate(resumable=False)
        await again
        assert local.gateway.identifies == 2
        target: Any = bot.get_channel(local.channel("headlines").id)
        await target.send("still here")


async def test_guild_permissions_survive_in_the_client_with_caches_off(local: LocalDiscord) -> None:
    async with running(plain_bot(), local) as bot:
        mods: Any = bot.get_channel(local.channel("mods").id)
        allowed = mods.permissions_for(mods.guild.me)
        assert (
            allowed.value & 0xFFFFFFFF
            == local.world.permissions(local.world.bot.id, local.channel("mods")) & 0xFFFFFFFF
        )
        assert allowed.view_channel
        assert not allowed.manage_channels
        assert P.SEND_MESSAGES & allowed.value


async def test_privileged_intents_are_refused_to_the_client(local: LocalDiscord) -> None:
    bot = plain_bot(intents=discord.Intents(guilds=True, members=True))
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with running(bot, local):
            pytest.fail("the bot became ready")
