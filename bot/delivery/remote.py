"""Channels that no gateway connection of this process tells of: asked of Discord once each, and remembered.

A process that only delivers has nothing but this, one with some of the shards has it for the servers of the others.
Permissions are not to be seen this way: what Discord answers says so, and the gateway processes mark what they see
(`bot.sentry`).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import aiohttp
import discord
import structlog

from bot.delivery.answers import Lost, meaning
from bot.delivery.gate import trip
from bot.tasks import end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

log = structlog.get_logger(__name__)
_FOR: Final = 24 * 3600.0  # seconds; a gateway process tells when a channel changes its kind
_REFUSED_FOR: Final = 30.0
_AGAIN_AFTER: Final = 1.0  # seconds after an answer that says nothing
_AT_MOST: Final = 200_000
Channel = discord.abc.GuildChannel | discord.Thread | discord.abc.PrivateChannel


@dataclass(frozen=True, slots=True)
class Asking:
    """Nothing is known yet: leave what is due as it is until `arrived`."""


class Remote:
    """`outcome` says what speaks against posting in a channel, `get` gives it; `arrived` is called after an answer."""

    def __init__(self, client: discord.Client, arrived: Callable[[], None]) -> None:
        self._client = client
        self._arrived = arrived
        self._known: dict[int, tuple[float, Channel | Lost]] = {}
        self._asking: dict[int, asyncio.Task[None]] = {}

    def get(self, channel_id: int) -> Channel | None:
        found = self._fresh(channel_id)
        return None if isinstance(found, Lost) else found

    def asking(self, channel_id: int) -> bool:
        """Whether Discord is being asked about it this moment."""
        return channel_id in self._asking

    def known(self, channel_ids: Iterable[int], *, ask: int) -> set[int]:
        """Those that Discord has answered for. It is asked about the first of the others, so many at a time at most."""
        found = set()
        for channel_id in channel_ids:
            if self._fresh(channel_id) is not None:
                found.add(channel_id)
            elif len(self._asking) < ask:
                self.outcome(channel_id)
        return found

    def outcome(self, channel_id: int) -> Lost | Asking | None:
        """None when the channel is known; Asking while Discord has not answered."""
        found = self._fresh(channel_id)
        if isinstance(found, Lost):
            return found
        if found is not None:
            return None
        if channel_id not in self._asking:
            self._asking[channel_id] = asyncio.create_task(self._ask(channel_id), name=f"channel {channel_id}")
        return Asking()

    def forget(self, channel_id: int) -> None:
        """It has changed."""
        self._known.pop(channel_id, None)

    async def close(self) -> None:
        await end(*self._asking.values())

    def _fresh(self, channel_id: int) -> Channel | Lost | None:
        until, found = self._known.get(channel_id, (0.0, None))
        return found if asyncio.get_running_loop().time() < until else None

    async def _ask(self, channel_id: int) -> None:
        now = asyncio.get_running_loop().time()
        try:
            with trip(1):
                self._keep(channel_id, now + _FOR, await self._client.fetch_channel(channel_id))
        except discord.HTTPException as error:
            said = meaning(error)
            if isinstance(said, Lost):
                self._keep(channel_id, now + _REFUSED_FOR, said)
            else:
                await asyncio.sleep(_AGAIN_AFTER)  # it counts as being asked until then
        except (discord.DiscordException, aiohttp.ClientError, OSError, KeyError, ValueError) as error:
            log.debug("a channel could not be asked for; trying again", channel=channel_id, error=str(error))
            await asyncio.sleep(_AGAIN_AFTER)
        finally:
            self._asking.pop(channel_id, None)
            self._arrived()

    def _keep(self, channel_id: int, until: float, found: Channel | Lost) -> None:
        self._known.pop(channel_id, None)
        self._known[channel_id] = (until, found)
        if len(self._known) > _AT_MOST:
            del self._known[next(iter(self._known))]
