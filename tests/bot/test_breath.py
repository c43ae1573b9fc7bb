"""Long work on the event loop leaves room for others."""

from __future__ import annotations

import asyncio

from bot.breath import Breath


async def _turns_of_others(breath: Breath, pieces: int) -> int:
    """How often another task ran while work of so many pieces was done."""
    ran = 0

    async def other() -> None:
        nonlocal ran
        while True:
            ran += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    for _piece in range(pieces):
        await breath.between()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return ran


async def test_work_whose_time_is_up_lets_others_have_a_turn_after_each_piece() -> None:
    assert await _turns_of_others(Breath(0.0), 50) == 50


async def test_work_within_its_time_is_not_interrupted() -> None:
    assert await _turns_of_others(Breath(3600.0), 50) == 0
