"""Running the event loop, and ending what runs in it."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """As `asyncio.run`, for what runs long: on uvloop, which has less to do for each packet, where it exists."""
    if sys.platform == "win32":
        return asyncio.run(main)
    import uvloop  # put off: the commands that only print need none

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


async def end(*tasks: asyncio.Future[Any] | None) -> None:
    """Cancel these tasks and wait until they have ended, however they end; None stands for one never started.

    Whoever waits here and is cancelled meanwhile is: the end of the tasks does not swallow that of their owner.
    """
    ending = [task for task in tasks if task is not None]
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)
