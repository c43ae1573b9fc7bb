"""One token bucket before every request of the bot's own making, most urgent waiter first.

Discord allows 50 requests a second per bot; staying below that by ourselves is what keeps fan-outs free of 429s
(see the measured figures in docs/benchmarks.md). Answers to interactions are exempt at Discord and never come here.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Bucket:
    """`await acquire(priority)` returns when a request may be made. Lower priority numbers go first."""

    def __init__(self, rate: float = 45.0, burst: int = 5, *, clock: Callable[[], float] | None = None) -> None:
        self.rate = rate
        self.burst = burst
        self._clock = clock or (lambda: asyncio.get_running_loop().time())
        self._tokens = float(burst)
        self._stamp: float | None = None
        self._paused_until = 0.0
        self._waiters: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        return len(self._waiters)

    def pause(self, seconds: float) -> None:
        """Give nothing out for a while: Discord answered with a global 429."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)
        self._tokens = 0.0

    async def acquire(self, priority: int = 1) -> None:
        if not self._waiters and self._take():
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiters, (priority, next(self._order), future))
        self._schedule()
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self._tokens += 1  # the token was given, but nobody will use it
                self._serve()
            raise

    def _refill(self) -> None:
        now = self._clock()
        if self._stamp is None:
            self._stamp = now
        start = max(self._stamp, self._paused_until)
        if now > start:
            self._tokens = min(float(self.burst), self._tokens + (now - start) * self.rate)
        self._stamp = max(now, self._stamp)

    def _take(self) -> bool:
        self._refill()
        # A hair of tolerance: timers fire a rounding error early.
        if self._clock() >= self._paused_until and self._tokens >= 1 - 1e-6:
            self._tokens -= 1
            return True
        return False

    def _schedule(self) -> None:
        if self._timer is not None or not self._waiters:
            return
        self._refill()
        delay = max((1 - self._tokens) / self.rate, self._paused_until - self._clock(), 0.0)
        self._timer = asyncio.get_running_loop().call_later(delay, self._serve)

    def _serve(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiters:
            if self._waiters[0][2].done():
                heapq.heappop(self._waiters)
                continue
            if not self._take():
                break
            heapq.heappop(self._waiters)[2].set_result(None)
        self._schedule()
