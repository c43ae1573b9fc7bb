"""Is there an internet to read news and prices from? Asked once, when a preview starts without `--offline`."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bot.settings import Settings

_NAME: Final = "discord.com"  # any name that lasts will do; nothing is sent to it
_PATIENCE: Final = 2.0


async def reachable(name: str = _NAME, patience: float = _PATIENCE) -> bool:
    """Can a name of the public internet be looked up within `patience` seconds?"""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bool] = loop.create_future()

    def settle(found: bool) -> None:
        if not answer.done():
            answer.set_result(found)

    def ask() -> None:
        try:
            socket.getaddrinfo(name, 443)
            found = True
        except OSError:
            found = False
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, found)

    # A thread of its own that nobody waits for: where no resolver answers, the system's patience outlasts a Ctrl-C.
    threading.Thread(target=ask, name="is there an internet", daemon=True).start()
    try:
        async with asyncio.timeout(patience):
            return await answer
    except TimeoutError:
        return False


async def goes_without(settings: Settings) -> bool:
    """Should a preview keep to its invented news and prices although it was not asked to?

    Not where feeds or prices have been set up by hand: they may well be on this machine or its network.
    """
    own = settings.headframe_price_sources is not None or bool(settings.headframe_allow_private)
    return not own and not await reachable()
