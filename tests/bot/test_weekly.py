"""The mineral of the week: once a channel a week, made up for after a Monday of silence, within Discord's limits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.desk import weekly
from bot.i18n import LANGUAGES
from storage import deliveries, guilds
from storage.database import Database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

MONDAY = datetime(2026, 11, 23, 12, 11, tzinfo=UTC)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'w.db'}")
    async with database.write() as connection:
        await guilds.set_channel(connection, 10, 1, weekly=True)
        await guilds.set_channel(connection, 11, 1)
    yield database
    await database.close()


@pytest.mark.parametrize(
    ("moments", "posts"),
    [
        ([MONDAY], 1),
        ([MONDAY.replace(hour=11)], 0),
        ([MONDAY, MONDAY.replace(hour=13), MONDAY.replace(day=28)], 1),
        ([MONDAY.replace(day=26)], 1),
        ([MONDAY, MONDAY.replace(day=30)], 2),
    ],
    ids=["on Monday", "not before noon", "once a week", "made up on Thursday", "again next week"],
)
async def test_when_it_is_queued(house: Database, moments: list[datetime], posts: int) -> None:
    for now in moments:
        await weekly.queue_mineral_of_the_week(house, now)
    async with house.read() as connection:
        assert (await deliveries.states(connection)).get("pending", 0) == posts


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_week_of_two_years_fits_an_embed(language: str) -> None:
    for week in range(104):
        embed = weekly.payload(week, language)["embed"]
        assert isinstance(embed, dict)
        assert len(embed["title"]) <= 256
        assert len(embed["description"]) <= 4096
        assert not embed["description"].endswith("…"), "nothing is cut"
