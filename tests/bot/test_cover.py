"""A gateway process that dies leaves its shards to the others; when it is back it has them again."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from bot.cover import AFTER, Cover
from bot.preview import World
from bot.roles import claim_shards, read_shards
from bot.settings import Settings
from storage.database import Database
from storage.errors import Unavailable
from storage.locks import Lock
from storage.member import Member
from tests.databases import fresh_postgres
from tests.house import eventually, house
from tests.members import members

if TYPE_CHECKING:
    from pathlib import Path

    from bot.preview import LocalDiscord
    from tests.house import House

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("several")]


def in_gateway(local: LocalDiscord) -> set[int]:
    return {one.shard[0] for one in local.gateway.sessions.values() if one.link is not None}


def world_on(shard: int) -> World:
    """Servers' numbers are made of the time: one whose server is on that shard of two."""
    while True:
        world = World.demo()
        if (world.guild().id >> 22) % 2 == shard:
            return world


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def clocked(h: House) -> tuple[Cover, Clock]:
    """What the house does about shards, by a clock of the test's; its own looks are over."""
    clock = Clock()
    h.app.cover._clock = clock
    return h.app.cover, clock


async def test_the_shard_of_a_dead_process_is_served_until_its_own_process_is_back(
    tmp_path: Path, postgres_server: str
) -> None:
    url = await fresh_postgres(postgres_server)
    db = await Database.open(url)
    other = Member(db)
    await other.join()
    async with house(tmp_path, world=world_on(1), database_url=url, headframe_shards=read_shards("0/2")) as h:
        local, guild = h.local, h.guild
        await h.app.together.stop()
        cover, clock = clocked(h)
        assert await claim_shards(other, read_shards("1/2")) is None
        await cover.look()
        await other.leave()
        await eventually(lambda: _gone(h.app.member, 1))

        await cover.look()
        clock.now += AFTER - 1
        await cover.look()
        assert in_gateway(local) == {0}, "a process that is restarted at once keeps its shards"
        clock.now += 2
        await cover.look()
        await eventually(lambda: in_gateway(local) == {0, 1})
        await eventually(lambda: client(h).get_guild(guild.id))
        assert "Headframe" in await h.use("moderator", "lounge", "help"), "its servers are answered again"
        assert h.app._ready()

        again = Member(db)
        await again.join()
        claiming = asyncio.create_task(claim_shards(again, read_shards("1/2")))
        await eventually(lambda: _asked(again))
        await cover.look()
        assert await claiming is None, "whose shard it is has it back"
        assert in_gateway(local) == {0}
        assert client(h).get_guild(guild.id) is None, "its servers are the other's"
        assert client(h).shard_ids == [0]
        assert cover.taken == set()
        await eventually(h.app._ready)
        await again.leave()
    await db.close()


async def test_after_an_outage_a_process_asks_for_what_others_took_meanwhile(postgres_server: str) -> None:
    async with members(postgres_server, 2) as (_db, (mine, other)):
        cover = Cover(mine, settings("0-1/2"))
        assert await claim_shards(mine, read_shards("0-1/2")) is None
        await mine._disconnect()  # as the end of the connection does
        assert await other.hold(Lock.SHARD, 1)
        await mine._connect()
        await eventually(lambda: _looked(cover))
        assert await other.holders(Lock.HOME) == {1}
        await other.let_go(Lock.SHARD, 1)
        await eventually(lambda: mine.whole)
        await eventually(lambda: _looked(cover))
        assert await other.holders(Lock.HOME) == set()


async def test_after_an_outage_a_process_leaves_the_shard_that_its_own_process_has_again(postgres_server: str) -> None:
    async with members(postgres_server, 2) as (_db, (mine, other)):
        cover = Cover(mine, settings("0/2"))
        gateway: Any = SimpleNamespace(shard_ids=[0, 1], guilds=[], get_shard=lambda _shard: None)
        gateway._connection = SimpleNamespace(shard_ids=gateway.shard_ids)
        gateway.is_ready = lambda: False
        await cover.serve(gateway)
        assert await claim_shards(mine, read_shards("0/2")) is None
        assert await mine.hold(Lock.COVER, 1)
        assert await mine.hold(Lock.SHARD, 1)
        cover.taken.add(1)
        await mine._disconnect()
        assert await claim_shards(other, read_shards("1/2")) is None
        await mine._connect()
        await eventually(lambda: _looked(cover))
        assert (gateway.shard_ids, cover.taken) == ([0], set())
        assert mine.whole


async def test_a_shard_that_nobody_has_served_yet_is_left_alone_for_longer(postgres_server: str) -> None:
    db = await Database.open(await fresh_postgres(postgres_server))
    mine, other = Member(db), Member(db)
    await mine.join()
    await other.join()
    clock = Clock()
    cover = Cover(mine, settings("0/3"), clock=clock)
    assert await claim_shards(mine, read_shards("0/3")) is None
    assert await claim_shards(other, read_shards("1/3")) is None
    await cover.look()
    await other.leave()
    await eventually(lambda: _gone(mine, 1))
    await cover.look()
    clock.now += AFTER
    asked: list[str] = []
    gateway: Any = SimpleNamespace(is_ready=lambda: True, fetch_session_start_limits=lambda: asked.append("limits"))
    await cover.serve(gateway)
    await cover.look()
    assert cover._at == 1, "the one that was served; not the third"
    cover._free.pop(1)
    clock.now += AFTER + 3
    cover._seen = {0, 1}
    cover._others = frozenset({2})
    await cover._stop_taking()
    await cover.look()
    assert cover._at == 2, "its process has had the time to start"
    await cover.serve(None)
    await mine.leave()
    await db.close()


async def test_the_last_sessions_of_a_day_are_not_spent_on_others_shards(postgres_server: str) -> None:
    async with members(postgres_server, 1) as (_db, (mine,)):
        cover = Cover(mine, settings("0/2"))

        async def limits() -> Any:
            return SimpleNamespace(remaining=99)

        await cover._take(SimpleNamespace(fetch_session_start_limits=limits), 1)  # type: ignore[arg-type]
        assert cover.taken == set()
        assert await mine.holders(Lock.SHARD) == set()


def settings(shards: str) -> Settings:
    return Settings(_env_file=None, database_url="postgresql+asyncpg://u@127.0.0.1/x", headframe_shards=shards)


async def _looked(cover: Cover) -> bool:
    """Whether the database could be asked: the connection may just be made anew."""
    with suppress(Unavailable):
        await cover.look()
        return True
    return False


async def _gone(member: Member, shard: int) -> bool:
    return shard not in await member.holders(Lock.SHARD)


def client(h: House) -> Any:
    assert h.app.connection is not None
    return h.app.connection.client


async def _asked(member: Member) -> bool:
    return bool(await member.holders(Lock.HOME))
