"""Shards whose process died are served by the gateway processes that are left, until their own process is back.

Only with PostgreSQL and `--shards`. A shard is taken some seconds after its lock came free, so that a process that is
restarted at once keeps its shards; one that comes later asks for them back (`storage.member`'s locks HOME and COVER)
and has them within seconds. A shard that has not been served since this process looks is left alone for longer: its
process is still to be started, where all are started anew.
"""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import discord
import structlog

from bot.tasks import end
from storage.errors import Unavailable
from storage.locks import Lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.client import HeadframeBot
    from bot.settings import Settings
    from storage.member import Member

log = structlog.get_logger(__name__)
AFTER: Final = 8.0  # seconds a shard is in nobody's hands before another process takes it
_UNSEEN_AFTER: Final = 18.0  # the same, of one that nobody has served since this process looks
_READY_WITHIN: Final = 120.0
_SPARE: Final = 100  # sessions that are left for restarts: Discord gives 1,000 a day and resets the token beyond


class Cover:
    """`look` every other second; `serve` with the client once it stands in the gateway, and None when it is gone."""

    def __init__(self, member: Member, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        shards = settings.headframe_shards if member.shared and settings.has("gateway") else None
        self._member = member
        self._own = frozenset(shards.ids) if shards is not None else None  # None: nothing to share
        self._others = (
            frozenset(range(shards.total)) - frozenset(shards.ids) if shards is not None else frozenset[int]()
        )
        self._clock = clock
        self._client: HeadframeBot | None = None
        self._seen: set[int] = set()  # shards that somebody has served
        self._free: dict[int, float] = {}  # shards that nobody has now → since when
        self._taking: asyncio.Task[None] | None = None
        self._at: int | None = None  # the shard that is being taken, or was last
        self.taken: set[int] = set()

    async def serve(self, client: HeadframeBot | None) -> None:
        """This client may take shards; None: what was taken has gone with it."""
        self._client = client
        if client is not None:
            return
        await self._stop_taking()
        for shard in list(self.taken):
            await self._let_go(shard)

    async def look(self) -> None:
        """Give back what its own process asks for, take what nobody has. Raises Unavailable."""
        if self._own is None:
            return
        held = await self._member.holders(Lock.SHARD)
        wanted = await self._member.holders(Lock.HOME)
        await self._ask_for_own(self._own)
        # In an outage of the database a shard's own process may have come back without asking.
        lost = {shard for shard in self.taken if self._member.lacks(Lock.SHARD, shard)}
        for shard in sorted(self.taken & (wanted | lost)):
            if shard == self._at:
                await self._stop_taking()
            await self._give_back(shard)
        self._seen |= held
        free = self._others - held
        now = self._clock()
        self._free = {shard: self._free.get(shard, now) for shard in free}
        ripe = [
            shard
            for shard, since in self._free.items()
            if now - since >= (AFTER if shard in self._seen else _UNSEEN_AFTER) and shard not in wanted
        ]
        idle = self._taking is None or self._taking.done()
        if ripe and idle and self._client is not None and self._client.is_ready():
            # Any of them: several processes that look at once shall not all try the same one.
            self._at = random.choice(ripe)
            self._taking = asyncio.create_task(self._take(self._client, self._at), name=f"cover shard {self._at}")

    async def _stop_taking(self) -> None:
        await end(self._taking)
        self._taking = self._at = None

    async def _ask_for_own(self, own: Iterable[int]) -> None:
        """After an outage of the database: another process may have thought us dead."""
        for shard in own:
            if self._member.lacks(Lock.SHARD, shard):
                await self._member.hold(Lock.HOME, shard)
            else:
                await self._member.let_go(Lock.HOME, shard)

    async def _take(self, client: HeadframeBot, shard: int) -> None:
        try:
            if (await client.fetch_session_start_limits()).remaining < _SPARE:
                log.warning("a shard is in nobody's hands; too few sessions are left today to take it", shard=shard)
                return
            self.taken.add(shard)
            if not (await self._member.hold(Lock.COVER, shard) and await self._member.hold(Lock.SHARD, shard)):
                await self._let_go(shard)  # another was faster
                return
            await adopt(client, shard)
        except Exception as error:  # noqa: BLE001 - whatever it was, the shard has to be free again
            log.warning("a shard could not be taken over; trying again", shard=shard, error=repr(error)[:160])
            await self._give_back(shard)
        else:
            log.info("serves the shard of a process that ended, until that is back", shard=shard)

    async def _give_back(self, shard: int) -> None:
        if self._client is not None:
            await disown(self._client, shard)
        await self._let_go(shard)
        log.info("a shard is given back", shard=shard)

    async def _let_go(self, shard: int) -> None:
        self.taken.discard(shard)
        with suppress(Unavailable):  # the connection is lost, and the locks with it
            await self._member.let_go(Lock.SHARD, shard)
            await self._member.let_go(Lock.COVER, shard)


async def adopt(client: discord.AutoShardedClient, shard: int) -> None:
    """Stand in the gateway for one shard more; its servers are known when this returns. Raises TimeoutError."""
    mine = [*(client.shard_ids or ()), shard]
    client._connection.shard_ids = mine  # or the library would take this shard's READY for that of all
    ready = asyncio.create_task(client.wait_for("shard_ready", check=lambda one: one == shard, timeout=_READY_WITHIN))
    try:
        async with asyncio.timeout(_READY_WITHIN):
            await client.launch_shard(discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY, shard)
            await ready
    finally:
        ready.cancel()
    client.shard_ids = mine  # not before: who asks for one of its servers would hear that we are not in it


async def disown(client: discord.AutoShardedClient, shard: int) -> None:
    """Leave the gateway with one shard and forget its servers; others serve them."""
    client.shard_ids = [one for one in client.shard_ids or () if one != shard]
    client._connection.shard_ids = client.shard_ids
    info = client.get_shard(shard)
    if info is not None:
        await info.disconnect()
        shards: dict[int, Any] = client._AutoShardedClient__shards  # type: ignore[attr-defined]  # else its latency counts
        shards.pop(shard, None)
    for guild in [one for one in client.guilds if one.shard_id == shard]:
        client._connection._remove_guild(guild)
