"""Ending background tasks."""

from __future__ import annotations

import asyncio
from typing import Any


async def end(*tasks: asyncio.Future[Any] | None) -> None:
    """Cancel these tasks and wait until they have ended, however they end; None stands for one never started.

    Whoever waits here and is cancelled meanwhile is: the end of the tasks does not swallow that of their owner.
    """
    ending = [task for task in tasks if task is not None]
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)
