"""How late the event loop is: the one number that says whether anything blocks it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from bot.tasks import end

_EVERY: Final = 0.1


class LoopLag:
    """Sleeps a tenth of a second over and over and notes by how much it woke too late."""

    def __init__(self, keep: int = 600) -> None:
        self._late: deque[float] = deque(maxlen=keep)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._watch(), name="loop lag")

    async def stop(self) -> None:
        await end(self._task)

    def percentile(self, share: float) -> float:
        """Seconds late, at this share (0.99) of the recent wake-ups; 0 before the first."""
        late = sorted(self._late)
        return late[min(int(len(late) * share), len(late) - 1)] if late else 0.0

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(_EVERY)
            self._late.append(max(loop.time() - before - _EVERY, 0.0))
