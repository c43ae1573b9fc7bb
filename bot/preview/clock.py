"""Time for the local Discord: the real clock, and one that a test moves by hand."""

from __future__ import annotations

import asyncio
import heapq
import time
from typing import TYPE_CHECKING, Protocol

from bot.preview.wire import DISCORD_EPOCH_MS

if TYPE_CHECKING:
    from collections.abc import Callable


class Timer(Protocol):
    """A pending call that can be called off."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """What the local Discord needs of time."""

    def now(self) -> float:
        """Unix seconds."""

    def call_later(self, delay: float, call: Callable[[], None]) -> Timer:
        """Call `call` after `delay` seconds of this clock."""


class SystemClock:
    """Real time."""

    def now(self) -> float:
        return time.time()

    def call_later(self, delay: float, call: Callable[[], None]) -> Timer:
        return asyncio.get_running_loop().call_later(delay, call)


class _ManualTimer:
    __slots__ = ("call",)

    def __init__(self, call: Callable[[], None]) -> None:
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        self.call = None


class ManualClock:
    """Stands still until `advance` is called; timers that fall due fire in order."""

    def __init__(self, start: float | None = None) -> None:
        # discord.py compares an interaction's age with real time, so real time is where this begins.
        self._now = time.time() if start is None else start
        self._serial = 0
        self._timers: list[tuple[float, int, _ManualTimer]] = []

    def now(self) -> float:
        return self._now

    def call_later(self, delay: float, call: Callable[[], None]) -> Timer:
        timer = _ManualTimer(call)
        self._serial += 1
        heapq.heappush(self._timers, (self._now + delay, self._serial, timer))
        return timer

    def advance(self, seconds: float) -> None:
        """Move time forward, firing what falls due on the way."""
        target = self._now + seconds
        while self._timers and self._timers[0][0] <= target:
            due, _, timer = heapq.heappop(self._timers)
            self._now = max(self._now, due)
            if timer.call is not None:
                timer.call()
        self._now = target


class Snowflakes:
    """Hands out Discord ids: milliseconds since 2015 in the high bits, strictly rising."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> int:
        made = (int(self._clock.now() * 1000) - DISCORD_EPOCH_MS) << 22
        self._last = max(made, self._last + 1)
        return self._last
