"""Asks the system's resolver for a name's addresses without holding the loop or its executor. It judges nothing."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress
from typing import Final

from aiohttp.abc import ResolveResult

LOOKUP_SECONDS: Final = 10.0
MAX_LOOKUPS: Final = 64


class ResolveError(OSError):
    """The name server gave no address."""


class SystemLookup:
    """`await lookup(host, port, family)`: the system's answer, asked in a daemon thread; raises OSError.

    Not in the loop's executor: its few threads would be held by a name server that does not answer, and a process that
    wants to stop would wait for them. At most MAX_LOOKUPS threads at once; more names wait their turn.
    """

    def __init__(self, *, most: int = MAX_LOOKUPS, seconds: float = LOOKUP_SECONDS) -> None:
        self._slots = asyncio.Semaphore(most)
        self._seconds = seconds

    async def __call__(self, host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
        try:
            async with asyncio.timeout(self._seconds):
                await self._slots.acquire()
                return await self._ask(host, port, family)
        except TimeoutError:
            raise ResolveError(f"the name server did not answer for {host}") from None

    def _ask(self, host: str, port: int, family: socket.AddressFamily) -> asyncio.Future[list[ResolveResult]]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[ResolveResult]] = loop.create_future()

        def settle(result: list[ResolveResult] | OSError) -> None:
            self._slots.release()  # only now: a thread that is still waiting is still a thread
            if future.done():
                return
            if isinstance(result, OSError):
                future.set_exception(result)
            else:
                future.set_result(result)

        def work() -> None:
            result = _blocking(host, port, family)
            with suppress(RuntimeError):  # the loop may be closed by now: nobody waits any more
                loop.call_soon_threadsafe(settle, result)

        try:
            threading.Thread(target=work, name="lookup", daemon=True).start()
        except RuntimeError:
            settle(ResolveError("no thread is left to ask the name server"))
        return future


def _blocking(host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult] | OSError:
    try:
        infos = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    except OSError as error:
        return error
    except UnicodeError:
        return ResolveError(f"{host} is not a name that can be looked up")
    return [
        ResolveResult(
            hostname=host, host=str(where[0]), port=port, family=fam, proto=proto, flags=socket.AI_NUMERICHOST
        )
        for fam, _, proto, _, where in infos
    ]
