"""A process that sends without standing in the gateway: it logs in, and that is all. See `bot.roles`."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import aiohttp
import discord
import structlog

from bot.errors import StartError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

log = structlog.get_logger(__name__)
_FIRST: Final = 1.0
_LONGEST: Final = 60.0


def rest_client(proxy: str, trace: aiohttp.TraceConfig) -> discord.Client:
    """A client that only speaks REST."""
    return discord.Client(
        intents=discord.Intents(guilds=True),  # never asked for: without it the library warns
        max_messages=None,
        allowed_mentions=discord.AllowedMentions.none(),
        proxy=proxy or None,
        http_trace=trace,
    )


class Outpost:
    """`make` builds a client, `attach` is told when it is logged in, `detach` when it is gone."""

    def __init__(
        self,
        make: Callable[[], discord.Client],
        token: str,
        *,
        attach: Callable[[discord.Client], Awaitable[None]],
        detach: Callable[[], Awaitable[None]],
    ) -> None:
        self._make = make
        self._token = token
        self._attach = attach
        self._detach = detach
        self.client: discord.Client | None = None
        self.ready = False

    async def run(self) -> None:
        """Log in and stay until cancelled. Raises StartError when the token is refused."""
        wait = _FIRST
        while True:
            self.client = self._make()
            async with self.client as client:
                try:
                    await client.login(self._token)
                    await self._attach(client)
                    self.ready = True
                    log.info("logged in; this process sends and does not listen", user=str(client.user))
                    await asyncio.Event().wait()
                except discord.LoginFailure as error:
                    raise StartError(
                        "Discord refuses the token (DISCORD_TOKEN). Copy it anew from the Bot page of the developer "
                        "portal."
                    ) from error
                except (
                    discord.DiscordException,
                    aiohttp.ClientError,
                    OSError,
                    KeyError,
                    ValueError,
                    TypeError,
                ) as error:
                    log.warning("Discord cannot be reached; trying again", error=str(error)[:160], seconds=round(wait))
                finally:
                    self.ready = False
                    await self._detach()
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST)

    async def close(self) -> None:
        client = self.client
        if client is not None and not client.is_closed():
            with suppress(TimeoutError, aiohttp.ClientError, OSError, discord.DiscordException):
                async with asyncio.timeout(3.0):
                    await client.close()
