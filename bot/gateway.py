"""Keeps a client connected: logs in, and begins again with a new client when Discord is down.

discord.py reconnects by itself once it has been connected; a first connect that fails, or a 5xx at login, ends it.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Final

import aiohttp
import discord
import structlog

from bot.errors import StartError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.client import HeadframeBot

log = structlog.get_logger(__name__)
_FIRST: Final = 1.0
_LONGEST: Final = 60.0
_CREDIBLE: Final = 30.0  # seconds; Discord asks for a heartbeat every 41
_OUTAGES: Final = (
    discord.DiscordException,
    aiohttp.ClientError,
    OSError,
    # What discord.py makes of a gateway that is down at first connect, and of answers that are not Discord's.
    AttributeError,
    KeyError,
    ValueError,
    TypeError,
)


def credible(latency: float) -> float:
    """A client's latency in seconds; NaN when it is none: not measured yet, below zero, or longer than 30 s.

    discord.py notes a heartbeat only after its thread heard that it is sent; an acknowledgement that comes sooner is
    counted from the heartbeat before, 41 s ago.
    """
    return latency if 0 <= latency <= _CREDIBLE else math.nan


class Connection:
    """`make` builds a client, `attach` is told of each new one, `detach` when it is gone."""

    def __init__(
        self,
        make: Callable[[], HeadframeBot],
        token: str,
        *,
        attach: Callable[[HeadframeBot], Awaitable[None]],
        detach: Callable[[], Awaitable[None]],
    ) -> None:
        self._make = make
        self._token = token
        self._attach = attach
        self._detach = detach
        self.client: HeadframeBot | None = None

    @property
    def latency(self) -> float | None:
        """Seconds to the gateway and back, NaN when the figure means nothing (`credible`); None while not connected.

        (`is_ready` stays true through an outage.)
        """
        client = self.client
        if client is None or not client.is_ready() or not math.isfinite(client.latency):
            return None
        return credible(client.latency)

    @property
    def ready(self) -> bool:
        return self.latency is not None

    async def run(self) -> None:
        """Stay connected until cancelled. Raises StartError when the token is refused."""
        wait = _FIRST
        while True:
            client = self._make()
            client.on_connected.append(self._attach)
            self.client = client
            started = asyncio.get_running_loop().time()
            try:
                async with client:
                    await client.start(self._token)
                log.warning("the gateway closed; connecting again")
            except discord.LoginFailure as error:
                raise StartError(
                    "Discord refuses the token (DISCORD_TOKEN). Copy it anew from the Bot page of the developer portal."
                ) from error
            except discord.PrivilegedIntentsRequired as error:
                raise StartError("Discord asks for privileged intents that Headframe does not use.") from error
            except (
                discord.DiscordException,
                aiohttp.ClientError,
                OSError,
                AttributeError,
                KeyError,
                ValueError,
            ) as error:
                # AttributeError and KeyError: what discord.py makes of a gateway that is down at first connect.
                log.warning("Discord cannot be reached; trying again", error=_brief(error), seconds=round(wait))
            finally:
                await self._detach()
            if asyncio.get_running_loop().time() - started > 2 * _LONGEST:
                wait = _FIRST
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST)

    async def close(self) -> None:
        """Close the client in hand, however stuck Discord is."""
        client = self.client
        if client is None or client.is_closed():
            return
        try:
            async with asyncio.timeout(3.0):
                await client.close()
        except (TimeoutError, aiohttp.ClientError, OSError, discord.DiscordException) as error:
            log.info("the connection was cut", error=_brief(error))


def _brief(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:160]
