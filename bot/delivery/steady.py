"""Notices when the machine's clock is set: wall time is compared with a clock that only runs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

_SLACK: Final = 20.0  # seconds; the slewing of time servers stays below it


def running() -> float:
    """Seconds that pass in sleep too, where the machine can say so."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class ClockWatch:
    """`moved()` says by how many seconds the clock was set since it was last asked; 0 when it was not."""

    def __init__(self, clock: Callable[[], datetime], steady: Callable[[], float] = running) -> None:
        self._clock = clock
        self._steady = steady
        self._difference = self._now()

    def _now(self) -> float:
        return self._clock().timestamp() - self._steady()

    def moved(self) -> int:
        now = self._now()
        by = now - self._difference
        if abs(by) < _SLACK:
            return 0
        self._difference = now
        return round(by)
