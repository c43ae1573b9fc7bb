"""What the scheduler says of its jobs."""

from __future__ import annotations

import asyncio
from typing import Any

from bot import scheduler


class Noted:
    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def error(self, line: str, **about: Any) -> None:
        self.lines.append((line, about))


async def test_a_failed_job_is_told_with_its_error_and_runs_again_a_stopped_one_is_no_failure(monkeypatch: Any) -> None:
    noted, ran = Noted(), asyncio.Queue[str]()
    monkeypatch.setattr(scheduler, "log", noted)

    async def fails() -> None:
        ran.put_nowait("fails")
        raise ValueError("no such thing")

    async def hangs() -> None:
        ran.put_nowait("hangs")
        raise asyncio.CancelledError

    jobs = scheduler.Scheduler()
    jobs.every(0.01, fails, "fails")
    jobs.every(0.01, hangs, "hangs")
    jobs.start()
    async with asyncio.timeout(20):
        seen = [await ran.get() for _ in range(8)]
    jobs.stop()
    assert seen.count("fails") > 1
    assert "hangs" in seen
    assert {about["job"] for _line, about in noted.lines} == {"fails"}
    assert str(noted.lines[0][1]["exc_info"]) == "no such thing"
