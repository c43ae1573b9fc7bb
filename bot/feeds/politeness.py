"""How hard one host may be asked: two connections and one request a second, each host in a lane of its own.

The lane is the host name, not the registered domain: news sites on shared platforms (blogs, CDN-hosted feeds) answer
from machines of their own, and one slow section of a publisher should not hold up the others. Hosts in the operator's
own networks (HEADFRAME_ALLOW_PRIVATE) are exempt: those servers are theirs to load as they please.

A task that waits here holds no connection and no worker, so give every due feed a task of its own and let it wait; a
caller with few workers asks `delay` first and takes another feed. Fetching itself is elsewhere.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

_SWEEP_AT: Final = 4096  # lanes kept before idle ones are dropped


class _Lane:
    __slots__ = ("next_at", "places", "waiting")

    def __init__(self, connections: int) -> None:
        self.places = asyncio.Semaphore(connections)
        self.next_at = 0.0
        self.waiting = 0


class HostGate:
    """Admits requests host by host, first come first served. Seconds by `clock` (monotonic)."""

    def __init__(
        self,
        *,
        connections: int = 2,
        interval: float = 1.0,
        exempt: Callable[[str], bool] = lambda _host: False,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._connections = connections
        self._interval = interval
        self._exempt = exempt
        self._clock = clock
        self._sleep = sleep
        self._lanes: dict[str, _Lane] = {}

    @asynccontextmanager
    async def enter(self, host: str) -> AsyncIterator[None]:
        """Wait for a place and for the host's next second; hold the place for the block."""
        if self._exempt(host):
            yield
            return
        lane = self._lane(host)
        lane.waiting += 1
        try:
            await lane.places.acquire()
        finally:
            lane.waiting -= 1
        try:
            now = self._clock()
            begin = max(now, lane.next_at)
            lane.next_at = begin + self._interval  # taken before the sleep, so that the next one queues behind it
            if begin > now:
                await self._sleep(begin - now)
            yield
        finally:
            lane.places.release()

    def delay(self, host: str) -> float:
        """About how many seconds a request begun now would wait; 0 when it may go at once."""
        lane = self._lanes.get(host)
        if lane is None or self._exempt(host):
            return 0.0
        ahead = max(0.0, lane.next_at - self._clock()) + lane.waiting * self._interval
        return max(ahead, self._interval) if lane.places.locked() else ahead

    def _lane(self, host: str) -> _Lane:
        lane = self._lanes.get(host)
        if lane is None:
            if len(self._lanes) >= _SWEEP_AT:
                self._sweep()
            lane = self._lanes[host] = _Lane(self._connections)
        return lane

    def _sweep(self) -> None:
        now = self._clock()
        self._lanes = {host: lane for host, lane in self._lanes.items() if not self._idle(lane, now)}

    def _idle(self, lane: _Lane, now: float) -> bool:
        # Semaphore._value would tell directly; `next_at` older than any request may last tells it by the public face.
        return lane.waiting == 0 and not lane.places.locked() and lane.next_at + 120 < now
