"""Long work on the event loop, in pieces: a button pressed meanwhile is answered between two of them."""

from __future__ import annotations

import asyncio
import time
from typing import Final

SLICE: Final = 0.008  # seconds


class Breath:
    """`await breath.between()` in a loop: the event loop runs once this work has had it for some milliseconds."""

    __slots__ = ("_slice", "_until")

    def __init__(self, seconds: float = SLICE) -> None:
        self._slice = seconds
        self._until = time.perf_counter() + seconds

    async def between(self) -> None:
        """Between two pieces of the work; returns at once while there is time left."""
        if time.perf_counter() >= self._until:
            await asyncio.sleep(0)
            self._until = time.perf_counter() + self._slice
