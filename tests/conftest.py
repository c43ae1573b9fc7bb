"""Shared fixtures. Hypothesis has no deadline: the machine is shared, and no test here judges by wall time."""

from __future__ import annotations

import asyncio
import asyncio.runners
import re
import traceback
import warnings
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from bot import logs
from storage.database import Database
from tests import postgres
from tests.databases import fresh_postgres, fresh_sqlite

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from _pytest.terminal import TerminalReporter

settings.register_profile("headframe", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("headframe")
logs.setup(level="error")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with postgres.server() as address:
        yield address


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.xdist_group("pg")])]
)
async def db(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database, on each engine Headframe runs on."""
    if request.param == "sqlite":
        url = await fresh_sqlite(tmp_path / "test.db")
    else:
        url = await fresh_postgres(request.getfixturevalue("postgres_server"))
    database = await Database.open(url)
    try:
        yield database
    finally:
        await database.close()


def _end_all(loop: asyncio.AbstractEventLoop) -> None:
    """As asyncio's own, which waits for good where a task swallows its end: asks again, and says which one it was."""
    left = asyncio.all_tasks(loop)
    for _ in range(3):
        if not left:
            return
        for task in left:
            task.cancel()
        _done, left = loop.run_until_complete(asyncio.wait(left, timeout=10))
        for task in left:
            places = "".join(
                traceback.format_list(traceback.StackSummary.extract((f, f.f_lineno) for f in task.get_stack()))
            )
            warnings.warn(f"{task.get_name()} swallowed its end at\n{places}{task!r}", stacklevel=1)


asyncio.runners._cancel_all_tasks = _end_all  # type: ignore[attr-defined]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests begin first: at the end each worker has something left to do."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Repeat at the very end where each failure was: of a long run often only the end is kept."""
    for kind in ("failed", "error"):
        for report in terminalreporter.stats.get(kind, []):
            places = re.findall(r"^\S+\.py:\d+: .*$", report.longreprtext, re.MULTILINE)
            terminalreporter.write_line(f"{report.nodeid}, {report.when}, {getattr(report, 'duration', 0.0):.1f} s")
            for place in places[-12:]:
                terminalreporter.write_line(f"    {place}")
