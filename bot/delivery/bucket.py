"""One token bucket before every request of the bot's own making, most urgent waiter first.

Discord allows 50 requests a second per bot; staying below that by ourselves is what keeps fan-outs free of 429s
(see the measured figures in docs/benchmarks.md). The bucket sets the pace; its window (`window`) is the limit, which
holds whatever becomes of requests on their way. Answers to interactions are exempt at Discord and never come here.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from typing import TYPE_CHECKING

from bot.delivery.window import SAFE_PER_SECOND, Departure, Window

if TYPE_CHECKING:
    from collections.abc import Callable


class Bucket:
    """`await acquire(priority)` returns when a request may be made. Lower priority numbers go first.

    rate: requests a second; burst: what may be caught up on at once after the process was held up; per_second: what
    never arrives at Discord within any one second, bursts included.
    """

    def __init__(
        self,
        rate: float = 45.0,
        burst: int = 20,
        *,
        per_second: int = SAFE_PER_SECOND,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.rate = rate
        self.burst = burst
        self._clock = clock or (lambda: asyncio.get_running_loop().time())
        self.window = Window(per_second, clock=self._clock)
        self._tokens = float(burst)
        self._stamp: float | None = None
        self._paused_until = 0.0
        self._waiters: list[tuple[int, int, asyncio.Future[Departure]]] = []
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        return len(self._waiters)

    def allow(self, rate: float, per_second: int) -> None:
        """From now on so many requests a second, and never more than `per_second` within one (at least 1)."""
        self.rate = rate
        self.window.limit = max(per_second, 1)

    def pause(self, seconds: float) -> None:
        """Give nothing out for a while: Discord answered with a global 429."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)
        self._tokens = 0.0

    async def acquire(self, priority: int = 1) -> Departure:
        """What is returned is to be told when the request is sent and answered."""
        if not self._waiters and self._take():
            return self.window.leave()
        future: asyncio.Future[Departure] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiters, (priority, next(self._order), future))
        self._schedule()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self._tokens += 1  # the token was given, but nobody will use it
                future.result().given_up()
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
        if self._clock() >= self._paused_until and self._tokens >= 1 - 1e-6 and not self.window.room():
            self._tokens -= 1
            return True
        return False

    def _schedule(self) -> None:
        if self._timer is not None or not self._waiters:
            return
        self._refill()
        delay = max((1 - self._tokens) / self.rate, self._paused_until - self._clock(), self.window.room(), 0.0)
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
            heapq.heappop(self._waiters)[2].set_result(self.window.leave())
        self._schedule()
