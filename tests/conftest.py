"""Shared fixtures. Hypothesis has no deadline: the machine is shared, and no test here judges by wall time."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from bot import logs
from storage.database import Database
from tests import postgres

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

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
        url = f"sqlite+aiosqlite:///{tmp_path / 'test.db'}"
    else:
        url = postgres.new_database(request.getfixturevalue("postgres_server"), f"t{uuid.uuid4().hex}")
    database = await Database.open(url)
    try:
        yield database
    finally:
        await database.close()
