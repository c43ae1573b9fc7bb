"""Shared by every test that runs the real discord.py client against the local Discord."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import discord
import yarl
from discord import gateway, http
from discord.ext import commands

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from bot.preview import LocalDiscord


@contextmanager
def pointed_at(local: LocalDiscord) -> Iterator[None]:
    """Have discord.py talk to `local`: its REST base, and the gateway it dials after a session was invalidated."""
    base, gate = http.Route.BASE, gateway.DiscordWebSocket.DEFAULT_GATEWAY
    http.Route.BASE = local.api_url
    gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(local.gateway_url)
    try:
        yield
    finally:
        http.Route.BASE = base
        gateway.DiscordWebSocket.DEFAULT_GATEWAY = gate


def plain_bot(**kwargs: Any) -> commands.AutoShardedBot:
    """A bot set up as Headframe's is: slash commands only, one intent, no caches."""
    return commands.AutoShardedBot(
        command_prefix=commands.when_mentioned,
        intents=kwargs.pop("intents", discord.Intents(guilds=True)),
        member_cache_flags=discord.MemberCacheFlags.none(),
        max_messages=None,
        help_command=None,
        # discord.py waits this long for more servers before it is ready; all of ours come at once
        guild_ready_timeout=kwargs.pop("guild_ready_timeout", 0.05),
        **kwargs,
    )


@asynccontextmanager
async def running(bot: commands.AutoShardedBot, local: LocalDiscord) -> AsyncIterator[commands.AutoShardedBot]:
    """Log the bot in, wait until it is ready, and close it at the end."""
    with pointed_at(local):
        async with bot:
            await bot.login(local.token)
            connected = asyncio.create_task(bot.connect())
            ready = asyncio.create_task(bot.wait_until_ready())
            try:
                await asyncio.wait({ready, connected}, timeout=20, return_when=asyncio.FIRST_COMPLETED)
                if connected.done():
                    connected.result()  # raises what ended it
                if not ready.done():
                    raise TimeoutError("the bot was not ready within 20 s")
                yield bot
            finally:
                ready.cancel()
                await bot.close()
                await asyncio.gather(connected, ready, return_exceptions=True)
