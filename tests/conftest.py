"""Shared fixtures. Hypothesis has no deadline: the machine is shared, and no test here judges by wall time."""

from __future__ import annotations

import re
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
