"""What the price tests share: a trading moment, readings by hand, and a database in a file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from bot.prices.model import Basis, Reading
from storage.database import Database
from storage.price_alerts import PriceAlert
from tests.databases import fresh_sqlite

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

OPEN = datetime(2026, 9, 15, 14, 0, tzinfo=UTC)  # a Tuesday, 10:00 in New York


def a_reading(
    price: str, source: str = "one", *, at: datetime = OPEN, metal: str = "gold", basis=Basis.SPOT
) -> Reading:
    return Reading(metal, Decimal(price), basis, source, at, at)


def an_alert(**changes) -> PriceAlert:
    values = {
        "id": 0,
        "owner_id": 11,
        "scope_guild_id": 0,
        "target_kind": "user",
        "target_id": 11,
        "instrument": "gold",
        "condition": "above",
        "level": Decimal(4500),
        "percent": None,
        "window_seconds": None,
        "currency": "USD",
        "unit": "oz t",
        "created_at": OPEN - timedelta(hours=1),
    }
    return PriceAlert(**(values | changes))


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(await fresh_sqlite(tmp_path / "prices.db"))
    yield opened
    await opened.close()
